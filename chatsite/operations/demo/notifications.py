"""What the demo's person was told lately, as the consumer of the log would have told it."""

from collections.abc import Iterable, Iterator

from accounts.models import User
from chatsite.operations.demo import site
from messaging.models import Message, Reaction
from notifications.models import Kind, Notification, Preferences
from rooms.models import Membership, Mention, Room

# Rows of the inbox; so many of the reactions are unread.
MOST, UNREAD_REACTIONS = 60, 2
WORDS = ("lathe", "soup")


def add_notifications(
    me: User, messages: Iterable[Message], mentions: Iterable[Mention], reactions: Iterable[Reaction]
) -> None:
    """Fill the inbox of the demo's person, and give them words, hours and levels of their own."""
    hours = [{"day": day, "from": begin, "to": end} for day, (begin, end) in site.HOURS.items()]
    zone = site.TIME_ZONES[site.ME]
    Preferences.objects.create(user=me, keywords="\n".join(WORDS), schedule=hours, zone=zone)
    for slug, level in site.LEVELS.items():
        Membership.objects.filter(user=me, room__slug=slug).update(level=level)
    others = [message for message in messages if message.sender_id != me.pk and not message.deleted_at]
    named = {(mention.room_id, mention.seq) for mention in mentions if mention.user_id == me.pk}
    told = [*of_messages(me, others, named), *of_reactions(me, reactions)]
    told.sort(key=lambda row: row.at)
    Notification.objects.bulk_create(told[-MOST:])


def of_messages(me: User, messages: Iterable[Message], named: set[tuple[int, int]]) -> Iterator[Notification]:
    """Yield what was said to the person."""
    mine = set(Room.objects.filter(memberships__user=me).values_list("pk", flat=True))
    for message in messages:
        kind = kind_of(message, named) if message.room_id in mine else None
        if kind:
            yield Notification(
                user=me,
                kind=kind,
                room=message.room,
                message=message,
                actor=message.sender,
                seq=message.seq,
                at=message.created_at,
            )


def kind_of(message: Message, named: set[tuple[int, int]]) -> Kind | None:
    """Return why the person is told of a message, or None."""
    if (message.room_id, message.seq) in named:
        return Kind.MENTION
    if message.room.kind == Room.Kind.DIRECT:
        return Kind.DIRECT
    said = set(message.body.lower().replace(".", " ").replace(",", " ").split())
    return Kind.KEYWORD if said & set(WORDS) else None


def of_reactions(me: User, reactions: Iterable[Reaction]) -> Iterator[Notification]:
    """Yield the reactions to what the person said; the last ones are unread."""
    mine = sorted(
        (each for each in reactions if each.message.sender_id == me.pk and not each.message.deleted_at),
        key=lambda each: each.at,
    )
    for number, reaction in enumerate(mine, start=1):
        unread = number > len(mine) - UNREAD_REACTIONS
        yield Notification(
            user=me,
            kind=Kind.REACTION,
            room=reaction.message.room,
            message=reaction.message,
            actor=reaction.user,
            emoji=reaction.emoji,
            seq=reaction.message.room.head if unread else reaction.message.seq,
            at=reaction.at,
            read_at=None if unread else reaction.at,
        )
