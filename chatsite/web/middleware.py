"""What holds for every request, whichever view it is for."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import SimpleLazyObject

from chatsite.contract.errors import TooLarge
from chatsite.realtime.cluster import processes

GetResponse = Callable[[HttpRequest], HttpResponse]
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


def limit_body(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse a body before reading it. DRF's parsers read a stream of any length, and Django bounds only its own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # WSGI reads no further than CONTENT_LENGTH, so a lie here gets its author a short body.
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length[:20]) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            error = TooLarge()
            return JsonResponse(error.payload(), status=error.status)
        return get_response(request)

    return middleware


def no_store_by_default(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """No browser and no proxy keeps an answer that doesn't say of itself for how long, as static files do: what is on a page
    is somebody's, also when they have logged out, and a redirect or an error may tell as much."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def strip_head_body(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Answer HEAD with the headers of a GET alone, Content-Length too. Views make a body all the same, and the server logs
    a warning for each that it throws away."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.content = b""
        return response

    return middleware


def name_payer(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
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


def await_revocations(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponse]:
    """Who takes a right away is answered when it has ended in all processes of the site."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if processes.barrier is None or request.method in SAFE_METHODS:
            return get_response(request)
        with processes.barrier.awaited():
            response = get_response(request)
            visit = request.META.get("chatsite.visit")
            if visit is not None:
                # What is waited for now keeps nobody else's request from its turn.
                visit.step_aside()
            return response

    return middleware
