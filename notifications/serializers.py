"""Shapes of notifications and preferences in requests and answers."""

from typing import Any

from rest_framework import serializers

from accounts.models import NotificationLevel
from accounts.serializers import BriefUserSerializer
from chatsite.web.fields import Choice, Flag, Names, StrictSerializer, Text, Whole
from notifications import inbox
from notifications.deciding import Channel, Rule
from notifications.handovers import Outcome
from notifications.keywords import MAX_KEYWORD_LENGTH, MAX_KEYWORDS
from notifications.models import Kind, MailWish, Notification
from notifications.schedule import DAYS
from notifications.services import MAX_IDS
from rooms.serializers import LEVELS, Slug

CHOICES_OF_RULES = [(rule.value, rule.value) for rule in Rule]
CHOICES_OF_OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]
CHOICES_OF_CHANNELS = [(channel.value, channel.value) for channel in Channel]


class InboxQuerySerializer(serializers.Serializer[Any]):
    """The query string of `/notification`."""

    unread = serializers.BooleanField(required=False, help_text="Only what is unread.")
    kind = serializers.MultipleChoiceField(
        choices=Kind.choices, required=False, help_text="Once or more: only of these kinds."
    )


class NotificationSerializer(serializers.Serializer[Any]):
    """Describes a notification for the OpenAPI document; `inbox.payload` makes it."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    room = serializers.CharField(allow_null=True)
    message = serializers.IntegerField(allow_null=True, help_text="The message's id.")
    user = BriefUserSerializer(allow_null=True, help_text="Who did it.")
    emoji = serializers.CharField(allow_null=True, help_text="A reaction's.")
    text = serializers.CharField(help_text="The message's first line.")
    at = serializers.DateTimeField()
    read = serializers.BooleanField()

    def to_representation(self, row: Notification) -> inbox.Payload:
        return inbox.payload(row)


class ReadNotificationsSerializer(StrictSerializer):
    """What is to be marked as read: one of the three ways to say it."""

    ids = serializers.ListField(child=Whole(), required=False, max_length=MAX_IDS)
    all = Flag(required=False)
    room = Slug(required=False)
    seq = Whole(required=False, help_text="With room: up to this place in its log.")


class UnreadSerializer(serializers.Serializer[Any]):
    unread = serializers.IntegerField(help_text="How much is unread then.")


class HoursSerializer(StrictSerializer):
    """The hours of one day. `from` is no name in Python, so the fields are made below."""

    day = Choice(choices=[(day, day.capitalize()) for day in DAYS])

    def get_fields(self) -> dict[str, Any]:
        times = {name: Text(max_length=5, help_text="As 09:00.") for name in ("from", "to")}
        return {**super().get_fields(), **times}


class PreferencesChangeSerializer(StrictSerializer):
    level = Choice(choices=LEVELS, required=False, help_text="In rooms where I chose nothing.")
    keywords = Names(
        child=Text(max_length=MAX_KEYWORD_LENGTH), required=False, max_length=MAX_KEYWORDS, allow_empty=True
    )
    quiet_until = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Do not disturb until then; null ends it."
    )
    schedule = serializers.ListField(
        child=HoursSerializer(),
        required=False,
        max_length=len(DAYS),
        help_text="The hours in which I want to be disturbed, by my zone; empty for all.",
    )
    zone = Text(required=False, allow_blank=True, max_length=64, help_text="As Europe/Amsterdam.")
    mail = Choice(
        choices=MailWish.choices, required=False, help_text="What I get by mail, where the site mails."
    )


class HoursShownSerializer(serializers.Serializer[Any]):
    day = serializers.ChoiceField(choices=DAYS)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.CharField(), "to": serializers.CharField()}


class PreferencesSerializer(serializers.Serializer[Any]):
    level = serializers.ChoiceField(choices=LEVELS)
    site_level = serializers.ChoiceField(choices=NotificationLevel.choices)
    keywords = serializers.ListField(child=serializers.CharField())
    quiet_until = serializers.DateTimeField(allow_null=True)
    schedule = HoursShownSerializer(many=True)
    zone = serializers.CharField()
    mail = serializers.ChoiceField(choices=MailWish.choices)


class HandoverSerializer(serializers.Serializer[Any]):
    """What became of a message by a channel (`notifications.handovers`)."""

    outcome = serializers.ChoiceField(choices=CHOICES_OF_OUTCOMES)
    words = serializers.CharField(help_text="The same in a sentence.")
    at = serializers.DateTimeField(allow_null=True, help_text="When it was handed over.")
    status = serializers.IntegerField(
        allow_null=True, help_text="What the mail server or the push service answered, as 250 or 201."
    )


class DeviceHandoverSerializer(HandoverSerializer):
    id = serializers.IntegerField(help_text="The device's, which may be removed by now.")
    name = serializers.CharField()


class VerdictSerializer(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(choices=CHOICES_OF_CHANNELS)
    told = serializers.BooleanField()
    rule = serializers.ChoiceField(choices=CHOICES_OF_RULES)
    words = serializers.CharField(help_text="The rule in a sentence.")
    at = serializers.DateTimeField(allow_null=True, help_text="When it was handed over first.")
    answer = HandoverSerializer(allow_null=True, help_text="Of the inbox, an open page, the mail server.")
    devices = DeviceHandoverSerializer(many=True, help_text="Of a push: what each of my devices was handed.")


class WhySerializer(serializers.Serializer[Any]):
    message = serializers.IntegerField()
    channels = VerdictSerializer(many=True)
