"""Ask the running server for its settings: the doctor's own environment may differ."""

from http.client import HTTPException
from typing import Any

from django.conf import settings

from chatsite.observability import echo
from chatsite.observability.echo import ProcessConfig
from chatsite.observability.host_names import WILDCARDS, bracketed
from chatsite.operations.doctor.visit import Visit

ANSWER_TIMEOUT_SECONDS = 3
# Added to numbers that come from the doctor's own settings.
NOT_RUNNING_NOTE = "by the settings here, as no running site says"


def address() -> str:
    """Return where this machine reaches the server: `http://host:port`."""
    host = "127.0.0.1" if settings.HOST in WILDCARDS else settings.HOST
    return f"http://{bracketed(host)}:{settings.PORT}"


def site() -> ProcessConfig | None:
    """Return the running server's settings; None if it isn't started or has another SECRET_KEY or version."""
    try:
        said: Any = (
            Visit(address(), ANSWER_TIMEOUT_SECONDS)
            .get("/healthz", **{echo.HEADER: echo.signed_question()})
            .json()
        )
        return ProcessConfig(**said["site"])
    except (OSError, HTTPException, TypeError, KeyError):
        return None


def source_note(running: ProcessConfig | None) -> str:
    """Return the end of a sentence that says whose numbers it has: "" for the running server's."""
    return "" if running else f" ({NOT_RUNNING_NOTE})"
