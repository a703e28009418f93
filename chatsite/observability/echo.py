"""What the server sees of a request: told to whoever can sign the question with the site's own key."""

from typing import Any

from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest

from chatsite.observability.addresses import client_address

HEADER = "X-Chatsite-Doctor"
# Seconds that a question is good for.
AGE = 60


def question() -> str:
    return TimestampSigner(salt=HEADER).sign("seen")


def seen(request: HttpRequest) -> dict[str, Any] | None:
    """None for everybody else."""
    asked = request.headers.get(HEADER)
    if not asked:
        return None
    try:
        TimestampSigner(salt=HEADER).unsign(asked, max_age=AGE)
    except BadSignature:
        return None
    return {
        "address": client_address(request.META),
        "secure": request.is_secure(),
        "host": request.get_host(),
    }
