"""Several at one message at once, each with a connection of their own, as processes have."""

import threading
import uuid

import pytest
from django.db import transaction

from chatsite.contract.errors import Conflict, NotFound
from messaging import services as messages
from messaging.models import Message, Reaction
from messaging.reactions.services import react
from rooms.log import log
from rooms.membership import membership
from tests.support import reaction_race as race
from tests.support.servers.postgres_locks import until_waiting
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

LANES = 10


def test_fifty_people_who_react_at_once_lose_and_double_nothing():
    pk, refused = race.prepare(), []
    lanes = [range(lane, race.PEOPLE, LANES) for lane in range(LANES)]
    failures = at_once(*(lambda lane=lane: refused.append(race.run(pk, lane)) for lane in lanes))
    assert failures == []
    race.check(pk, sum(refused))


@pytest.mark.parametrize("turn", range(3))
def test_one_person_at_several_doors_at_once_reacts_once(owner, private_room, turn):
    pk = messages.send(owner, "board", "hello", uuid.uuid4())[0].pk
    new = []
    assert at_once(*[lambda: new.append(react(owner, pk, "👍")[1])] * 6) == []
    assert sorted(new) == [False] * 5 + [True]
    assert Message.objects.get(pk=pk).reactions == [{"emoji": "👍", "count": 1, "users": ["owner"]}]


@pytest.mark.parametrize("turn", range(3))
def test_nothing_is_left_at_a_message_that_is_deleted_at_the_same_moment(owner, member, private_room, turn):
    pk = messages.send(owner, "board", "hello", uuid.uuid4())[0].pk
    failures = at_once(
        *(lambda emoji=emoji: react(member, pk, emoji) for emoji in "👍🎉"),
        lambda: messages.delete(owner, pk),
    )
    assert {type(failure) for failure in failures} <= {Conflict}
    assert (Message.objects.get(pk=pk).reactions, Reaction.objects.count()) == (None, 0)


def test_an_edit_tells_those_reactions_that_its_place_in_the_log_says(
    owner, member, private_room, monkeypatch
):
    """Who reacts waits for an edit that has read the message: it would tell the message without the reaction later."""
    pk = messages.send(owner, "board", "hello", uuid.uuid4())[0].pk
    read, reacted, told = threading.Event(), threading.Event(), []

    def read_slowly(message, locked=messages.locked):
        message = locked(message)
        read.set()
        until_waiting(reacted.is_set)
        return message

    def react_meanwhile():
        read.wait(60)
        react(member, pk, "👍")
        reacted.set()

    monkeypatch.setattr(messages, "locked", read_slowly)
    monkeypatch.setattr(log, "publish", lambda room, event, data: told.append((data["seq"], event, data)))
    assert at_once(lambda: messages.edit(owner, pk, "better"), react_meanwhile) == []
    (_, first, edited), (_, second, _) = sorted(told, key=lambda each: each[0])
    assert (first, edited["reactions"], second) == ("message-edited", [], "reaction-added")


def test_who_is_removed_at_that_moment_is_waited_for_and_does_not_react(owner, member, private_room):
    pk = messages.send(owner, "board", "hello", uuid.uuid4())[0].pk
    begun, over = threading.Event(), threading.Event()

    def remove_late():
        with transaction.atomic():
            membership.revoke(private_room, member)
            begun.set()
            until_waiting(over.is_set)

    def react_meanwhile():
        begun.wait(60)
        try:
            react(member, pk, "👍")
        finally:
            over.set()

    [failure] = at_once(remove_late, react_meanwhile)
    assert isinstance(failure, NotFound)
    assert Message.objects.get(pk=pk).reactions is None
