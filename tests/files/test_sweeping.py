"""What nobody has any more goes, from the disk and from the database."""

import os
import time
import uuid
from datetime import timedelta
from sqlite3 import SQLITE_LIMIT_VARIABLE_NUMBER

import pytest
from django.db import connection
from django.utils import timezone

from files import services, sweeping
from files.models import Blob, File
from files.storage import local
from files.storage.keys import new_key
from files.sweeping import Sweeper
from messaging import services as messages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("uploads")]


def sweep():
    Sweeper().sweep()


def on_disk():
    return sorted(path.name for path in local.folder().rglob("*") if path.is_file())


def aged(file, hours):
    File.objects.filter(pk=file.pk).update(created_at=timezone.now() - timedelta(hours=hours))


def test_uploads_without_a_message_go_after_a_day(owner, private_room, upload):
    old, young, carried = (upload(owner, private_room) for _ in range(3))
    messages.send(owner, "board", "", uuid.uuid4(), files=[carried.pk])
    aged(old, 25)
    aged(carried, 25)
    aged(young, 23)
    sweep()
    assert {*File.objects.values_list("pk", flat=True)} == {young.pk, carried.pk}
    assert on_disk() == sorted([young.blob.key, carried.blob.key])
    assert Blob.objects.count() == 2


def test_a_deleted_messages_files_go_with_their_previews(owner, private_room, upload):
    file = upload(owner, private_room, previews={"small": [1, 1, 1]})
    local.path(file.blob.key, "small").write_bytes(b"x")
    message, _ = messages.send(owner, "board", "", uuid.uuid4(), files=[file.pk])
    sweep()
    assert len(on_disk()) == 2
    messages.delete(owner, message.pk)
    sweep()
    assert (on_disk(), File.objects.count(), Blob.objects.count()) == ([], 0, 0)


@pytest.mark.parametrize("gone", ["message", "room"])
def test_files_whose_message_is_gone_from_the_database_go(owner, private_room, upload, gone):
    file = upload(owner, private_room)
    message, _ = messages.send(owner, "board", "", uuid.uuid4(), files=[file.pk])
    (message if gone == "message" else private_room).delete()
    sweep()
    assert (on_disk(), File.objects.count()) == ([], 0)


def test_bytes_that_another_file_has_stay(owner, private_room, upload):
    file = upload(owner, private_room)
    forwarded = File.of(file.blob, owner=owner, room=private_room, name="again.txt")
    services.discard(owner, file.pk)
    sweep()
    assert [*File.objects.all()] == [forwarded]
    assert on_disk() == [file.blob.key]
    services.discard(owner, forwarded.pk)
    sweep()
    assert (on_disk(), Blob.objects.count()) == ([], 0)


def test_two_files_of_the_same_bytes_go_together(owner, private_room, upload):
    file = upload(owner, private_room)
    File.of(file.blob, owner=owner, room=private_room, name="again.txt")
    File.objects.update(released_at=timezone.now())
    sweep()
    assert (on_disk(), Blob.objects.count()) == ([], 0)


def test_many_go_in_one_sweep(owner, private_room, upload, monkeypatch):
    monkeypatch.setattr(sweeping, "FILES_AT_ONCE", 2)
    for _ in range(5):
        upload(owner, private_room)
    File.objects.update(released_at=timezone.now())
    sweep()
    assert (on_disk(), File.objects.count()) == ([], 0)


def noted(key, hours):
    local.note(key)
    at = time.time() - hours * 3600
    os.utime(local.incoming_folder() / key, (at, at))


def test_what_killed_processes_left_goes(owner, private_room, upload):
    """Of a note tells the row whether its bytes are anybody's."""
    known, lost, young = upload(owner, private_room).blob.key, new_key(), new_key()
    for key in (lost, young):
        local.path(key).parent.mkdir(parents=True)
        local.path(key).write_bytes(b"x")
        local.path(key, "small").write_bytes(b"x")
    noted(known, 2)
    noted(lost, 2)
    noted(young, 0)
    half = local.incoming_folder() / "tmphalf"
    half.write_bytes(b"x")
    os.utime(half, (0, 0))
    # As a note that goes while the folder is read.
    (local.incoming_folder() / "gone").symlink_to("nowhere")
    sweep()
    assert on_disk() == sorted([known, young, young, f"{young}.small"])


def test_a_removal_that_was_killed_is_finished_later(owner, private_room, upload, monkeypatch):
    """The rows went, and then the process."""
    file = upload(owner, private_room)
    services.discard(owner, file.pk)
    monkeypatch.setattr(sweeping, "remove_bytes", lambda blobs: None)
    sweep()
    assert (File.objects.count(), on_disk()) == (0, [file.blob.key, file.blob.key])
    noted(file.blob.key, 2)
    sweep()
    assert on_disk() == []


def test_a_disk_that_fails_keeps_the_note(owner, private_room, upload, monkeypatch, caplog):
    file = upload(owner, private_room)
    services.discard(owner, file.pk)

    def fail(*arguments):
        raise OSError("I/O error")

    monkeypatch.setattr(local, "delete", fail)
    sweep()
    assert on_disk() == [file.blob.key, file.blob.key]
    assert "can't be removed" in caplog.text


def test_however_many_notes_are_left_behind_they_go(owner, private_room, upload, monkeypatch):
    """More than a statement may name."""
    monkeypatch.setattr(sweeping, "KEYS_AT_ONCE", 50)
    kept = upload(owner, private_room)
    for key in (kept.blob.key, *(new_key() for _ in range(150))):
        local.note(key)
        os.utime(local.incoming_folder() / key, (0, 0))
    connection.ensure_connection()
    sqlite = connection.connection if connection.vendor == "sqlite" else None
    before = sqlite and sqlite.setlimit(SQLITE_LIMIT_VARIABLE_NUMBER, 100)
    try:
        sweeping.remove_leftovers()
    finally:
        if sqlite:
            sqlite.setlimit(SQLITE_LIMIT_VARIABLE_NUMBER, before)
    assert on_disk() == [kept.blob.key]
