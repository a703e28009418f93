"""The site as a version that takes its time to start, or doesn't: files in the folder LATE decide."""

import os
import time
from pathlib import Path

folder = Path(os.environ["LATE"])
while (folder / "wait").exists():
    time.sleep(0.02)
if (folder / "broken").exists():
    raise RuntimeError("this version is broken")

from chatsite.wsgi import application  # noqa: E402

__all__ = ["application"]
