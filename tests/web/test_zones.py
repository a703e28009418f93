"""Names of time zones: one check for all doors, and each names its field."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chatsite.contract import zones
from chatsite.contract.errors import Invalid

NONE = [
    *("Mars/Olympus", "Europe", "../etc/passwd", "/etc/passwd", "Europe/../Europe/Berlin", "\x00", "x" * 400),
    *("Europe/Berlin\n", "posix/Europe/Berlin", "right/UTC", "Factory", "localtime", "Europe/Bérlin", ""),
]


@pytest.mark.parametrize("name", ["Europe/Vienna", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+3"])
def test_a_zone_is_found(name):
    assert str(zones.find_zone(name)) == str(zones.checked_zone("zone", name)) == name


@pytest.mark.parametrize("name", NONE)
def test_what_is_none_is_refused(name):
    assert zones.find_zone(name) is None
    with pytest.raises(Invalid) as refused:
        zones.checked_zone("zone", name)
    assert list(refused.value.fields) == ["zone"]


def test_places_are_all_zones_in_their_order():
    places = zones.places()
    assert "Europe/Vienna" in places
    assert places == sorted(places)
    assert not any(name.startswith("Etc/") for name in places)
    assert all(zones.find_zone(name) for name in places)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "posix/Europe/Berlin"])
def test_each_door_refuses_it(api, client, member, private_room, name):
    ahead = (timezone.now() + timedelta(hours=1)).isoformat()
    doors = [
        ("patch", "/user/me", {"time_zone": name}, "time_zone"),
        ("patch", "/notification/setting", {"zone": name}, "zone"),
        (
            "post",
            "/scheduled",
            {"room": "board", "body": "x", "send_at": ahead, "time_zone": name},
            "time_zone",
        ),
        ("post", "/reminder", {"text": "x", "remind_at": ahead, "time_zone": name}, "time_zone"),
    ]
    for method, path, body, field in doors:
        refused = getattr(api(member), method)(path, body, format="json")
        assert (refused.status_code, list(refused.json()["fields"])) == (400, [field]), path
    # A page goes on in UTC.
    client.force_login(member)
    client.cookies["tz"] = name
    assert client.get("/later/scheduled").status_code == 200
