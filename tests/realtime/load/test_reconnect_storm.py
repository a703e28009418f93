"""Everybody comes back at once: all are answered, nobody times out, and who may not come in doesn't."""

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from chatsite import gunicorn
from tests.attacks.sockets import kept_alive
from tests.support import ROOT
from tests.support.clients.cast import Chatter, rest
from tests.support.clients.raw_clients import RawSocket
from tests.support.servers.harness import ANSWER, serve
from tests.support.servers.postgres import find, postgres
from tests.support.sites import PATIENT

pytestmark = pytest.mark.realtime
# Of 25 people each; more than may be half open from one address at once.
ROOMS, SIZE = 60, 25
# A client gives up after 20 s, of which all need a few; here they are one process, beside others.
PATIENCE = 100
# So they aren't as quick at the door as the server may ask. Nobody moves for STUCK seconds: it is full.
STUCK = 10
LONG = {
    "ASKING": "240",
    "STUCK": str(STUCK),
    # As chatsite/gunicorn.py has it. gunicorn's own are fewer than come at once, and who is slow among more is put out.
    "GUNICORN_CMD_ARGS": f"--worker-connections {gunicorn.worker_connections}",
}
SCRIPT = """
import json, sys, django
django.setup()
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.conf import settings
from accounts import services as accounts
from accounts.models import ApiToken, User
from rooms.models import Membership, Room
rooms, size = int(sys.argv[1]), int(sys.argv[2])
owner = User.objects.create_superuser("owner", password="x")
people = User.objects.bulk_create(User(username=f"person{n:04}", password="!") for n in range(rooms * size))
halls = Room.objects.bulk_create(Room(slug=f"hall-{n}", name=f"hall-{n}", kind="private") for n in range(rooms))
Membership.objects.bulk_create(Membership(room=room, user=owner, role="owner") for room in halls)
Membership.objects.bulk_create(Membership(room=halls[n // size], user=user) for n, user in enumerate(people))
ApiToken.objects.bulk_create(
    ApiToken(user=user, name="t", prefix="t", digest=ApiToken.digest_of(user.username)) for user in people)
cookies = {}
for user in people[::10]:
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session.create()
    cookies[user.username] = f"sessionid={session.session_key}"
print(json.dumps({"token": accounts.make_token(owner, "test")[1], "cookies": cookies}))
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request, tmp_path_factory):
    if request.param == "sqlite":
        with serve(tmp_path_factory.mktemp("storm"), PATIENT, **LONG) as server:
            yield filled(server)
        return
    if not find("initdb"):
        pytest.skip("PostgreSQL is not installed")
    folder = tmp_path_factory.mktemp("storm")
    with postgres() as url, serve(folder, PATIENT, DATABASE_URL=url, **LONG) as server:
        yield filled(server)


def filled(server):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(ROOMS), str(SIZE)],
        cwd=ROOT, env=server.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    server.made = json.loads(done.stdout.splitlines()[-1])
    return server


def everybody(server):
    """A tenth come by their session's cookie, the others by a token."""
    for n in range(ROOMS * SIZE):
        name, room = f"person{n:04}", f"hall-{n // SIZE}"
        cookie = server.made["cookies"].get(name)
        yield {"cookie": cookie, "room": room} if cookie else {"token": name, "room": room}


@contextmanager
def crowd(server, clients):
    """`(answers, heard)`: the first waits until all have theirs, the second until those of these numbers have heard."""
    command = [sys.executable, "-m", "tests.support.clients.reconnect_storm"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    plan = {"host": server.host, "port": server.port, "clients": clients, "seconds": PATIENCE}

    def say(line):
        process.stdin.write(line + "\n")
        process.stdin.flush()

    def read():
        return json.loads(process.stdout.readline())

    def heard(numbers):
        say(json.dumps(numbers))
        return read()

    say(json.dumps(plan))
    try:
        yield read, heard
    finally:
        process.kill()
        process.wait()


def test_all_who_come_back_at_once_are_let_in_and_join(server):
    clients = list(everybody(server))
    for _ in range(2):
        with crowd(server, clients) as (answers, _):
            told = answers()
        assert [one for one in told if one.get("status") != 101] == []
        assert all(one["connect"].startswith("40{") for one in told)
        acks = [one["join"] for one in told]
        assert all(ack["ok"] for ack in acks)
        assert [ack["room"]["slug"] for ack in acks] == [one["room"] for one in clients]
        assert {ack["room"]["members"] for ack in acks} == {SIZE + 1}
        assert max(one["seconds"] for one in told) < PATIENCE
        # The last who joined a room is told of all the others.
        assert max(len(ack["online"]) for ack in acks) >= SIZE - 1


def test_who_may_not_come_in_hurts_nobody_else(server):
    clients = list(everybody(server))[:300]
    wrong = [{"token": f"nobody{n}", "room": "hall-0"} for n in range(100)]
    lost = [{**one, "room": "hall-59"} for one in clients[:100]]
    with crowd(
        server, [who for group in zip(clients[100:200], wrong, lost, strict=True) for who in group]
    ) as (answers, _):
        told = answers()
    for n, one in enumerate(told):
        if n % 3 == 0:
            assert one["join"]["ok"] is True
        elif n % 3 == 1:
            assert '"code":"unauthorized"' in one["connect"]
        else:
            assert one["join"]["error"]["code"] == "not_found"


def test_who_is_put_out_in_the_storm_hears_nothing_of_the_room(server):
    """One of each room is removed while all of them come."""
    clients = list(everybody(server))
    removed = {n * SIZE + 7 for n in range(20)}
    token = server.made["token"]

    def remove():
        for n in sorted(removed):
            answer = rest(server, token, "DELETE", f"/room/hall-{n // SIZE}/member/person{n:04}")
            assert answer.status_code == 204

    removing = threading.Thread(target=remove)
    with crowd(server, clients) as (answers, heard):
        removing.start()
        told = answers()
        removing.join()
        owner = Chatter(server, token)
        for n in range(20):
            assert owner.say(f"hall-{n}", "a secret")["ok"] is True
        texts = heard([n for n in range(20 * SIZE) if n not in removed])
        owner.close()
    for n in range(20 * SIZE):
        assert bool(texts[n]) == (n not in removed), (n, told[n], texts[n])


def test_who_finds_the_threshold_full_waits_for_those_who_go_on(server):
    """512 may be half open; the third waits longer than anybody would for those who don't go on."""
    silent = []
    with kept_alive(silent):
        silent.extend(RawSocket(server) for _ in range(512))
        find_the_threshold_full(server, silent)
    for one in silent:
        one.close()


def find_the_threshold_full(server, silent):
    entered, over = [], threading.Event()

    def come():
        with RawSocket(server) as late:
            # Says pong from now on, or it would be put out and make room for the next.
            silent.append(late)
            entered.append(late.status)
            over.wait()

    waiting = [threading.Thread(target=come) for _ in range(3)]
    for thread in waiting:
        thread.start()
    for n in range(3):
        time.sleep(0.4 * STUCK)
        assert entered == [101] * n
        silent[n].send('40{"token":"nobody"}')
        deadline = time.monotonic() + ANSWER
        while len(entered) == n:
            assert time.monotonic() < deadline, "nobody went on"
            time.sleep(0.02)
    over.set()
    for thread in waiting:
        thread.join()
    assert entered == [101] * 3
