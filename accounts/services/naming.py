"""Whether somebody may bear a name: it must be no office's, and look like nobody else's.

`NameSkeleton` has the last word when the name is stored, where two who ask at once are told apart.
"""

from django.core.exceptions import ValidationError

from accounts.models import NameSkeleton, SiteSettings, User
from accounts.names import is_office, skeletons
from chatsite.contract.errors import Fields, Invalid

OFFICE = "This name belongs to those who run the site."


def check_names(user: User, *names: str, by: User | None = None) -> None:
    """Raise Invalid with `fields` where one of these names (`username`, `display_name`) may not be `user`'s.

    Administrators may call themselves and others by the names of offices; `by` is who gives the name, if not the person.
    """
    fields = {} if user.is_superuser or (by and by.is_superuser) else offices(user, *names)
    wanted = {skeleton for name in names for skeleton in skeletons(getattr(user, name))}
    clashes = NameSkeleton.objects.clashes(user, wanted)
    fields |= {name: texts for name, texts in clashes.items() if name in names}
    if fields:
        raise refused(fields)


def offices(user: User, *names: str) -> Fields:
    """Sentences for those of the names that are an office's. A display name that only repeats the username adds nothing."""
    site = SiteSettings.load().name
    repeated = skeletons(user.display_name) <= skeletons(user.username)
    new = [name for name in names if name == "username" or not repeated]
    return {name: [OFFICE] for name in new if is_office(getattr(user, name), site)}


def refused(fields: Fields) -> Invalid:
    return Invalid(
        " ".join(dict.fromkeys(text for texts in fields.values() for text in texts)), fields=fields
    )


def save_named(user: User, update_fields: list[str] | None = None) -> None:
    """Store a person whose names are new. Raise Invalid where somebody took one, or one like it, since it was checked."""
    try:
        user.save(update_fields=update_fields)
    except ValidationError as error:
        raise refused(error.message_dict) from error
