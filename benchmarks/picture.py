"""Draw the medians as an SVG: one panel per measure, one bar per server."""

from html import escape
from typing import Any

from benchmarks.report import TARGETS, Target, number, value
from benchmarks.servers import TITLES

WIDTH, PANEL, BAR, LABEL, COLUMNS = 920, 150, 20, 170, 2
COLOURS = ("#2563eb", "#60a5fa", "#6b7280", "#9ca3af", "#d1d5db", "#fcd34d")
STYLE = "font-family='system-ui, sans-serif'"


def draw(results: dict[str, Any]) -> str:
    # A measure with two targets has one panel.
    measures = {(target.scenario, target.metric): target for target in reversed(TARGETS) if target.peer}
    targets = [target for target in reversed(measures.values()) if target.scenario in results["medians"]]
    rows = -(-len(targets) // COLUMNS)
    panels = [panel(results, target, index) for index, target in enumerate(targets)]
    height = rows * PANEL + 10
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' {STYLE}>",
            f"<rect width='{WIDTH}' height='{height}' fill='white'/>",
            *panels,
            "</svg>\n",
        ]
    )


def panel(results: dict[str, Any], target: Target, index: int) -> str:
    x, y = (index % COLUMNS) * WIDTH // COLUMNS + 12, (index // COLUMNS) * PANEL + 22
    better = "more is better" if target.at_least else "less is better"
    heading = f"{escape(target.title)}<tspan font-weight='400' fill='#6b7280'> · {better}</tspan>"
    lines = [f"<text x='{x}' y='{y}' font-size='12' font-weight='600' fill='#111827'>{heading}</text>"]
    found = {name: value(results, target, name) for name in TITLES}
    present = {name: amount for name, amount in found.items() if amount is not None}
    longest = max(present.values(), default=1) or 1
    for place, (name, amount) in enumerate(present.items()):
        lines.append(bar(x, y + 10 + place * (BAR + 2), name, amount, longest))
    return "\n".join(lines)


def bar(x: int, y: int, name: str, amount: float, longest: float) -> str:
    room = WIDTH // COLUMNS - LABEL - 90
    length = max(1, round(room * amount / longest))
    colour = COLOURS[list(TITLES).index(name)]
    middle = y + BAR - 6
    return (
        f"<text x='{x}' y='{middle}' font-size='12' fill='#374151'>{escape(TITLES[name])}</text>"
        f"<rect x='{x + LABEL}' y='{y}' width='{length}' height='{BAR - 2}' rx='2' fill='{colour}'/>"
        f"<text x='{x + LABEL + length + 6}' y='{middle}' font-size='12' fill='#111827'>{number(amount)}</text>"
    )
