"""Files in a bucket, with a real store: moved, served, deleted, backed up, and while the store is away."""

import os
import time
from collections import Counter
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from chatsite.contract.errors import ChatError
from chatsite.operations.backup import archive, output, upload_rows
from chatsite.operations.backup import uploads as backup
from chatsite.operations.backup.upload_rows import wanted
from chatsite.operations.doctor import uploads as doctor
from chatsite.subprocesses import channel
from chatsite.subprocesses.supervisor import Child
from files import moving, orphans, services, store_claim, sweeping
from files.models import Blob, File, StoreClaim
from files.moving import mover
from files.serving import delivery
from files.storage import local, store
from files.storage.keys import new_key
from files.storage.store import StoreError
from tests.operations.test_backup_files import SAID, check, kept, restore
from tests.operations.test_doctor import TOKEN
from tests.support.servers.harness import free_port, serve
from tests.support.servers.swift import BUCKET, SECRET, swift

pytestmark = [pytest.mark.realtime, pytest.mark.django_db]
# More than is answered from memory, and in one piece.
LARGE = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def server():
    with swift() as server:
        yield server


@pytest.fixture
def bucket(server, settings, uploads, monkeypatch):
    """The store, with nothing in it."""
    settings.FILES_URL = server.url(f"{BUCKET}/some/folder")
    for name in server.all_names():
        server.client().delete_object(Bucket=BUCKET, Key=name)
    mover.start_over()
    monkeypatch.setattr(store_claim.checks, "_until", 0.0)
    return server


@pytest.fixture(scope="module", autouse=True)
def _end():
    yield
    store.child.end()


@pytest.fixture
def away(settings):
    """Let nobody be where the store was."""

    def away():
        settings.FILES_URL = f"s3+http://key:{SECRET}@127.0.0.1:{free_port()}/{BUCKET}"

    return away


@pytest.fixture
def moved(bucket, owner, private_room, upload):
    """A large file of the owner's with a small picture, in the store."""
    file = upload(owner, private_room, data=LARGE)
    file.blob.previews = {"small": [1, 1, 5]}
    file.blob.save()
    local.path(file.blob.key, "small").write_bytes(b"small")
    assert mover.move() == 1
    return file


def names_of(blob: Blob) -> set[str]:
    return {f"some/folder/{store.name_of(blob.key, which)}" for which in ("", *blob.previews)}


def test_a_file_is_moved_and_served_from_there(moved, bucket, uploads, api, owner, stranger):
    blob = Blob.objects.get()
    assert blob.remote
    assert kept(uploads) == {"moving.lock": b""}
    assert bucket.names() == names_of(blob)
    url = f"/file/{moved.pk}/note.txt"
    whole = api(owner).get(url)
    assert (whole.status_code, b"".join(whole.streaming_content)) == (200, LARGE)
    part = api(owner).get(url, headers={"Range": "bytes=1000-1009"})
    assert (part.status_code, part.content) == (206, LARGE[1000:1010])
    assert part["Content-Security-Policy"] == "sandbox; default-src 'none'"
    small = api(owner).get(f"/file/{moved.pk}/preview/small")
    assert (small.status_code, small.content) == (200, b"small")
    assert api(owner).get(url, headers={"If-None-Match": whole["ETag"]}).status_code == 304
    assert api(stranger).get(url).status_code == 404


def test_a_store_that_is_away_loses_nothing(
    moved, away, bucket, settings, api, owner, private_room, upload, caplog
):
    back = settings.FILES_URL
    away()
    mover.start_over()
    later = upload(owner, private_room)
    assert mover.move() == 0
    assert "Files can't be moved to the store of FILES_URL (EndpointConnectionError)" in caplog.text
    assert SECRET not in caplog.text
    assert api(owner).get(f"/file/{later.pk}/note.txt").content == b"some words"
    answer = api(owner).get(f"/file/{moved.pk}/note.txt")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    with pytest.raises(CommandError, match="1 files are not moved"):
        call_command("files", "--move", stdout=StringIO())
    settings.FILES_URL = back
    mover.start_over()
    call_command("files", "--move", stdout=StringIO())
    assert not Blob.objects.filter(remote=False).exists()
    assert api(owner).get(f"/file/{later.pk}/note.txt").content == b"some words"


def test_one_person_has_so_many_downloads(moved, bucket, api, owner, monkeypatch):
    monkeypatch.setattr(delivery, "STREAMS", 10)
    monkeypatch.setattr(delivery, "PART_OF_FREE", 1 / 8)
    url = f"/file/{moved.pk}/note.txt"
    first, second = (api(owner).get(url) for _ in range(2))
    assert api(owner).get(url).json()["code"] == "rate_limited"
    first.close()
    third = api(owner).get(url)
    assert b"".join(third.streaming_content) == LARGE
    for answer in (second, third):
        answer.close()
    assert not delivery.streams


def test_downloads_of_others_leave_room_for_one_more(monkeypatch):
    monkeypatch.setattr(delivery, "streams", Counter())

    def take(person):
        while True:
            try:
                delivery.check_streams(person)
            except ChatError as error:
                return error.code
            delivery.streams[person] += 1

    assert {take(person) for person in range(8)} == {"rate_limited"}
    assert delivery.streams.total() < delivery.STREAMS * 0.7
    assert delivery.streams[0] <= 24
    delivery.check_streams("somebody else")
    delivery.streams["others"] = delivery.STREAMS
    assert take("somebody else") == "unavailable"


def test_a_download_counts_before_the_store_is_asked(moved, bucket, api, owner, monkeypatch):
    counted, get = [], store.get

    def get_counted(*arguments):
        counted.append(delivery.streams[owner.pk])
        return get(*arguments)

    monkeypatch.setattr(store, "get", get_counted)
    api(owner).get(f"/file/{moved.pk}/note.txt").close()
    assert (counted, delivery.streams) == ([1], {})


def test_without_its_packages_it_is_said(
    server, settings, uploads, owner, private_room, upload, caplog, monkeypatch
):
    settings.FILES_URL = server.url()
    upload(owner, private_room)
    monkeypatch.setattr(store, "child", Child(replace(store.child.kind, module="files.storage.nothing")))
    mover.start_over()
    assert mover.move() == 0
    assert "Files can't be moved to the store of FILES_URL (its process doesn't start)" in caplog.text
    assert [finding.level for finding in doctor.remote()] == ["wrong"]


def test_a_lost_file_is_not_found(moved, bucket, api, owner):
    bucket.client().delete_object(Bucket=BUCKET, Key=f"some/folder/{store.name_of(moved.blob.key)}")
    assert api(owner).get(f"/file/{moved.pk}/note.txt").status_code == 404
    assert not delivery.streams


def test_another_machines_upload_is_waited_for(moved, bucket, api, owner, monkeypatch):
    """It has the bytes, and we the row, until it has moved them."""
    Blob.objects.update(remote=False)
    ways = []
    monkeypatch.setattr(delivery, "make_way", ways.append)

    def pause(seconds):
        # Others have had its place before it waits.
        assert len(ways) == 1
        Blob.objects.update(remote=True)

    monkeypatch.setattr(delivery, "pause", pause)
    answer = api(owner).get(f"/file/{moved.pk}/note.txt")
    assert b"".join(answer.streaming_content) == LARGE
    Blob.objects.update(remote=False)
    monkeypatch.setattr(delivery, "MOVE_SECONDS", 0)
    monkeypatch.setattr(delivery, "pause", time.sleep)
    assert api(owner).get(f"/file/{moved.pk}/note.txt").status_code == 404


def test_what_is_given_up_goes_from_the_store(moved, bucket, owner, uploads):
    services.discard(owner, moved.pk)
    assert sweeping.remove_some() == 1
    assert bucket.names() == set()
    assert not File.objects.exists()
    assert not list(local.incoming_folder().iterdir())


def test_what_a_store_was_away_for_goes_later(moved, bucket, away, owner, settings):
    back = settings.FILES_URL
    services.discard(owner, moved.pk)
    away()
    sweeping.remove_some()
    (note,) = local.incoming_folder().iterdir()
    os.utime(note, (0, 0))
    sweeping.remove_leftovers()
    assert note.exists()
    settings.FILES_URL = back
    sweeping.remove_leftovers()
    assert not note.exists()
    assert bucket.names() == set()


def test_however_many_a_store_was_away_for_go(bucket, uploads, monkeypatch):
    """More than a job of the child process may name."""
    monkeypatch.setattr(channel, "MAX_FRAME_BYTES", 1000)
    monkeypatch.setattr(store, "DELETED_AT_ONCE", 8)
    keys = [new_key() for _ in range(5)]
    with local.incoming() as file:
        store.put(store.name_of(keys[-1]), file)
    for key in keys:
        local.note(key)
        os.utime(local.incoming_folder() / key, (0, 0))
    sweeping.remove_leftovers()
    assert not list(local.incoming_folder().iterdir())
    assert bucket.names() == set()


def test_what_is_deleted_while_it_is_moved_goes(bucket, owner, private_room, upload, uploads):
    file = upload(owner, private_room)
    blob = file.blob
    file.delete()
    Blob.objects.all().delete()
    assert moving.move(Blob(pk=1, key=blob.key))
    assert bucket.names() == set()
    assert kept(uploads) == {}


def test_what_is_swept_between_two_of_its_pictures_goes(
    bucket, owner, private_room, upload, uploads, monkeypatch
):
    file = upload(owner, private_room, previews={"small": [1, 1, 5]})
    local.path(file.blob.key, "small").write_bytes(b"small")
    put = store.put

    def put_and_sweep(name, source):
        put(name, source)
        services.discard(owner, file.pk)
        sweeping.remove_some()

    monkeypatch.setattr(store, "put", put_and_sweep)
    assert mover.move() == 0
    assert bucket.names() == set()
    assert kept(uploads) == {"moving.lock": b""}


def test_a_row_that_came_late_is_moved(bucket, owner, private_room, upload):
    """Rows are committed in another order than they have their keys."""
    late, _ = (upload(owner, private_room) for _ in range(2))
    Blob.objects.filter(pk=late.blob_id).update(remote=True)
    assert mover.move() == 1
    Blob.objects.filter(pk=late.blob_id).update(remote=False)
    assert mover.move() == 1
    assert len(bucket.names()) == 2


def test_of_several_processes_one_moves(bucket, owner, private_room, upload):
    upload(owner, private_room)
    with moving.alone() as may:
        assert may
        assert mover.move() == 0
    assert mover.move() == 1


@pytest.fixture
def copied(moved):
    """Make the site a copy of the one whose store it is: restored from its backup."""

    def copied():
        store_claim.set_token()
        store_claim.checks._until = 0.0

    return copied


def test_a_copy_of_the_site_changes_nothing_in_the_store(
    moved, copied, bucket, api, owner, private_room, upload, caplog
):
    before = names_of(moved.blob)
    copied()
    upload(owner, private_room)
    mover.start_over()
    assert mover.move() == 0
    assert "(it is another site's, or this one's from before it was copied or restored" in caplog.text
    assert b"".join(api(owner).get(f"/file/{moved.pk}/note.txt").streaming_content) == LARGE
    services.discard(owner, moved.pk)
    sweeping.remove_some()
    (note,) = (path for path in local.incoming_folder().iterdir())
    os.utime(note, (0, 0))
    sweeping.remove_leftovers()
    later = time.time() + orphans.MIN_AGE_SECONDS + 60
    with pytest.raises(StoreError, match="can't be reached"):
        orphans.delete(next(iter(orphans.bytes_without_rows(later))))
    assert bucket.names() == before
    assert [finding.level for finding in doctor.remote()][:2] == ["ok", "wrong"]
    call_command("files", "--take-store", stdout=StringIO())
    sweeping.remove_leftovers()
    assert mover.move() == 1
    assert bucket.names() == names_of(Blob.objects.get())
    assert "wrong" not in [finding.level for finding in doctor.remote()]


def test_the_site_that_lost_its_store_stops_at_once(moved, copied, bucket, owner):
    mine = StoreClaim.objects.get().token
    copied()
    store_claim.take()
    StoreClaim.objects.update(token=mine)
    store_claim.checks._url, store_claim.checks._until = "", time.monotonic() + 60
    services.discard(owner, moved.pk)
    sweeping.remove_some()
    assert bucket.names() == names_of(moved.blob)


def test_orphans_in_the_store_are_deleted(moved, bucket):
    key = new_key()
    with local.incoming() as file:
        store.put(store.name_of(key), file)
        # A copy of what is still in the folder may be on its way.
        store.put("README", file)
    later = time.time() + orphans.MIN_AGE_SECONDS + 60
    assert [found.key for found in orphans.bytes_without_rows()] == []
    found = list(orphans.bytes_without_rows(later))
    assert [(one.key, one.remote) for one in found] == [(key, True)]
    for one in found:
        orphans.delete(one)
    assert bucket.names() == {*names_of(moved.blob), "some/folder/README"}
    Blob.objects.update(remote=False)
    assert list(orphans.bytes_without_rows(later)) == []


def test_rows_of_a_backup_without_files_say_where_they_are_now(
    moved, bucket, away, uploads, owner, private_room, upload
):
    here, gone = (upload(owner, private_room) for _ in range(2))
    local.delete(gone.blob.key)
    Blob.objects.filter(pk=moved.blob_id).update(remote=False)
    Blob.objects.filter(pk=here.blob_id).update(remote=True)
    upload_rows.correct_places()
    remote = Blob.objects.order_by("pk").values_list("remote", flat=True)
    assert [*remote] == [True, False, False]
    away()
    with pytest.raises(CommandError, match="FILES_URL: the store doesn't say what it has"):
        upload_rows.correct_places()


def test_a_backup_has_them(moved, bucket, away, uploads, tmp_path):
    def backed_up(path: Path) -> dict:
        with archive.new(path) as file:
            manifest = SAID | {"format": 2, "uploads": backup_uploads(file)}
            archive.add_manifest(file, manifest)
        return manifest["uploads"]

    path = tmp_path / "b.zip"
    assert backed_up(path)["files"] == 2
    check(path)
    restore(path)
    assert sorted(kept(uploads).values()) == sorted([LARGE, b"small"])
    local.delete(moved.blob.key, ["small"])
    # Moved after its row was read.
    Blob.objects.update(remote=False)
    assert backed_up(path)["files"] == 2
    bucket.client().delete_object(Bucket=BUCKET, Key=f"some/folder/{store.name_of(moved.blob.key, 'small')}")
    assert backed_up(path)["missing"] == 1
    away()
    with pytest.raises(CommandError, match=r"the store doesn't give a file \(EndpointConnectionError\)"):
        backed_up(path)


def backup_uploads(file):
    return backup.add(file, wanted(Blob), backup.Losses())


def test_a_backup_has_the_rest_where_a_store_has_less(bucket, uploads, owner, private_room, upload, tmp_path):
    whole, shorter, emptied, gone, deleted = (upload(owner, private_room, data=LARGE) for _ in range(5))
    assert mover.move() == 5
    for file, body in ((shorter, LARGE[:1000]), (emptied, b"")):
        name = f"some/folder/{store.name_of(file.blob.key)}"
        bucket.client().put_object(Bucket=BUCKET, Key=name, Body=body)
    rows = list(wanted(Blob))
    services.discard(owner, deleted.pk)
    sweeping.remove_some()
    bucket.client().delete_object(Bucket=BUCKET, Key=f"some/folder/{store.name_of(gone.blob.key)}")
    path, losses = tmp_path / "b.zip", backup.Losses()
    with archive.new(path) as file:
        said = backup.add(file, iter(rows), losses)
        archive.add_manifest(file, SAID | {"format": 2, "uploads": said})
    assert [said[key] for key in ("files", "missing", "lost", "damaged")] == [3, 2, 1, 2]
    names = [store.name_of(each.blob.key) for each in (shorter, emptied, gone)]
    assert losses.names == names
    with pytest.raises(CommandError, match=rf"3 files are gone or not as .*: uploads/{names[0]}, ") as error:
        output.check_whole(losses)
    assert error.value.returncode == 2
    check(path)
    restore(path)
    assert sorted(kept(uploads).values()) == [b"", LARGE[:1000], LARGE]
    assert (uploads / store.name_of(whole.blob.key)).read_bytes() == LARGE


def test_a_file_that_is_shorter_in_the_store_is_not_begun(moved, bucket, api, owner):
    name = f"some/folder/{store.name_of(moved.blob.key)}"
    bucket.client().put_object(Bucket=BUCKET, Key=name, Body=LARGE[:1000])
    assert api(owner).get(f"/file/{moved.pk}/note.txt").status_code == 404
    assert not delivery.streams


@pytest.mark.parametrize(
    ("path", "secret", "reason"),
    [(BUCKET, "", ""), (BUCKET, "opensesame", "SignatureDoesNotMatch"), ("nothing", "", "NoSuchBucket")],
)
def test_the_doctor_tries_it(bucket, settings, path, secret, reason):
    settings.FILES_URL = bucket.url(path, secret=secret or SECRET)
    local.folder().mkdir()
    (finding,) = doctor.remote()
    assert (finding.level, finding.topic) == ("wrong" if reason else "ok", "store")
    assert reason in finding.sentence
    assert "opensesame" not in str(finding)


def test_where_there_is_no_store_nobody_asks_one(settings, moved, api, owner, tmp_path):
    settings.FILES_URL = ""
    with archive.new(tmp_path / "b.zip") as file, pytest.raises(CommandError, match="FILES_URL is not set"):
        backup_uploads(file)
    assert [finding.level for finding in doctor.remote()] == ["ok"]
    assert mover.move() == 0
    assert api(owner).get(f"/file/{moved.pk}/note.txt").status_code == 503
    with pytest.raises(CommandError, match="FILES_URL is not set"):
        call_command("files", "--move", stdout=StringIO())
    with pytest.raises(StoreError):
        store.get("name", 0, 1)


def test_the_server_moves_uploads_and_sends_them_from_there(bucket, tmp_path):
    data = os.urandom(1_000_000) * 8
    with serve(tmp_path / "site", FILES_URL=bucket.url(f"{BUCKET}/served"), FILES_FREE_MB="0") as site:
        headers = {"Authorization": f"Token {site.manage('shell', '-v0', '-c', TOKEN).split()[-1]}"}
        room = requests.post(site.url + "/room", {"name": "Board"}, headers=headers).json()["slug"]
        parts = [("room", (None, room)), ("client_id", (None, new_key())), ("file", ("data", data))]
        sent = requests.post(site.url + "/file", files=parts, headers=headers)
        assert sent.status_code == 201, sent.text
        deadline = time.monotonic() + 30
        while list((tmp_path / "site" / "uploads").glob("??/??/*")):
            assert time.monotonic() < deadline, "it isn't moved"
            time.sleep(0.05)
        url = site.url + sent.json()["url"]
        assert requests.get(url, headers=headers).content == data
        part = requests.get(url, headers={**headers, "Range": "bytes=1000000-7000000"})
        assert (part.status_code, part.content == data[1_000_000:7_000_001]) == (206, True)
        # One that goes away in the midst of it holds up nobody.
        with requests.get(url, headers=headers, stream=True) as left:
            left.raw.read(1000)
        assert requests.get(url, headers={**headers, "Range": "bytes=0-9"}).content == data[:10]
