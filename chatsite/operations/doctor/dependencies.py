"""Check what the site depends on besides its database: Redis, the mail server, and the running server."""

import time
from http.client import HTTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import get_connection

from chatsite.observability import echo
from chatsite.observability.host_names import LOOPBACK
from chatsite.operations.doctor import running
from chatsite.operations.doctor.findings import Findings, first_line, note, ok, wrong
from chatsite.operations.doctor.visit import Visit

ANSWER_TIMEOUT_SECONDS = 3


def redis() -> Findings:
    if not settings.REDIS_URL:
        yield ok("redis", f"Not used: one process needs none{running.source_note(running.site())}.")
        return
    from redis import RedisError

    from chatsite.realtime.cluster import topology

    try:
        took = round_trip(topology.server(settings.REDIS_URL).whole())
    except (RedisError, OSError) as error:
        yield wrong(
            "redis", f"It can't be used: {first_line(error)}", "Look at REDIS_URL, and whether Redis runs."
        )
        return
    if took is None:
        yield wrong(
            "redis",
            "What is published isn't heard.",
            "Look at its ACL: this user needs SUBSCRIBE and PUBLISH.",
        )
    else:
        yield ok("redis", f"What is published is heard after {took * 1000:.1f} ms.")
    yield from redis_password()


def round_trip(client: object) -> float | None:
    """Measure the seconds from publishing a message to receiving it; None if it doesn't come."""
    heard = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[attr-defined]
    channel = f"chatsite:doctor:{time.monotonic_ns()}"
    heard.subscribe(channel)
    began = time.monotonic()
    client.publish(channel, "hello")  # type: ignore[attr-defined]
    while time.monotonic() - began < ANSWER_TIMEOUT_SECONDS:
        if heard.get_message(timeout=ANSWER_TIMEOUT_SECONDS):
            return time.monotonic() - began
    return None


def redis_password() -> Findings:
    parts = urlsplit(settings.REDIS_URL)
    if parts.hostname and parts.hostname not in LOOPBACK and not parts.password:
        yield note(
            "redis",
            "It asks for no password: whoever reaches it can write to it.",
            "Set one in Redis and in REDIS_URL, or let only this site's machines reach it.",
        )


def mail() -> Findings:
    if not settings.MAIL:
        yield note(
            "mail",
            "None is set up: an administrator makes the links for forgotten passwords.",
            "Set EMAIL_URL, if people are to help themselves.",
        )
        return
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield note("mail", "It isn't sent: EMAIL_URL is for development.", "Set EMAIL_URL to smtp+tls://….")
        return
    try:
        server = get_connection(timeout=ANSWER_TIMEOUT_SECONDS)
        server.open()
        server.close()
    except OSError as error:  # smtplib's errors are OSErrors, too
        sentence = f"{settings.EMAIL_HOST} doesn't take ours: {first_line(error)}"
        yield wrong("mail", sentence, "Look at EMAIL_URL: the scheme, the port, the name and the password.")
    else:
        yield ok("mail", f"{settings.EMAIL_HOST} takes ours.")


def server() -> Findings:
    where = running.address()
    try:
        answer = Visit(where, ANSWER_TIMEOUT_SECONDS).get("/readyz")
    except (OSError, HTTPException):
        yield note("server", f"Nothing answers at {where}.", "Start it: ./run (or systemctl start chatsite).")
        return
    if answer.status == 200:
        yield ok("server", f"It is ready at {where}.")
        yield from same_settings(running.site())
    else:
        yield wrong("server", f"{where}/readyz says {answer.status}: {answer.text[:80]}", "Look at its log.")


# Settings by their names in `echo.ProcessConfig`; workers, connections and descriptors have checks of their own.
SETTINGS = {
    "site_url": "SITE_URL",
    "trust_proxy": "TRUST_PROXY",
    "host": "HOST",
    "engine": "DATABASE_URL",
    "redis": "REDIS_URL",
}


def same_settings(started: echo.ProcessConfig | None) -> Findings:
    """Compare the running server's settings with the doctor's: if they differ, other findings may not apply to it."""
    if started is None:
        yield note(
            "server",
            "It doesn't say how it was started: it has another SECRET_KEY or version than we.",
            "Run this in the folder of the site, as its user, and restart the site after an upgrade.",
        )
        return
    here = echo.process_config()
    others = [name for field, name in SETTINGS.items() if getattr(started, field) != getattr(here, field)]
    if others:
        yield wrong(
            "server",
            f"It was started with other settings than are here: {', '.join(others)}.",
            "Restart it, or run this with its environment: what is said above is by the settings here.",
        )
