"""What people say about themselves."""

from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.names import tidy
from accounts.services.naming import check_names, save_named
from chatsite.contract.errors import Invalid


def update_profile(user: User, *, display_name: str | None = None, email: str | None = None) -> User:
    """Changes what is given; a name that somebody has already, or is shown by where they gave none, stays theirs, whatever
    the rules are by now. Raises Invalid with `fields`, and leaves `user` as before."""
    before = user.display_name, user.email
    new: dict[str, str] = {}
    if display_name is not None and tidy(display_name) not in (user.display_name, user.name):
        new["display_name"] = display_name
    if email is not None:
        new["email"] = User.objects.normalize_email(email)
    try:
        change(user, new)
    except Invalid:
        user.display_name, user.email = before
        raise
    return user


def change(user: User, new: dict[str, str]) -> None:
    for name, value in new.items():
        setattr(user, name, value)
    check_fields(user, *new)
    if "display_name" in new:
        check_names(user, "display_name")
    save_named(user, list(new))


def check_fields(user: User, *names: str) -> None:
    """Asks the model whether these fields may be so. Raises Invalid with `fields`."""
    others = {field.name for field in User._meta.fields} - set(names)
    try:
        user.clean_fields(exclude=others)
    except ValidationError as error:
        fields = error.message_dict
        raise Invalid(
            "; ".join(sentence for texts in fields.values() for sentence in texts), fields=fields
        ) from error
    user.display_name = tidy(user.display_name)
