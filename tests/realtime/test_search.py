"""A long search holds up nobody: SQLite reads the messages in a thread of its own."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.realtime.cast import Chatter, settle
from tests.realtime.harness import ROOT, serve

pytestmark = pytest.mark.realtime

# In forty megabytes every word but the last is found near the end, and in the last of its forms.
LETTERS = [f"é{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
FILL = """
import sys, uuid, django
django.setup()
from django.utils import timezone
from accounts.models import User
from messaging.models import Message
from rooms.models import Room
room, user = Room.objects.get(slug="lobby"), User.objects.get(username="owner")
body = "x" * 9_900 + " " + sys.argv[1]
Message.objects.bulk_create(
    Message(room=room, seq=n + 10, sender=user, client_id=uuid.uuid4(), body=body) for n in range(4_000)
)
"""


def test_who_sends_does_not_wait_for_who_searches(tmp_path):
    with serve(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        tokens = settle(server)
        fill = [sys.executable, "-c", FILL, " ".join(LETTERS)]
        subprocess.run(fill, cwd=ROOT, env=server.environ, check=True)
        owner = Chatter(server, tokens["owner"])
        owner.join("board")

        def search():
            began = time.monotonic()
            query = {"q": " ".join([*LETTERS, "zzzz"])}
            headers = {"Authorization": f"Token {tokens['member']}"}
            answer = requests.get(f"{server.url}/message", query, headers=headers, timeout=60)
            return answer, time.monotonic() - began

        asked, waits = pool.submit(search), []
        while not asked.done():
            began = time.monotonic()
            assert owner.call("typing", {"room": "board", "typing": True})["ok"]
            waits.append(time.monotonic() - began)
            time.sleep(0.01)
        answer, took = asked.result()
        assert answer.json()["results"] == []
        assert max(waits) < took / 2
        headers = {"Authorization": f"Token {tokens['member']}"}
        found = requests.get(f"{server.url}/message", {"q": "éz éa"}, headers=headers, timeout=60).json()
        assert len(found["results"]) == 50
        owner.close()
