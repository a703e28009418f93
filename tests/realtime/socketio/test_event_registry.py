"""One registry has the events of both directions: the document names the same, code and pages send and hear no other."""

import ast
import re

import pytest

from chatsite.contract.events import EVENTS, REGISTRY, REQUESTS, Carries, Reach
from chatsite.routing import router
from rooms.log import log
from rooms.models import Event
from tests.support import ROOT

SENDERS = {
    "to_log", "to_room", "to_user", "to_users", "to_connections", "to_user_elsewhere", "piggyback", "leave", "append",
    "append_about", "append_all", "deliver", "deliver_about", "record", "record_unseen", "to_user_everywhere",
}  # fmt: skip
SCRIPTS = ROOT / "static" / "js"
# Events that the page's connection, its Socket.IO client and its room (lib/connection/connection.js, lib/room/room.js)
# emit of themselves, by the name of the emitter.
OWN = {
    "connection": {"asking", "online", "offline", "log"},
    "socket": {"connect", "disconnect", "connect_error"},
    "room": {"joined", "online", "lost"},
}
DURABLE = {event.name: event.carries for event in REGISTRY if event.reach is Reach.LOG}
# Events that no page hears, and why. Later versions may send more: a client ignores what it doesn't know.
UNHEARD = {
    "hello": "a page's own HTML has what it says",
    "request-failed": "pages ask for an ack where they show a failure",
}
# A call that takes an event's name: by whom, which, and the name where it stands there as it is.
CALL = re.compile(r"\b(connection|socket|room)\??\.(on|request|sendVolatile)\(\s*(?:\"([a-z_-]+)\")?")


def sources():
    for app in (
        "accounts",
        "chatsite",
        "drafts",
        "emoji",
        "files",
        "messaging",
        "notifications",
        "previews",
        "rooms",
    ):
        for path in (ROOT / app).rglob("*.py"):
            if path != ROOT / "chatsite" / "contract" / "events.py":
                yield ast.parse(path.read_text())


def called(call):
    """The function's name, without its module."""
    return getattr(call.func, "attr", getattr(call.func, "id", None))


def names_in(tree):
    """Texts that look like an event's name."""
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+(-[a-z]+)*", text)}


def documented():
    """Name, what the data is, and whether it is durable, of each event in the document."""
    text = (ROOT / "docs/protocol.md").read_text()
    table = text.partition("## What the server sends")[2].partition("\n\nWhatever else")[0]
    for line in table.splitlines():
        if line.startswith("| `"):
            names, data, durable = line.strip("| ").split(" | ")
            carried = re.match("message|room|user|", data.strip())[0] or "fields"
            for name in re.findall("`([a-z-]+)`", names):
                yield name, carried, durable


def heard_by_pages():
    """The names to which pages listen, by the object that emits them, and those that they send."""
    heard, sent = {name: set() for name in OWN}, set()
    for path in SCRIPTS.rglob("*.js"):
        for emitter, method, name in CALL.findall(path.read_text()):
            assert name, f"{path.name} takes the name of an event from elsewhere, where no test finds it"
            if method == "on":
                heard[emitter].add(name)
            else:
                sent.add(name)
    return heard, sent


def test_the_document_names_each_event_what_it_carries_and_whether_it_is_durable():
    told = {
        (event.name, event.carries.value, "yes" if event.reach is Reach.LOG else "no") for event in REGISTRY
    }
    assert set(documented()) == told
    assert len(EVENTS) == len(REGISTRY)


def test_no_event_but_those_of_a_log_is_documented_with_a_room_and_a_seq():
    """Clients count by these two, also what they don't know: one that isn't of the log would stand for a line of it."""
    table = (ROOT / "docs/protocol.md").read_text().partition("## What the server sends")[2]
    table = table.partition("\n\nWhatever else")[0]
    others = [line for line in table.splitlines() if line.endswith("| no |")]
    assert len(others) > 10
    assert [line for line in others if "`room`" in line and "`seq`" in line] == []


def test_pages_listen_to_events_of_the_registry_and_to_each_but_those_named_here():
    heard, _ = heard_by_pages()
    told = {emitter: names - OWN[emitter] for emitter, names in heard.items()}
    assert set.union(*told.values()) == set(EVENTS) - set(UNHEARD)
    # A room emits what pages hear of its log, each once and in order; the connection has events as they come.
    assert told["room"] == set(DURABLE) - set(UNHEARD)


def test_what_clients_send_is_routed():
    assert set(router.events) == set(REQUESTS)


def test_pages_send_events_of_the_registry():
    _, sent = heard_by_pages()
    assert "chat-message" in sent
    assert sent <= set(REQUESTS)


def test_the_log_has_room_for_the_name_of_each_durable_event():
    longest = Event._meta.get_field("event").max_length
    assert max(map(len, DURABLE)) <= longest


def test_a_durable_event_with_a_message_is_replayed_as_the_message_is_by_then():
    assert set(log.builders) == {name for name, carries in DURABLE.items() if carries is Carries.MESSAGE}


def test_what_the_code_sends_is_in_the_list_and_the_list_has_nothing_else():
    trees = list(sources())
    calls = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) in SENDERS
    ]
    sent = {name for call in calls for argument in call.args for name in names_in(argument) if "-" in name}
    assert sent > {"member-updated", "message-edited", "room-added", "membership-updated", "chat-message"}
    assert sent <= set(EVENTS)
    assert set().union(*map(names_in, trees)) >= set(EVENTS)


@pytest.mark.parametrize("name", sorted(set.union(*OWN.values())))
def test_no_event_is_taken_for_what_a_page_emits_itself(name):
    assert name not in EVENTS
