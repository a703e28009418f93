"""A search that takes too long tells how far it came, and goes on there."""

import uuid

import pytest
from django.db import connection

from chatsite.web import query_deadline
from messaging import services
from messaging.history.history import Span
from messaging.models import Message
from messaging.payloads import message_rows
from messaging.search import postgresql, reading, search, sqlite
from messaging.search.reading import in_windows

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(owner, member, private_room, public_room):
    rooms = [private_room, public_room]
    return [
        services.send(owner, rooms[n % 2].slug, "an apple" if n % 4 == 0 else "a pear", uuid.uuid4())[0]
        for n in range(24)
    ]


@pytest.fixture
def hurried(monkeypatch):
    """Windows of five places, and the time is up after each."""
    monkeypatch.setattr(reading, "WINDOW_PLACES", 5)
    monkeypatch.setattr(sqlite, "ALONE_SECONDS", -1)
    monkeypatch.setattr(postgresql, "WINDOWS_SECONDS", 0)
    if connection.vendor == "postgresql":

        def late(seconds, func, *args):
            if func is message_rows:
                raise query_deadline.TookTooLong()
            return func(*args)

        monkeypatch.setattr(query_deadline, "read", late)
    else:
        monkeypatch.setattr(sqlite, "WINDOW_SECONDS", 10)


def pages(client, path):
    """How many there are, and what they found together."""
    count, found = 0, []
    while path:
        page = client.get(path).data
        count += 1
        found += [message["body"] for message in page["results"]]
        path = page["next"]
    return count, found


@pytest.mark.parametrize("place", ["", "&room=board", "&after=0", "&room=board&after=0"])
def test_its_pages_together_are_all_that_there_is(said, hurried, api, member, place):
    count, found = pages(api(member), f"/message?q=apple&limit=3{place}")
    assert found == ["an apple"] * 6
    assert count > 3
    count, found = pages(api(member), f"/message?q=quince{place}")
    assert count > 2
    assert not found


def test_the_page_says_that_it_goes_on(said, hurried, client_of, member):
    browser = client_of(member)
    page = browser.get("/search?q=quince").text
    assert "Nothing found so far" in page
    assert "Search further back" in page
    place = page.split("before=")[1].split('"')[0]
    assert "Nothing found so far" in browser.get(f"/search?q=quince&before={place}").text


@pytest.mark.parametrize("room", [None, "board"])
def test_windows_read_what_one_query_would(said, monkeypatch, member, room):
    for window in (1, 2, 7, 1000):
        monkeypatch.setattr(reading, "WINDOW_PLACES", window)
        for span in (Span(4, room=room), Span(4, before=said[9].pk, room=room), Span(4, after=2, room=room)):
            found = search(member, "apple", room)
            whole = message_rows(span.of(found)[: span.limit])
            assert in_windows(found, span, lambda: False).messages == whole


def test_what_doesnt_end_is_ended(said):
    endless = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "postgresql": "SELECT pg_sleep(60)",
    }

    def ask():
        with connection.cursor() as cursor:
            cursor.execute(endless[connection.vendor])

    with pytest.raises(query_deadline.TookTooLong):
        query_deadline.read(0.2, ask)
    # Whoever asks next has no such limit.
    assert Message.objects.count() == 24
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            assert cursor.fetchone() == ("0",)
