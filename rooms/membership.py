"""Who is in a room: join, leave, add, remove, roles, mutes and bans. Losing membership ends live delivery at once."""

from collections.abc import Iterable
from functools import partial

from django.db import transaction

from accounts.models import User
from chatsite.errors import Archived, Banned, Conflict, Forbidden, Invalid, NotFound
from chatsite.realtime import rights
from rooms import access, activity, log, typing
from rooms.models import Ban, Membership, Room

Role = Membership.Role
RANK = {Role.MEMBER: 0, Role.MODERATOR: 1, Role.OWNER: 2}


def person(username: str) -> User:
    user = User.objects.filter(username__iexact=username, is_active=True).first()
    if user is None:
        raise NotFound("There is no such person.")
    return user


def anybody(username: str) -> User:
    """Also who is no longer here: what they wrote is, under their name."""
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise NotFound("There is no such person.")
    return user


def people(usernames: Iterable[str]) -> list[User]:
    """`invalid` names those who aren't there."""
    found, missing = [], []
    for username in dict.fromkeys(usernames):
        try:
            found.append(person(username))
        except NotFound:
            missing.append(username)
    if missing:
        sentences = [f"There is nobody called {username}." for username in missing]
        raise Invalid(" ".join(sentences), fields={"members": sentences})
    return found


@transaction.atomic
def grant(room: Room, user: User, role: str = Role.MEMBER, by: User | None = None) -> bool:
    """Make `user` a member; whether they were none before. What came before their arrival counts as read."""
    access.locked(room)
    membership, created = Membership.objects.get_or_create(room=room, user=user, defaults={"role": role})
    if not created:
        return False
    event = log.append(room, "member-joined", user, **({"by": by.username} if by else {}))
    membership.read_seq = event.seq
    membership.save(update_fields=["read_seq"])
    transaction.on_commit(partial(activity.tell_one, room.slug, user.pk), robust=True)
    return True


@transaction.atomic
def revoke(room: Room, user: User, by: User | None = None) -> None:
    """End `user`'s membership. Their open sockets hear of it as the last thing from this room, also those of somebody
    who was no member: an archived public room is anybody's to read."""
    access.locked(room)
    if Membership.objects.filter(room=room, user=user).delete()[0]:
        log.append(room, "member-left", user, **({"by": by.username} if by else {}))
    transaction.on_commit(partial(put_out, room.slug, user), robust=True)


def put_out(slug: str, user: User) -> None:
    typing.stop(slug, user)
    rights.evict(user.pk, slug)


def join_room(user: User, slug: str) -> Room:
    """Come into a public room, or be in it already."""
    room, membership = access.find(user, slug)
    if membership is not None:
        return room
    with transaction.atomic():
        # Whoever waited for their turn may have been banned meanwhile.
        access.locked(room)
        room, _ = access.find(user, slug)
        if room.archived:
            raise Archived()
        grant(room, user)
    return room


@transaction.atomic
def leave_room(user: User, slug: str) -> None:
    """Leave for good. The last owner hands the room to the longest-serving moderator, or else member."""
    membership = access.membership_for(user, slug)
    room = membership.room
    if room.kind == Room.Kind.DIRECT:
        raise Forbidden("A direct conversation can't be left.")
    if room.is_default:
        raise Forbidden("Everyone is in this room.")
    revoke(room, user)
    if membership.role == Role.OWNER:
        hand_over(room)


def hand_over(room: Room) -> None:
    members = room.memberships.filter(user__is_active=True).order_by("joined_at", "pk")
    if members.filter(role=Role.OWNER).exists():
        return
    heir = members.filter(role=Role.MODERATOR).first() or members.first()
    if heir:
        heir.role = Role.OWNER
        heir.save(update_fields=["role"])


@transaction.atomic
def add_member(user: User, slug: str, username: str) -> Membership:
    """Bring somebody in: the owner and moderators, or oneself into a public room."""
    if username.lower() == user.username.lower():
        join_room(user, slug)
        return Membership.objects.select_related("user").get(room__slug=slug, user=user)
    room = access.locked(access.moderating_membership(user, slug).room)
    if room.archived:
        raise Archived()
    other = person(username)
    if Ban.objects.filter(room=room, user=other).exists():
        raise Banned(f"{other.username} is banned from this room.")
    grant(room, other, by=user)
    return Membership.objects.select_related("user").get(room=room, user=other)


def member(room: Room, username: str) -> Membership:
    found = room.memberships.select_related("user", "room").filter(user__username__iexact=username).first()
    if found is None:
        raise NotFound("There is no such member.")
    return found


def over(user: User, slug: str, username: str) -> tuple[Room, Membership]:
    """The room and somebody in it over whom `user` has power: moderators over members, owners over all."""
    mine = access.moderating_membership(user, slug)
    other = member(mine.room, username)
    if mine.room.kind == Room.Kind.DIRECT:
        raise Forbidden("A direct conversation has no moderators.")
    if mine.role != Role.OWNER and RANK[Role(other.role)] >= RANK[Role(mine.role)]:
        raise Forbidden("Only the room's owner may do that.")
    return mine.room, other


@transaction.atomic
def remove_member(user: User, slug: str, username: str) -> None:
    """Put somebody out; oneself: leave."""
    if username.lower() == user.username.lower():
        leave_room(user, slug)
        return
    try:
        room, other = over(user, slug, username)
    except NotFound:
        put_out_again(user, slug, username)
        raise
    revoke(room, other.user, by=user)


def put_out_again(user: User, slug: str, username: str) -> None:
    """Who isn't in may have been removed a moment ago, by a request that failed in its midst: that they aren't is said when
    it is so in every process."""
    access.moderating_membership(user, slug)
    for other in User.objects.filter(username__iexact=username):
        put_out(slug, other)


@transaction.atomic
def change_member(
    user: User, slug: str, username: str, *, role: str | None = None, muted: bool | None = None
) -> Membership:
    """A new role (by an owner; the last owner keeps theirs) or a mute (by a moderator)."""
    room, other = over(user, slug, username)
    if role is not None and role != other.role:
        access.owning_membership(user, slug)
        last = other.role == Role.OWNER and room.memberships.filter(role=Role.OWNER).count() == 1
        if last:
            raise Conflict("A room needs an owner: name another one first.")
        other.role = role
    if muted is not None:
        other.muted = muted
        transaction.on_commit(rights.restrict)
    other.save(update_fields=["role", "muted"])
    return other


@transaction.atomic
def ban(user: User, slug: str, username: str) -> Ban:
    """Put somebody out for good, or keep out somebody who isn't in."""
    room = access.locked(access.moderating_membership(user, slug).room)
    if room.memberships.filter(user__username__iexact=username).exists():
        over(user, slug, username)
    other = person(username)
    revoke(room, other, by=user)
    return Ban.objects.get_or_create(room=room, user=other, defaults={"created_by": user})[0]


def lift_ban(user: User, slug: str, username: str) -> None:
    room = access.moderating_membership(user, slug).room
    if not Ban.objects.filter(room=room, user__username__iexact=username).delete()[0]:
        raise NotFound("There is no such ban.")
