"""Fields for the forms of pages, and forms of which a part may be sent."""

from typing import Any

from django import forms
from django.utils.safestring import SafeString

# What an unticked box sends.
UNTICKED = "false"


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


class TickBox(forms.CheckboxInput):
    """A box that sends something when it isn't ticked, too: a form without it, as a page from before an upgrade has, says
    nothing about it."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return super().value_from_datadict(data, files, name) if name in data else None

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data

    def render(self, name: str, value: Any, *rest: Any, **options: Any) -> SafeString:
        """Render the box behind a hidden field of its name: of two values the last counts."""
        return forms.HiddenInput().render(name, UNTICKED) + super().render(name, value, *rest, **options)


class TickField(forms.BooleanField):
    """True or false, by a TickBox. One that isn't sent is no change."""

    widget = TickBox

    def has_changed(self, initial: Any, data: Any) -> bool:
        return data is not None and bool(super().has_changed(initial, data))


class PartialForm(forms.BaseForm):
    """Mixin of a form that changes something: `cleaned_data` has nothing of fields that weren't sent."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        return {name: value for name, value in data.items() if self.is_sent(name)}

    def is_sent(self, name: str) -> bool:
        """Return whether the field of this name was in what was sent."""
        widget = self.fields[name].widget
        return not widget.value_omitted_from_data(self.data, self.files, self.add_prefix(name))
