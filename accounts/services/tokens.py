"""Keys for programs."""

import secrets

from django.db import transaction

from accounts.models import ApiToken, User
from accounts.services.sessions import end_sessions
from chatsite.errors import Invalid

MOST = 20


def make_token(user: User, name: str) -> tuple[ApiToken, str]:
    """The stored row, and the token itself: this is the only time it can be seen."""
    name = name.strip()
    if not name or len(name) > 60:
        raise Invalid("Give the token a name.", fields={"name": ["Use 1 to 60 characters."]})
    if user.tokens.count() >= MOST:
        raise Invalid(f"There are {MOST} tokens already. Revoke one first.")
    secret = f"chat_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=user, name=name, prefix=secret[:12], digest=ApiToken.digest_of(secret)
    )
    return token, secret


def revoke_token(token: ApiToken) -> None:
    user_id, token_id = token.user_id, token.pk
    with transaction.atomic():
        token.delete()
        end_sessions(user_id, "revoked", token_id=token_id)
