"""Write static/vendor/emoji/en.json, the names of Unicode's emoji by which pages search them.

npm pack emojibase-data@VERSION
.venv/bin/python -m scripts.emoji_names PATH/emojibase-data-VERSION.tgz

emojibase-data of npm has Unicode's own names and search words (CLDR), and the short names that people know from other
programs. A page loads the file when its reader first looks for an emoji.
"""

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

from chatsite.contract.emoji import spelling_of

OUT = Path(__file__).resolve().parents[1] / "static" / "vendor" / "emoji"
LANGUAGE = "en"
# Short names, those that most people know first.
SHORT_NAMES = ("github", "emojibase")
# Skin tones alone and letters of flags: no emoji to choose.
COMPONENTS = 2


def main(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:

        def read(name: str) -> bytes:
            member = archive.extractfile(f"package/{name}")
            assert member, f"{tarball} has no {name}"
            return member.read()

        data, messages = (json.loads(read(f"{LANGUAGE}/{name}.json")) for name in ("data", "messages"))
        names = [json.loads(read(f"{LANGUAGE}/shortcodes/{name}.json")) for name in SHORT_NAMES]
        licence = read("LICENSE")
    emoji = sorted(
        (one for one in data if one.get("group", COMPONENTS) != COMPONENTS), key=lambda one: one["order"]
    )
    groups = {
        group["order"]: group["message"] for group in messages["groups"] if group["order"] != COMPONENTS
    }
    OUT.mkdir(exist_ok=True)
    (OUT / "LICENSE").write_bytes(licence)
    written = {"groups": groups, "emoji": [row(one, names) for one in emoji]}
    (OUT / f"{LANGUAGE}.json").write_text(
        json.dumps(written, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    print(f"{OUT}: {len(emoji)} emoji")


def row(one: dict[str, Any], names: list[dict[str, Any]]) -> list[Any]:
    """Return [sequence, group, version, name, short names, words, five tones or none], lists of words as a text."""
    words = [word for word in one.get("tags", []) if word not in one["label"]]
    return [
        spelled(one["emoji"]),
        one["group"],
        one["version"],
        one["label"],
        " ".join(short_names(one["hexcode"], names)),
        " ".join(words),
        *([tones] if (tones := " ".join(tones_of(one))) else []),
    ]


def spelled(emoji: str) -> str:
    """Return the one spelling that the server knows."""
    spelling = spelling_of(emoji)
    assert spelling, f"{emoji!r} is not in chatsite/contract/emoji.txt: make that anew first"
    return spelling


def short_names(code: str, names: list[dict[str, Any]]) -> list[str]:
    found: dict[str, None] = {}
    for table in names:
        some = table.get(code, [])
        found |= dict.fromkeys([some] if isinstance(some, str) else some)
    return list(found)


def tones_of(one: dict[str, Any]) -> list[str]:
    """Return the sequences of the five skin tones, the same for both where there are two people."""
    tones = {
        skin["tone"]: spelled(skin["emoji"]) for skin in one.get("skins", []) if isinstance(skin["tone"], int)
    }
    return [tones[tone] for tone in sorted(tones)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
