"""The REST route `/room/{slug}/file`."""

from functools import partial
from typing import Any

from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.models import User
from chatsite.realtime.queues import read_queue
from chatsite.web.rest.api import Pages, checked, me
from files.listing.pages import FilePage, page, parse_place, room_file_payloads
from files.listing.serializers import RoomFileSerializer, RoomFilesQuerySerializer
from files.models import File
from rooms import access


class FilePages(Pages):
    """Describes pages of files for the OpenAPI document; `RoomFileViewSet` makes them."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return []


class RoomFileViewSet(viewsets.GenericViewSet[File]):
    serializer_class = RoomFileSerializer
    pagination_class = FilePages
    filter_backends = []
    queryset = File.objects.none()

    @extend_schema(
        operation_id="list_room_files",
        summary="The files of a room, newest first",
        description="With `after`, oldest first. "
        "A page may have fewer than `limit`, even none, and there is more as long as there is a `next`.",
        parameters=[RoomFilesQuerySerializer],
    )
    def list(self, request: Request, slug: str) -> Response:
        user = me(request)
        access.room_for(user, slug)
        query = checked(RoomFilesQuerySerializer(data=request.query_params))
        found = read_queue.wait(user.pk, partial(read, user, slug, query))
        return Response(
            {
                "next": self.link(found, "after" if query.get("after") else "before") if found.next else None,
                "previous": None,
                "results": room_file_payloads(found.files),
            }
        )

    def link(self, found: FilePage, name: str) -> str:
        """Return the request's URL from where the page ends."""
        return replace_query_param(self.request.build_absolute_uri(), name, str(found.next))


def read(user: User, slug: str, query: dict[str, Any]) -> FilePage:
    """Authorise and read a page; called when its turn in the read queue comes."""
    name = "after" if query.get("after") else "before"
    start = parse_place(query[name], name) if query.get(name) else None
    kind, sender = query.get("kind", ""), query.get("from", "")
    with access.reading(user, slug) as room:
        return page(room, query["limit"], start, kind, sender, forward=name == "after")


urlpatterns = [
    re_path(
        r"^room/(?P<slug>[^/]+)/file/?$", RoomFileViewSet.as_view({"get": "list"}), name="room-file-list"
    ),
]
