"""What the commands say: of an archive in one line, of what went wrong in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import Error


def contents(manifest: dict[str, Any]) -> str:
    def rows(label: str) -> int:
        # An older site may not have had the table.
        return int(manifest["tables"].get(label, {"rows": 0})["rows"])

    return (
        f"{rows('accounts.user')} people, {rows('rooms.room')} rooms, {rows('messaging.message')} messages"
        f" and {len(manifest['uploads'])} files"
    )


@contextmanager
def in_one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(f"{error.filename or path}: {error.strerror or error}") from error
    except Error as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CommandError(f"DATABASE_URL: the database cannot be used: {reason}") from error
