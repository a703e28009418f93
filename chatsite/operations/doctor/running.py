"""The site that runs beside the doctor, asked for how it was started: the doctor's own environment may be another one."""

from http.client import HTTPException
from typing import Any

from django.conf import settings

from chatsite.observability import echo
from chatsite.observability.echo import ProcessConfig
from chatsite.observability.host_names import WILDCARDS, bracketed
from chatsite.operations.doctor.visit import Visit

# Seconds for its answer.
ANSWER_TIMEOUT_SECONDS = 3
# Where the doctor's own settings are meant, which the running site may not share.
NOT_RUNNING_NOTE = "by the settings here, as no running site says"


def address() -> str:
    """Where the server listens, seen from this machine: `http://host:port`."""
    host = "127.0.0.1" if settings.HOST in WILDCARDS else settings.HOST
    return f"http://{bracketed(host)}:{settings.PORT}"


def site() -> ProcessConfig | None:
    """What the running site says; None where none does: it isn't started, or has another SECRET_KEY or version."""
    try:
        said: Any = (
            Visit(address(), ANSWER_TIMEOUT_SECONDS)
            .get("/healthz", **{echo.HEADER: echo.signed_question()})
            .json()
        )
        return ProcessConfig(**said["site"])
    except (OSError, HTTPException, TypeError, KeyError):
        return None


def where(running: ProcessConfig | None) -> str:
    """For the end of a sentence: whose numbers these are."""
    return "" if running else f" ({NOT_RUNNING_NOTE})"
