"""`Authorization: Token …` or `Bearer …` for programs."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User

TOKEN_USE_RESOLUTION = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
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
        """Makes DRF answer 401 rather than 403 to who isn't logged in."""
        return self.keyword


def token_for(secret: str) -> ApiToken | None:
    """The token of a person who may use the site. Notes, at most once a minute, that it was used."""
    digest = ApiToken.digest_of(secret)
    present = Q(user__is_active=True, user__is_banned=False)
    token = ApiToken.objects.select_related("user").filter(present, digest=digest).first()
    if token is not None:
        record_use(token)
    return token


def record_use(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - TOKEN_USE_RESOLUTION:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
