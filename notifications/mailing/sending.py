"""The job that mails people what they didn't read. Each mail is decided anew: what was read, edited away or deleted
meanwhile isn't in it."""

import logging
import smtplib
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connections
from django.utils import timezone

from accounts.models import User
from chatsite.realtime.queues import read_queue
from chatsite.realtime.scheduling.background import in_thread, serving
from messaging.models import Message
from notifications import facts
from notifications.deciding import Channel, decide
from notifications.handovers import Outcome
from notifications.mailing import answers, composing, due
from notifications.mailing.answers import Answer

logger = logging.getLogger(__name__)

# Seconds between two turns.
TURN_SECONDS = 20.0
# Seconds that a mail server has for each answer.
SERVER_SECONDS = 20


def turn() -> int:
    """Send the mail that is due; return how many were sent. Ends at the first that the server refuses to talk about."""
    if not due.enabled():
        return 0
    sent = 0
    for user_id in due.people(timezone.now()):
        read_queue.give_way()
        now = timezone.now()
        if due.claim(user_id, now):
            try:
                sent += mail_to(user_id, now)
            except smtplib.SMTPRecipientsRefused as error:
                # That person's address, and no reason to let others wait.
                logger.warning("The mail server refuses an address: %s", type(error).__name__)
                due.failed(user_id, timezone.now())
            except (OSError, smtplib.SMTPException) as error:
                logger.warning("Mail can't be sent: %s", type(error).__name__)
                due.failed(user_id, timezone.now())
                break
    return sent


def mail_to(user_id: int, now: datetime) -> bool:
    """Mail one person what they are to be told; return whether there was anything. Raises OSError and SMTPException."""
    user = User.objects.present().filter(pk=user_id).first()
    if user is None or not due.wanted_by(user):
        due.done(user_id, [], now)
        return False
    rows = due.rows_of(user, now)
    site_level = facts.site_level()
    told = {row.pk: row.message for row in rows if row.message and still_told(user, row.message, site_level)}
    if told:
        made = composing.mail(user, list(told.values()))
        if serving():
            # The server may take a minute: others may have the connection to the database.
            connections.close_all()
        answers.note(told, Outcome.DELIVERED, handed(made, told))
    pks = [row.pk for row in rows]
    due.done(user_id, pks, timezone.now())
    answers.note([pk for pk in pks if pk not in told], Outcome.WITHDRAWN)
    return bool(told)


def handed(mail: EmailMultiAlternatives, pks: Collection[int]) -> Answer:
    """Hand a mail to the server and return its answer; note a failure for these notifications. Raises OSError and
    SMTPException."""
    try:
        return in_thread(deliver, mail)
    except smtplib.SMTPRecipientsRefused as error:
        answers.note(pks, Outcome.WAITING, answers.refusal(error))
        raise
    except (OSError, smtplib.SMTPException):
        # What is wrong with the site's mail server is for its operator, who has it in the log.
        answers.note(pks, Outcome.WAITING)
        raise


def still_told(user: User, message: Message, site_level: str) -> bool:
    """Return whether the person is to be mailed of a message, as it is now and by what they have chosen by now."""
    read_queue.give_way()
    said, person = facts.of_one(user, message, site_level)
    if person is None:
        return False
    decision = decide(replace(person, online=True, has_mail=True), said)
    return decision.verdicts[Channel.MAIL].told


def deliver(mail: EmailMultiAlternatives) -> Answer:
    """Hand a mail to the server, in a thread; return its answer. Raises OSError and SMTPException."""
    mail.connection = get_connection(timeout=SERVER_SECONDS)
    with mail.connection:
        said = answers.listen(getattr(mail.connection, "connection", None))
        mail.send()
    return said[-1] if said else Answer()
