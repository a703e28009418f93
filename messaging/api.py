"""REST routes of `/message`: history by keyset, search, send, edit and delete, and the texts that a message had."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson
from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.utils.urls import remove_query_param, replace_query_param

from accounts.authentication import credentials
from chatsite.contract.errors import NotFound
from chatsite.realtime.queues import read_queue
from chatsite.web.rest.api import Pages, checked, me
from messaging import edit_history, services
from messaging.history import feed, history
from messaging.models import Message
from messaging.payloads import MessageRow, message_payload, message_rows
from messaging.search import Span, read, search
from messaging.serializers import (
    ChangeSerializer,
    CreateSerializer,
    HistoryQuerySerializer,
    MessageHistorySerializer,
    MessageSerializer,
    TextsQuerySerializer,
)
from rooms.log.log import PAGE_BYTES


class Page(NamedTuple):
    """Rows of a page, one more than shown if there are more. `reached` is where a search was cut off before the page
    was full."""

    rows: Sequence[MessageRow]
    reached: int | None


class HistoryPages(Pages):
    """Describes pages of history for the OpenAPI document, with `before` and `after`; `MessageViewSet.page` makes
    them."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return []


class MessageViewSet(viewsets.GenericViewSet[Message]):
    serializer_class = MessageSerializer
    pagination_class = HistoryPages
    filter_backends = []
    queryset = Message.objects.none()

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        forms = {"create": CreateSerializer, "update": ChangeSerializer, "partial_update": ChangeSerializer}
        return forms.get(self.action, MessageSerializer)

    @extend_schema(
        summary="History of a room, or of all mine; search with q",
        description="Newest first, and `next` is the older page; with `after`, oldest first, and `next` is the newer page. "
        "A page may have fewer than `limit`, a search's even none, and there is more as long as there is a `next`.",
        parameters=[HistoryQuerySerializer],
    )
    def list(self, request: Request) -> Response:
        query = checked(HistoryQuerySerializer(data=request.query_params))
        with credentials.still_authorised(user := me(request)):
            # A search has a queue of its own.
            found = (
                self.searched(query)
                if query.get("q")
                else read_queue.wait(user.pk, partial(self.read, query))
            )
        return Response(self.page(found, span_of(query)))

    def read(self, query: dict[str, Any]) -> Page:
        """Authorise and read a page; called when its turn in the read queue comes."""
        span = span_of(query)
        if span.room is None:
            return Page(feed.page(me(self.request), span), None)
        return Page(message_rows(span.of(history.in_room(me(self.request), span.room))[: span.limit]), None)

    def searched(self, query: dict[str, Any]) -> Page:
        """Return a page of a search."""
        user = me(self.request)
        return Page(*read(user, search(user, query["q"], query.get("room")), span_of(query)))

    def page(self, found: Page, span: Span) -> dict[str, Any]:
        """Return the page with `next` in the request's direction and `previous` against it."""
        rows = fitting(found.rows[: span.limit - 1])
        reached = getattr(rows[-1], span.key) if len(rows) < len(found.rows) else found.reached
        onward, backward = ("after", "before") if span.forward else ("before", "after")
        started = {"before", "after"} & self.request.query_params.keys()
        return {
            "next": self.link(onward, reached) if reached is not None else None,
            "previous": self.link(backward, getattr(rows[0], span.key)) if rows and started else None,
            "results": [message_payload(message) for message in rows],
        }

    def link(self, parameter: str, value: int) -> str:
        """Return the request's URL with one cursor."""
        url = self.request.build_absolute_uri()
        for name in ("before", "after"):
            url = remove_query_param(url, name)
        return replace_query_param(url, parameter, value)

    @extend_schema(summary="One message")
    def retrieve(self, request: Request, pk: str) -> Response:
        return self.answer(services.visible_message(me(request), number(pk)))

    @extend_schema(
        operation_id="get_message_history",
        summary="The texts of a message, newest first",
        description="The first is what it says now. A deleted message has none, and one that was never edited has one; "
        "so has any where the site keeps no earlier texts. There is more as long as there is a `next`.",
        parameters=[TextsQuerySerializer],
        responses=MessageHistorySerializer,
    )
    def history(self, request: Request, pk: str) -> Response:
        with services.reading_texts(user := me(request), number(pk)) as message:
            before = checked(TextsQuerySerializer(data=request.query_params)).get("before")
            texts = edit_history.texts_of(message, before)
            page = edit_history.page_of(user, message, texts)
        return Response(
            {
                "next": self.link("before", page[-1].number) if len(page) < len(texts) else None,
                "previous": None,
                "results": [edit_history.text_payload(text) for text in page],
            }
        )

    @extend_schema(
        operation_id="send_message",
        summary="Send; 201, or 200 for a repeat of the same client_id",
        request=CreateSerializer,
        responses={200: MessageSerializer, 201: MessageSerializer},
    )
    def create(self, request: Request) -> Response:
        message, created = services.send(me(request), **checked(self.get_serializer(data=request.data)))
        return self.answer(message, status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    @extend_schema(summary="The same as PATCH", request=ChangeSerializer, responses=MessageSerializer)
    def update(self, request: Request, pk: str) -> Response:
        services.visible_message(me(request), number(pk))
        body = checked(self.get_serializer(data=request.data))["body"]
        return self.answer(services.edit(me(request), number(pk), body))

    @extend_schema(
        operation_id="edit_message", summary="Edit", request=ChangeSerializer, responses=MessageSerializer
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        return self.update(request, pk)

    @extend_schema(summary="Delete; a tombstone stays", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        services.delete(me(request), number(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def answer(self, message: Message, code: int = status.HTTP_200_OK) -> Response:
        """Return the message's payload."""
        return Response(message_payload(message), status=code)


def span_of(query: dict[str, Any]) -> Span:
    """Return the span of a query: one message more than the page, by seq within a room and by id over all rooms."""
    return Span(query["limit"] + 1, query.get("before"), query.get("after"), query.get("room"))


def fitting(rows: Sequence[MessageRow]) -> Sequence[MessageRow]:
    """Return the first rows that fit PAGE_BYTES, at least one."""
    size = 0
    for count, row in enumerate(rows):
        size += len(row.body) + len(row.html) + sum(len(orjson.dumps(part)) for part in row.parts if part)
        if size > PAGE_BYTES and count:
            return rows[:count]
    return rows


def number(pk: str) -> int:
    """Return the id in a path. Raises NotFound if no row can have it."""
    if not (pk.isascii() and pk.isdigit()) or len(pk) > 18:
        raise NotFound("There is no such message.")
    return int(pk)


CHANGES: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    re_path(r"^message/?$", MessageViewSet.as_view({"get": "list", "post": "create"}), name="message-list"),
    re_path(r"^message/(?P<pk>[^/]+)/?$", MessageViewSet.as_view(CHANGES), name="message-detail"),
    re_path(
        r"^message/(?P<pk>[^/]+)/history/?$",
        MessageViewSet.as_view({"get": "history"}),
        name="message-history",
    ),
]
