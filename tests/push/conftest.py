"""People whose devices are at a push service on loopback."""

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import UserSession
from messaging import services as messages
from push import services
from push.delivery.queue import Sender
from push.devices import services as devices
from push.devices.services import Credential
from push.models import Kind
from push.services import Notice
from tests.support import push_service


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with push_service.running(tmp_path_factory.mktemp("push")) as service:
        yield service


@pytest.fixture(scope="module")
def process():
    """The sender of a process, whose children serve all tests of a file: each takes a second to start."""
    made = Sender()
    yield made
    made.end()


@pytest.fixture
def sender(db, settings, service, monkeypatch, process):
    """The same, as after a start; nothing is sent before the test calls `step`."""
    settings.PUSH_TEST_CERTIFICATES = service.certificate
    settings.PUSH_TEST_NETWORKS = ["127.0.0.0/8"]
    process.proven.clear()
    process._served.clear()
    monkeypatch.setattr(process, "wake", lambda: None)
    monkeypatch.setattr(services, "sender", process)
    return process


@pytest.fixture
def logged_in():
    """`logged_in(person)` is a browser with a session of theirs."""

    def logged_in(person):
        browser = Client()
        browser.force_login(person)
        UserSession.objects.create(user=person, key=browser.session.session_key)
        return browser

    return logged_in


@pytest.fixture
def add(service, sender, logged_in):
    """`add(person)` gives a person a device, logged in by a session of its own; returns the row and the device itself."""

    def add(person, **fields):
        device = service.device()
        browser = logged_in(person)
        credential = Credential(session=UserSession.objects.get(key=browser.session.session_key))
        row, _ = devices.add(person, credential, name="Firefox on Linux", **{**device.fields, **fields})
        return row, device

    return add


@pytest.fixture
def say(owner, private_room):
    """`say(body)` sends a message to the private room, and tells the others' devices."""

    def say(body="hello", to=(), kind=Kind.ROOM, by=owner, room=private_room):
        message = messages.send(by, room.slug, body, uuid.uuid4())[0]
        url = f"/chat/{room.slug}/message/{message.pk}"
        notice = Notice(kind, message.seq, url, timezone.now(), room=room, message=message)
        services.notify_all([person.pk for person in to], notice)
        return message

    return say


@pytest.fixture
def send(sender):
    """Send all that is due now, in the order of the process's steps."""

    def send():
        for _ in range(8):
            sender._next_poll = 0.0
            sender._paused.clear()
            sender.step()

    return send
