"""Routes of `/file`: upload, read and serve a file, and delete one that no message carries."""

from typing import Any, cast
from uuid import UUID

from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.urls import re_path
from django.utils.datastructures import MultiValueDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chatsite.contract.errors import NotFound
from chatsite.web.middleware import takes_files
from chatsite.web.rest.api import checked, me
from files import services
from files.models import File
from files.payloads import file_payload
from files.serializers import DescriptionSerializer, FileSerializer, UploadFormSerializer
from files.serving import answers
from files.uploading.receiving import receive_file

FILE = OpenApiParameter("file", OpenApiTypes.UUID, OpenApiParameter.PATH)


class AnyType(BaseContentNegotiation):
    """Answers JSON or a file of its own type, whatever `Accept` names."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class Upload(APIView):
    # The body is read as it comes; the browsable API would want a parser for its form.
    parser_classes = []
    renderer_classes = [JSONRenderer]
    content_negotiation_class = AnyType

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Keep Django and DRF from reading the body for a CSRF token: here it is a header."""
        request._post, request._files = QueryDict(), MultiValueDict()
        wrapped: Any = super().initialize_request(request, *args, **kwargs)
        wrapped._data = wrapped._full_data = request._post
        wrapped._files = request._files
        return cast(Request, wrapped)

    @extend_schema(
        operation_id="upload_file",
        summary="Upload; 201, or 200 for a repeat of the same client_id",
        request={"multipart/form-data": UploadFormSerializer},
        responses={200: FileSerializer, 201: FileSerializer},
    )
    def post(self, request: Request) -> Response:
        file, new = receive_file(request._request, me(request))
        return Response(file_payload(file), status=status.HTTP_201_CREATED if new else status.HTTP_200_OK)

    def get_serializer(self) -> UploadFormSerializer:
        """Return what OPTIONS describes."""
        return UploadFormSerializer()

    def check_sight(self, request: Request) -> None:
        """Let everybody who is signed in see what an upload takes."""


class Detail(GenericAPIView[File]):
    # What the browsable API's forms show.
    serializer_class = DescriptionSerializer
    filter_backends = []
    queryset = File.objects.none()

    @extend_schema(operation_id="get_file", summary="One file", parameters=[FILE], responses=FileSerializer)
    def get(self, request: Request, file: str) -> Response:
        return Response(file_payload(services.readable(me(request), key(file))))

    @extend_schema(
        operation_id="describe_file",
        summary="Say what one of mine shows, before a message carries it",
        parameters=[FILE],
        request=DescriptionSerializer,
        responses=FileSerializer,
    )
    def patch(self, request: Request, file: str) -> Response:
        services.readable(me(request), key(file))
        alt = checked(self.get_serializer(data=request.data))["alt"]
        return Response(file_payload(services.describe(me(request), key(file), alt)))

    @extend_schema(
        operation_id="put_file",
        summary="The same as PATCH",
        parameters=[FILE],
        request=DescriptionSerializer,
        responses=FileSerializer,
    )
    def put(self, request: Request, file: str) -> Response:
        return self.patch(request, file)

    @extend_schema(
        operation_id="delete_file",
        summary="Delete one of mine that no message carries",
        responses={204: None},
    )
    def delete(self, request: Request, file: str) -> Response:
        services.discard(me(request), key(file))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Bytes(APIView):
    content_negotiation_class = AnyType
    # A page may have a hundred pictures; the queue of requests bounds what they cost.
    throttle_classes = []

    def found(self, request: Request, file: str) -> File:
        return services.readable(me(request), key(file))


class Original(Bytes):
    @extend_schema(
        operation_id="download_file",
        summary="The bytes of a file",
        parameters=[FILE, OpenApiParameter("name", str, OpenApiParameter.PATH, description="Any will do.")],
        responses={(code, "application/octet-stream"): OpenApiTypes.BINARY for code in (200, 206)},
    )
    def get(self, request: Request, file: str, name: str) -> HttpResponseBase:
        return answers.answer(request._request, answers.original(self.found(request, file)))


class Preview(Bytes):
    @extend_schema(
        operation_id="download_preview",
        summary="A small picture of a file",
        parameters=[FILE, OpenApiParameter("which", str, OpenApiParameter.PATH, enum=["small", "large"])],
        responses={(code, "application/octet-stream"): OpenApiTypes.BINARY for code in (200, 206)},
    )
    def get(self, request: Request, file: str, which: str) -> HttpResponseBase:
        return answers.answer(request._request, answers.preview(self.found(request, file), which))


def key(file: str) -> UUID:
    """Return the id in a path. Raises NotFound for what is none."""
    try:
        return UUID(file if len(file) == 36 else "")
    except ValueError:
        raise NotFound("There is no such file.") from None


urlpatterns = [
    re_path(r"^file/?$", takes_files(Upload.as_view()), name="file-list"),
    re_path(r"^file/(?P<file>[^/]+)/?$", Detail.as_view(), name="file-detail"),
    re_path(r"^file/(?P<file>[^/]+)/preview/(?P<which>[^/]+)$", Preview.as_view(), name="file-preview"),
    re_path(r"^file/(?P<file>[^/]+)/(?P<name>[^/]+)$", Original.as_view(), name="file-original"),
]
