"""The places for further channels: what they know decides, and they hear of whoever has a reason to be told."""

from datetime import timedelta

import pytest

from notifications import channels, services
from notifications.deciding import Channel
from notifications.models import Notification
from notifications.why import why
from rooms import services as rooms

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(monkeypatch):
    """`{(user id, message): (told by push, rule)}`, where the member has a device."""
    heard = {}

    def tell(message, told):
        for user_id, decision in told:
            heard[user_id, message.body] = tuple(decision.verdicts[Channel.PUSH])

    monkeypatch.setattr(channels, "tellers", [tell])
    return heard


@pytest.fixture
def devices(monkeypatch):
    def devices(*people, **more):
        about = {person.pk: {"has_device": True, **more} for person in people}
        monkeypatch.setattr(channels, "knowledge", [lambda ids: about])

    return devices


def test_who_has_a_reason_is_told_by_what_is_known_of_them(
    owner, member, stranger, private_room, say, consume, heard, devices
):
    devices(member, stranger)
    say(owner, private_room, "@member look")
    say(owner, private_room, "nothing")
    consume()
    assert heard == {(member.pk, "@member look"): (True, "mention")}
    devices(member, active=True)
    say(owner, private_room, "@member again")
    consume()
    assert heard[member.pk, "@member again"] == (False, "active")


@pytest.mark.parametrize("how", ["room", "mine", "site"])
def test_who_wants_every_message_is_told_and_their_inbox_stays_empty(
    how, owner, member, private_room, say, consume, heard, devices
):
    from accounts.models import SiteSettings

    if how == "room":
        rooms.set_level(member, "board", "all")
    elif how == "mine":
        services.change_preferences(member, level="all")
    else:
        SiteSettings.objects.update_or_create(pk=1, defaults={"notification_level": "all"})
    devices(member)
    say(owner, private_room, "anything")
    consume()
    assert heard == {(member.pk, "anything"): (True, "level_all")}
    assert Notification.objects.count() == 0


def test_a_direct_message_in_quiet_hours_makes_no_sound(owner, member, say, consume, heard, devices):
    from django.utils import timezone

    devices(member)
    services.change_preferences(member, quiet_until=timezone.now() + timedelta(hours=1))
    say(owner, rooms.open_direct(owner, ["member"])[0], "psst")
    consume()
    assert heard == {(member.pk, "psst"): (False, "quiet_until")}
    assert Notification.objects.count() == 1


def test_why_knows_it_too(owner, member, private_room, say, consume, devices):
    devices(member)
    message = say(owner, private_room, "@member")
    assert next(each for each in why(member, message.pk)["channels"] if each["channel"] == "push")["told"]
