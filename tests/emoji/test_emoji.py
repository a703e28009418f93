"""The site's own emoji: who adds and removes them, what is refused, and what pages and clients are told."""

import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from accounts.models import SiteSettings, User
from chatsite.contract.errors import Conflict, Forbidden, Invalid, QuotaExceeded, RateLimited
from chatsite.realtime.delivery import peers, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from emoji import names, services
from emoji.models import CustomEmoji
from files.models import Blob, File
from files.storage import local
from messaging import services as messages
from messaging.models import Message
from messaging.payloads import message_payload
from messaging.reactions.services import react, unreact
from tests.emoji.conftest import upload
from tests.files.containers import SECRET, animated, chunk, heic, jpeg, picture, png, png_head
from tests.support.recording_channel import RecordingChannel

pytestmark = pytest.mark.django_db
IMAGE = {"name": "lathe", "image": None}


def post(client, name="lathe", **fields):
    fields = {"image": upload()} | fields
    return client.post("/emoji", {"name": name, **fields}, format="multipart")


def test_an_emoji_is_added_seen_and_removed(api, administrator, member, committed):
    with committed():
        made = post(api(administrator), ":Lathe:", image=upload(picture((400, 200))))
    assert made.status_code == 201, made.content
    found = api(member).get("/emoji").json()["results"]
    assert found == [made.json()]
    assert (found[0]["name"], found[0]["animated"], found[0]["added_by"]) == ("lathe", False, "boss")
    shown = api(member).get(found[0]["url"])
    assert shown["Content-Type"] == "image/webp"
    assert "immutable" in shown["Cache-Control"]
    assert "sandbox" in shown["Content-Security-Policy"]
    assert Image.open(io.BytesIO(shown.content)).size == (128, 64)
    with committed():
        assert api(administrator).delete("/emoji/lathe").status_code == 204
    assert api(member).get(found[0]["url"]).status_code == 404
    assert api(member).get("/emoji").json()["results"] == []
    assert File.objects.get().released_at


def test_an_animation_stays_one_without_its_metadata(api, administrator):
    for form, type_ in (("GIF", "image/gif"), ("WEBP", "image/webp"), ("PNG", "image/png")):
        data = animated(form, 4)
        if form == "PNG":
            data = png(chunk(b"tEXt", b"Comment\x00" + SECRET), plain=data)
        made = post(api(administrator), form.lower(), image=upload(data)).json()
        assert made["animated"]
        shown = api(administrator).get(made["url"])
        assert shown["Content-Type"] == type_
        assert SECRET not in shown.content
        assert Image.open(io.BytesIO(shown.content)).n_frames == 4


@pytest.mark.parametrize(
    ("adders", "may"),
    [
        ("administrators", {"boss"}),
        ("moderators", {"boss", "keeper"}),
        ("members", {"boss", "keeper", "member"}),
    ],
)
def test_a_setting_says_who_adds(administrator, make_person, member, adders, may):
    keeper = make_person("keeper")
    User.objects.filter(pk=keeper.pk).update(is_staff=True)
    SiteSettings.objects.update_or_create(pk=1, defaults={"emoji_adders": adders})
    people = User.objects.all()
    assert {user.username for user in people if services.may_add(user)} == may
    for user in people:
        if user.username not in may:
            with pytest.raises(Forbidden):
                services.add(user, "lathe", upload())


def test_only_administrators_and_who_added_it_remove_one(api, administrator, member, stranger):
    SiteSettings.objects.update_or_create(pk=1, defaults={"emoji_adders": "members"})
    for name in ("drill", "plane_1"):
        assert post(api(member), name).status_code == 201
    assert api(stranger).delete("/emoji/drill").status_code == 403
    assert api(member).delete("/emoji/drill").status_code == 204
    assert api(administrator).delete("/emoji/plane_1").status_code == 204
    assert api(member).delete("/emoji/plane_1").status_code == 404


HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize(
    ("image", "code", "field"),
    [
        (SVG, "unsupported_type", "image"),
        (HTML, "unsupported_type", "image"),
        (heic(), "unsupported_type", "image"),
        (jpeg()[:-40], "unsupported_type", "image"),
        (animated("GIF")[:-20], "unsupported_type", "image"),
        (png_head(60_000, 60_000), "too_large", "image"),
        (animated("GIF", 2, (600, 600)), "too_large", "image"),
        (picture() + bytes(300_000), "too_large", "image"),
        (bytes(2_000_000), "too_large", "image"),
        (b"", "invalid", "image"),
        (None, "invalid", "image"),
        ("text", "invalid", "image"),
    ],
    ids=[
        "svg",
        "html",
        "heic",
        "cut",
        "cut gif",
        "huge png",
        "wide gif",
        "300 KB",
        "2 MB",
        "empty",
        "none",
        "text",
    ],
)
def test_a_bad_picture_is_refused_and_nothing_changes(api, administrator, image, code, field):
    given = image if image is None or isinstance(image, str) else SimpleUploadedFile("x.png", image)
    data = {"name": "lathe", **({"image": given} if given is not None else {})}
    answer = api(administrator).post("/emoji", data, format="multipart")
    assert (answer.json()["code"], list(answer.json()["fields"])) == (code, [field]), answer.content
    assert answer.status_code == {"unsupported_type": 415, "too_large": 413, "invalid": 400}[code]
    assert not any(model.objects.exists() for model in (CustomEmoji, File, Blob))
    assert list(local.walk()) == []


@pytest.mark.parametrize(
    "name", ["", "a", "a" * 33, "ü" * 3, "a b", "../x", "<b>", "lathe\x00", "smile", "+1"]
)
def test_a_bad_name_is_refused(api, administrator, name):
    answer = post(api(administrator), name)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["name"]), answer.content
    assert not CustomEmoji.objects.exists()


def test_a_name_is_taken_once(administrator, lathe, monkeypatch):
    with pytest.raises(Conflict):
        services.add(administrator, "LATHE", upload())
    # Somebody takes it after it was looked up.
    monkeypatch.setattr(services, "check_free", lambda name: None)
    with pytest.raises(Conflict):
        services.add(administrator, "lathe", upload())
    assert (File.objects.count(), len(list(local.walk()))) == (1, 1)


@pytest.mark.usefixtures("one_window")
def test_they_are_bounded_in_number_and_by_the_hour(administrator, member, lathe, monkeypatch, settings):
    monkeypatch.setattr(services, "MAX_EMOJI", 1)
    with pytest.raises(QuotaExceeded):
        services.add(administrator, "other", upload())
    monkeypatch.setattr(services, "MAX_EMOJI", 9)
    settings.FILES_PER_HOUR = 1
    SiteSettings.objects.update_or_create(pk=1, defaults={"emoji_adders": "members"})
    services.add(member, "other", upload())
    with pytest.raises(RateLimited):
        services.add(member, "third", upload())


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("a :lathe: b", "<p>a IMG b</p>"),
        ("*:Lathe:* (:lathe:)", "<p><em>IMG</em> (IMG)</p>"),
        ("今:lathe:日", "<p>今IMG日</p>"),
        (":lathe:", '<p class="emoji-only">IMG</p>'),
        (":lathe: 👍\n:lathe:", '<p class="emoji-only">IMG 👍<br>IMG</p>'),
        (":lathe::lathe::lathe::lathe:", "<p>IMGIMGIMGIMG</p>"),
        (
            "x:lathe: :lathe:s :nope: `:lathe:` 10:30:20",
            "<p>x:lathe: :lathe:s :nope: <code>:lathe:</code> 10:30:20</p>",
        ),
    ],
)
def test_a_name_in_a_text_is_its_picture(owner, private_room, lathe, body, html):
    message = messages.send(owner, private_room.slug, body, uuid.uuid4())[0]
    url = f"/emoji/lathe/{lathe.file_id.hex}"
    image = f'<img class="emoji" alt=":lathe:" title=":lathe:" src="{url}">'
    assert message.html.replace(image, "IMG") == html


def test_sending_makes_no_query_for_them(owner, private_room, lathe, django_assert_num_queries):
    with django_assert_num_queries(1):
        names.forget()
        names.ensure()
    with CaptureQueriesContext(connection) as plain:
        messages.send(owner, private_room.slug, "hello", uuid.uuid4())
    with CaptureQueriesContext(connection) as named:
        messages.send(owner, private_room.slug, "hello :lathe: and :nope:", uuid.uuid4())
    assert len(named) == len(plain)


def test_they_are_reactions_until_they_are_removed_and_can_be_taken_back_then(
    owner, member, administrator, private_room, lathe, committed
):
    message = messages.send(owner, private_room.slug, "hello", uuid.uuid4())[0]
    for user, spelled in ((member, ":lathe:"), (owner, ":LATHE:")):
        react(user, message.pk, spelled)
    message.refresh_from_db()
    assert message_payload(message)["reactions"] == [
        {"emoji": ":lathe:", "count": 2, "users": ["member", "owner"]}
    ]
    with committed():
        services.remove(administrator, lathe)
    with pytest.raises(Invalid, match="of that name"):
        react(owner, message.pk, ":lathe:")
    assert unreact(member, message.pk, ":lathe:").reactions == [
        {"emoji": ":lathe:", "count": 1, "users": ["owner"]}
    ]


def test_a_name_that_was_removed_gets_no_other_picture(
    api, client_of, owner, member, administrator, private_room, lathe, committed
):
    message = messages.send(owner, private_room.slug, "a :lathe: b", uuid.uuid4())[0]
    passed = messages.send(owner, private_room.slug, "", uuid.uuid4(), forward=message.pk)[0]
    react(member, message.pk, ":lathe:")

    def shown():
        found = [message_payload(Message.objects.whole().get(pk=pk)) for pk in (message.pk, passed.pk)]
        return found[0]["html"], found[1]["forwarded"]["html"]

    url = names.url_of("lathe", lathe.file_id.hex)
    assert all(url in html for html in shown())
    with committed():
        services.remove(administrator, lathe)
    # No picture that a browser may have kept; nor does another come.
    assert shown() == ("<p>a :lathe: b</p>", "<p>a :lathe: b</p>")
    page = client_of(owner).get(f"/chat/{private_room.slug}").text
    assert url not in page
    assert "a :lathe: b" in page
    refused = post(api(administrator), image=upload(picture((10, 20))))
    assert (refused.status_code, list(refused.json()["fields"])) == (409, ["name"])
    assert not CustomEmoji.objects.exists()
    # The same one may come back.
    with committed():
        again = post(api(administrator), image=upload(animated("GIF")))
    assert again.status_code == 201, again.content
    assert all(again.json()["url"] in html for html in shown())
    with committed():
        services.remove(administrator, CustomEmoji.objects.get())
    assert post(api(administrator), image=upload(picture((10, 20)))).status_code == 409


def test_open_pages_are_told(stranger, administrator, committed, lathe):
    heard = RecordingChannel()
    page = Connection("sid", Identity(stranger.pk, stranger.username), heard)
    subscriptions.attach(page)
    try:
        with committed():
            other = services.add(administrator, "other", upload())
        with committed():
            services.remove(administrator, lathe)
    finally:
        subscriptions.detach(page)
    picture_of_other = {"name": "other", "url": names.url_of("other", other.file_id.hex), "animated": False}
    assert heard.events == [
        ("emoji-updated", {"added": [picture_of_other], "removed": []}),
        ("emoji-updated", {"added": [], "removed": ["lathe"]}),
    ]


def test_the_page_adds_and_removes_without_scripts(client, administrator, member, committed):
    client.force_login(member)
    assert b"Add one" not in client.get("/site/emoji").content
    assert client.post("/site/emoji", {"name": "lathe", "image": upload()}).status_code == 403
    client.force_login(administrator)
    empty = client.get("/site/emoji")
    assert (empty.status_code, b"required." in empty.content) == (200, False)
    refused = client.post("/site/emoji", {"name": "lathe", "image": upload(SVG, "x.svg")})
    assert refused.status_code == 415
    assert b"Choose a picture" in refused.content
    large = client.post("/site/emoji", {"name": "lathe", "image": upload(bytes(2_000_000))})
    assert (large.status_code, large["Content-Type"]) == (413, "text/html; charset=utf-8")
    with committed():
        assert client.post("/site/emoji", {"name": "lathe", "image": upload()}).status_code == 302
    assert b"<b>:lathe:</b>" in client.get("/site/emoji").content
    client.force_login(member)
    assert client.post("/site/emoji/lathe/remove").status_code == 403
    client.force_login(administrator)
    assert client.post("/site/emoji/lathe/remove").status_code == 302
    client.logout()
    assert client.get("/site/emoji").url.startswith("/login")
    assert not CustomEmoji.objects.exists()


def test_the_administration_adds_and_removes(client, administrator, make_person, committed):
    keeper = make_person("keeper")
    keeper.is_staff = True
    keeper.save()
    client.force_login(keeper)
    new = "/admin/emoji/customemoji/add/"
    assert b"Unicode has" in client.post(new, {"name": "smile", "image": upload()}).content
    client.post(new, {"name": "lathe", "image": upload(SVG)})
    assert not CustomEmoji.objects.exists()
    assert client.post(new, {"name": "lathe", "image": upload()}).status_code == 302
    listed = client.get("/admin/emoji/customemoji/").content.decode()
    made = CustomEmoji.objects.get()
    assert names.url_of("lathe", made.file_id.hex) in listed
    assert client.post(f"/admin/emoji/customemoji/{made.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not CustomEmoji.objects.exists()
    made = services.add(administrator, "lathe", upload())
    assert client.post(f"/admin/emoji/customemoji/{made.pk}/delete/", {"post": "yes"}).status_code == 403
    SiteSettings.objects.update(emoji_adders="administrators")
    assert client.get(new).status_code == 403
    client.force_login(administrator)
    client.post(
        "/admin/emoji/customemoji/",
        {"action": "delete_selected", "_selected_action": [made.pk], "post": "yes"},
    )
    assert not CustomEmoji.objects.exists()


def test_another_process_reads_the_names_again_at_a_word(administrator, lathe, committed, monkeypatch):
    words = []
    monkeypatch.setattr(peers, "site", Elsewhere(words))
    monkeypatch.setattr(names.words, "later", lambda seconds, flush: flush())
    with committed():
        services.remove(administrator, lathe)
    assert words == [(names.WORD,)]
    # The other process still knows it, until it hears the word.
    names.known.pictures = {"lathe": names.Picture("lathe", "/emoji/lathe/0", False)}
    assert peers.dispatch(names.WORD, [])
    assert names.picture_of("lathe") is None


class Elsewhere(peers.Peers):
    there = True

    def __init__(self, words):
        self.words = words

    def notify(self, word, *parts):
        self.words.append((word, *parts))
