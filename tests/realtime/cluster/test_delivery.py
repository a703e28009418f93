"""What happens in one process is heard in the other, by those it is for, and by nobody twice."""

import threading
import time
import uuid
from contextlib import ExitStack

import pytest
import socketio

from chatsite.realtime.scheduling.flush_scheduler import SMALL_CROWD
from tests.support.clients.cast import Browser, Chatter, rest
from tests.support.clients.raw_clients import RawSocket
from tests.support.run.waiting import wait_for

pytestmark = pytest.mark.realtime


def settled(two, *chatters):
    """What was on its way to them has arrived, as what was said behind it has, in each process."""
    for chatter in chatters:
        chatter.join("lobby")
    for server in (two.one, two.other):
        mark = str(uuid.uuid4())
        two.chatter(server, "owner").say("lobby", mark)
        for chatter in chatters:
            chatter.wait("chat-message", body=mark)


def heard(chatter, room="board"):
    return [message for message in chatter.all("chat-message") if message["room"] == room]


def test_a_message_is_heard_in_both_once_and_in_order(two):
    here, there = two.chatter(two.one, "owner", "board"), two.chatter(two.other, "member", "board")
    senders = [here, there] * 10
    sent = [sender.say("board", f"number {n}")["message"]["seq"] for n, sender in enumerate(senders)]
    here.wait("chat-message", seq=sent[-1]), there.wait("chat-message", seq=sent[-1])
    last = here.wait("chat-message", seq=sent[-1])["id"]
    for chatter, other, emoji in ((here, there, "👍"), (there, here, "👍")):
        mine = chatter.call("react", {"id": last, "emoji": emoji})["reactions"]
        assert other.wait("reaction-added", count=mine[0]["count"])["message"] == last
    assert mine == [{"emoji": "👍", "count": 2, "users": ["owner", "member"]}]
    settled(two, here, there)
    for chatter in (here, there):
        assert [message["seq"] for message in heard(chatter)] == sent
        assert [told["count"] for told in chatter.all("reaction-added")] == [1, 2]


def say_at_once(people):
    """Let each of them say fifty messages, all at the same time."""
    threads = [
        threading.Thread(target=lambda one=one: [one.say("board", f"number {n}") for n in range(50)])
        for one in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_who_send_in_both_are_heard_in_one_order_without_a_hole(two):
    people = [
        two.chatter(server, name, "board") for server in (two.one, two.other) for name in ("owner", "member")
    ]
    begin = people[0].join("board")["head"]
    say_at_once(people)
    for one in people:
        one.wait("chat-message", seq=begin + 200)
    settled(two, *people)
    for one in people:
        seqs = [message["seq"] for message in heard(one)]
        assert seqs == list(range(begin + 1, begin + 201))


def test_a_crowd_in_both_hears_what_both_store_in_one_order_without_a_hole(two):
    """Each process announces its batches to the other, and a crowd is flushed once for both."""
    with ExitStack() as stack:
        crowd = [
            stack.enter_context(RawSocket(server)).connect(two.tokens["member"])
            for server in (two.one, two.other)
            for _ in range(SMALL_CROWD + 1)
        ]
        begin = [one.call("join", {"room": "board"})["head"] for one in crowd][-1]
        people = [two.chatter(server, "owner") for server in (two.one, two.other)]
        say_at_once(people)
        for one in crowd:
            seqs: list[int] = []
            while len(seqs) < 100:
                name, data = one.event()
                if name == "chat-message" and data["seq"] > begin:
                    seqs.append(data["seq"])
            assert seqs == list(range(begin + 1, begin + 101))


def test_who_has_not_joined_hears_nothing_and_the_process_receives_nothing(two):
    here = two.chatter(two.one, "owner", "board")
    stranger = two.chatter(two.other, "stranger", "lobby")
    wait_for(lambda: "r:lobby" in stranger.call("inside", {})["channels"])
    # Whoever was in the board in an earlier test has left by now, or soon.
    wait_for(lambda: "r:board" not in stranger.call("inside", {})["channels"])
    before = stranger.call("inside", {})
    for _ in range(20):
        here.say("board", "x" * 1000)
    settled(two, stranger)
    after = stranger.call("inside", {})
    assert heard(stranger) == []
    # Not more than what was said behind it.
    assert after["events"] < before["events"] + 1000
    assert after["foreign"] == before["foreign"]


def test_what_was_not_heard_arrives_by_itself_in_its_order(two):
    here, there = two.chatter(two.one, "owner", "board"), two.chatter(two.other, "member", "board")
    sent = [here.say("board", "heard")["message"]["seq"]]
    there.wait("chat-message", seq=sent[0])
    two.redis.client.client_kill_filter(_type="pubsub")
    sent += [here.say("board", f"number {n}")["message"]["seq"] for n in range(20)]
    there.wait("chat-message", seq=sent[-1])
    settled(two, there)
    assert [message["seq"] for message in heard(there)] == sent


def test_edits_deletions_and_comings_are_heard(two):
    here, there = two.chatter(two.one, "owner", "lobby"), two.chatter(two.other, "member", "lobby")
    message = here.say("lobby", "first")["message"]
    here.call("edit-message", {"id": message["id"], "body": "second"})
    assert there.wait("message-edited", id=message["id"])["body"] == "second"
    here.call("delete-message", {"id": message["id"]})
    assert there.wait("message-deleted", id=message["id"])["body"] == ""
    two.chatter(two.one, "visitor", "lobby")
    assert there.wait("member-joined")["user"]["username"] == "visitor"


def test_typing_is_heard_told_to_who_joins_and_ended_by_the_message(two):
    here, there = two.chatter(two.one, "owner", "board"), two.chatter(two.other, "member", "board")
    own_tab = two.chatter(two.other, "owner", "board")
    here.call("typing", {"room": "board", "typing": True})
    assert there.wait("typing", typing=True)["user"]["username"] == "owner"
    assert two.chatter(two.other, "member").join("board")["typing"] == ["owner"]
    own_tab.say("board", "from the other process")
    there.wait("typing", typing=False)
    here.wait("chat-message", body="from the other process")
    # The end of typing isn't told in one order with messages.
    joiner = two.chatter(two.one, "member")
    wait_for(lambda: joiner.join("board")["typing"] == [])
    settled(two, own_tab)
    assert own_tab.all("typing") == []


def test_activity_reaches_members_elsewhere(two):
    here, there = two.chatter(two.one, "owner", "board"), two.chatter(two.other, "member")
    head = here.say("board", "psst")["message"]["seq"]
    assert there.wait("room-activity", room="board", head=head)["unread"] > 0
    tab = two.chatter(two.one, "member")
    tab.call("read", {"room": "board", "seq": head})
    assert there.wait("room-activity", room="board", unread=0)


def test_a_removal_ends_delivery_in_the_other_process_at_once(two):
    here = two.chatter(two.one, "owner", "board")
    rest(two.one, two.tokens["owner"], "POST", "/room/board/member", username="visitor")
    there = two.chatter(two.other, "visitor", "board")
    here.say("board", "all of you")
    there.wait("chat-message", body="all of you")
    gone = rest(two.one, two.tokens["owner"], "DELETE", "/room/board/member/visitor")
    assert gone.status_code == 204
    here.say("board", "without the visitor")
    settled(two, there)
    assert [message["body"] for message in heard(there)] == ["all of you"]


def test_a_logout_ends_the_sockets_of_that_session_in_the_other_process(two, pace):
    page, elsewhere = Browser(two.one, "visitor"), Browser(two.one, "visitor")
    there = Chatter(two.other, cookies=page.cookie_header)
    stays = Chatter(two.other, cookies=elsewhere.cookie_header)
    two.opened += [there, stays]
    began = time.monotonic()
    page.form("/logout")
    assert there.wait("session-ended") == {"code": "logged_out"}
    # By the next look at who may stay it would come anyhow.
    assert time.monotonic() - began < pace.allowed(2), pace
    settled(two, stays)
    assert stays.all("session-ended") == []


def test_whoever_logs_out_everywhere_else_comes_back_in_the_other_process(two):
    page, elsewhere = Browser(two.one, "boss"), Browser(two.one, "boss")
    before = page.cookie_header
    tab, gone = (Chatter(two.other, cookies=one.cookie_header) for one in (page, elsewhere))
    two.opened += [tab, gone]
    page.form("/profile/others-out")
    assert tab.wait("session-ended") == {"code": "renewed"}
    assert gone.wait("session-ended") == {"code": "logged_out"}
    for chatter in (tab, gone):
        chatter.wait("disconnect")
    # The key that somebody else may have is good for nothing, and the new one is.
    with pytest.raises(socketio.exceptions.ConnectionError):
        Chatter(two.other, cookies=before)
    assert before != page.cookie_header
    again = Chatter(two.other, cookies=page.cookie_header)
    two.opened.append(again)
    assert again.join("lobby")["ok"]


def test_a_ban_ends_all_sockets_in_the_other_process(two):
    there, stays = two.chatter(two.other, "visitor"), two.chatter(two.other, "member")
    banned = rest(two.one, two.tokens["owner"], "GET", "/user/me")
    assert banned.status_code == 200
    script = (
        "from accounts.models import User; from accounts import services;"
        "services.ban(User.objects.get(username='visitor'))"
    )
    two.one.manage("shell", "-v0", "-c", script)
    there.wait("session-ended")
    settled(two, stays)
    assert stays.all("session-ended") == []


def test_what_somebody_else_writes_into_redis_is_not_believed(two):
    there = two.chatter(two.other, "member", "board")
    wait_for(lambda: "r:board" in there.call("inside", {})["channels"])
    before = there.call("inside", {})["refused"]
    (prefix,) = {name.split(b":r:")[0] for name in two.redis.client.pubsub_channels("*:r:board")}
    forged = b"1" * 16 + b"1Laaaaaaaa" + bytes(16) + b'42["chat-message",{"room":"board","seq":0}]'
    for data in (b"", b"x", forged, b"\x80\x04N."):
        two.redis.client.publish(prefix + b":r:board", data)
        two.redis.client.publish(prefix + b":all", data)
    wait_for(lambda: there.call("inside", {})["refused"] >= before + 8)
    settled(two, there)
    assert heard(there) == []
    assert there.call("inside", {})["refused"] == before + 8


def test_what_changes_for_a_person_is_heard_in_the_other_process(two):
    owner, there = two.tokens["owner"], two.chatter(two.other, "stranger")
    assert there.call("join", {"rooms": "mine"})["ok"] is True
    other = two.chatter(two.other, "member")
    made = rest(two.one, owner, "POST", "/room", name="Both", kind="private", members=["stranger"]).json()
    slug = made["slug"]
    assert there.wait("room-added", slug=slug)["role"] == "member"
    here = two.chatter(two.one, "owner", slug)
    said = here.say(slug, "later")["message"]
    assert there.wait("chat-message", room=slug)["seq"] == said["seq"]
    rest(two.one, owner, "PATCH", f"/room/{slug}/member/stranger", role="moderator", muted=True)
    assert there.wait("member-updated", room=slug)["role"] == "moderator"
    assert there.wait("membership-updated", room=slug)["muted"] is True
    owners = two.chatter(two.other, "owner")
    two.chatter(two.one, "stranger").call("read", {"room": slug, "seq": said["seq"]})
    assert there.wait("membership-updated", room=slug, read_seq=said["seq"])["unread"] == 0
    assert owners.wait("receipt", room=slug, read_seq=said["seq"])["user"]["username"] == "stranger"
    rest(two.one, owner, "PATCH", "/user/me", display_name="Olga")
    assert there.wait("user-updated", username="owner")["display_name"] == "Olga"
    rest(two.one, owner, "DELETE", f"/room/{slug}/member/stranger")
    there.wait("room-removed", room=slug)
    here.say(slug, "without them")
    settled(two, there, other)
    assert [message["seq"] for message in heard(there, slug)] == [said["seq"]]
    assert [data for _, data in other.seen if slug in (data.get("room"), data.get("slug"))] == []
    rest(two.one, owner, "PATCH", "/user/me", display_name="")
