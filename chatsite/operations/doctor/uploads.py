"""Check where uploads lie: the room on their disk, and that all machines see them."""

import shutil
from pathlib import Path

from django.conf import settings

from chatsite.operations.doctor.findings import Findings, note, ok, wrong
from chatsite.realtime.cluster.models import Process
from files.storage import local
from files.uploading.doors import MB


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
