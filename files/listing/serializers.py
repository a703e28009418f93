"""Shapes of a room's files in requests and answers."""

from typing import Any

from rest_framework import serializers

from accounts.serializers import BriefUserSerializer
from chatsite.web.fields import Choice, Limit
from files.listing.pages import KINDS
from files.serializers import FileSerializer


class RoomFilesQuerySerializer(serializers.Serializer[Any]):
    """The query string of `/room/{slug}/file`."""

    kind = Choice(choices=KINDS, required=False)
    before = serializers.CharField(
        required=False,
        max_length=64,
        help_text="Out of `next` of another page, or a message's id and 32 zeros: `17-000…`.",
    )
    after = serializers.CharField(
        required=False, max_length=64, help_text="The same, or a message's id and 32 f: oldest first."
    )
    limit = Limit(200, default=50)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("before") and attrs.get("after"):
            raise serializers.ValidationError({"after": ["Use before or after, not both."]})
        return attrs

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is no name in Python."""
        person = serializers.CharField(
            required=False, max_length=64, help_text="The username of who sent them."
        )
        return {**super().get_fields(), "from": person}


class RoomFileSerializer(FileSerializer):
    """Describes a file of a room for the OpenAPI document; `files.listing.pages.room_file_payload` makes it."""

    message = serializers.IntegerField(help_text="The id of the message that carries it.")
    sender = BriefUserSerializer(allow_null=True)
