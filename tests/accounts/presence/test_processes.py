"""One truth a person, over all processes."""

import os
import signal
import time

import pytest

from accounts.presence.presence import GRACE_SECONDS
from tests.support.clients.cast import Chatter, rest
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import serve
from tests.support.sites import CLUSTER

pytestmark = pytest.mark.realtime


def names(chatter, event):
    return [data["user"]["username"] for data in chatter.all(event)]


def comings(chatter, name):
    """Whether they were said to be here, or gone, in the order of arrival."""
    return [
        event.removeprefix("user-")
        for event, data in chatter.seen
        if event in ("user-connected", "user-disconnected") and data["user"]["username"] == name
    ]


def await_grace(two, watcher, server, leave):
    """Until it would have been told of who left that process with `leave`: as it is of one who came just for that."""
    watcher.join("lobby")
    passer = two.chatter(server, "visitor", "lobby")
    wait_for(lambda: comings(watcher, "visitor") == ["connected"])
    leave()
    passer.close()
    wait_for(lambda: comings(watcher, "visitor") == ["connected", "disconnected"])


def online(chatter, room="board"):
    return chatter.join(room)["online"]


def test_who_comes_and_goes_in_one_process_is_seen_in_the_other(two):
    watcher = two.chatter(two.other, "owner", "board")
    here = two.chatter(two.one, "member")
    watcher.wait("user-connected")
    assert names(watcher, "user-connected") == ["member"]
    assert online(watcher) == ["member", "owner"]
    here.close()
    watcher.wait("user-disconnected")
    assert names(watcher, "user-disconnected") == ["member"]
    assert online(watcher) == ["owner"]


def test_who_is_in_both_goes_with_the_last(two):
    watcher = two.chatter(two.other, "owner", "board")
    here, there = two.chatter(two.one, "member"), two.chatter(two.other, "member")
    wait_for(lambda: comings(watcher, "member") == ["connected"])
    await_grace(two, watcher, two.other, there.close)
    assert comings(watcher, "member") == ["connected"]
    assert online(watcher) == ["member", "owner"]
    here.close()
    wait_for(lambda: comings(watcher, "member") == ["connected", "disconnected"])


def test_a_move_to_another_process_is_not_seen(two):
    watcher = two.chatter(two.other, "owner", "board")
    here = two.chatter(two.one, "member")
    wait_for(lambda: comings(watcher, "member") == ["connected"])

    times = []

    def move():
        times.append(time.monotonic())
        here.close()
        two.chatter(two.other, "member")
        times.append(time.monotonic())

    await_grace(two, watcher, two.one, move)
    assert comings(watcher, "member") == ["connected"] or times[1] - times[0] >= GRACE_SECONDS


def test_the_people_of_a_killed_process_go_within_20_seconds_and_once(two, pace, tmp_path):
    watchers = [two.chatter(server, "owner", "board") for server in (two.one, two.other)]
    wait_for(lambda: all(online(watcher) == ["owner"] for watcher in watchers))

    def are(*told):
        """What they were told last; of one who went before as well, perhaps."""
        return all(tuple(comings(watcher, "member")[-len(told) :]) == told for watcher in watchers)

    with serve(tmp_path, CLUSTER, **two.settings) as third:
        people = [Chatter(third, two.tokens[name]) for name in ("member", "owner")]
        wait_for(lambda: are("connected"))
        assert all(online(watcher) == ["member", "owner"] for watcher in watchers)
        # Or gunicorn would start another worker, to which they would come back.
        third.process.send_signal(signal.SIGSTOP)
        os.kill(third.worker, signal.SIGKILL)
        took = wait_for(lambda: are("connected", "disconnected"), 60)
        assert took < pace.allowed(20), pace
        time.sleep(3)
        assert are("connected", "disconnected")
        assert [online(watcher) for watcher in watchers] == [["owner"], ["owner"]]
        # Or, before it ends, it would start another worker yet.
        third.process.kill()
        assert len(people) == 2


def steer(two, server, name, **choice):
    answer = rest(server, two.tokens[name], "PATCH", "/user/me", **choice)
    assert answer.status_code == 200, answer.text


def test_who_is_invisible_in_one_process_is_so_in_all_and_in_those_that_start(two, tmp_path):
    watchers = [two.chatter(server, "owner", "board") for server in (two.one, two.other)]
    mine = two.chatter(two.one, "member", "board")
    wait_for(lambda: all(online(watcher) == ["member", "owner"] for watcher in watchers))
    steer(two, two.other, "member", availability="invisible")
    try:
        assert mine.wait("user-updated", username="member")["availability"] == "invisible"
        wait_for(lambda: all(comings(watcher, "member")[-1:] == ["disconnected"] for watcher in watchers))
        told = [comings(watcher, "member") for watcher in watchers]
        assert mine.call("typing", {"room": "board", "typing": True})["ok"] is True
        with serve(tmp_path, CLUSTER, **two.settings) as third:
            late, again = Chatter(third, two.tokens["owner"]), Chatter(third, two.tokens["member"])
            for watcher in (*watchers, late):
                ack = watcher.join("board")
                assert (ack["online"], ack["room"]["online"], ack["typing"]) == (["owner"], 1, [])
            assert again.join("board")["online"] == ["member", "owner"]
            again.close()
            late.close()
        assert [comings(watcher, "member") for watcher in watchers] == told, "who came back unseen is unheard"
        for watcher in watchers:
            assert watcher.all("typing") == []
            assert watcher.all("user-updated") == []
    finally:
        steer(two, two.one, "member", availability="automatic")
    wait_for(lambda: all(comings(watcher, "member")[-1] == "connected" for watcher in watchers))


def test_somebody_is_away_when_their_pages_of_all_processes_are_idle(two):
    watcher = two.chatter(two.one, "owner", "board")
    pages = [two.chatter(server, "member") for server in (two.one, two.other)]
    wait_for(lambda: online(watcher) == ["member", "owner"])

    def told():
        return [data["availability"] for data in watcher.all("user-updated") if data["username"] == "member"]

    assert pages[0].call("activity", {"active": False})["ok"] is True
    watcher.round_trip()
    assert "away" not in told()
    assert pages[1].call("activity", {"active": False})["ok"] is True
    wait_for(lambda: told()[-1:] == ["away"])
    assert pages[1].call("activity", {"active": True})["ok"] is True
    wait_for(lambda: told()[-2:] == ["away", "automatic"])
    assert pages[1].call("activity", {"active": False})["error"]["code"] == "rate_limited"
