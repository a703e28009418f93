import pytest
import requests
from django.db import OperationalError

from chatsite.observability import health
from tests.support.servers.harness import ANSWER, serve

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


@pytest.mark.realtime
def test_whoever_asks_for_the_head_alone_gets_it_without_a_word_in_the_log(tmp_path):
    with serve(tmp_path) as server:
        for path in (
            "/healthz",
            "/readyz",
            "/login",
            "/chat/general",
            "/nowhere",
            "/schema",
            "/static/css/base.css",
        ):
            whole = requests.get(server.url + path, timeout=ANSWER, allow_redirects=False)
            head = requests.head(server.url + path, timeout=ANSWER)
            assert (head.status_code, head.content) == (whole.status_code, b"")
            if path in ("/healthz", "/readyz"):
                assert head.headers["Content-Length"] == str(len(whole.content))
        assert "no-body response" not in server.log.read_text()
