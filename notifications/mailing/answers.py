"""What the mail server answered to a mail that told of a notification: kept as long as the notification."""

import smtplib
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from notifications.handovers import Handover, Outcome
from notifications.mailing import due
from notifications.models import MAX_ANSWER_LENGTH, MailAnswer, Notification

UNREACHABLE = "The mail server couldn't be reached, or took no mail at that moment."


class Answer(NamedTuple):
    """A mail server's answer: its number and its words."""

    status: int | None = None
    text: str = ""


def listen(client: object) -> list[Answer]:
    """Return a list that gets the server's answer to the text of each mail that an SMTP client sends; smtplib itself drops
    what isn't an error. Other ways of mailing answer nothing."""
    answers: list[Answer] = []
    if isinstance(client, smtplib.SMTP):
        send_text = client.data

        def data(text: bytes) -> tuple[int, bytes]:
            status, answer = send_text(text)
            answers.append(Answer(status, printable(answer)))
            return status, answer

        client.data = data  # type: ignore[assignment, method-assign]
    return answers


def printable(text: str | bytes) -> str:
    """Return a server's words as one short line."""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line[:MAX_ANSWER_LENGTH]


def refusal(error: smtplib.SMTPRecipientsRefused) -> Answer:
    """Return what the server said of an address that it refuses."""
    status, text = next(iter(error.recipients.values()), (0, b""))
    return Answer(status or None, printable(text))


def note(pks: Collection[int], outcome: Outcome, answer: Answer = Answer()) -> None:  # noqa: B008 - frozen
    """Store what became of these notifications' mail. One statement."""
    now = timezone.now()
    MailAnswer.objects.bulk_create(
        (
            MailAnswer(notification_id=pk, outcome=outcome, at=now, status=answer.status, text=answer.text)
            for pk in pks
        ),
        update_conflicts=True,
        unique_fields=["notification"],
        update_fields=["outcome", "at", "status", "text"],
    )


def handover_of(row: Notification, read: bool, now: datetime) -> Handover:
    """Return what became of the mail of a notification. One query."""
    found = MailAnswer.objects.filter(notification=row).first()
    if found is not None:
        return Handover(Outcome(found.outcome), words_of(found), found.at, found.status)
    if row.mailed_at is not None:
        return Handover(Outcome.UNKNOWN, "What the mail server answered is no longer known.", row.mailed_at)
    if read:
        return Handover(Outcome.WITHDRAWN, "You have read it before a mail was sent.")
    if row.at < now - due.MAX_AGE:
        return Handover(Outcome.WITHDRAWN, "It is too old to be mailed.")
    minutes = settings.MAIL_AFTER_MINUTES
    return Handover(
        Outcome.WAITING, f"It is mailed after {minutes} minutes, unless you have read it by then."
    )


def words_of(found: MailAnswer) -> str:
    """Return what was answered, in a sentence."""
    if found.outcome == Outcome.WITHDRAWN:
        return "When its mail was due it was read, gone, or no longer for you."
    if found.outcome == Outcome.DELIVERED:
        return f"The mail server took it: {found.text}" if found.text else "The mail server took it."
    if found.text:
        return f"The mail server refused your address: {found.text} It is asked again."
    return f"{UNREACHABLE} It is tried again."
