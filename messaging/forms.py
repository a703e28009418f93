from uuid import uuid4

from django import forms

from chatsite.fields import LARGEST


class MessageForm(forms.Form):
    """The composer. The hidden `client_id` makes a form that is sent twice one message."""

    body = forms.CharField(max_length=10_000, strip=False)
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    reply_to = forms.IntegerField(required=False, min_value=0, max_value=LARGEST, widget=forms.HiddenInput)

    def clean_body(self) -> str:
        # Browsers send CRLF; over the sockets the same text has LF, and a repeat must be the same text.
        return str(self.cleaned_data["body"]).replace("\r\n", "\n")
