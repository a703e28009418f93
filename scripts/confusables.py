"""Write accounts/names/confusables.txt, the compact form of Unicode's table of the same name.

.venv/bin/python -m scripts.confusables PATH/confusables.txt

Unicode publishes the table with each version, as part of UTS 39. A new table needs a migration that empties
`NameSkeleton` and calls `adopt` for everybody, as stored skeletons are of the old one.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

OUT = Path(__file__).resolve().parents[1] / "accounts" / "names" / "confusables.txt"
LINE = re.compile(r"([0-9A-F]+)\s*;\s*([0-9A-F ]+?)\s*;")
HEAD = """\
# What looks alike, by Unicode's UTS 39, version {version}. A line: what something is read as, and all that looks like it.
# © Unicode, Inc. Unicode License V3: see confusables.LICENSE. Made by scripts/confusables.py.
"""


def main(path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")
    alike: dict[str, list[str]] = defaultdict(list)
    for source, prototype in LINE.findall(text):
        alike[prototype].append(source)
    version = re.search(r"Version: ([\d.]+)", text)
    lines = [f"{prototype}; {' '.join(sorted(alike[prototype]))}\n" for prototype in sorted(alike)]
    OUT.write_text(HEAD.format(version=version and version[1]) + "".join(lines))
    print(f"{OUT}: {sum(map(len, alike.values()))} characters of {len(alike)} kinds")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
