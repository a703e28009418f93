"""Edits of one message at once, each on a connection of its own, as two processes have."""

import threading
import uuid

import pytest
from django.db import connections

from messaging import edit_history, services
from messaging.models import Message, MessageText

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 10


def test_no_text_is_lost_or_kept_twice(owner, private_room):
    message = services.send(owner, private_room.slug, "first", uuid.uuid4())[0]
    failures = []

    def edit(writer):
        try:
            for n in range(ROUNDS):
                services.edit(owner, message.pk, f"{writer} {n}")
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=edit, args=(writer,), daemon=True) for writer in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures
    texts = edit_history.texts_of(Message.objects.get(pk=message.pk))
    said = [text.body for text in texts][::-1]
    assert said[0] == "first"
    assert sorted(said[1:]) == sorted(f"{writer} {n}" for writer in "ab" for n in range(ROUNDS))
    assert [text.at for text in texts] == sorted((text.at for text in texts), reverse=True)
    numbers = MessageText.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, 2 * ROUNDS + 1))
