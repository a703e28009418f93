"""Shapes of files in requests and answers."""

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from chatsite.web.fields import ClientId, StrictSerializer, Text
from rooms.serializers import Slug


class LargePreviewSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class FilePreviewSerializer(LargePreviewSerializer):
    large = LargePreviewSerializer(allow_null=True)
    placeholder = serializers.CharField(help_text="A `data:` address of a picture of 16 pixels, or empty.")


class FileSerializer(serializers.Serializer[Any]):
    """Describes a file for the OpenAPI document; `files.payloads.file_payload` makes it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.CharField()
    kind = serializers.ChoiceField(
        ["picture", "audio", "video", "text", "document", "archive", "other"],
        help_text="What people call it.",
    )
    size = serializers.IntegerField(help_text="Bytes.")
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    duration = serializers.FloatField(allow_null=True, help_text="Seconds.")
    inline = serializers.BooleanField(help_text="Whether a browser may show it; all else is a download.")
    animated = serializers.BooleanField()
    alt = serializers.CharField(help_text="What a picture shows, in words; may be empty.")
    excerpt = serializers.CharField(help_text="HTML of the first lines of a text, coloured; else empty.")
    url = serializers.CharField()
    preview = FilePreviewSerializer(allow_null=True)
    created_at = serializers.DateTimeField()


class Alt(Text):
    """What a picture shows, in words."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            allow_blank=True, max_length=1000, help_text="What a picture shows, in words.", **kwargs
        )


class UploadSerializer(StrictSerializer):
    """The fields of an upload beside its file. Without `client_id` it can't be repeated safely."""

    room = Slug()
    client_id = ClientId(default=uuid.uuid4)
    alt = Alt(required=False, default="")


@extend_schema_serializer(component_name="FileUpdate")
class DescriptionSerializer(StrictSerializer):
    alt = Alt()


@extend_schema_serializer(component_name="FileUpload")
class UploadFormSerializer(UploadSerializer):
    """Describes an upload for the OpenAPI document. The file comes last."""

    poster = extend_schema_field(OpenApiTypes.BINARY)(serializers.FileField)(
        required=False, help_text="A picture of a film, of at most 1 MB, from which its previews are made."
    )
    file = extend_schema_field(OpenApiTypes.BINARY)(serializers.FileField)()
