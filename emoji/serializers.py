"""Shapes of emoji in requests and answers."""

from typing import Any

from rest_framework import serializers

from chatsite.web.fields import StrictSerializer, Text
from emoji.models import MAX_NAME_LENGTH, CustomEmoji
from emoji.payloads import emoji_payload


class OwnEmojiSerializer(serializers.Serializer[Any]):
    """An emoji of the site's own, as `emoji.payloads.emoji_payload` makes it."""

    name = serializers.CharField(help_text="Without the colons of `:name:`.")
    url = serializers.CharField(help_text="Of its picture, which never changes.")
    animated = serializers.BooleanField()
    added_by = serializers.CharField(help_text="A username.")
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: CustomEmoji) -> dict[str, Any]:
        return emoji_payload(instance)


class NewEmojiSerializer(StrictSerializer):
    # Two colons more than a name has.
    name = Text(
        shortest=2, max_length=MAX_NAME_LENGTH + 2, help_text="2 to 32 of a to z, 0 to 9, _, + and -."
    )
    image = serializers.FileField(
        allow_empty_file=True, use_url=False, help_text="JPEG, PNG, GIF, WebP or AVIF of at most 256 KB."
    )
