"""Invite links: make, find, use and revoke them."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import quotas, signup_hooks
from accounts.models import Invite, InviteUse, User
from chatsite.contract.errors import Forbidden, Invalid, NotFound

GONE = "This invite link doesn't work any more. Ask for a new one."
# Default and maximum: days for which a link works, and people who may use it.
DEFAULT_DAYS, MAX_DAYS = 7, 365
DEFAULT_USES, MAX_USES = 100, 10_000


def may_invite(user: User) -> bool:
    """Return whether this person's links let people sign up, by the site's settings as they are now."""
    return bool(User.objects.inviting().filter(pk=user.pk).exists())


def make_invite(user: User, *, days: int = DEFAULT_DAYS, max_uses: int = DEFAULT_USES) -> Invite:
    """Make a link into the site, by which people sign up. Raises Forbidden, Invalid, RateLimited and QuotaExceeded."""
    if not may_invite(user):
        raise Forbidden("You may not invite people to this site.")
    quotas.spend(user, quotas.INVITES)
    with transaction.atomic():
        return store_invite(user, days=days, max_uses=max_uses, for_site=True)


def store_invite(
    user: User, *, days: int = DEFAULT_DAYS, max_uses: int = DEFAULT_USES, for_site: bool = False
) -> Invite:
    """Store a link of somebody who may make it and has spent one of the hour's quota. Call it in a transaction.
    Raises Invalid and QuotaExceeded."""
    if not 1 <= days <= MAX_DAYS:
        raise Invalid.about("days", f"Use 1 to {MAX_DAYS} days.")
    if not 1 <= max_uses <= MAX_USES:
        raise Invalid.about("max_uses", f"Use 1 to {MAX_USES} people.")
    quotas.lock_owner(user)
    quotas.check_total(user, quotas.INVITES, Invite.objects.left().filter(created_by=user))
    expires_at = timezone.now() + timedelta(days=days)
    return Invite.objects.create(created_by=user, expires_at=expires_at, max_uses=max_uses, for_site=for_site)


def revoke_invite(invite: Invite) -> None:
    """Revoke a link. Whoever came by it stays."""
    Invite.objects.filter(pk=invite.pk).update(revoked=True)


def find_invite(code: str, *, user: User | None = None) -> Invite:
    """Return a link that can be used now, or that `user` has used before. Raises NotFound."""
    invites = Invite.objects.select_related("created_by")
    invite = None
    if "\0" not in code:
        invite = invites.usable().filter(code=code).first()
        if invite is None and user is not None:
            invite = invites.standing().filter(code=code, used__user=user).first()
    if invite is None or not (invite.for_site or signup_hooks.leads_somewhere(invite)):
        raise NotFound(GONE)
    return invite


def use_invite(user: User, code: str) -> str | None:
    """Use a link, and return the page to which it leads, if any. A person may use it again. Raises NotFound."""
    with transaction.atomic():
        invite = find_invite(code, user=user)
        spend(user, invite)
        return signup_hooks.follow(user, invite)


def spend(user: User, invite: Invite) -> None:
    """Count one use in one statement, so that two people can't both take the last; a person's second use is free.
    Call it in a transaction, which NotFound rolls back."""
    _, first = InviteUse.objects.get_or_create(invite=invite, user=user)
    if first and not Invite.objects.left().filter(pk=invite.pk).update(uses=F("uses") + 1):
        raise NotFound(GONE)
