"""Shapes of `/push` in requests and answers."""

from typing import Any

from rest_framework import serializers

from chatsite.web.fields import Flag, StrictSerializer, Text
from push.models import MAX_ENDPOINT_LENGTH


class LastErrorSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()
    at = serializers.DateTimeField()


class DeviceSerializer(serializers.Serializer[Any]):
    """A device, as `push.payloads.device_payload` makes it."""

    id = serializers.IntegerField()
    name = serializers.CharField(help_text="By its browser and its system.")
    host = serializers.CharField(help_text="Of its push service.")
    current = serializers.BooleanField(help_text="Whether it came by the session of this request.")
    content = serializers.BooleanField(help_text="Whether it shows what was said, where the site allows it.")
    created_at = serializers.DateTimeField()
    last_success = serializers.DateTimeField(allow_null=True)
    last_error = LastErrorSerializer(allow_null=True)


class NewDeviceSerializer(StrictSerializer):
    """The parts of a browser's PushSubscription."""

    endpoint = Text(max_length=MAX_ENDPOINT_LENGTH, help_text="An https address.")
    p256dh = Text(max_length=100, help_text="The subscription's public key, base64url.")
    auth = Text(max_length=40, help_text="The subscription's secret, base64url.")
    content = Flag(required=False, help_text="Whether it shows what was said.")


class ChangedDeviceSerializer(StrictSerializer):
    content = Flag(help_text="Whether it shows what was said.")


class KeySerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="The VAPID public key, base64url: `applicationServerKey`.")


class TestedSerializer(serializers.Serializer[Any]):
    sent = serializers.BooleanField(help_text="Whether the push service took it.")
    detail = serializers.CharField(allow_blank=True, help_text="Why not.")


class ActiveSerializer(StrictSerializer):
    """An `active` of a socket: whether somebody uses the page, or left it."""

    active = Flag()
