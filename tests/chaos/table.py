"""What chaos did and counted, a line for each kind of fault."""

from statistics import median

from tests.chaos.scene import Outcome

HEAD = f"{'fault':28}{'times':>6}{'acked':>8}{'lost':>6}{'doubled':>9}  {'whole after the end, s':24}from its beginning, s"


def table(outcomes: list[Outcome]) -> str:
    """Seconds as median and worst over the clients; of a fault that struck more than once the median's median."""
    names = sorted({outcome.name for outcome in outcomes})
    lines = [line(name, [outcome for outcome in outcomes if outcome.name == name]) for name in names]
    return "\n".join(["", HEAD, *lines, line("all", outcomes)])


def line(name: str, some: list[Outcome]) -> str:
    acknowledged, lost, doubled = (
        sum(numbers)
        for numbers in zip(
            *((one.findings.acknowledged, len(one.findings.lost), len(one.findings.doubled)) for one in some),
            strict=True,
        )
    )
    after, since = seconds([one.after for one in some]), seconds([one.since for one in some])
    return f"{name:28}{len(some):6}{acknowledged:8}{lost:6}{doubled:9}  {after:24}{since}"


def seconds(pairs: list[tuple[float, float]]) -> str:
    return f"{median(middle for middle, _ in pairs):.1f}, worst {max(worst for _, worst in pairs):.1f}"
