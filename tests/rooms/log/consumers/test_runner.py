"""A consumer reads on from its positions: each line at least once, and what fails holds up nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models import F
from django.utils import timezone

from messaging import services as messages
from messaging.models import Message
from messaging.reactions import services as reactions
from rooms import services as rooms
from rooms.log import log_marker
from rooms.log.consumers import lease, news, positions, registry, retries, runner, services
from rooms.models import Consumer, ConsumerPosition, ConsumerRetry, Room
from tests.rooms.log.consumers.conftest import expire, look, news_of, started, stored

pytestmark = pytest.mark.django_db


def test_lines_of_rooms_with_news_come_in_order_and_once(one, say, handler, private_room, public_room):
    said = [(room.slug, say(room)) for room in (private_room, public_room, private_room, private_room)]
    one.step(news_of(private_room.slug, public_room.slug))
    assert sorted(handler.seen) == sorted(said)
    assert handler.calls[0] == ("board", [seq for slug, seq in said if slug == "board"])
    one.step(news_of(private_room.slug, public_room.slug))
    assert len(handler.calls) == 2
    assert (stored(private_room), stored(public_room)) == (said[-1][1], said[1][1])


def test_what_was_written_before_the_consumer_was_there_is_not_its_affair(row, process, handler):
    started(process())
    assert handler.seen == []
    assert not ConsumerPosition.objects.exclude(seq=F("room__head")).exists()


def test_a_room_that_is_younger_is_read_from_its_beginning(one, owner, say, handler):
    room = rooms.create_room(owner, "New")
    seqs = [say(room), say(room)]
    one.step(news_of(room.slug))
    assert handler.calls == [(room.slug, seqs)]


def test_only_lines_that_it_asked_for(one, owner, say, handler, private_room):
    seq = say(private_room)
    reactions.react(owner, Message.objects.get(seq=seq, room=private_room).pk, "👍")
    one.step(news_of(private_room.slug))
    assert handler.calls == [("board", [seq])]
    assert stored(private_room) == Room.objects.get(pk=private_room.pk).head == seq + 1


def test_a_long_log_is_read_in_parts_and_rooms_take_turns(
    one, say, handler, private_room, public_room, monkeypatch
):
    monkeypatch.setattr(runner, "SEQS_PER_ROOM", 2)
    first, other = [say(private_room) for _ in range(5)], say(public_room)
    one.step(news_of(private_room.slug, public_room.slug))
    assert handler.calls == [
        ("board", first[:2]), ("lobby", [other]), ("board", first[2:4]), ("board", first[4:])
    ]  # fmt: skip


def test_a_note_that_was_lost_is_made_good_by_the_next_poll(one, say, handler, clock, private_room):
    seq = say(private_room)
    one.step({})
    assert handler.seen == []
    clock.go(runner.CALM_POLL_SECONDS + 1)
    one._held_until = clock() + 5
    one.step({})
    assert handler.seen == [("board", seq)]


def test_with_other_processes_a_poll_comes_every_few_seconds(
    one, say, handler, clock, private_room, monkeypatch
):
    monkeypatch.setattr(runner.peers.site, "there", True, raising=False)
    one._next_poll = 0
    one.step({})
    seq = say(private_room)
    clock.go(runner.POLL_SECONDS)
    one.step({})
    assert handler.seen == [("board", seq)]


def test_a_room_is_not_read_while_its_lines_are_handled(one, say, consumer, private_room):
    under_way, seen = [], []

    def handle(room, lines):
        assert not under_way
        under_way.append(room)
        seen.append([line.seq for line in lines])
        if len(seen) == 1:
            more.append(say(private_room))
            one.step(news_of("board"))
            # As another of its greenlets would.
            one._workers += 1
            one._work()
        under_way.clear()
        return True

    first, more = say(private_room), []
    one.consumer = replace(consumer, handle=handle)
    one.step(news_of("board"))
    assert seen == [[first], more]


# Positions


def test_where_nothing_was_done_positions_of_all_rooms_are_stored_together_after_some_seconds(
    one, say, handler, clock, private_room, public_room, django_assert_num_queries
):
    handler.does = False
    before = stored(private_room)
    for _ in range(3):
        say(private_room), say(public_room)
        # A query of the rooms, and one of their lines.
        with django_assert_num_queries(2):
            one.step(news_of(private_room.slug, public_room.slug))
    assert stored(private_room) == before
    clock.go(runner.FLUSH_SECONDS)
    # The lock of the consumer's row, and one write for both, in a savepoint of the test's transaction.
    with django_assert_num_queries(4):
        one.step({})
    assert stored(private_room) == before + 3
    assert not ConsumerPosition.objects.exclude(seq=F("room__head")).exists()
    clock.go(runner.FLUSH_SECONDS)
    with django_assert_num_queries(0):
        one.step({})


def test_who_goes_on_after_a_kill_repeats_at_most_that(one, process, say, handler, private_room):
    handler.does = False
    seq = say(private_room)
    one.step(news_of(private_room.slug))
    expire()
    started(process("two"))
    assert handler.seen == [("board", seq)] * 2


def test_a_position_that_somebody_else_moved_is_taken_from_the_database(one, say, handler, private_room, row):
    handler.does = False
    first = say(private_room)
    one.step(news_of(private_room.slug))
    [say(private_room) for _ in range(3)]
    services.skip(row)
    last = say(private_room)
    one.step(news_of(private_room.slug))
    assert handler.seen == [("board", first), ("board", last)]


@pytest.mark.parametrize("fails", [False, True])
def test_a_position_that_is_moved_while_lines_are_handled_stays_there(
    one, say, private_room, row, consumer, fails
):
    def skipped(room, lines):
        seqs.append(say(private_room))
        services.skip(row)
        if fails:
            raise ValueError
        return True

    seqs = [say(private_room)]
    one.consumer = type(consumer)(consumer.name, consumer.events, skipped)
    one.step(news_of(private_room.slug))
    assert len(seqs) == 2
    assert stored(private_room) == seqs[1]
    assert not ConsumerRetry.objects.exists()


def test_back_is_a_way_too(one, say, handler, private_room):
    """A replay."""
    seqs = [say(private_room), say(private_room)]
    one.step(news_of(private_room.slug))
    ConsumerPosition.objects.filter(room=private_room).update(seq=seqs[0] - 1)
    one.step(news_of(private_room.slug))
    assert handler.calls == [("board", seqs)] * 2


def test_lines_that_get_their_seqs_anew_are_not_left_out(one, say, handler, private_room, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    seq = say(private_room)
    one.step(news_of(private_room.slug))
    ConsumerPosition.objects.filter(room=private_room).update(seq=seq + 50)
    log_marker.renew_epochs()
    assert stored(private_room) == seq
    ConsumerPosition.objects.filter(room=private_room).update(seq=seq + 50)
    one._next_poll = 0
    one.step({})
    assert stored(private_room) == seq
    seq = say(private_room)
    one.step(news_of(private_room.slug))
    assert handler.calls[-1] == ("board", [seq])


def test_a_room_that_was_deleted_is_forgotten(one, owner, say, handler, clock):
    handler.does = False
    room = rooms.create_room(owner, "Gone")
    say(room)
    one.step(news_of(room.slug))
    Message.objects.filter(room=room).delete()
    room.delete()
    clock.go(runner.FLUSH_SECONDS)
    one.step(news_of(room.slug, "never-there"))
    assert one.idle
    assert one.holds


# The lease


def test_one_process_at_a_time(one, process, say, handler, private_room):
    two = started(process("two"))
    seq = say(private_room)
    for each in (one, two):
        each.step(news_of(private_room.slug))
    assert handler.seen == [("board", seq)]
    assert (one.holds, two.holds) == (True, False)
    # Whoever read the row before the first took it.
    assert not lease.take(one.id, "two")


def test_the_lease_is_renewed_and_ends_by_the_databases_clock(one, process, clock):
    clock.go(runner.RENEW_SECONDS)
    before = Consumer.objects.get()
    look(one)
    now = Consumer.objects.get()
    assert (now.holder, now.held_since) == ("one", before.held_since)
    assert now.lease_until >= before.lease_until
    assert timedelta(seconds=5) < now.lease_until - timezone.now() < timedelta(seconds=25)
    expire()
    two = started(process("two"))
    assert two.holds
    assert Consumer.objects.get().holder == "two"
    clock.go(runner.RENEW_SECONDS)
    look(one)
    assert not one.holds


def test_a_lease_of_a_clock_that_was_set_back_is_none(one, process):
    Consumer.objects.update(lease_until=timezone.now() + timedelta(hours=1))
    assert started(process("two")).holds


def test_who_stood_still_knows_by_itself_that_its_lease_has_ended(one, say, handler, clock, private_room):
    say(private_room)
    clock.go(15)
    one.step(news_of(private_room.slug))
    assert handler.seen == []
    look(one)
    one.step({})
    assert len(handler.seen) == 1


def test_who_was_slow_moves_no_position_once_another_process_has_taken_over(
    one, process, say, handler, private_room, consumer, monkeypatch
):
    """Between the handler and its position the lease is stolen; the thief has handled more by then."""
    seq, two = say(private_room), process("two")

    def slow(room, lines):
        monkeypatch.setattr(two.consumer.handle, "poison", set())
        expire()
        look(two)
        stolen.append(say(private_room))
        two.step(news_of(private_room.slug))
        return True

    stolen = []
    one.consumer = type(consumer)(consumer.name, consumer.events, slow)
    one.step(news_of(private_room.slug))
    assert handler.calls == [("board", [seq, stolen[0]])]
    assert stored(private_room) == stolen[0]
    assert not one.holds
    assert Consumer.objects.get().holder == "two"


def test_a_failure_of_who_was_slow_is_not_noted(one, process, say, handler, private_room, consumer):
    say(private_room)

    def slow(room, lines):
        expire()
        look(process("two"))
        raise ValueError

    one.consumer = type(consumer)(consumer.name, consumer.events, slow)
    one.step(news_of(private_room.slug))
    assert not ConsumerRetry.objects.exists()
    assert not one.holds


def test_whoever_stops_gives_the_lease_up_and_stores_where_it_is(one, process, say, handler, private_room):
    handler.does = False
    seq = say(private_room)
    one.step(news_of(private_room.slug))
    one.stop("one")
    assert (Consumer.objects.get().holder, stored(private_room)) == ("", seq)
    assert started(process("two")).holds
    one.stop("one")
    assert Consumer.objects.get().holder == "two"


def test_a_paused_consumer_keeps_its_positions(one, say, handler, private_room, row, process):
    assert services.pause(row)
    look(one)
    seq = say(private_room)
    for each in (one, started(process("two"))):
        each.step(news_of(private_room.slug))
        assert not each.holds
    assert (handler.seen, Consumer.objects.get().holder) == ([], "")
    assert not lease.take(row.pk, "one")
    assert services.resume(row)
    started(one)
    assert handler.seen == [("board", seq)]


def test_what_is_written_while_it_is_switched_off_is_left_out(one, say, handler, private_room):
    handler.on = False
    look(one)
    say(private_room)
    one.step(news_of(private_room.slug))
    assert (one.holds, Consumer.objects.get().off) == (False, True)
    handler.on = True
    started(one)
    seq = say(private_room)
    one.step(news_of(private_room.slug))
    assert handler.seen == [("board", seq)]


# Failures


def passed(seconds):
    """As if so much time had passed for what waits."""
    ConsumerRetry.objects.update(due_at=F("due_at") - timedelta(seconds=seconds))


def test_a_poison_line_is_put_aside_and_holds_up_nothing_behind_it(one, say, handler, private_room, caplog):
    bad = say(private_room, "a secret")
    handler.poison = {bad}
    one.step(news_of(private_room.slug))
    good = say(private_room)
    one.step(news_of(private_room.slug))
    assert handler.seen == [("board", good)]
    [held] = ConsumerRetry.objects.all()
    assert (held.seq, held.attempts, held.failed, stored(private_room)) == (bad, 1, False, good)
    assert held.error.startswith("ValueError in tests/rooms/log/consumers/conftest.py:")
    assert "said" not in caplog.text
    look(one)
    assert handler.calls[-1] == ("board", [good])
    passed(12.1)
    handler.poison = set()
    look(one)
    assert handler.calls[-1] == ("board", [bad])
    assert not ConsumerRetry.objects.exists()


def test_lines_that_failed_together_are_tried_at_once_one_by_one(one, say, handler, private_room):
    seqs = [say(private_room) for _ in range(4)]
    handler.poison = {seqs[2]}
    one.step(news_of(private_room.slug))
    assert (handler.seen, one.waiting) == ([], 4)
    look(one)
    assert [seq for _, seq in handler.seen] == [*seqs[:2], seqs[3]]
    assert [(held.seq, held.attempts) for held in ConsumerRetry.objects.all()] == [(seqs[2], 1)]
    assert one.waiting == 1


def test_after_eight_tries_a_line_has_failed_until_somebody_has_it_tried_again(
    one, say, handler, private_room, row
):
    handler.poison = {say(private_room)}
    before = timezone.now()
    one.step(news_of(private_room.slug))
    for tries in range(2, 9):
        wait = retries.FIRST_DELAY_SECONDS * 2 ** (tries - 2)
        after, due = timezone.now(), ConsumerRetry.objects.get().due_at
        assert due >= before + timedelta(seconds=wait * (1 - retries.JITTER))
        assert due <= after + timedelta(seconds=wait * (1 + retries.JITTER))
        # So long before it is due that a machine that stands still is in time.
        passed((due - after).total_seconds() - 3600)
        look(one)
        assert len(handler.calls) == tries - 1
        passed(3600)
        before = timezone.now()
        look(one)
        assert len(handler.calls) == tries
    passed(100_000)
    look(one)
    assert len(handler.calls) == 8
    assert (ConsumerRetry.objects.get().failed, one.failed, one.waiting) == (True, 1, 0)
    handler.poison = set()
    assert services.try_again(row)
    look(one)
    assert len(handler.seen) == 1
    assert not ConsumerRetry.objects.exists()
    assert not services.try_again(row)


def test_a_line_that_is_gone_or_another_one_is_not_tried_again(one, say, handler, private_room, owner):
    handler.poison = {say(private_room)}
    one.step(news_of(private_room.slug))
    private_room.events.filter(seq__in=handler.poison).update(event="room-updated")
    passed(20)
    look(one)
    assert len(handler.calls) == 1
    assert not ConsumerRetry.objects.exists()


def test_with_too_much_put_aside_it_reads_no_further(one, say, handler, private_room, monkeypatch):
    monkeypatch.setattr(retries, "MAX_WAITING", 2)
    for _ in range(3):
        handler.poison.add(say(private_room))
        one.step(news_of(private_room.slug))
    assert len(handler.calls) == ConsumerRetry.objects.count() == 2
    handler.poison = set()
    passed(20)
    look(one)
    one.step({})
    assert len(handler.seen) == 3


def test_without_the_database_nothing_is_skipped(one, say, handler, private_room, clock, monkeypatch):
    def away(*arguments):
        raise OperationalError("away")

    seq = say(private_room)
    for name in ("places", "move"):
        with monkeypatch.context() as broken:
            broken.setattr(positions, name, away)
            one.step(news_of(private_room.slug))
            assert stored(private_room) == seq - 1
            one.step(news_of(private_room.slug))
        clock.go(runner.REST_SECONDS)
    one.step({})
    assert (stored(private_room), handler.seen) == (seq, [("board", seq)] * 2)
    assert not ConsumerRetry.objects.exists()


def test_news_that_come_while_the_database_is_left_alone_are_kept(one, say, handler, private_room, clock):
    one._rest("it is away", OperationalError("away"), ())
    seq = say(private_room)
    one.step(news_of(private_room.slug))
    assert handler.seen == []
    clock.go(runner.REST_SECONDS)
    one.step({})
    assert handler.seen == [("board", seq)]


def test_positions_are_stored_while_others_are_read(one, say, handler, private_room, monkeypatch):
    """On PostgreSQL a query is waited for."""
    read = positions.lines

    def slow(*arguments):
        one._flush()
        return read(*arguments)

    monkeypatch.setattr(positions, "lines", slow)
    handler.does = False
    seqs = []
    for _ in range(3):
        seqs.append(say(private_room))
        one.step(news_of(private_room.slug))
    assert handler.calls == [("board", [seq]) for seq in seqs]


def test_skipping_leaves_out_what_waits_too(one, say, handler, private_room, row):
    handler.poison = {say(private_room)}
    one.step(news_of(private_room.slug))
    services.skip(row)
    assert not ConsumerRetry.objects.exists()
    assert services.reports()[row.pk] == services.Report(0, None, 0, 0, "")


def test_a_report_says_what_isn_t_read(one, say, private_room, public_room, row):
    seqs = [say(private_room), say(private_room)]
    say(public_room)
    report = services.reports()[row.pk]
    assert (report.lines, report.since) == (3, private_room.events.get(seq=seqs[0]).at)


# Sieves


def test_of_sieved_rooms_it_gets_what_passes_and_goes_on_behind_the_rest(
    process, consumer, owner, say, handler, private_room, public_room, monkeypatch
):
    monkeypatch.setattr(runner, "SEQS_PER_ROOM", 2)
    condition = "EXISTS (SELECT 1 FROM messaging_message m WHERE m.id = e.subject_id AND m.body LIKE '%%!%%')"
    sieve = registry.Sieve(lambda ids: {private_room.pk} & set(ids), "chat-message", condition, calls)
    one = started(process("one"))
    one.consumer = replace(consumer, sieve=sieve)
    seqs = [say(private_room, body) for body in ("a", "b", "c!", "d", "e!", "f")]
    other = [say(public_room, body) for body in ("a", "b!")]
    one.step(news_of(private_room.slug, public_room.slug))
    assert handler.calls == [("board", [seqs[2], seqs[4]]), ("lobby", other)]
    messages.edit(owner, Message.objects.get(seq=seqs[0], room=private_room).pk, "calls nobody")
    last = Room.objects.get(pk=private_room.pk).head
    one.step(news_of(private_room.slug))
    assert handler.calls[2:] == [("board", [last])], "what isn't the sieve's event passes"


# What need not be read


def calls(message):
    return "!" in message.body


@pytest.fixture
def calm():
    """Ids of the rooms in which what calls nobody concerns nobody."""
    return set()


@pytest.fixture
def choosy(process, consumer, calm, private_room):
    """A consumer that a calm room concerns only where it is called, and that was in the private room before."""
    asked = []

    def rooms(ids):
        asked.append(sorted(ids))
        return calm & set(ids)

    condition = "(SELECT m.body LIKE '%%!%%' FROM messaging_message m WHERE m.id = e.subject_id)"
    one = started(process("one"))
    one.consumer = replace(consumer, sieve=registry.Sieve(rooms, "chat-message", condition, calls))
    one.asked = asked
    calm.add(private_room.pk)
    one.step(news_of("board"))
    asked.clear()
    return one


@pytest.fixture
def told(owner, consumer, say, monkeypatch):
    """`told(room, *bodies)` is the news of these messages, as the process that stored them has it; and their seqs."""
    monkeypatch.setattr(news, "wanted", True)
    monkeypatch.setattr(news, "sieves", {"chat-message": [(consumer.name, calls)]})

    def told(room, *bodies):
        seqs = [say(room, body) for body in bodies]
        for seq in seqs:
            message = Message.objects.get(room=room, seq=seq)
            news.note_line(room.slug, room.pk, seq, "chat-message", message)
        return news.take(tell=False), seqs

    news.take(tell=False)
    yield told
    news.take(tell=False)


def test_what_concerns_nobody_is_not_read(
    choosy, told, handler, clock, private_room, django_assert_num_queries
):
    taken, seqs = told(private_room, "a", "b", "c")
    with django_assert_num_queries(0):
        choosy.step(taken)
    assert (handler.calls, choosy.asked) == ([], [[private_room.pk]])
    clock.go(runner.FLUSH_SECONDS)
    choosy.step({})
    assert stored(private_room) == seqs[-1]
    # And it goes on from there.
    taken, [seq] = told(private_room, "d!")
    choosy.step(taken)
    assert handler.calls == [("board", [seq])]


def test_the_sieve_is_asked_once_a_second_of_a_room_that_was_calm(choosy, told, handler, clock, private_room):
    asked = []
    for _ in range(9):
        choosy.step(told(private_room, "a")[0])
        asked.append(len(choosy.asked))
        clock.go(runner.PASS_SECONDS / 4)
    assert asked == [1] * 4 + [2] * 4 + [3]
    assert handler.calls == []


def test_what_comes_while_it_is_not_asked_is_told_of_with_the_rest(
    choosy, told, handler, calm, clock, private_room
):
    choosy.step(told(private_room, "a")[0])
    taken, seqs = told(private_room, "b")
    choosy.step(taken)
    # Somebody wants every message from now on.
    calm.clear()
    clock.go(runner.PASS_SECONDS)
    choosy.step({})
    assert handler.calls == [("board", seqs)]


def test_a_call_is_told_at_once_also_behind_what_waits(choosy, told, handler, private_room):
    choosy.step(told(private_room, "a")[0])
    choosy.step(told(private_room, "b")[0])
    taken, [seq] = told(private_room, "c!")
    choosy.step(taken)
    assert handler.calls == [("board", [seq])]


def test_a_room_that_is_not_calm_is_read(choosy, told, handler, public_room):
    for number in range(3):
        taken, seqs = told(public_room, "a", "b")
        choosy.step(taken)
        assert handler.calls[number] == ("lobby", seqs)
    # By the read itself, and by nothing else before it.
    assert choosy.asked == [[public_room.pk]] * 3


def test_a_room_that_is_calm_again_is_not_read_any_more(choosy, told, handler, calm, public_room):
    for number in range(4):
        if number == 2:
            calm.add(public_room.pk)
        taken, _ = told(public_room, "a")
        choosy.step(taken)
    assert len(handler.calls) == 2
    assert choosy.asked == [[public_room.pk]] * 4


@pytest.mark.parametrize("together", [False, True])
def test_a_run_behind_which_something_is_missing_is_read(
    choosy, told, say, handler, clock, private_room, together
):
    """Another process wrote in between, and called somebody."""
    before, _ = told(private_room, "a")
    seq = say(private_room, "called!")
    if together:
        news.own.update(before)
    else:
        choosy.step(before)
        clock.go(runner.PASS_SECONDS)
    after, _ = told(private_room, "b", "c")
    choosy.step(after)
    assert handler.calls == [("board", [seq])]


def test_runs_of_two_rooms_are_never_one():
    """Though the one has the other's address, and goes on where that ended."""
    taken = {"board": news.Run(1, 0, 5, set())}
    news.add(taken, "board", news.Run(2, 5, 6, set()))
    assert taken == {"board": None}


def test_of_a_line_that_comes_late_nothing_is_known(told, say, private_room):
    """Two transactions may be told of in another order than they were stored."""
    (first, second), told_of = (say(private_room, body) for body in ("a", "b")), []
    for seq in (second, first, second + 1):
        news.note_line("board", private_room.pk, seq, "chat-message", Message.objects.get(seq=first))
        told_of.append(news.own["board"])
    assert told_of[1:] == [None, None]


@pytest.mark.parametrize("order", ["after", "before", "together"])
def test_with_anything_else_it_is_read(choosy, told, say, handler, clock, private_room, order):
    """An event of which nothing is known but the room."""
    taken, _ = told(private_room, "a")
    seq = say(private_room, "called!")
    other = news_of("board")
    if order == "together":
        news.own.update(taken)
        news.note("board")
        choosy.step(news.take(tell=False))
    else:
        for each in (taken, other) if order == "after" else (other, taken):
            choosy.step(each)
            clock.go(runner.PASS_SECONDS)
    assert handler.calls == [("board", [seq])]


def test_what_another_process_told_of_is_read(choosy, told, say, handler, private_room):
    taken, _ = told(private_room, "a")
    seq = say(private_room, "called!")
    news.own.update(taken)
    news.hear(["board"])
    choosy.step(news.take(tell=False))
    assert handler.calls == [("board", [seq])]


def test_a_room_of_the_same_address_is_another_one(choosy, told, handler, owner, private_room):
    """Deleted and made again: the new one has been read up to nowhere."""
    choosy.step(told(private_room, "a", "b")[0])
    Message.objects.filter(room=private_room).delete()
    private_room.delete()
    again = rooms.create_room(owner, "Again", kind="private")
    again.slug = "board"
    again.save()
    taken, seqs = told(again, "a")
    choosy.step(taken)
    assert handler.calls == [("board", seqs)]


def test_who_took_the_consumer_over_reads_from_the_position(choosy, process, told, handler, private_room):
    choosy.step(told(private_room, "a")[0])
    expire()
    two = started(process("two"))
    handler.calls.clear()
    two.consumer = choosy.consumer
    taken, [seq] = told(private_room, "b!")
    two.step(taken)
    assert handler.calls == [("board", [seq])]


def test_a_position_that_was_set_back_is_found_when_it_is_stored(
    choosy, told, say, handler, clock, private_room
):
    """A replay."""
    seq = say(private_room, "called!")
    choosy.step(news_of("board"))
    ConsumerPosition.objects.filter(room=private_room).update(seq=seq - 1)
    choosy.step(told(private_room, "a")[0])
    assert handler.calls == [("board", [seq])]
    clock.go(runner.FLUSH_SECONDS)
    choosy.step({})
    choosy.step({})
    assert handler.calls == [("board", [seq])] * 2


def test_positions_that_are_kept_are_bounded(
    choosy, told, say, clock, private_room, public_room, monkeypatch
):
    monkeypatch.setattr(runner, "KEPT_POSITIONS", 1)
    choosy.step(news_of("board", "lobby"))
    clock.go(runner.FLUSH_SECONDS)
    choosy.step({})
    assert choosy._positions == {}
    taken, _ = told(private_room, "a")
    choosy.step(taken)
    assert len(choosy._positions) == 1
