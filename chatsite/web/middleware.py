"""What holds for every request, whichever view it is for."""

import secrets
from collections.abc import Callable
from gzip import GzipFile
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from chatsite.contract.errors import TooLarge
from chatsite.realtime.cluster import processes

GetResponse = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
# A page of fewer bytes fits into one packet anyway. At this level a room's 120 KB take 1 ms, at gzip's default 3 ms.
ONE_PACKET_BYTES, COMPRESSION_LEVEL = 1_400, 4


def bounded_body(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse a body before reading it. DRF's parsers read a stream of any length, and Django bounds only its own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # WSGI reads no further than CONTENT_LENGTH, so a lie here gets its author a short body.
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length[:20]) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            error = TooLarge()
            return JsonResponse(error.payload(), status=error.status)
        return get_response(request)

    return middleware


def kept_by_nobody(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """No browser and no proxy keeps an answer that doesn't say of itself for how long, as static files do: what is on a page
    is somebody's, also when they have logged out, and a redirect or an error may tell as much."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def bodiless_head(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Answer HEAD with the headers of a GET alone, Content-Length too. Views make a body all the same, and the server logs
    a warning for each that it throws away."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.content = b""
        return response

    return middleware


def payer_named(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Tell the server's queue of requests whose request it was (see `realtime/request_queue.py`)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        visit = request.META.get("chatsite.visit")
        user = user_of(request)
        if visit is not None and user is not None:
            visit.is_of(user.pk)
        return response

    return middleware


def user_of(request: HttpRequest) -> Any:
    """Who it was found to be of; None where nothing has asked. Never asks the database for it."""
    user = request.__dict__.get("user")
    return request.__dict__.get("_cached_user") if isinstance(user, SimpleLazyObject) else user


def revocations_everywhere(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Who takes a right away is answered when it has ended in all processes of the site."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if processes.barrier is None or request.method in SAFE:
            return get_response(request)
        with processes.barrier.awaited():
            response = get_response(request)
            visit = request.META.get("chatsite.visit")
            if visit is not None:
                # What is waited for now keeps nobody else's request from its turn.
                visit.step_aside()
            return response

    return middleware


def compressed_pages(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Compress pages with gzip where the browser accepts it.

    A page whose address has a query is left alone: it may repeat what somebody else's link put there, and its length would
    tell whether the page has the same text elsewhere (BREACH). Django masks CSRF tokens anew for each page.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if is_compressible(request, response):
            patch_vary_headers(response, ("Accept-Encoding",))
            if "gzip" in request.headers.get("Accept-Encoding", ""):
                response.content = compressed(response.content)
                response.headers["Content-Encoding"] = "gzip"
                response.headers["Content-Length"] = str(len(response.content))
        return response

    return middleware


def is_compressible(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        request.method in ("GET", "HEAD")
        and not request.META.get("QUERY_STRING")
        and response.status_code == 200
        and response.get("Content-Type", "").startswith("text/html")
        and not response.streaming
        and not response.has_header("Content-Encoding")
        and len(response.content) > ONE_PACKET_BYTES
    )


def compressed(content: bytes) -> bytes:
    """The content as gzip; a file name of random length in its header makes the length tell less (Heal the BREACH)."""
    packed = BytesIO()
    name = "x" * secrets.randbelow(100)
    with GzipFile(name, "wb", COMPRESSION_LEVEL, packed, mtime=0) as file:
        file.write(content)
    return packed.getvalue()
