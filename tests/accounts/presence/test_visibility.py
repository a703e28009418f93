"""Who is invisible is here for nobody but themselves, over every door; what ends does so by itself."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import profile_broadcast, services, sockets
from accounts.models import User
from accounts.presence import idle, last_seen, presence, presence_broadcast, visibility
from chatsite.contract.errors import RateLimited
from rooms import payloads
from rooms.presence import typing
from rooms.sockets import type_
from rooms.unread import room_counts

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class Never:
    """A timer that isn't waited for: a grace that ended later would be of another test."""

    def __init__(self, seconds, function, *arguments):
        pass

    def cancel(self):
        pass


@pytest.fixture
def here(live, monkeypatch, private_room):
    """`here(person)` is connected. All that is gathered waits for `tell`."""
    monkeypatch.setattr(presence, "here", presence.MemoryPresence(Never))
    for debouncer in (presence_broadcast.pending_changes, profile_broadcast.renamed, idle.changes):
        monkeypatch.setattr(debouncer, "waiting", {})
        monkeypatch.setattr(debouncer, "later", lambda seconds, func: None)

    def here(person):
        made = live(person)
        sockets.connected(made)
        return made

    return here


def tell(*connections):
    """Send what was gathered; return the names of the events that each connection got since."""
    presence_broadcast.pending_changes.flush()
    profile_broadcast.renamed.flush()
    idle.changes.flush()
    told = [list(one.channel.events) for one in connections]
    for one in connections:
        one.channel.frames.clear()
    return told


def names(events):
    return [name for name, _ in events]


@pytest.fixture
def choose(committed):
    def choose(person, choice, until=None):
        with committed():
            services.set_availability(person, choice, until)

    return choose


def test_becoming_invisible_looks_like_leaving_and_back_like_coming(here, choose, owner, member, stranger):
    mine, theirs, strange = here(owner), here(member), here(stranger)
    tell(mine, theirs, strange)
    choose(owner, "invisible")
    own, others, outside = tell(mine, theirs, strange)
    assert names(others) == ["user-disconnected"], "and nothing that tells it from leaving"
    assert others[0][1]["user"]["username"] == "owner"
    assert "last_seen" in others[0][1]
    assert names(own) == ["user-updated"]
    assert (own[0][1]["availability"], own[0][1]["online"]) == ("invisible", True)
    # #general has everybody: they share a room with the stranger, who hears of the leaving and of nothing else.
    assert set(names(outside)) <= {"user-disconnected"}
    choose(owner, "automatic")
    own, others, _ = tell(mine, theirs, strange)
    assert names(others) == ["user-connected", "user-updated"]
    assert others[1][1]["availability"] == "automatic"
    assert own[0][1]["availability"] == "automatic"


def test_who_is_invisible_comes_and_goes_unheard(here, choose, owner, member, monkeypatch):
    choose(owner, "invisible")
    watching = here(member)
    tell(watching)
    seen = User.objects.get(pk=owner.pk).last_seen
    mine = here(owner)
    last_seen.refresh_last_seen()
    presence_broadcast.gone(owner.pk)
    sockets.disconnected(mine)
    assert tell(watching) == [[]]
    sockets.write_seen()
    assert User.objects.get(pk=owner.pk).last_seen == seen, "others would see by it that they were here"


def test_no_door_has_them_online_but_their_own(
    here, choose, api, client_of, owner, member, private_room, settings
):
    here(member)
    here(owner)
    choose(owner, "invisible")
    room = payloads.room_payload(member, private_room)
    assert room["online"] == 1
    assert payloads.online_usernames(private_room, member.pk) == ["member"]
    assert payloads.online_usernames(private_room, owner.pk) == ["member", "owner"]
    assert room_counts.count_online([private_room.pk], presence.online_ids()) == {private_room.pk: 1}
    theirs = api(member)
    for shown in (
        theirs.get("/user/owner").data,
        theirs.get("/user?username=owner").data["results"][0],
        theirs.get("/room/board/member/owner").data["user"],
        next(
            one["user"] for one in theirs.get("/room/board/member").data["results"] if one["role"] == "owner"
        ),
    ):
        assert (shown["username"], shown["online"], shown["availability"]) == ("owner", False, "automatic")
    mine = api(owner).get("/user/me").data
    assert (mine["online"], mine["availability"]) == (True, "invisible")
    assert api(owner).get("/user/owner").data["online"] is True
    for path in ("/people/owner", "/chat/board/members", "/direct/new", "/chat/board"):
        page = client_of(member).get(path)
        assert page.status_code == 200, path
        dots = [part.split(">")[0] for part in page.text.split('data-presence="owner"')[1:]]
        assert dots or path == "/chat/board/members", path
        assert all("hidden" in dot and "invisible" not in dot for dot in dots), path


def test_the_typing_of_who_is_invisible_is_not_told(here, choose, owner, member, private_room, monkeypatch):
    sent = []
    monkeypatch.setattr(typing, "send", lambda slug, user, on: sent.append((slug, user.username, on)))
    mine = here(owner)
    type_(mine, {"room": "board", "typing": True})
    choose(owner, "invisible")
    assert sent == [("board", "owner", True), ("board", "owner", False)]
    mine.user = User.objects.get(pk=owner.pk)
    type_(mine, {"room": "board", "typing": True})
    assert len(sent) == 2
    assert typing.usernames("board", member.pk) == []


def test_an_end_is_told_live_by_the_processes_own_clock(here, choose, owner, member, monkeypatch, committed):
    mine, theirs = here(owner), here(member)
    choose(owner, "invisible", timezone.now() + HOUR)
    with committed():
        services.set_status(owner, {"text": "Lunch", "until": timezone.now() + HOUR})
    tell(mine, theirs)
    visibility.end_due()
    assert tell(mine, theirs) == [[], []], "not yet"
    later = timezone.now() + 2 * HOUR
    monkeypatch.setattr(visibility, "time", later.timestamp)
    monkeypatch.setattr(timezone, "now", lambda: later)
    visibility.end_due()
    own, others = tell(mine, theirs)
    assert names(others) == ["user-connected", "user-updated"]
    assert (others[1][1]["status"], others[1][1]["online"]) == (None, True)
    assert own[0][1]["availability"] == "automatic"
    assert not visibility.is_invisible(owner.pk)
    visibility.end_due()
    assert tell(mine, theirs) == [[], []], "once"


def test_a_process_that_starts_reads_who_is_invisible_and_what_ends(choose, owner, member, stranger):
    choose(owner, "invisible")
    choose(member, "dnd", timezone.now() + HOUR)
    choose(stranger, "away")
    User.objects.filter(pk=stranger.pk).update(status_text="x", status_until=timezone.now() - HOUR)
    before = dict(visibility.known.people)
    visibility.known.__init__()
    with CaptureQueriesContext(connection) as captured:
        visibility.ensure()
        visibility.ensure()
    assert len(captured) == 1
    assert visibility.known.people == before
    assert visibility.known.invisible == {owner.pk}
    assert set(before) == {owner.pk, member.pk}, "who neither is invisible nor has an end isn't kept"


def test_a_word_that_was_lost_is_made_good(here, owner, member):
    watching = here(member)
    here(owner)
    tell(watching)
    User.objects.filter(pk=owner.pk).update(availability="invisible")
    visibility.refresh()
    assert "user-disconnected" in names(tell(watching)[0])
    User.objects.filter(pk=owner.pk).update(availability="automatic")
    visibility.refresh()
    assert "user-connected" in names(tell(watching)[0])


def test_a_reading_that_a_change_overtook_is_thrown_away(choose, owner, monkeypatch):
    stored = visibility.stored

    def overtaken():
        found = list(stored())
        choose(owner, "invisible")
        return found

    monkeypatch.setattr(visibility, "stored", overtaken)
    visibility.refresh()
    assert visibility.is_invisible(owner.pk)


def test_a_status_is_told_to_those_who_share_a_room(here, committed, owner, member):
    mine, theirs = here(owner), here(member)
    tell(mine, theirs)
    with committed():
        services.update_profile(owner, status={"emoji": "🌴"}, availability="dnd")
    for (event, data), *more in tell(mine, theirs):
        assert (event, more) == ("user-updated", [])
        assert (data["status"]["emoji"], data["availability"]) == ("🌴", "dnd")


class TestAwayByThemselves:
    def test_somebody_is_away_when_all_their_pages_are_idle(self, here, owner, member):
        one, two, theirs = here(owner), here(owner), here(member)
        tell(one, two, theirs)
        idle.report(one, active=False)
        assert tell(theirs) == [[]], "another page is in use"
        idle.report(two, active=False)
        ((event, data),) = tell(theirs)[0]
        assert (event, data["username"], data["availability"]) == ("user-updated", "owner", "away")
        assert tell(one)[0][0][1]["availability"] == "away"
        idle.report(two, active=True)
        assert tell(theirs)[0][0][1]["availability"] == "automatic"

    def test_the_page_in_use_goes_and_the_idle_one_is_left(self, here, owner, member):
        used, left, theirs = here(owner), here(owner), here(member)
        idle.report(left, active=False)
        tell(theirs)
        sockets.disconnected(used)
        assert tell(theirs)[0][0][1]["availability"] == "away"
        here(owner)
        assert tell(theirs)[0][0][1]["availability"] == "automatic"

    def test_a_page_that_reconnects_does_not_flicker(self, here, owner, member):
        before, theirs = here(owner), here(member)
        idle.report(before, active=False)
        tell(theirs)
        sockets.disconnected(before)
        after = here(owner)
        idle.report(after, active=False)
        assert tell(theirs) == [[]]

    def test_who_chose_something_is_not_told_to_be_away(self, here, choose, owner, member):
        mine, theirs = here(owner), here(member)
        for choice in ("dnd", "invisible"):
            choose(owner, choice)
            tell(theirs)
            idle.report(mine, active=False)
            assert tell(theirs) == [[]], choice
            idle.report(mine, active=True)
            idle.state.reported.clear()
            tell(theirs)

    def test_a_page_reports_it_once_a_minute(self, here, owner):
        mine = here(owner)
        idle.report(mine, active=False)
        idle.report(mine, active=False)
        idle.report(mine, active=True)
        with pytest.raises(RateLimited) as refused:
            idle.report(mine, active=False)
        assert 0 < refused.value.retry_after <= idle.REPORT_SECONDS
        assert not idle.is_away(owner.pk)

    def test_nothing_is_left_of_a_connection_that_is_gone(self, here, owner):
        mine = here(owner)
        idle.report(mine, active=False)
        sockets.disconnected(mine)
        state = idle.state
        assert (len(state.sids), state.reported, state.told) == (0, {}, set())

    def test_another_process_counts(self, here, owner, member, monkeypatch):
        mine, theirs = here(owner), here(member)
        idle.report(mine, active=False)
        tell(theirs)
        monkeypatch.setattr(
            type(presence.here), "workers", lambda self, user_id: ["other"] if user_id == owner.pk else []
        )
        idle.look_again(owner.pk)
        assert tell(theirs)[0][0][1]["availability"] == "automatic"
        idle.hear("other", [owner.pk, "x", True], [])
        assert tell(theirs)[0][0][1]["availability"] == "away"
        idle.hear("other", [], [owner.pk])
        assert tell(theirs)[0][0][1]["availability"] == "automatic"
