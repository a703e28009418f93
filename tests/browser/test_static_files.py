"""What a browser has once it needn't ask for again, until it changes."""

import re

import requests

# What is answered before any view is asked: a file, here.
FILES = re.compile(
    r'^chatsite_http_requests_total\{method="GET",status="200",view="-"\} (\S+)$', re.MULTILINE
)


def files_asked(server):
    return float(FILES.search(requests.get(server.url + "/metrics").text)[1])


def test_a_second_page_asks_for_no_file_again(visit, room, server):
    page = visit("owner", f"/chat/{room}")
    page.wait_for_load_state("networkidle")
    before = files_asked(server)
    page.goto(page.url.replace(room, "general"))
    page.wait_for_selector("html[data-live-status=online]")
    page.wait_for_load_state("networkidle")
    assert files_asked(server) == before > 4


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
