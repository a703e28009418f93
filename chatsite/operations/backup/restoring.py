"""`./run restore` and `./run verify`: rebuild a site from an archive."""

import io
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.models import Model

from accounts.models import User
from chatsite.observability.host_names import WILDCARDS, bracketed
from chatsite.operations.backup import history, loader, targets, upload_folder, upload_rows, uploads
from chatsite.operations.backup.archive import Archive
from files import store_claim
from files.models import Blob, StoreClaim

# A database takes about as many bytes as its rows do as JSON.
ROWS_NEED = "The rows need"


def verify(archive: Archive) -> None:
    """Restore to a temporary SQLite file, and read all files. Raises CommandError if the archive is damaged."""
    history.check_known(archive.migrations, "The archive")
    uploads.check(archive)
    with tempfile.TemporaryDirectory() as folder, targets.sqlite_file(Path(folder) / "chat.sqlite3"):
        upload_rows.check_space(Path(folder), archive.table_bytes, ROWS_NEED)
        rebuild(archive)


def restore(archive: Archive, force: bool) -> None:
    """Replace the site's database and uploads, all or nothing. Without `force` only a site without accounts."""
    history.check_known(archive.migrations, "The archive")
    check_stopped()
    if not force:
        check_empty()
    token = store_token()
    connection.close()
    with upload_folder.replaced(archive), target(archive):
        rebuild(archive)
        if archive.has_uploads:
            # Also those that were in a store: they are in the folder now.
            Blob.objects.update(remote=False)
        else:
            upload_rows.correct_places()
        call_command("new_epochs", stdout=io.StringIO())
        # The store of FILES_URL stays this installation's, and doesn't become that of a copy.
        store_claim.set_token(token)


def store_token() -> str:
    """Return the token that this site has had (`files.store_claim`); "" where it had none, or nothing can be read."""
    try:
        if not has_table(StoreClaim):
            return ""
        return StoreClaim.objects.values_list("token", flat=True).first() or ""
    except DatabaseError:
        return ""


def target(archive: Archive) -> AbstractContextManager[None]:
    """Return the context within which the default database is the empty one to fill. Raises CommandError where the disk
    hasn't the space for SQLite's."""
    if connection.vendor == "sqlite":
        path = Path(settings.DATABASES["default"]["NAME"]).resolve()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        upload_rows.check_space(path.parent, archive.table_bytes, ROWS_NEED)
        return targets.replaced_file(path)
    return targets.replaced_tables()


def rebuild(archive: Archive) -> None:
    """Load the archive's tables as they were, then migrate them to this version."""
    loader.fill(archive)
    call_command("migrate", interactive=False, verbosity=0)
    if archive.has_uploads and archive.format > 1:
        upload_rows.compare(uploads.listed(archive))


def check_stopped() -> None:
    """Raise CommandError if this machine's server runs. Servers of other machines on the same PostgreSQL aren't seen; a
    SQLite file in use is recognised by its lock."""
    host = "127.0.0.1" if settings.HOST in WILDCARDS else settings.HOST
    try:
        with urlopen(f"http://{bracketed(host)}:{settings.PORT}/healthz", timeout=2) as answer:
            running = answer.read(3) == b"ok\n"
    except (URLError, OSError):
        return
    if running:
        raise CommandError(targets.IN_USE)


def check_empty() -> None:
    try:
        count = account_count()
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        raise CommandError(f"The database can't be read ({reason}). --force replaces it.") from error
    if count:
        raise CommandError(
            f"The database has {count} people in it, who would be gone: back it up (./run backup FILE), then add --force."
        )


def account_count() -> int:
    return User.objects.count() if has_table(User) else 0


def has_table(model: type[Model]) -> bool:
    # Connecting would create the file.
    if connection.vendor == "sqlite" and not Path(settings.DATABASES["default"]["NAME"]).exists():
        return False
    return model._meta.db_table in connection.introspection.table_names()
