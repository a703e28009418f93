"""REST routes of `/scheduled`: my messages that are to be sent later."""

from typing import Any

from django.db.models import QuerySet
from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from chatsite.web.rest.api import Pages, checked, me
from drafts.models import ScheduledMessage
from drafts.scheduled import services
from drafts.scheduled.payloads import scheduled_payload, scheduled_payloads
from drafts.scheduled.serializers import ChangeScheduledSerializer, ScheduledSerializer, ScheduleSerializer
from messaging.api import number
from messaging.payloads import message_payload
from messaging.serializers import MessageSerializer


class ScheduledPages(Pages):
    """Pages in the order of the times."""

    ordering = ("send_at", "pk")


class ScheduledViewSet(viewsets.GenericViewSet[ScheduledMessage]):
    serializer_class = ScheduledSerializer
    pagination_class = ScheduledPages
    filter_backends = []
    queryset = ScheduledMessage.objects.none()

    def get_queryset(self) -> QuerySet[ScheduledMessage]:
        return services.scheduled_of(me(self.request))

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        changing: dict[str, type[BaseSerializer[Any]]] = dict.fromkeys(
            ("update", "partial_update"), ChangeScheduledSerializer
        )
        forms: dict[str, type[BaseSerializer[Any]]] = {"create": ScheduleSerializer, **changing}
        return forms.get(self.action, ScheduledSerializer)

    @extend_schema(
        operation_id="list_scheduled", summary="My scheduled messages, also those that weren't sent"
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(scheduled_payloads(page or []))

    @extend_schema(
        operation_id="schedule_message",
        summary="Schedule a message; 201, or 200 for a repeat of the same client_id",
        description="Whether I may write in the room is asked now, and again when it is sent.",
        request=ScheduleSerializer,
        responses={200: ScheduledSerializer, 201: ScheduledSerializer},
    )
    def create(self, request: Request) -> Response:
        row, created = services.add(me(request), **checked(self.get_serializer(data=request.data)))
        return Response(scheduled_payload(row), status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    @extend_schema(operation_id="get_scheduled", summary="One of them")
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(scheduled_payload(services.found(me(request), number(pk))))

    @extend_schema(
        operation_id="put_scheduled",
        summary="The same as PATCH",
        request=ChangeScheduledSerializer,
        responses=ScheduledSerializer,
    )
    def update(self, request: Request, pk: str) -> Response:
        services.found(me(request), number(pk))
        data = checked(self.get_serializer(data=request.data))
        return Response(scheduled_payload(services.change(me(request), number(pk), **data)))

    @extend_schema(
        operation_id="change_scheduled",
        summary="Change its text, files or time; one that wasn't sent waits again",
        request=ChangeScheduledSerializer,
        responses=ScheduledSerializer,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        return self.update(request, pk)

    @extend_schema(operation_id="cancel_scheduled", summary="Cancel", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        services.cancel(me(request), number(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="send_scheduled", summary="Send it now", request=None, responses={201: MessageSerializer}
    )
    def send(self, request: Request, pk: str) -> Response:
        message = services.send_now(me(request), number(pk))
        return Response(message_payload(message), status=status.HTTP_201_CREATED)

    def check_sight(self, request: Request, pk: str) -> None:
        """Raise NotFound for another person's, before the request's data is checked."""
        services.found(me(request), number(pk))


CHANGES: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    re_path(
        r"^scheduled/?$", ScheduledViewSet.as_view({"get": "list", "post": "create"}), name="scheduled-list"
    ),
    re_path(r"^scheduled/(?P<pk>[^/]+)/?$", ScheduledViewSet.as_view(CHANGES), name="scheduled-detail"),
    re_path(
        r"^scheduled/(?P<pk>[^/]+)/message/?$",
        ScheduledViewSet.as_view({"post": "send"}),
        name="scheduled-message",
    ),
]
