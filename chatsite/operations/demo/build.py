"""Fills an empty database with the demo site: everything at once, with each room's log as real use would leave it."""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import NameSkeleton, SiteSettings, User
from accounts.names.adoption import adopt
from chatsite.operations.demo import site
from chatsite.operations.demo.performance import Post, posts
from messaging.models import Message
from messaging.rendering import names_in, render
from messaging.search.folded import folded
from rooms.models import Event, Membership, Mention, Room

WEEKS = 11


@dataclass
class Books:
    """What is going to be written, in the order of its ids."""

    users: dict[str, User]
    rooms: dict[str, Room]
    messages: list[Message] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def log(self, room: Room, name: str, user: User, at: datetime, subject: int | None = None) -> Event:
        room.head += 1
        event = Event(room=room, seq=room.head, event=name, user=user, subject_id=subject, at=at)
        self.events.append(event)
        return event


@transaction.atomic
def build(password: str, seed: int = 7) -> None:
    random = Random(seed)
    now = timezone.now()
    start = (now - timedelta(weeks=WEEKS)).replace(hour=0, minute=0, second=0, microsecond=0)
    SiteSettings.objects.update_or_create(pk=1, defaults={"name": site.NAME})
    books = Books(make_people(password, start), make_rooms(start))
    arrive(books, start)
    for post in sorted(posts(start, now, random), key=lambda post: post.at):
        say(books, post, random)
    Room.objects.bulk_update(books.rooms.values(), ["head"])
    Message.objects.bulk_create(books.messages, batch_size=500)
    Event.objects.bulk_create(books.events, batch_size=500)
    Mention.objects.bulk_create(books.mentions, batch_size=500)
    mark_read(books, random)


def make_people(password: str, start: datetime) -> dict[str, User]:
    """All have the one password of this demo; the first administers it."""
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
    adopt(NameSkeleton, people.values())
    return people


def make_rooms(start: datetime) -> dict[str, Room]:
    for slug, (topic, kind, _, _) in site.ROOMS.items():
        Room.objects.update_or_create(
            slug=slug, defaults={"name": slug, "topic": topic, "kind": kind, "created_at": start}
        )
    return {room.slug: room for room in Room.objects.all()}


def arrive(books: Books, start: datetime) -> None:
    """Everyone is in their rooms from the start; direct rooms are made here, too."""
    for slug, (_, _, _, members) in site.ROOMS.items():
        join(books, books.rooms[slug], members, start)
    for people, _ in site.DIRECTS:
        key = ",".join(str(pk) for pk in sorted(books.users[name].pk for name in people))
        room = Room.objects.create(
            slug=site.direct_slug(people), kind=Room.Kind.DIRECT, direct_key=key, created_at=start
        )
        books.rooms[room.slug] = room
        join(books, room, people, start)


def join(books: Books, room: Room, members: tuple[str, ...], at: datetime) -> None:
    books.members[room.slug] = members
    for number, username in enumerate(members):
        moment = at + timedelta(minutes=number)
        books.log(room, "member-joined", books.users[username], moment)
        Membership.objects.create(
            room=room, user=books.users[username], role=role(room, username, number), joined_at=moment
        )


def role(room: Room, username: str, number: int) -> str:
    if room.kind == Room.Kind.DIRECT:
        return Membership.Role.MEMBER
    if number == 0:
        return Membership.Role.OWNER
    return Membership.Role.MODERATOR if username in site.MODERATORS else Membership.Role.MEMBER


def say(books: Books, post: Post, random: Random) -> None:
    room, sender = books.rooms[post.room], books.users[post.who]
    named, slugs = names_in(post.text)
    people = {name: name for name in sorted(named & books.users.keys())}
    public = {slug: slug for slug in slugs & site.ROOMS.keys() if site.ROOMS[slug][1] == "public"}
    post.pk = len(books.messages) + 1
    event = books.log(room, "chat-message", sender, post.at, post.pk)
    message = Message(
        pk=post.pk,
        room=room,
        seq=event.seq,
        sender=sender,
        client_id=uuid.UUID(int=random.getrandbits(128), version=4),
        fingerprint=hashlib.sha256(post.text.encode()).hexdigest(),
        body=post.text,
        html=render(post.text, people, public),
        folded=folded(post.text),
        reply_to_id=post.answers.pk if post.answers else None,
        created_at=post.at,
    )
    books.messages.append(message)
    if not reconsider(books, message, random):
        mention(books, message, people)


def reconsider(books: Books, message: Message, random: Random) -> bool:
    """Some messages are edited soon after, and a few deleted; whether this one was deleted."""
    chance, later = random.random(), message.created_at + timedelta(seconds=random.randrange(8, 50))
    if timezone.now() - message.created_at < timedelta(days=1) or chance > 0.014:
        return False
    if chance > 0.003:
        message.edited_at = later
        books.log(message.room, "message-edited", message.sender, later, message.pk)
        return False
    message.body, message.html, message.folded, message.deleted_at = "", "", None, later
    books.events[-1].retracted = True
    books.log(message.room, "message-deleted", message.sender, later, message.pk)
    return True


def mention(books: Books, message: Message, people: Iterable[str]) -> None:
    for name in people:
        if name != message.sender.username and name in books.members[message.room.slug]:
            books.mentions.append(Mention(room=message.room, seq=message.seq, user=books.users[name]))


def mark_read(books: Books, random: Random) -> None:
    """Most people are nearly up to date; the one who logs in has something to catch up with."""
    for membership in Membership.objects.select_related("room", "user"):
        behind = 0 if random.random() < 0.7 else random.randrange(60)
        if membership.user.username == site.ME:
            behind = site.UNREAD.get(membership.room.slug, 0)
        membership.read_seq = max(0, books.rooms[membership.room.slug].head - behind)
        membership.save(update_fields=["read_seq"])
    for username, user in books.users.items():
        user.last_seen = max(
            (message.created_at for message in books.messages if message.sender.username == username),
            default=None,
        )
        user.save(update_fields=["last_seen"])
