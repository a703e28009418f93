"""The engine of sessions reads what Django's wrote, and nothing that has ended."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.authentication.sessions import SessionStore
from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(owner):
    browser = Client()
    browser.force_login(owner)
    return browser


def is_in(browser):
    return browser.get("/user/me").status_code == 200


def test_a_session_that_django_made_goes_on():
    made = db.SessionStore()
    made["what"] = "kept"
    made.create()
    assert SessionStore(made.session_key)["what"] == "kept"


def test_a_session_and_its_person_are_a_query_each(browser, settings, django_assert_num_queries):
    settings.EVENTS_PER_SECOND = 0
    with django_assert_num_queries(2):
        assert browser.get("/file/none").status_code == 404


def test_one_that_has_expired_is_nobodys(browser):
    assert is_in(browser)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_in(browser)
    key = browser.cookies["sessionid"].value
    store = SessionStore(key)
    assert (store.load(), store.session_key) == ({}, None)


def test_a_key_that_nobody_has_is_nobodys(browser):
    browser.cookies["sessionid"] = "' OR 1=1 --"
    assert not is_in(browser)


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_banned": True}, {"session_version": 7}])
def test_it_ends_at_once_with_its_person_s_rights(browser, owner, change):
    assert is_in(browser)
    User.objects.filter(pk=owner.pk).update(**change)
    assert not is_in(browser)


def test_only_a_logout_deletes_the_cookie(browser, owner):
    """An answer to what was asked under the old key may come behind the one with the new key."""
    late = Client()
    late.cookies["sessionid"] = browser.cookies["sessionid"].value
    User.objects.filter(pk=owner.pk).update(session_version=7)
    for path in ("/user/me", "/profile"):
        answer = late.get(path)
        assert answer.status_code in (302, 401)
        assert "sessionid" not in answer.cookies
    Session.objects.all().delete()
    assert "sessionid" not in late.get("/profile").cookies
    browser.force_login(User.objects.get(pk=owner.pk))
    assert browser.post("/logout").cookies["sessionid"]["max-age"] == 0
