"""Shapes of drafts in requests and answers."""

from typing import Any

from rest_framework import serializers

from chatsite.web.fields import StrictSerializer, Text, Whole
from messaging.serializers import Body, QuoteSerializer

# Characters of a connection's id.
MAX_SID_LENGTH = 64


class Origin(Text):
    """The sid of the client's own connection."""

    def __init__(self) -> None:
        about = "The id of my connection that need not hear of it: Socket.IO's `id`, if I have one."
        super().__init__(
            required=False, allow_blank=True, default="", max_length=MAX_SID_LENGTH, help_text=about
        )


class ReplyTo(Whole):
    """The id of the message that a draft answers."""

    def __init__(self) -> None:
        super().__init__(required=False, allow_null=True, help_text="The id of a message in the same room.")

    def to_representation(self, value: Any) -> Any:
        """Return the id, also of the quote that a draft shows, with which a form of the browsable API begins."""
        return value["id"] if isinstance(value, dict) else super().to_representation(value)


class PutDraftSerializer(StrictSerializer):
    body = Body()
    reply_to = ReplyTo()
    version = Whole(help_text="Of the draft that this device has seen; 0 where it has seen none.")
    origin = Origin()


class DeleteDraftSerializer(serializers.Serializer[Any]):
    """The query string of a deletion."""

    version = Whole(required=False, help_text="Delete it only if it is this one still.")
    origin = Origin()


class DraftSerializer(serializers.Serializer[Any]):
    """Describes a draft for the OpenAPI document; `drafts.payloads` makes it."""

    room = serializers.CharField()
    body = serializers.CharField()
    reply_to = QuoteSerializer(allow_null=True)
    version = serializers.IntegerField(help_text="Grows with each change; 0 where there is no draft.")
    updated_at = serializers.DateTimeField(allow_null=True)
