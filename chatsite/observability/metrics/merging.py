"""Merge the metrics of several processes into one text: lines grouped by family, with a label `worker`."""

from collections.abc import Mapping

COMMENT_PREFIXES = ("# HELP ", "# TYPE ")


class MetricFamily:
    """Lines of one metric family. `comments` are the first process's: others may run another version."""

    def __init__(self) -> None:
        self.comments: dict[str, str] = {}
        self.samples: list[str] = []

    def lines(self) -> list[str]:
        return [*self.comments.values(), *self.samples]


def merged(texts: Mapping[int, str]) -> str:
    """Merge `texts`, by number of the worker, each as `generate_latest` writes it."""
    families: dict[str, MetricFamily] = {}
    for number, text in texts.items():
        family = MetricFamily()
        for line in text.splitlines():
            if line.startswith(COMMENT_PREFIXES):
                family = families.setdefault(line.split(" ", 3)[2], MetricFamily())
                family.comments.setdefault(line[: len(COMMENT_PREFIXES[0])], line)
            else:
                family.samples.append(labelled(line, number))
    return "".join(f"{line}\n" for family in families.values() for line in family.lines())


def labelled(line: str, number: int) -> str:
    """Add the label `worker` to a sample such as `name{a="b"} 1` or `name 1`."""
    name, brace, rest = line.partition("{")
    if brace and " " not in name:
        return f'{name}{{worker="{number}",{rest}'
    name, _, value = line.partition(" ")
    return f'{name}{{worker="{number}"}} {value}'
