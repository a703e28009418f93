"""Authentication of REST requests by `Authorization: Token …` or `Bearer …`."""

from datetime import timedelta

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from chatsite.database.prepared import Given, Prepared

TOKEN_USE_RESOLUTION = timedelta(minutes=1)
_token = Prepared(
    lambda: ApiToken.objects.select_related("user").filter(
        user__is_active=True, user__is_banned=False, digest=Given(0)
    )
)


class TokenAuthentication(BaseAuthentication):
    """DRF's authentication by an API token. Raises AuthenticationFailed for a token that isn't valid."""

    keyword = "Token"
    schemes = (b"token", b"bearer")

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, *rest = get_authorization_header(request).split() or [b""]
        if scheme.lower() not in self.schemes:
            return None
        token = token_for(rest[0].decode("latin-1")) if len(rest) == 1 else None
        if token is None:
            raise AuthenticationFailed("That token is not valid.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Name a scheme for `WWW-Authenticate`, so that DRF answers an unauthenticated request with 401 and not 403."""
        return self.keyword


def token_for(secret: str) -> ApiToken | None:
    """Return the token with this secret if its owner may use the site; record its use at most once a minute."""
    token = _token.first(ApiToken.digest_of(secret))
    if token is not None:
        record_use(token)
    return token


def record_use(token: ApiToken) -> None:
    """Write `last_used_at`, unless it is less than TOKEN_USE_RESOLUTION old."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - TOKEN_USE_RESOLUTION:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
