"""Echo to the doctor what the server sees of its request, and how the process was started.

Only a request that is signed with the site's SECRET_KEY gets an answer.
"""

import resource
from typing import Any, NamedTuple

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest

from chatsite.observability.addresses import client_address

HEADER = "X-Chatsite-Doctor"
QUESTION_MAX_AGE_SECONDS = 60


def signed_question() -> str:
    """Make the value of HEADER, valid for QUESTION_MAX_AGE_SECONDS."""
    return TimestampSigner(salt=HEADER).sign("seen")


def request_echo(request: HttpRequest) -> dict[str, Any] | None:
    """Return `{"address", "secure", "host"}` as the server sees them; None for a request without a valid signature."""
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
    """Settings and limits with which a process runs. `descriptors` is its limit of open files, -1 for none."""

    workers: int
    connections: int
    descriptors: int
    site_url: str
    trust_proxy: bool
    host: str
    engine: str
    redis: bool


def process_config() -> ProcessConfig:
    """Read the settings and limits of the calling process."""
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
