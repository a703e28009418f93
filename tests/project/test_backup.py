"""Backup and restore, by the commands that docs/operations.md shows."""

import shutil
import subprocess

import pytest
import requests

from tests.project.checkout import ROOT
from tests.project.test_documents import send, snippets


def shell(checkout, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-ec", line],
        cwd=checkout.folder,
        env=checkout.environ(),
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="the sqlite3 program is not here")
def test_what_was_said_since_is_gone_and_clients_are_told(checkout):
    blocks = snippets(ROOT / "docs" / "operations.md", "sh")
    (backup,) = [block for block in blocks if ".backup" in block]
    (restore,) = [block for block in blocks if "new_epochs" in block]
    server = checkout.start()
    ada = requests.Session()
    server.set_up(ada)
    send(ada, server, "before")
    shell(checkout, backup)
    send(ada, server, "after")
    epoch = ada.get(server.url + "/room/general").json()["epoch"]
    server.stop()

    shell(checkout, restore.removesuffix("./run\n"))
    server = checkout.start()
    room = ada.get(server.url + "/room/general").json()
    bodies = [message["body"] for message in ada.get(server.url + "/message?room=general").json()["results"]]
    assert bodies == ["before"]
    assert room["epoch"] != epoch
    page = ada.get(server.url + f"/room/general/event?after=1&epoch={epoch}").json()
    assert page["reset"] is True
    assert page["events"] == []
    server.stop()
