"""Files in a backup's archive, without a site around them: format 2, the old format 1, and what is damaged."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from chatsite.operations.backup import archive, output, rows, upload_folder, upload_rows, uploads
from chatsite.operations.backup.upload_rows import Wanted
from files.models import Blob
from files.storage import local
from files.storage.keys import new_key
from tests.support import ROOT

SAID = {"made_at": "2026-01-01T00:00:00Z", "migrations": [], "tables": {}, "rooms": {}}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "uploads")
    return tmp_path / "uploads"


def stored(data: bytes, which: str = "", key: str = "") -> Wanted:
    """A file in the folder of uploads, and what a row says of it."""
    key = key or new_key()
    path = local.path(key, which)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    sha256 = "" if which else hashlib.sha256(data).hexdigest()
    return Wanted(key, which, len(data), sha256, remote=False)


def is_nobodys(wanted: Wanted) -> bool:
    return False


def made(path: Path, wanted: list[Wanted], losses: uploads.Losses | None = None) -> dict:
    with archive.new(path) as file:
        manifest = SAID | {
            "format": 2,
            "uploads": uploads.add(file, iter(wanted), losses or uploads.Losses(is_nobodys)),
        }
        archive.add_manifest(file, manifest)
    return manifest


def of_format_1(path: Path, **members: bytes) -> Path:
    """An archive as version 0.2.0 wrote it."""
    listed = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in members.items()
    }
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(f"uploads/{name}", data)
        archive.add_manifest(file, SAID | {"format": 1, "uploads": listed})
    return path


def changed(path: Path, *changes: tuple[str, bytes, bytes]) -> Path:
    """A copy of an archive: in the named member, the first bytes are replaced by the second, which are as many."""
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            for name, before, after in changes:
                if name == info.filename:
                    assert before in data
                    data = data.replace(before, after)
            new.writestr(info.filename, data)
    return target


def check(path: Path) -> None:
    with archive.opened(path) as opened:
        uploads.check(opened)
        assert list(uploads.listed(opened))


def restore(path: Path) -> None:
    with archive.opened(path) as opened, upload_folder.replaced(opened):
        pass


def kept(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_files_come_back_in_tars_of_a_bounded_number(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "PART_FILES", 3)
    monkeypatch.setattr(uploads, "PART_BYTES", 10_000)
    wanted = [stored(b"%d" % n * n) for n in range(7)] + [stored(bytes(20_000)), stored(b"last")]
    wanted.insert(1, stored(b"small", "small", wanted[0].key))
    before = kept(folder)
    manifest = made(tmp_path / "b.zip", wanted)
    with zipfile.ZipFile(tmp_path / "b.zip") as file:
        assert [name for name in file.namelist() if name.endswith(".tar")] == [
            f"uploads/0000{n}.tar" for n in range(1, 5)
        ]
    assert manifest["uploads"] | {"sha256": ""} == {
        "included": True, "parts": 4, "files": 10, "bytes": sum(map(len, before.values())),
        "missing": 0, "damaged": 0, "lost": 0, "sha256": "",
    }  # fmt: skip
    stored(b"younger than the backup")
    (folder.parent / "uploads.replaced").mkdir()
    check(tmp_path / "b.zip")
    restore(tmp_path / "b.zip")
    assert kept(folder) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.zip", "uploads"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*") if path.is_file())


def test_a_link_to_another_disk_stays_one(folder, tmp_path):
    path = of_format_1(tmp_path / "b.zip", note=b"note")
    (tmp_path / "disk" / "uploads").mkdir(parents=True)
    folder.symlink_to(tmp_path / "disk" / "uploads")
    restore(path)
    assert folder.is_symlink()
    assert kept(tmp_path / "disk") == {"uploads/note": b"note"}


def test_a_disk_of_its_own_cannot_be_exchanged(settings, tmp_path):
    path = of_format_1(tmp_path / "b.zip", note=b"note")
    settings.MEDIA_ROOT = "/proc"
    with pytest.raises(CommandError, match="/proc is a disk of its own"):
        restore(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_servers_user_gets_what_root_restores(folder, tmp_path):
    made(tmp_path / "b.zip", [stored(b"whole")])
    os.chown(folder, 65534, 65534)
    restore(tmp_path / "b.zip")
    assert {path.stat().st_uid for path in (folder, *folder.rglob("*"))} == {65534}


def test_what_is_gone_or_broken_by_then_is_said(tmp_path):
    gone, broken, whole = stored(b"gone"), stored(b"broken"), stored(b"whole")
    local.path(gone.key).unlink()
    local.path(broken.key).write_bytes(b"brokem")
    manifest = made(tmp_path / "b.zip", [gone, broken, whole])
    assert output.files(manifest) == (
        "2 files (deleted before they were read: 1; not as they were uploaded: 1)"
    )
    check(tmp_path / "b.zip")
    restore(tmp_path / "b.zip")
    assert not local.path(gone.key).exists()
    assert local.path(whole.key).read_bytes() == b"whole"


def test_what_a_row_names_and_nobody_has_is_told_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_NAMED", 2)
    gone = [stored(b"gone") for _ in range(3)]
    for one in gone:
        local.path(one.key).unlink()
    losses = uploads.Losses(lambda wanted: True)
    manifest = made(tmp_path / "b.zip", [*gone, stored(b"whole")], losses)
    assert output.files(manifest) == "1 files (gone: 3)"
    with pytest.raises(CommandError, match=f": uploads/{gone[0].name}, uploads/{gone[1].name}, and 1 more"):
        output.check_whole(losses)
    check(tmp_path / "b.zip")


def test_a_file_that_cannot_be_read_to_its_end_keeps_nobody_else_out(tmp_path, monkeypatch):
    broken, grown, whole = stored(b"broken"), stored(b"grown"), stored(b"whole")

    @contextmanager
    def opened(wanted):
        if wanted is broken:
            yield 6, breaking_off()
        else:
            yield 5, iter([local.path(wanted.key).read_bytes() + b"!"])

    def breaking_off():
        yield b"bro"
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(uploads, "opened", opened)
    manifest = made(tmp_path / "b.zip", [broken, grown, whole])
    assert (manifest["uploads"]["files"], manifest["uploads"]["damaged"]) == (3, 1)
    check(tmp_path / "b.zip")
    restore(tmp_path / "b.zip")
    found = [local.path(one.key).read_bytes() for one in (broken, grown, whole)]
    assert found == [b"bro\0\0\0", b"grown", b"whole"]


@pytest.mark.parametrize(
    ("member", "before", "after", "said"),
    [
        ("uploads/00001.tar", b"whole", b"whale", "is not as it was"),
        ("uploads/00001.tar", b"ustar", b"usTar", "is not"),
        ("uploads/00001.jsonl", b'"size":5', b'"size":6', "is not where the archive's list has it"),
        ("uploads/00001.jsonl", b'"missing":false', b'"missing":true ', "The list of uploads is not as it was"),
        ("uploads/00001.jsonl", b'{"name":"', b'{"name":"../../', "is not where the archive's list has it"),
        ("uploads/00001.jsonl", b'"sha256"', b'"sha257"', "is not a whole backup"),
    ],
)  # fmt: skip
def test_another_content_is_seen(member, before, after, said, tmp_path):
    made(tmp_path / "b.zip", [stored(b"whole")])
    with pytest.raises(CommandError, match=said):
        check(changed(tmp_path / "b.zip", (member, before, after)))


def test_a_restore_that_fails_leaves_the_folder_as_it_was(folder, tmp_path):
    made(tmp_path / "b.zip", [stored(b"whole")])
    before = kept(folder)
    for bad in (
        changed(tmp_path / "b.zip", ("uploads/00001.tar", b"whole", b"whale")),
        changed(tmp_path / "b.zip", ("manifest.json", b'"bytes": 5', b'"bytes": 555555555555555')),
    ):
        with pytest.raises(CommandError, match=r"is not as it was|The files need 555555\.6 GB"):
            restore(bad)
        assert kept(folder) == before
        assert not list(tmp_path.glob("*.restoring"))


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_a_file_stays_inside(name, folder, tmp_path):
    wanted = stored(b"whole")
    made(tmp_path / "b.zip", [wanted])
    inner = wanted.name.encode()
    outer = name.encode().rjust(len(inner), b"/") if name.startswith("/") else name.encode()
    for bad in (
        of_format_1(tmp_path / "old.zip", **{name: b"out"}),
        changed(
            tmp_path / "b.zip",
            ("uploads/00001.jsonl", inner, outer),
            ("uploads/00001.tar", with_sum(inner), with_sum(outer)),
        ),
    ):
        with pytest.raises(CommandError, match="outside of its folder"):
            restore(bad)
    assert not (tmp_path / "outside").exists()


def with_sum(name: bytes) -> bytes:
    """The header of a tar's member of five bytes."""
    info = tarfile.TarInfo(name.decode())
    info.size, info.mode = 5, 0o600
    return info.tobuf(tarfile.PAX_FORMAT)


class TestOfAStranger:
    """An archive may have been made by anybody: what it says bounds no memory and no disk, and nothing is changed."""

    @pytest.fixture
    def whole(self, folder, tmp_path) -> Path:
        made(tmp_path / "b.zip", [stored(b"whole")])
        return tmp_path / "b.zip"

    def refused(self, path: Path, said: str) -> None:
        folder = local.folder()
        before = kept(folder)
        for attempt in (check, restore):
            with pytest.raises(CommandError, match=said):
                attempt(path)
        assert kept(folder) == before
        assert not list(path.parent.glob("*.restoring"))

    def of_tar(self, whole: Path, tar: bytes) -> Path:
        """The archive with other bytes in the place of its tar."""
        with zipfile.ZipFile(whole) as file:
            before = file.read("uploads/00001.tar")
        return changed(whole, ("uploads/00001.tar", before, tar))

    @pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
    def test_a_header_of_any_length_is_not_read(self, kind, whole):
        info = tarfile.TarInfo("././@PaxHeader")
        info.type, info.size = kind, 1_000_000_000
        bad = self.of_tar(whole, info.tobuf(tarfile.USTAR_FORMAT) + bytes(1_000_000))
        self.refused(bad, "a header of its files is too long|is not where the archive's list has it")

    def test_what_python_writes_of_a_large_file_is_read(self):
        data = uploads.header("large", 9 * 2**30) + b"some"
        assert tarfile.TarInfo.frombuf(data[:512], "utf-8", "strict").type == tarfile.XHDTYPE
        member = archive.Tar(io.BytesIO(data)).member("large", 9 * 2**30)
        assert member is not None
        assert member.read(100) == b"some"

    def test_a_size_that_lies_fills_no_disk(self, whole, tmp_path):
        self.refused(
            changed(whole, ("manifest.json", b'"bytes": 5', b'"bytes": 4')),
            "more files than it says, or larger",
        )
        self.refused(
            changed(whole, ("manifest.json", b'"files": 1', b'"files": 0')),
            "more files than it says, or larger",
        )
        self.refused(
            changed(whole, ("uploads/00001.jsonl", b'"size":5', b'"size":-')), "is not a whole backup"
        )
        self.refused(
            changed(whole, ("uploads/00001.jsonl", b'"damaged":false', b'"damaged":"none"')), "is not a whole"
        )
        old = of_format_1(tmp_path / "old.zip", note=b"note")
        self.refused(
            changed(old, ("manifest.json", b'"bytes": 4', b'"bytes": -4')), "is not what it should be"
        )
        sink = io.BytesIO()
        with pytest.raises(CommandError):
            uploads.checked(upload_rows.Entry("note", 4, ""), io.BytesIO(bytes(10_000_000)), sink)
        assert len(sink.getvalue()) == 5

    def test_a_line_is_no_longer_than_a_row(self, whole, monkeypatch):
        monkeypatch.setattr(archive, "MAX_LINE_BYTES", 50)
        self.refused(whole, "uploads/00001.jsonl has a longer line than a row")

    def test_a_zip_has_so_many_members(self, whole, monkeypatch):
        monkeypatch.setattr(archive, "MAX_DIRECTORY_BYTES", 100)
        self.refused(whole, "it has too many members")

    def test_its_bytes_are_compressed_as_ours_are(self, whole, tmp_path):
        with (
            zipfile.ZipFile(whole) as old,
            zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_BZIP2) as new,
        ):
            for name in old.namelist():
                new.writestr(name, old.read(name))
        self.refused(tmp_path / "x.zip", "it is compressed in another way")

    def test_it_brings_no_notes_for_the_sweep(self, folder, tmp_path):
        stored(b"here")
        path = of_format_1(tmp_path / "old.zip", **{f"incoming/{new_key()}": b""})
        with pytest.raises(CommandError, match="wants to write notes of its own"):
            restore(path)
        assert list(kept(folder).values()) == [b"here"]


def test_rows_are_taken_by_their_bytes(monkeypatch):
    monkeypatch.setattr(rows, "CHUNK_ROWS", 3)
    monkeypatch.setattr(rows, "CHUNK_BYTES", 10)
    lines = [b"x" * size for size in (1, 1, 1, 11, 5, 6, 1)]
    assert [len(chunk) for chunk in rows.in_chunks(lines)] == [3, 1, 2, 1]


def test_an_old_archive_is_read(folder, tmp_path):
    path = of_format_1(tmp_path / "old.zip", **{"2026/ä.png": b"\x89PNG" * 1000, "note.txt": b"note"})
    check(path)
    restore(path)
    assert kept(folder) == {"2026/ä.png": b"\x89PNG" * 1000, "note.txt": b"note"}
    with pytest.raises(CommandError, match=r"uploads/note\.txt is not as it was"):
        check(changed(path, ("uploads/note.txt", b"note", b"Note")))


def test_an_archive_without_files_leaves_them(folder, tmp_path):
    stored(b"here")
    before = kept(folder)
    with archive.new(tmp_path / "b.zip") as file:
        archive.add_manifest(file, SAID | {"format": 2, "uploads": uploads.LEFT_OUT})
    restore(tmp_path / "b.zip")
    assert kept(folder) == before
    restore(of_format_1(tmp_path / "old.zip"))
    assert kept(folder) == before


@pytest.mark.django_db
class TestRows:
    def blob(self, data: bytes, **previews: bytes) -> Blob:
        wanted = stored(data)
        for which, small in previews.items():
            stored(small, which, wanted.key)
        sizes = {which: [1, 1, len(small)] for which, small in previews.items()}
        return Blob.objects.create(
            key=wanted.key, size=wanted.size, sha256=wanted.sha256, previews=sizes,
            type="image/png", kind="picture", inline=True,
        )  # fmt: skip

    def compare(self, path: Path) -> None:
        with archive.opened(path) as opened:
            upload_rows.compare(uploads.listed(opened))

    @pytest.fixture
    def path(self, tmp_path):
        self.blob(b"one", small=b"1", large=b"11")
        self.blob(b"two")
        with upload_rows.spool() as spool:
            spool.fill([Blob])
            assert spool.bytes == 9
            assert made(tmp_path / "b.zip", list(spool))["uploads"]["files"] == 4
        return tmp_path / "b.zip"

    def test_an_archive_has_the_files_of_its_rows(self, path):
        check(path)
        self.compare(path)

    def test_a_row_without_its_file_is_seen(self, path):
        self.blob(b"three")
        with pytest.raises(CommandError, match="not those that its rows name, from uploads/"):
            self.compare(path)

    def test_a_file_without_its_row_is_seen(self, path):
        Blob.objects.last().delete()
        with pytest.raises(CommandError, match="not those that its rows name, from uploads/"):
            self.compare(path)

    def test_another_file_than_the_row_names_is_seen(self, path):
        Blob.objects.filter(size=3).update(sha256="0" * 64)
        with pytest.raises(CommandError, match="is not the one that its row names"):
            self.compare(path)


ZEROS = bytes(upload_rows.PIECE_BYTES)


class Holes(io.FileIO):
    """A file in which a megabyte of zeros takes no space on the disk, and so no time."""

    def write(self, data) -> int:
        if data == ZEROS:
            self.seek(len(data), os.SEEK_CUR)
            return len(data)
        return super().write(data)


# What a process may take more than before, in KB: what is read and written at once, and what Python loads for it.
MOST_KB = 50_000
GIGABYTE = """
import resource, sys, zipfile
import django
django.setup()
from django.conf import settings
folder, path, *keys = sys.argv[1:]
settings.MEDIA_ROOT = folder
from tests.operations import test_backup_files as tests
files = iter([tests.Wanted(key, "", 0, "", False) for key in keys])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with zipfile.ZipFile(tests.Holes(path, "w"), "w") as file:
    manifest = tests.SAID | {"format": 2, "uploads": tests.uploads.add(file, files, tests.uploads.Losses(tests.is_nobodys))}
    tests.archive.add_manifest(file, manifest)
tests.check(tests.Path(path))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, manifest["uploads"]["bytes"])
"""


@pytest.mark.slow
def test_a_gigabyte_takes_little_memory(folder, tmp_path):
    large = stored(b"").key
    os.truncate(local.path(large), 1_000_000_000)
    keys = [stored(b"small").key for _ in range(1500)]
    run = [sys.executable, "-c", GIGABYTE, folder, tmp_path / "b.zip", large, *keys]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    more_kb, read = map(int, done.stdout.split())
    assert more_kb < MOST_KB
    assert read == 1_000_000_000 + 1500 * len(b"small")
