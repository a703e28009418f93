"""The text that once kept a server busy until its watchdog killed it: stored, shown, and harmless when it comes again."""

import time
import uuid

import pytest

from tests.attacks.kinds.heavy_texts import HEAVY_TEXTS
from tests.support.clients.cast import Browser, Chatter, rest, settle
from tests.support.run.machine_pace import Pace
from tests.support.servers.harness import ANSWER, serve

pytestmark = pytest.mark.realtime

BOMB = HEAVY_TEXTS[0]


def test_the_bomb_is_stored_and_shown_and_harmless_after_a_restart(tmp_path):
    with serve(tmp_path) as server, Pace() as pace:
        tokens = settle(server)
        worker, began = server.worker, time.monotonic()
        chatter = Chatter(server, tokens["member"])
        chatter.join("lobby")
        answer = chatter.say("lobby", BOMB, client_id=str(uuid.uuid4()))
        assert answer["ok"]
        assert time.monotonic() - began < pace.allowed(2), pace
        assert "<pre" in answer["message"]["html"]
        page = Browser(server, "member").get(server.url + "/chat/lobby", timeout=ANSWER)
        assert "a" * 1200 in page.text
        assert server.worker == worker
    with serve(tmp_path) as server, Pace() as pace:
        worker, began = server.worker, time.monotonic()
        chatter = Chatter(server, tokens["member"])
        chatter.join("lobby")
        again = chatter.say("lobby", BOMB, client_id=str(uuid.uuid4()))
        assert again["ok"]
        assert again["message"]["seq"] > answer["message"]["seq"]
        edited = rest(
            server, tokens["member"], "PATCH", f"/message/{again['message']['id']}", body=HEAVY_TEXTS[1]
        )
        assert edited.status_code == 200
        assert time.monotonic() - began < pace.allowed(4), pace
        assert server.worker == worker
