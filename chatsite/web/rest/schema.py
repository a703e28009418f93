"""Complete the OpenAPI document: names of operations, error answers, strict objects."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.views import APIView

from chatsite.web.fields import StrictSerializer, Text

VERBS = {"GET": "get", "POST": "create", "PUT": "put", "PATCH": "update", "DELETE": "delete"}
# Descriptions of error answers, by status.
ERROR_DESCRIPTIONS = {
    400: "`invalid`: `fields` says what of the request can't be.",
    401: "`unauthorized`: nobody, or no longer somebody.",
    403: "`forbidden`, `muted`, `banned` or `quota_exceeded`.",
    404: "`not_found`: missing, or not yours to see.",
    406: "`not_acceptable`: `Accept` names no kind that there is.",
    409: "`conflict` or `archived`.",
    413: "`too_large`.",
    415: "`unsupported_media_type`: the body's `Content-Type` can't be read. `unsupported_type`: a file's kind isn't taken.",
    429: "`rate_limited`: `retry_after` says how long.",
    500: "`internal`: a fault of the server's, and trying again is no use.",
    503: "`unavailable`: nothing was stored, or the `client_id` will find it; try again.",
}


class ErrorSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="For programs. A new version of the server may have further ones.")
    detail = serializers.CharField(help_text="A sentence for people.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="A field's name, and what is wrong with it.",
    )
    retry_after = serializers.FloatField(required=False, help_text="In seconds.")


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.api_tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token from the profile page."}


class Schema(AutoSchema):
    """Describe an operation, with a readable name, JSON bodies and all its possible errors."""

    def get_operation_id(self) -> str:
        """Derive a name from method and path: `list_room_members` for `GET /room/{slug}/member`."""
        nouns = re.sub(r"\{[^}]*\}", "", self.path).replace("-", "_").split("/")
        noun = "_".join(filter(None, nouns))
        return (
            f"list_{noun}s"
            if self.method == "GET" and self._is_list_view()
            else f"{VERBS[self.method]}_{noun}"
        )

    def get_description(self) -> str:  # type: ignore[override]
        """Leave descriptions empty: docstrings are for developers of the server."""
        return ""

    def map_parsers(self) -> list[str]:
        """Document JSON alone for views with the default parsers; forms are there for the browsable API."""
        ours = self.view.parser_classes == APIView.parser_classes
        return ["application/json"] if ours else list(super().map_parsers())

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            answer = {
                "application/json": {"schema": self.resolve_serializer(ErrorSerializer(), "response").ref}
            }
            for status in self.error_statuses(operation):
                said = {"description": ERROR_DESCRIPTIONS[status], "content": answer}
                operation["responses"].setdefault(str(status), said)
        return operation

    def error_statuses(self, operation: dict[str, Any]) -> list[int]:
        """List the statuses of errors that an operation may answer, by its method, parameters and body."""
        changes, body = self.method not in SAFE_METHODS, "requestBody" in operation
        parameters = operation.get("parameters", [])
        named = any(parameter["in"] == "path" or parameter["name"] == "room" for parameter in parameters)
        possible = {
            400: body or bool(parameters),
            403: changes or named,
            404: changes or named,
            409: changes,
            413: changes,
            415: body,
        }
        return [status for status in ERROR_DESCRIPTIONS if possible.get(status, True)]

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        """Describe ids as integers; the routes match any text, which is answered 404."""
        parameters: list[dict[str, Any]] = super()._resolve_path_parameters(variables)
        for parameter in parameters:
            if parameter["name"] in ("id", "pk"):
                parameter["schema"] = {"type": "integer", "minimum": 1}
        return parameters

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)
        schema.pop("description", None)
        if isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        return schema

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        if isinstance(field, Text) and not field.allow_blank:
            return {**schema, "minLength": field.shortest}
        return schema


def without_slashes(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Drop the trailing slash of each path, as docs/protocol.md writes them; the site answers both."""
    return [(path.rstrip("/"), *rest) for path, *rest in endpoints]
