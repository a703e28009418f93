"""Changes of one's own profile."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from accounts.names import tidy
from accounts.services import status
from accounts.services.naming import check_names, save_named
from chatsite.contract.emoji import spelling_of
from chatsite.contract.errors import Invalid

CHANGEABLE = (
    "display_name",
    "email",
    "double_click_reaction",
    "show_previews",
    "show_receipts",
    "single_keys",
    *status.COLUMNS,
)

# Called after the commit with a person who switched their read receipts on or off.
on_receipts_switched: list[Callable[[User], None]] = []


def update_profile(
    user: User,
    *,
    display_name: str | None = None,
    email: str | None = None,
    double_click_reaction: str | None = None,
    show_previews: bool | None = None,
    show_receipts: bool | None = None,
    single_keys: bool | None = None,
    **said: Any,
) -> User:
    """Change the given fields; `said` are those of `status.columns_of`. A display name that is unchanged, or repeats the
    username that stands for a missing one, is kept whatever today's rules say; an empty `double_click_reaction` is none.
    Raises Invalid with `fields` and restores `user`."""
    before = {name: getattr(user, name) for name in CHANGEABLE}
    new: dict[str, Any] = status.columns_of(user, said)
    if display_name is not None and tidy(display_name) not in (user.display_name, user.name):
        new["display_name"] = display_name
    if email is not None:
        new["email"] = User.objects.normalize_email(email)
    if double_click_reaction is not None:
        new["double_click_reaction"] = emoji_or_none(double_click_reaction)
    if show_previews is not None:
        new["show_previews"] = show_previews
    if show_receipts is not None:
        new["show_receipts"] = show_receipts
    if single_keys is not None:
        new["single_keys"] = single_keys
    try:
        change(user, new)
    except Invalid:
        for name, value in before.items():
            setattr(user, name, value)
        raise
    return user


def emoji_or_none(value: str) -> str:
    """Return the spelling of an emoji, or the empty text. Raises Invalid with `fields` for anything else."""
    known = spelling_of(value) if value else ""
    if known is None:
        raise Invalid.about("double_click_reaction", "Use one emoji, or none.")
    return known


def change(user: User, new: dict[str, Any]) -> None:
    """Check and store new values of fields."""
    switched = new.get("show_receipts", user.show_receipts) != user.show_receipts
    with status.told(user, new):
        for name, value in new.items():
            setattr(user, name, value)
        check_fields(user, *new)
        if "display_name" in new:
            check_names(user, "display_name")
        save_named(user, list(new))
    if switched:
        transaction.on_commit(partial(receipts_switched, user), robust=True)


def receipts_switched(user: User) -> None:
    """Call the hooks of a person who shows receipts now, or doesn't any more."""
    for hook in on_receipts_switched:
        hook(user)


def check_fields(user: User, *names: str) -> None:
    """Run the model's validators of these fields. Raises Invalid with `fields`."""
    others = {field.name for field in User._meta.fields} - set(names)
    try:
        user.clean_fields(exclude=others)
    except ValidationError as error:
        fields = error.message_dict
        raise Invalid(
            "; ".join(sentence for texts in fields.values() for sentence in texts), fields=fields
        ) from error
    user.display_name = tidy(user.display_name)
