"""What people say about themselves."""

from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.names import tidy
from chatsite.errors import Invalid


def update_profile(user: User, *, display_name: str | None = None, email: str | None = None) -> User:
    """Changes what is given. Raises Invalid with `fields`."""
    if display_name is not None:
        user.display_name = display_name
    if email is not None:
        user.email = User.objects.normalize_email(email)
    check_fields(user, "display_name", "email")
    user.save(update_fields=["display_name", "email"])
    return user


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
