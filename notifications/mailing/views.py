"""The page behind the link at the end of a mail."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from chatsite.contract.errors import ChatError
from chatsite.web.pages import error_page
from notifications.mailing import wishes


# The signed link is what authorises; a mail program's click (RFC 8058) has neither cookie nor form.
@csrf_exempt
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether a person wants no more mail; a POST is the answer. A look, as mail scanners have it, changes nothing."""
    done = request.method == "POST"
    try:
        person = wishes.unsubscribe(token) if done else wishes.user_of(token)
    except ChatError as error:
        return error_page(request, error)
    return render(request, "notifications/unsubscribe.html", {"person": person, "done": done})
