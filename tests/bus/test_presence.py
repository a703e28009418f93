"""One truth a person, over all processes."""

import os
import signal
import time

import pytest

from tests.bus.conftest import SITE, wait_for
from tests.realtime.cast import Chatter
from tests.realtime.harness import serve

pytestmark = [pytest.mark.realtime, pytest.mark.serial]


def names(chatter, event):
    return [data["user"]["username"] for data in chatter.all(event)]


def online(chatter, room="board"):
    return chatter.join(room)["online"]


def test_who_comes_and_goes_in_one_process_is_seen_in_the_other(two):
    watcher = two.chatter(two.other, "owner", "board")
    here = two.chatter(two.one, "member")
    watcher.wait("user-connected", timeout=3)
    assert names(watcher, "user-connected") == ["member"]
    assert online(watcher) == ["member", "owner"]
    here.close()
    watcher.wait("user-disconnected", timeout=6)
    assert names(watcher, "user-disconnected") == ["member"]
    assert online(watcher) == ["owner"]


def test_who_is_in_both_goes_with_the_last(two):
    watcher = two.chatter(two.other, "owner", "board")
    here, there = two.chatter(two.one, "member"), two.chatter(two.other, "member")
    wait_for(lambda: names(watcher, "user-connected") == ["member"])
    there.close()
    time.sleep(4)
    assert names(watcher, "user-disconnected") == []
    assert online(watcher) == ["member", "owner"]
    here.close()
    wait_for(lambda: names(watcher, "user-disconnected") == ["member"], 6)
    assert names(watcher, "user-connected") == ["member"]


def test_a_move_to_another_process_is_not_seen(two):
    watcher = two.chatter(two.other, "owner", "board")
    here = two.chatter(two.one, "member")
    wait_for(lambda: names(watcher, "user-connected") == ["member"])
    here.close()
    two.chatter(two.other, "member")
    time.sleep(4)
    assert names(watcher, "user-connected") == ["member"]
    assert names(watcher, "user-disconnected") == []


def test_the_people_of_a_killed_process_go_within_20_seconds_and_once(two, tmp_path):
    watchers = [two.chatter(server, "owner", "board") for server in (two.one, two.other)]
    wait_for(lambda: all(online(watcher) == ["owner"] for watcher in watchers), 10)
    # What is told of those who went just now comes a moment after.
    time.sleep(0.5)
    before = [len(watcher.all("user-disconnected")) for watcher in watchers]

    def gone():
        return [names(watcher, "user-disconnected")[n:] for watcher, n in zip(watchers, before, strict=True)]

    with serve(tmp_path, SITE, **two.settings) as third:
        people = [Chatter(third, two.tokens[name]) for name in ("member", "owner")]
        wait_for(lambda: all(online(watcher) == ["member", "owner"] for watcher in watchers))
        # Or gunicorn would start another worker, to which they would come back.
        third.process.send_signal(signal.SIGSTOP)
        os.kill(third.worker, signal.SIGKILL)
        wait_for(lambda: gone() == [["member"], ["member"]], 20)
        time.sleep(3)
        assert gone() == [["member"], ["member"]]
        assert [online(watcher) for watcher in watchers] == [["owner"], ["owner"]]
        third.process.send_signal(signal.SIGCONT)
        assert len(people) == 2
