"""Which pages may connect."""

import pytest

from chatsite.realtime.engineio.origins import allowed


@pytest.fixture(autouse=True)
def public_site(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://chat.example.org", "https://bots.example.com"]
    settings.EXTRA_ORIGINS = ["https://bots.example.com"]


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "chat.example.org"),
        ("https://chat.example.org", "chat.example.org"),
        ("https://bots.example.com", "chat.example.org"),
        ("http://localhost:8123", "localhost:8123"),
        ("http://[::1]:8123", "[::1]:8123"),
    ],
)
def test_the_sites_own_those_settings_add_and_local_ones_may(origin, host):
    assert allowed(origin, {"HTTP_HOST": host})


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("", "chat.example.org"),
        ("null", "chat.example.org"),
        ("http://chat.example.org", "chat.example.org"),
        ("https://chat.example.org:444", "chat.example.org:444"),
        ("https://chat.example.org.evil.example", "chat.example.org"),
        # A name of the attacker's that resolves to this machine: Origin and Host agree, and are foreign all the same.
        ("http://evil.example:8000", "evil.example:8000"),
        ("http://localhost:8123", "chat.example.org"),
        ("http://localhost:8123", "localhost:9999"),
        ("http://localhost:8123", ""),
        ("file://localhost", "localhost"),
        ("http://[", "["),
    ],
)
def test_all_others_may_not(origin, host):
    assert not allowed(origin, {"HTTP_HOST": host})
