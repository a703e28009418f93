"""Notifications against the real server: the consumer of the log tells all connections of a person, and nobody else."""

import time

import pytest

from tests.support.clients.cast import Chatter, rest, settle
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import ANSWER, serve

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("notifications")) as server:
        server.tokens = settle(server)
        wait_for_consumer(server)
        yield server


def wait_for_consumer(server):
    """A consumer that is new to a database begins at the heads of the logs: what is said before isn't told."""
    member, deadline, said = server.tokens["member"], time.monotonic() + ANSWER, []
    while not (told := told_of(server, member)):
        assert time.monotonic() < deadline
        asked = rest(
            server, server.tokens["owner"], "POST", "/message", room="lobby", body="@member are you there?"
        )
        said.append(asked.json()["id"])
        time.sleep(0.5)
    if said[-1] not in told:
        wait_for(lambda: said[-1] in told_of(server, member))
    rest(server, member, "POST", "/notification/read", all=True)


def told_of(server, token):
    """Messages of which a person is told."""
    return [one["message"] for one in rest(server, token, "GET", "/notification").json()["results"]]


@pytest.fixture
def connect(server):
    opened = []

    def connect(username):
        opened.append(Chatter(server, server.tokens[username]))
        return opened[-1]

    yield connect
    for chatter in opened:
        chatter.close()


def test_each_device_hears_what_is_new_and_what_was_read_on_another(server, connect):
    owner, stranger = connect("owner"), connect("stranger")
    desk, phone = connect("member"), connect("member")
    desk.join("board")
    seq = owner.say("board", "@member look")["message"]["seq"]
    for device in (desk, phone):
        told = device.wait("notification")
        assert (told["kind"], told["room"], told["text"], told["read"], told["unread"]) == (
            "mention", "board", "@member look", False, 1,
        )  # fmt: skip
        assert told["user"]["username"] == "owner"
    assert desk.call("read", {"room": "board", "seq": seq})["ok"]
    for device in (desk, phone):
        assert device.wait("notification-read") == {"ids": [told["id"]], "unread": 0}
    listed = rest(server, server.tokens["member"], "GET", "/notification").json()["results"]
    assert (listed[0]["id"], listed[0]["read"]) == (told["id"], True)
    for other in (owner, stranger):
        other.round_trip()
        assert not {"notification", "notification-read"} & {name for name, _ in other.seen}


def test_marking_over_rest_is_told_live(server, connect):
    owner, phone = connect("owner"), connect("member")
    owner.say("board", "@member again")
    told = phone.wait("notification", text="@member again")
    answer = rest(server, server.tokens["member"], "POST", "/notification/read", ids=[told["id"]])
    assert answer.json() == {"unread": 0}
    assert phone.wait("notification-read", ids=[told["id"]])["unread"] == 0


def test_a_deleted_message_is_taken_back(connect):
    owner, phone = connect("owner"), connect("member")
    pk = owner.say("board", "@member never mind")["message"]["id"]
    told = phone.wait("notification", message=pk)
    owner.call("delete-message", {"id": pk})
    assert phone.wait("notification-read", ids=[told["id"]])["unread"] == 0


def test_a_level_is_told_to_ones_own_connections(server, connect):
    owner, phone = connect("owner"), connect("member")
    rest(server, server.tokens["member"], "PATCH", "/room/board/member/me", level="all")
    assert phone.wait("membership-updated", room="board", level="all")["muted"] is False
    rest(server, server.tokens["member"], "PATCH", "/room/board/member/me", level="default")
    assert phone.wait("membership-updated", room="board", level="mentions")
    owner.round_trip()
    assert "membership-updated" not in {name for name, _ in owner.seen}


def test_here_calls_those_who_are_there(server, connect):
    owner, phone = connect("owner"), connect("member")
    owner.say("lobby", "@here lunch")
    assert phone.wait("notification", text="@here lunch")["kind"] == "mention"
