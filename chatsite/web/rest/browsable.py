"""DRF's browsable API without inline styles, which the CSP forbids, and with forms that show the current values."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from rest_framework.renderers import BrowsableAPIRenderer, HTMLFormRenderer
from rest_framework.request import Request, override_method
from rest_framework.utils.serializer_helpers import BoundField

from chatsite.web.fields import Flag, Names
from chatsite.web.rest.metadata import read, reader

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView
    from rest_framework.response import Response
    from rest_framework.views import APIView


def edits_resource(view: "APIView", method: str) -> bool:
    """Return whether the method changes the resource that GET of the same route shows."""
    return method in {"PUT", "PATCH"} & set(view.allowed_methods) and reader(view) is not None


class FormRenderer(HTMLFormRenderer):
    """Render forms with a select for a flag, as browsers send nothing for an unticked box, and names in one field, separated
    by spaces."""

    def render_field(self, field: Any, parent_style: Any) -> str:
        value = field.value
        if isinstance(field._field, Flag) and isinstance(value, bool):
            # The template shows the bool False as an empty value.
            value = str(value).lower()
        elif isinstance(field._field, Names) and isinstance(value, list):
            value = " ".join(value)
        if value is not field.value:
            field = BoundField(field._field, value, field.errors, field._prefix)
        return str(super().render_field(field, parent_style))


class BrowsableRenderer(BrowsableAPIRenderer):
    """DRF's renderer with its style attributes turned into data attributes, for which css/browsable.css has the rules."""

    template = "browsable.html"
    form_renderer_class = FormRenderer

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context(*args, **kwargs), "code_style": ""}

    def render(self, *args: Any, **kwargs: Any) -> str:
        self._state: Any = None
        # People's texts can't match: quotes in them are escaped.
        return super().render(*args, **kwargs).replace(' style="', ' data-style="')

    def get_rendered_html_form(self, data: Any, view: "APIView", method: str, request: Request) -> Any:
        if not edits_resource(view, method):
            return super().get_rendered_html_form(data, view, method, request)
        state = self.state(data, view, request)
        with override_method(view, request, method) as changing:
            # A form with empty fields would change what its user never touched.
            if not state or not self.show_form_for_method(view, method, changing, None):
                return None
            return self.render_form_for_serializer(
                cast("GenericAPIView", view).get_serializer(instance=state)
            )

    def get_raw_data_form(self, data: Any, view: "APIView", method: str, request: Request) -> Any:
        if edits_resource(view, method):
            state = self.state(data, view, request)
            if not state:
                return None
            data = SimpleNamespace(serializer=SimpleNamespace(instance=state))
        return super().get_raw_data_form(data, view, method, request)

    def state(self, data: Any, view: "APIView", request: Request) -> dict[str, Any] | None:
        """Return the current payload, as GET answers it; None where GET is refused."""
        if request.method == "GET":
            response: Response = view.response
            return data if response.status_code == 200 else None
        if self._state is None:
            self._state = read_quietly(view, request)
        return self._state or None


def read_quietly(view: "APIView", request: Request) -> dict[str, Any]:
    """Call GET's handler; return its payload, or {} where it is refused."""
    # `api` imports DRF's views, which load the renderers of this module.
    from chatsite.web.rest.api import translate

    try:
        response = read(view, request)
        return dict(response.data) if response is not None else {}
    except Exception as error:
        if translate(error) is None:
            raise
        return {}
