"""API tokens: make and revoke them."""

import secrets

from django.db import transaction

from accounts.models import ApiToken, User
from accounts.services.sessions import end_sessions
from chatsite.contract.errors import Conflict, Invalid, Unauthorized

MAX_TOKENS = 20


def make_token(user: User, name: str) -> tuple[ApiToken, str]:
    """Return the stored row and the token itself, which can't be read again. Raises Invalid, Conflict and
    Unauthorized."""
    name = name.strip()
    if not name or len(name) > 60:
        raise Invalid("Give the token a name.", fields={"name": ["Use 1 to 60 characters."]})
    secret = f"chat_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        lock(user)
        if user.tokens.count() >= MAX_TOKENS:
            raise Conflict(f"There are {MAX_TOKENS} tokens already. Revoke one first.")
        token = ApiToken.objects.create(
            user=user, name=name, prefix=secret[:12], digest=ApiToken.digest_of(secret)
        )
    return token, secret


def lock(user: User) -> None:
    """Lock the person's row until the transaction ends, so that concurrent requests can't exceed MAX_TOKENS. Raises
    Unauthorized if the password or the sessions changed meanwhile: a new password revokes all tokens, and this one
    would survive it."""
    as_seen = User.objects.present().filter(
        pk=user.pk, password=user.password, session_version=user.session_version
    )
    if as_seen.select_for_update(no_key=True).first() is None:
        raise Unauthorized()


def revoke_token(token: ApiToken) -> None:
    """Delete a token, and close its connections after the commit."""
    user_id, token_id = token.user_id, token.pk
    with transaction.atomic():
        token.delete()
        end_sessions(user_id, "revoked", token_id=token_id)
