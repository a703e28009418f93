"""Why was I (not) told: the same function, by what is stored."""

import pytest

from notifications import services
from rooms import services as rooms

pytestmark = pytest.mark.django_db


def rules(api, user, message):
    answer = api(user).get(f"/message/{message.pk}/why")
    assert answer.status_code == 200
    return {
        each["channel"]: (each["told"], each["rule"], bool(each["at"])) for each in answer.data["channels"]
    }


def test_of_a_mention(api, owner, member, private_room, say, consume):
    message = say(owner, private_room, "@member")
    consume()
    rooms.mark_read(member, "board", message.seq)
    assert rules(api, member, message) == {
        "inbox": (True, "mention", True),
        "desktop": (False, "offline", False),
        "push": (False, "no_device", False),
        "mail": (False, "no_mail", False),
    }
    assert {rule for _, rule, _ in rules(api, owner, message).values()} == {"own"}


def test_of_what_was_not_for_me(api, owner, member, private_room, say, consume):
    message = say(owner, private_room, "hello")
    consume()
    assert set(rules(api, member, message).values()) == {(False, "not_addressed", False)}
    rooms.set_level(member, "board", "none")
    assert set(rules(api, member, message).values()) == {(False, "level_none", False)}


def test_of_a_message_in_quiet_hours(api, owner, member, private_room, say, consume):
    services.change_preferences(member, hours=[{"day": "monday", "from": "09:00", "to": "09:01"}], zone="UTC")
    message = say(owner, private_room, "@member")
    message.created_at = message.created_at.replace(year=2026, month=11, day=29)
    message.save()
    assert rules(api, member, message)["push"] == (False, "schedule", False)


def test_in_a_public_room_that_one_only_reads(api, owner, stranger, public_room, say):
    message = say(owner, public_room, "hello")
    assert {rule for _, rule, _ in rules(api, stranger, message).values()} == {"no_member"}


def test_each_rule_has_a_sentence():
    from notifications.deciding import Rule
    from notifications.why import SENTENCES

    assert set(SENTENCES) == set(Rule)
