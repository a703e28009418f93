"""The cast of the tests is what a sign-up leaves."""

from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import transaction

from accounts.models import User
from rooms import services
from rooms.membership import membership
from rooms.models import Room
from tests.support import quick_cast

TIMES = {"date_joined", "joined_at", "created_at", "at"}
# Drawn by lot.
DRAWN = {"password", "epoch"}


def values_of(row, without):
    return {
        field.attname: getattr(row, field.attname) for field in row._meta.fields if field.name not in without
    }


def rows():
    """All rows of the site, by the name of their model."""
    models = [model for model in apps.get_models() if model._meta.managed]
    return {
        model.__name__: [values_of(row, TIMES | DRAWN) for row in model._default_manager.order_by("pk")]
        for model in models
    }


@contextmanager
def undone():
    point = transaction.savepoint()
    yield
    transaction.savepoint_rollback(point)


def signed_up(username):
    return User.objects.create_user(username, password=quick_cast.PASSWORD)


@pytest.mark.parametrize("username", ["owner", "Ada.Lovelace"])
def test_a_quick_person_has_the_rows_of_one_who_signed_up(db, username):
    Room.objects.create(slug="second", name="Second", is_default=True)
    made = []
    for make in (quick_cast.person, signed_up):
        with undone():
            user = make(username)
            assert user.check_password(quick_cast.PASSWORD)
            assert (user._state.adding, user._state.db, user._password) == (False, "default", None)
            assert values_of(user, ()) == values_of(User.objects.get(pk=user.pk), ())
            made.append(rows())
    assert made[0] == made[1]
    assert len(made[0]["Membership"]) == 2
    assert len(made[0]["Event"]) == 2


def created(owner, member, name, **details):
    room = services.create_room(owner, name, **details)
    room.slug = name.lower()
    room.save(update_fields=["slug"])
    membership.grant(room, member)
    return room


@pytest.mark.parametrize(("name", "kind"), [("Board", "private"), ("Lobby", "public")])
def test_a_quick_room_has_the_rows_of_one_that_was_made(owner, member, name, kind):
    made = []
    for make in (quick_cast.room_of, created):
        with undone():
            room = make(owner, member, name, kind=kind)
            assert values_of(room, ()) == values_of(Room.objects.get(pk=room.pk), ())
            made.append(rows())
    assert made[0] == made[1]
    assert [row["role"] for row in made[0]["Membership"][-2:]] == ["owner", "member"]
