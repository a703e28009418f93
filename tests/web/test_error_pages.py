"""What a browser shows when something is wrong."""

import json

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from chatsite.web.pages import server_error


def test_500_needs_no_database():
    """pytest-django refuses the database to a test that doesn't ask for it."""
    answer = server_error(RequestFactory().get("/", headers={"accept": "text/html"}))
    assert answer.status_code == 500
    assert b"The server could not do that" in answer.content


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
@pytest.mark.django_db
def test_a_database_that_is_away_is_worth_another_try(owner, monkeypatch, accept):
    def away(*arguments):
        raise OperationalError("connection refused")

    monkeypatch.setattr("rooms.views.browse.room_payloads", away)
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    assert client.get("/chat/", headers={"accept": accept}).status_code == 503


@pytest.mark.django_db
def test_a_view_that_fails_answers_with_the_page(owner, monkeypatch):
    monkeypatch.setattr("rooms.views.browse.room_payloads", lambda *_: 1 / 0)
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    answer = client.get("/chat/", headers={"accept": "text/html"})
    assert answer.status_code == 500
    assert b"<h1>The server could not do that</h1>" in answer.content


def test_404_for_what_is_not_there_and_for_what_is_not_mine(client_of, stranger, private_room):
    client = client_of(stranger)
    absent, foreign = client.get("/chat/absent"), client.get(f"/chat/{private_room.slug}")
    assert absent.status_code == foreign.status_code == 404
    assert without_slugs(absent, "absent") == without_slugs(foreign, private_room.slug)


def without_slugs(answer, slug):
    return answer.content.replace(slug.encode(), b"")


def test_a_form_of_another_site_is_refused_with_a_page(owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post("/chat/new", {"name": "x", "kind": "public"})
    assert answer.status_code == 403
    assert b"This form was out of date" in answer.content


@pytest.mark.parametrize(
    "path",
    ["/", "/chat/", "/chat/new", "/direct/new", "/chat/general", "/search", "/catch-up", "/people/owner"],
)
def test_nobody_is_led_to_the_log_in_page(client, db, path):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login?next=")


def test_a_program_gets_the_contracts_error():
    answer = server_error(RequestFactory().post("/message", headers={"accept": "*/*"}))
    assert (answer.status_code, json.loads(answer.content)["code"]) == (500, "internal")
