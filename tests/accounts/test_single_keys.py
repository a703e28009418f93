"""Whether keys without a modifier act on a person's pages (WCAG 2.1.4): their own setting, in the profile and over REST."""

import pytest

pytestmark = pytest.mark.django_db


def test_the_setting_in_the_profile_and_over_rest(client, api, owner, member):
    client.force_login(member)
    assert 'name="single_keys"' in client.get("/profile").text
    assert "data-single-keys" not in client.get("/catch-up").text
    client.post("/profile", {"single_keys": "false"})
    member.refresh_from_db()
    assert not member.single_keys
    assert 'data-single-keys="off"' in client.get("/catch-up").text
    client.force_login(owner)
    assert "data-single-keys" not in client.get("/catch-up").text
    changed = api(member).patch("/user/me", {"single_keys": True}, format="json")
    assert changed.data["single_keys"] is True
    assert api(member).patch("/user/me", {"single_keys": 1}, format="json").status_code == 400
    assert "single_keys" not in api(owner).get("/user/member").data
