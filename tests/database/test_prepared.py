"""Statements that are written once give what the ORM gives."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.models import User
from chatsite.database.prepared import Given, Prepared, insert
from files.models import Blob, File
from rooms.models import Membership, Room

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return Prepared(
        lambda: Membership.objects.select_related("room").filter(user_id=Given(0), room__slug=Given(1))
    )


def values(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_row_and_its_related_one_are_as_the_orm_reads_them(
    place, owner, private_room, django_assert_num_queries
):
    private_room.archived_at = timezone.now() - timedelta(days=1)
    private_room.save()
    for _ in range(2):
        with django_assert_num_queries(1):
            found = place.first(owner.pk, "board")
            assert found.room.slug == "board"
        orm = Membership.objects.get(user=owner, room=private_room)
        assert (found, values(found)) == (orm, values(orm))
        assert values(found.room) == values(Room.objects.get(slug="board"))
        assert type(found.muted) is bool
        assert found.room.archived_at == private_room.archived_at
        assert not found._state.adding


def test_each_time_the_row_is_read_anew(place, owner, private_room):
    first = place.first(owner.pk, "board")
    Membership.objects.filter(pk=first.pk).update(muted=True)
    second = place.first(owner.pk, "board")
    assert (first.muted, second.muted) == (False, True)
    Membership.objects.filter(pk=first.pk).delete()
    assert place.first(owner.pk, "board") is None


def test_values_are_never_part_of_the_statement(place, owner, stranger, private_room):
    assert place.first(stranger.pk, "board") is None
    assert place.first(owner.pk, "board' OR '1'='1") is None
    assert place.first(owner.pk, "%s") is None
    assert place.first(owner.pk, "board") is not None


def test_a_value_has_the_form_of_its_field(owner, private_room, upload):
    file = upload(owner, private_room)
    prepared = Prepared(
        lambda: File.objects.select_related("blob").filter(client_id=Given(0, like=models.UUIDField()))
    )
    assert prepared.first(file.client_id) == file
    assert prepared.first(file.client_id).blob == file.blob
    assert prepared.first(uuid.uuid4()) is None


def test_columns_that_are_left_out_are_fetched(owner):
    prepared = Prepared(lambda: User.objects.filter(pk=Given(0)).only("pk"))
    found = prepared.first(owner.pk)
    assert found.get_deferred_fields() >= {"username", "password"}
    assert found.username == "owner"


def test_an_inserted_row_is_as_a_saved_one(owner, private_room):
    about = {"size": 3, "sha256": "0" * 64, "type": "image/png", "kind": "picture", "inline": True}
    about |= {"previews": {"small": [1, 2, 3]}, "duration": 1.5}
    blob, saved = Blob(**about), Blob(**about)
    insert(blob)
    saved.save(force_insert=True)
    file = File(blob=blob, size=3, owner=owner, room=private_room, name="ä.png")
    insert(file)
    assert not file._state.adding
    found = File.objects.select_related("blob").get(pk=file.pk)
    assert values(found) == values(file)
    assert values(found.blob) == values(blob)
    own = {"id", "key", "created_at"}
    assert {name: value for name, value in values(found.blob).items() if name not in own} == {
        name: value for name, value in values(Blob.objects.get(pk=saved.pk)).items() if name not in own
    }
    file.name = "b.png"
    file.save()
    assert File.objects.get().name == "b.png"


def test_a_second_row_of_a_unique_key_is_refused(owner, private_room, upload):
    file = upload(owner, private_room)
    again = File(blob=file.blob, size=3, owner=owner, name="again", client_id=file.client_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(again)
    assert File.objects.count() == 1
