"""REST routes of `/draft`: what I have begun to write, over all my devices."""

from typing import Any

from django.db.models import QuerySet
from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from chatsite.web.rest.api import Pages, checked, me
from drafts import services
from drafts.models import SavedDraft
from drafts.payloads import draft_payload
from drafts.serializers import DeleteDraftSerializer, DraftSerializer, PutDraftSerializer
from rooms import access


class DraftViewSet(viewsets.GenericViewSet[SavedDraft]):
    serializer_class = DraftSerializer
    pagination_class = Pages
    filter_backends = []
    queryset = SavedDraft.objects.none()

    def get_queryset(self) -> QuerySet[SavedDraft]:
        found: QuerySet[SavedDraft] = services.drafts_of(me(self.request))
        return found

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return PutDraftSerializer if self.action == "update" else DraftSerializer

    @extend_schema(operation_id="list_drafts", summary="My drafts")
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([draft_payload(draft) for draft in page or []])

    @extend_schema(operation_id="get_draft", summary="My draft in a room; an empty one where there is none")
    def retrieve(self, request: Request, slug: str) -> Response:
        return Response(services.read(me(request), slug))

    @extend_schema(
        operation_id="put_draft",
        summary="Store my draft in a room",
        description="`version` is that of the draft which this device has seen last. If another device has changed it "
        "since, nothing is stored: the answer is a `conflict` with what is stored as `draft`.",
        request=PutDraftSerializer,
        responses=DraftSerializer,
    )
    def update(self, request: Request, slug: str) -> Response:
        access.membership_for(me(request), slug)
        data = checked(self.get_serializer(data=request.data))
        return Response(services.put(me(request), slug, **data))

    @extend_schema(
        operation_id="delete_draft",
        summary="Delete my draft in a room, as after its message was sent",
        parameters=[DeleteDraftSerializer],
        responses={204: None},
    )
    def destroy(self, request: Request, slug: str) -> Response:
        access.membership_for(me(request), slug)
        services.clear(me(request), slug, **checked(DeleteDraftSerializer(data=request.query_params)))
        return Response(status=status.HTTP_204_NO_CONTENT)


urlpatterns = [
    re_path(r"^draft/?$", DraftViewSet.as_view({"get": "list"}), name="draft-list"),
    re_path(
        r"^draft/(?P<slug>[^/]+)/?$",
        DraftViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="draft-detail",
    ),
]
