"""Who looks over the others is looked over: each kind of fault is found."""

import pytest

from tests.chaos.audit import compare, wholeness
from tests.chaos.presence import stutters
from tests.chaos.vitals import DESCRIPTORS, MEMORY, Vitals, growth

ROOM = "deck"
LOG = [(1, "member-joined", None), (2, "chat-message", 11), (3, "chat-message", 12), (4, "chat-message", 13)]
STORED = [("one", 11, 2), ("two", 12, 3), ("three", 13, 4)]


def said(client_id, pk, seq, at=1000, took=10):
    return {"client_id": client_id, "room": ROOM, "at": at, "stored": at + took, "id": pk, "seq": seq}


def entry(seq, pk, client_id, at=1000):
    return [seq, "chat-message", pk, client_id, at, "live"]


@pytest.fixture
def reader():
    entries = [entry(2, 11, "one"), entry(3, 12, "two"), entry(4, 13, "three")]
    room = {"begin": 1, "seq": 4, "entries": entries, "again": 0, "altered": 0, "resets": 0}
    return {
        "name": "ada",
        "rooms": {ROOM: room},
        "sent": [said("one", 11, 2), said("two", 12, 3)],
        "presence": [],
    }


def findings(reader, stored=STORED, log=LOG):
    return compare(stored, log, ROOM, [reader])


def test_all_is_well(reader):
    found = findings(reader)
    assert (found.acknowledged, found.lost, found.doubled, found.disorder) == (2, [], [], [])


def test_an_acknowledged_message_that_is_not_stored_is_lost(reader):
    reader["sent"].append(said("four", 14, 5))
    assert findings(reader).lost == ["four"]


def test_one_that_no_ack_came_for_is_not(reader):
    reader["sent"].append({"client_id": "four", "room": ROOM, "at": 1000})
    assert findings(reader).lost == []


def test_a_message_stored_twice_is_doubled(reader):
    assert findings(reader, [*STORED, ("one", 15, 6)]).doubled == ["one"]


def test_a_message_seen_twice_is_doubled(reader):
    reader["rooms"][ROOM]["entries"].append(entry(5, 14, "three"))
    assert findings(reader).doubled == ["three"]


def test_a_message_acknowledged_as_another_is_disorder(reader):
    reader["sent"][0]["id"] = 12
    assert findings(reader).disorder


@pytest.mark.parametrize("entries", [[0, 2, 1], [0, 1], [1, 2]])
def test_another_order_and_a_hole_are_disorder(reader, entries):
    mine = reader["rooms"][ROOM]
    mine["entries"] = [mine["entries"][place] for place in entries]
    assert findings(reader).disorder


def test_a_hole_in_the_database_is_disorder(reader):
    assert "the database's log has a hole" in findings(reader, log=[*LOG[:2], *LOG[3:]]).disorder


@pytest.mark.parametrize("what", ["altered", "resets"])
def test_what_changes_on_repetition_or_begins_anew_is_disorder(reader, what):
    reader["rooms"][ROOM][what] = 1
    assert findings(reader).disorder


def test_who_is_whole_when(reader):
    """The second reader got the last message 2.5 s after the first one, 1.5 s after the moment."""
    other = {**reader, "sent": [], "rooms": {ROOM: {**reader["rooms"][ROOM]}}}
    other["rooms"][ROOM]["entries"] = [*reader["rooms"][ROOM]["entries"][:2], entry(4, 13, "three", at=3500)]
    assert wholeness([reader, other], ROOM, 2000) == (0.75, 1.5)
    reader["sent"].append(said("four", 14, 5, at=2500, took=3000))
    assert wholeness([reader, other], ROOM, 2000) == (2.5, 3.5)


def test_who_is_gone_twice_stutters(reader):
    gone, back = [1, "user-disconnected", "mira"], [2, "user-connected", "mira"]
    reader["presence"] = [back, back, gone, back, gone, [3, "connect", ""], gone, back]
    assert stutters([reader]) == []
    reader["presence"] = [gone, [2, "user-connected", "wanda"], gone]
    assert stutters([reader]) == ["ada was told twice that mira had gone, at 1"]


def test_who_holds_more_has_grown():
    before = {1: Vitals(0, 0), 2: Vitals(0, 0), 3: Vitals(0, 0), 4: Vitals(0, 0)}
    after = {1: Vitals(MEMORY, DESCRIPTORS), 2: Vitals(MEMORY + 1, 0), 3: Vitals(0, DESCRIPTORS + 1)}
    assert growth(before, after).keys() == {2, 3}
