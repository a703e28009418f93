"""Text fields of the pages' forms."""

from typing import Any

from django import forms


class Uncut:
    """A browser cuts what is pasted at `maxlength`, without a word, be it a message or a password. So the length is asked
    of the server alone, which refuses what is too long and says so."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        attrs: dict[str, Any] = super().widget_attrs(widget)  # type: ignore[misc]
        attrs.pop("maxlength", None)
        return attrs


class TextField(Uncut, forms.CharField):
    """Written from its own side: Hebrew and Arabic from the right."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "dir": "auto"}


class EmailField(Uncut, forms.EmailField):
    pass
