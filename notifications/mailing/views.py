"""The page behind the link at the end of a mail."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from notifications.mailing import unsubscribing


# The signed link is what authorises; a mail program's click (RFC 8058) has neither cookie nor form.
@csrf_exempt
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether a person wants no more mail; a POST is the answer. A mere look, which mail scanners have, changes nothing."""
    done = request.method == "POST"
    person = unsubscribing.unsubscribe(token) if done else unsubscribing.user_of(token)
    return render(request, "notifications/unsubscribe.html", {"person": person, "done": done})
