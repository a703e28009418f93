"""What REST answers to a request that it can't take at all: the right status, and the contract's code in the body."""

import pytest

from accounts import services

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["delete", "patch", "put"])
@pytest.mark.parametrize("path", ["/room", "/message", "/user"])
def test_another_method_is_named(api, owner, method, path):
    answer = getattr(api(owner), method)(path)
    assert (answer.status_code, answer.data["code"]) == (405, "method_not_allowed")
    assert "GET" in answer["Allow"]


def test_another_kind_of_answer_is_refused(api, owner):
    answer = api(owner).get("/room", headers={"accept": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_another_kind_of_body_is_refused(api, owner):
    answer = api(owner).post("/room", "<room/>", content_type="application/xml")
    assert (answer.status_code, answer.data["code"]) == (415, "unsupported_media_type")
    assert "application/xml" in answer.data["detail"]


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "bearer"])
def test_a_token_is_taken_by_either_word(client, owner, scheme):
    _, secret = services.make_token(owner, "bot")
    answer = client.get("/user/me", headers={"authorization": f"{scheme} {secret}"})
    assert (answer.status_code, answer.json()["username"]) == (200, "owner")
    answer = client.get("/user/me", headers={"authorization": f"{scheme} {secret}x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("value", ["", "Token", "Bearer a b", "Basic YTpi", "Token ", "Bearer \xff"])
def test_what_is_no_token_lets_nobody_in(client, db, value):
    answer = client.get("/user/me", headers={"authorization": value})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
