"""The index by which PostgreSQL finds words: made in every case, used by the queries, and no hindrance to others."""

import uuid

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from chatsite.web import query_deadline
from messaging import services
from messaging.models import Message
from messaging.search import Span, indexes, postgresql, read, search
from messaging.search.postgresql import PARTS, WORDS, has, narrowed
from messaging.sending import batch
from messaging.sending.batch import store_all
from messaging.sending.drafts import Draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    postgresql.finds_parts.cache_clear()
    indexes.make(connection)


def drop(*names):
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP INDEX IF EXISTS {name}")


def plan(*words):
    """With sequential reading as the last resort, as it would be for many messages."""
    postgresql.finds_parts.cache_clear()
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
    try:
        return narrowed(Message.objects.order_by(), list(words)).explain()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET enable_seqscan")


def test_the_migration_made_the_better_one_and_it_is_used():
    assert has(PARTS)
    assert not has(WORDS)
    assert PARTS in plan("lathe", "blue")


def test_without_the_extension_it_is_one_of_words(monkeypatch):
    monkeypatch.setattr(indexes, "trigrams", lambda connection, cursor: None)
    assert indexes.make(connection) == WORDS
    assert has(WORDS)
    assert not has(PARTS)
    assert WORDS in plan("lathe")


def test_who_may_not_make_the_extension_is_told_so_and_nothing_breaks():
    with connection.cursor() as cursor:
        drop(PARTS)
        cursor.execute("DROP EXTENSION pg_trgm")
        cursor.execute(
            "CREATE ROLE nobody_much; GRANT SELECT ON messaging_message TO nobody_much; SET ROLE nobody_much"
        )
        try:
            assert indexes.trigrams(connection, cursor) is None
            with transaction.atomic():
                assert indexes.trigrams(connection, cursor) is None
                cursor.execute("SELECT 1")
        finally:
            cursor.execute(
                "RESET ROLE; REVOKE ALL ON messaging_message FROM nobody_much; DROP ROLE nobody_much"
            )


def test_in_a_transaction_as_a_restore_is(capsys):
    drop(PARTS)
    with transaction.atomic():
        assert indexes.make(connection) == PARTS
    assert has(PARTS)
    call_command("index_messages")
    assert "parts of words" in capsys.readouterr().out


def test_one_that_was_interrupted_is_made_again():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(%s)", [PARTS])
    assert not has(PARTS)
    assert indexes.make(connection) == PARTS
    assert has(PARTS)


@pytest.fixture
def sorts(monkeypatch):
    """The list is sorted in after a hundred characters, at once as here is no server."""
    monkeypatch.setattr(indexes, "CLEANUP_CHARACTERS", 100)
    monkeypatch.setattr(batch, "pending", indexes.Pending())
    pages()


def pages():
    """Of the list, which is empty then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [PARTS if has(PARTS) else WORDS])
        return cursor.fetchone()[0]


def options():
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE oid = to_regclass(%s)", [PARTS])
        return cursor.fetchone()[0]


def say(user, room, body):
    store_all([Draft(user, room.slug, body, uuid.uuid4())])


def test_what_was_stored_last_is_sorted_in_when_it_is_enough(sorts, owner, private_room):
    say(owner, private_room, "apple " * 16)
    say(owner, private_room, "pear" * 2)
    assert pages() == 0
    say(owner, private_room, "a quince")
    assert [message.body for message in read(owner, search(owner, "quince"), Span(50)).messages] == [
        "a quince"
    ]
    assert pages() == 1


def test_so_is_it_into_the_index_of_words(sorts, monkeypatch, owner, private_room):
    monkeypatch.setattr(indexes, "trigrams", lambda connection, cursor: None)
    indexes.make(connection)
    say(owner, private_room, "apple " * 20)
    assert pages() == 0


def test_who_may_not_or_finds_no_index_does_nothing(sorts, owner, private_room):
    say(owner, private_room, "a quince")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE nobody_much; SET ROLE nobody_much")
        try:
            indexes.pending.sort_in()
        finally:
            cursor.execute("RESET ROLE; DROP ROLE nobody_much")
    assert pages() == 1
    drop(PARTS)
    indexes.pending.sort_in()


def test_where_another_process_sorts_nobody_waits_for_it(sorts, owner, private_room):
    say(owner, private_room, "a quince")
    with connection.copy().cursor() as other:
        other.execute("SELECT pg_advisory_lock(hashtext('messaging.search.pending'))")
        indexes.pending.sort_in()
        other.connection.close()
    assert pages() == 1


def test_each_of_several_processes_has_a_part_of_what_is_enough(sorts, settings, owner, private_room):
    settings.WORKERS = 4
    say(owner, private_room, "apple " * 4)
    assert pages() == 1
    say(owner, private_room, "a")
    assert pages() == 0


def test_the_list_may_grow_meanwhile_also_of_an_index_that_was_there():
    longer = [f"gin_pending_list_limit={indexes.PENDING_LIST_KIB}"]
    assert options() == longer
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER INDEX {PARTS} RESET (gin_pending_list_limit)")
    indexes.make(connection)
    assert options() == longer


@pytest.mark.parametrize("span", [Span(5), Span(5, after=0), Span(5, room="board")])
def test_what_the_planner_takes_too_long_for_is_found_by_the_index_of_words(
    owner, private_room, span, monkeypatch
):
    told = [services.send(owner, "board", f"a lathe, number {n}", uuid.uuid4())[0].pk for n in range(8)]
    found = search(owner, "lathe", span.room)
    with connection.cursor() as cursor:
        # Wherever it can be done without: it can't where no index has the order.
        cursor.execute("SET enable_sort = off")
        plans = [queryset.explain() for queryset in (span.of(found), postgresql.by_index(found, span))]
        cursor.execute("RESET enable_sort")
    assert ["Sort" in plan for plan in plans] == [False, True]
    tried = []

    def late_at_first(seconds, func, *args):
        tried.append(seconds)
        if len(tried) == 1:
            raise query_deadline.TookTooLong()
        return func(*args)

    monkeypatch.setattr(query_deadline, "read", late_at_first)
    shown = [message.pk for message in read(owner, found, span).messages]
    assert shown == (told[:5] if span.forward else told[:2:-1])
    assert tried == [postgresql.PLANNED_SECONDS, postgresql.INDEX_SECONDS]
