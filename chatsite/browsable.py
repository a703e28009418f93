"""DRF's browsable pages under our content security policy, which allows no inline style."""

from typing import Any

from rest_framework.renderers import BrowsableAPIRenderer


class BrowsableRenderer(BrowsableAPIRenderer):
    """Its few style attributes become data attributes, for which css/browsable.css has the rules."""

    template = "browsable.html"

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context(*args, **kwargs), "code_style": ""}

    def render(self, *args: Any, **kwargs: Any) -> str:
        # What people wrote can't match: in text and attributes their quotes are escaped.
        return super().render(*args, **kwargs).replace(' style="', ' data-style="')
