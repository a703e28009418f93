"""Steps between `./run` and a listening server. Each is idempotent: it does nothing if nothing is to be done.

A start that has nothing to do uses this module without Django's models (quick_start.py), so it imports them late.
"""

import hashlib
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from chatsite.observability.host_names import WILDCARDS, bracketed
from chatsite.web import versioned_static

# Of packages, and read by no page: maps of their scripts, and a second reader of the API's description. To compress them
# took a third of the time in which static files are collected.
UNREAD = ["*.map", "redoc"]


def check_port() -> None:
    """Raise CommandError if HOST and PORT can't be bound. gunicorn would try for 5 s and then print a page of log."""
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, settings.PORT))
        except OSError as error:
            where = f"{bracketed(settings.HOST)}:{settings.PORT}"
            raise CommandError(
                f"PORT: nothing can listen on {where}: {error.strerror}. Set HOST or PORT to another."
            ) from error
        except (OverflowError, UnicodeError) as error:
            raise CommandError(f"HOST is not an address: {settings.HOST!r}.") from error


def check_data_dir() -> None:
    """Make DATA_DIR; raise CommandError if it can't be written."""
    try:
        settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.DATA_DIR):
            pass
    except OSError as error:
        raise CommandError(
            f"DATA_DIR: the folder {settings.DATA_DIR} cannot be written: {error.strerror}."
        ) from error


def migrate() -> list[tuple[str, str]]:
    """Apply the migrations that are due; return the app and name of each that is applied, as a look found them that found
    none due any more. Raises CommandError."""
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        if is_due(executor):
            call_command("migrate", interactive=False, verbosity=0)
            executor.loader.build_graph()
        return [] if is_due(executor) else list(executor.loader.applied_migrations)
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        raise CommandError(f"DATABASE_URL: the database cannot be used: {reason}") from error


def is_due(executor: Any) -> bool:
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def check_log() -> None:
    """Renew the rooms' epochs if the database has been replaced by an older copy."""
    from files import store_claim
    from rooms.log import log_marker

    if log_marker.check():
        store_claim.set_token()
        sys.stderr.write("The database may be an older copy of itself: every client loads its rooms anew.\n")
        if settings.FILES_URL:
            sys.stderr.write(
                "Files stay on the disk until you say that no other site has its FILES_URL:"
                " ./run manage files --take-store\n"
            )


def make_push_key() -> None:
    """Make the key of web push with the first start."""
    from chatsite.contract.errors import Unavailable
    from push.devices import vapid

    try:
        vapid.key()
    except Unavailable as error:
        sys.stderr.write(f"{error.detail} ./run doctor says how.\n")


def static_sources() -> Iterator[Path]:
    for folder in settings.STATICFILES_DIRS:
        yield from sorted(path for path in Path(folder).rglob("*") if path.is_file())


def static_fingerprint() -> str:
    """Hash requirements.txt, the joiner, and path, size and time of each of our static files."""
    digest = hashlib.sha256(
        (settings.BASE_DIR / "requirements.txt").read_bytes() + versioned_static.JOINER.read_bytes()
    )
    for path in static_sources():
        stat = path.stat()
        digest.update(f"{path}:{stat.st_size}:{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def static_stamp() -> Path:
    root = Path(settings.STATIC_ROOT)
    return root.with_name(root.name + ".stamp")


def is_collected(fingerprint: str) -> bool:
    """Return whether static files of this fingerprint were collected last."""
    stamp = static_stamp()
    return Path(settings.STATIC_ROOT).is_dir() and stamp.is_file() and stamp.read_text() == fingerprint


def collect_static() -> None:
    """Run collectstatic if static files have changed since the last time."""
    wanted = static_fingerprint()
    if is_collected(wanted):
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=UNREAD)
    static_stamp().write_text(wanted)


def greeting(setup_path: str | None = None) -> str:
    """Write what a person sees once the server listens. `setup_path` is the link that makes the first account."""
    lines = [f"Chatsite is at {settings.SITE_URL}"]
    if settings.HOST in WILDCARDS and not os.environ.get("SITE_URL"):
        lines.append("Others on your network can open it. If they use another address, set SITE_URL to that.")
    if settings.SECURE and not settings.TRUST_PROXY:
        lines.append(
            "If a proxy brings the https, set TRUST_PROXY=true; else all its visitors share one limit."
        )
    if setup_path:
        lines.append("There is no account yet. Open this link once to make the first administrator:")
        lines.append(f"  {settings.SITE_URL}{setup_path}")
    return "\n".join(lines)


def gunicorn_arguments() -> list[str]:
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        "python:chatsite.gunicorn",
        "chatsite.wsgi:application",
    ]


def serve(message: str) -> None:
    """Replace this process by gunicorn, so that signals reach it. `message` is printed once it listens."""
    os.environ["CHATSITE_BIND"] = f"{bracketed(settings.HOST)}:{settings.PORT}"
    os.environ["CHATSITE_GREETING"] = message
    os.environ["CHATSITE_WORKERS"] = str(settings.WORKERS)
    if not (settings.REDIS_URL or settings.MAIL):
        # Nothing of this site looks a name up in the server's loop, so eventlet needn't load its resolver.
        os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    sys.stdout.flush()
    os.chdir(settings.BASE_DIR)
    os.execv(sys.executable, gunicorn_arguments())  # noqa: S606 (our own interpreter)
