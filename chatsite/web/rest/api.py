"""Shared parts of the REST API: pagination, and errors in the contract's shape."""

from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import PermissionDenied
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from rest_framework import exceptions
from rest_framework.fields import empty
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as drf_exception_handler

from chatsite.contract.errors import (
    ChatError,
    Fields,
    Forbidden,
    Invalid,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from chatsite.web.fields import Limit

if TYPE_CHECKING:
    from accounts.models import User


class Pages(CursorPagination):
    """Pagination as `{"next", "previous", "results"}`, by keyset: each page costs the same, however far down it is."""

    ordering: str | tuple[str, ...] = "pk"
    page_size_query_param = "limit"
    max_page_size = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (
            exceptions.NotFound,
            ValueError,
            OverflowError,
            DataError,
        ) as error:  # a cursor somebody made up
            raise Invalid.about(
                self.cursor_query_param, "Take it from next or previous of a page."
            ) from error

    def get_page_size(self, request: Request) -> int:
        """Read `limit`. Raises Invalid beyond `max_page_size`, as /message and the log do; DRF would cut it."""
        name = self.page_size_query_param
        try:
            limit = Limit(self.max_page_size, int(api_settings.PAGE_SIZE or 0))
            return int(limit.run_validation(request.query_params.get(name, empty)))
        except exceptions.ValidationError as error:
            raise Invalid.about(name, " ".join(sentences(error.detail))) from error

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": address, "previous": address, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        bounds = {"minimum": 1, "maximum": self.max_page_size, "default": api_settings.PAGE_SIZE}
        return [
            {
                "name": self.cursor_query_param,
                "in": "query",
                "description": "Out of `next` or `previous` of another page.",
                "schema": {"type": "string"},
            },
            {"name": self.page_size_query_param, "in": "query", "schema": {"type": "integer", **bounds}},
        ]


# Errors of HTTP itself, by DRF's status.
ERRORS_BY_STATUS: dict[int, type[ChatError]] = {
    each.status: each for each in (MethodNotAllowed, NotAcceptable, UnsupportedMediaType)
}


def sentences(detail: Any) -> list[str]:
    """Flatten DRF's nested errors of one field into a list of sentences."""
    if isinstance(detail, dict):
        return [sentence for value in detail.values() for sentence in sentences(value)]
    if isinstance(detail, list | tuple):
        return [sentence for value in detail for sentence in sentences(value)]
    return [str(detail)]


def invalid(error: exceptions.ValidationError) -> ChatError:
    """Convert a serializer's error to the contract's; one that is only about too long a `body` becomes `too_large`."""
    detail = error.detail
    if not isinstance(detail, dict):
        return Invalid(" ".join(sentences(detail)))
    fields: Fields = {str(name): sentences(value) for name, value in detail.items()}
    named = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items())
    if error.get_codes() == {"body": ["max_length"]}:
        return TooLarge(named, fields=fields)
    return Invalid(named, fields=fields)


def translate(error: Exception) -> ChatError | None:
    """Convert an exception of a view or handler to the contract's error; None for an unexpected one, a bug."""
    match error:
        case ChatError():
            return error
        case exceptions.ValidationError():
            return invalid(error)
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return Unauthorized(str(error.detail))
        case exceptions.Throttled():
            return RateLimited(retry_after=getattr(error, "wait", None) or 1)
        case Http404() | exceptions.NotFound():
            return NotFound()
        case PermissionDenied() | exceptions.PermissionDenied():
            return Forbidden()
        case exceptions.APIException():
            return ERRORS_BY_STATUS.get(error.status_code, Invalid)(str(error.detail))
        case OperationalError() | InterfaceError():
            return Unavailable()
    return None


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception of a view (DRF's EXCEPTION_HANDLER); None lets it propagate to `server_error`."""
    chat_error = translate(error)
    if chat_error is None:
        return None
    # DRF's own handler rolls back, and knows the headers (WWW-Authenticate, Allow) and odd statuses (405, 415).
    response = drf_exception_handler(error, context)
    if response is None:
        headers = {"Retry-After": str(int(chat_error.retry_after) + 1)} if chat_error.retry_after else {}
        return Response(chat_error.payload(), status=chat_error.status, headers=headers)
    response.data = chat_error.payload()
    if isinstance(chat_error, TooLarge):
        response.status_code = chat_error.status
    return response


def me(request: HttpRequest | Request) -> "User":
    """Return the user of a request that has passed authentication."""
    return cast("User", request.user)


def checked(serializer: BaseSerializer[Any]) -> dict[str, Any]:
    """Return the serializer's validated data. Raises DRF's ValidationError."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
