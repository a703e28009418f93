"""Middleware for requests to all views."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.functional import SimpleLazyObject

from chatsite.contract.errors import TooLarge
from chatsite.realtime.cluster import processes
from chatsite.web.pages import error_page

View = Callable[..., Any]
GetResponse = Callable[[HttpRequest], HttpResponse]
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
# Set by a logout, for the next page's script (static/js/lib/device/kept_data.js).
LOGGED_OUT_COOKIE = "logged-out"
# A page of fewer bytes fits into one packet anyway.
ONE_PACKET_BYTES = 1_400


def takes_files(view: View) -> View:
    """Mark a view that reads its body itself, of any length."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def names_file(field: str) -> Callable[[View], View]:
    """Mark a view that takes a file in a field, to which a body that is too long is due."""

    def marked(view: View) -> View:
        view.file_field = field  # type: ignore[attr-defined]
        return view

    return marked


def limit_body(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse a body beyond DATA_UPLOAD_MAX_MEMORY_SIZE unread, but for views that take files. DRF's parsers have no limit;
    Django bounds only its own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, view: View, *arguments: object) -> HttpResponse | None:
        # WSGI reads no further than CONTENT_LENGTH, so a false one only truncates the body.
        length = request.META.get("CONTENT_LENGTH") or "0"
        allowed = length.isdigit() and int(length[:20]) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if allowed or getattr(view, "takes_files", False):
            return None
        field = getattr(view, "file_field", "")
        error = TooLarge.about(field, "Use a smaller file.") if field else TooLarge()
        if field and not hasattr(view, "cls"):
            return error_page(request, error)
        return JsonResponse(error.payload(), status=error.status)

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def no_store_by_default(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Forbid browsers and proxies to store answers that have no Cache-Control of their own, as static files have. A stored
    page, redirect or error could show one person's data to another after a logout."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def keep_session_cookie(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Remove the deletion of the session cookie from all answers but a logout's, which sets LOGGED_OUT_COOKIE. The key of an
    ended session proves nothing anyway; an answer to a request that was under way while the session got a new key would
    delete the new cookie."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        cookie = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie is not None and not cookie.value and LOGGED_OUT_COOKIE not in response.cookies:
            del response.cookies[settings.SESSION_COOKIE_NAME]
        return response

    return middleware


def strip_head_body(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Answer HEAD with a GET's headers, including Content-Length, and no body. The server would log a warning for each body
    that a view makes for HEAD."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.content = b""
        return response

    return middleware


def name_payer(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Tell `realtime/http/request_queue.py` whose request it was, so that the person pays for it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        visit = request.META.get("chatsite.visit")
        user = user_of(request)
        if visit is not None and user is not None:
            visit.is_of(user.pk)
        return response

    return middleware


def user_of(request: HttpRequest) -> Any:
    """Return the user of a request if a view has loaded it already; else None. It makes no query."""
    user = request.__dict__.get("user")
    return request.__dict__.get("_cached_user") if isinstance(user, SimpleLazyObject) else user


def await_revocations(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a revoking request once every process has stopped serving the user."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if processes.barrier is None or request.method in SAFE_METHODS:
            return get_response(request)
        with processes.barrier.awaited():
            response = get_response(request)
            visit = request.META.get("chatsite.visit")
            if visit is not None:
                # Let the queue go on with other requests while this one waits.
                visit.step_aside()
            return response

    return middleware


def compressed_pages(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponseBase]:
    """Compress pages with gzip where the browser accepts it.

    A page whose address has a query is left alone: it may repeat what somebody else's link put there, and its length would
    tell whether the page has the same text elsewhere (BREACH). Django masks CSRF tokens anew for each page.
    The length of all others varies at random by up to 100 bytes, which Django does.
    """
    gzip = GZipMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        return gzip.process_response(request, response) if is_compressible(request, response) else response

    return middleware


def is_compressible(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        request.method in ("GET", "HEAD")
        and not request.META.get("QUERY_STRING")
        and response.status_code == 200
        and response.get("Content-Type", "").startswith("text/html")
        and not response.streaming
        and len(response.content) > ONE_PACKET_BYTES
    )
