"""Check the child processes by a round trip of each."""

import ssl
import time
from pathlib import Path
from tempfile import TemporaryFile

from django.db import connection

from chatsite.contract.errors import Unavailable
from chatsite.operations.doctor.findings import Findings, ok, wrong
from chatsite.subprocesses.supervisor import Child, ChildFailed, resident_bytes
from files.uploading.processing import Rejected, decoder, processed

# A GIF of one white pixel.
PICTURE = bytes.fromhex("47494638396101000100800000ffffff0000002c00000000010001000002024401003b")


def pictures() -> Findings:
    began = time.monotonic()
    try:
        with TemporaryFile() as file:
            file.write(PICTURE)
            file.flush()
            with processed(file) as found:
                small = found.previews.get("small")
    except (Unavailable, Rejected, OSError) as error:
        yield wrong(
            "pictures",
            f"None can be taken: {error}",
            "A process of its own cleans them: its log line says why it doesn't start, or lacks memory.",
        )
        return
    if small is None:
        yield wrong("pictures", "None can be made small.", "Install requirements.txt anew: ./run does.")
        return
    took = (time.monotonic() - began) * 1000
    memory = resident_bytes(decoder.pid or 0) / 1e6
    yield ok("pictures", f"A process cleans them: started and asked in {took:.0f} ms, {memory:.0f} MB.")
    decoder.end()


def previews() -> Findings:
    """Check that links can be fetched, where the site does that. Nothing outside is asked."""
    from accounts.models import SiteSettings
    from previews.queue import KIND

    there = SiteSettings._meta.db_table in connection.introspection.table_names()
    if not there or not SiteSettings.shows_link_previews():
        yield ok("previews", "Off: no link is fetched.")
        return
    child = Child(KIND)
    try:
        answer = child.ask({"url": "http://127.0.0.1/", "seconds": 1, "hosts": [], "networks": []})
    except (Unavailable, ChildFailed) as error:
        yield wrong(
            "previews", f"No link can be fetched: {error}", "The log says why the process doesn't start."
        )
        return
    finally:
        child.end()
    if answer != {"refused": "address"}:
        yield wrong(
            "previews", "This machine's own addresses would be fetched.", "Switch previews off, and tell us."
        )
    elif not has_certificates():
        yield wrong("previews", "No certificates: no https page can be fetched.", "Install ca-certificates.")
    else:
        yield ok("previews", "A process fetches links, and refuses this machine's own addresses.")


def has_certificates() -> bool:
    """Return whether the system has certificates by which servers prove their names."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or bool(paths.capath and any(Path(paths.capath).iterdir()))
