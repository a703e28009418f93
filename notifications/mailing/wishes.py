"""What people want to get by mail, and the way out of it: a link that is signed, so that a click needs no session."""

from django.core import signing

from accounts.models import User
from chatsite.contract.errors import NotFound
from notifications.models import Mailing, MailWish

SALT = "notifications.mail"
GONE = "This link isn't one of ours, or its account is gone."


def token_of(user: User) -> str:
    """Return what stands in the link. It has no end: an old mail must let people out, too."""
    return signing.dumps(user.pk, salt=SALT)


def user_of(token: str) -> User:
    """Return whose link this is. Raises NotFound."""
    try:
        pk: int = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise NotFound(GONE) from None
    user: User | None = User.objects.filter(pk=pk).first()
    if user is None:
        raise NotFound(GONE)
    return user


def unsubscribe(token: str) -> User:
    """Let a person get no more mail; as often as asked. Raises NotFound."""
    user = user_of(token)
    choose(user, MailWish.NEVER)
    return user


def choose(user: User, wish: str) -> None:
    """Store what the person wants to get by mail."""
    Mailing.objects.update_or_create(user=user, defaults={"wish": wish})


def wish_of(user: User) -> str:
    """Return what the person wants to get by mail. One query."""
    found = Mailing.objects.filter(user=user).values_list("wish", flat=True).first()
    return found or MailWish.CONTENT
