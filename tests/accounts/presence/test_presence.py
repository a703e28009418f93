import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts import sockets, sql
from accounts.models import User
from accounts.payloads import user_payload
from accounts.presence import last_seen, presence, presence_broadcast
from accounts.presence.presence import GRACE_SECONDS, MemoryPresence
from chatsite.realtime.scheduling.debouncer import RETRY_SECONDS


class Clock:
    """Runs what was asked for later when the test says so."""

    def __init__(self):
        self.waiting = []

    def __call__(self, seconds, func, *args):
        timer = Pending(self, seconds, lambda: func(*args))
        self.waiting.append(timer)
        return timer

    def pass_grace(self):
        while self.waiting:
            timer = self.waiting.pop(0)
            assert timer.seconds == GRACE_SECONDS
            timer.func()


class Pending:
    def __init__(self, clock, seconds, func):
        self.clock, self.seconds, self.func = clock, seconds, func

    def cancel(self):
        if self in self.clock.waiting:
            self.clock.waiting.remove(self)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def here(clock):
    return MemoryPresence(clock)


@pytest.fixture
def gone():
    return []


def test_only_the_first_connection_is_an_arrival(here):
    assert here.connect(1, "a")
    assert not here.connect(1, "b")
    assert here.connect(2, "c")
    assert set(here.online()) == {1, 2}


def test_three_tabs_of_which_two_close_is_still_here(here, clock, gone):
    for sid in "abc":
        here.connect(1, sid)
    here.disconnect(1, "a", gone.append)
    here.disconnect(1, "b", gone.append)
    clock.pass_grace()
    assert (here.is_online(1), gone) == (True, [])


def test_the_last_connection_has_a_grace(here, clock, gone):
    here.connect(1, "a")
    here.disconnect(1, "a", gone.append)
    assert (here.is_online(1), set(here.online()), gone) == (True, {1}, [])
    clock.pass_grace()
    assert (here.is_online(1), set(here.online()), gone) == (False, set(), [1])
    assert here.connect(1, "b")


def test_a_hundred_reloads_are_no_news(here, clock, gone):
    here.connect(1, "0")
    for n in range(100):
        here.disconnect(1, str(n), gone.append)
        assert not here.connect(1, str(n + 1))
    clock.pass_grace()
    assert (gone, clock.waiting, here.is_online(1)) == ([], [], True)


def test_a_new_tab_may_come_before_the_old_one_goes(here, clock, gone):
    here.connect(1, "a")
    here.connect(1, "b")
    here.disconnect(1, "a", gone.append)
    clock.pass_grace()
    assert here.is_online(1)


def test_a_connection_that_goes_twice_takes_nobody_elses_away(here, clock, gone):
    here.connect(1, "a")
    here.connect(1, "b")
    for _ in range(3):
        here.disconnect(1, "a", gone.append)
    here.disconnect(2, "a", gone.append)
    clock.pass_grace()
    assert (set(here.online()), gone) == ({1}, [])


def test_a_timer_that_was_cancelled_too_late_does_nothing(here, clock, gone):
    here.connect(1, "a")
    here.disconnect(1, "a", gone.append)
    late = clock.waiting[0].func
    here.connect(1, "b")
    late()
    assert (gone, here.is_online(1)) == ([], True)


@pytest.fixture
def site(live, clock, monkeypatch):
    """Everyone shares a room with owner and member; the stranger with nobody."""
    monkeypatch.setattr(presence, "here", MemoryPresence(clock))
    monkeypatch.setattr(presence_broadcast.pending_changes, "later", lambda seconds, func: func())
    monkeypatch.setattr(
        presence,
        "audience",
        lambda ids: {
            pk: set(User.objects.exclude(username="stranger").values_list("pk", flat=True)) for pk in ids
        },
    )
    return live


def test_those_who_share_a_room_hear_of_an_arrival_and_others_do_not(site, owner, member, stranger):
    watching, outside = site(member), site(stranger)
    for connection in (watching, outside):
        sockets.connected(connection)
    watching.channel.frames.clear()
    arriving = site(owner)
    sockets.connected(arriving)
    assert len(watching.channel.frames) == 1
    assert (
        '["user-connected",{"user":{"username":"owner","display_name":"owner","avatar":{"initials":"OW","color":'
        in watching.channel.text
    )
    assert '"at":"20' in watching.channel.text
    assert (outside.channel.frames, arriving.channel.frames) == ([], [])
    sockets.connected(site(owner))
    assert len(watching.channel.frames) == 1


def test_they_hear_of_the_going_when_the_grace_is_over(site, clock, owner, member):
    watching, going = site(member), site(owner)
    sockets.connected(watching)
    sockets.connected(going)
    watching.channel.frames.clear()
    sockets.disconnected(going)
    assert watching.channel.frames == []
    clock.pass_grace()
    assert len(watching.channel.frames) == 1
    told = user_payload(owner)["last_seen"]
    sockets.write_seen()
    owner.refresh_from_db()
    seen = owner.last_seen.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert '["user-disconnected",{"user":{"username":"owner"' in watching.channel.text
    assert f'"last_seen":"{seen}"' in watching.channel.text
    assert told == seen == user_payload(owner)["last_seen"], "before it is written and after"
    assert presence.seen == {}


def test_who_went_while_the_database_was_away_is_told_of_when_it_is_back(
    site, clock, owner, member, stranger, monkeypatch
):
    timers, briefs = [], sql.briefs
    monkeypatch.setattr(presence_broadcast.pending_changes, "waiting", {})
    monkeypatch.setattr(
        presence_broadcast.pending_changes, "later", lambda seconds, func: timers.append((seconds, func))
    )
    watching = site(member)
    presence.here.connect(member.pk, watching.sid)

    def away(ids):
        # One of them comes back meanwhile, and one goes who wasn't among them.
        presence_broadcast.arrived(owner.pk)
        raise OperationalError("the database is away")

    presence_broadcast.gone(owner.pk)
    presence_broadcast.gone(stranger.pk)
    monkeypatch.setattr(sql, "briefs", away)
    timers.pop()[1]()
    assert watching.channel.frames == []
    assert len(timers) == 1, "set by who came back; and where nobody did:"
    monkeypatch.setattr(presence_broadcast, "arrived", lambda user_id: None)
    timers.pop()[1]()
    assert [seconds for seconds, _ in timers] == [RETRY_SECONDS]
    monkeypatch.setattr(sql, "briefs", briefs)
    timers.pop()[1]()
    told = sorted(f"{event} {data['user']['username']}" for event, data in watching.channel.events)
    assert told == ["user-connected owner", "user-disconnected stranger"]
    assert (presence_broadcast.pending_changes.waiting, timers) == ({}, [])


def test_a_reload_is_not_heard_of(site, clock, owner, member):
    watching, before = site(member), site(owner)
    sockets.connected(watching)
    sockets.connected(before)
    watching.channel.frames.clear()
    sockets.disconnected(before)
    sockets.connected(site(owner))
    clock.pass_grace()
    assert watching.channel.frames == []


def test_last_seen_is_noted_for_all_who_are_here_in_one_update(
    site, owner, member, stranger, django_assert_num_queries
):
    for user in (owner, member):
        sockets.connected(site(user))
    User.objects.update(last_seen=None)
    with django_assert_num_queries(1):
        last_seen.refresh_last_seen()
    assert set(User.objects.exclude(last_seen=None)) == {owner, member}


def test_noting_nobody_asks_nothing(site, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        last_seen.refresh_last_seen()


def test_a_crowd_that_comes_at_once_is_written_at_once(site, make_person, django_assert_num_queries):
    people = [make_person(f"person{n}") for n in range(20)]
    for person in people:
        presence.seen[person.pk] = timezone.now()
    with django_assert_num_queries(1):
        sockets.write_seen()
    assert presence.seen == {}
    assert User.objects.filter(last_seen=None).count() == 0


def test_what_could_not_be_written_waits(site, owner, monkeypatch):
    presence.seen[owner.pk] = timezone.now()

    def fails(*args, **kwargs):
        raise OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(last_seen, "write", fails)
        with pytest.raises(OperationalError):
            sockets.write_seen()
    sockets.write_seen()
    owner.refresh_from_db()
    assert owner.last_seen
