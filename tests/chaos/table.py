"""What chaos did and counted, a line for each kind of fault."""

from statistics import median

from tests.chaos.outcome import Outcome

COLUMNS = f"{'fault':28}{'times':>6}{'acked':>8}{'lost':>6}{'doubled':>9}  "
HEAD = COLUMNS + f"{'whole after the end, s':24}{'from its beginning, s':24}revoked in, s"


def table(outcomes: list[Outcome]) -> str:
    """Seconds as median and worst over the clients; of a fault that struck more than once the median's median. The last
    column is the longest that who took a right away waited for the answer."""
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
    waited = max(one.waited for one in some)
    return f"{name:28}{len(some):6}{acknowledged:8}{lost:6}{doubled:9}  {after:24}{since:24}{waited:.1f}"


def seconds(pairs: list[tuple[float, float]]) -> str:
    return f"{median(middle for middle, _ in pairs):.1f}, worst {max(worst for _, worst in pairs):.1f}"
