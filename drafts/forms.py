"""Forms of the pages of scheduled messages and reminders. They check shapes; the services decide what is allowed."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.utils import timezone

from chatsite.web.fields import MAX_BIGINT
from chatsite.web.forms import TextField
from drafts.models import MAX_TEXT_LENGTH
from files.models import File
from messaging.forms import BodyField
from messaging.sending.drafts import MAX_BODY_LENGTH

MORNING = time(9)
OWN = "own"


def morning(days: int) -> datetime:
    """Return nine o'clock in some days, in the reader's zone."""
    local = timezone.localtime()
    return datetime.combine(local.date() + timedelta(days=days), MORNING, tzinfo=local.tzinfo)


def tomorrow() -> datetime:
    return morning(1)


def monday() -> datetime:
    """Return nine o'clock on the next Monday, which is never today."""
    return morning(7 - timezone.localtime().weekday())


TIMES = {
    "20m": ("In 20 minutes", lambda: timezone.now() + timedelta(minutes=20)),
    "1h": ("In an hour", lambda: timezone.now() + timedelta(hours=1)),
    "tomorrow": ("Tomorrow at 9:00", tomorrow),
    "monday": ("Monday at 9:00", monday),
}


class WhenForm(forms.Form):
    """A time: one that is offered, or one's own. `moment` is what was chosen; None for an own time that wasn't given."""

    offered: tuple[str, ...] = ()
    when = forms.ChoiceField(label="When", widget=forms.RadioSelect)
    at = forms.DateTimeField(
        label="At",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [*((name, TIMES[name][0]) for name in self.offered), (OWN, "At a time of my own")]
        self.fields["when"].choices = choices  # type: ignore[attr-defined]
        if at := self.initial.get("at"):
            # A browser's field has minutes.
            self.initial["at"] = timezone.localtime(at).replace(second=0, microsecond=0)
        self.fields["when"].initial = OWN if self.initial.get("at") else self.offered[0]
        self.fields["at"].help_text = f"Times are of the zone {timezone.get_current_timezone_name()}."

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("when") == OWN and "at" in data and data["at"] is None:
            self.add_error("at", "Choose a time.")
        return data

    @property
    def is_own(self) -> bool:
        """Whether the person's own time counts; one that is filled in does, whatever else is chosen."""
        filled = "at" in self.changed_data and self.cleaned_data.get("at") is not None
        return filled or self.cleaned_data["when"] == OWN

    @property
    def leaves_time(self) -> bool:
        """Whether the time stays as it was."""
        return self.cleaned_data["when"] == OWN and "at" not in self.changed_data

    @property
    def moment(self) -> datetime:
        """The time that was chosen, of a valid form."""
        chosen: datetime = self.cleaned_data["at"] if self.is_own else TIMES[self.cleaned_data["when"]][1]()
        return chosen


class ChangeScheduledForm(WhenForm):
    """A scheduled message's text, the files that it keeps, and its time."""

    offered = ("tomorrow", "monday")
    body = BodyField(
        label="Message",
        max_length=MAX_BODY_LENGTH,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    kept = forms.MultipleChoiceField(label="Files", required=False, widget=forms.CheckboxSelectMultiple)
    field_order = ("body", "kept", "when", "at")

    def __init__(self, *args: Any, files: Iterable[File] = (), **kwargs: Any) -> None:
        """`files` are those that the message has; each may be taken away."""
        super().__init__(*args, **kwargs)
        choices = [(str(file.pk), file.name) for file in files]
        self.fields["kept"].choices = choices  # type: ignore[attr-defined]
        self.fields["kept"].initial = [pk for pk, _ in choices]
        self.fields["body"].required = not choices


class ScheduleForm(ChangeScheduledForm):
    """A message to be sent later. A form that is sent twice has the same hidden `client_id` and so stores one."""

    # A browser would ask for a text though a file is chosen.
    use_required_attribute = False
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    reply_to = forms.IntegerField(required=False, min_value=0, max_value=MAX_BIGINT, widget=forms.HiddenInput)
    draft = forms.IntegerField(required=False, min_value=0, max_value=MAX_BIGINT, widget=forms.HiddenInput)


class ReminderForm(WhenForm):
    """A reminder's text and time."""

    offered = ("20m", "1h", "tomorrow")
    text = TextField(label="Remind me of", max_length=MAX_TEXT_LENGTH, widget=forms.TextInput)
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)
    field_order = ("text", "when", "at")

    def __init__(self, *args: Any, has_message: bool = False, **kwargs: Any) -> None:
        """`has_message` says that it needs no text."""
        super().__init__(*args, **kwargs)
        self.fields["text"].required = not has_message
