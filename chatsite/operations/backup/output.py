"""Sentences of the backup's commands: an archive's contents, and errors, in one line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import Error

from chatsite.operations.backup.uploads import Losses

# Of a backup that was written, and lacks files.
INCOMPLETE = 2


def contents(manifest: dict[str, Any]) -> str:
    """Summarise an archive: `12 people, 9 rooms, 3400 messages and 0 files`."""

    def rows(label: str) -> int:
        # An archive of an older version may lack the table.
        return int(manifest["tables"].get(label, {"rows": 0})["rows"])

    return (
        f"{rows('accounts.user')} people, {rows('rooms.room')} rooms, {rows('messaging.message')} messages"
        f" and {files(manifest)}"
    )


def files(manifest: dict[str, Any]) -> str:
    """Summarise an archive's files: `12 files`, and what is not as the rows have it."""
    uploads = manifest["uploads"]
    if manifest["format"] == 1:
        return f"{len(uploads)} files"
    if not uploads["included"]:
        return "no files, as they were left out"
    odd = {
        "deleted before they were read": uploads["missing"] - uploads["lost"],
        "gone": uploads["lost"],
        "not as they were uploaded": uploads["damaged"],
    }
    told = "; ".join(f"{what}: {count}" for what, count in odd.items() if count)
    return f"{uploads['files']} files" + (f" ({told})" if told else "")


def check_whole(losses: Losses) -> None:
    """Raise CommandError, with the exit code INCOMPLETE, where a backup hasn't all files as their rows name them."""
    if losses.count:
        named = ", ".join(f"uploads/{name}" for name in losses.names)
        more = f", and {losses.count - len(losses.names)} more" if losses.count > len(losses.names) else ""
        raise CommandError(
            f"It has everything else, but {losses.count} files are gone or not as they were uploaded: {named}{more}.",
            returncode=INCOMPLETE,
        )


@contextmanager
def in_one_line(path: Path) -> Iterator[None]:
    """Turn errors of the file `path` and of the database into a CommandError of one line."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"{error.filename or path}: {error.strerror or error}") from error
    except Error as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CommandError(f"DATABASE_URL: the database cannot be used: {reason}") from error
