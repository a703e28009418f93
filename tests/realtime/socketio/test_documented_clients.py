"""The clients of docs/clients, which people copy: nothing lost, doubled or out of order, however often they are cut off."""

import importlib.util
import json
import random
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest

from tests.chaos.proxy import Proxy
from tests.support import ROOT
from tests.support.clients.cast import Browser, Chatter, rest, settle
from tests.support.servers.harness import ANSWER, serve

pytestmark = pytest.mark.realtime

EVENTS = ("chat-message", "message-edited", "message-deleted", "member-joined")
# Events a second of each person, who has ten times that at once; messages that each client sends, which are more; and
# seconds of cuts.
RATE, MANY, CUTS = 15, 170, 5.0
# Some of them are long: a page of the log has fewer events than were missed.
LONG = "long " * 1500


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("documented"), EVENTS_PER_SECOND=str(RATE)) as server:
        server.tokens = settle(server)
        yield server


@pytest.fixture
def way(server):
    with Proxy(server.port) as way:
        yield way


class Heard:
    """What a client tells, as `documented.mjs` prints it."""

    def __init__(self):
        self.lines = []

    def since_loaded(self, room):
        """The place at which the room was loaded last, and the events since."""
        lines = self.of(room)
        begin = max(place for place, line in enumerate(lines) if line[0] == "loaded")
        return lines[begin][2], [tuple(line) for line in lines[begin + 1 :]]

    def has(self, room, message):
        return self.of(room)[-1][-1] == message["id"]

    def of(self, room):
        return [line for line in self.lines if line[0] in ("loaded", *EVENTS) and line[1] == room]

    def sent(self):
        return [line[1:] for line in self.lines if line[0] == "sent"]

    def wait(self, done, what):
        deadline = time.monotonic() + 2 * ANSWER
        while not done():
            assert time.monotonic() < deadline, (what, self.lines[-5:])
            time.sleep(0.05)


class InPython(Heard):
    def __init__(self, url, token, room, many=MANY):
        super().__init__()
        spec = importlib.util.spec_from_file_location("chat_client", ROOT / "docs/clients/chat_client.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.FIRST_SECONDS, module.LONGEST_SECONDS = 0.3, 1.0
        self.chat = module.Client(url, token)
        for event in EVENTS:
            self.chat.on(event)(lambda data, event=event: self.note(event, data))
        self.chat.on("room-loaded")(self.loaded)
        self.threads = [threading.Thread(target=work) for work in (self.run, lambda: self.send(room, many))]
        for thread in self.threads:
            thread.start()

    def run(self):
        self.lines.append(["ended", self.chat.run()])

    def note(self, event, data):
        self.lines.append([event, data["room"], data["seq"], data.get("id")])

    def loaded(self, loaded):
        self.lines.append(["loaded", loaded["room"]["slug"], loaded["seq"]])

    def send(self, room, many):
        for n in range(many):
            self.chat.send(room, f"py {n}").add_done_callback(
                lambda sent, n=n: self.note_sent(n, sent.result())
            )

    def note_sent(self, n, message):
        self.lines.append(["sent", n, message["id"], message["client_id"]])

    def close(self):
        self.chat.close()
        for thread in self.threads:
            thread.join(ANSWER)


class InJavaScript(Heard):
    def __init__(self, url, token, room, many=MANY):
        super().__init__()
        node = shutil.which("node")
        assert node, "node is missing"
        command = [node, "tests/support/clients/documented.mjs", url, token, room, str(many)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.thread.join(ANSWER)


CLIENTS = {"python": (InPython, "visitor"), "javascript": (InJavaScript, "member")}


@pytest.fixture
def start(server, way):
    """`start("python", room)` is that client, on a line that is cut."""
    started = []

    def start(language, room, many=MANY):
        kind, username = CLIENTS[language]
        started.append(kind(f"http://127.0.0.1:{way.port}", server.tokens[username], room, many))
        return started[-1]

    yield start
    for client in started:
        client.close()


def talk(server, username, room, over):
    """Somebody writes, edits and deletes as fast as they may, and changes the topic, of which no client here knows."""
    person = Chatter(server, server.tokens[username])
    n = 0
    while not over.is_set():
        n += 1
        message = insist(person.say, room, LONG if n % 7 == 0 else f"{username} {n}")["message"]
        if n % 3 == 0:
            insist(person.call, "edit-message", {"id": message["id"], "body": f"edited {n}"})
        if n % 5 == 0:
            insist(person.call, "delete-message", {"id": message["id"]})
        if n % 11 == 0:
            ask(server, "PATCH", f"/room/{room}", topic=f"topic {n}")
    person.close()


def insist(function, *arguments):
    while not (ack := function(*arguments))["ok"]:
        assert ack["error"]["code"] == "rate_limited"
        time.sleep(ack["error"]["retry_after"])
    return ack


def ask(server, method, path, **body):
    """REST's answer to the owner, who asks again where that is too often."""
    while (answer := rest(server, server.tokens["owner"], method, path, **body)).status_code == 429:
        time.sleep(answer.json()["retry_after"])
    assert answer.ok, answer.text
    return answer.json()


def cut(way, seconds):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(random.uniform(1, 3))
        way.end_connections()


def log_of(server, room):
    """The whole log as REST has it: what a client that was never cut off would have heard."""
    events, more = [], True
    while more:
        after = events[-1]["data"]["seq"] if events else 0
        page = ask(server, "GET", f"/room/{room}/event?after={after}")
        events += page["events"]
        more = page["more"]
    return [
        (each["event"], each["data"]["room"], each["data"]["seq"], each["data"].get("id"))
        for each in events
        if each["event"] in EVENTS
    ]


def test_cut_off_again_and_again_they_miss_nothing_and_repeat_nothing(server, way, start):
    room, over = make_room(server, "Busy"), threading.Event()
    clients = [start(language, room) for language in CLIENTS]
    for client in clients:
        client.wait(lambda client=client: client.of(room), "loaded")
    works = [threading.Thread(target=talk, args=(server, name, room, over)) for name in ("owner", "stranger")]
    for work in works:
        work.start()
    cut(way, 2)
    new = make_room(server, "They hear of it, cut off or not")
    cut(way, CUTS - 2)
    over.set()
    for work in works:
        work.join()
    for client in clients:
        client.wait(lambda: way.opened > 2 * len(clients), "cut off, and back")
        client.wait(lambda client=client: len(client.sent()) == MANY, "sent")
        client.wait(lambda client=client: client.of(new), "the new room")
    last_of_new, last = post(server, new), post(server, room)
    whole = log_of(server, room)
    assert len(whole) > 300
    for client in clients:
        client.wait(lambda client=client: client.has(new, last_of_new), "the last of the new room")
        client.wait(lambda client=client: client.has(room, last), "the last of all")
        seq, heard = client.since_loaded(room)
        assert heard == [each for each in whole if each[2] > seq]
        assert [line[0] for line in client.of(room)].count("loaded") == 1
    for client, name in zip(clients, ("py", "js"), strict=True):
        assert [n for n, *_ in client.sent()] == list(range(MANY))
        stored = mine(server, room, name)
        assert stored == [(f"{name} {n}", id_, client_id) for n, id_, client_id in client.sent()]


def make_room(server, name):
    members = ["member", "visitor", "stranger"]
    return ask(server, "POST", "/room", name=name, kind="private", members=members)["slug"]


def post(server, room):
    return ask(server, "POST", "/message", room=room, body="last")


def mine(server, room, prefix):
    """What is stored of a client's messages, in the order of the log."""
    found, path = [], f"/message?room={room}&after=0&limit=200"
    while path:
        page = ask(server, "GET", path)
        found += [(one["body"], one["id"], one["client_id"]) for one in page["results"]]
        path = page["next"] and page["next"].removeprefix(server.url)
    return [one for one in found if one[0].startswith(prefix + " ")]


def test_a_log_that_is_another_is_loaded_anew(server, way, start):
    """As after a backup was put back: the epoch is another one."""
    room = make_room(server, "Another")
    clients = [start(language, room, many=0) for language in CLIENTS]
    for client in clients:
        client.wait(lambda client=client: client.of(room), "loaded")
    database = sqlite3.connect(server.environ["DATA_DIR"] + "/chat.sqlite3", timeout=ANSWER)
    database.execute("UPDATE rooms_room SET epoch = 'another', head = head + 100 WHERE slug = ?", [room])
    database.commit()
    database.close()
    way.end_connections()
    for client in clients:
        client.wait(lambda client=client: client.of(room)[-1:] == [["loaded", room, 104]], "loaded anew")
    last = post(server, room)
    for client in clients:
        client.wait(lambda client=client: client.has(room, last), "what came after it")


def test_they_hear_of_new_rooms_and_know_when_they_may_not_come_back(server, start):
    room = make_room(server, "Last")
    clients = [start(language, room, many=0) for language in CLIENTS]
    for client in clients:
        client.wait(lambda client=client: client.of(room), "loaded")
    # They hear of a room by what is said in it first, and miss not even that.
    first = post(server, new := make_room(server, "New"))
    for client in clients:
        client.wait(lambda client=client: client.of(new) and client.has(new, first), "the first message")
    for _, username in CLIENTS.values():
        Browser(server, username).form("/profile/others-out")
    for client in clients:
        client.wait(lambda client=client: ["ended", "logged_out"] in client.lines, "the end")
    # Their tokens are gone.
    for client in [start(language, room, many=0) for language in CLIENTS]:
        client.wait(lambda client=client: client.lines == [["ended", "unauthorized"]], "refused")
