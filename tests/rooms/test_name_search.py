"""Rooms and people are found by a part of a name, as anybody may type it; on PostgreSQL by
tests/database/test_apps_on_postgresql.py too."""

import pytest

from accounts.models import User
from accounts.names import fold, lookup
from rooms.membership import membership
from rooms.services import create_room
from tests.accounts.names.test_folding import ALIKE

pytestmark = pytest.mark.django_db


def names(answer):
    return {
        one.get("slug") or one.get("username") or one["user"]["username"] for one in answer.data["results"]
    }


@pytest.fixture
def tomas(make_person, private_room):
    tomas = make_person("tomas.l")
    User.objects.filter(pk=tomas.pk).update(display_name="To\u00f1ito Li\u0301ma\u2019s")
    membership.grant(private_room, tomas)
    return tomas


@pytest.mark.parametrize(
    "query", ["TONITO", "to\u00f1ito l\u00edma's", "lima\u2019s", "TOMAS.L", "\uff4c\uff49\uff4d\uff41"]
)
def test_people_are_found_by_every_door(api, client_of, member, tomas, query):
    assert names(api(member).get("/user", {"q": query})) == {"tomas.l"}
    assert names(api(member).get("/room/board/member", {"q": query})) == {"tomas.l"}
    for path in ("/chat/board/members", "/direct/new"):
        page = client_of(member).get(path, {"q": query}).text
        assert "@tomas.l" in page
        assert "@owner" not in page
    assert names(api(member).get("/user", {"q": f"{query}x"})) == set()


def test_rooms_are_found_by_every_door(api, client_of, owner, member):
    create_room(owner, "Caf\u00e9 K\u00f6ln", topic="Na\u00efve \u201cart\u201d")
    create_room(owner, "Elsewhere", topic="plain Words")
    assert len(names(api(member).get("/room", {"q": "cafe KOLN"}))) == 1
    for query, name in (("CAFE", "K\u00f6ln"), ('naive "art"', "K\u00f6ln"), ("words", "Elsewhere")):
        page = client_of(member).get("/chat/", {"q": query}).text
        assert page.count('class="room-row"') == 1
        assert name in page


@pytest.mark.parametrize(("one", "other"), ALIKE["same"])
def test_the_database_folds_as_python_does(member, one, other):
    """But for case in other alphabets than ours, where PostgreSQL's locale is C."""
    for name, query in ((one, other), (other, one)):
        User.objects.filter(pk=member.pk).update(display_name=f"x{name}")
        folded = User.objects.values_list(lookup.Folded("display_name"), flat=True).get(pk=member.pk)
        assert folded.lower() == fold(f"x{name}")
        assert User.objects.filter(lookup.name_contains(query, "display_name")).exists()


@pytest.mark.parametrize(("one", "other"), ALIKE["other"])
def test_what_is_another_name_is_not_found(member, one, other):
    User.objects.filter(pk=member.pk).update(display_name=one)
    assert not User.objects.filter(lookup.name_contains(other, "display_name")).exists()
