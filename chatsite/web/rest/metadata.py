"""`OPTIONS` of REST's routes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import APIException
from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request, override_method

if TYPE_CHECKING:
    from rest_framework.response import Response
    from rest_framework.views import APIView


def reader(view: "APIView") -> "Callable[..., Response] | None":
    """The handler of GET; None where the route has none."""
    actions = getattr(view, "action_map", None)
    return getattr(view, "get" if actions is None else actions.get("get", ""), None)


def read(view: "APIView", request: Request) -> "Response | None":
    """What GET answers to who sent the request, by whatever method. Raises as GET does; None where the route has none."""
    handler = reader(view)
    if handler is None:
        return None
    with override_method(view, request, "GET") as reading:
        view.check_permissions(reading)
        return handler(reading, *view.args, **view.kwargs)


class Metadata(SimpleMetadata):
    """Answers whoever may see what the route is about, and refuses others as GET does."""

    def determine_metadata(self, request: Request, view: "APIView") -> dict[str, Any]:
        self.check_sight(request, view)
        return dict(super().determine_metadata(request, view))

    def check_sight(self, request: Request, view: "APIView") -> None:
        """Raises what GET raises. A view without GET has `check_sight(request, **kwargs)` of its own."""
        if read(view, request) is None:
            view.check_sight(request, **view.kwargs)  # type: ignore[attr-defined]

    def determine_actions(self, request: Request, view: "APIView") -> dict[str, Any]:
        """The fields of each method that takes a body."""
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
