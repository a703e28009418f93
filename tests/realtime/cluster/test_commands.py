"""A command that takes a right away is over when that has ended in every process."""

import subprocess
import sys

import pytest
from redis import Redis

from chatsite.realtime.cluster.command_client import CommandClient
from chatsite.realtime.cluster.envelope import WORD, Seal
from chatsite.realtime.cluster.relay import PROCESS_CHANNEL
from tests.support import ROOT
from tests.support.clients.cast import Browser, Chatter

pytestmark = [pytest.mark.realtime, pytest.mark.serial]

BAN = """
from accounts import services
from accounts.models import User
services.ban(User.objects.get(username="{}"))
"""
NEW = "another battery staple"


def manage(two, *arguments, stdin=None):
    """With no terminal, so that passwords are read from `stdin`."""
    run = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        run,
        cwd=ROOT,
        env=two.one.environ,
        input=stdin,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr


def said_after(two, readers):
    """What they heard of that, and that they are out."""
    sender = two.chatter(two.one, "owner", "lobby")
    for n in range(3):
        sender.say("lobby", f"after {n}")
    sender.wait("chat-message", body="after 2")
    for reader in readers:
        reader.wait("disconnect")
    return [data["body"] for reader in readers for data in reader.all("chat-message")]


@pytest.mark.parametrize(("name", "away"), [("visitor", False), ("stranger", True)])
def test_who_is_banned_hears_nothing_after_it(two, name, away):
    readers = [two.chatter(server, name, "lobby") for server in (two.one, two.other)]
    if away:
        two.redis.halt()
    try:
        manage(two, "shell", "-c", BAN.format(name))
        assert said_after(two, readers) == []
    finally:
        two.redis.go_on()


def test_who_got_another_password_is_out_when_it_is_over(two):
    cookies = [Browser(server, "member").cookie_header for server in (two.one, two.other)]
    readers = [Chatter(two.one, cookies=cookies[0]), Chatter(two.other, cookies=cookies[1])]
    for reader in readers:
        assert reader.join("lobby")["ok"]
    manage(two, "changepassword", "member", stdin=f"{NEW}\n{NEW}\n")
    assert said_after(two, readers) == []


def test_the_processes_are_told_at_once(two, settings):
    settings.REDIS_URL = two.redis.url
    seal = Seal(settings.SECRET_KEY)
    with Redis.from_url(two.redis.url).pubsub() as heard:
        heard.subscribe(seal.prefix + PROCESS_CHANNEL)
        assert heard.get_message(timeout=10)["type"] == "subscribe"
        others = CommandClient()
        others.notify("look", [])
        assert not others.ended
        others.notify("end", 7, "banned", None, None)
        assert others.ended
        said = [seal.open(PROCESS_CHANNEL, heard.get_message(timeout=10)["data"]) for _ in range(2)]
    assert [(word.kind, word.payload) for word in said] == [
        (WORD, b'["look",[]]'),
        (WORD, b'["end",7,"banned",null,null]'),
    ]
