"""Checks of new names against offices and against other people's names.

`NameSkeleton` checks once more when the name is stored, where its unique keys decide between two who ask at once.
"""

from django.core.exceptions import ValidationError

from accounts.models import NameSkeleton, SiteSettings, User
from accounts.names import is_office, skeletons
from chatsite.contract.errors import Fields, Invalid

OFFICE = "This name belongs to those who run the site."


def check_names(user: User, *names: str, by: User | None = None) -> None:
    """Raise Invalid with `fields` if one of these names (`username`, `display_name`) may not be `user`'s.

    Administrators may give themselves and others the names of offices; `by` is who gives the name, if not the person.
    """
    fields = {} if user.is_superuser or (by and by.is_superuser) else offices(user, *names)
    wanted = {skeleton for name in names for skeleton in skeletons(getattr(user, name))}
    clashes = NameSkeleton.objects.clashes(user, wanted)
    fields |= {name: texts for name, texts in clashes.items() if name in names}
    if fields:
        raise refused(fields)


def offices(user: User, *names: str) -> Fields:
    """Return errors by field for names that are an office's. A display name that repeats the username is not checked
    again."""
    site = SiteSettings.load().name
    repeated = skeletons(user.display_name) <= skeletons(user.username)
    new = [name for name in names if name == "username" or not repeated]
    return {name: [OFFICE] for name in new if is_office(getattr(user, name), site)}


def refused(fields: Fields) -> Invalid:
    """Return Invalid with all errors as its text and by field."""
    return Invalid(
        " ".join(dict.fromkeys(text for texts in fields.values() for text in texts)), fields=fields
    )


def save_named(user: User, update_fields: list[str] | None = None) -> None:
    """Store a person with new names. Raises Invalid if somebody took one, or one like it, since the check."""
    try:
        user.save(update_fields=update_fields)
    except ValidationError as error:
        raise refused(error.message_dict) from error
