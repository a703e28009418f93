"""What a browser has once it needn't ask for again, until it changes."""

import re
import time

import requests

from tests.realtime.harness import ANSWER

# The page's files, and the bytes that came for each.
FILES = """() => performance.getEntriesByType("resource").filter((one) => one.name.includes("/static/"))
  .map((one) => [one.name, one.transferSize])"""


def test_a_second_page_asks_for_no_file_again(visit, room):
    page = visit("owner", f"/chat/{room}")
    page.goto(page.url.replace(room, "general"))
    page.wait_for_selector("html[data-live-status=online]")
    deadline = time.monotonic() + ANSWER
    while len(files := page.evaluate(FILES)) <= 40:
        assert time.monotonic() < deadline, files
        time.sleep(0.1)
    # Nothing is transferred for what the browser has.
    assert [name for name, size in files if size] == []


def test_an_address_of_another_version_leads_to_this_one(server):
    page = requests.get(server.url + "/login").text
    address = re.search(r'"(/static/[0-9a-f]{12}/js/main\.js)"', page)[1]
    answer = requests.get(server.url + address)
    assert "immutable" in answer.headers["Cache-Control"]
    for other in ("/static/0123456789ab/js/main.js", "/static/js/main.js"):
        answer = requests.get(server.url + other, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (302, address)
        assert answer.headers["Cache-Control"] == "no-store"
    for missing in (address + "x", "/static/0123456789ab/none.js"):
        assert requests.get(server.url + missing).status_code == 404
