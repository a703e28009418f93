"""Who takes a right away is answered when it has ended in every process, whether Redis passes that on or not."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

from tests.support.clients.cast import Browser, Chatter, rest
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import serve
from tests.support.sites import CLUSTER, UNLOOKING

pytestmark = [pytest.mark.realtime, pytest.mark.serial]

# Seconds after which nobody is waited for, and nothing is promised: a machine that stood still is tried again.
LONGEST, TRIES = 7.0, 3


def remove(two):
    return rest(two.one, two.tokens["owner"], "DELETE", "/room/board/member/member")


def ban(two):
    return rest(two.one, two.tokens["owner"], "POST", "/room/board/ban", username="member")


@pytest.fixture
def board(two):
    """The member is in it before each test, and after it."""

    let_in(two)
    yield
    let_in(two)


def let_in(two):
    rest(two.one, two.tokens["owner"], "DELETE", "/room/board/ban/member")
    rest(two.one, two.tokens["owner"], "POST", "/room/board/member", username="member")


def events_after(two, chatter, revoke, all_came=Chatter.round_trip):
    """What came to them in the other process of that which was said there once `revoke` was answered; and how long that
    took, in seconds."""
    sender = two.chatter(two.other, "owner", "board")
    sender.say("board", "before")
    chatter.wait("chat-message", body="before")
    began = time.monotonic()
    assert revoke().status_code < 400
    took = time.monotonic() - began
    for n in range(5):
        sender.say("board", f"after {n}")
    sender.wait("chat-message", body="after 4")
    all_came(chatter)
    return [data["body"] for data in chatter.all("chat-message") if data["body"] != "before"], took


def processes(two):
    """How many are waited for."""
    with psycopg.connect(two.settings["DATABASE_URL"]) as database:
        return database.execute("SELECT count(*) FROM accounts_process").fetchone()[0]


def seconds(revoke, two):
    let_in(two)
    began = time.monotonic()
    assert revoke(two).status_code < 400
    return time.monotonic() - began


def bans_while_others_ask(two):
    """Seconds that more of them took than requests have database connections; who asks meanwhile is answered."""
    began = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(ban, two) for _ in range(20)]
        time.sleep(1)
        assert rest(two.one, two.tokens["owner"], "GET", "/user/me").status_code == 200
        assert not any(one.done() for one in asked)
    assert {one.result().status_code for one in asked} <= {200, 201}
    return time.monotonic() - began


@pytest.mark.parametrize("revoke", [remove, ban])
def test_without_redis_nothing_comes_after_the_answer(two, board, revoke):
    member = two.chatter(two.other, "member", "board")
    two.redis.halt()
    try:
        for _ in range(TRIES):
            seen, took = events_after(two, member, lambda: revoke(two))
            if took < LONGEST:
                break
            # Nobody waits for a process that was silent until it comes back.
            wait_for(lambda: processes(two) == 2)
            let_in(two)
            member = two.chatter(two.other, "member", "board")
    finally:
        two.redis.go_on()
    assert took < LONGEST
    assert seen == []


def is_gone(chatter):
    chatter.wait("disconnect")


def test_without_redis_nothing_comes_after_a_logout(two, board):
    browser = Browser(two.one, "member")
    member = Chatter(two.other, cookies=browser.cookie_header)
    member.join("board")
    two.redis.halt()
    try:
        seen, took = events_after(two, member, lambda: browser.form("/logout"), is_gone)
    finally:
        two.redis.go_on()
    assert seen == [] or took >= LONGEST


def test_with_redis_the_others_say_so_and_who_was_killed_is_waited_for_once(two, board, tmp_path):
    member = two.chatter(two.other, "member", "board")
    with serve(tmp_path, UNLOOKING, **two.settings) as third:
        wait_for(lambda: requests.get(f"{third.url}/readyz", timeout=20).status_code == 200)
        seen, took = events_after(two, member, lambda: remove(two))
        assert seen == []
        assert took < LONGEST
        # Or gunicorn would start another worker, which would bury it.
        third.process.send_signal(signal.SIGSTOP)
        os.kill(third.worker, signal.SIGKILL)
        assert bans_while_others_ask(two) >= LONGEST
        assert seconds(ban, two) < LONGEST
        # Or, before it ends, it would start another worker yet.
        third.process.kill()


def test_who_waits_for_others_holds_no_connection(two, board, tmp_path):
    """A process has four for requests, and four wait for one that is gone without a trace."""
    with serve(tmp_path, CLUSTER, **two.settings, DATABASE_CONNECTIONS="16") as third:
        with psycopg.connect(two.settings["DATABASE_URL"]) as database:
            database.execute("INSERT INTO accounts_process VALUES ('gone', 'elsewhere', 1, 0)")
        whom = [("board", "member"), ("lobby", "member"), ("lobby", "visitor"), ("lobby", "stranger")]
        with ThreadPoolExecutor() as pool:
            bans = [
                pool.submit(rest, third, two.tokens["owner"], "POST", f"/room/{room}/ban", username=name)
                for room, name in whom
            ]
            time.sleep(1)
            assert rest(third, two.tokens["owner"], "GET", "/room").status_code == 200
            assert not any(ban.done() for ban in bans)
        assert [ban.result().status_code for ban in bans] == [201] * 4
        for room, name in whom:
            rest(third, two.tokens["owner"], "DELETE", f"/room/{room}/ban/{name}")
