"""Backup and restore, by the commands that docs/operations.md shows, on both databases and between them."""

import hashlib
import json
import re
import shutil
import sqlite3
import stat
import struct
import subprocess
import threading
import time
import zipfile
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import requests

from tests.project.test_documents import csrf, send
from tests.support import ROOT
from tests.support.servers.checkout import PASSWORD, form
from tests.support.servers.database_templates import migrate
from tests.support.servers.forked_manage import Warm
from tests.support.servers.harness import free_port, site_environ
from tests.support.servers.postgres import find, postgres

pytestmark = pytest.mark.realtime
needs_postgres = pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not here")
TALK = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
from rooms.models import Room
from rooms.membership import membership
ada = User.objects.create_user("ada", display_name="Ada “✓” \\n", password="correct horse battery")
room = Room.objects.get(slug="general")
membership.grant(room, ada)
User.objects.filter(pk=ada.pk).update(last_seen=timezone.now() - timedelta(microseconds=1))
import uuid
from messaging import services
from messaging.reactions.services import react
message = services.send(ada, "general", "hello", uuid.uuid4())[0]
for emoji in "🦉👍":
    react(ada, message.pk, emoji)
"""
# The message, what it shows, the texts that it had, and what is under it after a reaction.
SHOWN = """
from accounts.models import User
from messaging.models import Message, MessageText
from messaging.payloads import message_payload
from messaging.reactions.services import react
message = Message.objects.whole().get()
said = message_payload(message)
print(said["body"], said["reactions"], said["forwarded"], MessageText.objects.count(), sep="|")
print(len(react(User.objects.get(), message.pk, "👍")[0].message.reactions))
"""
SAY = """
import uuid
from messaging import services
for body in ("the 東京タワー lathe", "something else"):
    services.send(ada, "general", body, uuid.uuid4())
"""
FIND = """
from accounts.models import User
from messaging.search import Span, read, search
from messaging.search.postgresql import finds_parts
user = User.objects.get()
found = read(user, search(user, "タワー ATH"), Span(50)).messages
print(finds_parts(), *(message.body for message in found), sep="|")
"""


class Place:
    """A site that isn't served: `site("backup", …)` is a management command."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.file = folder / "chat.sqlite3"
        self.environ = site_environ(folder, 1, **settings)
        self.warm = Warm(self.environ)

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return self.warm.run(*map(str, arguments))

    def close(self) -> None:
        self.warm.close()

    def do(self, *arguments: str | Path) -> str:
        done = self(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str | Path) -> str:
        """The one line in which it says why."""
        done = self(*arguments)
        assert done.returncode == 1, done.stdout
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1, done.stderr
        return lines[0]

    def talk(self, lines: str = "") -> None:
        migrate(self.file.parent, self.environ)
        self.do("shell", "-v0", "-c", TALK + lines)

    def people(self) -> list[str]:
        return self.do(
            "shell", "-v0", "-c", "print(*User.objects.values_list('username', flat=True))"
        ).split()


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """A site on SQLite with somebody in it."""
    with closing(Place(tmp_path_factory.mktemp("lite"))) as place:
        place.talk()
        yield place


@pytest.fixture(scope="module")
def backup(lite, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("backup") / "backup.zip"
    lite.do("backup", path)
    return path


@pytest.fixture(scope="module")
def emptied(tmp_path_factory):
    with closing(Place(tmp_path_factory.mktemp("empty"))) as place:
        yield place


@pytest.fixture
def empty(emptied):
    shutil.rmtree(emptied.file.parent)
    emptied.file.parent.mkdir()
    return emptied


def manifest(path: Path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("manifest.json"))


def changed(path: Path, target: Path, **members: bytes) -> Path:
    """A copy of an archive in which some members are others; the manifest by `manifest=`."""
    names = {name.replace(".", "_").replace("/", "_"): content for name, content in members.items()}
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            key = info.filename.replace(".", "_").replace("/", "_").removesuffix("_json")
            new.writestr(info.filename, names.get(key, old.read(info)))
    return target


class TestAsTheDocumentsShow:
    """In order; they share one copy of the project."""

    def test_what_was_said_since_is_gone_and_clients_are_told(self, checkout, blocks):
        backup, restore = blocks
        server = checkout.start()
        ada = requests.Session()
        server.set_up(ada)
        send(ada, server, "before")
        port = server.url.rpartition(":")[2]
        shell(checkout, backup, PORT=port)
        send(ada, server, "after")
        epoch = ada.get(server.url + "/room/general").json()["epoch"]
        running = checkout.run("restore", "data/backup.zip", "--force")
        assert running.stderr == "CommandError: The database is in use: stop the server first.\n"
        server.stop()

        # The restore asks at its port whether a site is running: the default one may be somebody else's here.
        shell(checkout, restore.removesuffix("./run\n"), PORT=port)
        server = checkout.start()
        room = ada.get(server.url + "/room/general").json()
        bodies = [
            message["body"] for message in ada.get(server.url + "/message?room=general").json()["results"]
        ]
        assert bodies == ["before"]
        assert room["epoch"] != epoch
        page = ada.get(server.url + f"/room/general/event?after=1&epoch={epoch}").json()
        assert page["reset"] is True
        assert page["events"] == []
        server.stop()

    def test_a_file_is_named_as_seen_from_where_one_is(self, checkout, tmp_path):
        done = subprocess.run(
            [checkout.folder / "run", "backup", "here.zip"], cwd=tmp_path, env=checkout.environ(), check=True
        )
        assert done.returncode == 0
        assert zipfile.is_zipfile(tmp_path / "here.zip")


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    text = (ROOT / "docs" / "operations.md").read_text()
    section = text.split("\n## Backup\n")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)


def shell(checkout, block: str, **environ: str) -> None:
    subprocess.run(["sh", "-ec", block], cwd=checkout.folder, env=checkout.environ(**environ), check=True)


def test_files_that_are_put_back_by_hand_are_noticed(checkout):
    """Who saw more than the copy has loads the room anew, once."""
    ada, port = requests.Session(), str(free_port())
    if not (checkout.folder / "data" / "chat.sqlite3").exists():
        first_start = checkout.start()
        first_start.set_up(requests.Session())
        first_start.stop()

    def epoch():
        answer = ada.get(f"http://127.0.0.1:{port}/room/general")
        assert answer.status_code == 200, answer.text
        return answer.json()["epoch"]

    def served(body):
        """The room's epoch of a site that is started, in which something is said, and stopped."""
        server = checkout.start(PORT=port)
        if not ada.cookies:
            form(ada, server.url + "/login", username="ada", password=PASSWORD)
        found = epoch()
        send(ada, server, body)
        server.stop()
        return found

    data, copy = checkout.folder / "data", checkout.folder / "copy"

    def put_back(names):
        """What SQLite keeps beside its file is a part of it."""
        for file in data.glob("chat.sqlite3*"):
            file.unlink()
        for file in filter(Path.is_file, copy.glob(names)):
            shutil.copy2(file, data)

    first = served("before")
    shutil.copytree(data, copy, ignore=shutil.ignore_patterns("static*"))
    assert served("later") == first
    put_back("*")
    second = served("another life")
    assert second != first
    assert served("and on") == second
    put_back("chat.sqlite3*")
    assert served("a third") not in (first, second)


def test_while_people_talk_each_backup_is_of_one_moment(checkout, lite, tmp_path):
    server = checkout.start()
    ada = requests.Session()
    if "/setup/" in server.printed():
        server.set_up(ada)
    else:
        form(ada, server.url + "/login", username="ada", password=PASSWORD)
    headers = {"X-CSRFToken": csrf(ada, server), "Referer": server.url}
    over = threading.Event()
    sent = []

    def talk() -> None:
        while not over.is_set():
            body = {"room": "general", "body": "while it is backed up"}
            answer = ada.post(server.url + "/message", json=body, headers=headers)
            sent.append(answer.status_code)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        heads = []
        for number in range(3):
            path = tmp_path / f"{number}.zip"
            began = len(sent)
            assert checkout.run("backup", str(path)).returncode == 0
            assert len(sent) > began, "nothing was said meanwhile"
            heads.append(manifest(path)["rooms"]["general"]["head"])
    finally:
        over.set()
        thread.join()
        server.stop()
    assert set(sent) == {201}
    assert heads == sorted(set(heads))
    for number in range(3):
        lite.do("verify", tmp_path / f"{number}.zip")


def test_only_we_can_read_it(backup):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_a_restored_site_has_the_same_rows_and_new_epochs(backup, empty, tmp_path):
    assert "1 people, 1 rooms" in empty.do("restore", backup)
    assert empty.people() == ["ada"]
    assert stat.S_IMODE(empty.file.stat().st_mode) == 0o600
    empty.do("backup", tmp_path / "again.zip")
    before, after = manifest(backup), manifest(tmp_path / "again.zip")
    assert differing(before, after) == {"rooms.room"}
    assert before["rooms"]["general"]["head"] == after["rooms"]["general"]["head"] == 4
    assert (
        before["tables"]["messaging.message"]["rows"],
        before["tables"]["messaging.reaction"]["rows"],
    ) == (1, 2)
    assert before["rooms"]["general"]["epoch"] != after["rooms"]["general"]["epoch"]


def differing(one: dict, other: dict) -> set[str]:
    assert one["tables"].keys() == other["tables"].keys()
    return {label for label in one["tables"] if one["tables"][label] != other["tables"][label]}


@pytest.fixture(scope="module")
def cluster():
    with postgres() as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def url(cluster):
    cluster.execute("CREATE DATABASE site")
    info = cluster.info
    return f"postgres://{info.user}@{info.host}:{info.port}/site"


@pytest.fixture(scope="module")
def post(url, tmp_path_factory):
    with closing(Place(tmp_path_factory.mktemp("post"), DATABASE_URL=url)) as place:
        yield place


@pytest.fixture(scope="module")
def kept(cluster, post, backup):
    """What a restored site's database is copied from."""
    post.do("restore", backup, "--force")
    cluster.execute("CREATE DATABASE kept TEMPLATE site")


@pytest.fixture
def restored(kept, cluster, post):
    cluster.execute("DROP DATABASE site")
    cluster.execute("CREATE DATABASE site TEMPLATE kept")
    return post


@needs_postgres
class TestPostgreSQL:
    def test_a_site_moves_there_and_back(self, backup, post, empty, tmp_path):
        post.do("restore", backup)
        there, back = tmp_path / "there.zip", tmp_path / "back.zip"
        post.do("backup", there)
        post.do("verify", there)
        assert manifest(there)["engine"] == "postgresql"
        assert differing(manifest(backup), manifest(there)) == {"rooms.room"}
        empty.do("restore", there)
        empty.do("backup", back)
        assert differing(manifest(there), manifest(back)) == {"rooms.room"}

    def test_ids_go_on_after_the_highest(self, restored):
        restored.do("shell", "-v0", "-c", "User.objects.create_user('bob'); User.objects.create_user('cyd')")
        assert restored.people() == ["ada", "bob", "cyd"]

    def test_people_are_not_overwritten_unless_told(self, backup, restored):
        restored.do("shell", "-v0", "-c", "User.objects.create_user('dan')")
        assert "2 people" in restored.refused("restore", backup)
        restored.do("restore", backup, "--force")
        assert restored.people() == ["ada"]

    def test_a_restore_that_fails_leaves_all_as_it_was(self, backup, restored, tmp_path):
        restored.do("shell", "-v0", "-c", "User.objects.create_user('eve')")
        bad = changed(backup, tmp_path / "bad.zip", tables_rooms_event_jsonl=b"")
        done = restored("restore", bad, "--force")
        assert done.returncode == 1
        assert "The archive is damaged" in done.stderr
        assert restored.people() == ["ada", "eve"]

    def test_a_backup_is_of_one_moment(self, restored, url, tmp_path):
        """A row that is committed while the tables are read is in none of them."""
        over = threading.Event()

        def talk() -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                while not over.is_set():
                    with connection.transaction():
                        connection.execute("UPDATE rooms_room SET head = head + 1")
                        connection.execute(
                            "INSERT INTO rooms_event (room_id, seq, event, data, retracted, at)"
                            " SELECT id, head, 'room-updated', '{}', false, now() FROM rooms_room"
                        )
                    time.sleep(0.001)

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            restored.do("backup", tmp_path / "busy.zip")
        finally:
            over.set()
            thread.join()
        restored.do("verify", tmp_path / "busy.zip")

    @pytest.mark.parametrize("version", [(), ("messaging", "0002")])
    def test_what_was_said_is_found_there(self, version, post, tmp_path):
        """Also where the index came later than the archive: its rows are there before, in the same transaction."""
        with closing(Place(tmp_path / "old")) as old:
            old.talk(SAY)
            if version:
                old.do("migrate", "-v0", *version)
            old.do("backup", tmp_path / "old.zip")
        post.do("restore", tmp_path / "old.zip", "--force")
        assert post.do("shell", "-v0", "-c", FIND).split("|") == ["True", "the 東京タワー lathe\n"]

    def test_its_password_is_not_told(self, tmp_path):
        wrong = "postgresql://chat:opensesame@127.0.0.1:1/chat"
        with closing(Place(tmp_path, DATABASE_URL=wrong)) as place:
            line = place.refused("backup", tmp_path / "never.zip")
        assert "DATABASE_URL" in line
        assert "opensesame" not in line


class TestVersions:
    def test_an_older_one_is_brought_up_to_date(self, empty, tmp_path):
        path = tmp_path / "old.zip"
        with closing(Place(tmp_path / "old")) as old:
            old.do("migrate", "-v0", "accounts", "0001")
            old.do("migrate", "-v0", "rooms", "0002")
            old.do("backup", path)
        assert "accounts.usersession" not in manifest(path)["tables"]
        empty.do("verify", path)
        empty.do("restore", path)
        assert empty.do("migrate", "--check") == ""
        empty.do("backup", tmp_path / "new.zip")
        assert "accounts.usersession" in manifest(tmp_path / "new.zip")["tables"]

    def test_messages_from_before_there_were_reactions_have_none(self, empty, tmp_path):
        path = tmp_path / "old.zip"
        with closing(Place(tmp_path / "old")) as old:
            old.talk()
            old.do("migrate", "-v0", "messaging", "0007")
            old.do("backup", path)
        assert "messaging.reaction" not in manifest(path)["tables"]
        empty.do("restore", path)
        assert empty.do("migrate", "--check") == ""
        assert empty.do("shell", "-v0", "-c", SHOWN).split() == ["hello|[]|None|0", "1"]

    def test_a_newer_one_is_refused(self, backup, empty, tmp_path):
        said = manifest(backup)
        said["migrations"].append(["rooms", "0999_later"])
        newer = changed(backup, tmp_path / "newer.zip", manifest=json.dumps(said).encode())
        for command in ("restore", "verify"):
            assert "rooms.0999_later: upgrade the program first" in empty.refused(command, newer)
        assert not empty.file.exists()

    def test_a_newer_format_is_refused(self, backup, empty, tmp_path):
        said = manifest(backup) | {"format": 99}
        newer = changed(backup, tmp_path / "newer.zip", manifest=json.dumps(said).encode())
        assert "upgrade" in empty.refused("restore", newer)


class TestRefusals:
    def test_people_are_not_overwritten_unless_told(self, backup, lite):
        assert "The database has 1 people in it" in lite.refused("restore", backup)
        lite.do("restore", backup, "--force")
        assert lite.people() == ["ada"]

    def test_what_is_no_database_is_replaced_when_told(self, backup, empty):
        empty.file.write_text("no database at all, for longer than the hundred bytes of a header " * 9)
        assert "--force" in empty.refused("restore", backup)
        empty.do("restore", backup, "--force")
        assert empty.people() == ["ada"]

    def test_the_journal_of_what_was_there_is_not_played_into_the_new_one(self, backup, empty):
        """The database was deleted, and not what its last writer left beside it: that it had one page before."""
        journal = empty.file.with_name(empty.file.name + "-journal")
        header = bytes.fromhex("d9d505f920a163d7") + struct.pack(">5I", 0, 0, 1, 512, 4096)
        journal.write_bytes(header.ljust(512, b"\0"))
        empty.do("restore", backup, "--force")
        assert not journal.exists()
        assert empty.people() == ["ada"]

    def test_there_is_nothing_to_back_up(self, empty, tmp_path):
        assert "no database yet" in empty.refused("backup", tmp_path / "none.zip")
        assert not empty.file.exists()
        assert list(tmp_path.glob("*.zip")) == []

    @pytest.mark.parametrize("command", ["verify", "restore"])
    def test_no_backup_at_all(self, command, empty, tmp_path):
        nothing, text = tmp_path / "nothing.zip", tmp_path / "text.zip"
        text.write_text("hello")
        assert "No such file" in empty.refused(command, nothing)
        assert "is not a whole backup" in empty.refused(command, text)
        assert not empty.file.exists()

    def test_half_a_backup(self, backup, empty, tmp_path):
        half = tmp_path / "half.zip"
        half.write_bytes(backup.read_bytes()[:-200])
        assert "is not a whole backup" in empty.refused("verify", half)

    def test_a_flipped_bit(self, backup, empty, tmp_path):
        flipped = bytearray(backup.read_bytes())
        with zipfile.ZipFile(backup) as archive:
            place = archive.getinfo("tables/accounts.user.jsonl").header_offset
        flipped[place + 120] ^= 1
        (tmp_path / "flipped.zip").write_bytes(flipped)
        assert "is not a whole backup" in empty.refused("verify", tmp_path / "flipped.zip")

    def test_where_nobody_can_write(self, lite, tmp_path):
        assert "No such file or directory" in lite.refused("backup", tmp_path / "none" / "backup.zip")


class TestDamage:
    """What each hash and count is for: an archive that unpacks without complaint."""

    def rows(self, path: Path, label: str) -> bytes:
        with zipfile.ZipFile(path) as archive:
            return archive.read(f"tables/{label}.jsonl")

    def test_another_row(self, backup, empty, tmp_path):
        rows = self.rows(backup, "accounts.user").replace(b'"ada"', b'"eve"')
        bad = changed(backup, tmp_path / "bad.zip", tables_accounts_user_jsonl=rows)
        done = empty("verify", bad)
        assert done.returncode == 1
        assert "accounts.user has other rows than when the backup was made." in done.stderr

    def test_a_missing_row_and_its_room(self, backup, empty, tmp_path):
        bad = changed(backup, tmp_path / "bad.zip", tables_rooms_event_jsonl=b"")
        done = empty("verify", bad)
        assert "rooms.event has 0 rows, not 4." in done.stderr
        assert "The log of general has 0 events up to 0; its head is 4." in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_restore_that_fails_leaves_all_as_it_was(self, backup, lite, tmp_path):
        rows = self.rows(backup, "accounts.user").replace(b'"ada"', b'"eve"')
        bad = changed(backup, tmp_path / "bad.zip", tables_accounts_user_jsonl=rows)
        assert lite("restore", bad, "--force").returncode == 1
        assert lite.people() == ["ada"]
        assert not list(lite.file.parent.glob("*.restoring"))


STORE = """
import hashlib
from files.models import Blob
from files.storage import local
for data, small in ((b"picture" * 1000, b"small"), (b"note", b""), (b"gone", b"")):
    previews = {"small": [1, 1, len(small)]} if small else {}
    blob = Blob.objects.create(
        size=len(data), sha256=hashlib.sha256(data).hexdigest(), type="text/plain", kind="text", inline=False,
        previews=previews,
    )
    for which, content in (("", data), ("small", small)):
        with local.incoming() as file:
            if content:
                file.write(content)
                local.keep(file, blob.key, which)
local.path(blob.key).unlink()
"""


@pytest.fixture(scope="module")
def shown(lite, tmp_path_factory):
    """A backup of a site with two files and a preview, and a third of which only the row is there."""
    path = tmp_path_factory.mktemp("shown") / "shown.zip"
    lite.do("shell", "-v0", "-c", STORE)
    done = lite("backup", path)
    assert (done.returncode, "3 files (gone: 1)" in done.stdout) == (2, True)
    assert "everything else, but 1 files are gone or not as they were uploaded: uploads/" in done.stderr
    return path


class TestUploads:
    """What else an archive's files may be is in test_backup_files.py."""

    def test_they_come_back(self, shown, lite, empty):
        stale = empty.file.parent / "uploads" / "stale"
        stale.parent.mkdir()
        stale.touch()
        assert "and 3 files (gone: 1), of" in empty.do("verify", shown)
        assert stale.exists()
        empty.do("restore", shown)
        uploads = [files_of(place.file.parent / "uploads") for place in (lite, empty)]
        assert uploads[0] == uploads[1]
        assert sorted(uploads[1].values()) == [b"note", b"picture" * 1000, b"small"]
        assert sorted(path.name for path in empty.file.parent.glob("uploads*")) == ["uploads"]

    def test_they_are_left_out_if_told(self, shown, lite, empty, tmp_path):
        with closing(sqlite3.connect(lite.file)) as database, database:
            database.execute("UPDATE files_blob SET remote = 1")
            database.execute("INSERT INTO files_storeclaim (id, token) VALUES (1, 'first')")
        assert "no files, as they were left out" in lite.do("backup", "--without-files", tmp_path / "b.zip")
        assert manifest(tmp_path / "b.zip")["uploads"]["included"] is False
        before = files_of(lite.file.parent / "uploads")
        lite.do("restore", tmp_path / "b.zip", "--force")
        assert files_of(lite.file.parent / "uploads") == before
        with closing(sqlite3.connect(lite.file)) as database:
            here = {key for (key,) in database.execute("SELECT key FROM files_blob WHERE NOT remote")}
        assert here == {name for name in before if "." not in name}
        # A store stays the site's, and isn't that of a copy.
        empty.do("restore", tmp_path / "b.zip")
        assert [self.tokens(place) for place in (lite, empty)] == [[("first",)], []]

    def tokens(self, place):
        with closing(sqlite3.connect(place.file)) as database:
            return database.execute("SELECT token FROM files_storeclaim").fetchall()

    def test_those_of_other_rows_are_refused(self, shown, empty, tmp_path):
        with zipfile.ZipFile(shown) as archive:
            lines = archive.read("uploads/00001.jsonl").splitlines(keepends=True)
        said = manifest(shown)
        said["uploads"] |= {"sha256": hashlib.sha256(b"".join(lines[:3])).hexdigest()}
        bad = changed(
            shown, tmp_path / "bad.zip", manifest=json.dumps(said).encode(),
            uploads_00001_jsonl=b"".join(lines[:3]),
        )  # fmt: skip
        assert "not those that its rows name" in empty.refused("restore", bad)
        assert not empty.file.exists()


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
