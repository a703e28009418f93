"""POST /file without a server: the body has come whole."""

import re
import uuid
from hashlib import sha256
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from accounts.services import tokens
from chatsite.contract.errors import NotFound, QuotaExceeded, TooLarge
from chatsite.realtime.http.transfers import MemoryBody
from files.models import Blob, File
from files.storage import local
from files.uploading import doors, storing
from files.uploading.forms import Form
from files.uploading.receiving import FormOutOfDate, receive_form
from rooms.membership import membership
from rooms.models import Membership
from tests.files import containers
from tests.files.containers import SECRET

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("uploads")]
TEXT = b"print('hi')\n"


def send(client, data=TEXT, name="hello.py", room="board", address="/file", **fields):
    body = {"room": room, **fields, "file": SimpleUploadedFile(name, data)}
    return client.post(address, {key: value for key, value in body.items() if value is not None})


def on_disk():
    return sorted(path.name for path in local.folder().rglob("*") if path.is_file())


def refused(response):
    return response.status_code, response.json()["code"], [*response.json().get("fields", {})]


def test_a_file_is_stored_and_told(api, owner, private_room):
    client_id = str(uuid.uuid4())
    response = send(api(owner), client_id=client_id, alt="A greeting")
    assert response.status_code == 201, response.content
    file = response.json()
    told = {"name": "hello.py", "type": "text/plain", "kind": "text", "size": 12, "alt": "A greeting"}
    assert told.items() <= file.items()
    assert file["excerpt"].startswith('<span class="nb">print</span>(')
    row = File.objects.get()
    assert (str(row.pk), str(row.client_id), row.owner, row.room, row.message) == (
        *(file["id"], client_id, owner, private_room),
        None,
    )
    assert on_disk() == [row.blob.key]
    assert row.blob.sha256 == sha256(TEXT).hexdigest() == local.hashed(local.path(row.blob.key).open("rb"))


@pytest.mark.parametrize(
    ("data", "excerpt"),
    [
        (b"", ""),
        (b"\xef\xbb\xbf<b>&\r\nnext", "&lt;b&gt;&amp;\nnext"),
        (b"line\n" * 100, "\n".join(["line"] * 12)),
        ("é".encode() * 1000, "é" * 200),
        ((b'"' * 99 + b"\n") * 12, ("&quot;" * 99 + "\n") * 4),
    ],
    ids=["empty", "marks", "many lines", "a long line", "nothing but marks"],
)
def test_the_first_lines_of_a_text_are_safe_and_few(api, owner, private_room, data, excerpt):
    assert send(api(owner), data, "a.unknown").json()["excerpt"] == excerpt


def test_a_picture_is_cleaned_and_has_previews(api, owner, private_room):
    picture = containers.jpeg(containers.exif_segment(6), size=(500, 2000))
    file = send(api(owner), picture, "Ferien am Meer 海.jpg").json()
    blob = Blob.objects.get()
    assert (file["name"], file["width"], file["height"]) == ("Ferien am Meer 海.jpg", 2000, 500)
    assert (file["inline"], file["preview"]["width"], file["preview"]["large"]["width"]) == (
        True,
        720,
        1440,
    )
    assert on_disk() == [blob.key, f"{blob.key}.large", f"{blob.key}.small"]
    kept = local.path(blob.key).read_bytes()
    assert SECRET not in kept
    assert (blob.size, blob.sha256) == (len(kept), sha256(kept).hexdigest())
    assert blob.previews["small"][2] == local.path(blob.key, "small").stat().st_size


def test_a_picture_that_is_encoded_anew_is_named_so(api, owner, private_room):
    client_id, bitmap = str(uuid.uuid4()), containers.picture(form="BMP")
    file = send(api(owner), bitmap, "scan.BMP", client_id=client_id).json()
    assert (file["name"], file["type"]) == ("scan.png", "image/png")
    assert send(api(owner), bitmap, "scan.BMP", client_id=client_id).status_code == 200


@pytest.mark.parametrize(
    ("name", "data"),
    [("cut.jpg", containers.jpeg()[:60]), ("photo.jxl", b"\xff\x0a" + bytes(100))],
    ids=["cut short", "of an unknown type"],
)
def test_pictures_that_cant_be_cleaned_leave_nothing(api, owner, private_room, name, data):
    response = send(api(owner), data, name)
    assert refused(response) == (415, "unsupported_type", [])
    assert (on_disk(), File.objects.count(), Blob.objects.count()) == ([], 0, 0)


def test_a_repeat_is_the_first_file_and_another_a_conflict(api, owner, member, private_room):
    client_id = str(uuid.uuid4())
    first = send(api(owner), client_id=client_id)
    again = send(api(owner), client_id=client_id)
    assert (again.status_code, again.json()) == (200, first.json())
    assert refused(send(api(owner), client_id=client_id, name="other.py"))[:2] == (409, "conflict")
    assert refused(send(api(owner), client_id=client_id, room="general"))[:2] == (409, "conflict")
    # Ids are each person's own.
    assert send(api(member), client_id=client_id).status_code == 201
    assert len(on_disk()) == 2


def test_of_two_at_once_with_one_id_one_is_stored(owner, private_room, monkeypatch):
    """The second finds out when it adds its row."""
    upload = storing.Upload("board", uuid.uuid4(), "a.txt")

    def stored():
        with local.incoming() as file:
            file.write(b"words")
            return storing.store(owner, upload, file)

    first, new = stored()
    assert new
    assert stored() == (first, False)
    assert len(on_disk()) == 1


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"room": None}, (400, "invalid", ["room"])),
        ({"room": "nowhere"}, (404, "not_found", [])),
        ({"room": "a\x00b"}, (400, "invalid", ["room"])),
        ({"client_id": "1"}, (400, "invalid", ["client_id"])),
        ({"alt": "x" * 1001}, (400, "invalid", ["alt"])),
        ({"colour": "red"}, (400, "invalid", ["colour"])),
        ({"room": "x" * 70_000}, (413, "too_large", [])),
        ({"address": "/file?room=nowhere"}, (404, "not_found", [])),
    ],
)
def test_fields_are_checked(api, owner, private_room, fields, expected):
    assert refused(send(api(owner), **fields)) == expected
    assert on_disk() == []


def form(*parts, end=b"--X--\r\n"):
    """A body of parts as `(head, data)`."""
    return b"".join(b"--X\r\n" + head + b"\r\n\r\n" + data + b"\r\n" for head, data in parts) + end


ROOM = (b'Content-Disposition: form-data; name="room"', b"board")
FILE = (b'Content-Disposition: form-data; name="file"; filename="a.txt"', b"words")
NO_NAME = (b'Content-Disposition: form-data; name="file"', b"words")
BAD_BYTES = (b'Content-Disposition: form-data; name="room"', b"\xff")
OTHER_NAME = (b'Content-Disposition: form-data; name="picture"; filename="a.txt"', b"words")
EXTENDED = (b"Content-Disposition: form-data; name=\"file\"; filename*=utf-8''%E6%B5%B7.txt", b"words")
MULTIPART = "multipart/form-data; boundary=X"


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (form(FILE, ROOM), MULTIPART, (400, "invalid", ["room"])),
        (form(ROOM, FILE, (ROOM[0].replace(b"room", b"alt"), b"x")), MULTIPART, (400, "invalid", ["alt"])),
        (form(ROOM, FILE, FILE), MULTIPART, (400, "invalid", ["file"])),
        (form(ROOM), MULTIPART, (400, "invalid", ["file"])),
        (form(ROOM, NO_NAME), MULTIPART, (400, "invalid", ["file"])),
        (form(ROOM, OTHER_NAME), MULTIPART, (400, "invalid", ["picture"])),
        (form(BAD_BYTES, FILE), MULTIPART, (400, "invalid", ["room"])),
        (form(ROOM, FILE, end=b""), MULTIPART, (400, "invalid", [])),
        (form(ROOM, FILE)[:-20], MULTIPART, (400, "invalid", [])),
        (form(ROOM, (b"No-Disposition: x", b"x")), MULTIPART, (400, "invalid", [])),
        (form(ROOM, (b"a" * 10_000, b"x")), MULTIPART, (400, "invalid", [])),
        (form(*[(ROOM[0], b"x")] * 40, FILE), MULTIPART, (413, "too_large", [])),
        (b"nothing of the kind", MULTIPART, (400, "invalid", [])),
        (b"", MULTIPART, (400, "invalid", [])),
        (form(ROOM, FILE), "multipart/form-data", (415, "unsupported_media_type", [])),
        (form(ROOM, FILE), "multipart/form-data; boundary=" + "X" * 300, (415, "unsupported_media_type", [])),
        (b"room=board", "application/x-www-form-urlencoded", (415, "unsupported_media_type", [])),
        (b"{}", "application/json", (415, "unsupported_media_type", [])),
    ],
)
def test_bodies_that_are_no_upload_leave_nothing(owner, private_room, body, kind, expected):
    secret = tokens.make_token(owner, "x")[1]
    head = {"HTTP_AUTHORIZATION": f"Token {secret}"}
    answer = Client().generic("POST", "/file", body, content_type=kind, **head)
    code, fields = answer.json()["code"], [*answer.json().get("fields", {})]
    # What can't be a form at all is refused as one that has none.
    assert (answer.status_code, code, fields) in (expected, (400, "invalid", []) if not body else expected)
    assert on_disk() == []


@pytest.mark.parametrize(
    "body",
    [
        b"x" * 1_000_000 + b"\r\n" + form(ROOM, FILE),
        form(ROOM) + b"x" * 1_000_000,
        form(ROOM, FILE) + b"x" * 1_000_000,
        form(*[(ROOM[0] + b"\r\nX: " + b"x" * 4000, b"")] * 30) + b"x" * 500_000,
    ],
)
def test_what_a_form_has_beside_its_parts_is_not_read_to_its_end(body):
    body_read = MemoryBody(BytesIO(body), len(body))
    received = Form(body_read, MULTIPART)
    with pytest.raises(TooLarge):
        read_to_its_end(received)
    assert body_read.left


def test_heads_of_many_parts_are_read():
    body = form(*[ROOM] * 31, *[FILE] * 10)
    received = Form(MemoryBody(BytesIO(body), len(body)), MULTIPART)
    assert (read_to_its_end(received), len(received.fields)) == (10, 31)


def read_to_its_end(received):
    """Returns how many files there were."""
    files = 0
    while received.next_file():
        received.copy_to(len)
        files += 1
    return files


def test_a_name_in_the_extended_form_is_understood(owner, private_room):
    secret = tokens.make_token(owner, "x")[1]
    head = {"HTTP_AUTHORIZATION": f"Token {secret}"}
    body = form(ROOM, EXTENDED)
    assert Client().generic("POST", "/file", body, content_type=MULTIPART, **head).json()["name"] == "海.txt"


def test_a_body_without_a_length_is_refused_in_words(api, owner, private_room):
    answer = api(owner).generic("POST", "/file", form(ROOM, FILE), content_type=MULTIPART, CONTENT_LENGTH="")
    assert refused(answer)[:2] == (400, "invalid")
    assert "Content-Length" in answer.json()["detail"]


def test_who_may_write_may_upload(api, owner, member, stranger, private_room, make_person):
    banned = make_person("banned")
    membership.grant(private_room, banned)
    membership.ban(owner, "board", "banned")
    assert refused(send(api(stranger)))[:2] == refused(send(api(banned)))[:2] == (404, "not_found")
    assert refused(send(APIClient()))[:2] == (401, "unauthorized")
    Membership.objects.filter(user=member).update(muted=True)
    assert refused(send(api(member)))[:2] == (403, "muted")
    private_room.archived_at = private_room.created_at
    private_room.save()
    assert refused(send(api(owner)))[:2] == (409, "archived")
    assert on_disk() == []


def test_a_session_needs_its_token(owner, private_room):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert refused(send(client))[:2] == (403, "forbidden")
    # The form's own field doesn't count: the body isn't read for it.
    page = client.get("/chat/board").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    assert refused(send(client, csrfmiddlewaretoken=token))[:2] == (403, "forbidden")
    body = {"room": "board", "file": SimpleUploadedFile("a.txt", b"x")}
    assert client.post("/file", body, headers={"X-CSRFToken": token}).status_code == 201


@pytest.mark.usefixtures("one_window")
def test_limits_come_before_the_body(api, owner, private_room, settings, monkeypatch):
    client = api(owner)
    settings.FILE_MAX_MB = 1
    length = {"CONTENT_LENGTH": str(1_200_000)}
    answer = client.generic("POST", "/file", form(ROOM, FILE), content_type=MULTIPART, **length)
    assert refused(answer)[:2] == (413, "too_large")
    with doors.admitted(owner, 10), doors.admitted(owner, 10):
        settings.UPLOADS_PER_USER = 2
        assert refused(send(client))[:2] == (429, "rate_limited")
    monkeypatch.setattr(doors, "free_bytes", lambda: settings.FILES_FREE_MB * doors.MB + 100)
    assert refused(send(client))[:2] == (403, "quota_exceeded")
    monkeypatch.undo()
    settings.FILES_PER_HOUR = 1
    assert [send(client).status_code for _ in range(2)] == [201, 429]
    assert doors.underway.bytes == 0
    assert not doors.underway.uploads_of
    assert len(on_disk()) == 1


def test_of_two_at_once_the_second_is_too_much(owner, settings, monkeypatch):
    """It comes while the database is asked for the first."""
    settings.FILES_PER_USER_MB = 1
    bytes_of = doors.bytes_of

    def second_comes(user):
        monkeypatch.setattr(doors, "bytes_of", bytes_of)
        with pytest.raises(QuotaExceeded), doors.admitted(user, 600_000):
            raise AssertionError("both are let in")
        return bytes_of(user)

    monkeypatch.setattr(doors, "bytes_of", second_comes)
    with doors.admitted(owner, 600_000):
        assert doors.underway.uploads_of[owner.pk] == 1
    assert not doors.underway.uploads_of


def test_a_file_that_is_larger_than_it_may_be_is_cut_off(api, owner, private_room, settings):
    """The length of the whole form leaves room for its fields."""
    settings.FILE_MAX_MB = 1
    assert refused(send(api(owner), b"x" * 1_000_001))[:2] == (413, "too_large")
    assert send(api(owner), b"x" * 1_000_000).status_code == 201


def test_quotas_of_a_person_and_of_the_site(api, owner, member, private_room, settings, upload):
    settings.FILES_PER_USER_MB = 1
    kept = upload(owner, private_room)
    assert kept.size == kept.blob.size
    for rows in (Blob.objects.filter(pk=kept.blob_id), File.objects.filter(pk=kept.pk)):
        rows.update(size=999_000)
    assert refused(send(api(owner), b"x" * 1100))[:2] == (403, "quota_exceeded")
    assert send(api(member), b"x" * 1100).status_code == 201
    File.objects.filter(pk=kept.pk).update(released_at=kept.created_at)
    assert send(api(owner), b"x" * 1100).status_code == 201
    settings.FILES_PER_USER_MB, settings.FILES_TOTAL_MB = 0, 1
    doors.site_total._until = 0
    assert refused(send(api(owner), b"x" * 2000))[:2] == (403, "quota_exceeded")


def test_only_some_kinds_are_taken(api, owner, private_room, settings):
    settings.FILE_KINDS = frozenset({"picture", "text"})
    answer = send(api(owner), b"%PDF-1.7 " + bytes(200_000), "book.txt")
    assert refused(answer)[:2] == (415, "unsupported_type")
    assert "picture, text" in answer.json()["detail"]
    assert send(api(owner), TEXT).status_code == 201


def test_rights_are_asked_again_when_the_file_has_come(owner, member, private_room, monkeypatch):
    """Uploads take minutes: somebody may be put out meanwhile."""
    upload = storing.Upload("board", uuid.uuid4(), "a.txt")
    real = storing.keep

    def keep(*arguments):
        membership.remove_member(owner, "board", "member")
        return real(*arguments)

    monkeypatch.setattr(storing, "keep", keep)
    with local.incoming() as file:
        file.write(b"words")
        with pytest.raises(NotFound):
            storing.store(member, upload, file)
    assert (on_disk(), File.objects.count()) == ([], 0)


def test_a_commit_without_an_answer_leaves_the_bytes_to_the_sweep(owner, private_room, monkeypatch):
    """They may be a row's; the note says which to look for."""

    def fail(*arguments):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(storing, "add", fail)
    with local.incoming() as file:
        file.write(b"words")
        with pytest.raises(OperationalError):
            storing.store(owner, storing.Upload("board", uuid.uuid4(), "a.txt"), file)
    [key, note] = on_disk()
    assert (key, (local.incoming_folder() / note).exists()) == (note, True)


# Forms of pages


def received(user, parts, enforced=False):
    request = RequestFactory().generic("POST", "/chat/board", form(*parts), content_type=MULTIPART)
    request.user, request._dont_enforce_csrf_checks = user, not enforced
    return receive_form(request, user, "board")


def named_file(name, data=b"words"):
    return b'Content-Disposition: form-data; name="files"; filename="%s"' % name, data


def field(name, value):
    return b'Content-Disposition: form-data; name="%s"' % name, value


def test_a_pages_form_has_its_fields_and_files(owner, private_room):
    parts = [field(b"body", b"look"), field(b"client_id", str(uuid.uuid4()).encode()), named_file(b"a.txt")]
    got = received(owner, [*parts, named_file(b"", b""), named_file(b"b.txt")])
    assert (got.fields["body"], [file.name for file in got.files], got.error) == (
        "look",
        ["a.txt", "b.txt"],
        None,
    )
    # Sent again, as a browser does on reload: the same files.
    again = received(owner, [*parts, named_file(b"", b""), named_file(b"b.txt")])
    assert [file.pk for file in again.files] == [file.pk for file in got.files]
    assert received(owner, [field(b"body", b"words alone"), named_file(b"", b"")]).files == []


def test_a_form_is_never_left_to_django_however_its_type_is_written(owner, private_room):
    """Django has no limit of files."""
    body, written = form(named_file(b"a.txt")), MULTIPART.replace("form", "Form")
    request = RequestFactory().generic("POST", "/chat/board", body, content_type=written)
    request.user, request._dont_enforce_csrf_checks = owner, True
    result = receive_form(request, owner, "board")
    assert [file.name for file in result.files] == ["a.txt"]
    assert not request.FILES


def test_a_refused_file_leaves_the_forms_fields(owner, stranger, private_room):
    got = received(owner, [field(b"body", b"look"), named_file(b"a.txt"), named_file(b"b.jpg", b"\xff\x0a")])
    assert (got.fields["body"], len(got.files), got.error.code) == ("look", 1, "unsupported_type")
    got = received(owner, [named_file(b"%d.txt" % n) for n in range(11)])
    assert (len(got.files), got.error.code) == (10, "too_large")
    got = received(stranger, [field(b"body", b"look"), named_file(b"a.txt")])
    assert (got.files, got.error.code) == ([], "not_found")


def test_a_form_of_another_site_stores_nothing(owner, private_room):
    with pytest.raises(FormOutOfDate):
        received(owner, [field(b"csrfmiddlewaretoken", b"x" * 64), named_file(b"a.txt")], enforced=True)
    assert on_disk() == []


WEBM = (
    b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"
    + bytes(60)
)


def posed(client, poster, data, name="film.mp4", **fields):
    parts = {"poster": SimpleUploadedFile("poster.webp", poster), "file": SimpleUploadedFile(name, data)}
    return client.post("/file", {"room": "board", **fields, **parts})


def test_a_film_has_the_previews_of_its_poster_and_nothing_else_of_it(api, owner, private_room):
    poster = containers.picture((640, 360))
    for film, size in ((containers.mp4(), (1920, 1080)), (WEBM, (640, 360))):
        file = posed(api(owner), poster, film).json()
        assert file["kind"] == "video"
        assert file["preview"]["url"] == f"/file/{file['id']}/preview/small"
        assert file["preview"]["placeholder"].startswith("data:image/webp;base64,")
        if film is WEBM:
            assert (file["width"], file["height"]) == size
        key = File.objects.get(pk=file["id"]).blob.key
        kept = [name for name in on_disk() if name.startswith(key)]
        assert kept in ([key, f"{key}.small"], [key, f"{key}.large", f"{key}.small"])


@pytest.mark.parametrize("poster", [b"<svg/>", b"words", b"\xff\xd8\xff\xe0 cut short", b"\x00" * 100])
def test_a_film_is_kept_without_a_poster_that_is_no_picture(api, owner, private_room, poster):
    file = posed(api(owner), poster, containers.mp4())
    assert (file.status_code, file.json()["preview"]) == (201, None)


def test_other_files_have_no_poster_and_a_large_one_is_refused(api, owner, private_room):
    assert posed(api(owner), containers.picture((64, 64)), TEXT, "a.txt").json()["preview"] is None
    answer = posed(api(owner), b"x" * (doors.MAX_POSTER_BYTES + 1), containers.mp4())
    assert refused(answer) == (413, "too_large", ["poster"])
    assert refused(posed(api(owner), b"", containers.mp4())) == (400, "invalid", ["poster"])
    alone = api(owner).post("/file", {"room": "board", "poster": SimpleUploadedFile("p.webp", b"x")})
    assert refused(alone) == (400, "invalid", ["file"])
