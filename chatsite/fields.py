"""Serializer fields that take no wrong type for a right one, for REST and sockets alike.

DRF reads "5" as 5 and 5 as "5". From a form or a query string, where everything is text, that is right;
in JSON it hides a client's mistake, so there the type must be the one named.
"""

import uuid
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

# Fits PostgreSQL's bigint and SQLite's integer; anything above never names a row.
LARGEST = 2**63 - 1


def from_form(field: serializers.Field) -> bool:
    return isinstance(getattr(field.root, "initial_data", None), QueryDict)


class Text(serializers.CharField):
    """A string without null characters (PostgreSQL stores none) and without lone surrogates (no UTF-8 for them)."""

    default_error_messages = {"encoding": "Use characters that can be written as UTF-8."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            data.encode()
        except UnicodeEncodeError:
            self.fail("encoding")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A whole number from 0 up."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": LARGEST, **kwargs})

    def to_internal_value(self, data: Any) -> int:
        if not from_form(self) and (isinstance(data, bool) or not isinstance(data, int)):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    # A form sends nothing for a box without a tick; that must not undo what the form's user never looked at.
    default_empty_html = serializers.empty

    def to_internal_value(self, data: Any) -> bool:
        if not from_form(self) and not isinstance(data, bool):
            self.fail("invalid", input=data)
        return super().to_internal_value(data)


class Choice(serializers.ChoiceField):
    """One of some words. Anything else is quoted in the answer, so it must be fit to be sent."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            data = str(data)
        if data not in self.choices:
            self.fail("invalid_choice", input=readable(data))
        return super().to_internal_value(data)


class ClientId(serializers.UUIDField):
    """A UUID in its usual form of 36 characters."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str) or len(data) != 36:
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


def readable(key: object) -> str:
    """A client's own key, fit to be sent back: not too long, and without lone surrogates."""
    return str(key)[:64].encode("utf-8", "replace").decode()


class StrictSerializer(serializers.Serializer):
    """Refuses keys that it doesn't know, so that a misspelt one isn't silently dropped."""

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        known = {name for name, field in self.fields.items() if not field.read_only} | {"csrfmiddlewaretoken"}
        extra = [key for key in data if key not in known]
        if extra:
            raise serializers.ValidationError(
                {readable(key): ["There is no such field."] for key in extra[:10]}
            )
        return values
