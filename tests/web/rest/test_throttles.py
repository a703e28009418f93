from uuid import uuid4

import pytest
import time_machine
from django.core.cache import cache
from rest_framework.test import APIRequestFactory

from chatsite.realtime.limits import limits
from chatsite.realtime.limits.limits import PersonRates
from chatsite.web.rest.throttles import UserThrottle
from messaging.models import Message, Reaction
from messaging.services import send

NOW, HOUR = 1_000_000_000, 3600


@pytest.fixture
def asked(member, monkeypatch):
    """`asked(at)` says whether one more is answered then; three a minute are."""
    monkeypatch.setattr(UserThrottle, "rate", "3/min", raising=False)
    cache.clear()
    request = APIRequestFactory().get("/")
    request.user = member

    def asked(at):
        with time_machine.travel(at, tick=False):
            throttle = UserThrottle()
            return throttle.allow_request(request, None) or throttle.wait()

    return asked


def test_the_fourth_in_a_minute_waits(asked):
    assert [asked(NOW + n) for n in range(3)] == [True] * 3
    assert asked(NOW + 3) == 57
    assert asked(NOW + 61) is True


def test_a_clock_that_was_set_back_keeps_nobody_waiting_for_it(asked):
    assert [asked(NOW + HOUR + n) for n in range(3)] == [True] * 3
    assert [asked(NOW + n) for n in range(3)] == [True] * 3
    assert asked(NOW + 3) == 57


def test_a_machine_whose_clock_is_a_little_ahead_counts(asked):
    assert [asked(NOW + 5 + n) for n in range(3)] == [True] * 3
    assert asked(NOW) == 65


@pytest.fixture
def two_events(monkeypatch):
    """Everybody may do two things, and another each hour."""
    monkeypatch.setattr(limits, "event_rates", PersonRates(rate=1 / HOUR, burst=2, word="test"))


def sent(api, user, room):
    return api(user).post("/message", {"room": room.slug, "body": "hello", "client_id": str(uuid4())})


def test_what_a_program_and_a_form_do_are_the_same_persons_events(
    api, client_of, member, owner, public_room, two_events
):
    form, body = f"/chat/{public_room.slug}", {"body": "by the form", "client_id": str(uuid4())}
    assert sent(api, member, public_room).status_code == 201
    assert client_of(member).post(form, body).status_code == 302
    refused = sent(api, member, public_room)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert refused.json()["retry_after"] == int(refused["Retry-After"]) == HOUR
    assert api(member).get(f"/room/{public_room.slug}/event?after=0").status_code == 429, "reading counts"
    page = client_of(member).post(form, {"body": "once more", "client_id": str(uuid4())})
    assert page.status_code == 429
    assert int(page["Retry-After"]) >= HOUR - 1
    assert client_of(member).get(form).status_code == 200, "a page can be looked at"
    assert Message.objects.filter(sender=member).count() == 2
    assert sent(api, owner, public_room).status_code == 201, "nobody else notices"


def test_reactions_are_events_by_either_door(api, client_of, member, owner, public_room, two_events):
    message = send(owner, public_room.slug, "hello", uuid4())[0]
    door, page = f"/message/{message.pk}/reaction", f"/chat/lobby/message/{message.pk}/reaction"
    assert api(member).post(door, {"emoji": "👍"}).status_code == 201
    assert client_of(member).post(page, {"emoji": "🎉"}).status_code == 302
    refused = [
        api(member).post(door, {"emoji": "👀"}),
        api(member).delete(f"{door}/👍"),
        client_of(member).post(page, {"emoji": "👀"}),
    ]
    assert [answer.status_code for answer in refused] == [429] * 3
    assert Reaction.objects.count() == 2
    assert api(owner).post(door, {"emoji": "👍"}).status_code == 201


def test_who_is_nobody_has_no_events(client, two_events):
    assert [client.get("/schema").status_code for _ in range(4)] == [200] * 4
