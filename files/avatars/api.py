"""REST routes of avatars: `/user/me/avatar`, `/room/{slug}/avatar`, and the pictures."""

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import re_path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.payloads import own_payload
from accounts.serializers import OwnUserSerializer
from chatsite.contract.errors import NotFound
from chatsite.web.middleware import names_file
from chatsite.web.rest.api import checked, me
from files import small_pictures
from files.api import Bytes
from files.avatars import services
from files.avatars.serializers import NewAvatarSerializer
from files.models import File
from files.serving import answers
from rooms import access
from rooms.payloads import room_payload
from rooms.serializers import RoomSerializer

FORM = {"multipart/form-data": NewAvatarSerializer}


class Changing(GenericAPIView[Any]):
    serializer_class = NewAvatarSerializer
    parser_classes = [MultiPartParser]

    def image(self, request: Request) -> Any:
        return checked(self.get_serializer(data=request.data))["image"]


class Own(Changing):
    @extend_schema(
        operation_id="put_my_avatar",
        summary="Show a picture of me",
        request=FORM,
        responses=OwnUserSerializer,
    )
    def put(self, request: Request) -> Response:
        return Response(own_payload(services.change_own(me(request), self.image(request))))

    @extend_schema(operation_id="delete_my_avatar", summary="Show my initials again", responses={204: None})
    def delete(self, request: Request) -> Response:
        services.remove_from(me(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def check_sight(self, request: Request) -> None:
        """Everybody who is signed in sees it."""


class OfRoom(Changing):
    @extend_schema(
        operation_id="put_room_avatar",
        summary="Give a room a picture",
        request=FORM,
        responses=RoomSerializer,
    )
    def put(self, request: Request, slug: str) -> Response:
        services.check_changing(me(request), slug)
        room = services.change_room(me(request), slug, self.image(request))
        return Response(room_payload(me(request), room))

    @extend_schema(operation_id="delete_room_avatar", summary="Take it away", responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        services.remove_from_room(me(request), slug)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def check_sight(self, request: Request, slug: str) -> None:
        """Raise what keeps the person from the room."""
        access.room_for(me(request), slug)


def answer(request: Request, file: File, size: str) -> HttpResponseBase:
    """Answer with a picture of a size. Raises NotFound for another size."""
    wanted = answers.original(file) if size == str(services.LARGEST) else answers.preview(file, size)
    return small_pictures.answer(request._request, wanted)


class Picture(Bytes):
    @extend_schema(
        operation_id="get_avatar",
        summary="A person's picture",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, username: str, version: str, size: str) -> HttpResponseBase:
        file = small_pictures.of_version(version, File.Purpose.AVATAR)
        if file.room_id is not None:
            raise NotFound("There is no such picture.")
        return answer(request, file, size)


class RoomPicture(Bytes):
    @extend_schema(
        operation_id="get_room_avatar",
        summary="A room's picture",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, slug: str, version: str, size: str) -> HttpResponseBase:
        room = access.room_for(me(request), slug)
        file = small_pictures.of_version(version, File.Purpose.AVATAR)
        if file.room_id != room.pk:
            raise NotFound("There is no such picture.")
        return answer(request, file, size)


takes_picture = names_file(small_pictures.FIELD)
urlpatterns = [
    re_path(r"^user/me/avatar/?$", takes_picture(Own.as_view()), name="user-avatar"),
    re_path(r"^room/(?P<slug>[^/]+)/avatar/?$", takes_picture(OfRoom.as_view()), name="room-avatar"),
    re_path(
        r"^user/(?P<username>[^/]+)/avatar/(?P<version>[^/]+)/(?P<size>[^/]+)/?$",
        Picture.as_view(),
        name="avatar-picture",
    ),
    re_path(
        r"^room/(?P<slug>[^/]+)/avatar/(?P<version>[^/]+)/(?P<size>[^/]+)/?$",
        RoomPicture.as_view(),
        name="room-avatar-picture",
    ),
]
