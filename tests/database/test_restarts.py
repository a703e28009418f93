"""PostgreSQL goes away and comes back under one process: `unavailable` meanwhile, and then all is as before."""

import signal
import threading
import time
import uuid
from pathlib import Path

import pytest
import requests

from tests.support.clients.cast import Browser, Chatter, rest, settle
from tests.support.servers.harness import ANSWER, serve
from tests.support.servers.postgres import Postgres, find

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed"),
]
# Seconds away: every job of the server comes round.
AWAY = 6


@pytest.fixture(scope="module")
def database():
    server = Postgres()
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    with serve(tmp_path_factory.mktemp("site"), DATABASE_URL=database.url) as server:
        yield server


@pytest.fixture(scope="module")
def tokens(server):
    return settle(server)


class Doors:
    """Each sends a message and gives its outcome: "ok" or the error's code."""

    def __init__(self, server, tokens):
        self.server, self.token = server, tokens["member"]
        self.chatter, self.browser = Chatter(server, self.token), Browser(server, "member")
        self.chatter.join("lobby")
        self.browser.get(server.url + "/chat/lobby", timeout=ANSWER)
        self.all = (self.socket, self.rest, self.form)

    def socket(self, client_id):
        answer = self.chatter.say("lobby", "by the socket", client_id=client_id)
        return "ok" if answer["ok"] else answer["error"]["code"]

    def rest(self, client_id):
        answer = rest(
            self.server, self.token, "POST", "/message", room="lobby", body="by REST", client_id=client_id
        )
        return "ok" if answer.ok else answer.json()["code"]

    def form(self, client_id):
        fields = {"body": "by the form", "client_id": client_id}
        fields["csrfmiddlewaretoken"] = self.browser.cookies["csrftoken"]
        url = self.server.url + "/chat/lobby"
        answer = self.browser.post(
            url, data=fields, headers={"Referer": url}, timeout=ANSWER, allow_redirects=False
        )
        return "ok" if answer.ok else {503: "unavailable"}.get(answer.status_code, answer.status_code)


class Sender(threading.Thread):
    """Sends through one door, and each message again until it is taken. `answers` are outcomes with when they were
    asked for."""

    def __init__(self, door):
        super().__init__(daemon=True)
        self.door, self.sent, self.answers, self.over = door, [], [], threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            client_id, outcome = str(uuid.uuid4()), None
            while outcome != "ok":
                began = time.monotonic()
                outcome = self.door(client_id)
                self.answers.append((began, outcome))
                time.sleep(0.02)
            self.sent.append(client_id)

    def since(self, moment):
        return [outcome for began, outcome in self.answers if began >= moment]

    def end(self):
        self.over.set()
        self.join(3 * ANSWER)
        assert not self.is_alive()
        return self.sent


def stopped(database):
    database.stop(signal.SIGQUIT)
    time.sleep(AWAY)
    database.start()


def cut(database):
    others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    for _ in range(5):
        ended = {pid for pid, _ in database.ask(f"SELECT pid, pg_terminate_backend(pid) {others}")}
        time.sleep(0.2)
        # The end of a connection reaches the server by the end of its process, a moment after its row has gone.
        while any(Path(f"/proc/{pid}").exists() for pid in ended):
            time.sleep(0.02)


@pytest.mark.parametrize("fault", [stopped, cut])
def test_senders_go_on_when_it_is_back(server, database, tokens, fault):
    doors = Doors(server, tokens)
    senders = [Sender(door) for door in doors.all]
    while not all(len(sender.sent) > 5 for sender in senders):
        time.sleep(0.05)
    log = len(server.log.read_text())
    fault(database)
    back = time.monotonic()
    while not all(len(sender.since(back)) > 10 for sender in senders):
        time.sleep(0.05)
    sent = [client_id for sender in senders for client_id in sender.end()]
    for sender in senders:
        assert {outcome for _, outcome in sender.answers} <= {"ok", "unavailable"}
        assert set(sender.since(back)) == {"ok"}
    if fault is stopped:
        assert all("unavailable" in {outcome for _, outcome in sender.answers} for sender in senders)
    stored = [str(one) for (one,) in database.ask("SELECT client_id FROM messaging_message")]
    assert len(set(stored)) == len(stored)
    assert set(sent) <= set(stored)
    (head, count, last), *_ = database.ask(
        "SELECT r.head, count(*), max(e.seq) FROM rooms_room r JOIN rooms_event e ON e.room_id = r.id"
        " WHERE r.slug = 'lobby' GROUP BY r.head"
    )
    assert head == count == last
    told = server.log.read_text()[log:]
    assert "Traceback" not in told
    doors.chatter.close()


def test_connections_that_waited_are_not_used_when_they_are_dead(server, database, tokens):
    """Those of who lingers, and those that wait for whoever comes next: nobody sees that there was a restart."""
    doors = Doors(server, tokens)
    for _ in range(3):
        assert [door(str(uuid.uuid4())) for door in doors.all] == ["ok"] * 3
        database.stop(signal.SIGQUIT)
        database.start()
        assert [door(str(uuid.uuid4())) for door in doors.all] == ["ok"] * 3
    doors.chatter.close()


def test_jobs_say_once_a_round_that_it_is_away(server, database, tokens):
    """Nobody asks anything: what the server does by itself fails each time, in one line, and goes on afterwards."""
    member = Chatter(server, tokens["member"])
    member.join("lobby")
    before = len(server.log.read_text().splitlines())
    began = time.monotonic()
    database.stop(signal.SIGQUIT)
    time.sleep(2 * AWAY)
    told = server.log.read_text().splitlines()[before:]
    assert told
    # Nine kinds of jobs, of which each comes round after 4.3 s or more, and consumers twice in that time.
    assert len(told) <= 11 * ((time.monotonic() - began) / 4.3 + 1)
    assert all("Traceback" not in line for line in told)
    database.start()
    assert requests.get(server.url + "/readyz", timeout=ANSWER).status_code == 200
    assert member.say("lobby")["ok"]
    before = len(server.log.read_text().splitlines())
    time.sleep(AWAY)
    assert len(server.log.read_text().splitlines()) == before
    member.close()
