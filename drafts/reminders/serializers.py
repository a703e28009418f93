"""Shapes of reminders in requests and answers."""

import uuid
from typing import Any

from rest_framework import serializers

from chatsite.web.fields import ClientId, Flag, StrictSerializer, Text, Whole
from drafts.models import MAX_TEXT_LENGTH
from drafts.zones import Moment, Zone
from messaging.serializers import QuoteSerializer


class ReminderText(Text):
    """What a reminder says; it may be empty where there is a message."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_blank=True, max_length=MAX_TEXT_LENGTH, **kwargs)


class AddReminderSerializer(StrictSerializer):
    text = ReminderText(default="")
    message = Whole(required=False, allow_null=True, help_text="The id of a message that I may read.")
    remind_at = Moment(help_text="Within a year.")
    time_zone = Zone(default="UTC")
    client_id = ClientId(default=uuid.uuid4, help_text="Without it the request can't be repeated safely.")


class ChangeReminderSerializer(StrictSerializer):
    text = ReminderText()
    remind_at = Moment(required=False, help_text="Within a year; it waits again.")
    time_zone = Zone(required=False)
    done = Flag(required=False)


class AboutSerializer(QuoteSerializer):
    """The message that a reminder is about."""

    room = serializers.CharField()
    name = serializers.CharField(help_text="The room's.", allow_blank=True)


class ReminderSerializer(serializers.Serializer[Any]):
    """Describes a reminder for the OpenAPI document; `reminder_payloads` makes it."""

    id = serializers.IntegerField()
    text = serializers.CharField()
    message = AboutSerializer(allow_null=True, help_text="Null, too, where I may not read it any more.")
    client_id = serializers.UUIDField()
    remind_at = serializers.DateTimeField()
    time_zone = serializers.CharField()
    state = serializers.ChoiceField(choices=["waiting", "due", "done", "deleted"])
    due_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
