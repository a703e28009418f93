"""Several at one link at once, each with a connection of their own, as processes have."""

import threading

import pytest

from messaging import services as messages
from messaging.models import Message
from previews import queue, services
from previews.models import MessagePreview, Preview
from tests.previews.conftest import titles
from tests.support.servers.postgres_locks import until_waiting
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def read(message):
    """The message as the consumer reads it."""
    services.follow(Message.objects.select_related("sender", "room").get(pk=message.pk))


def fetch():
    preview = Preview.objects.get()
    queue.store(preview, {"title": "A title"}, None)
    queue.tell(preview)


@pytest.mark.parametrize("turn", range(3))
def test_all_that_are_read_while_the_page_is_fetched_show_it(fetcher, say, turn):
    said = [say() for _ in range(5)]
    read(said[0])
    assert at_once(fetch, *(lambda message=message: read(message) for message in said)) == []
    assert [titles(message) for message in said] == [["A title"]] * 5
    assert MessagePreview.objects.count() == 5


def test_who_stores_what_was_fetched_waits_for_a_message_that_is_about_to_show_it(fetcher, say, monkeypatch):
    """Otherwise it would find nobody to tell, and the message nothing to show."""
    one, other = say(), say()
    read(one)
    shown, let_go = threading.Event(), services.show

    def show_slowly(message, by):
        changed = let_go(message, by)
        if not shown.is_set():
            shown.set()
            until_waiting()
        return changed

    def fetch_then():
        assert shown.wait(60)
        fetch()

    monkeypatch.setattr(services, "show", show_slowly)
    assert at_once(lambda: read(other), fetch_then) == []
    assert [titles(message) for message in (one, other)] == [["A title"]] * 2


def test_a_link_that_several_say_at_once_is_wanted_once(fetcher, say):
    said = [say() for _ in range(6)]
    assert at_once(*(lambda message=message: read(message) for message in said)) == []
    assert Preview.objects.count() == 1
    for message in said:
        read(message)
    assert MessagePreview.objects.count() == 6


@pytest.mark.parametrize("turn", range(3))
def test_a_message_is_deleted_while_another_with_its_link_is_read(fetcher, say, owner, turn):
    one, other = say(), say()
    read(one)
    failures = at_once(lambda: messages.delete(owner, one.pk), lambda: read(other))
    assert {type(failure) for failure in failures} <= {Preview.DoesNotExist}
    read(other)
    assert [*MessagePreview.objects.values_list("message", flat=True)] == [other.pk]


def test_two_who_remove_a_preview_tell_it_once(fetcher, say, owner, member):
    message = say(by=member)
    read(message)
    fetch()
    pk = MessagePreview.objects.get().pk
    assert at_once(*(lambda who=who: services.remove(who, message.pk, pk) for who in (owner, member))) == []
    told = message.room.events.filter(event="message-previewed")
    assert (titles(message), told.count()) == ([], 2)
