"""REST routes of `/message/{id}/reaction`: who reacted, react, and take one's own back."""

from typing import Any

from django.db.models import QuerySet
from django.urls import re_path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.names import USERNAME
from chatsite.web.rest.api import Pages, checked, me
from messaging import services as messages
from messaging.api import number
from messaging.models import Reaction
from messaging.payloads import reaction_payload
from messaging.reactions import services
from messaging.reactions.emoji import spelled
from messaging.serializers import EmojiSerializer, ReactionSerializer


class ReactionViewSet(viewsets.GenericViewSet[Reaction]):
    serializer_class = ReactionSerializer
    pagination_class = Pages
    filter_backends = []
    queryset = Reaction.objects.none()

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return EmojiSerializer if self.action == "create" else ReactionSerializer

    def get_queryset(self) -> QuerySet[Reaction]:
        """Return the message's reactions in their order, those of one emoji or person if they are named, none of a
        tombstone."""
        message = messages.visible_message(me(self.request), number(self.kwargs["pk"]))
        if message.gone:
            return Reaction.objects.none()
        found = Reaction.objects.filter(message=message).select_related("user")
        emoji, username = (self.request.query_params.get(name) for name in ("emoji", "user"))
        if emoji:
            found = found.filter(emoji=spelled(emoji))
        if username:
            found = found.filter(user__username=username) if USERNAME.fullmatch(username) else found.none()
        return found

    @extend_schema(
        operation_id="list_reactions",
        summary="Who reacted to a message, and how",
        parameters=[
            OpenApiParameter("emoji", str, description="Only reactions with this one."),
            OpenApiParameter("user", str, description="Only those of the person of this username."),
        ],
    )
    def list(self, request: Request, pk: str) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([reaction_payload(reaction) for reaction in page or []])

    @extend_schema(
        operation_id="react",
        summary="React; 201, or 200 for a repeat",
        request=EmojiSerializer,
        responses={200: ReactionSerializer, 201: ReactionSerializer},
    )
    def create(self, request: Request, pk: str) -> Response:
        messages.visible_message(me(request), number(pk))
        emoji = checked(self.get_serializer(data=request.data))["emoji"]
        reaction, created = services.react(me(request), number(pk), emoji)
        code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
        return Response(reaction_payload(reaction), status=code)

    @extend_schema(operation_id="unreact", summary="Take a reaction of mine back", responses={204: None})
    def destroy(self, request: Request, pk: str, emoji: str) -> Response:
        services.unreact(me(request), number(pk), emoji)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def check_sight(self, request: Request, pk: str, emoji: str) -> None:
        """Raise what keeps the person from the message, before the request's data is checked."""
        messages.visible_message(me(request), number(pk))


urlpatterns = [
    re_path(
        r"^message/(?P<pk>[^/]+)/reaction/?$",
        ReactionViewSet.as_view({"get": "list", "post": "create"}),
        name="reaction-list",
    ),
    re_path(
        r"^message/(?P<pk>[^/]+)/reaction/(?P<emoji>[^/]+)/?$",
        ReactionViewSet.as_view({"delete": "destroy"}),
        name="reaction-detail",
    ),
]
