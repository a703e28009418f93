"""Pages leave compressed, where that tells nobody what is on them."""

import gzip

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from chatsite.web.middleware import compressed_pages

pytestmark = pytest.mark.django_db
TAKES_GZIP = {"accept-encoding": "gzip, deflate, br"}


@pytest.fixture
def visitor(client_of, member):
    return client_of(member)


def test_a_page_is_compressed_for_who_takes_it(visitor, public_room):
    path = f"/chat/{public_room.slug}"
    plain, packed = visitor.get(path), visitor.get(path, headers=TAKES_GZIP)
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert int(packed["Content-Length"]) == len(packed.content) < len(plain.content) / 3
    page = gzip.decompress(packed.content).decode()
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")
    # A cache in between that keeps pages in spite of all would have to tell them apart.
    assert "Accept-Encoding" in plain["Vary"]
    assert "Accept-Encoding" in packed["Vary"]
    assert visitor.head(path, headers=TAKES_GZIP)["Content-Encoding"] == "gzip"


def test_the_length_of_the_same_page_differs(visitor, public_room):
    lengths = {len(visitor.get("/chat/", headers=TAKES_GZIP).content) for _ in range(12)}
    assert len(lengths) > 3


def test_what_an_address_may_have_put_into_a_page_is_not_compressed_with_it(visitor, public_room):
    for path in ("/search?q=secret", f"/chat/{public_room.slug}?latest=1"):
        answer = visitor.get(path, headers=TAKES_GZIP)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer


def test_nothing_else_is_compressed(visitor, public_room):
    assert "Content-Encoding" not in visitor.get("/room", headers=TAKES_GZIP | {"accept": "application/json"})
    assert "Content-Encoding" not in visitor.get("/nowhere", headers=TAKES_GZIP)
    refused = visitor.post("/chat/new", {"name": ""}, headers=TAKES_GZIP)
    assert "Content-Encoding" not in refused


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse("short", content_type="text/html"),
        HttpResponse("x" * 5000, content_type="text/html", headers={"Content-Encoding": "br"}),
        HttpResponse("x" * 5000, content_type="text/plain"),
        StreamingHttpResponse(["x" * 5000], content_type="text/html"),
    ],
)
def test_what_is_left_as_it_is(answer):
    request = RequestFactory().get("/", headers=TAKES_GZIP)
    request.user = AnonymousUser()
    before = dict(answer.headers)
    assert dict(compressed_pages(lambda _: answer)(request).headers) == before
