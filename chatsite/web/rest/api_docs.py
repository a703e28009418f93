"""`/schema` and `/docs`, rendered once per process when somebody first reads them: it takes 0.3 s, in a thread, and most
processes are never asked."""

import hashlib
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import get_conditional_response
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from chatsite.realtime.scheduling.background import in_thread

# Stands in the cached script for the CSRF token of each reader.
CSRF_PLACEHOLDER = "reader-s-own-token"
rendering = Lock()


class Readers(BasePermission):
    """Permission by API_DOCS: everybody, or people who are logged in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return settings.API_DOCS == "public" or request.user.is_authenticated


class Schema(APIView):
    """The OpenAPI document, in YAML or JSON by `Accept` or `?format=`."""

    permission_classes = [Readers]
    renderer_classes = [OpenApiYamlRenderer, OpenApiYamlRenderer2, OpenApiJsonRenderer, OpenApiJsonRenderer2]
    schema = None

    def get(self, request: Request) -> HttpResponse:
        kind = request.accepted_renderer.format
        document = rendered(schema_document, kind)
        response = conditional_response(request, document, request.accepted_renderer.media_type)
        response["Content-Disposition"] = f'inline; filename="Chatsite.{kind}"'
        return response


class Docs(SpectacularSwaggerSplitView):
    template_name = "docs.html"
    permission_classes = []
    schema = None

    def get(self, request: Request) -> HttpResponse:
        if not Readers().has_permission(request, self):
            return redirect(f"{reverse('login')}?next={reverse('docs')}")
        if "script" not in request.query_params:
            return conditional_response(request, rendered(page), "text/html; charset=utf-8")
        script = page_script().replace(CSRF_PLACEHOLDER, get_token(request))
        return HttpResponse(script, "application/javascript", headers={"Cache-Control": "no-store"})


def rendered(render: Callable[..., bytes], *args: str) -> bytes:
    """Return what `render` gives for `args`, in a thread. One at a time: who asks meanwhile finds it kept."""
    with rendering:
        return in_thread(render, *args)


def conditional_response(request: Request, content: bytes, content_type: str) -> HttpResponse:
    """Answer the content, or 304 if the client's ETag matches."""
    response = HttpResponse(content, content_type, headers={"Cache-Control": "no-cache"})
    response["ETag"] = etag = f'"{digest(content)}"'
    return get_conditional_response(request, etag=etag, response=response) or response


@cache
def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


@cache
def schema() -> dict[str, Any]:
    """Generate the document, which takes longer than to render it."""
    return dict(SchemaGenerator().get_schema(request=None, public=True))


@cache
def schema_document(kind: str) -> bytes:
    renderer = OpenApiJsonRenderer() if kind == "json" else OpenApiYamlRenderer()
    written = renderer.render(schema(), renderer_context={})
    return written if isinstance(written, bytes) else written.encode()


@cache
def page() -> bytes:
    return render_to_string(Docs.template_name, page_context() | {"script_url": "?script="}).encode()


@cache
def page_script() -> str:
    return render_to_string(Docs.template_name_js, page_context() | {"csrf_token": CSRF_PLACEHOLDER})


def page_context() -> dict[str, Any]:
    """Build the context of the Swagger page and of its script."""
    view = Docs()
    return {
        "title": view.title,
        "swagger_ui_css": view._swagger_ui_resource("swagger-ui.css"),
        "swagger_ui_bundle": view._swagger_ui_resource("swagger-ui-bundle.js"),
        "swagger_ui_standalone": view._swagger_ui_resource("swagger-ui-standalone-preset.js"),
        "favicon_href": view._swagger_ui_favicon(),
        "schema_url": reverse("schema"),
        "settings": view._dump(spectacular_settings.SWAGGER_UI_SETTINGS),
        "oauth2_config": view._dump(spectacular_settings.SWAGGER_UI_OAUTH2_CONFIG),
        "csrf_header_name": view._get_csrf_header_name(),
        "schema_auth_names": view._dump(view._get_schema_auth_names()),
    }
