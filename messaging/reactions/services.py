"""Services of reactions. A person reacts where they may write, and takes a reaction back also while they are muted or
blocked: that says nothing new. Nobody reacts to a tombstone.

Each locks the message's row, to find the summary that the change before left (`Message.reactions`), and then the room's,
as whoever ends the person's membership does: one of both sees the other.
"""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from chatsite.contract.errors import Conflict, QuotaExceeded
from messaging.models import Message, Reaction, ReactionSummary
from messaging.payloads import Payload
from messaging.reactions.emoji import canonical, spelled
from messaging.services import locked, record, visible_message
from rooms import access
from rooms.log import log
from rooms.models import Event

# Different emoji on a message, and people who are named in the summary of each.
MAX_EMOJI, MAX_NAMED = 20, 20


@transaction.atomic
def react(user: User, pk: int, emoji: str) -> tuple[Reaction, bool]:
    """Put an emoji under a message; return the reaction, with its message, and whether it is new. Repeating it is no
    error. Raises Invalid, NotFound, Conflict, QuotaExceeded and what keeps the person from writing."""
    emoji = canonical(emoji)
    message = locked(visible_message(user, pk))
    access.locked(message.room)
    access.posting_membership(user, message.room.slug)
    check_standing(message)
    known = Reaction.objects.filter(message=message, user=user, emoji=emoji).first()
    if known is not None:
        known.message = message
        return known, False
    reaction = Reaction(message=message, user=user, emoji=emoji, at=timezone.now())
    count = count_in(reaction)
    reaction.save(force_insert=True)
    about = {"message": message.pk, "emoji": emoji, "count": count}
    log.append_about(message.room, "reaction-added", user, reaction.pk, **about)
    return reaction, True


@transaction.atomic
def unreact(user: User, pk: int, emoji: str) -> Message:
    """Take an emoji of one's own from under a message, which is returned. Repeating it is no error. Raises Invalid,
    NotFound, Banned, Forbidden, Archived and Conflict."""
    emoji = spelled(emoji)
    message = locked(visible_message(user, pk))
    access.locked(message.room)
    here = access.membership_for(user, message.room.slug)
    if message.room.archived:
        access.check_posting(here)
    check_standing(message)
    gone, _ = Reaction.objects.filter(message=message, user=user, emoji=emoji).delete()
    if gone:
        count = count_out(message, emoji, user.username)
        log.append(message.room, "reaction-removed", user, message=message.pk, emoji=emoji, count=count)
    return message


@transaction.atomic
def clear(message: Message, moderator: User) -> bool:
    """Remove all of a message's reactions, for the administration; return whether there were any. The room is told the
    message as it is then: one event, however many people reacted."""
    message = locked(message)
    if message.gone or message.reactions is None:
        return False
    message.reactions = None
    message.save(update_fields=["reactions"])
    Reaction.objects.filter(message=message).delete()
    record(message, "message-edited", moderator)
    return True


def toggle(user: User, pk: int, emoji: str) -> Message:
    """Put an emoji of one's own under a message, or take it back if it is there; return the message. Raises what
    `react` and `unreact` raise."""
    if Reaction.objects.filter(message=pk, user=user, emoji=spelled(emoji)).exists():
        return unreact(user, pk, emoji)
    return react(user, pk, emoji)[0].message


def own_emoji(user: User, messages: Iterable[Payload]) -> dict[int, set[str]]:
    """Return the person's emoji by the id of the message, of messages as clients see them. One query if an emoji has
    more people than its summary names, none otherwise."""
    mine: dict[int, set[str]] = {}
    unnamed = []
    for message in messages:
        for entry in message["reactions"]:
            if user.username in entry["users"]:
                mine.setdefault(message["id"], set()).add(entry["emoji"])
            elif entry["count"] > len(entry["users"]):
                unnamed.append(message["id"])
    if unnamed:
        found = Reaction.objects.filter(message__in=unnamed, user=user).values_list("message_id", "emoji")
        for message_id, emoji in found:
            mine.setdefault(message_id, set()).add(emoji)
    return mine


def revise(events: Sequence[tuple[Event, Payload]]) -> None:
    """Take the emoji and the person out of events, read again from the log, of reactions that nobody sees any more: of
    messages that are gone, and added ones that were removed since. Two queries."""
    standing = {
        *Message.objects.standing()
        .filter(pk__in={data["message"] for _, data in events})
        .values_list("pk", flat=True)
    }
    added = {line.subject_id for line, _ in events if line.subject_id is not None}
    removed = added - {*Reaction.objects.filter(pk__in=added).values_list("pk", flat=True)}
    for line, data in events:
        if data["message"] not in standing or line.subject_id in removed:
            data.update(emoji=None, user=None, count=0)


def check_standing(message: Message) -> None:
    """Raise Conflict for a tombstone."""
    if message.gone:
        raise Conflict("This message was deleted.")


def count_in(reaction: Reaction) -> int:
    """Add a new reaction to its message's summary; return how many there are of its emoji. Raises QuotaExceeded for
    one emoji more than MAX_EMOJI."""
    message, emoji = reaction.message, reaction.emoji
    entry = entry_of(message, emoji)
    if entry is None:
        if len(message.reactions or []) >= MAX_EMOJI:
            raise QuotaExceeded.about("emoji", f"A message has at most {MAX_EMOJI} different ones.")
        entry = {"emoji": emoji, "count": 0, "users": []}
        message.reactions = [*(message.reactions or []), entry]
    entry["count"] += 1
    if len(entry["users"]) < MAX_NAMED:
        entry["users"].append(reaction.user.username)
    message.save(update_fields=["reactions"])
    return entry["count"]


def count_out(message: Message, emoji: str, username: str) -> int:
    """Take a deleted reaction out of the summary; return how many are left of its emoji. Where one of those who were
    named has gone, the next moves up."""
    entry = entry_of(message, emoji)
    if entry is None:
        return 0
    entry["count"] -= 1
    if username in entry["users"]:
        entry["users"] = first_users(message, emoji)
    message.reactions = [each for each in message.reactions or [] if each["count"]] or None
    message.save(update_fields=["reactions"])
    return entry["count"]


def entry_of(message: Message, emoji: str) -> ReactionSummary | None:
    """Return the emoji's entry in the message's summary."""
    return next((entry for entry in message.reactions or [] if entry["emoji"] == emoji), None)


def first_users(message: Message, emoji: str) -> list[str]:
    """Return the usernames of the first MAX_NAMED who reacted so."""
    found = Reaction.objects.filter(message=message, emoji=emoji).order_by("pk")
    return list(found.values_list("user__username", flat=True)[:MAX_NAMED])
