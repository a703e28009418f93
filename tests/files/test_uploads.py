"""POST /file and what it answers, without a server: the body has come whole."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from files.models import Blob

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.FILES_FREE_MB = 0
    return settings.MEDIA_ROOT


def send(client, data=b"hello\n", name="notes.txt", room="board", **fields):
    body = {"room": room, "client_id": str(uuid.uuid4()), **fields, "file": SimpleUploadedFile(name, data)}
    return client.post("/file", body)


def stored(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_is_stored_and_served(api, owner, private_room, folder):
    response = send(api(owner), b"print('hi')\n", "hello.py")
    assert response.status_code == 201, response.content
    file = response.json()
    assert (file["name"], file["type"], file["kind"], file["size"]) == ("hello.py", "text/plain", "text", 12)
    assert file["excerpt"].startswith('<span class="nb">print</span>(')
    [blob] = Blob.objects.all()
    assert stored(folder) == [blob.key]
    answer = api(owner).get(file["url"])
    assert (answer.status_code, answer.content) == (200, b"print('hi')\n")
    assert answer["Content-Disposition"] == 'attachment; filename="hello.py"'
