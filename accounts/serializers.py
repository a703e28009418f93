"""Shapes of people in REST requests and answers."""

from typing import Any

from rest_framework import serializers

from accounts.authentication.password_validators import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH
from accounts.models import MAX_STATUS_LENGTH, Availability, User
from accounts.payloads import own_payload, user_payload
from chatsite.contract.emoji import MAX_EMOJI_LENGTH
from chatsite.contract.zones import MAX_ZONE_LENGTH
from chatsite.web.fields import Choice, Flag, StrictSerializer, Text


class AvatarSerializer(serializers.Serializer[Any]):
    initials = serializers.CharField()
    color = serializers.IntegerField(min_value=0, max_value=7)
    url = serializers.CharField(
        allow_null=True, help_text="Of the picture, with `{size}` for 48, 96 or 256; null without one."
    )


class BriefUserSerializer(serializers.Serializer[Any]):
    """A person inside other payloads, as `accounts.payloads.user_brief` makes it."""

    username = serializers.CharField()
    display_name = serializers.CharField()
    avatar = AvatarSerializer()


class StatusSerializer(serializers.Serializer[Any]):
    emoji = serializers.CharField(help_text="Of Unicode, or `:name:` of the site's own; or empty.")
    text = serializers.CharField(help_text="Or empty.")
    until = serializers.DateTimeField(allow_null=True)


class UserSerializer(BriefUserSerializer):
    online = serializers.BooleanField(
        help_text="Never true of somebody who is invisible, but for themselves."
    )
    last_seen = serializers.DateTimeField(allow_null=True)
    availability = serializers.ChoiceField(
        choices=Availability.choices, help_text="`invisible` in nobody's answers but the person's own."
    )
    status = StatusSerializer(allow_null=True)
    time_zone = serializers.CharField(
        allow_null=True, help_text="An IANA name, where the person shows the time there; or null."
    )

    def to_representation(self, instance: User) -> dict[str, Any]:
        return user_payload(instance)


class OwnUserSerializer(UserSerializer):
    availability_until = serializers.DateTimeField(allow_null=True)
    show_local_time = serializers.BooleanField(help_text="Whether others see `time_zone`.")
    email = serializers.CharField()
    double_click_reaction = serializers.CharField(help_text="An emoji, or empty.")
    show_previews = serializers.BooleanField(help_text="Whether pages show previews of links.")
    show_receipts = serializers.BooleanField(
        help_text="Whether I show in small rooms how far I have read, and see it of others."
    )
    single_keys = serializers.BooleanField(help_text="Whether single keys act on my pages.")

    def to_representation(self, instance: User) -> dict[str, Any]:
        return own_payload(instance)


class SignUpSerializer(StrictSerializer):
    username = Text(shortest=3, max_length=32)
    password = Text(
        shortest=MIN_PASSWORD_LENGTH,
        max_length=MAX_PASSWORD_LENGTH,
        trim_whitespace=False,
        style={"input_type": "password"},
        write_only=True,
    )
    display_name = Text(max_length=64, required=False, allow_blank=True)
    email = Text(max_length=254, required=False, allow_blank=True)
    invite = Text(max_length=64, required=False, allow_blank=True, help_text="The code of an invite link.")


class NewStatusSerializer(StrictSerializer):
    emoji = Text(max_length=MAX_EMOJI_LENGTH, required=False, allow_blank=True)
    text = Text(max_length=MAX_STATUS_LENGTH, required=False, allow_blank=True)
    until = serializers.DateTimeField(required=False, allow_null=True)


class ActivitySerializer(StrictSerializer):
    active = Flag()


class ProfileSerializer(StrictSerializer):
    display_name = Text(max_length=64, required=False, allow_blank=True)
    email = Text(max_length=254, required=False, allow_blank=True)
    double_click_reaction = Text(
        max_length=MAX_EMOJI_LENGTH,
        required=False,
        allow_blank=True,
        help_text="The emoji that a double click puts under a message; empty for none.",
    )
    show_previews = Flag(required=False, help_text="Whether pages show previews of links.")
    show_receipts = Flag(
        required=False, help_text="Whether I show in small rooms how far I have read, and see it of others."
    )
    single_keys = Flag(required=False, help_text="Whether single keys act on my pages.")
    availability = Choice(choices=Availability.choices, required=False)
    availability_until = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="When it is automatic again, within a year; null for never.",
    )
    status = NewStatusSerializer(
        required=False, allow_null=True, help_text="Null takes it back, as does one without emoji and text."
    )
    time_zone = Text(
        max_length=MAX_ZONE_LENGTH,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="An IANA name.",
    )
    show_local_time = Flag(required=False, help_text="Whether others see `time_zone`.")
