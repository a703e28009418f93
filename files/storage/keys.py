"""Names of files on the disk. They are ours: nothing that a client sends is part of a path."""

import re
import uuid
from pathlib import Path

KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


def new_key() -> str:
    """Make a key that nobody can guess."""
    return str(uuid.uuid4())


def path_of(folder: Path, key: str) -> Path:
    """Return the path of a key in `folder`, two folders deep. Raises ValueError for what is no key of ours: no path leaves
    the folder."""
    if not KEY.fullmatch(key):
        raise ValueError("That is not a key of a file.")
    return folder / key[:2] / key[2:4] / key
