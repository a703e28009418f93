"""REST routes of `/push`: the devices of a person that take pushes."""

from typing import Any

from django.db.models import QuerySet
from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from accounts.models import ApiToken
from chatsite.contract.errors import NotFound
from chatsite.web.rest.api import Pages, checked, me
from push.delivery import testing
from push.devices import services as devices
from push.devices import vapid
from push.devices.agents import name_of
from push.models import PushSubscription
from push.payloads import device_payload
from push.serializers import (
    ChangedDeviceSerializer,
    DeviceSerializer,
    KeySerializer,
    NewDeviceSerializer,
    TestedSerializer,
)

# Digits of which a database's ids have fewer.
MAX_DIGITS = 19


class DevicePages(Pages):
    ordering = "-pk"


class DeviceViewSet(viewsets.GenericViewSet[PushSubscription]):
    serializer_class = DeviceSerializer
    pagination_class = DevicePages
    filter_backends = []
    queryset = PushSubscription.objects.none()

    def get_queryset(self) -> QuerySet[PushSubscription]:
        return devices.devices_of(me(self.request)).select_related("session")

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        by_action: dict[str | None, type[BaseSerializer[Any]]] = {
            "create": NewDeviceSerializer,
            "list": NewDeviceSerializer if self.request.method == "POST" else DeviceSerializer,
            "change": ChangedDeviceSerializer,
            "retrieve": DeviceSerializer,
        }
        return by_action.get(self.action, ChangedDeviceSerializer)

    @extend_schema(
        operation_id="list_devices",
        summary="My devices that take pushes",
        responses=DeviceSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([self.shown(device) for device in page])

    @extend_schema(
        operation_id="add_device",
        summary="Add one, or say that it is still there",
        request=NewDeviceSerializer,
        responses={200: DeviceSerializer, 201: DeviceSerializer},
    )
    def create(self, request: Request) -> Response:
        data = checked(self.get_serializer(data=request.data))
        token = request.auth if isinstance(request.auth, ApiToken) else None
        credential = devices.credential_of(me(request), session_key_of(request), token)
        name = name_of(request.headers.get("User-Agent", ""))
        device, new = devices.add(me(request), credential, name=name, **data)
        return Response(self.shown(device), status=status.HTTP_201_CREATED if new else status.HTTP_200_OK)

    @extend_schema(operation_id="get_device", summary="One of them", responses=DeviceSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.shown(devices.device(me(request), id_of(pk))))

    @extend_schema(methods=["PUT"], operation_id="put_device", summary="The same as PATCH")
    @extend_schema(
        methods=["PATCH"], operation_id="update_device", summary="Let it show what was said, or not"
    )
    @extend_schema(request=ChangedDeviceSerializer, responses=DeviceSerializer)
    def change(self, request: Request, pk: str) -> Response:
        content = checked(self.get_serializer(data=request.data))["content"]
        return Response(self.shown(devices.change(me(request), id_of(pk), content)))

    @extend_schema(operation_id="remove_device", summary="Remove one", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        devices.remove(me(request), id_of(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="test_device", summary="Push to it now", request=None, responses=TestedSerializer
    )
    def test(self, request: Request, pk: str) -> Response:
        outcome = testing.test(me(request), id_of(pk))
        return Response({"sent": outcome.sent, "detail": outcome.detail})

    def check_sight(self, request: Request, pk: str) -> None:
        """Raise NotFound where a device isn't the person's."""
        devices.device(me(request), id_of(pk))

    def shown(self, device: PushSubscription) -> dict[str, Any]:
        return device_payload(device, session_key_of(self.request))


class KeyView(APIView):
    @extend_schema(
        operation_id="get_push_key", summary="The site's key for web push", responses=KeySerializer
    )
    def get(self, request: Request) -> Response:
        return Response({"key": vapid.key().public})


def session_key_of(request: Request) -> str | None:
    """Return the key of the session by which a request came; None for one by a token."""
    return None if request.auth is not None else request.session.session_key


def id_of(text: str) -> int:
    """Return an id out of an address. Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) < MAX_DIGITS):
        raise NotFound("There is no such device.")
    return int(text)


urlpatterns = [
    re_path(r"^push/?$", DeviceViewSet.as_view({"get": "list", "post": "create"}), name="push-list"),
    re_path(r"^push/key/?$", KeyView.as_view(), name="push-key"),
    re_path(
        r"^push/(?P<pk>[^/]+)/?$",
        DeviceViewSet.as_view({"get": "retrieve", "put": "change", "patch": "change", "delete": "destroy"}),
        name="push-detail",
    ),
    re_path(r"^push/(?P<pk>[^/]+)/test/?$", DeviceViewSet.as_view({"post": "test"}), name="push-test"),
]
