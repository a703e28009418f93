"""A client of Chatsite that misses nothing, repeats nothing and keeps the order, over any connection.

Copy this file; it needs `pip install "python-socketio[client]"`. docs/protocol.md says why it does what it does.

    chat = Client("http://127.0.0.1:8000", "TOKEN", rooms=["general"])

    @chat.on("chat-message")
    def answer(message):
        ...

    chat.run()

It follows all rooms of its user, and joins the public ones that are named. Handlers run one after another: those of a
room's log in its order, each event once, also what happened during a cut. `room-loaded` comes before a room's first event
and whenever it must be forgotten and shown anew: `{"room": {…}, "seq", "messages": […]}`, the newest messages as they were
told up to `seq`, and as they are now.
"""

import logging
import queue
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import requests
import socketio

logger = logging.getLogger(__name__)

# Seconds to wait for an answer; before the first try to come back, at most, and before any other one.
ANSWER_SECONDS, FIRST_SECONDS, LONGEST_SECONDS = 30.0, 2.0, 30.0
# What was not done, and may be asked for again; what a room says that isn't ours any more.
AGAIN, GONE = ("rate_limited", "unavailable"), ("not_found", "forbidden", "banned")


class Refused(Exception):
    """The server's `error`: `{"code", "detail", "fields"?}`. Asking again is no use."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error.get('detail', '')}")
        self.error = error


class Log:
    """A room's log as far as it is known: up to `seq`. `held` came before its turn."""

    def __init__(self, epoch: str, seq: int) -> None:
        self.epoch, self.seq = epoch, seq
        self.held: dict[int, tuple[str, Any]] = {}

    def take(self, event: str, data: Any) -> Iterator[tuple[str, Any]]:
        """The events whose turn it is now: none, where it is known already or something before it is missing."""
        if data["seq"] > self.seq:
            self.held[data["seq"]] = event, data
        while self.seq + 1 in self.held:
            self.seq += 1
            yield self.held.pop(self.seq)


class Client:
    def __init__(self, url: str, token: str, rooms: list[str] | None = None) -> None:
        self.url, self.token, self.named = url, token, rooms or []
        self.username = ""
        # Why the server ended it: the code of `session-ended` or of a refused connection. Empty while it goes on.
        self.ended = ""
        self.logs: dict[str, Log] = {}
        self._handlers: dict[str, list[Callable[[Any], Any]]] = {}
        self._io: Any = None
        self._again_in = 0.0
        # Once in all rooms: from then on others are new ones.
        self._settled = False
        # Who waits for an ack; what is to be done, in its order; what is to be sent.
        self._asking: set[queue.SimpleQueue[Any]] = set()
        self._todo: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self._unsent: queue.SimpleQueue[tuple[dict[str, Any], Future[Any]]] = queue.SimpleQueue()

    # What a program uses

    def on(self, event: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
        """Decorates a handler of an event's data."""

        def decorate(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
            self._handlers.setdefault(event, []).append(handler)
            return handler

        return decorate

    def send(self, room: str, body: str, **more: Any) -> "Future[dict[str, Any]]":
        """Send a message once, however often that must be tried; those of one client in the order of their calls. Its
        result is the message; it raises Refused."""
        sent: Future[dict[str, Any]] = Future()
        self._unsent.put(({"room": room, "body": body, "client_id": str(uuid.uuid4()), **more}, sent))
        return sent

    def call(self, event: str, **data: Any) -> dict[str, Any]:
        """Any other event, until it is answered: the ack. Raises Refused."""
        while not self.ended:
            ack = self._ask(event, data)
            if ack is not None:
                return ack
            time.sleep(0.1)
        raise Refused({"code": self.ended})

    def run(self) -> str:
        """Stay connected until the server ends it or `close` does: the code, such as `revoked`."""
        for work in (self._do_all, self._send_all):
            threading.Thread(target=work, daemon=True).start()
        longest = FIRST_SECONDS
        while not self.ended:
            if self._connect():
                longest = FIRST_SECONDS
            if not self.ended:
                # All come back when a server does: not all in the same moment.
                time.sleep(max(random.uniform(0, longest), self._again_in))
                longest, self._again_in = min(2 * longest, LONGEST_SECONDS), 0.0
        return self.ended

    def close(self) -> None:
        self._end("closed")

    # The connection

    def _connect(self) -> bool:
        """Whether there was a connection; it has ended."""
        io = socketio.Client(reconnection=False)
        io.on("*", self._receive)
        io.on("connect_error", self._refused)
        try:
            io.connect(self.url, auth={"token": self.token}, wait_timeout=ANSWER_SECONDS)
        except (socketio.exceptions.ConnectionError, ValueError):
            return False
        self._io = io
        self._todo.put(self._come_in)
        if self.ended:
            io.disconnect()
        io.wait()
        self._io = None
        for answer in list(self._asking):
            answer.put(None)
        return True

    def _receive(self, event: str, data: Any = None) -> None:
        if event == "session-ended" and data["code"] != "renewed":
            # At once: the disconnect that follows isn't to be mended.
            self.ended = self.ended or data["code"]
        self._todo.put(partial(self._hear, event, data))

    def _refused(self, error: Any = None) -> None:
        data = error.get("data") if isinstance(error, dict) else None
        if not isinstance(data, dict):
            return
        if data.get("code") == "unauthorized":
            self._end("unauthorized")
        self._again_in = data.get("retry_after", 0.0)

    def _end(self, code: str) -> None:
        self.ended = self.ended or code
        if self._io is not None:
            self._io.disconnect()

    def _ask(self, event: str, data: dict[str, Any]) -> dict[str, Any] | None:
        """The ack; None where the connection ended before it came. Raises Refused."""
        while True:
            answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
            self._asking.add(answers)
            try:
                io = self._io
                if io is None:
                    return None
                io.emit(event, data, callback=answers.put)
                ack = answers.get(timeout=ANSWER_SECONDS)
            except (socketio.exceptions.SocketIOError, queue.Empty):
                return None
            finally:
                self._asking.discard(answers)
            if ack is None or ack["ok"]:
                return ack
            if ack["error"]["code"] not in AGAIN:
                raise Refused(ack["error"])
            time.sleep(ack["error"].get("retry_after", 1.0))

    def _get(self, path: str) -> Any:
        """REST's answer, until there is one. Raises Refused."""
        while not self.ended:
            try:
                headers = {"Authorization": f"Token {self.token}"}
                answer = requests.get(self.url + path, headers=headers, timeout=ANSWER_SECONDS)
                found = answer.json()
            except (requests.RequestException, ValueError):
                time.sleep(1.0)
                continue
            if answer.ok:
                return found
            if found.get("code") not in AGAIN:
                raise Refused(found)
            time.sleep(found.get("retry_after", 1.0))
        raise Refused({"code": self.ended})

    # Sending

    def _send_all(self) -> None:
        while True:
            message, sent = self._unsent.get()
            try:
                sent.set_result(self.call("chat-message", **message)["message"])
            except Refused as error:
                sent.set_exception(error)

    # Hearing. One thing at a time: what arrives while a join or a sync is answered waits behind it

    def _do_all(self) -> None:
        while True:
            work = self._todo.get()
            try:
                work()
            except Refused as error:
                logger.warning("%s", error)
            except Exception:
                logger.exception("a handler failed")

    def _tell(self, event: str, data: Any) -> None:
        for handler in self._handlers.get(event, ()):
            try:
                handler(data)
            except Exception:
                logger.exception("the handler of %r failed", event)

    def _come_in(self) -> None:
        """On every connect: into all rooms, from where their logs were left."""
        if not self.username:
            self.username = self._get("/user/me")["username"]
        for slug in dict.fromkeys([*self.logs, *self.named, *self._rooms()]):
            self._join(slug)
        self._settled = True

    def _rooms(self) -> Iterator[str]:
        page = self._get("/room?mine=true")
        while True:
            yield from (room["slug"] for room in page["results"])
            if page["next"] is None:
                return
            page = self._get("/room?" + page["next"].partition("?")[2])

    def _join(self, slug: str) -> None:
        try:
            if slug not in self.logs and self._settled:
                # What was said there already is unread: it may be why we are in it.
                room = self._get(f"/room/{slug}")
                self._load(slug, room, room["epoch"], room["read_seq"])
            log = self.logs.get(slug)
            place = {"after": log.seq, "epoch": log.epoch} if log else {}
            ack = self._ask("join", {"room": slug, **place})
        except Refused as error:
            logger.warning("%s: %s", slug, error)
            if error.error["code"] in GONE:
                self.logs.pop(slug, None)
            return
        if ack is None:
            return
        if log is None:
            self._load(slug, ack["room"], ack["epoch"], ack["head"])
        else:
            self._read(slug, log, ack)

    def _load(self, slug: str, room: dict[str, Any], epoch: str, seq: int) -> None:
        """Begin the room anew, at this place of its log."""
        self.logs.pop(slug, None)
        if "room-loaded" in self._handlers:
            newest = self._get(f"/message?room={slug}&before={seq + 1}")["results"]
            self._tell("room-loaded", {"room": room, "seq": seq, "messages": newest[::-1]})
        self.logs[slug] = Log(epoch, seq)

    def _sync(self, slug: str, log: Log) -> None:
        self._read(slug, log, self._page(slug, log))

    def _page(self, slug: str, log: Log) -> dict[str, Any] | None:
        return self._ask("sync", {"room": slug, "after": log.seq, "epoch": log.epoch})

    def _read(self, slug: str, log: Log, page: dict[str, Any] | None) -> None:
        """A page of the log, and those behind it."""
        while page is not None:
            if page["reset"]:
                self._load(slug, self._get(f"/room/{slug}"), page["epoch"], page["head"])
                return
            for each in page["events"]:
                self._apply(log, each["event"], each["data"])
            if not page["more"] or self.logs.get(slug) is not log:
                return
            page = self._page(slug, log)

    def _hear(self, event: str, data: Any) -> None:
        """What the server sends, also what is newer than this client. What has a `room` and a `seq` is of its log."""
        if isinstance(data, dict) and "room" in data and "seq" in data:
            log = self.logs.get(data["room"])
            if log is not None:
                self._apply(log, event, data)
                if log.held:
                    self._sync(data["room"], log)
            return
        self._mind(event, data)
        self._tell(event, data)

    def _apply(self, log: Log, event: str, data: Any) -> None:
        for name, one in log.take(event, data):
            self._tell(name, one)
            if name == "member-left" and one["user"]["username"] == self.username:
                self.logs.pop(one["room"], None)

    def _mind(self, event: str, data: Any) -> None:
        if event == "heads":
            for slug, head in data.items():
                log = self.logs.get(slug)
                if log is not None and head > log.seq:
                    self._sync(slug, log)
        elif event in ("room-activity", "room-added"):
            slug = data.get("room") or data.get("slug")
            if slug not in self.logs:
                self._join(slug)
        elif event == "room-removed":
            self.logs.pop(data["room"], None)
