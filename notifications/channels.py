"""Places for what tells people by further channels: what it knows of them, and what it is to tell them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from messaging.models import Message
from notifications.deciding import Decision, Person


class Told(NamedTuple):
    """A person to whom a message may be told, and what was decided."""

    user_id: int
    decision: Decision


# What is known of some people, by their ids, as fields of a Person: `has_device`, `active`, `has_mail`. In one query for
# many; who is left out has none of it.
knowledge: list[Callable[[Collection[int]], Mapping[int, Mapping[str, Any]]]] = []
# Called by the consumer of the log for some of the people whom a message concerns, outside of a transaction and at least
# once: with whoever has a reason to be told, whatever the verdicts for single channels are.
tellers: list[Callable[[Message, Sequence[Told]], None]] = []


def with_knowledge(people: Mapping[int, Person]) -> dict[int, Person]:
    """Return the people with what is known of them, by their ids."""
    known = dict(people)
    for about in knowledge:
        for user_id, fields in about(known.keys()).items():
            if user_id in known:
                known[user_id] = replace(known[user_id], **fields)
    return known


def tell(message: Message, told: Sequence[Told]) -> None:
    """Have further channels told what was decided about some people."""
    concerned = [each for each in told if each.decision.reason]
    for teller in tellers if concerned else ():
        teller(message, concerned)
