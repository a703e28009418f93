"""People in real browsers, on a real server. `visit("owner", "/chat/lobby")` opens a page as that person."""

import shutil
from pathlib import Path

import pytest
from django.contrib import admin
from playwright.sync_api import expect

from chatsite.web.bundles import JoinedStaticFilesStorage
from tests.support import ROOT
from tests.support.browser.chromium import chromium
from tests.support.browser.people import Visits, new_room
from tests.support.clients.cast import settle
from tests.support.servers.harness import serve

expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "browser"):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    static = str(static_files(tmp_path_factory))
    # Each test has a room of the same owner's. tests/browser/test_web_app.py has a server with a service worker.
    with serve(
        tmp_path_factory.mktemp("browser"), STATIC_DIR=static, ROOMS_PER_HOUR="0", SERVICE_WORKER="off"
    ) as server:
        server.tokens = settle(server)
        yield server


def static_files(tmp_path_factory, joined=True):
    """As `collectstatic` makes them, or as they are. WhiteNoise looks through the folder once, as it starts."""
    folder, sources = tmp_path_factory.mktemp("static"), ROOT / "static"
    for source in (sources, Path(admin.__file__).parent / "static"):
        shutil.copytree(source, folder, dirs_exist_ok=True)
    if joined:
        paths = [str(path.relative_to(sources)) for path in sources.rglob("*") if path.is_file()]
        list(JoinedStaticFilesStorage(location=folder).post_process(dict.fromkeys(paths)))
    return folder


@pytest.fixture
def visit(browser, server):
    """Fails in the end if any page ran into an error or into the security policy."""
    visits = Visits(browser, server)
    yield visits
    visits.close()
    assert visits.faults == []


@pytest.fixture
def room(server):
    """A fresh room of the owner's, with the member in it: its slug."""
    return new_room(server, "owner", members=["member"])
