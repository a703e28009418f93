"""The answer to "Why was I (not) told?": the decision about one message for one person, by the facts that are stored."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from accounts.models import User
from chatsite.contract.times import iso
from messaging.models import Message
from messaging.services import visible_message
from notifications import facts, handovers
from notifications.deciding import Channel, Decision, Person, Rule, Verdict, decide
from notifications.handovers import Handover, Outcome
from notifications.mailing import answers as mail_answers
from notifications.mailing import due
from notifications.models import OF_MESSAGES, Notification

Payload = dict[str, Any]

# Each rule in a sentence. A rule that tells and one that doesn't read the same way.
SENTENCES = {
    Rule.MENTION: "You are mentioned by name.",
    Rule.ROOM_CALL: "Everybody in the room was called.",
    Rule.HERE_CALL: "Everybody who was online was called.",
    Rule.DIRECT: "It is a direct message.",
    Rule.KEYWORD: "It has one of your words.",
    Rule.REACTION: "Somebody reacted to your message.",
    Rule.LEVEL_ALL: "You are told of every message in this room.",
    Rule.OWN: "You wrote it yourself.",
    Rule.GONE: "The message was deleted.",
    Rule.NO_MEMBER: "You aren't in this room.",
    Rule.BLOCKED: "You have blocked its sender.",
    Rule.LEVEL_NONE: "You chose to be told of nothing in this room.",
    Rule.NOT_ADDRESSED: "It isn't addressed to you in a way that this tells of.",
    Rule.NOT_FOR_INBOX: "The inbox has only what is addressed to you.",
    Rule.QUIET_UNTIL: "You asked not to be disturbed at that time.",
    Rule.SCHEDULE: "It was outside the hours of your schedule.",
    Rule.READ: "You had read it already.",
    Rule.ACTIVE: "You were active on a page.",
    Rule.OFFLINE: "No page of yours is open.",
    Rule.NO_DEVICE: "No device of yours takes push notifications.",
    Rule.NO_MAIL: "This site, or you, have no mail for it.",
}


def why(user: User, pk: int) -> Payload:
    """Return for each channel whether the person is told of a message, the rule that decided, when it was handed over, and
    what was answered. Of devices, it has the person's own. Raises NotFound."""
    message = visible_message(user, pk)
    row = row_of(user, message)
    devices = [each for source in handovers.of_devices for each in source(user, message)]
    decision = decision_for(user, message, told=row is not None, has_device=bool(devices))
    return {
        "message": message.pk,
        "channels": [
            channel_payload(channel, verdict, user, row, devices)
            for channel, verdict in decision.verdicts.items()
        ],
    }


def row_of(user: User, message: Message) -> Notification | None:
    """Return what the person's inbox has of a message. One query."""
    found = Notification.objects.filter(user=user, message=message, kind__in=OF_MESSAGES)
    return found.placed().first()


def decision_for(user: User, message: Message, *, told: bool, has_device: bool) -> Decision:
    """Return the decision about a message for one person as of its sending. Who asks has read it by now, is online, and is
    active: the first and the last are left out, and a call of those who were online is judged by whether it reached them."""
    said, found = facts.of_one(user, message, facts.site_level())
    person = found or Person(member=False)
    if said.call == "here":
        person = replace(person, here=told, online=told)
    known = replace(person, read=False, active=False, has_mail=due.wanted_by(user))
    return decide(replace(known, has_device=has_device or known.has_device), said)


def channel_payload(
    channel: Channel, verdict: Verdict, user: User, row: Notification | None, devices: Sequence[Handover]
) -> Payload:
    """Return a channel's verdict and what became of it."""
    mine = devices if channel is Channel.PUSH and verdict.told else ()
    answer = answer_of(channel, row) if verdict.told else None
    at = min((each.at for each in mine if each.at), default=answer.at if answer else None)
    return {
        "channel": channel,
        "told": verdict.told,
        "rule": verdict.rule,
        "words": SENTENCES[verdict.rule],
        "at": iso(at) if at else None,
        "answer": answer.payload() if answer else None,
        "devices": [each.device_payload() for each in mine],
    }


def answer_of(channel: Channel, row: Notification | None) -> Handover | None:
    """Return what became of a message by a channel that tells; that of pushes is the devices'."""
    if channel is Channel.PUSH:
        return None
    if channel is Channel.DESKTOP:
        return Handover(
            Outcome.UNKNOWN, "Whether an open page showed it isn't kept.", row.at if row else None
        )
    if row is None:
        return Handover(Outcome.UNKNOWN, "It isn't, or no longer, in your inbox.")
    if channel is Channel.INBOX:
        return Handover(Outcome.DELIVERED, "It is in your inbox.", row.at)
    return mail_answers.handover_of(row, is_read(row), timezone.now())


def is_read(row: Any) -> bool:
    """Return whether a notification with its `place` is read."""
    return row.read_at is not None or row.place is None or row.seq <= row.place
