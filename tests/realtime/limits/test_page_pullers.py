"""Who reads page after page as fast as they come holds nobody else up."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from statistics import median
from uuid import uuid4

import pytest

from tests.support import ROOT
from tests.support.clients.raw_clients import RawSocket
from tests.support.servers.harness import serve

PULLERS, ROUNDS, SENDS = 12, 3, 15
# A message takes three times as long as without them; where each page was read at once, it was 130 times.
MOST = 40
SCRIPT = """
import json, sys, uuid, django
django.setup()
from accounts import services as accounts
from accounts.models import User
from messaging.models import Message
from rooms.membership import membership; from rooms import services as rooms
from rooms.models import Event, Room
people = [User.objects.create_user(f"person{n}", password="correct horse battery") for n in range(int(sys.argv[1]) + 1)]
hall = rooms.create_room(people[0], "Hall")
for person in people[1:]:
    membership.grant(hall, person)
head = Room.objects.get(pk=hall.pk).head
messages = Message.objects.bulk_create(
    Message(room=hall, seq=head + n, sender=people[0], client_id=uuid.uuid4(), fingerprint="", body="hello " * 20)
    for n in range(1, 1001)
)
Event.objects.bulk_create(
    Event(room=hall, seq=m.seq, event="chat-message", user=people[0], subject_id=m.pk) for m in messages
)
Room.objects.filter(pk=hall.pk).update(head=head + len(messages))
print(json.dumps([accounts.make_token(person, "test")[1] for person in people]))
"""


@contextmanager
def pulling(server, tokens):
    run = [
        sys.executable,
        "-m",
        "tests.support.clients.page_pullers",
        server.host,
        str(server.port),
        "hall",
        *tokens,
    ]
    process = subprocess.Popen(run, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"pulling\n"
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def acks(raw):
    """Seconds of each."""
    found = []
    for _ in range(SENDS):
        began = time.monotonic()
        assert raw.call("chat-message", {"room": "hall", "body": "hi", "client_id": str(uuid4())})["ok"]
        found.append(time.monotonic() - began)
        time.sleep(0.01)
    return found


@pytest.mark.realtime
@pytest.mark.serial
def test_who_sends_is_answered_while_others_pull(tmp_path):
    with serve(tmp_path) as server:
        made = [sys.executable, "-c", SCRIPT, str(PULLERS)]
        done = subprocess.run(made, cwd=ROOT, env=server.environ, capture_output=True, text=True, check=True)
        sender, *pullers = json.loads(done.stdout)
        with RawSocket(server).connect(sender) as raw:
            without, among = acks(raw), []
            for _ in range(ROUNDS):
                without += acks(raw)
                with pulling(server, pullers):
                    among += acks(raw)
    assert median(among) < MOST * median(without)
