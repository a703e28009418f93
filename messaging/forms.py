"""Forms of the message pages. They check shapes; the services decide what is allowed."""

from typing import Any
from uuid import uuid4

from django import forms

from chatsite.web.fields import MAX_BIGINT
from chatsite.web.forms import TextField
from messaging.private_reading import MAX_REASON_LENGTH
from messaging.sending.drafts import MAX_BODY_LENGTH


class BodyField(TextField):
    """A message's text. Browsers send CRLF; sockets send the same text with LF, and a repeat must be equal."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class MessageForm(forms.Form):
    """The composer. A form that is sent twice has the same hidden `client_id` and so stores one message."""

    body = BodyField(max_length=MAX_BODY_LENGTH, strip=False)
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    reply_to = forms.IntegerField(required=False, min_value=0, max_value=MAX_BIGINT, widget=forms.HiddenInput)
    # The version of the draft that the form was filled with, which goes with the message.
    draft = forms.IntegerField(required=False, min_value=0, max_value=MAX_BIGINT, widget=forms.HiddenInput)

    def __init__(self, *args: Any, has_files: bool = False, **kwargs: Any) -> None:
        """`has_files` says that it needs no text."""
        super().__init__(*args, **kwargs)
        self.fields["body"].required = not has_files


class ForwardForm(forms.Form):
    """Where a message is forwarded to, and a text beside it."""

    room = forms.ChoiceField(label="Room")
    body = BodyField(
        label="Text",
        max_length=MAX_BODY_LENGTH,
        strip=False,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def offer(self, rooms: list[tuple[str, str]]) -> None:
        """Set the rooms that may be chosen, as slug and name."""
        self.fields["room"].choices = rooms  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """A moderator's reason to read a private room."""

    reason = TextField(
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MAX_REASON_LENGTH, "dir": "auto"}),
        help_text="What was reported, and by whom.",
    )
