"""Serializer fields with strict types, for REST and sockets.

DRF reads "5" as 5 and 5 as "5". That is right for forms and query strings, where everything is text; in JSON it hides a
client's mistake, so there the type must be the documented one.

`fast_check(value)` accepts plainly valid values: it returns the value as the handler gets it, or raises NeedsFullCheck, and
DRF's validation, which takes ten times as long, decides.
"""

import re
import uuid
from functools import cached_property
from typing import Any

from django.http import QueryDict
from rest_framework import fields, serializers

# The largest bigint of PostgreSQL and integer of SQLite: no row has a higher id.
MAX_BIGINT = 2**63 - 1
SURROGATE = re.compile("[\ud800-\udfff]")
UUID_FORM = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class NeedsFullCheck(Exception):
    """`fast_check` can't accept the value: DRF's validation has to decide."""


def from_form(field: serializers.Field) -> bool:
    """Return whether the serializer's data come from a form or a query string."""
    return isinstance(getattr(field.root, "initial_data", None), QueryDict)


class Text(serializers.CharField):
    """A string without null characters (PostgreSQL stores none) and without lone surrogates (no UTF-8 for them)."""

    default_error_messages = {"encoding": "Use characters that can be written as UTF-8."}

    def __init__(self, *, shortest: int = 1, **kwargs: Any) -> None:
        """`shortest` is only `minLength` in the OpenAPI document; the service refuses shorter texts in its own words."""
        super().__init__(**kwargs)
        self.shortest = shortest

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            data.encode()
        except UnicodeEncodeError:
            self.fail("encoding")
        return super().to_internal_value(data)

    def fast_check(self, value: Any) -> str:
        if (
            type(value) is not str
            or not value
            or len(value) > (self.max_length or 0)
            or "\0" in value
            or (not value.isascii() and SURROGATE.search(value))
            or (self.trim_whitespace and value != value.strip())
        ):
            raise NeedsFullCheck
        return value


class Whole(serializers.IntegerField):
    """A whole number from 0 up."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": MAX_BIGINT, **kwargs})

    def to_internal_value(self, data: Any) -> int:
        if not from_form(self) and (isinstance(data, bool) or not isinstance(data, int)):
            self.fail("invalid")
        return super().to_internal_value(data)

    def fast_check(self, value: Any) -> int:
        if type(value) is not int or not (self.min_value or 0) <= value <= (self.max_value or MAX_BIGINT):
            raise NeedsFullCheck
        return value


class Limit(serializers.IntegerField):
    """Size of a page in a query string: from 1 to `most`; anything else is refused."""

    def __init__(self, most: int, default: int) -> None:
        super().__init__(min_value=1, max_value=most, default=default)

    def get_value(self, dictionary: Any) -> Any:
        """Return the text behind `=`, even if it is empty; DRF would take the default instead."""
        return dictionary.get(self.field_name, serializers.empty)

    def to_internal_value(self, data: Any) -> int:
        if not (isinstance(data, str) and data.isascii() and data.isdigit()):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """True or false. In a form a select with yes, no and neither, which leaves the value as it is."""

    # A form sends nothing for an unticked box; a missing value must not mean False.
    default_empty_html = serializers.empty

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"style": {"base_template": "choice.html"}, **kwargs})

    def iter_options(self) -> Any:
        return fields.iter_options({"true": "Yes", "false": "No"})

    def to_internal_value(self, data: Any) -> bool:
        if not from_form(self) and not isinstance(data, bool):
            self.fail("invalid", input=data)
        return super().to_internal_value(data)

    def fast_check(self, value: Any) -> bool:
        if type(value) is not bool:
            raise NeedsFullCheck
        return value


class Choice(serializers.ChoiceField):
    """One of some words. The error quotes any other value, cut to 64 characters and without lone surrogates."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"style": {"base_template": "choice.html"}, **kwargs})

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            data = str(data)
        if data not in self.choices:
            self.fail("invalid_choice", input=echoable(data))
        return super().to_internal_value(data)


class Names(serializers.ListField):
    """List of texts. In a form they are typed into one field, separated by spaces or commas."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"style": {"base_template": "input.html", "input_type": "text"}, **kwargs})

    def get_value(self, dictionary: Any) -> Any:
        value = super().get_value(dictionary)
        if value is serializers.empty or not isinstance(dictionary, QueryDict):
            return value
        return [name for text in value for name in text.replace(",", " ").split()]


class ClientId(serializers.UUIDField):
    """A UUID in its usual form of 36 characters."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str) or len(data) != 36:
            self.fail("invalid", value=data)
        return super().to_internal_value(data)

    def fast_check(self, value: Any) -> uuid.UUID:
        if type(value) is not str or not UUID_FORM.fullmatch(value):
            raise NeedsFullCheck
        # Reading the form once more, as `UUID(value)` does, takes as long as the rest.
        return uuid.UUID(int=int(value.replace("-", ""), 16))


def echoable(key: object) -> str:
    """Make a client's key safe to send back: at most 64 characters, no lone surrogates."""
    return str(key)[:64].encode("utf-8", "replace").decode()


def nested_names(by_name: dict[str, Any]) -> set[str]:
    """Return the names that fields of nested serializers have in a form: `status.text`."""
    return {
        f"{name}.{inner}"
        for name, field in by_name.items()
        if isinstance(field, serializers.Serializer)
        for inner in field.fields
    }


class StrictSerializer(serializers.Serializer):
    """Serializer that refuses unknown keys, so that a misspelt one isn't silently dropped."""

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        writable = {name: field for name, field in self.fields.items() if not field.read_only}
        known = {*writable, "csrfmiddlewaretoken"}
        if isinstance(data, QueryDict):
            known |= nested_names(writable)
        extra = [key for key in data if key not in known]
        if extra:
            raise serializers.ValidationError(
                {echoable(key): ["There is no such field."] for key in extra[:10]}
            )
        return values

    @cached_property
    def _fast_fields(self) -> dict[str, Any]:
        """Fields by name if each has `fast_check` and nothing is validated across fields; else empty."""
        if type(self).validate is not serializers.Serializer.validate:
            return {}
        return (
            dict(self.fields) if all(hasattr(field, "fast_check") for field in self.fields.values()) else {}
        )

    @cached_property
    def _needed(self) -> set[str]:
        """Names of required fields and of fields with defaults: without them the fast check doesn't do."""
        fields = self._fast_fields.items()
        return {name for name, field in fields if field.required or field.default is not serializers.empty}

    def checked(self, data: dict[str, Any]) -> dict[str, Any]:
        """Validate an object out of JSON; return the values by name. Raises ValidationError."""
        try:
            return self._fast_checked(data)
        except NeedsFullCheck:
            return dict(self.run_validation(data))

    def _fast_checked(self, data: dict[str, Any]) -> dict[str, Any]:
        fields = self._fast_fields
        values = {
            name: None if value is None and fields[name].allow_null else fields[name].fast_check(value)
            for name, value in data.items()
            if name in fields
        }
        if not fields or len(values) < len(data) or not self._needed <= values.keys():
            raise NeedsFullCheck
        return values
