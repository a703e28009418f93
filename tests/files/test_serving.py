"""Bytes of files, and who gets them."""

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from accounts.services import tokens
from files import services
from files.models import Blob, File
from files.storage import local
from messaging import services as messages
from messaging.models import Message
from rooms.membership import membership
from tests.files.containers import picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("uploads")]
DATA = bytes(range(256)) * 2000


@pytest.fixture
def shared(owner, private_room, upload):
    """A file of a message in the private room, larger than what is answered from memory."""
    file = upload(owner, private_room, "data.bin", DATA, type="application/octet-stream", kind="other")
    message, _ = messages.send(owner, "board", "look", uuid.uuid4(), files=[file.pk])
    file.refresh_from_db()
    file.message = message
    return file


def address(file, name=None):
    return f"/file/{file.pk}/{name or 'data.bin'}"


def body(response):
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_its_readers_get_it_and_nobody_else(api, member, stranger, owner, shared, client):
    for path in (address(shared), f"/file/{shared.pk}"):
        assert api(member).get(path).status_code == 200
        assert api(stranger).get(path).status_code == 404
        assert client.get(path).status_code == 401
        membership.evict("board", member)
    assert body(api(member).get(address(shared))) == DATA
    membership.ban(owner, "board", "member")
    assert api(member).get(address(shared)).status_code == 404


def test_a_public_rooms_files_are_everybodys_but_for_whom_it_banned(
    api, owner, stranger, public_room, upload
):
    file = upload(owner, public_room, "a.txt")
    messages.send(owner, public_room.slug, "", uuid.uuid4(), files=[file.pk])
    assert api(stranger).get(address(file)).status_code == 200
    membership.ban(owner, public_room.slug, "stranger")
    answer = api(stranger).get(address(file))
    assert (answer.status_code, answer.json()["code"]) == (403, "banned")


def test_until_a_message_has_it_it_is_its_owners(api, owner, member, private_room, upload):
    file = upload(owner, private_room, "a.txt")
    assert api(owner).get(address(file)).status_code == 200
    assert api(member).get(address(file)).status_code == 404
    assert api(member).delete(f"/file/{file.pk}").status_code == 404
    assert api(owner).delete(f"/file/{file.pk}").status_code == 204
    assert api(owner).get(address(file)).status_code == 404


def test_what_a_message_has_goes_with_it(api, owner, member, shared):
    assert api(owner).delete(f"/file/{shared.pk}").status_code == 403
    assert api(member).delete(f"/file/{shared.pk}").status_code == 403
    Message.objects.filter(pk=shared.message_id).update(hidden_at=timezone.now())
    assert api(member).get(address(shared)).status_code == 404
    Message.objects.filter(pk=shared.message_id).update(hidden_at=None)
    messages.delete(owner, shared.message_id)
    assert api(owner).get(address(shared)).status_code == 404


def test_one_query_says_whether_it_may_be_read(owner, member, shared, django_assert_num_queries):
    with django_assert_num_queries(1):
        services.readable(member, shared.pk)


@pytest.mark.parametrize("pk", ["1", "x" * 36, "00000000-0000-4000-8000-000000000000", "..", "%00"])
def test_ids_of_nothing_are_not_found(api, owner, pk):
    for path in (f"/file/{pk}", f"/file/{pk}/a.txt", f"/file/{pk}/preview/small"):
        assert api(owner).get(path).status_code == 404, path
    assert api(owner).delete(f"/file/{pk}").status_code == 404


def test_headers_keep_it_harmless(api, owner, shared):
    answer = api(owner).get(address(shared))
    expected = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": 'attachment; filename="data.bin"',
        "Content-Length": str(len(DATA)),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
    }
    assert expected.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain.txt", 'filename="plain.txt"'),
        ('a "b" \\ c.txt', 'filename="a \\"b\\" \\\\ c.txt"'),
        ("Übersicht 海.txt", "filename*=utf-8''%C3%9Cbersicht%20%E6%B5%B7.txt"),
        ("a; b=c\N{ZERO WIDTH JOINER}.txt", "filename*=utf-8''a%3B%20b%3Dc%E2%80%8D.txt"),
    ],
)
def test_names_of_any_script_are_given_whole(api, owner, private_room, upload, name, shown):
    file = upload(owner, private_room, name)
    path = services.readable(owner, file.pk)
    answer = api(owner).get(f"/file/{path.pk}/whatever")
    assert answer["Content-Disposition"] == f"attachment; {shown}"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


def test_what_browsers_may_show_is_inline(api, owner, private_room, upload):
    data = picture()
    file = upload(owner, private_room, "a.png", data, type="image/png", kind="picture", inline=True)
    answer = api(owner).get(address(file))
    assert answer["Content-Disposition"] == 'inline; filename="a.png"'
    # As a browser's <img> asks.
    client = Client(headers={"Accept": "image/avif,image/webp,*/*;q=0.8"})
    client.force_login(owner)
    assert client.get(address(file)).content == data
    assert client.get(address(file), headers={"Accept": "image/png"}).status_code == 200


def test_a_preview_is_served_with_a_tag_of_its_own(api, owner, stranger, private_room, upload):
    small = picture(form="WEBP")
    file = upload(owner, private_room, "a.png", picture(), previews={"small": [6, 4, len(small)]})
    target = local.path(file.blob.key, "small")
    target.write_bytes(small)
    path = f"/file/{file.pk}/preview/small"
    answer = api(owner).get(path)
    assert (answer.content, answer["Content-Type"]) == (small, "image/webp")
    assert answer["ETag"] != api(owner).get(address(file))["ETag"]
    assert api(stranger).get(path).status_code == 404
    assert api(owner).get(f"/file/{file.pk}/preview/large").status_code == 404
    assert api(owner).get(f"/file/{file.pk}/preview/..").status_code == 404


@pytest.mark.parametrize(
    ("range_", "status", "span"),
    [
        ("bytes=0-99", 206, (0, 100)),
        ("bytes=511900-", 206, (511_900, 512_000)),
        ("bytes=511900-999999999999", 206, (511_900, 512_000)),
        ("bytes=-10", 206, (511_990, 512_000)),
        ("bytes=-9999999", 206, (0, 512_000)),
        ("bytes=1-400000", 206, (1, 400_001)),
        ("BYTES = 3 - 5", 206, (3, 6)),
        ("bytes=512000-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=5-3", 200, (0, 512_000)),
        ("bytes=0-1,5-6", 200, (0, 512_000)),
        ("bytes=-", 200, (0, 512_000)),
        ("bytes=٣-٥", 200, (0, 512_000)),
        ("bytes=" + "9" * 40 + "-", 200, (0, 512_000)),
        ("lines=1-2", 200, (0, 512_000)),
    ],
)
def test_ranges(api, owner, shared, range_, status, span):
    answer = api(owner).get(address(shared), HTTP_RANGE=range_)
    assert answer.status_code == status
    if span is None:
        assert answer["Content-Range"] == "bytes */512000"
        return
    assert body(answer) == DATA[slice(*span)]
    assert answer["Content-Length"] == str(span[1] - span[0])
    told = f"bytes {span[0]}-{span[1] - 1}/512000" if status == 206 else None
    assert answer.get("Content-Range") == told


def test_conditions(api, owner, shared):
    client, path = api(owner), address(shared)
    tag = client.get(path)["ETag"]
    for header in (tag, f'W/{tag}, "x"', "*"):
        same = client.get(path, HTTP_IF_NONE_MATCH=header)
        assert (same.status_code, same["ETag"], same["Cache-Control"]) == (304, tag, "private, no-cache")
        assert (body(same), same.get("Content-Type", "")) == (b"", "")
    assert client.get(path, HTTP_IF_NONE_MATCH='"other"').status_code == 200
    for condition, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200)):
        assert client.get(path, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE=condition).status_code == status


def test_head_has_a_gets_headers_and_no_body(api, owner, shared):
    head, get = (getattr(api(owner), method)(address(shared)) for method in ("head", "get"))
    assert (head.status_code, body(head)) == (200, b"")
    varying = {"X-Request-ID"}
    assert {k: v for k, v in head.items() if k not in varying} == {
        k: v for k, v in get.items() if k not in varying
    }


def test_a_token_reads_too(owner, shared):
    secret = tokens.make_token(owner, "x")[1]
    head = {"Authorization": f"Bearer {secret}"}
    assert Client(headers=head).get(address(shared)).status_code == 200
    assert Client(headers={"Authorization": "Bearer x"}).get(address(shared)).status_code == 401


def test_bytes_that_are_gone_are_not_found(api, owner, shared):
    local.delete(shared.blob.key)
    assert api(owner).get(address(shared)).status_code == 404
    assert Blob.objects.filter(pk=shared.blob_id).exists()


def test_nginx_is_told_where_the_bytes_are(api, owner, stranger, shared, settings):
    settings.FILES_ACCEL = "/protected-files/"
    answer = api(owner).get(address(shared), headers={"Range": "bytes=5-9"})
    inner = local.path(shared.blob.key).relative_to(local.folder())
    assert answer["X-Accel-Redirect"] == f"/protected-files/{inner}"
    # nginx sees to ranges itself, and has the headers from here.
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Content-Disposition"] == 'attachment; filename="data.bin"'
    refused = api(stranger).get(address(shared))
    assert (refused.status_code, "X-Accel-Redirect" in refused) == (404, False)
    local.delete(shared.blob.key)
    assert api(owner).get(address(shared)).status_code == 404


def test_pictures_of_people_are_everybodys_who_is_signed_in(
    api, client, stranger, owner, private_room, upload
):
    file = upload(owner, private_room, "me.png", picture())
    File.objects.filter(pk=file.pk).update(purpose="avatar", room=None)
    assert api(stranger).get(address(file)).status_code == 200
    assert client.get(address(file)).status_code == 401
