"""Parsers of JSON and form bodies that refuse what a client got wrong."""

from typing import Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError, UnsupportedMediaType


class BoundedJSONParser(parsers.JSONParser):
    """JSON parser that answers 400 to a document nested too deeply, instead of 500."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


class FormParser(parsers.FormParser):
    """Form parser that answers 415 to JSON. curl labels any body as a form by default; parsed as one, JSON is a single field
    with a strange name."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        data = super().parse(stream, media_type, parser_context)
        if next(iter(data), "").lstrip().startswith(("{", "[")):
            raise UnsupportedMediaType(
                str(media_type),
                "This looks like JSON: send it with the header Content-Type: application/json.",
            )
        return data
