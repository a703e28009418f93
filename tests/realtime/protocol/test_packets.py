"""Socket.IO packets by themselves."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatsite.realtime.protocol.packets import (
    MAX_NESTING,
    MAX_VALUES,
    PACKET_BYTES,
    Oversized,
    PacketError,
    Unreadable,
    decode,
    minimum_bytes,
    to_json,
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(min_size=1), st.lists(values, max_size=3), st.none() | st.integers(0, 10**15 - 1))
def test_what_a_client_may_say_is_understood(name, arguments, number):
    digits = "" if number is None else str(number)
    packet = decode(f"2{digits}{json.dumps([name, *arguments])}")
    assert (packet.kind, packet.number, packet.data) == ("2", number, [name, *arguments])


@given(st.text())
def test_any_text_is_a_packet_or_the_protocol_error(text):
    with suppress(PacketError):
        decode(text)


@given(
    st.sampled_from("0123456789"), st.text(alphabet='[]{}",:0123456789truefalsn\\/-.eE \u00e9', max_size=60)
)
def test_anything_like_json_is_a_packet_or_the_protocol_error(kind, text):
    with suppress(PacketError):
        decode(kind + text)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "4", "5", "6", "7", "9", "451-[\"a\",{\"_placeholder\":true,\"num\":0}]", "5999999999-[\"a\"]",
        "2", "2{}", "2[]", "2[1]", "2[null]", '2["a"', '2["a"]]', "2[NaN]", '2["a",Infinity]', '2["a",-Infinity]',
        '21234567890123456["a"]', "3", "3{}", "0[]", '0"x"', "01", "1{}", '2["a",\x00]', "2/a/b",
    ],
)  # fmt: skip
def test_what_is_no_packet_closes(text):
    with pytest.raises(PacketError) as error:
        decode(text)
    assert not isinstance(error.value, Unreadable)


@pytest.mark.parametrize(
    "data",
    [
        "[" * (MAX_NESTING + 1) + "]" * (MAX_NESTING + 1),
        "[" * 30_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        "9" * 21,
        "-" + "9" * 60_000,
        "1." + "9" * 60_000,
        "1e999",
        "[" + "[]," * MAX_VALUES + "[]]",
        "[" + "1," * 30_000 + "1]",
        "[" + '"",' * 20_000 + '""]',
        "{" + ",".join(f'"{n}":{n}' for n in range(5000)) + "}",
    ],
)
def test_too_much_of_good_json_is_answered(data):
    with pytest.raises(Unreadable) as error:
        decode(f'27["echo",{data}]')
    assert (error.value.number, error.value.name) == (7, "echo")


@pytest.mark.parametrize(
    "text", ["[{" * 5000, ',",' * 5000, '\\"[,' * 3000, "\\" * 5001, "[" * 500 + '\\"[[[']
)
def test_what_strings_are_made_of_does_not_count(text):
    assert decode(f"2{json.dumps(['say', {'body': text}])}").data[1]["body"] == text


WORST = 10_000 * "\U0001f600"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(WORST),
        json.dumps(WORST, ensure_ascii=False),
        '"' + "\\u0041" * 10_000 + '"',
        '"' + "\\/" * 30_000 + '"',
        " " * 100_000 + '"spaced"',
        '"' + "\\ud83d" * 20_000 + '"',
    ],
    ids=lambda body: body[:8],
)
def test_what_fits_when_it_is_unescaped_fits(body):
    assert decode(f'27["chat-message",{{"body":{body}}}]').data[1] == {"body": json.loads(body)}


@pytest.mark.parametrize(
    "data",
    [
        '"' + "x" * PACKET_BYTES + '"',
        '"' + "é" * (PACKET_BYTES // 2) + '"',
        # Three bytes each, of six: it is known when it has been parsed.
        '"' + "\\u4e00" * 30_000 + '"',
        '"' + "\\u0000" * 20_000 + '"',
        '"' + "x" * PACKET_BYTES,
        "[" * PACKET_BYTES,
        "1," * PACKET_BYTES,
    ],
    ids=lambda data: data[:8],
)
@pytest.mark.parametrize("number", [None, 7])
def test_what_is_too_large_names_its_event_and_ack(data, number):
    with pytest.raises(Oversized) as error:
        decode(f'2{"" if number is None else number}["say",{data}]')
    assert (error.value.number, error.value.name) == (number, "say")


def test_the_largest_packet_is_as_large_as_is_said():
    shell = len('["echo",""]')
    assert decode(f'27["echo","{"x" * (PACKET_BYTES - shell)}"]')
    assert decode(f'27[ "echo","{"x" * (PACKET_BYTES - shell)}"]')
    with pytest.raises(Oversized):
        decode(f'27["echo","{"x" * (PACKET_BYTES - shell + 1)}"]')


@pytest.mark.parametrize("kind", ["0", "1", "3"])
def test_what_is_too_large_and_no_event_is_no_packet(kind):
    with pytest.raises(PacketError) as error:
        decode(f'{kind}["{"x" * PACKET_BYTES}"]')
    assert not isinstance(error.value, Unreadable)


def plain(number):
    """Refuse drawn-out numbers, such as 0E00: they may pass the floor."""
    if len(number) > len(to_json(float(number))):
        raise ValueError(number)
    return float(number)


@example("0E00")
@given(st.text(alphabet='\\"/u0041dD83E,[ \n\u00e9\U0001f600', max_size=300))
def test_no_packet_has_fewer_bytes_than_the_floor(text):
    with suppress(ValueError):
        assert minimum_bytes(text) <= len(to_json(json.loads(text, parse_float=plain)))
    assert minimum_bytes(json.dumps(text)) <= len(to_json(text))


def test_many_short_lists_are_not_deep():
    many = [[]] * (MAX_VALUES // 2 - 2)
    assert decode("2" + json.dumps(["a", many])).data[1] == many


def test_the_namespace_is_read():
    assert decode("0/admin,{}").namespace == "/admin"
    assert decode("0/admin?token=1,{}").namespace == "/admin"
    assert decode("0/,{}").namespace == ""
    assert decode("0").namespace == ""
    assert decode("0/admin").namespace == "/admin"


def test_lone_surrogates_and_nulls_reach_the_serializer_which_answers():
    assert decode('2["a",{"body":"\\ud800\\u0000"}]').data[1] == {"body": "\ud800\0"}
