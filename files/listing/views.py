"""The page of a room's files."""

from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from accounts.models import User
from accounts.names.marks import signs_among
from chatsite.contract.errors import Invalid
from chatsite.web.pages import signed_in, words
from files.listing.pages import Place, page, parse_place, room_file_payload
from files.models import File
from files.showing import form_of, other_view, picture_view
from rooms import access
from rooms.models import Room
from rooms.payloads import room_payload

FILES_PER_PAGE = 60
# People whose names the filter offers.
MAX_OFFERED = 100
NAMES = {
    "picture": "Pictures",
    "video": "Films",
    "audio": "Sound",
    "document": "Documents",
    "text": "Texts",
    "archive": "Archives",
    "other": "Other",
}


@signed_in
def room_files(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a room's files, newest first, of one kind or person."""
    user: Any = request.user
    with access.reading(user, slug) as room:
        context = page_context(request, user, room)
    return render(request, "files/room_files.html", context)


def page_context(request: HttpRequest, user: User, room: Room) -> dict[str, Any]:
    kind, sender = words(request, "kind"), words(request, "from").lstrip("@")[:64]
    kind = kind if kind in NAMES else ""
    found = page(room, FILES_PER_PAGE, place(request), kind, sender)
    shown = [row(file) for file in found.files]
    return {
        "room": room_payload(user, room),
        "current": room.slug,
        "pictures": [each["picture"] for each in shown] if kind == "picture" else [],
        "files": shown,
        "kinds": [(name, NAMES[name], query(name, sender)) for name in NAMES],
        "kind": kind,
        "sender": sender,
        "everything": query("", sender),
        "anybody": query(kind, ""),
        "next": query(kind, sender, found.next) if found.next else "",
        "beginning": query(kind, sender) if "before" in request.GET else "",
        "people": people(room),
        "signs": signs_among(each["sender"]["username"] for each in shown if each["sender"]),
    }


def place(request: HttpRequest) -> Place | None:
    """Return where the page begins; None for the newest, and for an address that somebody made up."""
    with suppress(Invalid):
        return parse_place(words(request, "before"))
    return None


def row(file: File) -> dict[str, Any]:
    """Return what a row shows of a file; of a picture with a preview, also what the grid and the viewer need."""
    payload = room_file_payload(file)
    return {
        **other_view(payload),
        "picture": picture_view(payload, 0, 0) if form_of(payload) == "picture" else None,
        "kind": NAMES[payload["kind"]],
        "message": payload["message"],
        "sender": payload["sender"],
        "at": file.attached_at or file.created_at,
    }


def query(kind: str, sender: str, before: Place | None = None) -> str:
    """Return the page's query string, with its question mark where there is anything."""
    wanted = {"kind": kind, "from": sender, "before": str(before) if before else ""}
    return "?" + urlencode({name: value for name, value in wanted.items() if value})


def people(room: Room) -> list[dict[str, str]]:
    """Return members whose names the filter offers."""
    found = room.memberships.filter(user__is_active=True).order_by("user_id")[:MAX_OFFERED]
    names = found.values_list("user__username", "user__display_name")
    return [{"username": username, "display_name": name or username} for username, name in names]
