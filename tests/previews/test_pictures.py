"""Pictures of previews: the small one alone is kept, read by whoever may read a message that shows it, and goes with it."""

import uuid
from io import BytesIO

import pytest
from PIL import Image
from rest_framework.test import APIClient

from files import sweeping
from files.models import Blob, File
from files.storage import local
from messaging import services as messages
from previews import queue, services
from previews.models import Preview
from tests.previews import hostile_servers
from tests.previews.conftest import fetched, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def fetch(uploads):
    """`fetch(data)` is a file that a child has written."""
    opened = []

    def fetch(data):
        opened.append(manager := local.incoming())
        file = manager.__enter__()
        file.write(data)
        return file

    yield fetch
    for manager in opened:
        manager.__exit__(None, None, None)


def stored():
    return [(key, which) for key, which, _ in local.walk()]


def test_a_picture_is_kept_small_and_clean_and_read_by_who_may_read_the_message(
    say, follow, fetcher, api, owner, member, stranger, public_room
):
    with hostile_servers.running("127.0.0.2") as server:
        message = say(f"{server.url}/with_photo")
        follow()
        fetcher.step()
    [preview] = shown(message)
    file = File.objects.get()
    assert preview["picture"] == {"url": f"/file/{file.pk}/preview.webp", "width": 720, "height": 360}
    assert (file.owner, file.purpose, stored()) == (None, "preview", [(file.blob.key, "")])
    address = preview["picture"]["url"]
    found = api(member).get(address)
    data = b"".join(found) if found.streaming else found.content
    assert (found.status_code, found["Content-Type"], found["X-Content-Type-Options"]) == (
        200,
        "image/webp",
        "nosniff",
    )
    assert (Image.open(BytesIO(data)).size, b"taken" in data) == ((720, 360), False)
    assert api(owner).get(address).status_code == 200
    assert api(stranger).get(address).data["code"] == "not_found"
    assert APIClient().get(address).status_code == 401
    # The same preview in a room that the stranger may read, where such rooms know it, shows it to them, too.
    Preview.objects.update(room=None)
    other = messages.send(owner, public_room.slug, message.body, uuid.uuid4())[0]
    services.follow(other)
    assert shown(other)[0]["picture"] == preview["picture"]
    assert api(stranger).get(address).status_code == 200
    services.remove(owner, other.pk, shown(other)[0]["id"])
    assert api(stranger).get(address).status_code == 404
    messages.hide(message, owner)
    assert api(member).get(address).status_code == 404
    messages.delete(owner, message.pk)
    messages.delete(owner, other.pk)
    sweeping.sweeper.sweep()
    assert (File.objects.count(), Blob.objects.count(), stored()) == (0, 0, [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"%PDF-1.7",
        b"GIF89a",
    ],
)
def test_what_is_no_picture_leaves_nothing_and_the_words_stay(say, follow, fetch, data):
    message = say()
    follow()
    fetched(file=fetch(data))
    assert (shown(message)[0]["picture"], shown(message)[0]["title"]) == (None, "A title")
    assert (File.objects.count(), stored()) == (0, [])


def test_a_full_disk_takes_no_pictures(say, follow, fetch, settings):
    settings.FILES_FREE_MB = 10**9
    message = say()
    follow()
    fetched(file=fetch(hostile_servers.photo()))
    assert (shown(message)[0]["picture"], stored()) == (None, [])


def test_a_picture_of_a_message_that_was_deleted_meanwhile_leaves_nothing(say, follow, fetch, owner):
    message = say()
    follow()
    preview = Preview.objects.get()
    messages.delete(owner, message.pk)
    with pytest.raises(Preview.DoesNotExist):
        queue.store(preview, {"title": "Late", "picture": True}, fetch(hostile_servers.photo()))
    assert (Blob.objects.count(), stored()) == (0, [])
    assert list(local.incoming_folder().iterdir()) == []
