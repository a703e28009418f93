"""A site that shows previews, whose consumer reads when a test says so."""

import uuid

import pytest

from accounts.models import SiteSettings
from messaging import services as messages
from messaging.models import Message
from messaging.payloads import message_payload, message_rows
from previews import consumer, queue
from previews.models import Preview
from previews.queue import Fetcher
from rooms.log.log import LogLine
from rooms.models import Event

PAGE = "https://example.org/page"


@pytest.fixture
def fetcher(db, monkeypatch, uploads):
    """The fetcher of a process; nothing is fetched before the test calls `step`."""
    SiteSettings.load()
    SiteSettings.objects.update(link_previews=True)
    made = Fetcher()
    monkeypatch.setattr(consumer, "fetcher", made)
    assert consumer.enabled()
    yield made
    made.end()


@pytest.fixture
def say(owner, private_room):
    """`say(body)` sends a message to the private room."""
    return lambda body=PAGE, by=owner: messages.send(by, private_room.slug, body, uuid.uuid4())[0]


@pytest.fixture
def follow(fetcher, private_room):
    """Have the consumer read the room's log, all of it anew with each call: it must be idempotent."""

    def follow():
        lines = private_room.events.filter(event__in=consumer.consumer.events).order_by("seq")
        return consumer.handle(private_room, [LogLine(*row) for row in lines.values_list(*LogLine._fields)])

    return follow


def fetched(title="A title", description="", url=PAGE, file=None):
    """Store what a page says of itself, as the fetcher does."""
    preview = Preview.objects.get(url=url, pending=True)
    queue.store(preview, {"title": title, "description": description, "picture": file is not None}, file)
    queue.tell(preview)
    return preview


def shown(message):
    """The previews that everybody sees with the message now; a Message and a row say the same."""
    found = Message.objects.filter(pk=message.pk)
    [row] = message_rows(found)
    assert message_payload(row) == message_payload(found.whole().get())
    return message_payload(row)["previews"]


def titles(message):
    return [preview["title"] for preview in shown(message)]


def told():
    return Event.objects.filter(event="message-previewed").count()
