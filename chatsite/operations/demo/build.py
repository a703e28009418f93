"""Fill an empty database with the demo site, with each room's log as real use would leave it."""

import hashlib
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import NameSkeleton, SiteSettings, User
from accounts.names.skeletons import store_skeletons
from chatsite.operations.demo import site
from chatsite.operations.demo.devices import add_devices
from chatsite.operations.demo.files import attach_files
from chatsite.operations.demo.later import plan
from chatsite.operations.demo.link_previews import LinkPreviews
from chatsite.operations.demo.notifications import add_notifications
from chatsite.operations.demo.performance import Post, posts
from chatsite.operations.demo.reactions import reactions, summary_of
from emoji import names, services
from messaging.models import Message, MessageText, Reaction
from messaging.rendering import names_in, render
from messaging.search.folded import folded
from messaging.sending.forwarding import copy_of
from rooms.models import Event, Membership, Mention, Room

WEEKS_OF_HISTORY = 11
EMOJI = Path(__file__).parent / "emoji"


@dataclass
class PendingRows:
    """Rows to be written in bulk, in the order of their ids."""

    users: dict[str, User]
    rooms: dict[str, Room]
    messages: list[Message] = field(default_factory=list)
    texts: list[MessageText] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    previews: LinkPreviews = field(default_factory=LinkPreviews)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def log(
        self, room: Room, name: str, user: User | None, at: datetime, subject: int | None = None
    ) -> Event:
        room.head += 1
        event = Event(room=room, seq=room.head, event=name, user=user, subject_id=subject, at=at)
        self.events.append(event)
        return event


@transaction.atomic
def build(password: str, seed: int = 7) -> None:
    """Write the whole demo site. Equal seeds give equal conversations."""
    random = Random(seed)
    now = timezone.now()
    start = (now - timedelta(weeks=WEEKS_OF_HISTORY)).replace(hour=0, minute=0, second=0, microsecond=0)
    SiteSettings.objects.update_or_create(pk=1, defaults={"name": site.NAME})
    rows = PendingRows(make_people(password, start), make_rooms(start))
    add_emoji(rows.users[site.ME])
    add_statuses(rows.users, now)
    add_members(rows, start)
    for post in sorted(posts(start, now, random), key=lambda post: post.at):
        add_message(rows, post, random)
    for source, room, who, text in site.FORWARDS:
        post = Post(room, who, text, now - timedelta(minutes=2), forwards=copy_of_last(rows, source))
        add_message(rows, post, random)
    Room.objects.bulk_update(rows.rooms.values(), ["head"])
    Message.objects.bulk_create(rows.messages, batch_size=500)
    MessageText.objects.bulk_create(rows.texts, batch_size=500)
    Event.objects.bulk_create(rows.events, batch_size=500)
    Mention.objects.bulk_create(rows.mentions, batch_size=500)
    Reaction.objects.bulk_create(rows.reactions, batch_size=500)
    rows.previews.save()
    mark_read(rows, random)
    add_notifications(rows.users[site.ME], rows.messages, rows.mentions, rows.reactions)
    attach_files()
    plan(rows.users[site.ME], now)
    add_devices(rows.users[site.ME], now)


def make_people(password: str, start: datetime) -> dict[str, User]:
    """Create all people with the same password; `site.ME` administers the site."""
    digest = make_password(password)
    User.objects.bulk_create(
        User(
            username=username,
            display_name=name,
            password=digest,
            date_joined=start,
            is_staff=username == site.ME,
            is_superuser=username == site.ME,
        )
        for username, name in site.PEOPLE.items()
    )
    people = {user.username: user for user in User.objects.all()}
    store_skeletons(NameSkeleton, people.values())
    return people


def add_emoji(user: User) -> None:
    """Add the emoji of the site's own, which texts and reactions have."""
    for path in sorted(EMOJI.iterdir()):
        services.add(user, path.stem, SimpleUploadedFile(path.name, path.read_bytes()))
    names.load()


def add_statuses(people: dict[str, User], now: datetime) -> None:
    """Let some say something of themselves, and show their local time."""
    for username, (emoji, text, days, availability) in site.STATUSES.items():
        user = people[username]
        user.status_emoji, user.status_text, user.availability = emoji, text, availability
        user.status_until = now + timedelta(days=days) if days else None
    for username, zone in site.TIME_ZONES.items():
        people[username].time_zone, people[username].show_local_time = zone, True
    User.objects.bulk_update(
        people.values(),
        [
            *("status_emoji", "status_text", "status_until", "availability"),
            *("time_zone", "show_local_time"),
        ],
    )


def make_rooms(start: datetime) -> dict[str, Room]:
    for slug, (topic, kind, _, _) in site.ROOMS.items():
        Room.objects.update_or_create(
            slug=slug, defaults={"name": slug, "topic": topic, "kind": kind, "created_at": start}
        )
    return {room.slug: room for room in Room.objects.all()}


def add_members(rows: PendingRows, start: datetime) -> None:
    """Join everyone to their rooms at `start`, and create the direct rooms."""
    for slug, (_, _, _, members) in site.ROOMS.items():
        join(rows, rows.rooms[slug], members, start)
    for people, _ in site.DIRECTS:
        key = ",".join(str(pk) for pk in sorted(rows.users[name].pk for name in people))
        room = Room.objects.create(
            slug=site.direct_slug(people), kind=Room.Kind.DIRECT, direct_key=key, created_at=start
        )
        rows.rooms[room.slug] = room
        join(rows, room, people, start)


def join(rows: PendingRows, room: Room, members: tuple[str, ...], at: datetime) -> None:
    rows.members[room.slug] = members
    for number, username in enumerate(members):
        moment = at + timedelta(minutes=number)
        rows.log(room, "member-joined", rows.users[username], moment)
        Membership.objects.create(
            room=room, user=rows.users[username], role=role(room, username, number), joined_at=moment
        )


def role(room: Room, username: str, number: int) -> str:
    if room.kind == Room.Kind.DIRECT:
        return Membership.Role.MEMBER
    if number == 0:
        return Membership.Role.OWNER
    return Membership.Role.MODERATOR if username in site.MODERATORS else Membership.Role.MEMBER


def add_message(rows: PendingRows, post: Post, random: Random) -> None:
    room, sender = rows.rooms[post.room], rows.users[post.who]
    named, slugs = names_in(post.text)
    people = {name: name for name in sorted(named & rows.users.keys())}
    public = {slug: slug for slug in slugs & site.ROOMS.keys() if site.ROOMS[slug][1] == "public"}
    post.pk = len(rows.messages) + 1
    event = rows.log(room, "chat-message", sender, post.at, post.pk)
    message = Message(
        pk=post.pk,
        room=room,
        seq=event.seq,
        sender=sender,
        client_id=uuid.UUID(int=random.getrandbits(128), version=4),
        fingerprint=hashlib.sha256(post.text.encode()).hexdigest(),
        body=post.text,
        html=render(post.text, people, public),
        folded=folded(post.text, post.forwards),
        forwarded=post.forwards,
        reply_to_id=post.answers.pk if post.answers else None,
        created_at=post.at,
    )
    rows.messages.append(message)
    if not edit_or_delete(rows, message, random):
        add_mentions(rows, message, people)
        add_reactions(rows, message, random)
        add_previews(rows, message)


def copy_of_last(rows: PendingRows, slug: str) -> dict[str, Any]:
    """Return the copy of the last message of some words that stands in a room."""
    said = [message for message in rows.messages if message.room.slug == slug and len(message.body) > 60]
    return copy_of(said[-1], frozenset())


def edit_or_delete(rows: PendingRows, message: Message, random: Random) -> bool:
    """Edit 1.1 % of the messages older than a day, and delete 0.3 %. Return whether this one was deleted."""
    chance, later = random.random(), message.created_at + timedelta(seconds=random.randrange(8, 50))
    if timezone.now() - message.created_at < timedelta(days=1) or chance > 0.014:
        return False
    if chance > 0.003:
        message.edited_at = later
        first = MessageText(message=message, number=1, body=mistyped(message.body), at=message.created_at)
        rows.texts.append(first)
        rows.log(message.room, "message-edited", message.sender, later, message.pk)
        return False
    message.body, message.html, message.folded, message.deleted_at = "", "", None, later
    rows.events[-1].retracted = True
    rows.log(message.room, "message-deleted", message.sender, later, message.pk)
    return True


def mistyped(body: str) -> str:
    """Return the text as it was before its writer saw that a letter of the longest word was missing, or a dot too many."""
    word = max(re.findall(r"\w+", body) or [body], key=len)
    if len(word) < 3:
        return f"{body}."
    return body.replace(word, word[: len(word) // 2] + word[len(word) // 2 + 1 :], 1)


def add_mentions(rows: PendingRows, message: Message, people: Iterable[str]) -> None:
    for name in people:
        if name != message.sender.username and name in rows.members[message.room.slug]:
            rows.mentions.append(Mention(room=message.room, seq=message.seq, user=rows.users[name]))


def add_reactions(rows: PendingRows, message: Message, random: Random) -> None:
    reacted = list(reactions(message, rows.members[message.room.slug], timezone.now(), random))
    message.reactions = summary_of(reacted)
    counts: Counter[str] = Counter()
    for name, emoji, at in reacted:
        counts[emoji] += 1
        rows.reactions.append(Reaction(message=message, user=rows.users[name], emoji=emoji, at=at))
        event = rows.log(message.room, "reaction-added", rows.users[name], at)
        event.data = {"message": message.pk, "emoji": emoji, "count": counts[emoji]}


def add_previews(rows: PendingRows, message: Message) -> None:
    rows.previews.add(message)
    if message.previews:
        rows.log(
            message.room, "message-previewed", None, message.created_at + timedelta(seconds=2), message.pk
        )


def mark_read(rows: PendingRows, random: Random) -> None:
    """Set read positions: 30 % of memberships are up to 59 events behind, those of `site.ME` as `site.UNREAD` says."""
    seqs: dict[str, list[int]] = defaultdict(list)
    for message in rows.messages:
        seqs[message.room.slug].append(message.seq)
    for membership in Membership.objects.select_related("room", "user"):
        slug = membership.room.slug
        behind = 0 if random.random() < 0.7 else random.randrange(60)
        membership.read_seq = max(0, rows.rooms[slug].head - behind)
        if membership.user.username == site.ME:
            behind = site.UNREAD.get(slug, 0)
            membership.read_seq = seqs[slug][-behind] - 1 if behind else rows.rooms[slug].head
        membership.seen_seq = membership.read_seq
        membership.save(update_fields=["read_seq", "seen_seq"])
    for username, user in rows.users.items():
        user.last_seen = max(
            (message.created_at for message in rows.messages if message.sender.username == username),
            default=None,
        )
        user.save(update_fields=["last_seen"])
