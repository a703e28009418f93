"""The decision who is told of what, by which channel, and by which rule. Pure: the same facts give the same decision when a
message is sent, when it is looked at again, and when somebody asks why."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Channel(StrEnum):
    """A way of telling somebody."""

    INBOX = "inbox"
    DESKTOP = "desktop"
    PUSH = "push"
    MAIL = "mail"


class Rule(StrEnum):
    """The rule that decided about a channel. Those of the first group tell; the others don't."""

    MENTION = "mention"
    ROOM_CALL = "room_call"
    HERE_CALL = "here_call"
    DIRECT = "direct"
    KEYWORD = "keyword"
    REACTION = "reaction"
    LEVEL_ALL = "level_all"

    OWN = "own"
    GONE = "gone"
    NO_MEMBER = "no_member"
    BLOCKED = "blocked"
    LEVEL_NONE = "level_none"
    NOT_ADDRESSED = "not_addressed"
    NOT_FOR_INBOX = "not_for_inbox"
    QUIET_UNTIL = "quiet_until"
    SCHEDULE = "schedule"
    READ = "read"
    ACTIVE = "active"
    OFFLINE = "offline"
    NO_DEVICE = "no_device"
    NO_MAIL = "no_mail"


# Rules by which somebody is told in the inbox, and the kind that a row has then (`notifications.models.Kind`).
KINDS = {
    Rule.MENTION: "mention",
    Rule.ROOM_CALL: "mention",
    Rule.HERE_CALL: "mention",
    Rule.DIRECT: "direct",
    Rule.KEYWORD: "keyword",
    Rule.REACTION: "reaction",
}


@dataclass(frozen=True)
class Person:
    """What is known of somebody at the moment of the decision."""

    # What they chose in the room, and their default; each may be empty.
    level: str = ""
    default_level: str = ""
    member: bool = True
    # The keyword of theirs that the text has; empty for none.
    keyword: str = ""
    # By their username in the text.
    named: bool = False
    # They sent the message; for a reaction, they put it there.
    own: bool = False
    # They wrote the message to which somebody reacted.
    author: bool = False
    blocks_sender: bool = False
    # They have read beyond the message.
    read: bool = False
    # Do-not-disturb until a time that is still to come; outside the hours of their schedule.
    quiet: bool = False
    off_hours: bool = False
    # Others see them online: who is invisible is not called as one who is here.
    here: bool = False
    # They have a connection; they did something within minutes on a page that they see.
    online: bool = False
    active: bool = False
    # They have a device that takes pushes; the site has mail, and they an address and want it.
    has_device: bool = False
    has_mail: bool = False


@dataclass(frozen=True)
class Said:
    """What is known of a message, or of a reaction to one, whoever is told."""

    direct: bool = False
    # The level of who chose none.
    site_level: str = "mentions"
    # "room" or "here" where it calls everybody and its sender may do that; empty otherwise.
    call: str = ""
    reaction: bool = False
    gone: bool = False


class Verdict(NamedTuple):
    """Whether somebody is told by a channel, and the rule that decided."""

    told: bool
    rule: Rule


@dataclass(frozen=True)
class Decision:
    """The verdict for each channel. `reason` says why somebody is told at all; None if they aren't."""

    verdicts: dict[Channel, Verdict]
    reason: Rule | None = field(default=None)

    @property
    def kind(self) -> str | None:
        """The kind of the inbox's row; None for no row."""
        return KINDS[self.reason] if self.reason and self.verdicts[Channel.INBOX].told else None


def decide(person: Person, said: Said) -> Decision:
    """Return by which channels a person is told."""
    refusal = refused(person, said)
    if refusal is not None:
        return nobody(refusal)
    reason = reason_of(person, said)
    if reason is None:
        return nobody(Rule.NOT_ADDRESSED)
    verdicts = {
        Channel.INBOX: verdict(reason, in_inbox(reason)),
        Channel.DESKTOP: verdict(reason, on_desktop(person, reason)),
        Channel.PUSH: verdict(reason, by_push(person, reason)),
        Channel.MAIL: verdict(reason, by_mail(person, reason)),
    }
    return Decision(verdicts, reason)


def nobody(rule: Rule) -> Decision:
    """Return the decision that a rule makes for all channels."""
    return Decision(dict.fromkeys(Channel, Verdict(False, rule)))


def verdict(reason: Rule, against: Rule | None) -> Verdict:
    """Return a channel's verdict: told for the reason, unless a rule is against it."""
    return Verdict(True, reason) if against is None else Verdict(False, against)


def refused(person: Person, said: Said) -> Rule | None:
    """Return the rule by which somebody is told by no channel, whatever was said; None if there is none."""
    checks = (
        (said.gone, Rule.GONE),
        (not person.member, Rule.NO_MEMBER),
        (person.own, Rule.OWN),
        (person.blocks_sender, Rule.BLOCKED),
        (level_of(person, said) == "none", Rule.LEVEL_NONE),
    )
    return next((rule for applies, rule in checks if applies), None)


def level_of(person: Person, said: Said) -> str:
    """Return the person's level in the room."""
    return person.level or ("all" if said.direct else person.default_level or said.site_level)


def reason_of(person: Person, said: Said) -> Rule | None:
    """Return the first reason to tell somebody, from the most to the least personal; None without any."""
    if said.reaction:
        return Rule.REACTION if person.author else None
    checks = (
        (person.named, Rule.MENTION),
        (said.direct and level_of(person, said) == "all", Rule.DIRECT),
        (said.call == "room", Rule.ROOM_CALL),
        (said.call == "here" and person.here, Rule.HERE_CALL),
        (bool(person.keyword), Rule.KEYWORD),
        (level_of(person, said) == "all", Rule.LEVEL_ALL),
    )
    return next((rule for applies, rule in checks if applies), None)


def in_inbox(reason: Rule) -> Rule | None:
    """Return the rule against the inbox, which has what was said to a person and not all that is said."""
    return None if reason in KINDS else Rule.NOT_FOR_INBOX


def disturbing(person: Person, reason: Rule) -> Rule | None:
    """Return the rule against what makes a sound or a light, on the desk as in the pocket."""
    if reason is Rule.REACTION:
        return Rule.NOT_ADDRESSED
    if person.read:
        return Rule.READ
    if person.quiet:
        return Rule.QUIET_UNTIL
    return Rule.SCHEDULE if person.off_hours else None


def on_desktop(person: Person, reason: Rule) -> Rule | None:
    """Return the rule against a notification of an open page. Whether the room is on the screen only the page knows."""
    return disturbing(person, reason) or (None if person.online else Rule.OFFLINE)


def by_push(person: Person, reason: Rule) -> Rule | None:
    """Return the rule against a push to the person's devices."""
    against = disturbing(person, reason)
    if against is not None:
        return against
    if not person.has_device:
        return Rule.NO_DEVICE
    return Rule.ACTIVE if person.active else None


def by_mail(person: Person, reason: Rule) -> Rule | None:
    """Return the rule against mail, which is gathered, and looked at again before it is sent."""
    if reason not in {Rule.MENTION, Rule.DIRECT}:
        return Rule.NOT_ADDRESSED
    if person.read:
        return Rule.READ
    return None if person.has_mail else Rule.NO_MAIL
