"""JSON and forms from strangers."""

from typing import Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError, UnsupportedMediaType


class BoundedJSONParser(parsers.JSONParser):
    """A document nested a thousand deep is a client's mistake and not the server's."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


class FormParser(parsers.FormParser):
    """Programs such as curl call whatever they send a form: JSON is one of an odd field, and lacks all others."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        data = super().parse(stream, media_type, parser_context)
        if next(iter(data), "").lstrip().startswith(("{", "[")):
            raise UnsupportedMediaType(
                str(media_type),
                "This looks like JSON: send it with the header Content-Type: application/json.",
            )
        return data
