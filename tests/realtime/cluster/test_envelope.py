"""Only what this site's processes wrote is taken for it."""

import pytest

from chatsite.realtime.cluster.envelope import LOG, MAX_CONTENT_BYTES, WORD, Envelope, Seal, event_of

SEAL = Seal("a secret of the site")
MESSAGE = Envelope(LOG, "0a1b2c3d", 7, 3, b'42["chat-message",{"room":"a","seq":7}]')


def test_it_opens_what_it_closed():
    assert SEAL.open("r:a", SEAL.close("r:a", MESSAGE)) == MESSAGE


def test_not_what_was_meant_for_another_channel_or_site():
    data = SEAL.close("r:a", MESSAGE)
    assert SEAL.open("r:b", data) is None
    assert Seal("another").open("r:a", data) is None
    assert Seal("another").prefix != SEAL.prefix


def test_not_what_was_changed_on_the_way():
    data = SEAL.close("r:a", MESSAGE)
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert SEAL.open("r:a", changed) is None


@pytest.mark.parametrize("data", [b"", b"x", b"x" * 34, b"x" * 1000, b"\x80\x04N."])
def test_not_what_is_no_envelope(data):
    assert SEAL.open("r:a", data) is None


def test_not_what_is_too_long_or_of_no_kind():
    long = MESSAGE._replace(payload=b"x" * MAX_CONTENT_BYTES)
    assert SEAL.open("r:a", SEAL.close("r:a", long)) is None
    assert SEAL.open("r:a", SEAL.close("r:a", MESSAGE._replace(kind=b"X"))) is None


def test_a_word_is_its_own_kind():
    word = Envelope(WORD, "0a1b2c3d", 0, 0, b'["alive","0a1b2c3d"]')
    assert SEAL.open("all", SEAL.close("all", word)) == word


@pytest.mark.parametrize(
    "payload",
    [b"", b"42", b"42[", b'42["a"]', b'42["a",{},1]', b'42["a",[]]', b'42[1,{}]', b'["a",{}]', b'43["a",{}]', b"42\xff"],
)  # fmt: skip
def test_what_is_no_event(payload):
    assert event_of(payload) is None


def test_an_event():
    assert event_of(b'42["typing",{"room":"a"}]') == ("typing", {"room": "a"})
