"""Answers with a file: headers, conditions and ranges."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags

from chatsite.contract.errors import NotFound
from files.models import Blob, File
from files.serving import ranges
from files.serving.delivery import delivery
from files.serving.ranges import Span, Unsatisfiable

# Characters of a hash that make an ETag.
ETAG_LENGTH = 32
POLICY = "sandbox; default-src 'none'"
PREVIEW_TYPE = "image/webp"


class Wanted(NamedTuple):
    """What is served: a blob, or its small picture `which`; of so many bytes, a type and a name."""

    blob: Blob
    which: str
    size: int
    type: str
    name: str
    inline: bool

    @property
    def etag(self) -> str:
        tail = f"-{self.which}" if self.which else ""
        return f'"{self.blob.sha256[:ETAG_LENGTH]}{tail}"'


def original(file: File) -> Wanted:
    blob = file.blob
    type_ = f"{blob.type}; charset=utf-8" if blob.type == "text/plain" else blob.type
    return Wanted(blob, "", blob.size, type_, file.name, blob.inline)


def preview(file: File, which: str) -> Wanted:
    """Raises NotFound where there is no such small picture."""
    size = file.blob.previews.get(which)
    if size is None:
        raise NotFound("There is no such preview.")
    return Wanted(file.blob, which, size[2], PREVIEW_TYPE, f"{which}.webp", True)


def answer(request: HttpRequest, wanted: Wanted) -> HttpResponseBase:
    """Answer a GET or HEAD by somebody who may read the file. Raises NotFound."""
    if wanted.etag in tags(request, "If-None-Match") or "*" in tags(request, "If-None-Match"):
        return with_headers(HttpResponse(status=304), wanted)
    try:
        span = asked(request, wanted)
    except Unsatisfiable:
        response: HttpResponseBase = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{wanted.size}"
        return with_headers(response, wanted)
    part = span or Span(0, wanted.size)
    response = (
        HttpResponse() if request.method == "HEAD" else delivery(request, wanted.blob, wanted.which, part)
    )
    response["Content-Length"] = str(part.length)
    if span is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{wanted.size}"
    return with_headers(response, wanted)


def tags(request: HttpRequest, header: str) -> list[str]:
    """Return the ETags of a header; weak ones count as strong, as bytes never change."""
    return [tag.removeprefix("W/") for tag in parse_etags(request.headers.get(header, ""))]


def asked(request: HttpRequest, wanted: Wanted) -> Span | None:
    """Return the range of a GET, None for the whole. Raises Unsatisfiable."""
    header = request.headers.get("Range")
    if request.method != "GET" or header is None:
        return None
    condition = request.headers.get("If-Range")
    if condition is not None and condition.strip() != wanted.etag:
        return None
    return ranges.asked(header.strip(), wanted.size)


def with_headers(response: HttpResponseBase, wanted: Wanted) -> HttpResponseBase:
    # 304 and 416 have no body, and no type of one.
    if response.status_code in (200, 206):
        response["Content-Type"] = wanted.type
        disposition = content_disposition_header(not wanted.inline, wanted.name)
        response["Content-Disposition"] = disposition or "attachment"
    response["ETag"] = wanted.etag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache"
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
