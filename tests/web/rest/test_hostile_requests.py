"""Whatever is sent to REST: the contract's error or a success, and never a traceback."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.hostile_values import CODES, OBJECTS, VALUES

WRITES = [
    ("post", "/room"),
    ("patch", "/room/board"),
    ("post", "/room/board/member"),
    ("patch", "/room/board/member/member"),
    ("post", "/room/board/ban"),
    ("post", "/message"),
    ("patch", "/message/1"),
    ("post", "/message/1/reaction"),
    ("post", "/user"),
    ("patch", "/user/me"),
]
READS = ["/room", "/room/board/event", "/room/board/member", "/message", "/user"]
quietly = settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

pytestmark = pytest.mark.django_db


def check(response):
    assert response.status_code < 500
    if response.status_code >= 400:
        assert response.data["code"] in CODES
        assert isinstance(response.data["detail"], str)


@quietly
@given(door=st.sampled_from(WRITES), body=OBJECTS | VALUES)
def test_no_body_breaks_a_door(api, owner, private_room, door, body):
    # Python's own encoder writes lone surrogates as escapes and huge integers in full, as a stranger may.
    text = json.dumps(body)
    check(getattr(api(owner), door[0])(door[1], text, content_type="application/json"))


@quietly
@given(
    path=st.sampled_from(READS),
    query=st.dictionaries(
        st.sampled_from(["room", "before", "after", "q", "limit", "epoch", "cursor", "format", "ordering"]),
        st.text(max_size=30),
        max_size=4,
    ),
)
def test_no_query_breaks_a_door(api, owner, private_room, path, query):
    response = api(owner).get(path, query)
    assert response.status_code < 500


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, "{" * 5000, '{"a":' * 50_000, "9" * 100_000, '"' + "\\ud800" * 9 + '"', b"\xff\xfe{}"],
)
def test_hostile_documents_are_refused(api, owner, body):
    response = api(owner).post("/message", body, content_type="application/json")
    assert (response.status_code, response.data["code"]) == (400, "invalid")


def test_a_body_over_a_megabyte_is_not_read(api, owner):
    response = api(owner).post("/message", "x" * (1024 * 1024 + 1), content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/room", {"name": "x", "kind": "\ud800"}),
        ("patch", "/room/board/member/member", {"role": "\ud800"}),
        ("post", "/room", {"\ud800": 1, "name": "x"}),
    ],
)
def test_what_utf8_has_no_bytes_for_can_be_told_back(api, owner, private_room, method, path, body):
    response = getattr(api(owner), method)(path, json.dumps(body), content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("reply_to", ["1" + "0" * 30, "-1", "x"])
def test_a_form_with_an_odd_number_is_answered(client, owner, private_room, reply_to):
    client.force_login(owner)
    fields = {"body": "x", "client_id": "8cce6bc2-dd8f-4640-bd92-375e65d8af85", "reply_to": reply_to}
    assert client.post("/chat/board", fields).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/room/%00",
        "/room/%ff",
        "/user/%00",
        "/message/%00",
        "/room/board/member/%00",
        "/chat/%00",
        "/room/board%00/event",
        "/room/..%2f..%2fetc",
    ],
)
def test_odd_paths_are_not_found(api, client, owner, private_room, path):
    client.force_login(owner)
    assert api(owner).get(path).status_code in (400, 404)
    assert client.get(path).status_code in (400, 404)


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("text/plain", 415, "unsupported_media_type"),
        ("application/xml", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", 400, "invalid"),
        ("multipart/form-data", 400, "invalid"),
    ],
)
def test_other_media_types_are_answered(api, owner, content_type, status, code):
    response = api(owner).post("/message", "a=b", content_type=content_type)
    assert (response.status_code, response.data["code"]) == (status, code)


@pytest.mark.parametrize("body", ['{"room": "board", "body": "x"}', "[1]", '  {"a": "b=c&d"}'])
def test_json_that_is_called_a_form_is_told_of_its_header(api, owner, private_room, body):
    answer = api(owner).post("/message", body, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.data["code"]) == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in answer.data["detail"]


def test_a_form_is_still_a_form(api, owner, private_room):
    body = "room=board&body=%7Bcurly"
    answer = api(owner).post("/message", body, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.data["body"]) == (201, "{curly")
