"""What browsers and proxies may keep: static files, and nothing else, whichever door and whatever the answer."""

import re

import pytest
from django.test import Client
from django.urls import get_resolver
from rest_framework.test import APIClient

from tests.web.rest.test_doors import DOORS, FILE, scene  # noqa: F401

pytestmark = pytest.mark.django_db

# What stands for a part of an address, by the name of the parameter; else 1.
PARTS = {"slug": "board", "username": "owner", "app_label": "accounts", "path": "nothing.css"}
ODD = [
    "/nowhere",
    "/admin/nowhere/",
    "/room/",
    "/chat/board?before=x",
    "/static/0123456789ab/nothing.css",
    "/favicon.ico",
]
# Files may be kept by whoever has read them: they are asked for again each time (tests/files/test_serving.py).
BYTES = ("file-original", "file-preview")
ANSWERS = {200, 201, 204, 301, 302, 400, 401, 403, 404, 405, 409, 415}


def page_addresses():
    """One of each page's, the administration's too, out of the site's urls; REST's doors are listed elsewhere."""
    found, patterns = [], [("/", pattern) for pattern in get_resolver().url_patterns]
    while patterns:
        before, pattern = patterns.pop()
        if not hasattr(pattern.pattern, "_route"):
            continue
        address = before + re.sub(
            r"<(?:\w+:)?(\w+)>", lambda part: PARTS.get(part[1], "1"), pattern.pattern._route
        )
        if hasattr(pattern, "url_patterns"):
            patterns += [(address, inner) for inner in pattern.url_patterns]
        else:
            found.append(address)
    return sorted(set(found))


def assert_kept_by_nobody(answer):
    assert "no-store" in answer.get("Cache-Control", ""), (answer.status_code, answer.headers)
    assert "private" in answer["Cache-Control"] or answer.status_code in (301, 302)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", ["administrator", "owner", "nobody"])
def test_pages(scene, owner, make_person, role, method):  # noqa: F811
    owner.is_superuser = owner.is_staff = role == "administrator"
    owner.save()
    addresses = page_addresses()
    assert {"/chat/board", "/admin/accounts/user/1/change/", "/password", "/login"} <= set(addresses)
    for address in [*addresses, *ODD]:
        client = Client()
        if role != "nobody":
            client.force_login(owner)
        answer = getattr(client, method)(address)
        assert answer.status_code in ANSWERS, (address, answer.status_code)
        assert_kept_by_nobody(answer)


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("door", [door for door in DOORS if door[0] not in BYTES], ids="-".join)
def test_rest(scene, owner, stranger, door, accept):  # noqa: F811
    path, body, _ = DOORS[door]
    body = None if body is FILE else body
    for user in (stranger, None, owner):
        client = APIClient()
        client.force_authenticate(user)
        answer = getattr(client, door[1])(
            path.format(**scene), body, format="json", headers={"accept": accept}
        )
        assert_kept_by_nobody(answer)


def test_a_body_that_is_refused_unread(client_of, owner):
    refused = client_of(owner).post("/login", {"username": "x" * 2_000_000})
    assert refused.status_code == 413
    assert_kept_by_nobody(refused)


def test_a_bug(client_of, owner, monkeypatch):
    client = client_of(owner)
    client.raise_request_exception = False
    monkeypatch.setattr("accounts.services.update_profile", lambda *args, **kwargs: 1 / 0)
    broken = client.post("/profile", {"display_name": "X"})
    assert broken.status_code == 500
    assert_kept_by_nobody(broken)
