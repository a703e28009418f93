"""The form of a new emoji."""

from django import forms

from chatsite.web.forms import TextField
from emoji.models import MAX_NAME_LENGTH

PICTURES = "image/jpeg,image/png,image/gif,image/webp,image/avif"


class EmojiForm(forms.Form):
    """A name and a picture."""

    name = TextField(
        label="Name",
        max_length=MAX_NAME_LENGTH + 2,
        help_text="People write it between colons, as :name:. Letters a to z, digits, _, + and -.",
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    image = forms.FileField(
        label="Picture",
        allow_empty_file=True,
        help_text="JPEG, PNG, GIF, WebP or AVIF of at most 256 KB. Animations stay animated.",
        widget=forms.FileInput(attrs={"accept": PICTURES}),
    )
