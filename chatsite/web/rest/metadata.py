"""Answer OPTIONS of REST routes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import APIException
from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request, override_method

if TYPE_CHECKING:
    from rest_framework.response import Response
    from rest_framework.views import APIView


def reader(view: "APIView") -> "Callable[..., Response] | None":
    """Return the handler of GET; None where the route has none."""
    actions = getattr(view, "action_map", None)
    return getattr(view, "get" if actions is None else actions.get("get", ""), None)


def read(view: "APIView", request: Request) -> "Response | None":
    """Call GET's handler for the user of `request`, whatever its method. Raises as GET does; None where the route has no
    GET."""
    handler = reader(view)
    if handler is None:
        return None
    with override_method(view, request, "GET") as reading:
        view.check_permissions(reading)
        return handler(reading, *view.args, **view.kwargs)


class Metadata(SimpleMetadata):
    """Describe a route to people who may see its resource; others are refused as by GET."""

    def determine_metadata(self, request: Request, view: "APIView") -> dict[str, Any]:
        self.check_sight(request, view)
        return dict(super().determine_metadata(request, view))

    def check_sight(self, request: Request, view: "APIView") -> None:
        """Raise what GET raises. A view without GET has its own `check_sight(request, **kwargs)`."""
        if read(view, request) is None:
            view.check_sight(request, **view.kwargs)  # type: ignore[attr-defined]

    def determine_actions(self, request: Request, view: "APIView") -> dict[str, Any]:
        """Describe the fields of each method that takes a body and is permitted."""
        actions: dict[str, Any] = {}
        for method in ("POST", "PUT", "PATCH"):
            if method not in view.allowed_methods:
                continue
            with override_method(view, request, method) as asking:
                try:
                    view.check_permissions(asking)
                except APIException:
                    continue
                actions[method] = self.get_serializer_info(view.get_serializer())  # type: ignore[attr-defined]
        return actions
