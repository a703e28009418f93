"""A database that goes away: one line for each thing that fails, no traceback, and numbers that say so."""

import json
from contextlib import ExitStack

import pytest
import requests

from tests.observability.test_metrics import Watch, numbers
from tests.support.clients.cast import Browser, Chatter, rest, settle
from tests.support.run.waiting import wait_for
from tests.support.servers.logged_site import lines, serve
from tests.support.servers.postgres import find, postgres

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not here"),
]


def test_postgresql_goes_away(tmp_path):
    with ExitStack() as away, ExitStack() as stack:
        url = away.enter_context(postgres())
        server = stack.enter_context(serve(tmp_path, DATABASE_URL=url, LOG_FORMAT="json"))
        tokens = settle(server)
        member, browser = Chatter(server, tokens["member"]), Browser(server, "owner")
        member.join("lobby")
        assert member.say("lobby")["ok"]
        now = numbers(server)
        assert sum(now["chatsite_database_connections", state] for state in ("used", "idle")) >= 1
        watch, before = Watch(server), len(lines(server))
        away.close()
        assert member.say("lobby")["error"]["code"] == "unavailable"
        assert rest(server, tokens["member"], "GET", "/room").status_code == 503
        assert browser.get(server.url + "/chat/lobby").status_code >= 500
        assert requests.get(server.url + "/readyz").status_code == 503
        wait_for(lambda: watch.of("chatsite_database_errors_total", "OperationalError") >= 4)
        watch.until(1, "chatsite_events_total", "chat-message", "unavailable")

        def told():
            return [json.loads(line) for line in lines(server)[before:]]

        wait_for(
            lambda: [
                line["error"] for line in told() if line["message"].startswith("The database cannot be used")
            ]
        )
        assert not [line for line in told() if "traceback" in line]
        member.close()
