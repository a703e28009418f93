"""Who may use the site, and with which rank. `by` is who decides; None is the owner of the machine."""

from django.db import transaction
from django.db.models import F

from accounts.models import User
from accounts.services.sessions import end_sessions, log_out_everywhere
from chatsite.contract.errors import Conflict, Forbidden


def deactivate(user: User, *, by: User | None = None) -> None:
    bar(user, by, "deactivated", is_active=False)


def reactivate(user: User, *, by: User | None = None) -> None:
    admit(user, by, is_active=True)


def ban(user: User, *, by: User | None = None) -> None:
    bar(user, by, "banned", is_banned=True)


def unban(user: User, *, by: User | None = None) -> None:
    admit(user, by, is_banned=False)


def bar(user: User, by: User | None, code: str, **change: bool) -> None:
    """Sessions from before stay over, even when the person comes back."""
    check_may_manage(by, user)
    with transaction.atomic():
        check_not_last_administrator(user)
        barred = User.objects.filter(pk=user.pk)
        # What they were sending is stored before the answer, or not at all: a message's sender is locked, too.
        barred.select_for_update().get()
        barred.update(session_version=F("session_version") + 1, **change)
        end_sessions(user.pk, code)
    user.refresh_from_db(fields=["session_version", *change])


def admit(user: User, by: User | None, **change: bool) -> None:
    check_may_manage(by, user)
    User.objects.filter(pk=user.pk).update(**change)
    user.refresh_from_db(fields=list(change))


def check_may_manage(by: User | None, user: User) -> None:
    """Moderators look after people, administrators after everybody but themselves."""
    if by is None:
        return
    if by.pk == user.pk:
        raise Forbidden("You can't do that to your own account.")
    if not by.is_present or not (
        by.is_superuser or (by.is_staff and not user.is_staff and not user.is_superuser)
    ):
        raise Forbidden("Only an administrator may do that.")


def check_not_last_administrator(user: User) -> None:
    others = User.objects.present().filter(is_superuser=True).exclude(pk=user.pk)
    # Their messages needn't wait for it, nor it for them.
    if user.is_superuser and not list(others.select_for_update(no_key=True)):
        raise Conflict("This is the last administrator. Make another one first.")


def end_everything(user: User, *, by: User | None = None) -> None:
    """Somebody else's sessions and tokens; one's own are ended on the profile page."""
    check_may_manage(by, user)
    log_out_everywhere(user)


def set_rank(user: User, *, is_staff: bool, is_superuser: bool, by: User | None = None) -> None:
    """Administrators are moderators too."""
    if by is not None and not (by.is_present and by.is_superuser):
        raise Forbidden("Only an administrator may do that.")
    with transaction.atomic():
        if not is_superuser:
            check_not_last_administrator(user)
        User.objects.filter(pk=user.pk).update(is_superuser=is_superuser, is_staff=is_staff or is_superuser)
    user.refresh_from_db(fields=["is_staff", "is_superuser"])
