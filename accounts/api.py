"""REST routes of `/user`: list people, sign up, read and change one's own account."""

from typing import Any

from django.db.models import QuerySet
from django.urls import re_path
from django_filters import CharFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts import services
from accounts.models import User
from accounts.names import USERNAME, lookup
from accounts.payloads import own_payload, payload_for
from accounts.serializers import OwnUserSerializer, ProfileSerializer, SignUpSerializer, UserSerializer
from chatsite.contract.errors import NotFound
from chatsite.observability.addresses import client_address
from chatsite.web.rest.api import checked, me

# Values of the `username` parameter that are heeded: more than a page has.
MAX_USERNAMES = 200


class UserFilter(FilterSet):
    q = CharFilter(method="by_name", max_length=64, help_text="Part of a username or of a display name.")
    username = CharFilter(method="by_usernames", help_text="Only these; it may stand there often.")

    class Meta:
        model = User
        fields: list[str] = []

    def by_name(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """Keep people of whom `value` is a part of the username or the display name, folded."""
        return queryset.filter(lookup.name_contains(value, "username", "display_name"))

    def by_usernames(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """Keep the people of the `username` parameters; values that can't be usernames match nobody."""
        names = self.data.getlist(name)[:MAX_USERNAMES]
        return queryset.filter(username__in=[name for name in names if USERNAME.fullmatch(name)])


class UserViewSet(viewsets.GenericViewSet[User]):
    queryset = User.objects.none()
    filterset_class = UserFilter
    lookup_field = "username"

    def get_queryset(self) -> QuerySet[User]:
        people: QuerySet[User] = User.objects.present()
        return people

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny()] if self.action == "create" else [IsAuthenticated()]

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        by_action: dict[str | None, type[BaseSerializer[Any]]] = {
            "create": SignUpSerializer,
            "list": SignUpSerializer if self.request.method == "POST" else UserSerializer,
            "me": OwnUserSerializer,
            "change_me": ProfileSerializer,
        }
        return by_action.get(self.action, UserSerializer)

    @extend_schema(summary="People", responses=UserSerializer(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        viewer = me(request)
        return self.get_paginated_response([payload_for(viewer, user) for user in page])

    @extend_schema(
        operation_id="sign_up",
        summary="Make an account",
        request=SignUpSerializer,
        responses={201: OwnUserSerializer},
    )
    def create(self, request: Request) -> Response:
        data = checked(self.get_serializer(data=request.data))
        invite = data.pop("invite", None) or None
        user, _ = services.sign_up(**data, invite=invite, address=client_address(request.META))
        return Response(own_payload(user), status=status.HTTP_201_CREATED)

    @extend_schema(summary="One person", responses=UserSerializer)
    def retrieve(self, request: Request, username: str) -> Response:
        try:
            return Response(payload_for(me(request), User.objects.by_username(username)))
        except User.DoesNotExist as error:
            raise NotFound("There is no such person.") from error

    @extend_schema(operation_id="get_me", summary="Who I am", responses=OwnUserSerializer)
    def me(self, request: Request) -> Response:
        return Response(self.get_serializer(me(request)).data)

    @extend_schema(methods=["PUT"], operation_id="put_me", summary="The same as PATCH")
    @extend_schema(methods=["PATCH"], operation_id="update_me", summary="Change what is given")
    @extend_schema(request=ProfileSerializer, responses=OwnUserSerializer)
    def change_me(self, request: Request) -> Response:
        data = checked(self.get_serializer(data=request.data))
        return Response(own_payload(services.update_profile(me(request), **data)))


urlpatterns = [
    re_path(r"^user/?$", UserViewSet.as_view({"get": "list", "post": "create"}), name="user-list"),
    re_path(
        r"^user/me/?$",
        UserViewSet.as_view({"get": "me", "put": "change_me", "patch": "change_me"}),
        name="user-me",
    ),
    re_path(r"^user/(?P<username>[^/]+)/?$", UserViewSet.as_view({"get": "retrieve"}), name="user-detail"),
]
