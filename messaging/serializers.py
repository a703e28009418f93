"""Shapes of messages in requests and answers, by socket and by REST."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.serializers import BriefUserSerializer
from chatsite.contract.emoji import MAX_EMOJI_LENGTH
from chatsite.web.fields import (
    MAX_BIGINT,
    ClientId,
    Limit,
    NeedsFullCheck,
    StrictSerializer,
    Text,
    Whole,
    from_form,
)
from files.models import MAX_FILES
from files.serializers import FileSerializer
from messaging.edit_history import PRESENT
from messaging.models import Message
from messaging.payloads import Payload, message_payload
from messaging.sending.drafts import MAX_BODY_LENGTH
from rooms.serializers import Slug


class Body(Text):
    """A message's text, unchanged. Empty where the message shows something else; the service says where."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **kwargs,
            max_length=MAX_BODY_LENGTH,
            trim_whitespace=False,
            # The service says that there has to be some.
            allow_blank=True,
            style={"base_template": "textarea.html"},
        )

    def to_internal_value(self, data: object) -> str:
        # Browsers send CRLF for every line break of a form.
        if isinstance(data, str) and from_form(self):
            data = data.replace("\r\n", "\n")
        return super().to_internal_value(data)


class FileIds(serializers.ListField):
    """Ids of uploads, each once."""

    child = ClientId()

    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=MAX_FILES,
            help_text="Ids of my uploads for this room that no message has yet. `body` may then be empty.",
        )

    def to_internal_value(self, data: Any) -> list[uuid.UUID]:
        ids = super().to_internal_value(data)
        if len(set(ids)) < len(ids):
            raise serializers.ValidationError("Name each file once.")
        return ids

    def fast_check(self, value: Any) -> list[uuid.UUID]:
        """Leave any list to the full check: few messages have one."""
        raise NeedsFullCheck


class Emoji(Text):
    """An emoji, unchanged; `messaging.reactions.emoji` says which there are."""

    def __init__(self) -> None:
        super().__init__(
            max_length=MAX_EMOJI_LENGTH,
            trim_whitespace=False,
            help_text="One emoji of Unicode, with or without variation selectors.",
        )


class SendSerializer(StrictSerializer):
    """A `chat-message` of a socket."""

    room = Slug()
    body = Body()
    client_id = ClientId()
    reply_to = Whole(required=False, allow_null=True, help_text="The id of a message in the same room.")
    files = FileIds()
    forward = Whole(
        required=False,
        allow_null=True,
        help_text="The id of a message that this one passes on; not together with reply_to.",
    )


@extend_schema_serializer(component_name="MessageCreate")
class CreateSerializer(SendSerializer):
    """A POST. `client_id` may be left out; the request can't be repeated safely then."""

    client_id = ClientId(default=uuid.uuid4)


class EditSerializer(StrictSerializer):
    id = Whole()
    body = Body()


@extend_schema_serializer(component_name="MessageEdit")
class ChangeSerializer(StrictSerializer):
    body = Body()


class DeleteSerializer(StrictSerializer):
    id = Whole()


class EmojiSerializer(StrictSerializer):
    emoji = Emoji()


class ReactSerializer(EmojiSerializer):
    """A `react` or `unreact` of a socket."""

    id = Whole()


class ReactionSerializer(serializers.Serializer[Any]):
    """One person's reaction, as `reaction_payload` makes it."""

    emoji = serializers.CharField()
    user = BriefUserSerializer()
    at = serializers.DateTimeField()


class HistoryQuerySerializer(serializers.Serializer[Any]):
    """The query string of `/message`."""

    room = serializers.CharField(required=False, max_length=64)
    before = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_BIGINT, help_text="With room: a seq."
    )
    after = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_BIGINT, help_text="With room: a seq."
    )
    q = serializers.CharField(required=False, allow_blank=True, max_length=200)
    limit = Limit(200, default=50)

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        if "before" in attrs and "after" in attrs:
            raise serializers.ValidationError({"after": ["Use before or after, not both."]})
        return attrs


class TextsQuerySerializer(serializers.Serializer[Any]):
    """Query parameters of a page of a message's texts."""

    before = Whole(required=False, max_value=PRESENT, help_text="Out of `next` of another page.")


class QuoteSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    seq = serializers.IntegerField()
    sender = BriefUserSerializer()
    body = serializers.CharField()


class ReactionSummarySerializer(serializers.Serializer[Any]):
    emoji = serializers.CharField()
    count = serializers.IntegerField()
    users = serializers.ListField(
        child=serializers.CharField(), help_text="The usernames of the first 20 who reacted so."
    )


class MessageTextSerializer(serializers.Serializer[Any]):
    body = serializers.CharField()
    html = serializers.CharField()
    at = serializers.DateTimeField(help_text="Since when the message said this.")


class MessageHistorySerializer(serializers.Serializer[Any]):
    """Describes a page of a message's texts for the OpenAPI document; `edit_history.text_payload` makes them."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True, help_text="Always null: they are read onward alone.")
    results = MessageTextSerializer(many=True)


class PreviewPictureSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class LinkPreviewSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    url = serializers.CharField(help_text="The link as it stands in the message.")
    host = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    picture = PreviewPictureSerializer(allow_null=True)


class ForwardedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(allow_null=True, help_text="Null unless it stands in a public room.")
    room = serializers.CharField(allow_null=True)
    sender = BriefUserSerializer()
    body = serializers.CharField()
    html = serializers.CharField()
    created_at = serializers.DateTimeField()


class MessageSerializer(serializers.Serializer[Any]):
    """Describes a message for the OpenAPI document; `message_payload` makes it."""

    id = serializers.IntegerField()
    room = serializers.CharField()
    seq = serializers.IntegerField()
    sender = BriefUserSerializer()
    body = serializers.CharField()
    html = serializers.CharField()
    client_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted = serializers.BooleanField()
    reply_to = QuoteSerializer(allow_null=True)
    reactions = ReactionSummarySerializer(many=True)
    files = FileSerializer(many=True)
    previews = LinkPreviewSerializer(many=True)
    forwarded = ForwardedSerializer(allow_null=True)

    def to_representation(self, message: Message) -> Payload:
        return message_payload(message)
