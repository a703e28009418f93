import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from chatsite.contract.errors import Unavailable
from files import orphans, store_claim, usage
from files.models import Blob
from files.moving import mover
from files.storage import store
from files.storage.store import StoreError
from files.uploading import names
from files.uploading.processing import Processed, Rejected, processed

# Of orphans that are named; the others are counted.
MAX_NAMED = 10


class Command(BaseCommand):
    help = (
        "Says what files there are, how much they take, and what is missing or of no use; with --check, what the site"
        " makes of a file."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--check",
            type=Path,
            metavar="FILE",
            help="look at a file, which stays as it is: its type, what is kept",
        )
        parser.add_argument(
            "--into", type=Path, metavar="FOLDER", help="with --check: write there what would be kept of it"
        )
        parser.add_argument(
            "--move",
            action="store_true",
            help="move files to the store of FILES_URL now, as the server does by itself",
        )
        parser.add_argument(
            "--take-store",
            action="store_true",
            help="make the store of FILES_URL this site's, which alone may then write and delete there",
        )
        parser.add_argument(
            "--delete-orphans", action="store_true", help="delete bytes of which no row has known for an hour"
        )

    def handle(
        self,
        *args: Any,
        check: Path | None = None,
        into: Path | None = None,
        move: bool = False,
        take_store: bool = False,
        delete_orphans: bool = False,
        **options: Any,
    ) -> None:
        if check:
            self.check_file(check, into)
        elif into:
            raise CommandError("--into is for --check FILE.")
        elif move:
            self.move()
        else:
            try:
                self.take_store() if take_store else self.report(delete_orphans)
            except StoreError as error:
                raise CommandError(f"FILES_URL: the store can't be used ({error.reason}).") from error

    def take_store(self) -> None:
        store_claim.take()
        self.stdout.write(
            "The store of FILES_URL is this site's. Any other that has it must not serve any more."
        )

    def move(self) -> None:
        if not store.in_use():
            raise CommandError("FILES_URL is not set: there is nowhere to move files to.")
        self.stdout.write(f"Moved to the store of FILES_URL: {mover.move()} files.")
        waiting = Blob.objects.filter(remote=False).count()
        if waiting:
            raise CommandError(
                f"{waiting} files are not moved: the log, or files whose bytes are gone, say why."
            )

    def report(self, delete_orphans: bool) -> None:
        for title, shares in (
            ("Stored", usage.by_place()),
            ("By kind", usage.by_kind()),
            (f"Rooms, the largest {usage.LARGEST}", usage.by_room()),
            (f"People, the largest {usage.LARGEST}", usage.by_person()),
            ("Not in a message", [usage.loose(), usage.released()]),
        ):
            self.stdout.write(f"{title}:")
            for share in shares or [usage.Share("none", 0, 0)]:
                self.stdout.write(f"  {megabytes(share.size):>12}  {share.files:>7}  {share.name}")
        self.report_orphans(delete_orphans)

    def report_orphans(self, delete: bool) -> None:
        if delete and not Blob.objects.exists():
            raise CommandError(
                "The database knows of no file at all, so nothing is deleted. If it is the right one, do it by hand."
            )
        count = size = 0
        for found in orphans.bytes_without_rows():
            count, size = count + 1, size + found.size
            if delete:
                orphans.delete(found)
        done = "Deleted, as no row knew of them" if delete else "Bytes of which no row knows"
        self.stdout.write(f"{done}:\n  {megabytes(size):>12}  {count:>7}  for an hour or longer")
        gone = 0
        for gone, blob in enumerate(orphans.rows_without_bytes(), 1):
            if gone <= MAX_NAMED:
                self.stdout.write(f"The bytes of {blob.key} are gone.")
        self.stdout.write(f"Files whose bytes are gone: {gone}")

    def check_file(self, check: Path, into: Path | None) -> None:
        try:
            with copied(check) as copy:
                began = perf_counter()
                with processed(copy) as found:
                    self.tell(found, check, copy, perf_counter() - began)
                    if into:
                        write(found, copy, into, names.cleaned(check.name))
        except OSError as error:
            raise CommandError(f"{error.filename or check}: {error.strerror}") from error
        except (Rejected, Unavailable) as error:
            raise CommandError(f"{names.cleaned(check.name)} is refused. {error}") from error

    def tell(self, found: Processed, path: Path, copy: BinaryIO, seconds: float) -> None:
        shown = "shown in pages" if found.inline else "a download only"
        self.stdout.write(
            f"{names.cleaned(path.name)}: {found.type.media_type} ({found.type.kind}), {shown}."
        )
        facts = {
            "width": found.width,
            "height": found.height,
            "frames": found.frames if found.frames > 1 else None,
            "seconds": found.duration,
            "placeholder": found.placeholder or None,
        }
        for name, value in facts.items():
            if value is not None:
                self.stdout.write(f"  {name}: {value}")
        for name, preview in found.previews.items():
            self.stdout.write(
                f"  {name} preview: {preview.width} × {preview.height}, {size_of(preview.file):,} bytes"
            )
        self.stdout.write(f"  bytes: {path.stat().st_size:,}, kept {size_of(found.clean or copy):,}")
        self.stdout.write(f"  took {seconds * 1000:.0f} ms")


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


@contextmanager
def copied(path: Path) -> Iterator[BinaryIO]:
    """A copy in a temporary file: a film is changed in place."""
    with path.open("rb") as file, TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        yield copy


def size_of(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def write(found: Processed, copy: BinaryIO, folder: Path, name: str) -> None:
    """Write what is kept of a file, and its previews, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = name if found.clean is None else names.with_extension(name, found.type.extension)
    files = {kept: found.clean or copy}
    files |= {f"{name}-{which}.webp": preview.file for which, preview in found.previews.items()}
    for target, file in files.items():
        file.seek(0)
        with (folder / target).open("wb") as written:
            shutil.copyfileobj(file, written)
