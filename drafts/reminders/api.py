"""REST routes of `/reminder`: what I want to be reminded of."""

from typing import Any

from django.db.models import QuerySet
from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from chatsite.web.rest.api import Pages, checked, me
from drafts.models import Reminder
from drafts.reminders import services
from drafts.reminders.payloads import reminder_payload, reminder_payloads
from drafts.reminders.serializers import AddReminderSerializer, ChangeReminderSerializer, ReminderSerializer
from messaging.api import number


class ReminderPages(Pages):
    """Pages in the order of the times."""

    ordering = ("remind_at", "pk")


class ReminderViewSet(viewsets.GenericViewSet[Reminder]):
    serializer_class = ReminderSerializer
    pagination_class = ReminderPages
    filter_backends = []
    queryset = Reminder.objects.none()

    def get_queryset(self) -> QuerySet[Reminder]:
        return services.reminders_of(me(self.request))

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        changing: dict[str, type[BaseSerializer[Any]]] = dict.fromkeys(
            ("update", "partial_update"), ChangeReminderSerializer
        )
        forms: dict[str, type[BaseSerializer[Any]]] = {"create": AddReminderSerializer, **changing}
        return forms.get(self.action, ReminderSerializer)

    @extend_schema(operation_id="list_reminders", summary="My reminders")
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(reminder_payloads(me(request), page or []))

    @extend_schema(
        operation_id="add_reminder",
        summary="Add one, of a message, a text or both; 201, or 200 for a repeat of the same client_id",
        request=AddReminderSerializer,
        responses={200: ReminderSerializer, 201: ReminderSerializer},
    )
    def create(self, request: Request) -> Response:
        reminder, created = services.add(me(request), **checked(self.get_serializer(data=request.data)))
        return self.answer(reminder, status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    @extend_schema(operation_id="get_reminder", summary="One of them")
    def retrieve(self, request: Request, pk: str) -> Response:
        return self.answer(services.found(me(request), number(pk)))

    @extend_schema(
        operation_id="put_reminder",
        summary="The same as PATCH",
        request=ChangeReminderSerializer,
        responses=ReminderSerializer,
    )
    def update(self, request: Request, pk: str) -> Response:
        services.found(me(request), number(pk))
        data = checked(self.get_serializer(data=request.data))
        return self.answer(services.change(me(request), number(pk), **data))

    @extend_schema(
        operation_id="change_reminder",
        summary="Change its text or time, or tick it off",
        request=ChangeReminderSerializer,
        responses=ReminderSerializer,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        return self.update(request, pk)

    @extend_schema(operation_id="delete_reminder", summary="Delete", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        services.delete(me(request), number(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def answer(self, reminder: Reminder, code: int = status.HTTP_200_OK) -> Response:
        """Return the reminder's payload."""
        return Response(reminder_payload(me(self.request), reminder), status=code)


CHANGES: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    re_path(
        r"^reminder/?$", ReminderViewSet.as_view({"get": "list", "post": "create"}), name="reminder-list"
    ),
    re_path(r"^reminder/(?P<pk>[^/]+)/?$", ReminderViewSet.as_view(CHANGES), name="reminder-detail"),
]
