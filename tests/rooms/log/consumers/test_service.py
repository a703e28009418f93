"""Consumers cost a site without any nothing, and a write nothing in any."""

import uuid
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import SiteSettings, User
from chatsite.observability.metrics import collector
from chatsite.operations.doctor import consumers
from chatsite.realtime.delivery import peers
from messaging.models import Message
from messaging.reactions import services as reactions
from messaging.sending.batch import store_all
from messaging.sending.drafts import Draft
from rooms.log.consumers import gauges, news, registry, service, services
from rooms.models import Consumer
from tests.rooms.log.consumers.conftest import look, news_of, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """No notes are left behind, and none are found; nor gauges, once the server's own are there."""
    import_module("chatsite.urls")
    monkeypatch.setattr(news, "own", {})
    monkeypatch.setattr(news, "sieves", {})
    monkeypatch.setattr(news, "told", set())
    monkeypatch.setattr(news, "wanted", False)
    monkeypatch.setattr(collector, "sources", [*collector.sources])


@pytest.fixture
def running(consumer, monkeypatch):
    """A server's service, whose job the test runs."""
    monkeypatch.setattr(service, "repeat", lambda seconds, function: None)
    running = service.ConsumerService()
    running.start()
    return running


@pytest.fixture
def peer(monkeypatch):
    """Another process: what it is told."""

    class Peer(peers.Peers):
        there = True

        def notify(self, word, *parts):
            told.append((word, *parts))

    told = []
    monkeypatch.setattr(peers, "site", Peer())
    return told


def draft(user, room):
    return Draft(user, room.slug, "hello", uuid.uuid4(), None)


def queries_of(function):
    with CaptureQueriesContext(
        connection,
    ) as found:
        function()
    return [query["sql"].split()[0] for query in found.captured_queries]


def test_previews_are_off_until_an_administrator_switches_them_on_and_notifications_are_always_there(db):
    assert apps.ready
    assert [*registry.consumers] == ["previews", "notifications"]
    assert registry.consumers["notifications"].enabled()
    enabled = registry.consumers["previews"].enabled
    assert not enabled()
    SiteSettings.load()
    assert not enabled()
    SiteSettings.objects.update(link_previews=True)
    assert enabled()


def test_without_consumers_nothing_runs_and_nothing_is_noted(
    monkeypatch, owner, private_room, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(service, "consumers", {})
    monkeypatch.setattr(service, "repeat", lambda *arguments: pytest.fail("a job"))
    running, sources = service.ConsumerService(), [*collector.sources]
    running.start()
    with django_capture_on_commit_callbacks(execute=True):
        store_all([draft(owner, private_room)])
    running.stop()
    assert (news.wanted, news.own, collector.sources) == (False, {}, sources)
    assert not Consumer.objects.exists()


def test_where_many_rooms_have_news_they_are_read_less_often(running, monkeypatch):
    now, steps = [1000.0], []
    monkeypatch.setattr(service, "monotonic", lambda: now[0])
    monkeypatch.setattr(running, "_look", lambda: None)
    [runner] = running.runners.values()
    monkeypatch.setattr(runner, "step", lambda slugs: steps.append((now[0], len(slugs))))

    def go_on(count):
        for _ in range(8):
            news.told.update(f"room-{number}" for number in range(count))
            running.step()
            now[0] += service.STEP_SECONDS
        taken = steps.copy()
        steps.clear()
        return [at - taken[0][0] for at, _ in taken], {rooms for _, rooms in taken}

    few, many = service.BUSY_ROOMS, service.BUSY_ROOMS + 1
    assert go_on(few) == ([number * service.STEP_SECONDS for number in range(8)], {few})
    assert go_on(many) == ([0.0, service.BUSY_STEP_SECONDS], {many})


def test_a_write_has_no_query_more_and_its_room_is_noted(
    running, owner, private_room, public_room, django_capture_on_commit_callbacks
):
    counts = []
    for wanted in (False, True):
        news.wanted = wanted
        store_all([draft(owner, private_room)])
        with django_capture_on_commit_callbacks(execute=True):
            counts.append(queries_of(lambda: store_all([draft(owner, private_room)])))
    assert counts[0] == counts[1]
    message = Message.objects.filter(room=private_room).last()
    # The first was noted too, once its transaction was committed. The consumer asks for all messages.
    assert news.own == {"board": news.Run(private_room.pk, message.seq - 1, message.seq, {"watcher"})}
    with django_capture_on_commit_callbacks(execute=True):
        reactions.react(owner, message.pk, "👍")
    assert news.own == {"board": None}


def test_the_first_start_makes_the_row_and_the_next_look_begins(running, handler, private_room, say):
    running.step()
    assert stored(private_room) is not None
    running.step()
    seq = say(private_room)
    news.note("board")
    running.step()
    assert handler.seen == [("board", seq)]
    with CaptureQueriesContext(connection) as found:
        running.step()
    assert len(found) == 0


def test_who_doesnt_run_a_consumer_tells_the_others_and_who_does_tells_nobody(running, peer, row, process):
    look(process("elsewhere"))
    running.step()
    news.note("board")
    running.step()
    assert peer == [("log-news", ["board"])]
    Consumer.objects.update(holder="", lease_until=None)
    running._next_look = 0
    running.step()
    news.note("board")
    running.step()
    assert len(peer) == 1


def test_what_others_tell_is_heard_and_only_slugs(running, peer, row, handler, private_room, say):
    running.step()
    seq = say(private_room)
    assert peers.dispatch("log-news", [["board", 7, None, "nowhere"]])
    running.step()
    assert handler.seen == [("board", seq)]
    assert not peers.dispatch("log-news", ["board"])


def test_one_that_fails_by_itself_is_no_others_affair(
    running, monkeypatch, row, handler, private_room, say, caplog
):
    def broken(*arguments):
        raise RuntimeError("broken")

    other = registry.LogConsumer("broken", frozenset({"chat-message"}), handler, broken)
    running.runners = {"broken": service.Runner(other, "me"), **running.runners}
    Consumer.objects.create(name="broken")
    running.step()
    seq = say(private_room)
    news.note("board")
    running.step()
    assert handler.seen == [("board", seq)]
    assert "can't go on" in caplog.text


def test_who_stops_takes_no_notes(running, monkeypatch):
    later = []

    class Later:
        def __init__(self, seconds, function):
            self.function = function
            later.append(self)

    monkeypatch.setattr(service, "Timer", Later)
    running._job = Job()
    running.step()
    running.step()
    assert Consumer.objects.get().holder
    # The lease has ended by its clock, and nobody has taken it.
    [runner] = running.runners.values()
    runner._held_until = 0
    assert running.stop() is later[0]
    news.note("board")
    later[0].function()
    assert (news.own, Consumer.objects.get().holder) == ({}, "")


class Job:
    def kill(self):
        pass


def test_gauges_are_of_who_runs_a_consumer_and_make_no_query(
    one, process, say, handler, private_room, clock, django_assert_num_queries
):
    handler.poison = {say(private_room)}
    one.step(news_of(private_room.slug))
    say(private_room)
    one._next_poll = 0
    one._workers = 4
    one.step({})
    with django_assert_num_queries(0):
        lag, oldest, waiting = gauges.of_runners([one, process("two")])
    assert [(sample.labels["consumer"], sample.value) for sample in lag.samples] == [("watcher", 1)]
    assert [sample.value > 0 for sample in oldest.samples] == [True]
    assert {sample.labels["state"]: sample.value for sample in waiting.samples} == {"waiting": 1, "failed": 0}


def test_events_that_are_not_in_the_log_and_names_that_are_taken(consumer):
    for name, events in (
        ("watcher", {"chat-message"}),
        ("x" * 33, {"chat-message"}),
        ("new", {"typing"}),
        ("new", set()),
    ):
        with pytest.raises(ValueError, match="consumer"):
            registry.register(registry.LogConsumer(name, frozenset(events), print))


# The administration


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("boss", password="correct horse battery"))
    return client


PAGE = "/admin/rooms/consumer/"


def test_administrators_see_how_it_gets_on_and_act_on_it(boss, one, say, handler, private_room, row):
    handler.poison = {say(private_room)}
    one.step(news_of(private_room.slug))
    row.retries.update(failed=True)
    say(private_room)
    text = boss.get(PAGE).text
    assert "What follows messages" in boss.get("/admin/").text
    for words in ("Pause", "watcher", "ValueError in tests/rooms/log/consumers/conftest.py", "one"):
        assert words in text
    for act, after in (("pause", (True, 1)), ("resume", (False, 1)), ("try_again", (False, 0))):
        assert boss.post(f"{PAGE}act/{act}/?ids={row.pk}").status_code == 302
        row.refresh_from_db()
        assert (row.paused, row.retries.filter(failed=True).count()) == after
    assert boss.get(f"{PAGE}act/skip/?ids={row.pk}").status_code == 200
    boss.post(f"{PAGE}act/skip/?ids={row.pk}")
    private_room.refresh_from_db()
    assert (stored(private_room), row.retries.count()) == (private_room.head, 0)


def test_nobody_else_does(client, row, owner, member):
    moderator = User.objects.create_user("mod", password="correct horse battery", is_staff=True)
    for user, codes in ((moderator, {403}), (member, {302, 403, 404}), (None, {302})):
        client.logout()
        if user:
            client.force_login(user)
        assert client.get(PAGE).status_code in codes
        for act in ("pause", "skip", "try_again"):
            assert client.post(f"{PAGE}act/{act}/?ids={row.pk}").status_code in codes
        assert "What follows messages" not in client.get("/admin/", follow=True).text
    row.refresh_from_db()
    assert not row.paused


def test_a_site_without_consumers_doesnt_show_the_list(boss, monkeypatch):
    for name in [*registry.consumers]:
        monkeypatch.delitem(registry.consumers, name)
    assert "What follows messages" not in boss.get("/admin/").text
    assert boss.get(PAGE).status_code == 200


# The doctor


def test_the_doctor_says_what_waits_and_why(one, say, handler, private_room, row):
    assert [finding.level for finding in doctor()] == ["ok"]
    handler.poison = {say(private_room)}
    one.step(news_of(private_room.slug))
    row.retries.update(failed=True)
    say(private_room)
    private_room.events.update(at=timezone.now() - timedelta(hours=1))
    late, given_up = doctor()
    assert (late.level, given_up.level) == ("wrong", "note")
    assert "watcher is 1 lines and 3600 s behind" in late.sentence
    assert "ValueError" in late.advice + given_up.sentence
    services.pause(row)
    assert [finding.level for finding in doctor()] == ["note", "note"]


def test_the_doctor_says_nothing_of_a_site_without_consumers(db):
    assert doctor() == []


def doctor():
    return list(consumers.consumers())
