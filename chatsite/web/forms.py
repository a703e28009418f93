"""Text fields for the forms of pages."""

from typing import Any

from django import forms


class WithoutMaxLength:
    """Mixin that leaves `maxlength` out of the HTML. Browsers silently cut a pasted message or password at `maxlength`; the
    server refuses it with a sentence."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        attrs: dict[str, Any] = super().widget_attrs(widget)  # type: ignore[misc]
        attrs.pop("maxlength", None)
        return attrs


class TextField(WithoutMaxLength, forms.CharField):
    """Text field with `dir="auto"`: Hebrew and Arabic are written from the right."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "dir": "auto"}


class EmailField(WithoutMaxLength, forms.EmailField):
    pass
