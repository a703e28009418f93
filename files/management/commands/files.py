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
from files.uploading import names
from files.uploading.processing import Processed, Rejected, processed


class Command(BaseCommand):
    help = (
        "Tells what the site makes of a file: its type, and what is taken out of it. The file stays as it is."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", type=Path, required=True, metavar="FILE", help="the file to look at")
        parser.add_argument(
            "--into", type=Path, metavar="FOLDER", help="write there what would be kept of it"
        )

    def handle(self, *args: Any, check: Path, into: Path | None = None, **options: Any) -> None:
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
