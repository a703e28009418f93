"""Fifty people who react to one message at once, on either engine: what each does, and what must be true afterwards.

`python -m tests.support.reaction_race` runs it in the environment's database, in four processes.
"""

import multiprocessing
import sys
import uuid
from collections import Counter

PEOPLE, PROCESSES = 50, 4
OWN = [chr(0x1F600 + n) for n in range(PEOPLE)]
ALL = "👍"


def prepare():
    """Make the people and the message; return its id."""
    from accounts.models import User
    from messaging import services as messages
    from rooms import services as rooms
    from rooms.models import Membership

    User.objects.bulk_create(User(username=f"racer{n:02}", password="!") for n in range(PEOPLE))
    people = list(User.objects.filter(username__startswith="racer").order_by("pk"))
    room = rooms.create_room(people[0], "Race")
    Membership.objects.bulk_create(Membership(room=room, user=person) for person in people[1:])
    return messages.send(people[0], room.slug, "hello", uuid.uuid4())[0].pk


def run(pk, numbers):
    """Let these of the people react, with repeats and a change of mind, and then each with an emoji of their own; return
    how many were told that there are as many as a message may have."""
    from accounts.models import User
    from chatsite.contract.errors import QuotaExceeded
    from messaging.reactions.services import react, unreact

    refused = 0
    for number in numbers:
        person = User.objects.get(username=f"racer{number:02}")
        for act in (react, react, unreact, unreact, react):
            patiently(act, person, pk, ALL)
        try:
            patiently(react, person, pk, OWN[number])
        except QuotaExceeded:
            refused += 1
    return refused


def patiently(act, *args):
    """Try again, as clients do, what the others' locks kept from being done."""
    from django.db import OperationalError

    for _ in range(10):
        try:
            return act(*args)
        except OperationalError:
            continue
    return act(*args)


def check(pk, refused):
    """Raise AssertionError unless summary, rows and log say the same, and that nobody's reaction was lost or doubled."""
    from messaging.models import Message, Reaction
    from messaging.reactions.services import MAX_EMOJI, MAX_NAMED
    from rooms.models import Event

    message = Message.objects.select_related("room").get(pk=pk)
    rows = list(Reaction.objects.order_by("pk").values_list("emoji", "user__username"))
    summary = {each["emoji"]: each for each in message.reactions}
    assert len(summary) == len(message.reactions) == MAX_EMOJI
    assert {emoji: each["count"] for emoji, each in summary.items()} == Counter(emoji for emoji, _ in rows)
    assert summary[ALL]["count"] == PEOPLE
    assert summary[ALL]["users"] == [name for emoji, name in rows if emoji == ALL][:MAX_NAMED]
    assert refused == PEOPLE - (MAX_EMOJI - 1)
    events = Event.objects.filter(room=message.room).order_by("seq")
    assert [event.seq for event in events] == list(range(1, message.room.head + 1))
    told = Counter(event.event for event in events)
    assert told["reaction-added"] == 2 * PEOPLE + MAX_EMOJI - 1
    assert told["reaction-removed"] == PEOPLE
    assert {event.data["emoji"]: event.data["count"] for event in events if event.data} == {
        emoji: each["count"] for emoji, each in summary.items()
    }


def main():
    import django

    django.setup()
    from django.db import connections

    pk = prepare()
    connections.close_all()
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        lanes = [(pk, range(lane, PEOPLE, PROCESSES)) for lane in range(PROCESSES)]
        refused = sum(pool.starmap(run, lanes, chunksize=1))
    check(pk, refused)


if __name__ == "__main__":
    sys.exit(main())
