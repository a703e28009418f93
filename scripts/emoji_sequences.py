"""Write chatsite/contract/emoji.txt, the emoji of Unicode that are recommended for general interchange (RGI).

pip download --no-deps emoji --dest PATH
.venv/bin/python -m scripts.emoji_sequences PATH/emoji-VERSION-py3-none-any.whl

The package `emoji` of PyPI follows Unicode's emoji-test.txt within days of each release, and has it as JSON. Its table is
taken and not its code: imported, it takes 10 MB and 45 ms of each worker, this file 0.8 MB and 1.4 ms.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from zipfile import ZipFile

OUT = Path(__file__).resolve().parents[1] / "chatsite" / "contract" / "emoji.txt"
TABLE = "emoji/unicode_codes/emoji.json"
# The package's number for Unicode's status of the one right spelling of each emoji.
FULLY_QUALIFIED = 2
HEAD = """\
# Emoji by Unicode's UTS 51, version {version}. A line: the version that brought them, and the fully-qualified sequences.
# © Unicode, Inc. Unicode License V3: see emoji.LICENSE. Made by scripts/emoji_sequences.py.
"""


def main(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        table = json.loads(archive.read(TABLE))
    by_version: dict[float, list[str]] = defaultdict(list)
    for sequence, about in table.items():
        if about["status"] == FULLY_QUALIFIED:
            by_version[about["E"]].append(sequence)
    lines = [f"{version:g}: {' '.join(sorted(by_version[version]))}\n" for version in sorted(by_version)]
    OUT.write_text(HEAD.format(version=f"{max(by_version):g}") + "".join(lines), encoding="utf-8")
    print(f"{OUT}: {sum(map(len, by_version.values()))} emoji up to version {max(by_version):g}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
