"""Moderation of accounts: bans, deactivation and ranks. `by` is the person who acts; None is the machine's owner.

All raise Forbidden if `by` may not, and Conflict for the last administrator.
"""

from django.db import transaction
from django.db.models import F

from accounts.models import User
from accounts.services.sessions import end_sessions, log_out_everywhere
from chatsite.contract.errors import Conflict, Forbidden


def deactivate(user: User, *, by: User | None = None) -> None:
    """Close an account, and end its sessions and connections."""
    bar(user, by, "deactivated", is_active=False)


def reactivate(user: User, *, by: User | None = None) -> None:
    """Reopen a deactivated account."""
    admit(user, by, is_active=True)


def ban(user: User, *, by: User | None = None) -> None:
    """Ban a person from the site, and end their sessions and connections."""
    bar(user, by, "banned", is_banned=True)


def unban(user: User, *, by: User | None = None) -> None:
    """Lift a person's ban."""
    admit(user, by, is_banned=False)


def bar(user: User, by: User | None, code: str, **change: bool) -> None:
    """Close an account by `change`, and end its connections with `code`. Its sessions stay ended when it is opened
    again."""
    check_may_manage(by, user)
    with transaction.atomic():
        check_not_last_administrator(user)
        barred = User.objects.filter(pk=user.pk)
        # The row lock also waits for messages that the person is sending: they are stored before this returns, or not
        # at all.
        barred.select_for_update().get()
        barred.update(session_version=F("session_version") + 1, **change)
        end_sessions(user.pk, code)
    user.refresh_from_db(fields=["session_version", *change])


def admit(user: User, by: User | None, **change: bool) -> None:
    """Open an account by `change`."""
    check_may_manage(by, user)
    User.objects.filter(pk=user.pk).update(**change)
    user.refresh_from_db(fields=list(change))


def check_may_manage(by: User | None, user: User) -> None:
    """Raise Forbidden unless `by` may act on `user`: moderators on members, administrators on everybody but
    themselves."""
    if by is None:
        return
    if by.pk == user.pk:
        raise Forbidden("You can't do that to your own account.")
    if not by.is_present or not (
        by.is_superuser or (by.is_staff and not user.is_staff and not user.is_superuser)
    ):
        raise Forbidden("Only an administrator may do that.")


def check_not_last_administrator(user: User) -> None:
    """Raise Conflict if `user` is the only administrator; lock the others until the transaction ends."""
    others = User.objects.present().filter(is_superuser=True).exclude(pk=user.pk)
    # A weaker lock: their messages don't wait for it, nor it for them.
    if user.is_superuser and not list(others.select_for_update(no_key=True)):
        raise Conflict("This is the last administrator. Make another one first.")


def end_everything(user: User, *, by: User | None = None) -> None:
    """End another person's sessions and tokens; one's own are ended on the profile page."""
    check_may_manage(by, user)
    log_out_everywhere(user)


def set_rank(user: User, *, is_staff: bool, is_superuser: bool, by: User | None = None) -> None:
    """Make somebody a member, moderator or administrator. Administrators are moderators too."""
    if by is not None and not (by.is_present and by.is_superuser):
        raise Forbidden("Only an administrator may do that.")
    with transaction.atomic():
        if not is_superuser:
            check_not_last_administrator(user)
        User.objects.filter(pk=user.pk).update(is_superuser=is_superuser, is_staff=is_staff or is_superuser)
    user.refresh_from_db(fields=["is_staff", "is_superuser"])
