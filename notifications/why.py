"""The answer to "Why was I (not) told?": the decision about one message for one person, by the facts that are stored."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from accounts.models import User
from chatsite.contract.times import iso
from messaging.models import Message
from messaging.services import visible_message
from notifications import facts
from notifications.deciding import Channel, Decision, Person, Rule, decide
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
    """Return for each channel whether the person is told of a message, the rule that decided, and when it was handed over.
    Raises NotFound."""
    message = visible_message(user, pk)
    decision, handed = decision_for(user, message), handed_over(user, message)
    return {
        "message": message.pk,
        "channels": [
            {
                "channel": channel,
                "told": verdict.told,
                "rule": verdict.rule,
                "words": SENTENCES[verdict.rule],
                "at": iso(handed.get(channel)) if verdict.told else None,
            }
            for channel, verdict in decision.verdicts.items()
        ],
    }


def decision_for(user: User, message: Message) -> Decision:
    """Return the decision about a message for one person as of its sending. Who asks has read it by now, and is online: the
    first is left out, and a call of those who were online is judged by whether it reached them."""
    said, found = facts.of_one(user, message, facts.site_level())
    person = found or Person(member=False)
    if said.call == "here":
        reached = bool(handed_over(user, message))
        person = replace(person, here=reached, online=reached)
    return decide(replace(person, read=False, has_mail=due.wanted_by(user)), said)


def handed_over(user: User, message: Message) -> dict[Channel, datetime]:
    """Return when a message was handed to the channels that told the person of it."""
    row = Notification.objects.filter(user=user, message=message, kind__in=OF_MESSAGES).first()
    if row is None:
        return {}
    return {Channel.INBOX: row.at} | ({Channel.MAIL: row.mailed_at} if row.mailed_at else {})
