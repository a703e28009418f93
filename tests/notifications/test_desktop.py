"""What open pages are told of to make a sound for: by the same decisions as all else, and nothing to who isn't here."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from accounts.presence import presence, visibility
from chatsite.realtime.delivery.identity import Identity
from notifications import services
from rooms import services as rooms
from rooms.membership import membership
from rooms.unread import read_positions

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(monkeypatch, attach_connection):
    """`here(*people)` returns what each one's connection gets as `alert`."""
    connections = []

    def here(*people):
        monkeypatch.setattr(presence.here, "is_online", lambda pk: pk in {person.pk for person in people})
        for person in people:
            identity = Identity(person.pk, person.username, session_key="x")
            connections.append(attach_connection(identity))

    def of(person, event):
        events = [one.channel.events for one in connections if one.identity.user_id == person.pk]
        return [data for some in events for name, data in some if name == event]

    here.of, here.alerts = of, partial(of, event="alert")
    return here


def test_who_is_mentioned_and_here_is_told_and_nobody_else(
    here, owner, member, stranger, private_room, say, consume
):
    here(owner, member, stranger)
    message = say(owner, private_room, "@member @stranger look\nhere")
    say(owner, private_room, "nobody in particular")
    consume()
    (alert,) = here.alerts(member)
    assert (alert["room"], alert["room_name"], alert["text"]) == ("board", "Board", "@member @stranger look")
    assert (alert["message_seq"], alert["message"], alert["user"]["username"]) == (
        message.seq,
        message.pk,
        "owner",
    )
    assert here.alerts(owner) == here.alerts(stranger) == []


def test_every_message_where_somebody_wants_that(here, owner, member, private_room, say, consume):
    here(member)
    rooms.set_level(member, "board", "all")
    say(owner, private_room, "nobody in particular")
    say(member, private_room, "my own")
    consume()
    assert [alert["text"] for alert in here.alerts(member)] == ["nobody in particular"]


def test_who_is_invisible_is_told_as_ever_but_not_called_as_one_who_is_here(
    here, owner, member, private_room, say, consume, monkeypatch
):
    here(member)
    monkeypatch.setattr(visibility.known, "invisible", {member.pk})
    say(owner, private_room, "@here")
    say(owner, private_room, "@member look")
    consume()
    assert [alert["text"] for alert in here.alerts(member)] == ["@member look"]
    assert [data["text"] for data in here.of(member, "notification")] == ["@member look"]


@pytest.mark.parametrize("why", ["quiet", "read", "none", "away", "left"])
def test_not_who_is_not_to_be_disturbed(why, here, owner, member, private_room, say, consume):
    here(*([] if why == "away" else [member]))
    message = say(owner, private_room, "@member look")
    if why == "quiet":
        services.change_preferences(member, quiet_until=timezone.now() + timedelta(hours=1))
    elif why == "read":
        read_positions.mark_read(member, "board", message.seq)
    elif why == "none":
        rooms.set_level(member, "board", "none")
    elif why == "left":
        membership.leave_room(member, "board")
    consume()
    assert here.alerts(member) == []
