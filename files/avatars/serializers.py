"""The shape of a new avatar."""

from rest_framework import serializers

from chatsite.web.fields import StrictSerializer


class NewAvatarSerializer(StrictSerializer):
    image = serializers.FileField(
        allow_empty_file=True,
        use_url=False,
        help_text="JPEG, PNG, GIF, WebP or AVIF of at most 1000 KB; the square in its middle is kept.",
    )
