"""Search and who sends meanwhile: SQLite reads the messages in a thread of its own, PostgreSQL's index is kept up beside."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import psycopg
import pytest
import requests

from messaging.search.indexes import CLEANUP_CHARACTERS
from tests.support import ROOT
from tests.support.clients.cast import Chatter, settle
from tests.support.servers.harness import serve
from tests.support.servers.postgres import find

pytestmark = pytest.mark.realtime

# In forty megabytes every word but the last is found near the end.
LETTERS = [f"é{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
FILL = """
import sys, uuid, django
django.setup()
from django.utils import timezone
from accounts.models import User
from messaging.models import Message
from messaging.search.folded import folded
from rooms.models import Room
room, user = Room.objects.get(slug="lobby"), User.objects.get(username="owner")
body = "x" * 9_900 + " " + sys.argv[1]
Message.objects.bulk_create(
    Message(room=room, seq=n + 10, sender=user, client_id=uuid.uuid4(), body=body, folded=folded(body)) for n in range(4_000)
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
            time.sleep(0.002)
        answer, took = asked.result()
        assert answer.json()["results"] == []
        # Whoever waited for the search would be answered once or twice meanwhile.
        assert len(waits) > 10
        assert median(waits) < took / 5
        headers = {"Authorization": f"Token {tokens['member']}"}
        found = requests.get(f"{server.url}/message", {"q": "éz éa"}, headers=headers, timeout=60).json()
        # A page ends at 256 KiB of text.
        assert 20 < len(found["results"]) <= 50
        assert found["next"]
        owner.close()


@pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed")
def test_the_server_sorts_in_what_was_stored_and_it_is_found_before_and_after(database, tmp_path):
    long = "few different words " * 480
    with serve(tmp_path, DATABASE_URL=database, EVENTS_PER_SECOND="0") as server:
        tokens = settle(server)
        owner = Chatter(server, tokens["owner"])

        def found(word):
            headers = {"Authorization": f"Token {tokens['member']}"}
            answer = requests.get(f"{server.url}/message", {"q": word}, headers=headers, timeout=60)
            return len(answer.json()["results"])

        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pgstattuple")

            def pages():
                query = "SELECT pending_pages FROM pgstatginindex('message_search_trigrams')"
                return connection.execute(query).fetchone()[0]

            assert owner.say("board", "a quincunx")["ok"]
            assert pages() > 0
            assert found("quincunx") == 1
            for _ in range(CLEANUP_CHARACTERS // len(long) + 1):
                assert owner.say("board", long)["ok"]
            deadline = time.monotonic() + 20
            while pages() and time.monotonic() < deadline:
                time.sleep(0.05)
            assert pages() == 0
            assert found("quincunx") == 1
        owner.close()
