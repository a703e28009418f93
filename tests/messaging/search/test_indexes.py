"""Each index makes every message dearer, and one too many has made a page slow."""

import pytest
from django.db import connection

from messaging.models import Message


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("rooms_event", {("id",), ("room_id", "seq"), ("user_id", "room_id", "seq")}),
        (
            "messaging_message",
            {("id",), ("room_id", "seq"), ("sender_id", "client_id"), ("reply_to_id",), ("hidden_at",)},
        ),
        ("rooms_mention", {("id",), ("user_id", "room_id", "seq"), ("room_id", "seq")}),
    ],
)
def test_what_a_message_writes_has_the_indexes_it_is_read_by(table, expected):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table).values()
    # The one of an expression, which is PostgreSQL's search, has no columns.
    kinds = [one for one in found if one["index"] or one["unique"] or one["primary_key"]]
    indexed = {tuple(one["columns"]) for one in kinds if any(one["columns"])}
    assert indexed == expected
    search = connection.vendor == "postgresql" and table == "messaging_message"
    assert len([one for one in kinds if not any(one["columns"])]) == search


@pytest.mark.django_db
def test_what_stands_as_it_was_sent_is_in_no_moderators_list():
    """Of the indexes for moderators, a message is in none until it is edited or taken back."""
    for index in Message._meta.indexes:
        assert index.condition is not None, index.name
