"""What clients rely on: docs/protocol.md, event by event, against the real server with real clients."""

import time
import uuid

import pytest
import socketio

from accounts.presence.presence import GRACE_SECONDS
from tests.support.clients.cast import PASSWORD, Browser, Chatter, rest, settle
from tests.support.servers.harness import ANSWER, serve

pytestmark = pytest.mark.realtime
# Seconds after which typing ends by itself.
TYPING = 6
ROOM_KEYS = {
    "slug", "name", "topic", "kind", "archived", "role", "members", "online", "epoch", "head", "read_seq", "read_version",
    "unread", "mentions", "created_at", "avatar",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("contract")) as server:
        server.tokens = settle(server)
        yield server


@pytest.fixture
def connect(server):
    """`connect("member")` is a new connection of that person."""
    opened = []

    def connect(username, **options):
        opened.append(Chatter(server, server.tokens[username], **options))
        return opened[-1]

    yield connect
    for chatter in opened:
        chatter.close()


@pytest.fixture
def room(server):
    """A fresh private room of the owner and the member."""
    made = rest(
        server, server.tokens["owner"], "POST", "/room", name="Fresh", kind="private", members=["member"]
    )
    return made.json()["slug"]


def error(ack):
    assert ack["ok"] is False
    return ack["error"]["code"]


@pytest.mark.parametrize("transport", ["websocket", "polling", "upgrade"])
def test_what_one_says_the_other_hears_at_once_and_nobody_else(connect, room, transport):
    owner, member, stranger = (connect(name, transport=transport) for name in ("owner", "member", "stranger"))
    for chatter in (owner, member):
        assert chatter.join(room)["ok"] is True
    sent = owner.say(room, "**hi**")
    assert (sent["ok"], sent["message"]["html"]) == (True, "<p><strong>hi</strong></p>")
    for chatter in (owner, member):
        assert chatter.wait("chat-message") == sent["message"]
    stranger.round_trip()
    assert {name for name, _ in stranger.seen} <= {
        "hello",
        "user-connected",
        "user-disconnected",
    }


def test_join_gives_all_that_the_contract_says(connect, room):
    ack = connect("member").join(room)
    assert set(ack) == {
        "ok", "room", "epoch", "head", "events", "more", "reset", "online", "typing", "receipts",
    }  # fmt: skip
    assert set(ack["room"]) == ROOM_KEYS
    assert (ack["head"], ack["events"], ack["more"], ack["reset"]) == (2, [], False, False)
    assert "member" in ack["online"]


def test_a_public_rooms_join_makes_a_member_and_a_private_ones_does_not(server, connect, room):
    stranger, owner = connect("stranger"), connect("owner")
    made = rest(server, server.tokens["owner"], "POST", "/room", name="Open").json()["slug"]
    owner.join(made)
    assert stranger.join(made)["room"]["role"] == "member"
    assert owner.wait("member-joined", room=made)["user"]["username"] == "stranger"
    refused, missing = stranger.join(room), stranger.join("no-such-room")
    assert error(refused) == "not_found"
    assert refused == missing


def test_a_repeat_is_stored_and_delivered_once_over_any_door(server, connect, room):
    owner, member = connect("owner"), connect("member")
    member.join(room)
    client_id = str(uuid.uuid4())
    first = owner.say(room, client_id=client_id)
    assert owner.say(room, client_id=client_id) == first
    again = rest(
        server, server.tokens["owner"], "POST", "/message", room=room, body="hello", client_id=client_id
    )
    assert (again.status_code, again.json()) == (200, first["message"])
    assert error(owner.say(room, "other", client_id=client_id)) == "conflict"
    member.round_trip()
    assert len(member.all("chat-message")) == 1


def test_reactions_follow_the_log_and_only_who_joined_hears_them(connect, room):
    owner, member, elsewhere, stranger = (connect(name) for name in ("owner", "member", "member", "stranger"))
    for chatter in (owner, member):
        chatter.join(room)
    message = owner.say(room)["message"]
    assert message["reactions"] == []
    elsewhere.wait("room-activity", room=room)
    there = {"id": message["id"], "emoji": "❤"}
    assert error(stranger.call("react", there)) == "not_found"
    assert error(member.call("react", {**there, "emoji": "x"})) == "invalid"
    for _ in range(2):
        acked = member.call("react", there)
        assert acked == {"ok": True, "reactions": [{"emoji": "❤️", "count": 1, "users": ["member"]}]}
    for _ in range(2):
        assert member.call("unreact", there) == {"ok": True, "reactions": []}
    removed = owner.wait("reaction-removed")
    [added] = owner.all("reaction-added")
    assert (added["message"], added["emoji"], added["user"]["username"]) == (message["id"], "❤️", "member")
    assert [added["seq"], removed["seq"]] == [message["seq"] + 1, message["seq"] + 2]
    assert [added["count"], removed["count"]] == [1, 0]
    assert set(added) == set(removed) == {"room", "seq", "message", "emoji", "user", "at", "count"}
    synced = owner.call("sync", {"room": room, "after": message["seq"]})["events"]
    # What is gone since isn't told again, but by the event that took it.
    assert [(each["event"], each["data"]) for each in synced] == [
        ("reaction-added", {**added, "emoji": None, "user": None, "count": 0}),
        ("reaction-removed", removed),
    ]
    for chatter in (elsewhere, stranger):
        chatter.round_trip()
        assert not [name for name, data in chatter.seen if name.startswith("reaction-")]
    # Nothing is unread by it: the message alone was told.
    heads = {told["head"] for told in elsewhere.all("room-activity") if told["room"] == room}
    assert heads == {message["seq"]}


def test_a_forwarded_message_is_told_where_it_goes_and_nowhere_else(server, connect, room):
    owner, member, stranger = (connect(name) for name in ("owner", "member", "stranger"))
    members = {"name": "Elsewhere", "kind": "private", "members": ["stranger"]}
    elsewhere = rest(server, server.tokens["owner"], "POST", "/room", **members).json()["slug"]
    for chatter, place in ((owner, room), (member, room), (stranger, elsewhere)):
        chatter.join(place)
    origin = owner.say(room, "@stranger **hi**")["message"]
    passed = {"room": elsewhere, "body": "", "client_id": str(uuid.uuid4()), "forward": origin["id"]}
    acks = [owner.call("chat-message", passed) for _ in range(2)]
    assert acks[0] == acks[1]
    told = stranger.wait("chat-message")
    assert told == acks[0]["message"]
    assert told["forwarded"] == {
        "id": None,
        "room": None,
        **{key: origin[key] for key in ("sender", "body", "html", "created_at")},
    }
    assert error(member.call("chat-message", passed)) == "not_found"
    back = {**passed, "room": room, "client_id": str(uuid.uuid4()), "forward": told["id"]}
    assert error(member.call("chat-message", back)) == "invalid"
    assert error(owner.call("chat-message", {**back, "forward": None})) == "invalid"
    member.round_trip()
    stranger.round_trip()
    assert [each["id"] for each in member.all("chat-message")] == [origin["id"]]
    assert [each["id"] for each in stranger.all("chat-message")] == [told["id"]]


def test_previews_are_removed_by_the_sender_and_moderators_alone(connect, room):
    """What they remove is in tests/previews: this site fetches nothing."""
    owner, member, stranger = (connect(name) for name in ("owner", "member", "stranger"))
    there = {"id": owner.say(room, "https://example.org/")["message"]["id"], "preview": 1}
    assert error(stranger.call("remove-preview", there)) == "not_found"
    assert error(member.call("remove-preview", there)) == "forbidden"
    assert error(owner.call("remove-preview", there)) == "not_found"
    assert error(owner.call("remove-preview", {**there, "preview": "1"})) == "invalid"


def test_edits_and_deletions_follow_the_log(connect, room):
    owner, member = connect("owner"), connect("member")
    member.join(room)
    message = owner.say(room, "one")["message"]
    edited = owner.call("edit-message", {"id": message["id"], "body": "two"})["message"]
    assert (edited["body"], edited["seq"]) == ("two", message["seq"])
    assert error(member.call("edit-message", {"id": message["id"], "body": "x"})) == "forbidden"
    deleted = owner.call("delete-message", {"id": message["id"]})["message"]
    assert (deleted["deleted"], deleted["body"], deleted["html"]) == (True, "", "")
    member.wait("message-deleted")
    durable = [(name, data["id"], data["seq"]) for name, data in member.seen if "seq" in data]
    names = ["chat-message", "message-edited", "message-deleted"]
    assert durable == [(name, message["id"], message["seq"] + step) for step, name in enumerate(names)]


def test_who_was_away_gets_everything_in_order_and_no_deleted_text(connect, room):
    owner, member = connect("owner"), connect("member")
    before = member.join(room)
    member.close()
    messages = [owner.say(room, f"m{number}")["message"] for number in range(7)]
    owner.call("edit-message", {"id": messages[0]["id"], "body": "changed"})
    owner.call("delete-message", {"id": messages[1]["id"]})
    back = connect("member")
    ack = back.join(room, after=before["head"], epoch=before["epoch"])
    assert [event["data"]["seq"] for event in ack["events"]] == list(
        range(before["head"] + 1, ack["head"] + 1)
    )
    assert "m1" not in str(ack["events"])
    assert ack["events"][1]["data"]["deleted"] is True
    assert ack["events"][0]["event"] == "chat-message"
    assert (ack["events"][0]["data"]["body"], ack["events"][7]["data"]["body"]) == ("changed", "changed")
    assert ack["events"][0]["data"]["edited_at"]
    paged, after, more = [], before["head"], True
    while more:
        page = back.call("sync", {"room": room, "after": after, "limit": 2})
        assert set(page) == {"ok", "epoch", "head", "events", "more", "reset"}
        paged += page["events"]
        after, more = paged[-1]["data"]["seq"], page["more"]
    assert paged == ack["events"]


def test_a_quote_is_a_copy_that_no_event_renews(connect, room):
    owner, member = connect("owner"), connect("member")
    before = member.join(room)["head"]
    quoted = owner.say(room, "at six")["message"]
    owner.say(room, "fine", reply_to=quoted["id"])
    owner.call("edit-message", {"id": quoted["id"], "body": "at seven"})
    assert member.wait("chat-message", body="fine")["reply_to"]["body"] == "at six"
    member.wait("message-edited", id=quoted["id"])
    page = member.call("sync", {"room": room, "after": before})["events"]
    assert [each["event"] for each in page] == ["chat-message", "chat-message", "message-edited"]
    assert page[1]["data"]["reply_to"]["body"] == "at seven"


def test_another_logs_place_is_reset(connect, room):
    member = connect("member")
    for place in ({"after": 99}, {"after": 0, "epoch": "of-another-life"}):
        for answer in (member.join(room, **place), member.call("sync", {"room": room, **place})):
            assert (answer["ok"], answer["reset"], answer["events"], answer["more"]) == (
                True,
                True,
                [],
                False,
            )


def test_a_long_catch_up_comes_in_pages_that_fit_an_outbox(connect, room):
    owner, member = connect("owner"), connect("member")
    body = "ü" * 10_000
    for _ in range(12):
        owner.say(room, body)
    page = member.call("sync", {"room": room, "after": 2})
    assert page["more"] is True
    assert 0 < len(page["events"]) < 12


def test_typing_reaches_the_others_and_ends_with_the_message(connect, room):
    typist, own_tab, owner = connect("member"), connect("member"), connect("owner")
    for chatter in (typist, own_tab, owner):
        chatter.join(room)
    assert typist.call("typing", {"room": room, "typing": True}) == {"ok": True}
    owner.wait("typing", typing=True)
    assert connect("owner").join(room)["typing"] == ["member"]
    typist.say(room)
    owner.wait("typing", typing=False)
    own_tab.wait("chat-message")
    assert own_tab.all("typing") == typist.all("typing") == []


def test_typing_ends_with_the_last_connection(connect, room):
    owner, typist, own_tab = connect("owner"), connect("member"), connect("member")
    owner.join(room), typist.join(room)
    began = time.monotonic()
    typist.call("typing", {"room": room, "typing": True})
    own_tab.close()
    owner.wait("typing", typing=True)
    typing = owner.join(room)["typing"]
    assert typing == ["member"] or time.monotonic() - began >= TYPING
    typist.close()
    # That is told after the grace. By itself typing would end later still.
    of_person(owner, "member", "user-disconnected")
    owner.wait("typing", typing=False, timeout=0)


def test_typing_ends_by_itself(connect, room):
    typist, owner = connect("member"), connect("owner")
    owner.join(room)
    typist.call("typing", {"room": room, "typing": True})
    assert owner.wait("typing", typing=False)["user"]["username"] == "member"


def test_reading_counts_and_never_goes_back(connect, room):
    owner, member = connect("owner"), connect("member")
    seqs = [owner.say(room, body)["message"]["seq"] for body in ("one", "@member two", "three")]
    assert member.wait("room-activity", room=room, unread=3)["mentions"] == 1
    told = member.call("read", {"room": room, "seq": seqs[1]})
    assert told == {"ok": True, "unread": 1, "mentions": 0, "read_seq": seqs[1], "read_version": 0}
    assert member.call("read", {"room": room, "seq": 1})["unread"] == 1
    assert member.call("read", {"room": room, "seq": 10**6})["unread"] == 0
    # That was the head, and not what comes after it.
    owner.say(room, "four")
    assert member.call("read", {"room": room, "seq": 1})["unread"] == 1


def test_marking_unread_moves_all_tabs_back_and_is_told_to_nobody_else(connect, room):
    owner, tabs = connect("owner"), [connect("member") for _ in range(2)]
    owner.join(room)
    tabs[0].join(room)
    seqs = [owner.say(room, body)["message"]["seq"] for body in ("one", "@member two", "three")]
    tabs[0].call("read", {"room": room, "seq": seqs[2]})
    assert owner.wait("receipt", room=room)["read_seq"] == seqs[2]
    back = {"room": room, "seq": seqs[1] - 1, "back": True, "version": 0}
    told = tabs[0].call("read", back)
    assert told == {"ok": True, "unread": 2, "mentions": 1, "read_seq": seqs[1] - 1, "read_version": 1}
    for tab in tabs:
        heard = tab.wait("membership-updated", room=room, read_version=1)
        assert (heard["read_seq"], heard["unread"], heard["mentions"]) == (seqs[1] - 1, 2, 1)
    # What the other tab had read before it heard of that.
    assert tabs[1].call("read", {"room": room, "seq": seqs[2], "version": 0})["unread"] == 2
    assert connect("member").join(room)["room"]["read_version"] == 1
    assert connect("owner").join(room)["receipts"] == [
        {"user": owner.all("receipt")[0]["user"], "read_seq": seqs[2]}
    ]
    owner.round_trip()
    assert owner.all("membership-updated") == []
    assert {data["read_seq"] for data in owner.all("receipt")} == {seqs[2]}


def test_activity_goes_to_connections_that_have_not_joined(connect, room):
    owner, member, joined, stranger = (
        connect("owner"),
        connect("member"),
        connect("member"),
        connect("stranger"),
    )
    joined.join(room)
    head = owner.say(room)["message"]["seq"]
    activity = member.wait("room-activity", room=room)
    assert activity == {"room": room, "head": head, "unread": 1, "mentions": 0}
    assert owner.wait("room-activity", room=room)["unread"] == 0, "of one's own, too"
    for chatter in (joined, stranger):
        chatter.round_trip()
        assert room not in {activity["room"] for activity in chatter.all("room-activity")}


def of_person(chatter, username, event="user-connected"):
    """Wait for that person's event; comings are told a moment later."""
    deadline = time.monotonic() + ANSWER
    while time.monotonic() < deadline:
        for data in chatter.all(event):
            if data["user"]["username"] == username:
                return data
        time.sleep(0.02)
    raise AssertionError(f"no {event} of {username}")


def test_presence_is_per_person_and_does_not_flicker(connect):
    owner = connect("owner")
    tabs = [connect("visitor") for _ in range(3)]
    came = of_person(owner, "visitor")
    tabs[0].close()
    tabs[1].close()
    away = []
    for _ in range(5):
        began = time.monotonic()
        tabs[2].close()
        tabs[2] = connect("visitor")
        away.append(time.monotonic() - began)
    # Longer than comings and goings are gathered, shorter than the grace.
    time.sleep(1)
    owner.round_trip()
    gone = "visitor" in [data["user"]["username"] for data in owner.all("user-disconnected")]
    assert not gone or max(away) >= GRACE_SECONDS
    assert [u["user"]["username"] for u in owner.all("user-connected")].count("visitor") == 1
    tabs[2].close()
    gone = owner.wait("user-disconnected", user=came["user"])
    assert set(gone) == {"user", "at", "last_seen"}


def test_heads_come_to_the_joined(connect, room):
    member = connect("member")
    head = member.join(room)["head"]
    assert member.wait("heads", timeout=20 + ANSWER) == {room: head}


def test_removal_ends_delivery_at_once(server, connect, room):
    owner, member = connect("owner"), connect("member")
    member.join(room)
    assert rest(server, server.tokens["owner"], "DELETE", f"/room/{room}/member/member").status_code == 204
    owner.say(room, "secret")
    for refused in (member.say(room), member.join(room), member.call("sync", {"room": room, "after": 0})):
        assert error(refused) == "not_found"
    assert [name for name, data in member.seen if data.get("room") == room] == [
        "member-left",
        "room-removed",
    ]


def test_a_room_ban_ends_delivery_at_once(server, connect):
    slug = rest(server, server.tokens["owner"], "POST", "/room", name="Ban").json()["slug"]
    owner, stranger = connect("owner"), connect("stranger")
    stranger.join(slug)
    rest(server, server.tokens["owner"], "POST", f"/room/{slug}/ban", username="stranger")
    owner.say(slug, "secret")
    assert error(stranger.join(slug)) == "banned"
    assert stranger.all("chat-message") == []


def test_no_session_outlives_its_end(server, connect, room):
    owner = connect("owner")
    page, other_page = Browser(server, "member"), Browser(server, "member")
    cookies = page.cookie_header
    first, second = (Chatter(server, cookies=browser.cookie_header) for browser in (page, other_page))
    for chatter in (first, second):
        assert chatter.join(room)["ok"] is True
    page.form("/logout")
    assert first.wait("session-ended") == {"code": "logged_out"}
    owner.say(room)
    second.wait("chat-message")
    assert first.all("chat-message") == []
    with pytest.raises(socketio.exceptions.ConnectionError):
        Chatter(server, cookies=cookies)
    second.close()


def test_a_new_password_ends_every_connection(server, connect, room):
    owner, page = connect("owner"), Browser(server, "visitor")
    by_cookie, by_token = Chatter(server, cookies=page.cookie_header), connect("visitor")
    page.form("/password", current=PASSWORD, password=PASSWORD + "2")
    # The session that asked goes on, under a new key.
    assert by_cookie.wait("session-ended") == {"code": "renewed"}
    assert by_token.wait("session-ended") == {"code": "password_changed"}
    owner.say("general")
    assert by_cookie.all("room-activity") == by_token.all("room-activity") == []
    back = Chatter(server, cookies=page.cookie_header)
    assert back.join("general")["ok"] is True
    back.close()


@pytest.mark.parametrize(
    "auth", [None, {"token": "wrong"}, {"token": 5}, {"token": None}, {"token": {"a": 1}}]
)
def test_nobody_gets_in(server, auth):
    client, refusals = socketio.Client(reconnection=False, request_timeout=ANSWER), []
    client.on("connect_error", refusals.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(server.url, auth=auth, transports=["websocket"], wait_timeout=ANSWER)
    assert refusals[0]["data"] == {"code": "unauthorized"}
    assert isinstance(refusals[0]["message"], str)


@pytest.mark.parametrize("name", ["connect", "disconnect", "nonsense", "", "__class__", "x" * 200, "message"])
def test_an_unknown_event_is_answered(connect, name):
    member = connect("member")
    assert error(member.call(name, {})) == "unknown_event"
    member.round_trip()


BAD = [
    ("join", {}, "room"),
    ("join", {"room": 5}, "room"),
    ("join", {"room": None}, "room"),
    ("join", {"room": {"$ne": 1}}, "room"),
    ("join", {"room": "lobby", "after": -1}, "after"),
    ("join", {"room": "lobby", "after": "0"}, "after"),
    ("join", {"room": "lobby", "after": True}, "after"),
    ("join", {"room": "lobby", "after": 2**64}, "after"),
    ("join", {"room": "lobby", "after": 1.5}, "after"),
    ("join", {"room": "lobby", "extra": 1}, "extra"),
    ("sync", {"room": "lobby"}, "after"),
    ("sync", {"room": "lobby", "after": 0, "limit": 501}, "limit"),
    ("sync", {"room": "lobby", "after": 0, "limit": 0}, "limit"),
    ("chat-message", {"room": "lobby", "body": "x"}, "client_id"),
    ("chat-message", {"room": "lobby", "body": "x", "client_id": "1"}, "client_id"),
    ("chat-message", {"room": "lobby", "body": "", "client_id": str(uuid.uuid4())}, "body"),
    ("chat-message", {"room": "lobby", "body": "a\0", "client_id": str(uuid.uuid4())}, "body"),
    ("chat-message", {"room": "lobby", "body": ["x"], "client_id": str(uuid.uuid4())}, "body"),
    (
        "chat-message",
        {"room": "lobby", "body": "x", "client_id": str(uuid.uuid4()), "reply_to": "1"},
        "reply_to",
    ),
    ("typing", {"room": "lobby", "typing": "yes"}, "typing"),
    ("typing", {"room": "lobby", "typing": 1}, "typing"),
    ("read", {"room": "lobby", "seq": None}, "seq"),
    ("read", {"room": "lobby", "seq": 1, "back": "yes"}, "back"),
    ("read", {"room": "lobby", "seq": 1, "version": -1}, "version"),
    ("edit-message", {"id": "1", "body": "x"}, "id"),
    ("delete-message", {"id": 1, "why": "x"}, "why"),
    ("leave", {"room": ["lobby"]}, "room"),
]


@pytest.mark.parametrize(("event", "data", "field"), BAD)
def test_bad_input_names_the_field(server, connect, event, data, field):
    member = connect("member")
    before = rest(server, server.tokens["member"], "GET", "/room/lobby").json()["head"]
    ack = member.call(event, data)
    assert error(ack) == "invalid"
    assert list(ack["error"]["fields"]) == [field]
    assert rest(server, server.tokens["member"], "GET", "/room/lobby").json()["head"] == before


@pytest.mark.parametrize("arguments", [(), ({}, {}), ("x",), (5,), (None,), ([],)])
def test_an_event_takes_one_object(connect, arguments):
    member = connect("member")
    answers = []
    member.io.emit("join", arguments, callback=answers.append)
    member.round_trip()
    assert error(answers[0]) == "invalid"


def test_without_an_ack_a_failure_is_an_event(connect):
    member = connect("member")
    member.io.emit("join", {"room": "nowhere"})
    failed = member.wait("request-failed")
    assert (failed["event"], failed["error"]["code"]) == ("join", "not_found")


def test_a_body_that_is_too_long_is_too_large(connect, room):
    assert error(connect("member").say(room, "x" * 10_001)) == "too_large"


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_legal_text_is_stored_however_it_is_escaped(connect, server, room, transport):
    """Both clients escape each emoji to twelve bytes, 120 KB in all; what REST takes the socket takes."""
    text, edited = "\U0001f600" * 10_000, "\U0001f680" * 10_000
    member = connect("member", transport=transport)
    sent = member.say(room, text)["message"]
    stored = rest(server, server.tokens["owner"], "GET", f"/message/{sent['id']}").json()
    assert sent["body"] == stored["body"] == text
    assert member.call("edit-message", {"id": sent["id"], "body": edited})["message"]["body"] == edited
    posted = rest(server, server.tokens["member"], "POST", "/message", room=room, body=text)
    assert (posted.status_code, posted.json()["body"]) == (201, text)
    assert error(member.say(room, text + "!")) == "too_large"
    assert error(member.say(room, "x" * 70_000)) == "too_large"


def test_one_connections_events_are_handled_in_order(connect, room):
    owner, member = connect("owner"), connect("member")
    owner.join(room)
    for number in range(50):
        member.io.emit("chat-message", {"room": room, "body": str(number), "client_id": str(uuid.uuid4())})
    owner.wait("chat-message", body="49")
    assert [message["body"] for message in owner.all("chat-message")] == [str(number) for number in range(50)]
    seqs = [message["seq"] for message in owner.all("chat-message")]
    assert seqs == list(range(seqs[0], seqs[0] + 50))


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_the_first_word_is_hello(connect, transport):
    member = connect("member", transport=transport)
    told = member.wait("hello")
    assert member.seen[0] == ("hello", told)
    assert set(told) == {"user", "server", "protocol", "limits"}
    assert set(told["user"]) == {"username", "display_name", "avatar"}
    assert told["user"]["username"] == "member"
    assert (told["limits"]["body"], told["limits"]["packet"]) == (10_000, 65_536)
    assert (told["limits"]["file"], told["limits"]["files"]) == (100_000_000, 10)
    assert {"picture", "text", "other"} < set(told["limits"]["kinds"])


def test_marks_tell_what_else_has_changed(connect, room):
    member, owner = connect("member"), connect("owner")
    before = member.call("sync", {"rooms": "mine", "room": room})
    assert set(before["marks"]) == {"rooms", "people", "drafts", "inbox"}
    assert member.call("sync", {"rooms": "mine", "room": room}) == before
    owner.say(room)
    now = member.call("sync", {"rooms": "mine", "room": room})["marks"]
    assert now.pop("rooms") != before["marks"].pop("rooms")
    assert now == before["marks"]
    assert error(member.call("sync", {"rooms": "all"})) == "invalid"
    assert error(member.call("sync", {"rooms": "mine", "after": 0})) == "invalid"


def test_mine_are_joined_now_and_later(server, connect, room):
    member, stranger = connect("member"), connect("stranger")
    told = member.call("join", {"rooms": "mine", "after": {room: 0}})["rooms"]
    assert told[room] == {"epoch": told[room]["epoch"], "head": 2, "reset": False, "behind": 2}
    page = member.call("sync", {"room": room, "after": 0})
    assert [entry["data"]["seq"] for entry in page["events"]] == [1, 2]
    assert room not in stranger.call("join", {"rooms": "mine"})["rooms"]
    owner = connect("owner")
    owner.join(room)
    assert member.wait("chat-message", seq=owner.say(room)["message"]["seq"])["room"] == room
    rest(server, server.tokens["owner"], "POST", f"/room/{room}/member", username="stranger")
    about = stranger.wait("room-added", slug=room)
    assert stranger.wait("chat-message", seq=owner.say(room)["message"]["seq"])["seq"] > about["head"]
    assert error(member.call("join", {"rooms": "all"})) == "invalid"
    assert error(member.call("join", {"rooms": "mine", "after": {room: "1"}})) == "invalid"
    assert member.call("leave", {"room": room})["ok"] is True
