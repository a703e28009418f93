"""Shapes of scheduled messages in requests and answers."""

import uuid
from typing import Any

from rest_framework import serializers

from chatsite.web.fields import ClientId, StrictSerializer, Whole
from drafts.zones import Moment, Zone
from files.serializers import FileSerializer
from messaging.serializers import Body, FileIds
from rooms.serializers import Slug


class ScheduleSerializer(StrictSerializer):
    room = Slug()
    body = Body()
    reply_to = Whole(required=False, allow_null=True, help_text="The id of a message in the same room.")
    files = FileIds()
    send_at = Moment(help_text="Within a year.")
    time_zone = Zone(default="UTC")
    client_id = ClientId(
        default=uuid.uuid4, help_text="The message's, too. Without it the request can't be repeated safely."
    )


class ChangeScheduledSerializer(StrictSerializer):
    body = Body(required=False)
    files = FileIds()
    send_at = Moment(required=False, help_text="Within a year.")
    time_zone = Zone(required=False)


class RefusalSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class ScheduledSerializer(serializers.Serializer[Any]):
    """Describes a scheduled message for the OpenAPI document; `scheduled_payload` makes it."""

    id = serializers.IntegerField()
    room = serializers.CharField()
    body = serializers.CharField()
    reply_to = serializers.IntegerField(allow_null=True)
    files = FileSerializer(many=True, help_text="Those that are still there.")
    client_id = serializers.UUIDField()
    send_at = serializers.DateTimeField()
    time_zone = serializers.CharField()
    state = serializers.ChoiceField(choices=["waiting", "failed", "sent", "cancelled"])
    error = RefusalSerializer(allow_null=True, help_text="Why it wasn't sent.")
    message = serializers.IntegerField(allow_null=True, help_text="The id of the message that was sent.")
    created_at = serializers.DateTimeField()
