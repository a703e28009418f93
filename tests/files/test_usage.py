"""`./run manage files`: what files there are, and those of which a half is missing."""

import os
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from files import orphans, services, usage
from files.models import Blob
from files.storage import local
from files.storage.keys import new_key
from messaging.models import Message

pytestmark = pytest.mark.django_db


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("files", *arguments, stdout=out)
    return out.getvalue()


def age(path, seconds=orphans.MIN_AGE_SECONDS + 60):
    os.utime(path, (time.time() - seconds,) * 2)


def without_row(data=b"orphan", which=""):
    path = local.path(new_key(), which)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_it_says_what_is_where(owner, member, private_room, public_room, upload):
    film = upload(owner, private_room, data=b"x" * 3_000_000, kind="video")
    note = upload(member, public_room, data=b"x" * 500_000)
    upload(member, public_room, data=b"x" * 100_000)
    for file in (film, note):
        message = Message.objects.create(room=file.room, sender=file.owner, body="", seq=1, client_id=file.pk)
        services.attach([file], message.pk)
    lines = [" ".join(line.split()) for line in told().splitlines()]
    for title, *shares in (
        ("Stored:", "3.6 MB 3 in the folder of uploads"),
        ("By kind:", "3.0 MB 1 video", "0.6 MB 2 text"),
        ("Rooms, the largest 10:", "3.0 MB 1 board", f"0.5 MB 1 {public_room.slug}"),
        ("People, the largest 10:", "3.0 MB 1 owner", "0.6 MB 2 member"),
        ("Not in a message:", "0.1 MB 1 no message carries yet", "0.0 MB 0 given up, on their way out"),
    ):
        at = lines.index(title)
        assert lines[at + 1 : at + 1 + len(shares)] == shares
    services.release([message.pk])
    assert usage.released() == ("given up, on their way out", 1, 500_000)
    assert [share.name for share in usage.by_room()] == ["board"]


def test_bytes_without_a_row_are_deleted_when_they_are_old(owner, private_room, upload):
    kept = upload(owner, private_room)
    mine = local.path(kept.blob.key)
    old, small, young = without_row(), without_row(which="small"), without_row()
    stale_preview = local.path(kept.blob.key, "large")
    stale_preview.write_bytes(b"no row knows of it")
    for path in (mine, old, small, stale_preview):
        age(path)
    found = {local.path(found.key, found.which) for found in orphans.bytes_without_rows()}
    assert found == {old, small, stale_preview}
    assert "3 for an hour or longer" in " ".join(told().split())
    assert old.exists()
    assert "Deleted, as no row knew of them" in told("--delete-orphans")
    assert [path.exists() for path in (old, small, stale_preview, young, mine)] == [False] * 3 + [True] * 2


def test_rows_without_bytes_are_named(owner, private_room, upload):
    whole, gone, half, given_up = (upload(owner, private_room) for _ in range(4))
    Blob.objects.filter(pk=half.blob_id).update(previews={"small": [1, 1, 9]})
    for file in (gone, given_up):
        local.delete(file.blob.key)
    services.discard(owner, given_up.pk)
    assert {blob.key for blob in orphans.rows_without_bytes()} == {gone.blob.key, half.blob.key}
    said = told("--delete-orphans")
    assert f"The bytes of {gone.blob.key} are gone." in said
    assert "Files whose bytes are gone: 2" in said
    assert whole.blob.key not in said
    assert Blob.objects.count() == 4


def test_without_any_row_nothing_is_deleted(uploads):
    """It may be another database."""
    age(path := without_row())
    with pytest.raises(CommandError, match="knows of no file at all"):
        told("--delete-orphans")
    assert path.exists()
    assert "1 for an hour or longer" in " ".join(told().split())


def test_it_reads_many_in_few_queries(
    owner, private_room, upload, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr(orphans, "CHUNK_KEYS", 4)
    for _ in range(9):
        age(local.path(upload(owner, private_room).blob.key))
    with django_assert_max_num_queries(4):
        assert not list(orphans.bytes_without_rows())
        assert not list(orphans.rows_without_bytes())


def test_a_folder_to_write_to_is_for_one_file(tmp_path):
    with pytest.raises(CommandError, match="--into is for --check"):
        told("--into", str(tmp_path))
