"""Membership of rooms: join, leave, add, remove, roles, mutes and bans. Whoever loses it receives nothing more, at
once."""

from collections.abc import Iterable, Sequence
from functools import partial

from django.db import transaction

from accounts import quotas
from accounts.models import User
from chatsite.contract.errors import Archived, Banned, Conflict, Forbidden, Invalid, NotFound
from chatsite.realtime.delivery import revocation
from chatsite.realtime.queues import read_queue
from rooms import access, sql
from rooms.log import log
from rooms.membership import consent, membership_events
from rooms.models import Ban, Membership, Room
from rooms.presence import typing

Role = Membership.Role
# People that one request may name.
MAX_NAMED = 100
RANK = {Role.MEMBER: 0, Role.MODERATOR: 1, Role.OWNER: 2}


def person(username: str) -> User:
    """Return the active user of this name. Raises NotFound."""
    try:
        user: User = User.objects.filter(is_active=True).by_username(username)
    except User.DoesNotExist as error:
        raise NotFound("There is no such person.") from error
    return user


def anybody(username: str) -> User:
    """Return the user of this name, also a deactivated one, whose messages remain. Raises NotFound."""
    user: User | None = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise NotFound("There is no such person.")
    return user


def people(usernames: Iterable[str]) -> list[User]:
    """Return users in the order given, each once. Raises Invalid for unknown names, and for more than MAX_NAMED."""
    given = list(dict.fromkeys(usernames))
    if len(given) > MAX_NAMED:
        raise Invalid.about("members", f"Name at most {MAX_NAMED} people at once.")
    found = User.objects.filter(is_active=True).by_usernames(given)
    missing = [username for username in given if username.lower() not in found]
    if missing:
        sentences = [f"There is nobody called {username}." for username in missing]
        raise Invalid(" ".join(sentences), fields={"members": sentences})
    return list(dict.fromkeys(found[username.lower()] for username in given))


def grant(room: Room, user: User, role: str = Role.MEMBER, by: User | None = None) -> bool:
    """Make `user` a member; return whether they were none. Messages from before their arrival count as read."""
    return bool(admit(room, [user], role, by))


@transaction.atomic
def admit(
    room: Room,
    people: Sequence[User],
    role: str = Role.MEMBER,
    by: User | None = None,
    added_by: User | None = None,
) -> list[User]:
    """Make people members who are none, in as many statements for a hundred as for one; return who they were. `by` is
    named in the room's log; `added_by` counts them towards that person's additions."""
    access.locked(room)
    inside = set(room.memberships.filter(user__in=people).values_list("user_id", flat=True))
    fresh = [person for person in people if person.pk not in inside]
    if not fresh:
        return []
    by = by or added_by
    events = log.append_all(room, "member-joined", fresh, **({"by": by.username} if by else {}))
    seqs = ((person.pk, event.seq) for person, event in zip(fresh, events, strict=True))
    sql.admit(room.pk, role, added_by.pk if added_by else None, events[0].at, seqs)
    notify = partial(membership_events.notify_added, room.slug, [person.pk for person in fresh])
    transaction.on_commit(notify, robust=True)
    return fresh


@transaction.atomic
def revoke(room: Room, user: User, by: User | None = None) -> None:
    """End `user`'s membership. The end is the last event from this room on their connections, also on those of
    somebody who was no member: anybody may read an archived public room."""
    access.locked(room)
    was_member = Membership.objects.filter(room=room, user=user).delete()[0]
    if was_member:
        log.append(room, "member-left", user, **({"by": by.username} if by else {}))
    transaction.on_commit(partial(evict, room.slug, user), robust=True)
    # Not for others: a ban must not reveal a room that they could not see.
    if was_member:
        notify = partial(membership_events.notify_removed, room.slug, user.pk)
        transaction.on_commit(notify, robust=True)


def evict(slug: str, user: User) -> None:
    """Unsubscribe the person's connections from the room in every process."""
    typing.stop(slug, user)
    revocation.evict(user.pk, slug)


def join_room(user: User, slug: str) -> Room:
    """Join a public room, or be a member already. Raises NotFound, Banned, Archived."""
    room, membership = access.find(user, slug)
    if membership is not None:
        return room
    with transaction.atomic():
        # The person may have been banned while the lock was awaited.
        access.locked(room)
        room, _ = access.find(user, slug)
        if room.archived:
            raise Archived()
        if grant(room, user):
            consent.lift_room_block(room, user)
    return room


@transaction.atomic
def leave_room(user: User, slug: str) -> None:
    """Leave for good. The last owner passes the room to the longest-serving moderator, or else member. Raises
    Forbidden."""
    membership = access.membership_for(user, slug)
    room = membership.room
    if room.kind == Room.Kind.DIRECT:
        raise Forbidden("A direct conversation can't be left.")
    if room.is_default:
        raise Forbidden("Everyone is in this room.")
    revoke(room, user)
    if membership.role == Role.OWNER:
        transfer_ownership(room)


@transaction.atomic
def transfer_ownership(room: Room) -> None:
    """Give a room without an owner to its longest-serving moderator, or else member."""
    members = room.memberships.filter(user__is_active=True).order_by("joined_at", "pk")
    if members.filter(role=Role.OWNER).exists():
        return
    members = members.select_related("user")
    successor = members.filter(role=Role.MODERATOR).first() or members.first()
    if successor:
        alter(successor, role=Role.OWNER)


def add_member(user: User, slug: str, username: str) -> Membership:
    """Add a person: by the owner or a moderator, or oneself into a public room. Raises NotFound, Forbidden, Archived,
    Banned, RateLimited and QuotaExceeded."""
    if username.lower() == user.username.lower():
        join_room(user, slug)
        return Membership.objects.select_related("user").get(room__slug=slug, user=user)
    room = access.moderating_membership(user, slug).room
    other = person(username)
    if not room.memberships.filter(user=other).exists():
        quotas.spend(user, quotas.ADDITIONS)
        read_queue.give_way()
        add(user, room.slug, other)
    return Membership.objects.select_related("user").get(room=room, user=other)


@transaction.atomic
def add(user: User, slug: str, other: User) -> None:
    """Check and add in one transaction."""
    quotas.lock_owner(user)
    room = access.locked(access.moderating_membership(user, slug).room)
    if room.archived:
        raise Archived()
    if Ban.objects.filter(room=room, user=other).exists():
        raise Banned(f"{other.username} is banned from this room.")
    consent.check_may_add(user, [other], room)
    check_additions(user, 1)
    admit(room, [other], added_by=user)


def check_additions(user: User, more: int) -> None:
    """Raise QuotaExceeded if the person has added too many members."""
    quotas.check_total(user, quotas.ADDITIONS, Membership.objects.filter(added_by=user), more)


def member(room: Room, username: str) -> Membership:
    """Return the membership of the person of this name. Raises NotFound."""
    found = room.memberships.select_related("user", "room").filter(user__username__iexact=username).first()
    if found is None:
        raise NotFound("There is no such member.")
    return found


def authorise_over(user: User, slug: str, username: str) -> tuple[Room, Membership]:
    """Return the room and the membership of somebody whom `user` may change: moderators members, owners all. Raises
    NotFound and Forbidden."""
    mine = access.moderating_membership(user, slug)
    other = member(mine.room, username)
    if mine.room.kind == Room.Kind.DIRECT:
        raise Forbidden("A direct conversation has no moderators.")
    if mine.role != Role.OWNER and RANK[Role(other.role)] >= RANK[Role(mine.role)]:
        raise Forbidden("Only the room's owner may do that.")
    return mine.room, other


@transaction.atomic
def remove_member(user: User, slug: str, username: str) -> None:
    """Remove a member, or leave oneself. Raises NotFound and Forbidden."""
    if username.lower() == user.username.lower():
        leave_room(user, slug)
        return
    try:
        room, other = authorise_over(user, slug, username)
    except NotFound:
        evict_again(user, slug, username)
        raise
    revoke(room, other.user, by=user)


def evict_again(user: User, slug: str, username: str) -> None:
    """Evict people of this name who are no members: they may have been removed by a request that failed midway, and
    NotFound must mean that no process serves them."""
    access.moderating_membership(user, slug)
    for other in User.objects.filter(username__iexact=username):
        evict(slug, other)


@transaction.atomic
def change_member(
    user: User, slug: str, username: str, *, role: str | None = None, muted: bool | None = None
) -> Membership:
    """Set a role (owners only; the last owner keeps theirs) or a mute (moderators). Raises NotFound, Forbidden and
    Conflict."""
    access.locked(access.moderating_membership(user, slug).room)
    _, other = authorise_over(user, slug, username)
    if role is not None and role != other.role:
        access.owning_membership(user, slug)
        check_not_last_owner(other)
    return alter(other, role=role, muted=muted, by=user)


def check_not_last_owner(member: Membership) -> None:
    """Raise Conflict if the member is the room's only owner."""
    owners = member.room.memberships.filter(role=Role.OWNER)
    if member.role == Role.OWNER and owners.count() == 1:
        raise Conflict("A room needs an owner: name another one first.")


@transaction.atomic
def alter(
    member: Membership, *, role: str | None = None, muted: bool | None = None, by: User | None = None
) -> Membership:
    """Do `change_member` without authorising. A new role is told to the room, a mute to the member. `member` is as
    stored; the room is locked."""
    if role is not None and role != member.role:
        member.role = role
        details = {"by": by.username} if by else {}
        log.append(member.room, "member-updated", member.user, role=role, **details)
    if muted is not None and muted != member.muted:
        member.muted = muted
        transaction.on_commit(revocation.restrict)
        transaction.on_commit(partial(membership_events.send_changed, member.pk), robust=True)
    member.save(update_fields=["role", "muted"])
    return member


@transaction.atomic
def set_level(user: User, slug: str, level: str) -> Membership:
    """Choose what one is told of in a room, "" for the default. Raises NotFound and Forbidden."""
    membership = access.membership_for(user, slug)
    if membership.level != level:
        membership.level = level
        membership.save(update_fields=["level"])
        transaction.on_commit(partial(membership_events.send_changed, membership.pk), robust=True)
    return membership


@transaction.atomic
def ban(user: User, slug: str, username: str) -> Ban:
    """Remove somebody for good, or keep out somebody who is no member. Raises NotFound and Forbidden."""
    room = access.locked(access.moderating_membership(user, slug).room)
    if room.memberships.filter(user__username__iexact=username).exists():
        authorise_over(user, slug, username)
    other = person(username)
    revoke(room, other, by=user)
    return Ban.objects.get_or_create(room=room, user=other, defaults={"created_by": user})[0]


def lift_ban(user: User, slug: str, username: str) -> None:
    """Lift a ban. Raises NotFound and Forbidden."""
    room = access.moderating_membership(user, slug).room
    if not Ban.objects.filter(room=room, user__username__iexact=username).delete()[0]:
        raise NotFound("There is no such ban.")
