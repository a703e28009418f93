"""Check the machine: permissions of files, space on the disk, descriptors."""

import os
import pwd
import resource
import shutil
import stat
from pathlib import Path

from django.conf import settings

from chatsite.observability import echo
from chatsite.operations.doctor import running
from chatsite.operations.doctor.findings import Finding, Findings, note, ok, wrong

# Free bytes of the disk: a busy day may use up the second; below the first SQLite and PostgreSQL soon stop.
WRONG_BELOW_BYTES, NOTE_BELOW_BYTES = 200_000_000, 2_000_000_000
# Each socket is a descriptor. The first is too few for some hundred people.
WRONG_BELOW_DESCRIPTORS, NOTE_BELOW_DESCRIPTORS = 4_096, 16_384


def permissions() -> Findings:
    found = [
        *private(settings.BASE_DIR / ".env", "600"),
        *private(settings.DATA_DIR, "700"),
        *owned(settings.DATA_DIR),
    ]
    yield from found or [ok("files", "Only this user can read .env and the data.")]


def private(path: Path, mode: str) -> list[Finding]:
    if not path.exists() or not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return []
    return [wrong("files", f"Others on this machine can read {path}.", f"chmod {mode} {path}")]


def owned(path: Path) -> list[Finding]:
    if not path.exists() or path.stat().st_uid == os.geteuid():
        return []
    try:
        owner = pwd.getpwuid(path.stat().st_uid).pw_name
    except KeyError:
        owner = str(path.stat().st_uid)
    return [
        note("files", f"{path} belongs to {owner}, which isn't you.", f"Run this, and the site, as {owner}.")
    ]


def disk() -> Findings:
    folder = settings.DATA_DIR
    if not folder.exists():
        yield note("disk", f"{folder} isn't there yet.", "./run makes it.")
        return
    free = shutil.disk_usage(folder).free
    sentence = f"{free / 1e9:.1f} GB are free where {folder} is."
    advice = "Make room: when the disk is full, nothing can be sent."
    if free < WRONG_BELOW_BYTES:
        yield wrong("disk", sentence, advice)
    elif free < NOTE_BELOW_BYTES:
        yield note("disk", sentence, advice)
    else:
        yield ok("disk", sentence)


def descriptors() -> Findings:
    """Check the hard limit of open files, to which the server raises its own. systemd's may differ from the shell's."""
    found = running.site()
    hard = (found or echo.process_config()).descriptors
    sentence = (
        f"A process may have {hard} open files{running.source_note(found)}; each live connection is one."
    )
    advice = f"Raise it: LimitNOFILE=65536 in the systemd unit, or ulimit -Hn {NOTE_BELOW_DESCRIPTORS * 4}."
    if hard == resource.RLIM_INFINITY or hard >= NOTE_BELOW_DESCRIPTORS:
        yield ok("open files", sentence)
    elif hard >= WRONG_BELOW_DESCRIPTORS:
        yield note("open files", sentence, advice)
    else:
        yield wrong("open files", sentence, advice)
