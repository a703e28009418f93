"""REST routes of `/room`: rooms, members, bans, blocks, invite links and events."""

from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.urls import re_path, reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from accounts import services as accounts
from accounts.names import lookup
from accounts.payloads import user_brief
from chatsite.contract.times import iso
from chatsite.realtime.queues import read_queue
from chatsite.web.fields import StrictSerializer
from chatsite.web.rest.api import Pages, checked, me
from rooms import access, payloads, services
from rooms.log import log
from rooms.membership import invites, levels, membership
from rooms.models import Ban, Membership, PersonBlock, Room, RoomBlock, RoomInvite
from rooms.serializers import (
    BanSerializer,
    EventPageSerializer,
    EventQuerySerializer,
    MemberAddSerializer,
    MemberSerializer,
    MemberUpdateSerializer,
    PersonBlockSerializer,
    RoomBlockSerializer,
    RoomCreateSerializer,
    RoomInviteMakeSerializer,
    RoomInviteSerializer,
    RoomSerializer,
    RoomUpdateSerializer,
)


class RoomPages(Pages):
    ordering = "slug"


@extend_schema_view(
    list=extend_schema(
        operation_id="list_rooms",
        summary="Public rooms and mine",
        parameters=[
            OpenApiParameter("q", str),
            OpenApiParameter("mine", bool, description="Only rooms that I'm in."),
            OpenApiParameter(
                "nearest",
                bool,
                description="Of those that I'm in the 100 (or `limit`) that matter most, on one page: where I'm called, "
                "where there is something new, then where something was said last.",
            ),
        ],
    ),
    retrieve=extend_schema(summary="One room"),
    create=extend_schema(
        summary="Make a room (201), or open a direct one (200 where there is one)",
        request=RoomCreateSerializer,
        responses={200: RoomSerializer, 201: RoomSerializer},
    ),
    partial_update=extend_schema(
        summary="Rename, set the topic, archive", request=RoomUpdateSerializer, responses=RoomSerializer
    ),
    update=extend_schema(summary="The same as PATCH", request=RoomUpdateSerializer, responses=RoomSerializer),
    destroy=extend_schema(operation_id="archive_room", summary="Archive", responses={204: None}),
)
class RoomViewSet(viewsets.GenericViewSet[Room]):
    serializer_class = RoomSerializer
    pagination_class = RoomPages
    lookup_field = "slug"
    lookup_value_regex = "[^/]+"
    filter_backends = []
    queryset = Room.objects.none()

    def get_queryset(self) -> QuerySet[Room]:
        user = me(self.request)
        found = Room.objects.readable_by(user)
        if self.says("mine"):
            found = found.filter(memberships__user=user)
        query = self.request.query_params.get("q", "").replace("\x00", "")
        return found.filter(lookup.name_contains(query, "name", "slug"))

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        forms = {
            "create": RoomCreateSerializer,
            "update": RoomUpdateSerializer,
            "partial_update": RoomUpdateSerializer,
        }
        return forms.get(self.action, RoomSerializer)

    def says(self, name: str) -> bool:
        """Return whether the query parameter is true."""
        return self.request.query_params.get(name) in ("true", "1")

    def most_nearest(self, request: Request) -> int:
        """Return how many of the nearest rooms are asked for. Raises Invalid."""
        asked = "limit" in request.query_params
        return RoomPages().get_page_size(request) if asked else payloads.MAX_NEAREST

    def list(self, request: Request) -> Response:
        if self.says("nearest"):
            results = payloads.nearest_payloads(me(request), self.most_nearest(request))
            return Response({"next": None, "previous": None, "results": results})
        page = self.paginate_queryset(self.get_queryset().only("slug"))
        return self.get_paginated_response(payloads.room_payloads(me(request), page or []))

    def retrieve(self, request: Request, slug: str) -> Response:
        return self.answer(access.room_for(me(request), slug))

    def create(self, request: Request) -> Response:
        data = checked(self.get_serializer(data=request.data))
        room, created = self.make(data)
        return self.answer(room, created_or_ok(created))

    def make(self, data: dict[str, Any]) -> tuple[Room, bool]:
        """Make the room, or open a direct one; with whether it is new."""
        if data["kind"] == Room.Kind.DIRECT:
            return services.open_direct(me(self.request), data.get("members", []))
        name = data.pop("name", None) or data["slug"]
        return services.create_room(me(self.request), name, **data), True

    def update(self, request: Request, slug: str, **kwargs: Any) -> Response:
        data = checked(self.get_serializer(data=request.data))
        return self.answer(services.patch_room(me(request), slug, **data))

    def partial_update(self, request: Request, slug: str) -> Response:
        return self.update(request, slug)

    def destroy(self, request: Request, slug: str) -> Response:
        services.set_archived(me(request), slug, True)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def answer(self, room: Room, code: int = status.HTTP_200_OK) -> Response:
        """Return the room's payload."""
        return Response(payloads.room_payload(me(self.request), room), status=code)


def named(members: QuerySet[Membership], query: str) -> QuerySet[Membership]:
    """Keep members with `query` in the username or display name."""
    return members.filter(
        lookup.name_contains(query.replace("\x00", ""), "user__username", "user__display_name")
    )


@extend_schema_view(
    list=extend_schema(
        operation_id="list_members", summary="Who is in a room", parameters=[OpenApiParameter("q", str)]
    )
)
class MemberViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Membership]):
    serializer_class = MemberSerializer
    pagination_class = Pages
    filter_backends = []
    queryset = Membership.objects.none()

    def get_queryset(self) -> QuerySet[Membership]:
        room = access.room_for(me(self.request), self.kwargs["slug"])
        return named(room.memberships.select_related("user"), self.request.query_params.get("q", ""))

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        forms = {
            "create": MemberAddSerializer,
            "update": MemberUpdateSerializer,
            "partial_update": MemberUpdateSerializer,
        }
        return forms.get(self.action, MemberSerializer)

    @extend_schema(
        operation_id="add_member",
        summary="Add somebody, or join a public room oneself",
        request=MemberAddSerializer,
        responses=MemberSerializer,
    )
    def create(self, request: Request, slug: str) -> Response:
        access.room_for(me(request), slug)
        username = checked(self.get_serializer(data=request.data))["username"]
        added = services.add_member(me(request), slug, username)
        return Response(payloads.member_payload(added), status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="get_member", summary="One member")
    def retrieve(self, request: Request, slug: str, username: str) -> Response:
        room = access.room_for(me(request), slug)
        return self.answer(membership.member(room, self.named(username)))

    @extend_schema(
        operation_id="put_member",
        summary="The same as PATCH",
        request=MemberUpdateSerializer,
        responses=MemberSerializer,
    )
    def update(self, request: Request, slug: str, username: str) -> Response:
        access.room_for(me(request), slug)
        data = checked(self.get_serializer(data=request.data))
        return self.answer(services.patch_member(me(request), slug, self.named(username), **data))

    @extend_schema(
        operation_id="update_member",
        summary="Change a role, mute; or what I am told of",
        request=MemberUpdateSerializer,
        responses=MemberSerializer,
    )
    def partial_update(self, request: Request, slug: str, username: str) -> Response:
        return self.update(request, slug, username)

    @extend_schema(
        operation_id="remove_member", summary="Remove somebody, or leave oneself", responses={204: None}
    )
    def destroy(self, request: Request, slug: str, username: str) -> Response:
        services.remove_member(me(request), slug, self.named(username))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def named(self, username: str) -> str:
        """Return the username of a path, where `me` is the person who asks: no username is so short."""
        return me(self.request).username if username == "me" else username

    def answer(self, member: Membership) -> Response:
        """Return the member's payload; with the level, if it is the person who asks."""
        shown = payloads.member_payload(member)
        if member.user_id == me(self.request).pk:
            shown["level"] = levels.own_level(me(self.request), member.room.slug)
        return Response(shown)


class BanViewSet(viewsets.GenericViewSet[Ban]):
    queryset = Ban.objects.none()
    serializer_class = BanSerializer
    pagination_class = Pages
    filter_backends = []

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return MemberAddSerializer if self.action == "create" else BanSerializer

    @extend_schema(operation_id="list_bans", summary="Who is banned from a room")
    def list(self, request: Request, slug: str) -> Response:
        room = access.moderating_membership(me(request), slug).room
        page = self.paginate_queryset(room.bans.select_related("user"))
        return self.get_paginated_response([ban_payload(ban) for ban in page or []])

    @extend_schema(
        operation_id="ban_member",
        summary="Ban somebody",
        request=MemberAddSerializer,
        responses=BanSerializer,
    )
    def create(self, request: Request, slug: str) -> Response:
        access.room_for(me(request), slug)
        username = checked(self.get_serializer(data=request.data))["username"]
        ban = services.ban(me(request), slug, username)
        return Response(ban_payload(ban), status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="lift_ban", summary="Lift a ban", responses={204: None})
    def destroy(self, request: Request, slug: str, username: str) -> Response:
        services.lift_ban(me(request), slug, username)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def check_sight(self, request: Request, slug: str, username: str) -> None:
        """Raise what keeps the person from these bans, before the request's data is checked."""
        access.moderating_membership(me(request), slug)


class RoomInviteViewSet(viewsets.GenericViewSet[RoomInvite]):
    queryset = RoomInvite.objects.none()
    serializer_class = RoomInviteSerializer
    pagination_class = Pages
    filter_backends = []

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return RoomInviteMakeSerializer if self.action == "create" else RoomInviteSerializer

    @extend_schema(operation_id="list_invites", summary="A room's invite links")
    def list(self, request: Request, slug: str) -> Response:
        room = access.moderating_membership(me(request), slug).room
        links = room.invites.filter(invite__revoked=False).select_related("invite__created_by")
        page = invites.described(self.paginate_queryset(links) or [])
        return self.get_paginated_response([invite_payload(request, link) for link in page])

    @extend_schema(
        operation_id="create_invite",
        summary="Make an invite link",
        request=RoomInviteMakeSerializer,
        responses=RoomInviteSerializer,
    )
    def create(self, request: Request, slug: str) -> Response:
        access.room_for(me(request), slug)
        details = checked(self.get_serializer(data=request.data))
        link = services.make_room_invite(me(request), slug, **details)
        return Response(invite_payload(request, *invites.described([link])), status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="revoke_invite", summary="End an invite link", responses={204: None})
    def destroy(self, request: Request, slug: str, code: str) -> Response:
        accounts.revoke_invite(invites.find(me(request), slug, code).invite)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def check_sight(self, request: Request, slug: str, code: str) -> None:
        """Raise what keeps the person from the link, before the request's data is checked."""
        invites.find(me(request), slug, code)


@extend_schema(tags=["room"])
class RoomBlockViewSet(viewsets.GenericViewSet[RoomBlock]):
    """Rooms that the person has blocked: nobody can add them there."""

    queryset = RoomBlock.objects.none()
    serializer_class = RoomBlockSerializer
    pagination_class = Pages
    filter_backends = []

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return StrictSerializer if self.action == "update" else RoomBlockSerializer

    @extend_schema(operation_id="list_blocked_rooms", summary="Rooms that I have blocked")
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(me(request).room_blocks.select_related("room"))
        return self.get_paginated_response([room_block_payload(block) for block in page or []])

    @extend_schema(
        operation_id="block_room",
        summary="Leave, and don't be added again",
        request=None,
        responses={200: RoomBlockSerializer, 201: RoomBlockSerializer},
    )
    def update(self, request: Request, slug: str) -> Response:
        block, created = services.block_room(me(request), slug)
        return Response(room_block_payload(block), status=created_or_ok(created))

    @extend_schema(operation_id="unblock_room", summary="Lift the block of a room", responses={204: None})
    def destroy(self, request: Request, slug: str) -> Response:
        services.unblock_room(me(request), slug)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def check_sight(self, request: Request, slug: str) -> None:
        """Raise what keeps the person from the room, before the request's data is checked."""
        access.room_for(me(request), slug)


@extend_schema(tags=["user"])
class PersonBlockViewSet(viewsets.GenericViewSet[PersonBlock]):
    """People whom the person has blocked."""

    queryset = PersonBlock.objects.none()
    serializer_class = PersonBlockSerializer
    pagination_class = Pages
    filter_backends = []

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return StrictSerializer if self.action == "update" else PersonBlockSerializer

    @extend_schema(operation_id="list_blocked_users", summary="People whom I have blocked")
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(me(request).person_blocks.select_related("blocked"))
        return self.get_paginated_response([person_block_payload(block) for block in page or []])

    @extend_schema(
        operation_id="block_user",
        summary="Block somebody",
        request=None,
        responses={200: PersonBlockSerializer, 201: PersonBlockSerializer},
    )
    def update(self, request: Request, username: str) -> Response:
        block, created = services.block_person(me(request), username)
        return Response(person_block_payload(block), status=created_or_ok(created))

    @extend_schema(operation_id="unblock_user", summary="Lift the block of a person", responses={204: None})
    def destroy(self, request: Request, username: str) -> Response:
        services.unblock_person(me(request), username)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def check_sight(self, request: Request, username: str) -> None:
        """Raise NotFound if there is no such person, before the request's data is checked."""
        membership.person(username)


class EventView(APIView):
    @extend_schema(
        operation_id="list_events",
        summary="The same as `sync`",
        parameters=[EventQuerySerializer],
        responses=EventPageSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        with access.reading(me(request), slug) as room:
            query = checked(EventQuerySerializer(data=request.query_params))
            return Response(read_queue.wait(me(request).pk, partial(log.read, room, **query)))


def ban_payload(ban: Any) -> dict[str, Any]:
    """Return `{user, created_at}`."""
    return {"user": user_brief(ban.user), "created_at": iso(ban.created_at)}


def invite_payload(request: Request, link: Any) -> dict[str, Any]:
    """Return the contract's invite link; `link` comes from `invites.described`."""
    url = request.build_absolute_uri(reverse("invite", args=[link.invite.code]))
    return {
        "code": link.invite.code,
        "url": url,
        "created_at": iso(link.invite.created_at),
        "created_by": user_brief(link.invite.created_by),
        "expires_at": iso(link.invite.expires_at),
        "uses": link.invite.uses,
        "max_uses": link.invite.max_uses,
        "signs_up": link.signs_up,
        "ended": link.ended,
    }


def room_block_payload(block: Any) -> dict[str, Any]:
    """Return `{room, name, created_at}`."""
    return {"room": block.room.slug, "name": block.room.name, "created_at": iso(block.created_at)}


def person_block_payload(block: Any) -> dict[str, Any]:
    """Return `{user, created_at}`."""
    return {"user": user_brief(block.blocked), "created_at": iso(block.created_at)}


def created_or_ok(created: bool) -> int:
    """Return 201 for something new, else 200."""
    return status.HTTP_201_CREATED if created else status.HTTP_200_OK


ROOM = r"^room/(?P<slug>[^/]+)"
NAME = r"(?P<username>[^/]+)"
CHANGES: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    re_path(r"^room/?$", RoomViewSet.as_view({"get": "list", "post": "create"}), name="room-list"),
    re_path(rf"{ROOM}/?$", RoomViewSet.as_view(CHANGES), name="room-detail"),
    re_path(
        rf"{ROOM}/member/?$", MemberViewSet.as_view({"get": "list", "post": "create"}), name="member-list"
    ),
    re_path(rf"{ROOM}/member/{NAME}/?$", MemberViewSet.as_view(CHANGES), name="member-detail"),
    re_path(rf"{ROOM}/event/?$", EventView.as_view(), name="room-events"),
    re_path(rf"{ROOM}/ban/?$", BanViewSet.as_view({"get": "list", "post": "create"}), name="ban-list"),
    re_path(rf"{ROOM}/ban/{NAME}/?$", BanViewSet.as_view({"delete": "destroy"}), name="ban-detail"),
    re_path(
        rf"{ROOM}/block/?$",
        RoomBlockViewSet.as_view({"put": "update", "delete": "destroy"}),
        name="room-block",
    ),
    re_path(r"^user/me/room-block/?$", RoomBlockViewSet.as_view({"get": "list"}), name="room-block-list"),
    re_path(r"^user/me/block/?$", PersonBlockViewSet.as_view({"get": "list"}), name="person-block-list"),
    re_path(
        rf"^user/{NAME}/block/?$",
        PersonBlockViewSet.as_view({"put": "update", "delete": "destroy"}),
        name="person-block",
    ),
    re_path(
        rf"{ROOM}/invite/?$",
        RoomInviteViewSet.as_view({"get": "list", "post": "create"}),
        name="room-invite-list",
    ),
    re_path(
        rf"{ROOM}/invite/(?P<code>[^/]+)/?$",
        RoomInviteViewSet.as_view({"delete": "destroy"}),
        name="room-invite",
    ),
]
