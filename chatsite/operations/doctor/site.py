"""Check the settings by themselves."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from chatsite.observability.host_names import LOOPBACK, WILDCARDS, bracketed
from chatsite.operations.doctor.findings import Findings, note, ok, wrong

# Different characters. A random key of 50 has some 35; a typed or repeated one has fewer.
MIN_KEY_CHARACTERS = 20


def django() -> Findings:
    """Run Django's checks; those for https only where the site has it."""
    found = checks.run_checks(include_deployment_checks=settings.SECURE)
    for message in found:
        if not message.is_silenced():
            advice = message.hint or "Django's documentation of system checks has it by this number."
            yield wrong("settings", f"{message.id}: {message.msg}", str(advice))
    if not found:
        yield ok("settings", "Django's checks find nothing.")


def secrets() -> Findings:
    if settings.DEBUG:
        yield wrong(
            "debug", "DEBUG is on: errors show settings and data to visitors.", "Remove DEBUG from .env."
        )
    if len(set(settings.SECRET_KEY)) < MIN_KEY_CHARACTERS:
        yield wrong(
            "key",
            "SECRET_KEY is easy to guess: whoever has it can log in as anybody.",
            "Remove it from .env: ./run writes a random one. Everybody logs in again.",
        )
    else:
        yield ok("key", f"SECRET_KEY has {len(settings.SECRET_KEY)} characters and looks random.")


def address() -> Findings:
    name = bracketed(urlsplit(settings.SITE_URL).hostname or "")
    if settings.SECURE and not settings.TRUST_PROXY:
        yield wrong(
            "address",
            f"{settings.SITE_URL} comes through a proxy that isn't believed: all visitors share one limit.",
            "Set TRUST_PROXY=true, and let the proxy set X-Forwarded-For and X-Forwarded-Proto.",
        )
    elif not settings.SECURE and name not in LOOPBACK:
        yield note(
            "address",
            f"{settings.SITE_URL} has no https: passwords and messages can be read on the way.",
            "Fine at home. Elsewhere put a proxy before it (docs/operations.md), and https into SITE_URL.",
        )
    else:
        yield ok("address", f"People open {settings.SITE_URL}.")
    if settings.TRUST_PROXY and settings.HOST in WILDCARDS:
        yield note(
            "address",
            "The server listens on every address: who reaches it past the proxy can make up X-Forwarded-For.",
            "Set HOST=127.0.0.1, or let only the proxy reach the port (as in a container's own network).",
        )
