"""A full disk: nothing is stored and all is told so, what is there can be read, and nothing is lost or doubled after."""

import subprocess
import sys
import uuid
from random import Random

import pytest
import requests

from tests.chaos.crew import Crew
from tests.chaos.disk import Disk, Full
from tests.chaos.faults import Fault
from tests.chaos.lone import Lone
from tests.chaos.scene import ROOM, Scene
from tests.support import ROOT
from tests.support.clients.cast import PASSWORD, Browser, rest

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    with Disk(tmp_path_factory.mktemp("disk")) as disk:
        yield disk


@pytest.fixture(scope="module")
def scene(disk):
    with Lone(disk.folder) as stage, Crew() as crew:
        yield Scene(stage, crew)


@pytest.fixture
def full(disk, scene):
    """It is again as it was after the test."""
    worker = scene.stage.workers[0]
    disk.fill(worker)
    yield scene
    disk.free(worker)


def codes(answers):
    return [answer["error"]["code"] for answer in answers]


def test_under_load_nothing_is_lost_or_doubled(disk, scene):
    scene.under("disk full", Random(1), 2, Fault(Full(disk).strike, 2, 20)).check()
    refused = [said for report in scene.crew.report(scene.names) for said in report["sent"] if said["codes"]]
    assert refused, "somebody was told"
    assert {code for said in refused for code in said["codes"]} == {"unavailable"}
    assert not scene.ghosts()
    assert "Traceback" not in scene.stage.server.log.read_text()


def test_a_send_is_unavailable_and_its_repetition_is_stored_once(disk, scene):
    server, worker = scene.stage.server, scene.stage.workers[0]
    name, head = scene.talkers[0], scene.stage.head(ROOM)
    message = {"room": ROOM, "body": "x" * 5000, "client_id": str(uuid.uuid4())}
    epoch = scene.crew.call(name, "sync", {"room": ROOM, "after": head})["epoch"]
    disk.fill(worker)
    try:
        assert codes(scene.crew.call(name, "chat-message", message) for _ in range(2)) == ["unavailable"] * 2
        assert rest(server, scene.owner, "POST", "/message", **message).status_code == 503
        assert scene.stage.head(ROOM) == head
    finally:
        disk.free(worker)
    stored = [scene.crew.call(name, "chat-message", message)["message"] for _ in range(2)]
    assert stored[0] == stored[1]
    assert stored[0]["seq"] == head + 1 == scene.stage.head(ROOM)
    assert scene.crew.call(name, "sync", {"room": ROOM, "after": head})["epoch"] == epoch


def test_what_is_there_can_be_read(full):
    server, token = full.stage.server, full.owner
    for path in (
        "/room",
        f"/room/{ROOM}",
        f"/message?room={ROOM}",
        f"/room/{ROOM}/event?after=0",
        "/user/me",
    ):
        assert rest(server, token, "GET", path).status_code == 200, path
    assert full.crew.call(full.talkers[0], "sync", {"room": ROOM, "after": 0})["ok"]
    assert requests.get(server.url + "/login").status_code == 200
    assert rest(server, token, "POST", "/room", name="More").json()["code"] == "unavailable"


def test_nobody_can_log_in_or_out_and_is_told_so(scene, disk):
    server, worker = scene.stage.server, scene.stage.workers[0]
    inside, outside = Browser(server, scene.readers[0]), requests.Session()
    outside.get(server.url + "/login")
    form = {
        "username": scene.readers[1],
        "password": PASSWORD,
        "csrfmiddlewaretoken": outside.cookies["csrftoken"],
    }
    headers = {"Referer": server.url, "Accept": "text/html"}
    disk.fill(worker)
    try:
        answer = outside.post(server.url + "/login", data=form, headers=headers)
        assert (answer.status_code, "sessionid" in outside.cookies) == (503, False)
        assert "Traceback" not in answer.text
        assert inside.get(server.url + f"/chat/{ROOM}").status_code == 200
        assert inside.form("/logout").status_code == 503
        assert inside.get(server.url + f"/chat/{ROOM}").status_code == 200, "they are in still"
    finally:
        disk.free(worker)
    assert outside.post(server.url + "/login", data=form, headers=headers).status_code == 200


def test_the_doctor_names_it(full, disk):
    if not disk.mounted:
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT, env=full.stage.server.environ, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "wrong  disk        0.0 GB are free" in done.stdout
