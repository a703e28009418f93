"""Check the child processes by a round trip of each."""

import time
from tempfile import TemporaryFile

from chatsite.contract.errors import Unavailable
from chatsite.operations.doctor.findings import Findings, ok, wrong
from chatsite.subprocesses.supervisor import resident_bytes
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
