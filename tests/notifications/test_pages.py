"""Pages of notifications as they work without scripts."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.reactions import services as reactions
from notifications import services
from rooms import services as rooms
from rooms.models import Membership, Room

pytestmark = pytest.mark.django_db


def browser(user):
    client = Client()
    client.force_login(user)
    return client


class TestInbox:
    def test_it_says_who_did_what_where(self, owner, member, private_room, say, consume):
        mine = say(member, private_room, "mine")
        say(owner, private_room, "@member <b>look</b>")
        reactions.react(owner, mine.pk, "🎉")
        say(owner, rooms.open_direct(owner, ["member"])[0], "hi")
        consume()
        page = browser(member).get("/inbox").text
        for words in (
            "mentioned you",
            "wrote to you",
            "reacted 🎉 to your message",
            "@member &lt;b&gt;look&lt;/b&gt;",
        ):
            assert words in page
        assert ", 3 unread" in page
        assert page.count("inbox-row unread") == 3
        assert browser(owner).get("/inbox").text.count('class="inbox-row') == 0

    def test_tabs_and_older_pages(self, owner, member, private_room, say, consume):
        for n in range(32):
            say(owner, private_room, f"{n}. @member")
        consume()
        client = browser(member)
        first = client.get("/inbox?tab=mentions").text
        assert first.count('class="inbox-row') == 30
        older = first.split('href="/inbox?tab=mentions&amp;before=')[1].split('"')[0]
        assert client.get(f"/inbox?tab=mentions&before={older}").text.count('class="inbox-row') == 2
        assert client.get("/inbox?tab=reactions").text.count('class="inbox-row') == 0
        for odd in ("/inbox?tab=x", "/inbox?before=x", f"/inbox?before={'9' * 30}"):
            assert client.get(odd).status_code == 200

    def test_forms_mark_one_and_all(self, owner, member, stranger, private_room, say, consume):
        for n in range(3):
            say(owner, private_room, f"{n}. @member")
        consume()
        pk = services.listed(member).first().pk
        browser(stranger).post("/inbox", {"id": pk})
        assert services.unread_count(member) == 3
        answer = browser(member).post("/inbox?tab=mentions", {"id": pk})
        assert (answer.status_code, answer["Location"]) == (302, "/inbox?tab=mentions")
        assert services.unread_count(member) == 2
        browser(member).post("/inbox", {"id": "x"})
        browser(member).post("/inbox", {"all": "1"})
        assert services.unread_count(member) == 0

    def test_a_page_costs_the_same_however_full(self, owner, member, private_room, say, consume):
        def queries():
            with CaptureQueriesContext(connection) as captured:
                assert client.get("/inbox").status_code == 200
            return len(captured)

        client = browser(member)
        say(owner, private_room, "@member")
        consume()
        queries()
        few = queries()
        for n in range(20):
            say(owner, private_room, f"{n}. @member")
        consume()
        assert queries() == few


class TestSettings:
    def test_words_and_level(self, member):
        client = browser(member)
        form = {"form": "words", "level": "all", "keywords": "Lathe\r\n\r\n旋盤\r\n"}
        assert client.post("/profile/notifications", form).status_code == 302
        assert services.preferences_of(member).words == ["Lathe", "旋盤"]
        member.refresh_from_db()
        assert member.notification_level == "all"
        page = client.get("/profile/notifications").text
        assert "Lathe\n旋盤</textarea>" in page
        bad = client.post("/profile/notifications", {**form, "keywords": "x" * 51})
        assert (bad.status_code, "at most 50 characters" in bad.text) == (400, True)
        assert client.post("/profile/notifications", {"form": "words", "level": "x"}).status_code == 400
        assert services.preferences_of(member).words == ["Lathe", "旋盤"]

    def test_hours(self, member):
        client = browser(member)
        form = {"form": "schedule", "zone": "Europe/Amsterdam", "monday": "on", "monday_from": "09:00",
                "monday_to": "17:30", "friday_from": "10:00"}  # fmt: skip
        assert client.post("/profile/notifications", form).status_code == 302
        mine = services.preferences_of(member)
        assert mine.schedule == [{"day": "monday", "from": "09:00", "to": "17:30"}]
        assert mine.zone == "Europe/Amsterdam"
        page = client.get("/profile/notifications").text
        assert 'value="17:30"' in page
        bad = client.post("/profile/notifications", {**form, "monday_to": ""})
        assert bad.status_code == 400
        assert client.post("/profile/notifications", {**form, "zone": "Mars"}).status_code == 400
        client.post("/profile/notifications", {"form": "schedule", "zone": ""})
        assert services.preferences_of(member).schedule == []

    def test_do_not_disturb(self, member):
        client = browser(member)
        client.post("/profile/notifications/quiet", {"minutes": "30"})
        until = services.preferences_of(member).quiet_until
        assert timedelta(minutes=25) < until - timezone.now() < timedelta(minutes=31)
        assert "End it now" in client.get("/profile/notifications").text
        client.post("/profile/notifications/quiet", {"minutes": "999999"})
        assert services.preferences_of(member).quiet_until == until
        client.post("/profile/notifications/quiet", {"minutes": "0"})
        assert services.preferences_of(member).quiet_until is None

    def test_the_level_of_a_room(self, owner, member, stranger, private_room):
        client = browser(member)
        assert client.post("/chat/board/notifications", {"level": "none"}).status_code == 302
        assert Membership.objects.get(user=member, room=private_room).level == "none"
        assert "You are told of nothing." in client.get("/chat/board/notifications").text
        assert "Board" in client.get("/profile/notifications").text
        assert client.post("/chat/board/notifications", {"level": "x"}).status_code == 400
        client.post("/chat/board/notifications", {"level": "default"})
        assert Membership.objects.get(user=member, room=private_room).level == ""
        assert browser(stranger).get("/chat/board/notifications").status_code == 404

    def test_who_may_call(self, owner, member, private_room):
        page = browser(owner).get("/chat/board/notifications").text
        assert "Calling everybody" in page
        assert "Calling everybody" not in browser(member).get("/chat/board/notifications").text
        assert browser(member).post("/chat/board/notifications", {"callers": "members"}).status_code == 403
        assert browser(owner).post("/chat/board/notifications", {"callers": "members"}).status_code == 302
        assert Room.objects.get(slug="board").callers == "members"
        assert browser(owner).post("/chat/board/notifications", {"callers": "x"}).status_code == 400


def test_why(owner, member, stranger, private_room, say, consume):
    message = say(owner, private_room, "@member")
    consume()
    path = f"/chat/board/message/{message.pk}/why"
    page = browser(member).get(path).text
    assert "You are mentioned by name." in page
    assert "Handed over" in page
    assert "You wrote it yourself." in browser(owner).get(path).text
    assert browser(stranger).get(path).status_code == 404
    assert browser(member).get(path.replace("board", "general")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/inbox", "/profile/notifications", "/chat/board/notifications", "/chat/board/message/1/why",
     "/profile/notifications/quiet"],
)  # fmt: skip
def test_nobody_is_asked_to_log_in(client, private_room, path):
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code in (302, 405)
        assert answer.status_code == 405 or answer["Location"].startswith("/login")
