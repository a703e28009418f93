"""REST route of `/message/{id}/preview/{preview}`: remove a preview from a message."""

from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from chatsite.web.rest.api import me
from messaging import services as messages
from messaging.api import number
from messaging.models import Message
from messaging.serializers import MessageSerializer
from previews import services


class PreviewViewSet(viewsets.GenericViewSet[Message]):
    serializer_class = MessageSerializer
    pagination_class = None
    filter_backends = []
    queryset = Message.objects.none()

    @extend_schema(
        operation_id="remove_preview",
        summary="Remove the preview of a link for good, from a message of mine, or as a moderator",
        responses={204: None},
    )
    def destroy(self, request: Request, pk: str, preview: str) -> Response:
        services.remove(me(request), number(pk), number(preview))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def check_sight(self, request: Request, pk: str, preview: str) -> None:
        """Raise what keeps the person from the message, before the request's data is checked."""
        messages.visible_message(me(request), number(pk))


urlpatterns = [
    re_path(
        r"^message/(?P<pk>[^/]+)/preview/(?P<preview>[^/]+)/?$",
        PreviewViewSet.as_view({"delete": "destroy"}),
        name="preview-detail",
    ),
]
