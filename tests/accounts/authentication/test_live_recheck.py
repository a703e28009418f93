"""G5 on a real server: what is changed in the database behind its back ends a connection within five seconds."""

import sqlite3
import time
import uuid
from contextlib import closing

import psycopg
import pytest

from tests.support.clients.cast import Browser, Chatter, settle
from tests.support.servers.harness import serve
from tests.support.servers.postgres import find, postgres

pytestmark = pytest.mark.realtime

# The contract's, and what a loaded machine needs to say so.
WITHIN, SLACK = 5, 20

ENGINES = [
    "sqlite",
    pytest.param(
        "postgresql", marks=pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed")
    ),
]


@pytest.fixture(params=ENGINES)
def server(request, tmp_path):
    if request.param == "sqlite":
        with serve(tmp_path) as server:
            yield server
    else:
        with postgres() as url, serve(tmp_path, DATABASE_URL=url) as server:
            yield server


def behind(server, *statements):
    """As somebody with a database console would."""
    url = server.environ["DATABASE_URL"]
    path = url.removeprefix("sqlite:///")
    with closing(psycopg.connect(url) if path == url else sqlite3.connect(path, timeout=10)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def the(username):
    return f"(SELECT id FROM accounts_user WHERE username = '{username}')"


def chatters(server, tokens):
    page = Browser(server, "stranger")
    return {
        "revoked": Chatter(server, tokens["visitor"]),
        "logged_out": Chatter(server, cookies=page.cookie_header),
        "deactivated": Chatter(server, cookies=Browser(server, "boss").cookie_header),
        "password_changed": Chatter(server, cookies=Browser(server, "owner").cookie_header),
    }, page.cookies["sessionid"]


def hears(evicted, program, witness):
    """Whether the evicted still gets what is said in the board. What is said in the lobby comes behind it."""
    body = str(uuid.uuid4())
    assert program.say("board", body)["ok"]
    assert witness.say("lobby", body)["ok"]
    evicted.wait("chat-message", room="lobby", body=body)
    return body in [message["body"] for message in evicted.all("chat-message") if message["room"] == "board"]


def test_whatever_ends_it_behind_the_servers_back_it_ends_within_five_seconds(server):
    tokens = settle(server)
    ending, session = chatters(server, tokens)
    program, evicted, witness = (Chatter(server, tokens[name]) for name in ("owner", "member", "stranger"))
    for chatter, room in ((program, "board"), (evicted, "board"), (evicted, "lobby"), (witness, "lobby")):
        assert chatter.join(room)["ok"]
    began = time.monotonic()
    behind(
        server,
        f"DELETE FROM accounts_apitoken WHERE user_id = {the('visitor')}",
        f"DELETE FROM django_session WHERE session_key = '{session}'",
        "UPDATE accounts_user SET is_active = false WHERE username = 'boss'",
        "UPDATE accounts_user SET password = 'md5$x$y' WHERE username = 'owner'",
        f"DELETE FROM rooms_membership WHERE user_id = {the('member')}"
        " AND room_id = (SELECT id FROM rooms_room WHERE slug = 'board')",
    )
    for code, chatter in ending.items():
        left = began + WITHIN + SLACK - time.monotonic()
        assert chatter.wait("session-ended", timeout=left) == {"code": code}
        chatter.wait("disconnect")
    while hears(evicted, program, witness):
        assert time.monotonic() < began + WITHIN + SLACK
        time.sleep(0.2)
    for chatter in (program, evicted, witness):
        assert chatter.all("session-ended") == []
        chatter.close()
