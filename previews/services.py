"""Services of previews: give a message those of its links, remove one, and take them away with the text.

Each that changes what a message shows locks the message's row, then those of previews, and the room's by taking a seq, in
this order.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from accounts.authentication import attempt_limits
from accounts.models import User
from accounts.quotas import HOUR_SECONDS
from chatsite.contract.errors import Forbidden, NotFound, RateLimited
from chatsite.realtime.queues import read_queue
from files import services as files
from files.models import File
from messaging.models import Message
from messaging.services import locked, record_unseen, visible_message
from previews.links import Link, links_in
from previews.models import MessagePreview, Preview
from previews.payloads import preview_payload
from rooms import access
from rooms.models import Room

# How long a page's words are shared, and how long its silence.
SHARED_FOR, SILENCE_SHARED_FOR = timedelta(days=7), timedelta(hours=1)
# Previews that wait to be fetched: of one person, and of all.
MAX_WAITING_OF_ONE, MAX_WAITING = 20, 1000
# Previews that a person removed from one message, and that are remembered.
MAX_REMOVED = 20
# Rows of one DELETE.
ROWS_PER_DELETE = 500
# What a rendered text with a link to another site has.
LINK = 'href="http'


def candidates(pks: Iterable[int]) -> list[Message]:
    """Return those of these messages that stand and have links, or previews that may have to go. One query."""
    had = Exists(MessagePreview.objects.filter(message=OuterRef("pk")))
    found = Message.objects.standing().filter(pk__in=list(pks))
    return list(found.filter(Q(html__contains=LINK) | had).select_related("sender", "room").order_by("pk"))


def follow(message: Message) -> bool:
    """Give a message the previews of its links, and have those fetched that nobody has seen lately; return whether
    anything was stored. Repeating it changes nothing. Raises Preview.DoesNotExist if one was swept away meanwhile."""
    rows = rows_of(message)
    links = [link for link in links_in(message.html) if link.key not in rows]
    room = None if message.room.kind == Room.Kind.PUBLIC else message.room
    known = shared(links, room)
    for link in links:
        if link.key not in known and (wanted := want(link, message.sender, room)):
            known[link.key] = wanted
    with transaction.atomic():
        message = locked(message)
        if message.gone:
            return False
        changed = attach(message, known)
        return show(message, None) or changed


def shared(links: Sequence[Link], room: Room | None) -> dict[str, int]:
    """Return the ids of previews of these links that are young enough, by the link's hash: those of public rooms, which all
    may read, and of this one. `room` is None for a public one."""
    found = Preview.objects.filter(young(), url_hash__in=[link.key for link in links], current=True)
    here = found.filter(Q(room=None) | Q(room=room)).order_by(F("room").desc(nulls_last=True))
    return dict(here.values_list("url_hash", "pk")) if links else {}


def young() -> Q:
    """Return the condition of a preview that further messages share."""
    now = timezone.now()
    silent = Q(fetched_at__gt=now - SILENCE_SHARED_FOR)
    return Q(pending=True) | silent | Q(fetched_at__gt=now - SHARED_FOR, title__gt="")


def want(link: Link, person: User, room: Room | None) -> int | None:
    """Have a link fetched on a person's behalf, for public rooms or for one other; return the preview's id, or None if they,
    or all, want too many."""
    waiting = Preview.objects.filter(pending=True)
    if waiting.count() >= MAX_WAITING or waiting.filter(wanted_by=person).count() >= MAX_WAITING_OF_ONE:
        return None
    try:
        if settings.PREVIEWS_PER_HOUR:
            attempt_limits.attempt("previews", str(person.pk), settings.PREVIEWS_PER_HOUR, 1, HOUR_SECONDS)
    except RateLimited:
        return None
    try:
        with transaction.atomic():
            old = Preview.objects.filter(~young(), url_hash=link.key, room=room, current=True)
            old.update(current=False)
            about = {"url_hash": link.key, "url": link.url, "host": link.host}
            made = Preview.objects.create(**about, room=room, wanted_by=person)
    except IntegrityError:
        # Somebody else's message has it at the same moment.
        return shared([link], room).get(link.key)
    return made.pk


def attach(message: Message, known: dict[str, int]) -> bool:
    """Store which previews a locked message has: what it had of its links, or people removed, and those of its other links
    that are `known`. Return whether anything changed."""
    links = links_in(message.html)
    rows = rows_of(message)
    gone = [
        row.pk for key, row in rows.items() if not row.removed_at and key not in {link.key for link in links}
    ]
    removed = sorted(row.pk for row in rows.values() if row.removed_at)[:-MAX_REMOVED]
    if gone or removed:
        MessagePreview.objects.filter(pk__in=[*gone, *removed]).delete()
    missing = [known[link.key] for link in links if link.key in known and link.key not in rows]
    lock(missing)
    MessagePreview.objects.bulk_create(MessagePreview(message=message, preview_id=pk) for pk in missing)
    return bool(gone or missing)


def lock(pks: Collection[int]) -> None:
    """Lock previews until the transaction ends: whoever stores what was fetched waits, and then sees who wants it. Raises
    Preview.DoesNotExist."""
    rows = Preview.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk")
    if pks and len(rows) < len(pks):
        raise Preview.DoesNotExist


def rows_of(message: Message) -> dict[str, MessagePreview]:
    """Return the message's previews by the hash of their links, removed ones too."""
    found = (
        MessagePreview.objects.filter(message=message).select_related("preview__picture__blob").order_by("pk")
    )
    return {row.preview.url_hash: row for row in found}


def show(message: Message, by: User | None) -> bool:
    """Write what a locked message shows of its previews, and tell the room where that changes; return whether it does."""
    rows = rows_of(message)
    shown = [
        preview_payload(link, rows[link.key])
        for link in links_in(message.html)
        if link.key in rows and rows[link.key].preview.title and not rows[link.key].removed_at
    ] or None
    if shown == message.previews:
        return False
    message.previews = shown
    message.save(update_fields=["previews"])
    record_unseen(message, "message-previewed", by)
    return True


@transaction.atomic
def remove(user: User, pk: int, preview: int) -> Message:
    """Remove a preview from a message for good, by its sender or a moderator of the room; return the message. Repeating it
    is no error. Raises NotFound, Banned, Forbidden and Archived."""
    message = locked(visible_message(user, pk))
    here = access.membership_for(user, message.room.slug)
    if message.sender_id != user.pk and not here.moderates:
        raise Forbidden("Only its sender and the room's moderators may remove a preview.")
    if message.room.archived:
        access.check_posting(here)
    shown = MessagePreview.objects.filter(message=message, pk=preview).first()
    if shown is None or message.gone:
        raise NotFound("There is no such preview.")
    if shown.removed_at is None:
        shown.removed_at = timezone.now()
        shown.save(update_fields=["removed_at"])
        show(message, user)
    return message


def drop_lost_links(message: Message) -> None:
    """Take previews of links that its new text no longer has out of a message that is being edited."""
    if message.previews:
        urls = {link.href for link in links_in(message.html)}
        message.previews = [entry for entry in message.previews if entry["url"] in urls] or None


def forget(message: Message) -> None:
    """Remove the previews of a message that is being deleted, and what was fetched for it alone: its address was said in
    the text."""
    found = MessagePreview.objects.filter(message=message)
    if pks := list(found.values_list("preview_id", flat=True)):
        found.delete()
        # Not those that somebody is about to show elsewhere.
        free = Preview.objects.select_for_update(skip_locked=True).filter(pk__in=pks).order_by("pk")
        delete_unshown(list(free.values_list("pk", flat=True)))


def delete_unshown(pks: Collection[int]) -> None:
    """Delete those of these previews that no message shows."""
    delete_previews(Preview.objects.filter(pk__in=pks, shown=None).values_list("pk", flat=True))


@transaction.atomic
def delete_previews(pks: Iterable[int]) -> None:
    """Delete previews, and give up their pictures."""
    found = Preview.objects.filter(pk__in=list(pks))
    pictures = list(found.exclude(picture=None).values_list("picture", flat=True))
    if pictures:
        files.give_up(File.objects.kept().filter(pk__in=pictures))
    found.delete()


def sweep() -> int:
    """Delete previews that aren't shared any more and that no message shows, and such as nobody fetched; return how
    many."""
    before = timezone.now() - SHARED_FOR
    old = Preview.objects.filter(Q(fetched_at=None) | Q(fetched_at__lt=before), wanted_at__lt=before)
    useless = old.filter(Q(title="") | Q(shown=None)).order_by("pk")
    total = 0
    while pks := list(useless.values_list("pk", flat=True)[:ROWS_PER_DELETE]):
        delete_previews(pks)
        total += len(pks)
        read_queue.give_way()
    return total
