from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import User
from chatsite.contract.times import iso
from messaging.history.timeline import rows

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ME = User(username="ada")


def message(seq, who="bo", minutes=0.0, html="<p>x</p>", reply_to=None):
    at = START + timedelta(minutes=minutes)
    return {
        "seq": seq,
        "sender": {"username": who},
        "created_at": iso(at),
        "html": html,
        "reply_to": reply_to,
    }


def test_one_person_goes_on_under_one_header_for_five_minutes():
    found = rows([message(1), message(2, minutes=4.9), message(3, minutes=9.9), message(4, "cy", 10)], ME)
    assert [row.continued for row in found] == [False, True, False, False]


def test_a_reply_has_its_own_header():
    assert not rows([message(1), message(2, reply_to={"id": 1})], ME)[1].continued


@pytest.mark.parametrize(("zone", "days"), [("UTC", 1), ("Pacific/Auckland", 2)])
def test_days_are_the_reader_s(zone, days):
    with timezone.override(ZoneInfo(zone)):
        found = rows([message(1), message(2, minutes=60 * 4)], ME)
    assert sum(row.day is not None for row in found) == days


def test_new_stands_above_the_first_that_i_have_not_read():
    found = rows([message(1), message(2, "ada"), message(3), message(4)], ME, first_unread=3)
    assert [row.new for row in found] == [False, False, True, False]


def test_new_is_not_drawn_where_its_place_is_on_another_page():
    assert not any(row.new for row in rows([message(8), message(9)], ME, first_unread=3))


def test_a_mention_is_markup_and_not_words():
    linked = '<p><a class="mention" href="/people/ada" data-user="ada">@ada</a></p>'
    assert rows([message(1, html=linked)], ME)[0].mentions_me
    assert not rows([message(1, "ada", html=linked)], ME)[0].mentions_me
    assert not rows([message(1, html='<p>&lt;a data-user="ada"&gt;</p>')], ME)[0].mentions_me
    assert not rows([message(1, html=linked.replace("ada", "adam"))], ME)[0].mentions_me
