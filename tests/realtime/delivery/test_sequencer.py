"""A room's events reach its sockets by their seq, whoever published first."""

import pytest

from chatsite.realtime.delivery.sequencer import Sequencer
from tests.support.clients.cast import Chatter, settle
from tests.support.servers.harness import serve
from tests.support.servers.postgres import find, postgres
from tests.support.sites import SLOW_EDITS


@pytest.fixture
def gate():
    """`sent` is what came through, `timers` what was put off."""
    gate = Sequencer(lambda slug, frame: gate.sent.append((slug, int(frame))))
    gate.sent, gate.timers = [], []
    gate.later = lambda seconds, function, *arguments: gate.timers.append((function, arguments))
    return gate


def admit(gate, *seqs, slug="a"):
    for seq in seqs:
        gate.admit(slug, seq, b"%d" % seq)
    return [seq for room, seq in gate.sent if room == slug]


def ring(gate):
    while gate.timers:
        function, arguments = gate.timers.pop(0)
        function(*arguments)


def test_what_comes_in_order_goes_at_once(gate):
    assert admit(gate, 7, 8, 9) == [7, 8, 9]
    assert gate.timers == []


def test_what_is_early_waits_for_what_is_missing(gate):
    assert admit(gate, 1, 4, 3) == [1]
    assert admit(gate, 2) == [1, 2, 3, 4]
    assert admit(gate, 5) == [1, 2, 3, 4, 5]
    ring(gate)
    assert gate.sent == [("a", seq) for seq in (1, 2, 3, 4, 5)]


def test_what_never_comes_is_waited_for_a_moment(gate):
    assert admit(gate, 1, 4, 3) == [1]
    ring(gate)
    assert admit(gate, 5) == [1, 3, 4, 5]


def test_a_hole_is_told_before_what_is_beyond_it(gate):
    gate.gap = lambda slug, head: gate.sent.append((slug, -head))
    admit(gate, 1, 4, 3)
    ring(gate)
    assert admit(gate) == [1, -4, 3, 4]


def test_what_everybody_was_told_to_ask_for_is_not_waited_for(gate):
    admit(gate, 1, 4, 7, 9)
    gate.advance("a", 6)
    assert admit(gate) == [1, 4, 7]
    assert admit(gate, 8) == [1, 4, 7, 8, 9]
    gate.advance("a", 3)
    gate.advance("b", 3)
    assert admit(gate, 10) == [1, 4, 7, 8, 9, 10]
    assert gate.last("b") is None


def test_what_was_not_waited_for_any_longer_is_not_sent_behind_what_follows(gate):
    admit(gate, 1, 3)
    ring(gate)
    assert admit(gate, 2, 4) == [1, 3, 4]


def test_what_the_first_to_join_knows_and_the_next_may_not_goes_at_once(gate):
    gate.begin("a", 4)
    assert admit(gate, 5, 3, 4, 6) == [5, 3, 4, 6]


def test_what_comes_before_anybody_was_told_of_the_log_goes_at_once(gate):
    admit(gate, 6)
    assert gate.begin("a", 7)
    assert admit(gate, 5, 7) == [6, 5, 7]


def test_who_is_told_less_than_where_it_began_is_to_be_told_more(gate):
    """What lies between may have been said before this process listened."""
    admit(gate, 8)
    assert not gate.begin("a", 5)
    assert gate.begin("a", 8)
    assert admit(gate, 9) == [8, 9]


def test_what_is_missing_is_read_and_its_late_self_is_not_sent_again(gate):
    gate.gap = lambda slug, head: admit(gate, 2, 3, 4)
    admit(gate, 1, 5, 3)
    ring(gate)
    assert admit(gate, 2, 4, 6) == [1, 2, 3, 4, 5, 6]


def test_what_comes_while_the_missing_is_read_waits_with_the_rest(gate):
    def read(slug, head):
        assert head == 4
        admit(gate, 6, 5)
        admit(gate, 2, 3)

    gate.gap = read
    admit(gate, 1, 4)
    ring(gate)
    assert admit(gate) == [1, 2, 3, 4, 5, 6]


def test_a_second_hole_has_a_moment_of_its_own(gate):
    admit(gate, 1, 3, 2, 5)
    first, second = gate.timers
    first[0](*first[1])
    assert admit(gate) == [1, 2, 3]
    second[0](*second[1])
    assert admit(gate) == [1, 2, 3, 5]


def test_what_is_beyond_a_hole_that_came_up_while_the_first_was_read_is_waited_for(gate):
    def read(slug, head):
        admit(gate, 9, 2, 3, 4)

    gate.gap = read
    admit(gate, 1, 4)
    first = gate.timers.pop()
    first[0](*first[1])
    assert admit(gate) == [1, 2, 3, 4]
    assert admit(gate, 6, 5, 7, 8) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    gate.gap = lambda slug, head: gate.sent.append((slug, -head))
    ring(gate)
    assert admit(gate, 10)[-2:] == [9, 10]


def test_a_hole_that_stays_is_told_before_each_part_beyond_it(gate):
    holes = []
    gate.gap = lambda slug, head: (holes.append(head), admit(gate, 7) if head == 3 else None)
    admit(gate, 1, 3)
    ring(gate)
    assert holes == [3, 7]
    assert admit(gate) == [1, 3, 7]
    assert gate._early == {}


def test_what_is_held_goes_though_the_hole_could_not_be_told(gate):
    def broken(slug, head):
        raise RuntimeError("a bug")

    gate.gap = broken
    admit(gate, 1, 3)
    with pytest.raises(RuntimeError):
        ring(gate)
    assert admit(gate, 4) == [1, 3, 4]


def test_rooms_do_not_wait_for_each_other(gate):
    admit(gate, 1, 3)
    assert admit(gate, 1, 2, slug="b") == [1, 2]


def test_it_begins_where_the_first_to_join_is(gate):
    assert gate.begin("a", 4)
    assert gate.begin("a", 9)
    assert admit(gate, 6) == []
    assert admit(gate, 5) == [5, 6]


def test_a_room_that_is_left_is_forgotten(gate):
    admit(gate, 1, 3)
    gate.forget("a")
    ring(gate)
    assert admit(gate, 8) == [1, 8]
    assert gate._early == {}


@pytest.mark.parametrize("missing", [2, None])
@pytest.mark.parametrize("last", [1, 3, 4])
def test_whose_last_reader_is_cut_by_what_is_sent_stays_forgotten(gate, last, missing):
    """`missing` lets go what was held; without it the time is up."""

    def send(slug, frame):
        gate.sent.append((slug, int(frame)))
        if int(frame) == last:
            gate.forget(slug)

    gate.send = send
    gate.begin("a", 0)
    admit(gate, 1)
    if last > 1:
        admit(gate, 4, 3)
        if missing:
            admit(gate, missing)
        ring(gate)
    assert gate.sent[-1] == ("a", last)
    assert (gate._last, gate._early) == ({}, {})


@pytest.mark.realtime
@pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed")
def test_who_commits_first_and_publishes_last_is_heard_first(tmp_path):
    """tests/support/sites/slow_edits.py holds an edit up between its commit and its delivery."""
    with (
        postgres() as database,
        serve(tmp_path, SLOW_EDITS, DATABASE_URL=database) as server,
    ):
        tokens = settle(server)
        owner, member = Chatter(server, tokens["owner"]), Chatter(server, tokens["member"])
        owner.join("board")
        first = owner.say("board", "first")["message"]
        member.join("board", after=0)
        owner.io.emit("edit-message", {"id": first["id"], "body": "better"})
        sent = []
        while not member.all("message-edited"):
            sent.append(member.say("board", f"meanwhile {len(sent)}")["message"]["seq"])
            assert len(sent) < 1000, "the edit never came"
        member.wait("chat-message", seq=sent[-1])
        heard = [data["seq"] for event, data in member.seen if event in ("chat-message", "message-edited")]
        assert member.all("message-edited")[0]["seq"] < sent[-1]
        assert heard == sorted(heard)
        owner.close(), member.close()
