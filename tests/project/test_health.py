import pytest
from django.db import OperationalError

from chatsite import health

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slash", ["", "/"])
def test_alive(client, slash):
    answer = client.get(f"/healthz{slash}")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_ready(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": True})


def test_not_ready_without_a_database(client, monkeypatch):
    def refuse():
        raise OperationalError("gone")

    monkeypatch.setattr(health.connection, "cursor", refuse)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": False})
    assert client.get("/healthz").status_code == 200


def test_numbers_for_a_program_on_this_machine(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert b"chatsite_connections 0.0" in answer.content


@pytest.mark.parametrize("where", [{"REMOTE_ADDR": "192.168.1.9"}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}])
def test_no_numbers_for_others(client, where, member):
    assert client.get("/metrics", **where).status_code == 401
    client.force_login(member)
    assert client.get("/metrics", **where).status_code == 403


def test_numbers_for_a_moderator(client, make_person):
    moderator = make_person("moderator")
    moderator.is_staff = True
    moderator.save()
    client.force_login(moderator)
    assert client.get("/metrics", REMOTE_ADDR="192.168.1.9").status_code == 200
