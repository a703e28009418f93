"""Somebody comes into a room and is banned from it at the same moment: whoever is first, they are out at the end."""

import threading

import pytest
from django.db import connections

from rooms.membership import invites, membership
from rooms.models import Ban, Membership
from rooms.services import create_room
from tests.support.servers.postgres_locks import until_waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def room(owner):
    return create_room(owner, "Lobby")


def joins(owner, stranger, room):
    membership.join_room(stranger, room.slug)


def is_added(owner, stranger, room):
    membership.add_member(owner, room.slug, stranger.username)


def follows_a_link(owner, stranger, room):
    invites.accept(stranger, invites.make_room_invite(owner, room.slug).invite)


@pytest.mark.parametrize("comes_in", [joins, is_added, follows_a_link])
def test_who_is_banned_while_they_come_in_is_out(owner, stranger, room, monkeypatch, comes_in):
    admit = membership.admit

    def ban():
        try:
            membership.ban(owner, room.slug, stranger.username)
        finally:
            connections.close_all()

    banning = threading.Thread(target=ban, daemon=True)

    def and_meanwhile_the_ban(*arguments, **options):
        """Nobody had banned them yet. The ban goes as far as it comes now."""
        banning.start()
        until_waiting(lambda: not banning.is_alive())
        return admit(*arguments, **options)

    monkeypatch.setattr(membership, "admit", and_meanwhile_the_ban)
    comes_in(owner, stranger, room)
    banning.join(120)
    assert not banning.is_alive()
    assert Ban.objects.filter(room=room, user=stranger).exists()
    assert not Membership.objects.filter(room=room, user=stranger).exists()


def test_comings_goings_and_bans_of_one_room_never_wait_for_each_other_in_a_ring(owner, room, make_person):
    people = [make_person(f"person{n}") for n in range(4)]
    failures = []

    def come_and_go(person):
        try:
            for n in range(15):
                membership.grant(room, person)
                if n % 2:
                    membership.ban(owner, room.slug, person.username)
                    membership.lift_ban(owner, room.slug, person.username)
                else:
                    membership.revoke(room, person, by=owner)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come_and_go, args=(one,), daemon=True) for one in people * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [str(error) for error in failures if "no such ban" not in str(error)] == []
    assert not any(thread.is_alive() for thread in threads)
