"""The page that takes what another program shares (the manifest's `share_target`), and asks for its room.

Nothing is sent: the text goes into the room's composer. Files never come here, as the service worker keeps them in the
browser (static/js/worker/sharing.js), from where the room's page takes them.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from chatsite.web.pages import attempt, form_page, signed_in, without_nulls
from messaging.forms import ShareForm
from messaging.sending.drafts import MAX_BODY_LENGTH
from messaging.views.forward import other_rooms
from messaging.views.room import SHARED
from rooms import access

PARTS = ("title", "text", "url")


@csrf_exempt  # the system posts it, without a page of ours; it changes nothing
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def share(request: HttpRequest) -> HttpResponse:
    """Show what is shared, and ask for the room."""
    form = ShareForm(initial={"body": shared_text(request)})
    form.offer(other_rooms(request.user, slug=""))  # type: ignore[arg-type]
    return form_page(request, "messaging/share.html", form)


@require_POST
@signed_in
def into_room(request: HttpRequest) -> HttpResponse:
    """Put the text into the composer of the chosen room."""
    user: Any = request.user
    form = ShareForm(request.POST)
    form.offer(other_rooms(user, slug=""))
    done, outcome = attempt(form, lambda room, body: access.membership_for(user, room) and body)
    if not done:
        return form_page(request, "messaging/share.html", form, outcome)
    request.session[SHARED] = outcome
    return redirect(reverse("room", args=[form.cleaned_data["room"]]) + "?latest=1&shared=1")


def shared_text(request: HttpRequest) -> str:
    """Return title, text and address of what is shared, each on a line of its own and once."""
    lines: list[str] = []
    for part in PARTS:
        words = without_nulls(request.POST.get(part, "")).strip()
        if words and not any(words in line for line in lines):
            lines.append(words)
    return "\n".join(lines)[:MAX_BODY_LENGTH]
