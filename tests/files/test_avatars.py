"""Avatars of people and rooms: who changes them, what is kept, who is told, and when the bytes go."""

import io
import time
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from PIL import Image

from accounts.models import User
from accounts.payloads import user_brief
from accounts.sql import briefs
from files.avatars import services
from files.models import File
from files.storage import local
from files.sweeping import Sweeper
from files.uploading import processing
from messaging import services as messages
from messaging.payloads import message_payload, message_rows
from rooms import services as rooms
from rooms.membership import membership
from rooms.models import Event, Membership
from tests.files.containers import SECRET, exif_segment, heic, jpeg, picture, png_head

pytestmark = pytest.mark.django_db
MINE, ROOM = "/user/me/avatar", "/room/board/avatar"
HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.fixture(scope="module", autouse=True)
def ended():
    yield
    processing.decoder.end()


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT, settings.FILES_FREE_MB = tmp_path / "uploads", 0


def image(data=None, name="me.png"):
    return SimpleUploadedFile(name, picture((60, 40)) if data is None else data)


def put(client, path, data=None):
    return client.put(path, {"image": image(data)}, format="multipart")


def shown(response):
    return Image.open(io.BytesIO(response.content))


def test_the_middle_is_kept_in_three_sizes_without_metadata(api, member, stranger):
    # Upright, its upper half is red: the middle's, too.
    data = jpeg(exif_segment(6), size=(600, 300), behind=SECRET)
    answer = put(api(member), MINE, data)
    assert answer.status_code == 200, answer.content
    url = answer.json()["avatar"]["url"]
    for side in (48, 96, 256):
        response = api(stranger).get(url.replace("{size}", str(side)))
        assert (response["Content-Type"], shown(response).size) == ("image/webp", (side, side))
        assert "immutable" in response["Cache-Control"]
        assert "sandbox" in response["Content-Security-Policy"]
        assert SECRET not in response.content
    assert api(stranger).get("/user/member").json()["avatar"]["url"] == url
    for wrong in ("64", "small", "original"):
        assert api(stranger).get(url.replace("{size}", wrong)).status_code == 404
    [file] = File.objects.all()
    assert (file.owner, file.blob.width, sorted(file.blob.previews)) == (member, 256, ["48", "96"])


def test_everything_that_shows_a_person_has_the_picture(api, member, private_room):
    assert user_brief(member)["avatar"]["url"] is None
    put(api(member), MINE)
    member.refresh_from_db()
    url = f"/user/member/avatar/{member.avatar}/{{size}}"
    message = messages.send(member, private_room.slug, "hello", uuid.uuid4())[0]
    reply = messages.send(member, private_room.slug, "and", uuid.uuid4(), reply_to=message.pk)[0]
    for found in (reply, message_rows(type(reply).objects.filter(pk=reply.pk))[0]):
        payload = message_payload(found)
        assert payload["sender"]["avatar"]["url"] == payload["reply_to"]["sender"]["avatar"]["url"] == url
    assert user_brief(briefs([member.pk])[0])["avatar"]["url"] == url


def test_another_one_takes_its_place_and_none_is_none(api, member):
    first = put(api(member), MINE).json()["avatar"]["url"].replace("{size}", "48")
    second = put(api(member), MINE).json()["avatar"]["url"].replace("{size}", "48")
    assert [api(member).get(url).status_code for url in (first, second)] == [404, 200]
    for _ in range(2):
        assert api(member).delete(MINE).status_code == 204
    assert api(member).get(second).status_code == 404
    assert api(member).get("/user/me").json()["avatar"]["url"] is None
    assert File.objects.kept().count() == 0
    assert File.objects.count() == 2


def test_a_room_s_is_for_who_may_read_it(api, owner, member, stranger, private_room):
    assert put(api(stranger), ROOM).status_code == 404
    assert put(api(member), ROOM).status_code == 403
    assert not File.objects.exists()
    Membership.objects.filter(user=member).update(role="moderator")
    answer = put(api(member), ROOM)
    assert answer.status_code == 200, answer.content
    url = answer.json()["avatar"]["url"].replace("{size}", "96")
    assert shown(api(owner).get(url)).size == (96, 96)
    assert api(stranger).get(url).status_code == 404
    # Nor by another way.
    version = url.split("/")[-2]
    assert api(stranger).get(f"/user/member/avatar/{version}/96").status_code == 404
    assert api(stranger).get(f"/file/{uuid.UUID(version)}/avatar.webp").status_code == 404
    assert api(owner).get(f"/file/{uuid.UUID(version)}/avatar.webp").status_code == 200
    line = Event.objects.filter(event="room-updated").last()
    assert line.data["avatar"] == answer.json()["avatar"]
    membership.remove_member(owner, "board", "member")
    assert api(member).get(url).status_code == 404
    assert api(member).delete(ROOM).status_code == 404
    assert api(owner).delete(ROOM).status_code == 204
    assert api(owner).get("/room/board").json()["avatar"] == {"url": None}
    assert api(owner).get(url).status_code == 404
    assert Event.objects.filter(event="room-updated").last().data["avatar"] == {"url": None}


def test_direct_and_archived_rooms_get_none(api, owner, member, private_room):
    direct = rooms.open_direct(owner, ["member"])[0]
    assert put(api(owner), f"/room/{direct.slug}/avatar").json()["code"] == "forbidden"
    rooms.set_archived(owner, "board", True)
    assert put(api(owner), ROOM).json()["code"] == "archived"
    assert not File.objects.exists()


@pytest.mark.parametrize("path", [MINE, ROOM])
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (SVG, "unsupported_type"),
        (HTML, "unsupported_type"),
        (heic(), "unsupported_type"),
        (jpeg()[:-40], "unsupported_type"),
        (png_head(60_000, 60_000), "too_large"),
        (picture() + bytes(1_030_000), "too_large"),
        (bytes(2_000_000), "too_large"),
        (b"", "invalid"),
    ],
    ids=["svg", "html", "heic", "cut", "huge png", "1 MB", "2 MB", "empty"],
)
def test_a_bad_picture_is_refused_and_nothing_changes(api, owner, private_room, path, data, code):
    before = put(api(owner), path).json()["avatar"]
    answer = put(api(owner), path, data)
    assert (answer.json()["code"], list(answer.json()["fields"])) == (code, ["image"]), answer.content
    assert answer.status_code == {"unsupported_type": 415, "too_large": 413, "invalid": 400}[code]
    assert api(owner).get(path.removesuffix("/avatar")).json()["avatar"] == before
    assert File.objects.kept().count() == File.objects.count() == 1


def test_a_commit_without_an_answer_leaves_the_bytes_to_the_sweep(owner, monkeypatch):
    """They may be a row's; the note says which to look for."""

    def put_own(user, blob):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(services, "put_own", put_own)
    with pytest.raises(OperationalError):
        services.change_own(owner, image())
    [(key, *_), *smaller] = local.walk()
    assert [found[0] for found in smaller] == [key, key]
    assert [note.name for note in local.incoming_folder().iterdir()] == [key]


@pytest.mark.parametrize("body", [{}, {"picture": "x"}, {"image": "x"}])
def test_a_form_without_the_picture_is_refused(api, owner, body):
    answer = api(owner).put(MINE, body, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert next(iter(answer.json()["fields"])) in ("image", "picture")
    assert api(owner).put(MINE, {"image": "x"}, format="json").status_code == 415


def test_the_forms_of_pages_work_without_scripts(client, owner, member, stranger, private_room):
    client.force_login(owner)
    assert client.post("/profile/avatar", {"image": image()}).status_code == 302
    assert client.post("/chat/board/avatar", {"image": image()}).status_code == 302
    owner.refresh_from_db()
    private_room.refresh_from_db()
    profile, settings = (client.get(path).content.decode() for path in ("/profile", "/chat/board/settings"))
    assert (
        f'/user/owner/avatar/{owner.avatar}/96" srcset="/user/owner/avatar/{owner.avatar}/256 2x"' in profile
    )
    assert f"/room/board/avatar/{private_room.avatar}/96" in settings
    refused = client.post("/profile/avatar", {"image": image(SVG)})
    assert (refused.status_code, b"Choose a picture" in refused.content) == (415, True)
    large = client.post("/profile/avatar", {"image": image(bytes(2_000_000))})
    assert (large.status_code, large["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert client.post("/profile/avatar").status_code == 400
    for user, status in ((member, 403), (stranger, 404)):
        client.force_login(user)
        assert client.post("/chat/board/avatar", {"image": image()}).status_code == status
        assert client.post("/chat/board/avatar", {"remove": "1"}).status_code == status
    client.force_login(owner)
    assert client.post("/profile/avatar", {"remove": "1"}).status_code == 302
    assert client.post("/chat/board/avatar", {"remove": "1"}).status_code == 302
    for thing in (owner, private_room):
        thing.refresh_from_db()
        assert thing.avatar == ""
    client.logout()
    assert client.post("/profile/avatar", {"image": image()}).url.startswith("/login")


def test_the_administration_removes_pictures(client, api, owner, member, make_person, private_room):
    keeper = make_person("keeper")
    User.objects.filter(pk=keeper.pk).update(is_staff=True)
    for user, path in ((owner, MINE), (owner, ROOM), (keeper, MINE)):
        assert put(api(user), path).status_code == 200
    for path in (
        f"accounts/user/act/remove_avatar/?ids={owner.pk}",
        f"rooms/room/act/remove_avatar/?ids={private_room.pk}",
    ):
        client.force_login(member)
        assert client.post(f"/admin/{path}").status_code in (302, 403)
        client.force_login(keeper)
        assert b"Remove the picture of" in client.get(f"/admin/{path}").content
        assert client.post(f"/admin/{path}").status_code == 302
    owner.refresh_from_db()
    private_room.refresh_from_db()
    assert (owner.avatar, private_room.avatar, File.objects.kept().count()) == ("", "", 1)
    # Nobody is below themselves.
    client.post(f"/admin/accounts/user/act/remove_avatar/?ids={keeper.pk}")
    assert File.objects.kept().count() == 1


def test_the_sweep_takes_the_bytes_of_what_was_replaced(api, member):
    for _ in range(2):
        put(api(member), MINE)
    assert len(list(local.walk())) == 6
    Sweeper.remove_released(time.monotonic() + 60)
    member.refresh_from_db()
    [file] = File.objects.all()
    assert file.pk.hex == member.avatar
    assert {which for _, which, _ in local.walk()} == {"", "96", "48"}
    assert len(list(local.walk())) == 3


def test_people_who_share_a_room_are_told(api, member, monkeypatch, django_capture_on_commit_callbacks):
    told = []
    monkeypatch.setattr("accounts.profile_broadcast.announce", told.append)
    with django_capture_on_commit_callbacks(execute=True):
        put(api(member), MINE)
        services.remove_from(member)
    assert told == [member.pk, member.pk]
