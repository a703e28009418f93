"""Mail of what wasn't read: to whom, of what, when, and how one gets no more of it. The mail server is a real one."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from messaging import services as messages
from notifications.mailing import due, sending, wishes
from notifications.models import Mailing, MailWish, Notification
from notifications.why import why
from rooms import services as rooms
from rooms.membership import membership
from rooms.unread import read_positions
from tests.support.servers.smtp import mail_server, send_mail_to

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server():
    with mail_server() as taker:
        yield taker


@pytest.fixture
def taker(server, settings):
    send_mail_to(server, settings)
    return server


@pytest.fixture
def people(owner, member, stranger):
    for person in (owner, member, stranger):
        User.objects.filter(pk=person.pk).update(email=f"{person.username}@example.org")
        person.email = f"{person.username}@example.org"


@pytest.fixture
def later(monkeypatch):
    """`later(minutes)` lets the clock be so much later."""
    real, ahead = timezone.now, timedelta()

    def later(minutes):
        nonlocal ahead
        ahead += timedelta(minutes=minutes)

    monkeypatch.setattr(timezone, "now", lambda: real() + ahead)
    return later


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def html_of(mail):
    return mail.get_body(("html",)).get_content()


class TestMail:
    def test_gathers_what_one_person_did_not_read(
        self, taker, people, owner, member, stranger, private_room, say, consume, later
    ):
        direct = rooms.open_direct(owner, ["member"])[0]
        say(owner, private_room, "@member the <b>saw</b> & the lathe")
        say(owner, direct, "are you there?")
        say(owner, private_room, "nobody in particular")
        consume()
        assert sending.turn() == 0
        later(11)
        assert sending.turn() == 1
        ((to, mail),) = taker.mails
        assert to == ["member@example.org"]
        assert "2 new messages for you from" in mail["Subject"]
        for body in (text_of(mail), html_of(mail)):
            assert "are you there?" in body
            assert "nobody in particular" not in body
        assert "the <b>saw</b> & the lathe" in text_of(mail)
        assert "the &lt;b&gt;saw&lt;/b&gt; &amp; the lathe" in html_of(mail)
        assert "https://chat.example.org/chat/board/message/" in text_of(mail)
        assert mail["Auto-Submitted"] == "auto-generated"
        # Told once.
        later(60)
        assert sending.turn() == 0

    def test_waits_for_what_comes_while_it_gathers(
        self, taker, people, owner, private_room, say, consume, later
    ):
        say(owner, private_room, "@member one")
        consume()
        later(9)
        say(owner, private_room, "@member two")
        consume()
        assert sending.turn() == 0
        later(2)
        assert sending.turn() == 1
        assert all(word in text_of(taker.mails[0][1]) for word in ("one", "two"))

    @pytest.mark.parametrize(
        "how", ["read", "edited", "deleted", "left", "banned", "level", "blocked", "off", "no address"]
    )
    def test_looks_again(self, how, taker, people, owner, member, private_room, say, consume, later):
        message = say(owner, private_room, "@member look")
        consume()
        if how == "read":
            read_positions.mark_read(member, "board", message.seq)
        elif how == "edited":
            messages.edit(owner, message.pk, "look")
        elif how == "deleted":
            messages.delete(owner, message.pk)
        elif how == "left":
            membership.leave_room(member, "board")
        elif how == "banned":
            User.objects.filter(pk=member.pk).update(is_banned=True)
        elif how == "level":
            rooms.set_level(member, "board", "none")
        elif how == "blocked":
            rooms.block_person(member, "owner")
        elif how == "off":
            wishes.choose(member, MailWish.NEVER)
        else:
            User.objects.filter(pk=member.pk).update(email="")
        # The consumer may not have seen it yet.
        later(11)
        assert sending.turn() == 0
        assert taker.mails == []

    def test_tells_of_the_edited_text(self, taker, people, owner, private_room, say, consume, later):
        message = say(owner, private_room, "@member the frist")
        consume()
        messages.edit(owner, message.pk, "@member the first")
        later(11)
        assert sending.turn() == 1
        assert "frist" not in text_of(taker.mails[0][1])

    @pytest.mark.parametrize("whose", ["site", "person"])
    def test_without_content_names_nobody(
        self, whose, settings, taker, people, owner, member, private_room, say, consume, later
    ):
        if whose == "site":
            settings.MAIL_CONTENT = False
        else:
            wishes.choose(member, MailWish.NOTICE)
        say(owner, private_room, "@member secret words")
        consume()
        later(11)
        assert sending.turn() == 1
        ((_, mail),) = taker.mails
        for text in (mail["Subject"], text_of(mail), html_of(mail)):
            assert not re.search("secret|board|Board|owner|Owner", text)

    def test_is_off_without_a_server_and_by_the_setting(
        self, settings, taker, people, owner, private_room, say, consume, later
    ):
        say(owner, private_room, "@member look")
        consume()
        later(11)
        settings.MAIL_AFTER_MINUTES = 0
        assert sending.turn() == 0
        settings.MAIL_AFTER_MINUTES, settings.MAIL = 10, False
        assert sending.turn() == 0

    def test_of_many_shows_some(self, taker, people, owner, private_room, say, consume, later):
        for number in range(25):
            say(owner, private_room, f"@member number {number}." + "x" * 600)
        consume()
        later(11)
        assert sending.turn() == 1
        text = text_of(taker.mails[0][1])
        assert "25 messages for you" in text
        assert "number 19." in text
        assert "number 20." not in text
        assert "And 5 more." in text
        assert len(text) < 20 * 800

    def test_has_headers_of_one_line_each(self, taker, people, owner, private_room, say, consume, later):
        User.objects.filter(pk=owner.pk).update(display_name="Ada \u2028 Łukasz")
        say(owner, private_room, "@member look")
        consume()
        later(11)
        assert sending.turn() == 1
        assert "\n" not in taker.mails[0][1]["Subject"]


class TestFailures:
    def test_a_server_that_is_away_is_asked_again_later(
        self, settings, taker, people, owner, private_room, say, consume, later
    ):
        say(owner, private_room, "@member look")
        consume()
        later(11)
        settings.EMAIL_PORT = 1
        assert sending.turn() == 0
        settings.EMAIL_PORT = taker.port
        assert sending.turn() == 0
        later(2)
        assert sending.turn() == 1
        assert Mailing.objects.get().failures == 0

    def test_an_address_that_is_refused_holds_up_nobody(
        self, taker, people, owner, member, stranger, private_room, say, consume, later
    ):
        membership.add_member(owner, "board", "stranger")
        say(owner, private_room, "@member @stranger look")
        consume()
        later(11)
        taker.refused.add("member@example.org")
        assert sending.turn() == 1
        assert [to for to, _ in taker.mails] == [["stranger@example.org"]]
        later(2)
        taker.refused.clear()
        assert sending.turn() == 1

    def test_a_process_that_was_killed_is_followed_by_another(
        self, taker, people, owner, member, private_room, say, consume, later
    ):
        say(owner, private_room, "@member look")
        consume()
        later(11)
        assert due.claim(member.pk, timezone.now())
        assert not due.claim(member.pk, timezone.now())
        assert sending.turn() == 0
        later(4)
        assert sending.turn() == 1

    def test_what_is_sent_twice_has_one_id(self, taker, people, owner, private_room, say, consume, later):
        say(owner, private_room, "@member look")
        consume()
        later(11)
        assert sending.turn() == 1
        Notification.objects.update(mailed_at=None)
        assert sending.turn() == 1
        assert len({mail["Message-ID"] for _, mail in taker.mails}) == 1

    def test_nobody_gets_what_is_days_old(self, taker, people, owner, private_room, say, consume, later):
        say(owner, private_room, "@member look")
        consume()
        later(2 * 24 * 60)
        assert sending.turn() == 0

    def test_a_turn_without_mail_costs_one_query(self, taker, people, owner, private_room, say, consume):
        say(owner, private_room, "@member look")
        consume()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert sending.turn() == 0
        assert len(queries) == 1


def test_why_says_when_it_was_mailed(taker, people, owner, member, private_room, say, consume, later):
    message = say(owner, private_room, "@member look")
    consume()

    def by_mail():
        return next(each for each in why(member, message.pk)["channels"] if each["channel"] == "mail")

    assert (by_mail()["told"], by_mail()["at"]) == (True, None)
    later(11)
    assert sending.turn() == 1
    assert by_mail()["at"] is not None
    wishes.choose(member, MailWish.NEVER)
    assert (by_mail()["told"], by_mail()["rule"]) == (False, "no_mail")


class TestWhy:
    @pytest.fixture
    def answer(self, owner, member, private_room, say, consume):
        """`answer()` is what became of the mail of a message that was said just now."""
        message = say(owner, private_room, "@member look")
        consume()

        def answer():
            found = next(each for each in why(member, message.pk)["channels"] if each["channel"] == "mail")
            return found["answer"]

        answer.message = message
        return answer

    def test_has_what_the_mail_server_answered(self, taker, people, answer, later):
        assert (answer()["outcome"], answer()["at"]) == ("waiting", None)
        later(11)
        assert sending.turn() == 1
        assert (answer()["outcome"], answer()["status"]) == ("delivered", 250)
        assert "taken" in answer()["words"]
        assert answer()["at"] is not None

    def test_has_a_refusal_until_it_is_taken(self, taker, people, answer, later):
        taker.refused.add("member@example.org")
        later(11)
        assert sending.turn() == 0
        assert (answer()["outcome"], answer()["status"]) == ("waiting", 550)
        assert "no such person" in answer()["words"]
        taker.refused.clear()
        later(5)
        assert sending.turn() == 1
        assert (answer()["outcome"], answer()["status"]) == ("delivered", 250)

    def test_says_nothing_of_a_server_that_is_away(self, taker, people, answer, later, settings):
        settings.EMAIL_PORT = 1
        later(11)
        assert sending.turn() == 0
        assert (answer()["outcome"], answer()["status"]) == ("waiting", None)
        assert "127.0.0.1" not in answer()["words"]

    def test_says_what_was_read_or_edited_away_first(self, taker, people, owner, member, answer, later):
        read_positions.mark_read(member, "board", answer.message.seq)
        assert answer()["outcome"] == "withdrawn"
        later(11)
        assert sending.turn() == 0

    def test_a_mail_of_an_older_version_is_of_unknown_outcome(self, taker, people, answer):
        Notification.objects.update(mailed_at=timezone.now())
        assert answer()["outcome"] == "unknown"


class TestNoMore:
    def link(self, taker, say, consume, later, owner, room):
        say(owner, room, "@member look")
        consume()
        later(11)
        assert sending.turn() == 1
        mail = taker.mails[-1][1]
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        return mail["List-Unsubscribe"].strip(" <>").removeprefix("https://chat.example.org")

    def test_one_click_by_a_mail_program(
        self, taker, people, owner, member, private_room, say, consume, later
    ):
        path = self.link(taker, say, consume, later, owner, private_room)
        nobody = Client(enforce_csrf_checks=True)
        # Scanners of mail look at every link.
        assert nobody.get(path).status_code == 200
        assert wishes.wish_of(member) == MailWish.CONTENT
        assert nobody.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
        assert wishes.wish_of(member) == MailWish.NEVER
        assert nobody.post(path).status_code == 200
        say(owner, private_room, "@member again")
        consume()
        later(11)
        assert sending.turn() == 0

    @pytest.mark.parametrize("token", ["x", "MQ:1abc:def", "%00", "1" * 300])
    def test_a_link_that_is_none(self, token):
        assert Client().get(f"/mail/unsubscribe/{token}").status_code == 404
        assert Client().post(f"/mail/unsubscribe/{token}").status_code == 404

    def test_a_link_of_another_purpose_is_none(self, member):
        from django.core import signing

        assert Client().post(f"/mail/unsubscribe/{signing.dumps(member.pk)}").status_code == 404
        assert wishes.wish_of(member) == MailWish.CONTENT


class TestWish:
    def test_by_the_page(self, taker, client, member):
        page = "/profile/notifications"
        client.force_login(member)
        assert 'name="mail"' in client.get(page).text
        answer = client.post(page, {"form": "words", "level": "default", "keywords": "", "mail": "notice"})
        assert answer.status_code == 302
        assert wishes.wish_of(member) == MailWish.NOTICE
        # A form that was loaded before the site mailed has no such field.
        client.post(page, {"form": "words", "level": "default", "keywords": ""})
        assert wishes.wish_of(member) == MailWish.NOTICE

    def test_is_not_asked_where_the_site_does_not_mail(self, client, member, settings):
        settings.MAIL = False
        client.force_login(member)
        assert 'name="mail"' not in client.get("/profile/notifications").text
