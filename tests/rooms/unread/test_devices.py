"""One person on three devices with ten tabs, which read, mark unread and come again at random, while others write: after
each quiet moment what the server counts, and what each tab was told last, is what a simple model says."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.clients.cast import Chatter, rest, settle
from tests.support.servers.harness import ANSWER, serve
from tests.support.servers.postgres import postgres

pytestmark = pytest.mark.realtime
SEED, ROUNDS = 20_261_129, 8
# The tabs of each device; the last of each shows another page than the room's.
DEVICES = (4, 4, 2)


class Model:
    """What a member should see: the messages by seq, as (sender, mentions, standing), and their read position."""

    def __init__(self, read: int) -> None:
        self.messages: dict[int, list] = {}
        self.read, self.version, self.head = read, 0, read

    def unread(self) -> list:
        return [
            message
            for seq, message in self.messages.items()
            if seq > self.read and message[0] != "member" and message[2]
        ]

    def counts(self) -> dict[str, int]:
        mentions = sum(mentioned for _, mentioned, _ in self.unread())
        return {
            "read_seq": self.read,
            "read_version": self.version,
            "unread": len(self.unread()),
            "mentions": mentions,
        }


class Tab:
    """A tab of the member's. `version` is what it has heard of the position by now."""

    def __init__(self, server, slug: str, in_room: bool) -> None:
        self.server, self.slug, self.in_room = server, slug, in_room
        self.open()

    def open(self) -> None:
        self.chatter = Chatter(self.server, self.server.tokens["member"])
        self.since = 0
        self.told = rest(self.server, self.server.tokens["member"], "GET", f"/room/{self.slug}").json()
        if self.in_room:
            self.told = self.chatter.join(self.slug)["room"]

    def reopen(self) -> None:
        self.chatter.close()
        self.open()

    def take(self) -> None:
        """Take what was told since, as pages do: of counts the latest, and nothing of an older version."""
        for event, data in self.chatter.seen[self.since :]:
            self.since += 1
            if event not in ("room-activity", "membership-updated") or data["room"] != self.slug:
                continue
            if data.get("read_version", self.told["read_version"]) >= self.told["read_version"]:
                self.told = {**self.told, **data}

    def read(self, seq: int, version: int | None = None, *, back: bool = False) -> dict:
        known = self.told["read_version"] if version is None else version
        return self.chatter.call("read", {"room": self.slug, "seq": seq, "version": known, "back": back})

    def expect(self, counts: dict[str, int]) -> None:
        """Wait until it was told this. A tab in the room counts what comes by itself; it's told where it has read."""
        names = ("read_seq", "read_version") if self.in_room else tuple(counts)
        deadline = time.monotonic() + ANSWER
        while True:
            self.take()
            seen = {name: self.told[name] for name in names}
            if seen == {name: counts[name] for name in names}:
                return
            assert time.monotonic() < deadline, f"told {seen}, and it is {counts}"
            time.sleep(0.02)


class Play:
    """A room in which the owner writes, and the member has tabs."""

    def __init__(self, server) -> None:
        self.server, self.chance = server, random.Random(SEED)
        made = rest(
            server,
            server.tokens["owner"],
            "POST",
            "/room",
            name="Devices",
            kind="private",
            members=["member"],
        )
        self.slug = made.json()["slug"]
        self.owner = Chatter(server, server.tokens["owner"])
        self.tabs = [Tab(server, self.slug, n < count - 1) for count in DEVICES for n in range(count)]
        self.model = Model(self.tabs[0].told["read_seq"])
        self.ids: dict[int, int] = {}

    def write(self) -> None:
        """Send, edit and delete, one after another: their order is the log's."""
        for _ in range(self.chance.randint(1, 6)):
            what = self.chance.choice(["send", "send", "send", "mine", "edit", "delete"])
            standing = [
                seq for seq, message in self.model.messages.items() if message[2] and message[0] == "owner"
            ]
            if what in ("send", "mine") or not standing:
                self.send(what == "mine")
            elif what == "edit":
                self.edit(self.chance.choice(standing))
            else:
                self.delete(self.chance.choice(standing))

    def send(self, mine: bool) -> None:
        mentioned = not mine and self.chance.random() < 0.4
        chatter = self.chance.choice(self.tabs).chatter if mine else self.owner
        said = chatter.say(self.slug, "@member look" if mentioned else "words")["message"]
        self.ids[said["seq"]] = said["id"]
        self.model.messages[said["seq"]] = ["member" if mine else "owner", mentioned, True]
        self.model.head = said["seq"]

    def edit(self, seq: int) -> None:
        mentioned = self.chance.random() < 0.5
        body = f"{'@member ' if mentioned else ''}{self.chance.random()}"
        assert self.owner.call("edit-message", {"id": self.ids[seq], "body": body})["ok"]
        self.model.messages[seq][1] = mentioned
        self.model.head += 1

    def delete(self, seq: int) -> None:
        assert self.owner.call("delete-message", {"id": self.ids[seq]})["ok"]
        self.model.messages[seq][2] = False
        self.model.head += 1

    def read(self, back: bool) -> None:
        """Let tabs read at once, each to somewhere. With `back`, one marks unread at the same moment: whichever of the two
        the server has first, it ends there."""
        reads = [
            (tab, self.chance.randint(0, self.model.head + 2), {})
            for tab in self.chance.sample(self.tabs, self.chance.randint(1, len(self.tabs)))
        ]
        if back and self.model.read:
            place = self.chance.randrange(self.model.read)
            reads.insert(
                self.chance.randrange(len(reads) + 1), (self.chance.choice(self.tabs), place, {"back": True})
            )
            self.model.read, self.model.version = place, self.model.version + 1
        else:
            furthest = max(min(seq, self.model.head) for _, seq, _ in reads)
            self.model.read = max(self.model.read, furthest)
        with ThreadPoolExecutor(len(reads)) as pool:
            told = list(pool.map(lambda one: one[0].read(one[1], **one[2]), reads))
        assert all(ack["ok"] for ack in told)

    def report_late(self) -> None:
        """Let a tab that was asleep tell what it had read before the position was moved back, and move it back once more."""
        if self.model.version:
            tab = self.chance.choice(self.tabs)
            assert tab.read(self.model.head, self.model.version - 1)["read_seq"] == self.model.read
            assert tab.read(0, self.model.version - 1, back=True)["read_seq"] == self.model.read

    def check(self) -> None:
        counts = self.model.counts()
        member = self.server.tokens["member"]
        about = rest(self.server, member, "GET", f"/room/{self.slug}").json()
        assert {name: about[name] for name in counts} == counts
        assert rest(self.server, member, "GET", f"/room/{self.slug}/read").json() == {
            "room": self.slug,
            **counts,
        }
        for tab in self.tabs:
            tab.expect(counts)

    def close(self) -> None:
        for chatter in (self.owner, *(tab.chatter for tab in self.tabs)):
            chatter.close()


def play(server) -> Model:
    server.tokens = settle(server)
    scene = Play(server)
    try:
        for number in range(ROUNDS):
            scene.write()
            scene.check()
            scene.read(back=number % 2 == 1)
            scene.check()
            scene.report_late()
            scene.chance.choice(scene.tabs).reopen()
            scene.check()
    finally:
        scene.close()
    return scene.model


def test_ten_tabs_agree_on_sqlite(tmp_path):
    with serve(tmp_path, EVENTS_PER_SECOND="0") as server:
        assert play(server).version >= 3


def test_ten_tabs_agree_on_postgresql(tmp_path):
    with postgres() as url, serve(tmp_path, DATABASE_URL=url, EVENTS_PER_SECOND="0") as server:
        assert play(server).version >= 3
