"""What people choose: stored as they say it, refused with its field's name, and over by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import services
from accounts.models import User
from accounts.payloads import own_payload, user_payload
from accounts.status import do_not_disturb
from chatsite.contract.errors import Forbidden, Invalid
from chatsite.contract.times import iso
from emoji import names

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def in_an_hour():
    return timezone.now() + HOUR


def test_a_status_is_seen_by_others_and_taken_back(api, owner, member):
    until = in_an_hour()
    told = api(owner).patch(
        "/user/me",
        {"status": {"emoji": "🌴", "text": "  At  sea ", "until": until.isoformat()}},
        format="json",
    )
    expected = {"emoji": "🌴", "text": "At sea", "until": iso(until)}
    assert (told.status_code, told.data["status"]) == (200, expected)
    assert api(member).get("/user/owner").data["status"] == expected
    assert api(owner).patch("/user/me", {"status": None}, format="json").data["status"] is None
    assert api(member).get("/user/owner").data["status"] is None


def test_a_status_is_over_when_its_end_has_come(owner):
    services.set_status(owner, {"text": "Lunch", "until": in_an_hour()})
    assert user_payload(owner)["status"]["text"] == "Lunch"
    User.objects.update(status_until=timezone.now() - HOUR)
    owner.refresh_from_db()
    assert user_payload(owner)["status"] is None


def test_an_availability_is_automatic_again_when_its_end_has_come(owner):
    services.set_availability(owner, "dnd", in_an_hour())
    assert own_payload(owner)["availability"] == "dnd"
    assert do_not_disturb.dnd_now(owner)
    User.objects.update(availability_until=timezone.now() - HOUR)
    owner.refresh_from_db()
    mine = own_payload(owner)
    assert (mine["availability"], mine["availability_until"]) == ("automatic", None)
    assert not do_not_disturb.dnd_now(owner)


def test_other_apps_say_when_somebody_is_not_to_be_disturbed(owner, monkeypatch):
    monkeypatch.setattr(do_not_disturb, "hooks", [lambda user: user == owner])
    assert do_not_disturb.dnd_now(owner)
    assert user_payload(owner)["availability"] == "automatic", "the switch is what others see"


def test_an_emoji_of_the_sites_own_is_one_in_any_case(owner, client_of, member, monkeypatch):
    known = names.Known()
    known.loaded, known.pictures = True, {"lathe": names.Picture("lathe", "/emoji/lathe/0", False)}
    monkeypatch.setattr(names, "known", known)
    services.set_status(owner, {"emoji": ":LATHE:"})
    assert user_payload(owner)["status"]["emoji"] == ":lathe:"
    assert 'src="/emoji/lathe/0"' in client_of(member).get("/people/owner").text


def status(**given):
    return {"status": given}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (status(emoji="x"), "status"),
        (status(emoji="🌴🌴"), "status"),
        (status(emoji=":nothing_here:"), "status"),
        (status(emoji=5), "status"),
        (status(text="x" * 101), "status"),
        (status(text="a\u202eb"), "status"),
        (status(text="a\0b"), "status"),
        (status(text="a", until="2001-01-01T00:00:00Z"), "status"),
        (status(text="a", until="2999-01-01T00:00:00Z"), "status"),
        (status(text="a", until="soon"), "status"),
        (status(text="a", mood="good"), "status"),
        ({"status": "at lunch"}, "status"),
        ({"availability": "busy"}, "availability"),
        ({"availability": None}, "availability"),
        ({"availability": "automatic", "availability_until": "2999-01-01T00:00:00Z"}, "availability_until"),
        ({"availability": "away", "availability_until": "2001-01-01T00:00:00Z"}, "availability_until"),
        ({"availability": "away", "availability_until": 5}, "availability_until"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"show_local_time": "yes"}, "show_local_time"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field_and_changes_nothing(api, owner, given, field):
    refused = api(owner).patch("/user/me", {"display_name": "Another", **given}, format="json")
    assert (refused.status_code, refused.data["code"], list(refused.data["fields"])) == (
        400,
        "invalid",
        [field],
    )
    before = {name: value for name, value in vars(owner).items() if name != "_state"}
    owner.refresh_from_db()
    assert {name: vars(owner)[name] for name in before} == before


def test_a_refused_choice_leaves_the_object_as_it_was(owner):
    services.set_status(owner, {"text": "Here"})
    with pytest.raises(Invalid):
        services.update_profile(owner, display_name="a\u202eb", status=None, availability="dnd")
    assert (owner.status_text, owner.availability) == ("Here", "automatic")


def test_an_end_alone_is_the_end_of_what_was_chosen(api, owner):
    client = api(owner)
    until = in_an_hour().isoformat()
    assert client.patch("/user/me", {"availability_until": until}, format="json").status_code == 400
    client.patch("/user/me", {"availability": "away"}, format="json")
    told = client.patch("/user/me", {"availability_until": until}, format="json").data
    assert (told["availability"], told["availability_until"] is not None) == ("away", True)
    assert (
        client.patch("/user/me", {"availability": "away"}, format="json").data["availability_until"] is None
    )


def test_a_time_zone_is_shown_where_the_person_shows_it(api, owner, member):
    client = api(owner)
    assert client.patch("/user/me", {"time_zone": "Asia/Kathmandu"}, format="json").data["time_zone"]
    assert api(member).get("/user/owner").data["time_zone"] is None
    client.patch("/user/me", {"show_local_time": True}, format="json")
    assert api(member).get("/user/owner").data["time_zone"] == "Asia/Kathmandu"
    assert client.patch("/user/me", {"time_zone": None}, format="json").data["time_zone"] is None


def test_the_card_has_the_clock_of_who_shows_it(client_of, owner, member):
    services.update_profile(owner, time_zone="Asia/Kathmandu", show_local_time=True)
    services.set_status(owner, {"emoji": "🌴", "text": "At sea"})
    page = client_of(member).get("/people/owner").text
    assert 'data-zone="Asia/Kathmandu"' in page
    assert "At sea" in page
    services.update_profile(owner, show_local_time=False)
    assert "Kathmandu" not in client_of(member).get("/people/owner").text


def test_a_form_without_scripts_sets_both_and_keeps_an_end(client_of, owner):
    client = client_of(owner)
    sent = {
        "emoji": "🎧",
        "text": "Focus",
        "text_lasts": "60",
        "availability": "dnd",
        "availability_lasts": "day",
    }
    assert client.post("/profile/status", sent).url == "/profile/status"
    owner.refresh_from_db()
    first = owner.status_until
    assert (owner.status_emoji, owner.status_text, owner.availability) == ("🎧", "Focus", "dnd")
    assert timedelta() < owner.availability_until - timezone.now() <= timedelta(days=1, hours=1)
    page = client.get("/profile").text
    assert 'value="Focus"' in page
    assert client.post("/profile/status", {**sent, "text": "Still", "text_lasts": "keep"}).status_code == 302
    owner.refresh_from_db()
    assert (owner.status_text, owner.status_until) == ("Still", first)
    client.post("/profile/status", {"availability": "automatic"})
    owner.refresh_from_db()
    assert (owner.status_text, owner.status_until, owner.availability) == ("", None, "automatic")
    assert owner.availability_until is None


@pytest.mark.parametrize(
    "sent",
    [
        {"availability": "busy"},
        {"emoji": "x", "availability": "away"},
        {"text": "x" * 101, "availability": "away"},
        {"text_lasts": "forever", "availability": "away"},
    ],
)
def test_the_form_says_what_cannot_be(client_of, owner, sent):
    page = client_of(owner).post("/profile/status", sent)
    assert page.status_code == 400
    owner.refresh_from_db()
    assert (owner.availability, owner.status_text) == ("automatic", "")


def test_nobody_logs_in_first(client, db):
    assert client.get("/profile/status").url == "/login?next=/profile/status"
    assert client.patch("/user/me", {"status": None}).status_code == 401


def test_a_moderator_takes_a_status_back_but_not_an_administrators(make_person, owner):
    moderator = make_person("moderator")
    moderator.is_staff = True
    services.set_status(owner, {"text": "Rude"})
    with pytest.raises(Forbidden):
        services.take_back_status(owner, by=make_person("nobody_special"))
    services.take_back_status(owner, by=moderator)
    owner.refresh_from_db()
    assert owner.status_text == ""
