"""The consumer of the log that decides who is told of what (docs/decisions/028). A write knows nothing of it."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.utils import timezone

from chatsite.database import sql
from chatsite.realtime.queues import read_queue
from messaging.models import Message, Reaction
from notifications import channels, facts, inbox
from notifications.channels import Told
from notifications.deciding import Person, Said, decide
from notifications.facts import Recipient, Watchers
from notifications.models import Kind, Notification
from rooms.log.consumers.registry import LogConsumer, Sieve
from rooms.log.log import LogLine
from rooms.models import Event, Room
from rooms.unread import unread_notify

# What begins a name in a text (`messaging.rendering.names`).
SIGNS = {"@", "\uff20"}
SIGN = re.compile(f"[{''.join(sorted(SIGNS))}]")
EVENTS = {"chat-message", "message-edited", "message-deleted", "reaction-added", "reaction-removed"}


def handle(room: Room, lines: Sequence[LogLine]) -> bool:
    """Tell the room's members what these lines say, and withdraw what is gone; return whether anything was stored."""
    by_event: dict[str, list[LogLine]] = {}
    for line in lines:
        by_event.setdefault(line.event, []).append(line)
    written = [*by_event.get("chat-message", ()), *by_event.get("message-edited", ())]
    edited = {line.subject_id for line in by_event.get("message-edited", ())}
    changed = tell_all(room, {line.subject_id for line in written}, edited)
    changed |= withdraw_deleted({line.subject_id for line in by_event.get("message-deleted", ())})
    changed |= tell_reactions(room, by_event.get("reaction-added", ()))
    return withdraw_reactions(room, by_event.get("reaction-removed", ())) or changed


def may_call(body: str) -> bool:
    """Return whether a text may call somebody. Most have no sign that begins a name."""
    return SIGN.search(body) is not None


# The same as SQL.
CALLS = " OR ".join(f"m.body LIKE '%%{sign}%%'" for sign in sorted(SIGNS))
# Most messages concern nobody in particular: they aren't even read.
SIEVE = Sieve(
    facts.calm_rooms,
    "chat-message",
    # No EXISTS: PostgreSQL would read all messages for it, and keep those that call somebody for this one statement.
    f"(SELECT {CALLS} FROM messaging_message m WHERE m.id = e.subject_id)",
    lambda message: may_call(message.body),
)
consumer = LogConsumer("notifications", frozenset(EVENTS), handle, sieve=SIEVE)


def tell_all(room: Room, pks: Collection[int], edited: Collection[int]) -> bool:
    """Tell the members of the messages of these ids that stand. Four queries, and a few for each that tells anybody: of most
    messages, which concern nobody in particular, the text alone is read."""
    texts = dict(Message.objects.standing().filter(pk__in=pks).values_list("pk", "body")) if pks else {}
    if not texts:
        return False
    site_level, watchers, now = facts.site_level(), Watchers(room.pk), timezone.now()
    # The inbox has nothing of what is addressed to nobody; further channels may.
    always = facts.told_everything(room.pk, room.kind, site_level) if channels.tellers else set()
    watched = watchers.of_all(texts)
    everything = room.kind == Room.Kind.DIRECT or bool(always)
    wanted = [pk for pk, body in texts.items() if everything or pk in edited or watched[pk] or may_call(body)]
    found = Message.objects.whole().standing().filter(pk__in=wanted).order_by("pk") if wanted else ()
    changed = False
    for message in found:
        read_queue.give_way()
        said = facts.said_of(message, room.kind, site_level)
        watching = watched[message.pk]
        changed |= tell(message, said, watching, always, now)
        if message.pk in edited and not said.call:
            changed |= withdraw_unsaid(message, said, watching, now)
    return changed


def tell(message: Message, said: Said, watching: set[int], always: set[int], now: datetime) -> bool:
    """Tell the members of one message; return whether anything was stored."""
    named = names_in(message)
    ids = None if said.direct or said.call else named | watching | always
    if ids is not None and not ids:
        return False
    changed = False
    for some in facts.recipients(message, now, named, ids, watching):
        told = decided(said, some)
        changed |= tell_some(message, said, rows_of(message, told, now), named)
        channels.tell(message, told)
    if said.call and changed:
        unread_notify.touch(message.room.slug)
    return changed


def names_in(message: Message) -> set[int]:
    """Return the ids of those whom the message names. Most texts cost no query."""
    return facts.named_in(message) if may_call(message.body) else set()


def decided(said: Said, recipients: Iterable[Recipient]) -> list[Told]:
    """Return the decisions about some people."""
    return [Told(user_id, decide(person, said)) for user_id, person in recipients]


def rows_of(message: Message, told: Iterable[Told], now: datetime) -> list[Notification]:
    """Return the rows of those who are told of a message in their inbox."""
    return [
        Notification(
            user_id=user_id,
            kind=decision.kind,
            room_id=message.room_id,
            message_id=message.pk,
            actor_id=message.sender_id,
            seq=message.seq,
            at=now,
        )
        for user_id, decision in told
        if decision.kind
    ]


def tell_some(message: Message, said: Said, rows: list[Notification], named: set[int]) -> bool:
    """Store the rows and tell their people; return whether any is new."""
    fresh = inbox.store(rows)
    if said.call:
        store_mentions(message, {row.user_id for row in fresh} - named)
    inbox.tell_new(fresh, message)
    return bool(fresh)


def store_mentions(message: Message, user_ids: Collection[int]) -> None:
    """Store for unread counts that a call mentions these people. One statement."""
    rows = ({"room_id": message.room_id, "seq": message.seq, "user_id": user_id} for user_id in user_ids)
    sql.run(
        f"""INSERT INTO rooms_mention (room_id, seq, user_id)
            SELECT given.room_id, given.seq, given.user_id
            FROM {sql.rows_in(room_id="bigint", seq="bigint", user_id="bigint")} WHERE true
            ON CONFLICT DO NOTHING""",
        sql.packed(rows),
    )


def withdraw_unsaid(message: Message, said: Said, watching: set[int], now: datetime) -> bool:
    """Take back what an edited message no longer says: mentions and keywords of people who aren't told by its new text."""
    there = Notification.objects.filter(message=message, kind__in=[Kind.MENTION, Kind.KEYWORD])
    rows = list(there.values_list("pk", "user_id"))
    named, people = names_in(message), [user_id for _, user_id in rows]
    still = {
        each.user_id
        for some in (facts.recipients(message, now, named, people, watching) if rows else ())
        for each in decided(said, some)
        if each.decision.kind
    }
    return inbox.withdraw((pk, user_id) for pk, user_id in rows if user_id not in still)


def withdraw_deleted(pks: Collection[int]) -> bool:
    """Take back what was told of messages that are gone; one that was restored meanwhile stays."""
    if not pks:
        return False
    gone = Notification.objects.filter(message__in=pks)
    standing = Message.objects.standing().filter(pk__in=pks).values("pk")
    return inbox.withdraw(gone.exclude(message__in=standing).values_list("pk", "user_id"))


def tell_reactions(room: Room, lines: Sequence[LogLine]) -> bool:
    """Tell people of reactions to their messages."""
    if not lines:
        return False
    seqs = {line.subject_id: line.seq for line in lines}
    found = Reaction.objects.filter(pk__in=seqs).select_related("message__room", "message__sender", "user")
    site_level, changed = facts.site_level(), False
    for reaction in found.order_by("pk"):
        changed |= tell_reaction(reaction, room.kind, site_level, seqs[reaction.pk])
    return changed


def tell_reaction(reaction: Reaction, kind: str, site_level: str, seq: int) -> bool:
    """Tell the message's sender of a reaction; return whether that is new."""
    message, now = reaction.message, timezone.now()
    said = Said(direct=kind == Room.Kind.DIRECT, site_level=site_level, reaction=True, gone=message.gone)
    # Who reacts is who speaks: of their blocks and of their own it is asked.
    speech = Message(pk=message.pk, room_id=message.room_id, seq=seq, sender_id=reaction.user_id)
    rows = [
        Notification(
            user_id=user_id,
            kind=Kind.REACTION,
            room_id=message.room_id,
            message_id=message.pk,
            actor_id=reaction.user_id,
            emoji=reaction.emoji,
            seq=seq,
            at=now,
        )
        for some in facts.recipients(speech, now, (), [message.sender_id])
        for user_id, person in some
        if decide(as_author(person), said).kind
    ]
    fresh = inbox.store(rows)
    inbox.tell_new(fresh, message)
    return bool(fresh)


def as_author(person: Person) -> Person:
    """Return the facts of the sender of a message to which somebody reacted."""
    return replace(person, author=True)


def withdraw_reactions(room: Room, lines: Sequence[LogLine]) -> bool:
    """Take back what was told of reactions that were taken back."""
    if not lines:
        return False
    events = Event.objects.filter(room=room, seq__in=[line.seq for line in lines])
    changed = False
    for user_id, data in events.values_list("user_id", "data"):
        about = {"message": data.get("message"), "emoji": data.get("emoji"), "actor": user_id}
        if Reaction.objects.filter(message=about["message"], emoji=about["emoji"], user=user_id).exists():
            continue
        there = Notification.objects.filter(kind=Kind.REACTION, **about)
        changed |= inbox.withdraw(there.values_list("pk", "user_id"))
    return changed
