"""A database that was put back by hand is noticed at the start."""

import json
import os
import shutil
import time
import uuid
from pathlib import Path

import pytest
from django.db import connection

from messaging import services
from rooms.log import log_marker, marker_file
from rooms.models import Room

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    return settings.DATA_DIR


@pytest.fixture
def room(owner, private_room):
    """Its log has come some way, and the site was started before."""
    services.send(owner, private_room.slug, "before", uuid.uuid4())
    log_marker.check()
    return private_room


def epochs():
    return dict(Room.objects.values_list("slug", "epoch"))


def renewed():
    """Whether a start gives every room a new epoch."""
    before = epochs()
    told = log_marker.check()
    changed = {slug for slug, epoch in epochs().items() if before[slug] != epoch}
    assert changed == (set(before) if told else set())
    return told


def test_a_start_after_a_stop_changes_nothing(owner, room):
    assert not renewed()
    services.send(owner, room.slug, "after", uuid.uuid4())
    assert not renewed()
    log_marker.Keeper().keep()
    assert not renewed()


def test_a_new_site_has_nothing_to_renew(folder):
    assert not renewed()
    assert json.loads((folder / "log.marker").read_text())["position"] == 0


def test_an_older_database_beside_the_marker(owner, room):
    message, _ = services.send(owner, room.slug, "later", uuid.uuid4())
    log_marker.Keeper().keep()
    room.events.filter(subject_id=message.pk).delete()
    assert renewed()
    assert not renewed()


def test_the_folder_was_copied(folder, room):
    shutil.copytree(folder, folder.with_name("copy"))
    shutil.rmtree(folder)
    shutil.move(folder.with_name("copy"), folder)
    assert renewed()
    assert not renewed()


def test_the_folder_was_moved(folder, room, settings):
    settings.DATA_DIR = shutil.move(folder, folder.with_name("elsewhere"))
    assert not renewed()


def test_a_copy_was_written_over_it(folder, room, monkeypatch):
    """As `cp` does, which keeps the inode; later than what the marker says of itself."""
    marker = folder / "log.marker"
    text, inode = marker.read_text(), marker.stat().st_ino
    then = json.loads(text)
    marker.write_text(json.dumps({**then, "written": then["written"] - 60}))
    assert marker.stat().st_ino == inode
    assert renewed()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"position": "x"}',
        "[" * 5000,
        "\x00",
        '{"position":1,"inode":2,"written":null}',
    ],
)
def test_a_marker_that_says_nothing_is_taken_for_a_copys(folder, room, text):
    (folder / "log.marker").write_text(text)
    assert renewed()


def test_a_database_without_its_marker(folder, room):
    (folder / "log.marker").unlink()
    assert renewed() == (connection.vendor == "sqlite")


def test_nothing_is_left_beside_it(folder, room):
    log_marker.check()
    assert os.listdir(folder) == ["log.marker"]


def test_a_folder_that_cannot_be_written_is_only_told(folder, room, caplog):
    shutil.rmtree(folder)
    folder.write_text("")
    assert log_marker.check()
    assert "DATA_DIR" in caplog.text


def test_a_marker_that_the_disk_kept_is_written_again(folder, monkeypatch):
    """Between its making and its name the machine stood still: it would be taken for a copy at the next start."""
    monkeypatch.setattr(marker_file, "CTIME_SECONDS", 0.2)
    slow, replace = [0.3], Path.replace

    def kept(file, target):
        time.sleep(slow.pop() if slow else 0)
        return replace(file, target)

    monkeypatch.setattr(Path, "replace", kept)
    marker_file.write(7)
    assert slow == []
    assert not marker_file.is_copy(7, "sqlite")
