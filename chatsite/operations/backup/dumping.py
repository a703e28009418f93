"""`./run backup`: write a snapshot of the database, and the uploads, into an archive."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, transaction

from chatsite.operations.backup import archive, history, rows, upload_rows, uploads


def back_up(path: Path, files: bool = True) -> tuple[dict[str, Any], uploads.Losses]:
    """Write the archive `path`; return its manifest, and which files it hasn't whole. Without `files` it has no uploads. The
    server may run meanwhile and isn't blocked."""
    check_not_empty()
    losses = uploads.Losses()
    with archive.new(path) as file, upload_rows.spool() as spool:
        with snapshot():
            manifest = dump(file, spool)
        if files:
            upload_rows.check_space(path.parent, spool.bytes, "The files need")
        # Not within the snapshot: reading many takes long, and keeps PostgreSQL from tidying up.
        manifest["uploads"] = uploads.add(file, iter(spool), losses) if files else uploads.LEFT_OUT
        archive.add_manifest(file, manifest)
    return manifest, losses


def check_not_empty() -> None:
    # Connecting would create the file.
    if connection.vendor == "sqlite" and not Path(str(settings.DATABASES["default"]["NAME"])).exists():
        raise CommandError("There is no database yet: ./run makes one.")
    if not history.applied():
        raise CommandError("The database is empty: ./run makes its tables.")


@contextmanager
def snapshot() -> Iterator[None]:
    """Read within the block from one snapshot of the database, without blocking writers."""
    connection.ensure_connection()
    # For SQLite: the site's default, IMMEDIATE, would take the write lock.
    connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL statement_timeout = 0")
        yield


def dump(file: zipfile.ZipFile, spool: upload_rows.Spool) -> dict[str, Any]:
    migrations = history.applied()
    history.check_known(migrations, "The database")
    models = history.models_at(migrations)
    spool.fill(models)
    return {
        "format": archive.FORMAT_VERSION,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "engine": connection.vendor,
        "migrations": migrations,
        "tables": {model._meta.label_lower: add_table(file, model) for model in models},
        "rooms": rooms(models),
    }


def add_table(file: zipfile.ZipFile, model: Any) -> dict[str, Any]:
    tally = archive.add_table(file, model._meta.label_lower, rows.read(model))
    return {"columns": rows.columns_of(model), "rows": tally.rows, "sha256": tally.sha256}


def rooms(models: list[Any]) -> dict[str, dict[str, Any]]:
    """Return `{slug: {"epoch", "head"}}` of all rooms; `models` are the historical ones."""
    (room,) = [model for model in models if model._meta.label_lower == "rooms.room"]
    values = room._base_manager.order_by("pk").values_list("slug", "epoch", "head")
    return {slug: {"epoch": epoch, "head": head} for slug, epoch, head in values}
