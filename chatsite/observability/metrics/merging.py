"""What several processes tell Prometheus, as one text: a family's lines stand together, and each says whose it is."""

from collections.abc import Mapping

COMMENT_PREFIXES = ("# HELP ", "# TYPE ")


class Family:
    """`comments` are what the first process says of it: the others may be of another version."""

    def __init__(self) -> None:
        self.comments: dict[str, str] = {}
        self.samples: list[str] = []

    def lines(self) -> list[str]:
        return [*self.comments.values(), *self.samples]


def merged(texts: Mapping[int, str]) -> str:
    """`texts` by the number of the worker, each as `generate_latest` writes it."""
    families: dict[str, Family] = {}
    for number, text in texts.items():
        family = Family()
        for line in text.splitlines():
            if line.startswith(COMMENT_PREFIXES):
                family = families.setdefault(line.split(" ", 3)[2], Family())
                family.comments.setdefault(line[: len(COMMENT_PREFIXES[0])], line)
            else:
                family.samples.append(labelled(line, number))
    return "".join(f"{line}\n" for family in families.values() for line in family.lines())


def labelled(line: str, number: int) -> str:
    """`name{a="b"} 1` or `name 1`, with one label more."""
    name, brace, rest = line.partition("{")
    if brace and " " not in name:
        return f'{name}{{worker="{number}",{rest}'
    name, _, value = line.partition(" ")
    return f'{name}{{worker="{number}"}} {value}'
