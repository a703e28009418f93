"""Levels: what a member is told of in a room. Their choice there goes before their own default, and that before the site's;
in direct rooms the default is everything. A moderator's mute has nothing to do with it: who is muted may not write."""

from django.db.models import F, QuerySet, Subquery

from accounts.models import NotificationLevel, SiteSettings, User
from rooms import access
from rooms.models import Membership, Room


def effective(chosen: str, kind: str, mine: str, site: str) -> str:
    """Return the level by what a member chose in a room of this kind, their default and the site's; each may be empty."""
    if chosen:
        return chosen
    if kind == Room.Kind.DIRECT:
        return NotificationLevel.ALL
    return mine or site or NotificationLevel.MENTIONS


def with_defaults(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    """Annotate memberships with their people's defaults and the site's, for `level_of`."""
    site = SiteSettings.objects.filter(pk=1).values("notification_level")
    return memberships.annotate(own_default=F("user__notification_level"), site_default=Subquery(site))


def level_of(membership: Membership) -> str:
    """Return the level of a membership with `with_defaults` and its room."""
    own: str = membership.own_default  # type: ignore[attr-defined]
    site: str | None = membership.site_default  # type: ignore[attr-defined]
    return effective(membership.level, membership.room.kind, own, site or "")


def own_level(user: User, slug: str) -> str:
    """Return the person's level in the room. Raises NotFound and Forbidden."""
    membership = access.membership_for(user, slug)
    return level_of(with_defaults(Membership.objects.select_related("room")).get(pk=membership.pk))
