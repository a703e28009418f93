"""Socket.IO packets by themselves."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsite.realtime.packets import DEPTH, VALUES, PacketError, Unreadable, decode

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
        "[" * (DEPTH + 1) + "]" * (DEPTH + 1),
        "[" * 30_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        "9" * 21,
        "-" + "9" * 60_000,
        "1." + "9" * 60_000,
        "1e999",
        "[" + "[]," * VALUES + "[]]",
        "[" + "1," * 30_000 + "1]",
        "[" + '"",' * 20_000 + '""]',
        "{" + ",".join(f'"{n}":{n}' for n in range(5000)) + "}",
    ],
)
def test_too_much_of_good_json_is_answered(data):
    with pytest.raises(Unreadable) as error:
        decode(f'27["echo",{data}]')
    assert error.value.number == 7


@pytest.mark.parametrize(
    "text", ["[{" * 5000, ',",' * 5000, '\\"[,' * 3000, "\\" * 5001, "[" * 500 + '\\"[[[']
)
def test_what_strings_are_made_of_does_not_count(text):
    assert decode(f"2{json.dumps(['say', {'body': text}])}").data[1]["body"] == text


def test_many_short_lists_are_not_deep():
    many = [[]] * (VALUES // 2 - 2)
    assert decode("2" + json.dumps(["a", many])).data[1] == many


def test_the_namespace_is_read():
    assert decode("0/admin,{}").namespace == "/admin"
    assert decode("0/admin?token=1,{}").namespace == "/admin"
    assert decode("0/,{}").namespace == ""
    assert decode("0").namespace == ""
    assert decode("0/admin").namespace == "/admin"


def test_lone_surrogates_and_nulls_reach_the_serializer_which_answers():
    assert decode('2["a",{"body":"\\ud800\\u0000"}]').data[1] == {"body": "\ud800\0"}
