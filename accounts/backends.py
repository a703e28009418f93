"""Django's way of checking a password and of asking for a permission, with this site's two ranks.

Administrators (`is_superuser`) may do everything. Moderators (`is_staff`) look after rooms, messages and people.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend

MODERATED_APPS = frozenset({"rooms", "messaging"})
MODERATED = frozenset(
    {"accounts.view_user", "accounts.change_user", "accounts.view_invite", "accounts.change_invite"}
)


class AccountBackend(ModelBackend):
    def user_can_authenticate(self, user: Any) -> bool:
        """Asked at login and again on every request, so a ban or a deactivation holds at once."""
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
    return not user.is_anonymous and user.is_staff and user.is_present
