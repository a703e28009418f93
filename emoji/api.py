"""REST routes of `/emoji`: the site's own emoji, and their pictures."""

from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.urls import re_path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from chatsite.web.middleware import names_file
from chatsite.web.rest.api import Pages, checked, me
from emoji import services
from emoji.models import CustomEmoji
from emoji.payloads import emoji_payload
from emoji.serializers import NewEmojiSerializer, OwnEmojiSerializer
from files import small_pictures
from files.api import Bytes
from files.models import File
from files.serving import answers


class EmojiPages(Pages):
    """Pages of which one may have all emoji of the site."""

    max_page_size = services.MAX_EMOJI


class EmojiViewSet(viewsets.GenericViewSet[CustomEmoji]):
    serializer_class = OwnEmojiSerializer
    pagination_class = EmojiPages
    filter_backends = []
    parser_classes = [MultiPartParser]
    queryset = CustomEmoji.objects.none()

    def get_queryset(self) -> QuerySet[CustomEmoji]:
        return services.standing()

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return NewEmojiSerializer if self.request.method == "POST" else OwnEmojiSerializer

    @extend_schema(operation_id="list_emoji", summary="The site's own emoji")
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([emoji_payload(emoji) for emoji in page or []])

    @extend_schema(
        operation_id="add_emoji",
        summary="Add one",
        request={"multipart/form-data": NewEmojiSerializer},
        responses={201: OwnEmojiSerializer},
    )
    def create(self, request: Request) -> Response:
        services.check_adding(me(request))
        data = checked(self.get_serializer(data=request.data))
        emoji = services.add(me(request), data["name"], data["image"])
        return Response(emoji_payload(emoji), status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="remove_emoji", summary="Remove one", responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        services.remove(me(request), services.found(name))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def check_sight(self, request: Request, name: str) -> None:
        """Raise NotFound where there is no such emoji."""
        services.found(name)


class Picture(Bytes):
    @extend_schema(
        operation_id="get_emoji_picture",
        summary="The picture of one",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, name: str, version: str) -> HttpResponseBase:
        file = small_pictures.of_version(version, File.Purpose.EMOJI)
        return small_pictures.answer(request._request, answers.original(file))


urlpatterns = [
    re_path(
        r"^emoji/?$",
        names_file(small_pictures.FIELD)(EmojiViewSet.as_view({"get": "list", "post": "create"})),
        name="emoji-list",
    ),
    re_path(r"^emoji/(?P<name>[^/]+)/?$", EmojiViewSet.as_view({"delete": "destroy"}), name="emoji-detail"),
    re_path(
        r"^emoji/(?P<name>[^/]+)/(?P<version>[^/]+)/?$",
        Picture.as_view(),
        name="emoji-picture",
    ),
]
