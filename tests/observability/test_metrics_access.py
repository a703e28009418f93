"""Who may read /metrics."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatsite import conf

pytestmark = pytest.mark.django_db
TOKEN = "0123456789abcdef0123"


def read(client, **environ):
    return client.get("/metrics", **{"SERVER_NAME": "localhost", **environ})


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000"])
def test_a_program_on_this_machine(client, slash, address, host, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get(f"/metrics{slash}", REMOTE_ADDR=address, HTTP_HOST=host)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert b"\nchatsite_connections 0.0\n" in answer.content


# A proxy on the same machine brings the whole world from 127.0.0.1; one that is forgotten in the settings does, too.
STRANGERS = [
    {"REMOTE_ADDR": "192.168.1.9"},
    {"REMOTE_ADDR": "::2"},
    {"REMOTE_ADDR": ""},
    {"HTTP_HOST": "testserver"},
    {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    {"HTTP_X_FORWARDED_FOR": ""},
    {"HTTP_X_REAL_IP": "127.0.0.1"},
    {"HTTP_FORWARDED": "for=127.0.0.1"},
    {"HTTP_VIA": "1.1 proxy"},
]


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("where", STRANGERS, ids=str)
def test_nobody_else(client, where, member, settings, trust):
    settings.TRUST_PROXY = trust
    answer = read(client, **where)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    client.force_login(member)
    answer = read(client, **where)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert b"chatsite_" not in answer.content


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Bearer None", f"Token {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"],
)
@pytest.mark.parametrize("token", ["", TOKEN])
def test_a_wrong_token(client, settings, given, token):
    settings.METRICS_TOKEN = token
    assert read(client, REMOTE_ADDR="192.168.1.9", HTTP_AUTHORIZATION=given).status_code == 401


def test_the_right_token(client, settings, django_assert_num_queries):
    settings.METRICS_TOKEN = TOKEN
    with django_assert_num_queries(0):
        answer = client.get("/metrics", REMOTE_ADDR="192.168.1.9", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert answer.status_code == 200


def test_a_moderator(client, make_person):
    moderator = make_person("moderator")
    moderator.is_staff = True
    moderator.save()
    client.force_login(moderator)
    assert read(client, REMOTE_ADDR="192.168.1.9").status_code == 200


@pytest.mark.parametrize("token", ["short", "with a\nline's end in it", "ümlaute sind hier nicht erlaubt"])
def test_a_token_that_is_none_is_told(monkeypatch, token):
    monkeypatch.setenv("METRICS_TOKEN", token)
    with pytest.raises(ImproperlyConfigured, match=r"^METRICS_TOKEN") as caught:
        conf.metrics_token()
    assert token not in str(caught.value)
