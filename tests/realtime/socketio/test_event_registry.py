"""One list has the events that the server sends: the document names the same, and the code no other."""

import ast
import re

import pytest

from chatsite.contract.events import EVENTS, Reach
from tests.support import ROOT

SENDERS = {
    "to_log",
    "to_room",
    "to_user",
    "to_users",
    "to_connections",
    "to_user_elsewhere",
    "leave",
    "append",
}
# What the browser's connection emits of itself, under the same roof.
OWN = {"online", "offline", "log"}


def sources():
    for app in ("accounts", "chatsite", "messaging", "rooms"):
        for path in (ROOT / app).rglob("*.py"):
            if path != ROOT / "chatsite" / "contract" / "events.py":
                yield ast.parse(path.read_text())


def names_in(tree):
    """Texts that look like an event's name."""
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+(-[a-z]+)*", text)}


def documented():
    text = (ROOT / "docs/protocol.md").read_text()
    table = text.partition("## What the server sends")[2].partition("\n\nWhatever else")[0]
    for line in table.splitlines():
        if line.startswith("| `"):
            names, *_, durable = line.strip("|").split(" | ")
            for name in re.findall("`([a-z-]+)`", names):
                yield name, durable.strip()


def test_the_document_names_each_event_and_whether_it_is_durable():
    assert dict(documented()) == {
        name: "yes" if reach is Reach.LOG else "no" for name, reach in EVENTS.items()
    }


def test_what_the_code_sends_is_in_the_list_and_the_list_has_nothing_else():
    trees = list(sources())
    calls = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SENDERS
    ]
    sent = {name for call in calls for argument in call.args for name in names_in(argument) if "-" in name}
    assert sent > {"member-updated", "room-added", "membership-updated"}
    assert sent <= set(EVENTS)
    assert set().union(*map(names_in, trees)) >= set(EVENTS)


@pytest.mark.parametrize("name", sorted(OWN))
def test_no_event_is_taken_for_what_a_page_emits_itself(name):
    assert name not in EVENTS
