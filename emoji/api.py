"""REST routes of `/emoji`: the site's own emoji, and their pictures."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import re_path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from chatsite.web.rest.api import Pages, checked, me
from chatsite.web.rest.throttles import UserThrottle
from emoji import services
from emoji.models import CustomEmoji
from emoji.payloads import emoji_payload
from emoji.serializers import NewEmojiSerializer, OwnEmojiSerializer
from files import small_pictures
from files.models import File


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


class EmojiPictureViewSet(viewsets.GenericViewSet[CustomEmoji]):
    serializer_class = None
    # A page may show a hundred: they count among the person's requests, and not among their events.
    throttle_classes = [UserThrottle]

    @extend_schema(
        operation_id="get_emoji_picture",
        summary="The picture of one",
        responses={(200, "image/*"): OpenApiTypes.BINARY},
    )
    def retrieve(self, request: Request, name: str, version: str) -> HttpResponse:
        return small_pictures.response(small_pictures.of_version(version, File.Purpose.EMOJI))


urlpatterns = [
    re_path(r"^emoji/?$", EmojiViewSet.as_view({"get": "list", "post": "create"}), name="emoji-list"),
    re_path(r"^emoji/(?P<name>[^/]+)/?$", EmojiViewSet.as_view({"delete": "destroy"}), name="emoji-detail"),
    re_path(
        r"^emoji/(?P<name>[^/]+)/(?P<version>[0-9a-f]{32})/?$",
        EmojiPictureViewSet.as_view({"get": "retrieve"}),
        name="emoji-picture",
    ),
]
