"""Check where uploads lie: the room on their disk, and that all machines see them."""

import shutil
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from chatsite.operations.doctor.findings import Findings, note, ok, wrong
from chatsite.realtime.cluster.models import Process
from files import moving, store_claim
from files.models import Blob
from files.storage import local
from files.storage.store import StoreError
from files.uploading.doors import MB

# After which a file should have been moved to the store.
LATE = timedelta(hours=1)


def disk() -> Findings:
    """Compare the free bytes with FILES_FREE_MB: below it uploads are refused."""
    folder = existing(local.folder())
    free, kept_free = shutil.disk_usage(folder).free, settings.FILES_FREE_MB * MB
    sentence = f"{free / 1e9:.1f} GB are free where {folder} is."
    advice = f"Make room, or lower FILES_FREE_MB: below {settings.FILES_FREE_MB} MB no file is taken."
    if free < kept_free:
        yield wrong("uploads", sentence, advice)
    elif free < 3 * kept_free:
        yield note("uploads", sentence, advice)
    else:
        yield ok("uploads", sentence)


def existing(path: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def machines() -> Findings:
    """Several machines have to see the same files."""
    hosts = Process.objects.values("host").distinct().count()
    if hosts > 1 and not settings.FILES_URL:
        yield note(
            "uploads",
            f"{hosts} machines serve the site, and each has files in a folder of its own.",
            f"Let {local.folder()} be one that they share (NFS), or set FILES_URL.",
        )


def remote() -> Findings:
    """Store, read and delete something by FILES_URL."""
    if not settings.FILES_URL:
        yield ok("store", "Not used: files are on the disk.")
        return
    began = time.monotonic()
    try:
        moving.check()
    except (StoreError, FileNotFoundError) as error:
        reason = error.reason if isinstance(error, StoreError) else "what is stored isn't there"
        yield wrong(
            "store",
            f"The store of FILES_URL doesn't do what it should: {reason}.",
            "Look at its address, key, secret, bucket and region, and whether ./run has installed requirements-s3.txt.",
        )
        return
    took = (time.monotonic() - began) * 1000
    yield ok(
        "store", f"What is stored by FILES_URL is there: started, stored, read and deleted in {took:.0f} ms."
    )
    if not store_claim.is_ours():
        yield wrong(
            "store",
            "The store of FILES_URL is another site's, or was this one's before it was copied or restored: nothing is"
            " moved there or deleted.",
            "Let each site have a FILES_URL of its own. Only if no other serves with it: ./run manage files --take-store",
        )
    waiting = Blob.objects.filter(remote=False, created_at__lt=timezone.now() - LATE).count()
    if waiting:
        yield note(
            "store",
            f"{waiting} files wait to be moved there.",
            "Look at the server's log, or: ./run manage files --move",
        )
