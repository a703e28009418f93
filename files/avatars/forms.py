"""The form of a new avatar."""

from django import forms

PICTURES = "image/jpeg,image/png,image/gif,image/webp,image/avif"


class AvatarForm(forms.Form):
    """A picture."""

    image = forms.FileField(
        label="Picture",
        allow_empty_file=True,
        help_text="The square in its middle is shown. At most 1000 KB.",
        widget=forms.FileInput(attrs={"accept": PICTURES}),
    )
