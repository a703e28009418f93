"""The codec by itself: every chunking and fragmentation, and every rule of RFC 6455 that a client can break."""

from contextlib import suppress
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatsite.realtime.protocol import frames
from chatsite.realtime.protocol.frames import (
    MESSAGE_BYTES,
    FrameParser,
    Message,
    WebSocketError,
    accept_key,
    close_frame,
    frame,
    payload_of,
    unmask,
)
from tests.support.clients.raw_clients import masked

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
texts = st.text(max_size=200)
masks = st.binary(min_size=4, max_size=4)


@st.composite
def conversations(draw):
    """Messages as bytes on the wire, fragmented, with control frames between, and what they say."""
    wire, said = b"", []
    for text in draw(st.lists(texts, max_size=5)):
        payload = text.encode()
        cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4)))
        pieces = [payload[start:end] for start, end in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
        for place, piece in enumerate(pieces):
            wire += masked(piece, 0 if place else TEXT, place == len(pieces) - 1, draw(masks))
            if place < len(pieces) - 1 and draw(st.booleans()):
                note = draw(st.binary(max_size=125))
                wire += masked(note, PING, mask=draw(masks))
                said.append(Message(PING, note))
        said.append(Message(TEXT, payload, text))
    return wire, said


@given(conversations(), st.lists(st.integers(1, 40), min_size=1))
def test_any_chunking_of_any_fragmentation_says_the_same(conversation, sizes):
    wire, said = conversation
    parser, heard, place, turn = FrameParser(), [], 0, 0
    while place < len(wire):
        size = sizes[turn % len(sizes)]
        heard += parser.feed(wire[place : place + size])
        place, turn = place + size, turn + 1
    assert heard == said


@given(st.lists(st.binary(max_size=300), max_size=8))
@example([b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"])
@example([b"\x88\x80"])
def test_garbage_raises_nothing_but_the_protocol_error(chunks):
    parser = FrameParser()
    with suppress(WebSocketError):
        for chunk in chunks:
            assert all(len(message.payload) <= MESSAGE_BYTES for message in parser.feed(chunk))


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=200))
def test_any_two_first_bytes_give_a_message_or_the_protocol_error(first, second, rest):
    with suppress(WebSocketError):
        FrameParser().feed(bytes([first, second]) + rest)


@given(st.binary(max_size=1000), masks)
def test_unmasking_is_its_own_inverse_and_what_the_rfc_says(payload, mask):
    assert unmask(payload, mask) == bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    assert unmask(unmask(payload, mask), mask) == payload


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, MESSAGE_BYTES])
def test_lengths_at_their_borders(size):
    text = "x" * size
    assert FrameParser().feed(masked(text.encode())) == [Message(TEXT, text.encode(), text)]
    assert payload_of(frame(text.encode())) == text.encode()


@pytest.mark.parametrize(
    ("wire", "code"),
    {
        "unmasked": (frame(b"hello"), 1002),
        "reserved bit": (bytes([0xC1]) + masked(b"x")[1:], 1002),
        "reserved opcode": (masked(b"x", 3), 1002),
        "reserved control opcode": (masked(b"x", 11), 1002),
        "fragmented control": (masked(b"x", PING, final=False), 1002),
        "long control": (masked(b"x" * 126, PING), 1002),
        "continues nothing": (masked(b"x", 0), 1002),
        "a second start": (masked(b"x", TEXT, final=False) + masked(b"y", TEXT), 1002),
        "16 bits for 5": (bytes([0x81, 0xFE, 0, 5]) + b"\0" * 9, 1002),
        "64 bits for 5": (bytes([0x81, 0xFF]) + (5).to_bytes(8, "big") + b"\0" * 9, 1002),
        "the highest length bit": (bytes([0x81, 0xFF]) + b"\xff" * 8 + b"\0" * 4, 1009),
        "too long a frame": (bytes([0x81, 0xFF]) + (MESSAGE_BYTES + 1).to_bytes(8, "big") + b"\0" * 4, 1009),
        "too long a message": (masked(b"x" * 140000, TEXT, final=False) + masked(b"x" * 140000, 0), 1009),
        "no UTF-8": (masked(b"\xff\xfe"), 1007),
        "half a character": (masked(b"\xe2\x82"), 1007),
        "a surrogate": (masked(b"\xed\xa0\x80"), 1007),
        "close with one byte": (masked(b"\x03", CLOSE), 1002),
        "close 1005": (masked((1005).to_bytes(2, "big"), CLOSE), 1002),
        "close 999": (masked((999).to_bytes(2, "big"), CLOSE), 1002),
        "close without UTF-8": (masked(b"\x03\xe8\xff", CLOSE), 1007),
    }.values(),
)
def test_a_broken_rule_is_told_by_its_code(wire, code):
    with pytest.raises(WebSocketError) as told:
        FrameParser().feed(wire)
    assert told.value.code == code


def test_a_limit_is_found_in_the_header_before_the_payload_comes():
    with pytest.raises(WebSocketError):
        FrameParser().feed(bytes([0x81, 0xFF]) + (MESSAGE_BYTES + 1).to_bytes(8, "big") + b"\0" * 4)


def test_a_character_may_be_split_between_fragments():
    euro = "€".encode()
    wire = masked(euro[:1], TEXT, final=False) + masked(b"", 0, final=False) + masked(euro[1:], 0)
    assert FrameParser().feed(wire) == [Message(TEXT, euro, "€")]


def test_endless_empty_fragments_leave_nothing_behind():
    parser = FrameParser()
    parser.feed(masked(b"", TEXT, final=False))
    empty = masked(b"", 0, final=False) * 1000
    for _ in range(20):
        assert parser.feed(empty) == []
    assert parser.unfinished_bytes == 0
    assert parser.fragments == 20_001


def test_pieces_of_a_frame_are_gathered_and_not_looked_at_until_it_is_whole():
    """A byte at a time, 256 KiB would be copied as often as there are bytes: thirty thousand million of them."""
    text = "é" * (MESSAGE_BYTES // 2)
    wire, parser = masked(text.encode()), FrameParser()
    halves = [parser.feed(wire[place : place + 1]) for place in range(len(wire) - 1)]
    assert not any(halves)
    assert parser.unfinished_bytes == len(wire) - 1
    assert parser.feed(wire[-1:]) == [Message(TEXT, text.encode(), text)]
    assert parser.idle


def test_small_fragments_are_gathered():
    parser = FrameParser()
    parser.feed(masked(b"a", TEXT, final=False))
    parser.feed(masked(b"a", 0, final=False) * 10_000)
    assert parser.unfinished_bytes == parser.fragments == 10_001
    assert parser.feed(masked(b"a", 0)) == [Message(TEXT, b"a" * 10_002, "a" * 10_002)]


@pytest.mark.parametrize("code", [1000, 1001, 1009, 3000, 4999])
def test_a_good_close_is_a_message(code):
    payload = code.to_bytes(2, "big") + "adiós".encode()
    assert FrameParser().feed(masked(payload, CLOSE)) == [Message(CLOSE, payload)]


def test_a_close_frame_never_outgrows_a_control_frame():
    assert len(close_frame(1000, "x" * 500)) == 127
    assert close_frame(1001) == b"\x88\x02\x03\xe9"


def test_the_rfcs_own_example_of_a_key():
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("key", ["", "short", "dGhlIHNhbXBsZQ==", "not base64 at all!", "é" * 24])
def test_other_keys_are_refused(key):
    assert accept_key(key) is None


def test_the_codes_are_the_rfcs():
    assert frames.CLOSE_CODES.isdisjoint({0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000})


def outcome(wire, cut):
    """Return what a parser makes of the bytes, which come in two parts."""
    parser = FrameParser()
    try:
        messages = [parser.feed(wire[:cut]), parser.feed(wire[cut:])]
    except WebSocketError as error:
        return error.code
    return messages, parser.unfinished_bytes, parser.fragments


wires = st.one_of(
    st.binary(max_size=140),
    st.sampled_from([b"", b"3", b"\xff", b"x" * 125, b"x" * 126, b"\xd0\xb4" * 200]).flatmap(
        lambda text: st.sampled_from(
            [masked(text), masked(text, final=False), masked(text, 0), masked(text, BINARY), frame(text)]
        )
    ),
    st.just(b"\x81\xfe\x00\x03mask" + b"x" * 3),
)


@given(st.lists(wires, max_size=5).map(b"".join), st.integers(0, 300))
def test_what_the_short_way_takes_the_long_way_takes_alike(wire, cut):
    short = outcome(wire, cut)
    with patch.object(frames, "parse_text_frame", return_value=None):
        assert outcome(wire, cut) == short
