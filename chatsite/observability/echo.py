"""What the server sees of a request, and how its process was started: told to whoever can sign the question with the site's
own key, as the doctor does."""

import resource
from typing import Any, NamedTuple

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest

from chatsite.observability.addresses import client_address

HEADER = "X-Chatsite-Doctor"
# Seconds that a question is good for.
QUESTION_MAX_AGE_SECONDS = 60


def signed_question() -> str:
    return TimestampSigner(salt=HEADER).sign("seen")


def request_echo(request: HttpRequest) -> dict[str, Any] | None:
    """None for everybody else."""
    asked = request.headers.get(HEADER)
    if not asked:
        return None
    try:
        TimestampSigner(salt=HEADER).unsign(asked, max_age=QUESTION_MAX_AGE_SECONDS)
    except BadSignature:
        return None
    return {
        "address": client_address(request.META),
        "secure": request.is_secure(),
        "host": request.get_host(),
    }


class ProcessConfig(NamedTuple):
    """How one process was started, or would be. `descriptors` is how many files it may have open, -1 for any number."""

    workers: int
    connections: int
    descriptors: int
    site_url: str
    trust_proxy: bool
    host: str
    engine: str
    redis: bool


def process_config() -> ProcessConfig:
    """By the settings and the limits of the process that asks."""
    return ProcessConfig(
        settings.WORKERS,
        settings.DATABASE_CONNECTIONS,
        resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        settings.SITE_URL,
        settings.TRUST_PROXY,
        settings.HOST,
        "sqlite" if settings.DATABASES["default"]["ENGINE"] == "chatsite.database.sqlite" else "postgresql",
        bool(settings.REDIS_URL),
    )
