from contextlib import contextmanager

import pytest

from accounts.models import SiteSettings, User
from accounts.presence import presence
from chatsite.realtime.delivery.identity import Identity
from rooms.unread import receipts
from tests.support.clients.cast import PASSWORD


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """`with committed():` does at its end what waits for the commit."""

    @contextmanager
    def committed():
        with django_capture_on_commit_callbacks(execute=True):
            yield

    return committed


@pytest.fixture
def live(monkeypatch, attach_connection):
    """`live(user, session_key=…)` is a connection as the server would hold it."""
    monkeypatch.setattr(presence, "here", presence.MemoryPresence())
    monkeypatch.setattr(presence, "seen", {})

    def live(user, *, session_key="s", token_id=None):
        identity = Identity(
            user.pk, user.username, session_key=None if token_id else session_key, token_id=token_id
        )
        connection = attach_connection(identity)
        connection.user = user
        return connection

    return live


@pytest.fixture
def administrator(db):
    return User.objects.create_superuser("root.admin", password=PASSWORD)


@pytest.fixture
def moderator(db):
    return User.objects.create_user("moderator", password=PASSWORD, is_staff=True)


@pytest.fixture
def bring_in(db):
    """`bring_in("members")`: who may let strangers sign up."""

    def bring_in(inviters):
        SiteSettings.load()
        SiteSettings.objects.update(inviters=inviters)

    return bring_in


@pytest.fixture
def sign_up_is(db):
    def sign_up_is(door):
        SiteSettings.load()
        SiteSettings.objects.update(sign_up=door)

    return sign_up_is


@pytest.fixture(autouse=True)
def nothing_is_revealed(monkeypatch):
    """What somebody read while invisible is told a while after: in another test, whose connection it would close."""
    monkeypatch.setattr(receipts.visible_again, "waiting", {})
    monkeypatch.setattr(receipts.visible_again, "later", lambda seconds, flush: None)
