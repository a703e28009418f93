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
