"""Parts of pages that are the same on many: a message, a member, a room in the sidebar.

Django's templates take 0.4 ms for a message; the last fifty are drawn again for each who opens the room.
"""

from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.utils.safestring import SafeString

from chatsite.realtime.scheduling.yield_points import yield_point

# So many are kept, each of at most as many bytes of values: 20 MB at the very worst, 5 where people write as they do.
MAX_FRAGMENTS, MAX_VALUE_BYTES = 4_000, 2_500


def render_fragment(template: str, **values: Any) -> SafeString:
    """The template of these values (of JSON) alone. They are all it depends on, so that what is kept is never old."""
    yield_point()
    key = orjson.dumps(values)
    if settings.DEBUG or len(key) > MAX_VALUE_BYTES:
        return _render(template, key)
    return _render_cached(template, key)


def _render(template: str, values: bytes) -> SafeString:
    return get_template(template).template.render(Context(orjson.loads(values)))  # type: ignore[attr-defined]


_render_cached = lru_cache(MAX_FRAGMENTS)(_render)
