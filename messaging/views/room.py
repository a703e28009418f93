"""The page of a room: messages at the end or around a position, and the composer."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from accounts.models import User
from accounts.names.marks import signs_of
from accounts.payloads import user_payload
from accounts.views.sessions import form_out_of_date
from chatsite.contract.emoji import COMMON
from chatsite.contract.errors import ChatError, NotFound
from chatsite.web.fragment_cache import render_fragment
from chatsite.web.middleware import takes_files
from chatsite.web.pages import attempt, form_page, signed_in, without_nulls
from files.models import MAX_FILES
from files.showing import BLANK
from files.uploading import doors
from files.uploading.receiving import FormOutOfDate, receive_form
from messaging import services
from messaging.forms import MessageForm
from messaging.history import history
from messaging.history.timeline import named_in, rows
from messaging.models import Message
from messaging.payloads import Payload
from messaging.views import draft_hooks
from messaging.views.panel import panel
from messaging.views.reactions import reactions_context
from rooms import access
from rooms import services as rooms
from rooms.membership import calls, consent
from rooms.models import Membership, Room
from rooms.payloads import room_payload
from rooms.unread.marks import marks_of

MESSAGES_PER_PAGE = 50
# Read messages shown above the first unread one.
READ_ABOVE_UNREAD = 5
# Different reactions and files of a page's messages together, some 430 bytes and 0.1 ms each: with twenty under each of
# fifty messages a page was four times as long and took six times as long.
MAX_REACTIONS = 150
# The session's key of a text on its way into a room's composer.
SHARED = "shared"
YEAR_SECONDS = 60 * 60 * 24 * 365


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Redirect to the last room visited, or one's first room, or the list of rooms."""
    mine = Membership.objects.filter(user=request.user, room__archived_at=None)  # type: ignore[misc]
    slugs = mine.values_list("room__slug", flat=True)
    last = slugs.filter(room__slug=without_nulls(request.COOKIES.get("room", ""))).first()
    slug = last or slugs.order_by("-room__is_default", "room__slug").first()
    return redirect("room", slug) if slug else redirect("browse")


@takes_files
@csrf_exempt  # `receive_form` checks it: Django would read the files first
@signed_in
def room(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a room, or send a message."""
    if request.method == "POST":
        return post(request, slug)
    return room_page(request, slug, window)


def post(request: HttpRequest, slug: str) -> HttpResponse:
    """Send a message with its files by form, without scripts."""
    user: Any = request.user
    access.membership_for(user, slug)
    try:
        received = receive_form(request, user, slug)
    except FormOutOfDate:
        return form_out_of_date(request)
    form = MessageForm(received.fields, has_files=bool(received.files))
    files = [file.pk for file in received.files]
    done, outcome = attempt(form, lambda draft, **data: sent(user, slug, received.error, files, **data))
    if done:
        if version := form.cleaned_data["draft"]:
            draft_hooks.forget(user, slug, version)
        return redirect(reverse("room", args=[slug]) + "?latest=1#latest")
    return room_page(request, slug, window, form, outcome)


def sent(user: User, slug: str, error: ChatError | None, files: list[UUID], **data: Any) -> Message:
    """Send what came whole. Raises `error` otherwise: what was received is found again when the form is sent again."""
    if error is not None:
        raise error
    return services.send(user, slug, files=files, **data)[0]


def window(request: HttpRequest, here: Room, first_unread: int | None) -> Payload:
    """Return the messages that the address asks for: before or after a position, or the latest; otherwise from the
    first unread one on, or the latest."""
    before, after = place(request, "before"), place(request, "after")
    messages = history.around(here, before=before, after=after, limit=MESSAGES_PER_PAGE + 1)
    if after is not None:
        page, more = fitting(messages, MESSAGES_PER_PAGE, MAX_REACTIONS)
        return {"messages": page, "older": True, "newer": more, "onward": True}
    page, more = newest_fitting(messages, MESSAGES_PER_PAGE, MAX_REACTIONS)
    unasked = before is None and "latest" not in request.GET
    if unasked and first_unread is not None and page and page[0]["seq"] > first_unread:
        return {
            **around(here, first_unread - 1, READ_ABOVE_UNREAD, MESSAGES_PER_PAGE - READ_ABOVE_UNREAD),
            "onward": True,
        }
    return {"messages": page, "older": more, "newer": before is not None}


def place(request: HttpRequest, name: str) -> int | None:
    """Return the position in a query parameter; None if it is no number."""
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


@signed_in
def permalink(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show a message among its neighbours."""
    message = services.visible_message(request.user, pk)  # type: ignore[arg-type]
    if message.room.slug != slug:
        raise NotFound()
    return room_page(request, slug, partial(neighbours, message=message))


def neighbours(request: HttpRequest, here: Room, first_unread: int | None, message: Message) -> Payload:
    """Return the messages around a message."""
    return {**around(here, message.seq, MESSAGES_PER_PAGE // 2, MESSAGES_PER_PAGE // 2), "target": message.pk}


def around(here: Room, seq: int, above: int, below: int) -> Payload:
    """Return `above` messages up to `seq` and `below` messages after it."""
    before, older = newest_fitting(
        history.around(here, before=seq + 1, limit=above + 1), above, MAX_REACTIONS // 2
    )
    after, newer = fitting(history.around(here, after=seq, limit=below + 1), below, MAX_REACTIONS // 2)
    return {"messages": before + after, "older": older, "newer": newer}


def fitting(messages: list[Payload], most: int, reactions: int) -> tuple[list[Payload], bool]:
    """Return the first of the messages, at most `most` and with so many different reactions and files together, at least
    one; and whether there are more."""
    shown = 0
    for message in messages[:most]:
        reactions -= len(message["reactions"]) + len(message["files"])
        if reactions < 0 and shown:
            break
        shown += 1
    return messages[:shown], shown < len(messages)


def newest_fitting(messages: list[Payload], most: int, reactions: int) -> tuple[list[Payload], bool]:
    """Do `fitting` from the last message on; they keep their order."""
    page, more = fitting(messages[::-1], most, reactions)
    return page[::-1], more


def room_page(
    request: HttpRequest,
    slug: str,
    show: Callable[..., Payload],
    form: MessageForm | None = None,
    outcome: object = None,
) -> HttpResponse:
    """Render the room's page with the messages that `show` returns."""
    here, mine = access.find(request.user, slug)  # type: ignore[arg-type]
    template = "messaging/room.html" if mine else "messaging/preview.html"
    context = room_context(request, here, mine, show)
    draft = draft_hooks.draft_of(request.user, here) if context["can_post"] else None  # type: ignore[arg-type]
    context["draft"] = context["page_data"]["draft"] = draft
    response = form_page(request, template, form or form_with(request, draft), outcome, **context)
    if mine:
        response.set_cookie(
            "room", slug, max_age=YEAR_SECONDS, samesite="Lax", httponly=True, secure=settings.SECURE
        )
    return response


def form_with(request: HttpRequest, draft: Payload | None) -> MessageForm:
    """Return the composer's form with what the person has begun to write, on whatever device, and below it a text that was
    shared into the room (views/share.py), which it takes once."""
    shared = request.session.pop(SHARED, "") if "shared" in request.GET else ""
    if not draft or not draft["version"]:
        return MessageForm(initial={"body": shared})
    answered = draft["reply_to"] and draft["reply_to"]["id"]
    body = "\n".join(filter(None, [draft["body"], shared]))
    return MessageForm(initial={"body": body, "reply_to": answered, "draft": draft["version"]})


def room_context(
    request: HttpRequest, here: Room, mine: Membership | None, show: Callable[..., Payload]
) -> Payload:
    """Return the context of the room's templates."""
    user: Any = request.user
    # The marks and the head are read before what they mark: what comes in between is received twice, and never missed.
    marks = marks_of(user.pk, here.slug)
    about = room_payload(user, here)
    first_unread = first_unread_of(user, here, about) if mine else None
    shown = show(request, here, first_unread)
    people = panel(here, about["members"], (message["sender"]["username"] for message in shown["messages"]))
    state = composer_state(mine)
    # Also of members, who may write while the page is open.
    signs = signs_of(Q(username__in=named_in(shown["messages"])) | Q(pk__in=here.memberships.values("user")))
    return {
        "current": here.slug,
        "room": about,
        "marks": marks,
        "rows": rows(shown["messages"], user, first_unread),
        "shown": shown,
        "target": shown.get("target"),
        "signs": signs,
        "blank_files": render_fragment("files/_files.html", files=BLANK),
        "page_data": page_data(user, about, mine, shown)
        | {"signs": signs.payload(), "first_unread": first_unread},
        **people,
        **state,
        **previews_context(user, mine),
        **reactions_context(
            user,
            shown["messages"],
            (member["user"] for member in people["here_now"] + people["away"]),
            can_react=state["can_post"],
            can_take_back=bool(mine and not here.archived),
        ),
    }


def first_unread_of(user: User, here: Room, about: Payload) -> int | None:
    """Return the position of the first message that a member hasn't read."""
    unread = history.unread(here, user, about["read_seq"], limit=1) if about["unread"] else []
    return unread[0]["seq"] if unread else None


def page_data(user: User, about: Payload, mine: Membership | None, shown: Payload) -> Payload:
    """Return the JSON with which the page's scripts start."""
    return {
        "room": about,
        "me": user_payload(user),
        "moderates": bool(mine and mine.moderates),
        "muted": bool(mine and mine.muted),
        "calls": {
            "may": bool(mine and calls.may_call(mine.role, mine.room.callers, about["members"])),
            "ask_above": calls.MAX_SMALL_ROOM,
        },
        "older": shown["older"],
        "newer": shown["newer"],
        "target": shown.get("target"),
        "common_emoji": COMMON,
        "uploads": {
            "count": MAX_FILES,
            "size": doors.max_bytes(),
            "kinds": sorted(settings.FILE_KINDS),
        },
        "double_click_reaction": user.double_click_reaction,
        "show_previews": user.show_previews,
    }


def previews_context(user: User, mine: Membership | None) -> Payload:
    """Return what the tag `message` needs to show previews of links, and whose it lets the reader remove."""
    return {
        "show_previews": user.show_previews,
        "may_remove_previews": bool(mine and not mine.room.archived),
        "moderates": bool(mine and mine.moderates),
        # What a script's <template> has of a preview.
        "blank_previews": [{}],
    }


def composer_state(mine: Membership | None) -> Payload:
    """Return whether the person may write. Somebody who is blocked learns of it only by writing; whom they block is
    shown."""
    blocked = consent.whom_i_blocked(mine) if mine and mine.blocked else None
    return {
        "mine": mine,
        "i_blocked": blocked,
        "can_post": bool(mine and not mine.room.archived and not mine.muted and not blocked),
        "can_invite": bool(mine and mine.moderates and mine.room.kind != Room.Kind.DIRECT),
    }


@signed_in
def join(request: HttpRequest, slug: str) -> HttpResponse:
    """Join a public room."""
    if request.method == "POST":
        rooms.join_room(request.user, slug)  # type: ignore[arg-type]
    return redirect("room", slug)
