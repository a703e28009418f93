"""Links that let people in."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts import arrivals
from accounts.models import Invite, InviteUse, User
from chatsite.errors import NotFound

GONE = "This invite link doesn't work any more. Ask for a new one."


def make_invite(
    user: User, *, expires_at: datetime | None = None, max_uses: int | None = None, for_site: bool = False
) -> Invite:
    """Whether `user` may is the caller's question."""
    return Invite.objects.create(created_by=user, expires_at=expires_at, max_uses=max_uses, for_site=for_site)


def revoke_invite(invite: Invite) -> None:
    Invite.objects.filter(pk=invite.pk).update(revoked=True)


def find_invite(code: str, *, user: User | None = None) -> Invite:
    """One that can be used now, or was used by `user` before. Raises NotFound."""
    invites = Invite.objects.select_related("created_by")
    invite = None
    if "\0" not in code:
        invite = invites.usable().filter(code=code).first()
        if invite is None and user is not None:
            invite = invites.standing().filter(code=code, used__user=user).first()
    if invite is None:
        raise NotFound(GONE)
    return invite


def use_invite(user: User, code: str) -> str | None:
    """Follows the link, and returns the page it leads to. Who followed it before may do so again."""
    with transaction.atomic():
        invite = find_invite(code, user=user)
        spend(user, invite)
        return arrivals.follow(user, invite)


def spend(user: User, invite: Invite) -> None:
    """Takes one use, in one statement: two people can't both take the last. None for who has one already. Call it in a
    transaction, which NotFound rolls back."""
    _, first = InviteUse.objects.get_or_create(invite=invite, user=user)
    if first and not Invite.objects.left().filter(pk=invite.pk).update(uses=F("uses") + 1):
        raise NotFound(GONE)
