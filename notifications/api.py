"""REST routes of `/notification`, and of `/message/{id}/why`."""

from typing import Any

from django.db.models import QuerySet
from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from chatsite.web.rest.api import Pages, checked, me
from messaging.api import number
from messaging.models import Message
from notifications import inbox, services
from notifications.models import Notification, Preferences
from notifications.serializers import (
    InboxQuerySerializer,
    NotificationSerializer,
    PreferencesChangeSerializer,
    PreferencesSerializer,
    ReadNotificationsSerializer,
    UnreadSerializer,
    WhySerializer,
)
from notifications.why import why


class InboxPages(Pages):
    ordering = "-pk"


class NotificationViewSet(viewsets.GenericViewSet[Notification]):
    serializer_class = NotificationSerializer
    pagination_class = InboxPages
    filter_backends = []
    queryset = Notification.objects.none()

    def get_queryset(self) -> QuerySet[Notification]:
        query = checked(InboxQuerySerializer(data=self.request.query_params))
        return services.listed(me(self.request), query.get("kind", ()), unread=query.get("unread", False))

    @extend_schema(
        operation_id="list_notifications",
        summary="My inbox, newest first",
        parameters=[InboxQuerySerializer],
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([inbox.payload(row) for row in page or []])


class ReadViewSet(viewsets.GenericViewSet[Notification]):
    serializer_class = ReadNotificationsSerializer
    pagination_class = None
    filter_backends = []
    queryset = Notification.objects.none()

    @extend_schema(
        operation_id="count_unread_notifications",
        summary="How much of my inbox is unread",
        responses=UnreadSerializer,
    )
    def retrieve(self, request: Request) -> Response:
        return Response({"unread": services.unread_count(me(request))})

    @extend_schema(
        operation_id="read_notifications",
        summary="Mark notifications as read: these, all, or those of a room up to a seq",
        request=ReadNotificationsSerializer,
        responses={200: UnreadSerializer},
    )
    def create(self, request: Request) -> Response:
        data = checked(self.get_serializer(data=request.data))
        data["everything"] = data.pop("all", False)
        return Response({"unread": services.mark_read(me(request), **data)})


class PreferencesViewSet(viewsets.GenericViewSet[Preferences]):
    serializer_class = PreferencesSerializer
    pagination_class = None
    filter_backends = []
    queryset = Preferences.objects.none()

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        changes = self.action in {"update", "partial_update"}
        return PreferencesChangeSerializer if changes else PreferencesSerializer

    @extend_schema(operation_id="get_notification_settings", summary="What I am told of, and when")
    def retrieve(self, request: Request) -> Response:
        return self.answer(services.preferences_of(me(request)))

    @extend_schema(
        operation_id="put_notification_settings",
        summary="The same as PATCH",
        request=PreferencesChangeSerializer,
        responses=PreferencesSerializer,
    )
    def update(self, request: Request) -> Response:
        data = checked(self.get_serializer(data=request.data))
        names = {"keywords": "words", "schedule": "hours"}
        changes = {names.get(name, name): value for name, value in data.items()}
        return self.answer(services.change_preferences(me(request), **changes))

    @extend_schema(
        operation_id="update_notification_settings",
        summary="Change what I am told of, and when",
        request=PreferencesChangeSerializer,
        responses=PreferencesSerializer,
    )
    def partial_update(self, request: Request) -> Response:
        return self.update(request)

    def answer(self, mine: Preferences) -> Response:
        """Return the payload of the person's preferences."""
        return Response(services.preferences_payload(me(self.request), mine))


class WhyViewSet(viewsets.GenericViewSet[Message]):
    serializer_class = WhySerializer
    pagination_class = None
    filter_backends = []
    queryset = Message.objects.none()

    @extend_schema(
        operation_id="why_was_i_told",
        summary="Why I was told of a message, or wasn't",
        responses=WhySerializer,
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(why(me(request), number(pk)))


CHANGES: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update"}

urlpatterns = [
    re_path(r"^notification/?$", NotificationViewSet.as_view({"get": "list"}), name="notification-list"),
    re_path(
        r"^notification/read/?$",
        ReadViewSet.as_view({"get": "retrieve", "post": "create"}),
        name="notification-read",
    ),
    re_path(r"^notification/setting/?$", PreferencesViewSet.as_view(CHANGES), name="notification-setting"),
    re_path(r"^message/(?P<pk>[^/]+)/why/?$", WhyViewSet.as_view({"get": "retrieve"}), name="message-why"),
]
