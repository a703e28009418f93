"""The inbox: what the consumer of the log puts into it and takes out, and the REST doors."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import SiteSettings, User
from messaging import services as messages
from messaging.reactions import services as reactions
from notifications import inbox, services
from notifications.models import Notification
from rooms import services as rooms
from rooms.membership import membership
from rooms.models import Membership

pytestmark = pytest.mark.django_db


def told(user):
    return [(row.kind, row.message.body) for row in services.listed(user).order_by("pk")]


def unread(user):
    return services.unread_count(user)


class TestWhoIsTold:
    def test_of_a_mention_by_name_and_nobody_else(self, owner, member, stranger, private_room, say, consume):
        say(owner, private_room, "@member and @stranger look")
        say(owner, private_room, "nobody in particular")
        consume()
        assert told(member) == [("mention", "@member and @stranger look")]
        assert told(owner) == told(stranger) == []
        assert unread(member) == 1

    def test_of_every_direct_message(self, owner, member, stranger, say, consume):
        room = rooms.open_direct(owner, ["member"])[0]
        say(owner, room, "hello")
        consume()
        assert (told(member), told(owner), told(stranger)) == ([("direct", "hello")], [], [])

    def test_of_ones_own_words(self, owner, member, private_room, public_room, say, consume):
        services.change_preferences(member, words=["Lathe", "旋盤"])
        for body in ("the LATHE is free", "lathes", "今日旋盤を使う"):
            say(owner, private_room, body)
        say(member, private_room, "lathe")
        consume()
        assert told(member) == [("keyword", "the LATHE is free"), ("keyword", "今日旋盤を使う")]

    def test_words_are_not_looked_for_where_one_is_no_member(
        self, owner, stranger, public_room, private_room, say, consume
    ):
        services.change_preferences(stranger, words=["lathe"])
        say(owner, private_room, "lathe")
        say(owner, public_room, "lathe")
        consume()
        assert Notification.objects.count() == 0

    @pytest.mark.parametrize("how", ["room", "mine", "site"])
    def test_of_nothing_at_level_none(self, how, owner, member, private_room, say, consume):
        if how == "room":
            rooms.set_level(member, "board", "none")
        elif how == "mine":
            services.change_preferences(member, level="none")
        else:
            SiteSettings.objects.update_or_create(pk=1, defaults={"notification_level": "none"})
        say(owner, private_room, "@member")
        consume()
        assert told(member) == []

    def test_of_nothing_that_somebody_says_whom_one_blocked(self, owner, member, private_room, say, consume):
        rooms.block_person(member, "owner")
        say(owner, private_room, "@member")
        consume()
        assert told(member) == []

    def test_of_a_reaction_to_ones_own(self, owner, member, private_room, say, consume):
        message = say(owner, private_room, "mine")
        reactions.react(member, message.pk, "👍")
        reactions.react(member, message.pk, "🎉")
        reactions.react(owner, message.pk, "👍")
        consume()
        assert told(owner) == [("reaction", "mine")] * 2
        assert told(member) == []
        reactions.unreact(member, message.pk, "👍")
        consume()
        assert [row.emoji for row in services.listed(owner)] == ["🎉"]

    def test_not_of_deactivated_people(self, owner, member, private_room, say, consume):
        say(owner, private_room, "@member")
        User.objects.filter(pk=member.pk).update(is_banned=True)
        consume()
        assert Notification.objects.count() == 0


class TestOnce:
    def test_lines_that_come_again_change_nothing(self, owner, member, private_room, say, consume):
        message = say(owner, private_room, "@member")
        reactions.react(member, message.pk, "👍")
        consume()
        before = list(Notification.objects.values())
        consume(again=True)
        assert list(Notification.objects.values()) == before
        assert len(before) == 2

    def test_what_comes_again_is_told_live_to_nobody(self, owner, member, private_room, say):
        message = say(owner, private_room, "@member")

        def row():
            about = {"room": private_room, "message": message, "actor": owner, "seq": message.seq}
            return Notification(user=member, kind="mention", **about)

        assert len(inbox.store([row()])) == 1
        assert inbox.store([row()]) == []

    def test_a_person_is_told_once_of_a_message(self, owner, member, private_room, say, consume):
        services.change_preferences(member, words=["lathe"])
        message = say(owner, private_room, "lathe")
        consume()
        messages.edit(owner, message.pk, "lathe @member")
        consume()
        assert told(member) == [("keyword", "lathe @member")]

    def test_an_edit_that_adds_a_mention_counts_once(self, owner, member, private_room, say, consume):
        message = say(owner, private_room, "hello")
        consume()
        assert told(member) == []
        for body in ("hello @member", "hello again @member"):
            messages.edit(owner, message.pk, body)
            consume()
        assert told(member) == [("mention", "hello again @member")]

    def test_what_an_edit_takes_out_is_taken_back(self, owner, member, private_room, say, consume):
        message = say(owner, private_room, "@member")
        consume()
        messages.edit(owner, message.pk, "nobody")
        consume()
        assert Notification.objects.count() == 0

    def test_a_deleted_message_takes_its_notifications_with_it(
        self, owner, member, private_room, say, consume
    ):
        message = say(owner, private_room, "@member")
        consume()
        messages.delete(owner, message.pk)
        assert (told(member), unread(member)) == ([], 0), "before the consumer comes to it"
        consume()
        assert Notification.objects.count() == 0

    def test_a_hidden_one_does_until_it_is_restored(self, owner, member, private_room, say, consume):
        message = say(owner, private_room, "@member")
        consume()
        messages.hide(message, owner)
        consume()
        assert Notification.objects.count() == 0
        messages.restore(message, owner)
        consume()
        assert told(member) == [("mention", "@member")]


class TestReading:
    def test_reading_the_room_reads_what_was_told_of_it(self, owner, member, private_room, say, consume):
        first, second = say(owner, private_room, "1 @member"), say(owner, private_room, "2 @member")
        consume()
        rooms.mark_read(member, "board", first.seq)
        assert [row["read"] for row in listing(member)] == [False, True]
        rooms.mark_read(member, "board", second.seq)
        assert unread(member) == 0

    def test_what_was_read_before_it_was_told_is_no_ghost(self, owner, member, private_room, say, consume):
        message = say(owner, private_room, "@member")
        rooms.mark_read(member, "board", message.seq)
        consume()
        assert (told(member), unread(member)) == ([("mention", "@member")], 0)

    def test_marking_some_or_all(self, api, owner, member, private_room, public_room, say, consume):
        for n in range(4):
            say(owner, private_room, f"{n} @member")
        last = say(owner, public_room, "5 @member")
        consume()
        client = api(member)
        ids = [row["id"] for row in client.get("/notification").data["results"]]
        assert client.post("/notification/read", {"ids": ids[-2:]}, format="json").data == {"unread": 3}
        assert client.post("/notification/read", {"ids": ids[-2:]}, format="json").data == {"unread": 3}
        answer = client.post("/notification/read", {"room": public_room.slug, "seq": last.seq}, format="json")
        assert answer.data == {"unread": 2}
        assert len(client.get("/notification?unread=true").data["results"]) == 2
        assert client.get("/notification/read").data == {"unread": 2}
        assert client.post("/notification/read", {"all": True}, format="json").data == {"unread": 0}

    def test_others_ids_are_passed_over(self, api, owner, member, stranger, private_room, say, consume):
        say(owner, private_room, "@member")
        consume()
        [pk] = Notification.objects.values_list("pk", flat=True)
        assert api(stranger).post("/notification/read", {"ids": [pk]}, format="json").data == {"unread": 0}
        assert unread(member) == 1

    @pytest.mark.parametrize(
        "body",
        [
            {}, {"all": False}, {"all": True, "ids": []}, {"room": "board"}, {"seq": 3}, {"ids": ["x"]}, {"ids": 3},
            {"ids": [-1]}, {"ids": list(range(201))}, {"all": "yes"}, {"what": 1}, {"room": "board", "seq": 2**70},
        ],
    )  # fmt: skip
    def test_bad_input_is_refused_and_changes_nothing(
        self, api, owner, member, private_room, say, consume, body
    ):
        say(owner, private_room, "@member")
        consume()
        answer = api(member).post("/notification/read", body, format="json")
        assert (answer.status_code, answer.data["code"]) == (400, "invalid")
        assert unread(member) == 1


def listing(user):
    return [inbox.payload(row) for row in services.listed(user).order_by("-pk")]


class TestDoors:
    def test_the_list_is_newest_first_by_keyset_with_filters(
        self, api, owner, member, private_room, say, consume
    ):
        direct = rooms.open_direct(owner, ["member"])[0]
        for n in range(3):
            say(owner, private_room, f"{n} @member")
        say(owner, direct, "hi")
        consume()
        client = api(member)
        page = client.get("/notification?limit=2").data
        assert next(row["text"] for row in page["results"]) in ("hi", "2 @member")
        rest = client.get(page["next"]).data
        assert len(page["results"]) == len(rest["results"]) == 2
        assert {row["id"] for row in page["results"]}.isdisjoint(row["id"] for row in rest["results"])
        assert [row["kind"] for row in client.get("/notification?kind=direct").data["results"]] == ["direct"]
        both = client.get("/notification?kind=direct&kind=mention").data["results"]
        assert len(both) == 4
        assert client.get("/notification?kind=nonsense").status_code == 400
        shown = client.get("/notification?kind=mention&limit=1").data["results"][0]
        assert shown == {
            "id": shown["id"], "kind": "mention", "room": "board", "message": shown["message"], "emoji": None,
            "user": shown["user"], "text": "2 @member", "at": shown["at"], "read": False,
        }  # fmt: skip
        assert shown["user"]["username"] == "owner"

    def test_what_one_may_no_longer_read_is_not_shown(self, api, owner, member, private_room, say, consume):
        say(owner, private_room, "secret @member")
        consume()
        rooms.remove_member(owner, "board", "member")
        assert api(member).get("/notification").data["results"] == []
        assert unread(member) == 0

    def test_a_page_costs_the_same_however_long(self, api, owner, member, private_room, say, consume):
        def queries():
            with CaptureQueriesContext(connection) as captured:
                assert api(member).get("/notification").status_code == 200
            return len(captured)

        say(owner, private_room, "@member")
        consume()
        few = queries()
        for n in range(20):
            say(owner, private_room, f"{n} @member")
        consume()
        assert queries() == few <= 3

    def test_preferences(self, api, member):
        client = api(member)
        start = client.get("/notification/setting").data
        assert start == {
            "level": "default", "site_level": "mentions", "keywords": [], "quiet_until": None, "schedule": [], "zone": "",
            "mail": "content",
        }  # fmt: skip
        hours = [
            {"day": "tuesday", "from": "10:00", "to": "12:00"},
            {"day": "monday", "from": "09:00", "to": "18:00"},
        ]
        change = {
            "level": "all", "keywords": ["lathe", "Lathe", "旋盤"], "quiet_until": "2099-01-01T00:00:00Z",
            "schedule": hours, "zone": "Europe/Amsterdam",
        }  # fmt: skip
        answer = client.patch("/notification/setting", change, format="json")
        assert answer.data == {**start, **change, "keywords": ["lathe", "旋盤"],
                               "quiet_until": answer.data["quiet_until"], "schedule": hours[::-1]}  # fmt: skip
        assert answer.data["quiet_until"].startswith("2099-01-01T00:00:00")
        client.patch(
            "/notification/setting", {"quiet_until": None, "schedule": [], "level": "default"}, format="json"
        )
        assert client.get("/notification/setting").data == {**start, "keywords": ["lathe", "旋盤"],
                                                            "zone": "Europe/Amsterdam"}  # fmt: skip

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"level": "loud"}, "level"), ({"keywords": ["x" * 51]}, "keywords"), ({"keywords": "lathe"}, "keywords"),
            ({"keywords": [f"w{n}" for n in range(51)]}, "keywords"), ({"keywords": ["!"]}, "keywords"),
            ({"quiet_until": "soon"}, "quiet_until"), ({"zone": "Mars"}, "zone"), ({"zone": "../x"}, "zone"),
            ({"schedule": [{"day": "monday"}]}, "schedule"), ({"schedule": "always"}, "schedule"),
            ({"schedule": [{"day": "monday", "from": "9", "to": "10:00"}]}, "schedule"), ({"volume": 11}, "volume"),
            ({"keywords": ["ok"], "zone": "Mars"}, "zone"),
        ],
    )  # fmt: skip
    def test_bad_preferences_are_refused_and_change_nothing(self, api, member, body, field):
        answer = api(member).patch("/notification/setting", body, format="json")
        assert (answer.status_code, list(answer.data["fields"])) == (400, [field])
        assert services.preferences_of(member).words == []

    def test_the_level_of_a_room(self, api, owner, member, stranger, private_room):
        client = api(member)
        assert client.get("/room/board/member/me").data["level"] == "mentions"
        answer = client.patch("/room/board/member/me", {"level": "all"}, format="json")
        assert (answer.status_code, answer.data["level"]) == (200, "all")
        assert Membership.objects.get(user=member, room=private_room).level == "all"
        assert (
            client.patch("/room/board/member/MEMBER", {"level": "default"}, format="json").data["level"]
            == "mentions"
        )
        # Whoever it is, what others are told of is their own affair, and nobody's to see.
        assert (
            api(owner).patch("/room/board/member/member", {"level": "none"}, format="json").status_code == 403
        )
        assert "level" not in api(owner).get("/room/board/member/member").data
        assert (
            api(stranger).patch("/room/board/member/me", {"level": "none"}, format="json").status_code == 404
        )
        assert client.patch("/room/board/member/me", {"level": "x"}, format="json").status_code == 400


class TestBounds:
    def test_the_oldest_read_go_first(self, monkeypatch, owner, member, private_room, say, consume):
        monkeypatch.setattr(inbox, "MAX_PER_PERSON", 3)
        sent = [say(owner, private_room, f"{n} @member") for n in range(3)]
        consume()
        services.mark_read(member, ids=[Notification.objects.get(message=sent[1]).pk])
        say(owner, private_room, "3 @member")
        consume()
        assert [body for _, body in told(member)] == ["0 @member", "2 @member", "3 @member"]
        say(owner, private_room, "4 @member")
        consume()
        assert [body for _, body in told(member)] == ["2 @member", "3 @member", "4 @member"]

    def test_a_message_that_tells_nobody_costs_few_queries_whatever_the_room(
        self, owner, private_room, make_person, say, consume
    ):
        def queries():
            say(owner, private_room, "hello")
            with CaptureQueriesContext(connection) as captured:
                consume()
            return len(captured)

        few = queries()
        for n in range(30):
            membership.grant(private_room, make_person(f"person{n}"))
        assert queries() <= few

    def test_many_who_are_told_cost_as_many_queries_as_one(self, owner, make_person, say, consume):
        def queries(names):
            room = rooms.open_direct(owner, names)[0]
            consume()
            say(owner, room, "hello")
            with CaptureQueriesContext(connection) as captured:
                consume()
            return len(captured)

        names = [make_person(f"person{n}").username for n in range(8)]
        assert queries(names) <= queries(names[:1])
