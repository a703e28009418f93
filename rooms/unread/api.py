"""REST routes of a room's read positions: `/room/{slug}/read`, mine, and `/room/{slug}/receipt`, the others'."""

from typing import Any

from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from chatsite.web.rest.api import checked, me
from rooms import access, services
from rooms.models import Membership
from rooms.serializers import PositionChangeSerializer, PositionSerializer, ReceiptListSerializer
from rooms.unread import receipts


@extend_schema(tags=["room"])
class ReadViewSet(viewsets.GenericViewSet[Membership]):
    queryset = Membership.objects.none()
    serializer_class = PositionSerializer
    pagination_class = None
    filter_backends = []

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        changes = ("update", "partial_update")
        return PositionChangeSerializer if self.action in changes else PositionSerializer

    @extend_schema(
        operation_id="get_read_position", summary="How far I have read", responses=PositionSerializer
    )
    def retrieve(self, request: Request, slug: str) -> Response:
        return Response({"room": slug, **services.read_position(me(request), slug)})

    @extend_schema(
        operation_id="put_read_position",
        summary="The same as PATCH",
        request=PositionChangeSerializer,
        responses=PositionSerializer,
    )
    def update(self, request: Request, slug: str) -> Response:
        access.membership_for(me(request), slug)
        data = checked(self.get_serializer(data=request.data))
        return Response({"room": slug, **services.mark_read(me(request), slug, **data)})

    @extend_schema(
        operation_id="mark_read",
        summary="Mark read up to a place, or (`back`) unread after it",
        request=PositionChangeSerializer,
        responses=PositionSerializer,
    )
    def partial_update(self, request: Request, slug: str) -> Response:
        return self.update(request, slug)


@extend_schema(tags=["room"])
class ReceiptView(APIView):
    @extend_schema(
        operation_id="list_receipts",
        summary="How far the others have read, in a direct room or one of at most 20 members",
        responses=ReceiptListSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        mine = access.membership_for(me(request), slug)
        return Response({"next": None, "previous": None, "results": receipts.of_others([mine.pk])[mine.pk]})


READS: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update"}
ROOM = r"^room/(?P<slug>[^/]+)"

urlpatterns = [
    re_path(rf"{ROOM}/read/?$", ReadViewSet.as_view(READS), name="room-read"),
    re_path(rf"{ROOM}/receipt/?$", ReceiptView.as_view(), name="room-receipts"),
]
