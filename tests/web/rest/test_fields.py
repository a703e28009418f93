"""The short cut says what the whole check says."""

from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers

from chatsite.web.fields import ClientId, Flag, StrictSerializer, Text, Whole


class Everything(StrictSerializer):
    text = Text(max_length=5)
    exact = Text(max_length=5, trim_whitespace=False, required=False, allow_null=True)
    number = Whole(required=False)
    few = Whole(required=False, min_value=1, max_value=3, allow_null=True)
    flag = Flag(required=False)
    key = ClientId(required=False)


class Filled(StrictSerializer):
    number = Whole(default=7)


class Careful(StrictSerializer):
    number = Whole(required=False)

    def validate(self, attrs):
        raise serializers.ValidationError("never")


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 5),
    st.sampled_from(
        [2**63 - 1, 2**63, 1.0, "", " ", " a", "a ", "abcdef", "a\0", "\ud800", "\u00e9", "\x85", "5", [], {}]
    ),
    st.text(max_size=6),
    st.uuids().map(str),
    st.uuids().map(lambda key: str(key).upper()),
)
DATA = st.dictionaries(st.sampled_from([*Everything().fields, "other"]), VALUES)


def outcome(check, data):
    try:
        return dict(check(data))
    except serializers.ValidationError as error:
        return error.detail


@given(DATA)
def test_whatever_comes(data):
    serializer = Everything()
    assert outcome(serializer.checked, data) == outcome(serializer.run_validation, data)


@given(st.dictionaries(st.sampled_from(["number", "other"]), VALUES))
def test_defaults_and_whole_objects(data):
    for serializer in (Filled(), Careful()):
        assert outcome(serializer.checked, data) == outcome(serializer.run_validation, data)


def test_it_is_taken():
    serializer = Everything()
    data = {"text": "hello", "exact": " hi ", "number": 3, "flag": True, "few": None}
    assert serializer._fast_checked(data) == data
