"""Template filter for the administration's lists."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

register = template.Library()


@register.filter
def labelled(cells: Iterable[SafeString], headers: Iterable[dict[str, Any]]) -> Iterator[SafeString]:
    """Give each cell of a row its column's name as `data-label`: a phone shows the row as a card, without the head.

    `cells` are Django's, as `<td class="…">…</td>` or `<th …>`; `headers` those of its `result_headers`.
    """
    for cell, header in zip(cells, headers, strict=False):
        # The head of the ticks is an input, which names nothing.
        if isinstance(header["text"], SafeString):
            yield cell
            continue
        tag, rest = cell[: len("<td")], cell[len("<td") :]
        label = capfirst(header["text"])
        yield format_html('{} data-label="{}"{}', SafeString(tag), label, SafeString(rest))
