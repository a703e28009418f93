"""Django's authentication backend with this site's two ranks.

Administrators (`is_superuser`) have every permission. Moderators (`is_staff`) have those of rooms, messages,
emoji and people.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from accounts.models import User
from chatsite.database.prepared import Given, Prepared

MODERATED_APPS = frozenset({"rooms", "messaging", "emoji"})
MODERATED = frozenset(
    {"accounts.view_user", "accounts.change_user", "accounts.view_invite", "accounts.change_invite"}
)
_person = Prepared(lambda: User.objects.filter(pk=Given(0)).order_by())


class AccountBackend(ModelBackend):
    """Checks passwords as Django does, and grants moderators their permissions."""

    def get_user(self, user_id: int) -> User | None:
        user = _person.first(user_id)
        return user if self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: Any) -> bool:
        """Return whether the account may be used. Django calls it at login and on every request: a ban takes effect
        at once."""
        return user is not None and user.is_present

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if super().has_perm(user_obj, perm, obj=obj):
            return True
        return moderates(user_obj) and (perm in MODERATED or perm.partition(".")[0] in MODERATED_APPS)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        if super().has_module_perms(user_obj, app_label):
            return True
        return moderates(user_obj) and (app_label == "accounts" or app_label in MODERATED_APPS)


def moderates(user: Any) -> bool:
    """Return whether the user is a moderator who may use the site."""
    return not user.is_anonymous and user.is_staff and user.is_present
