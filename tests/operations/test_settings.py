"""A wrong or missing setting stops the start with one line that names it."""

import pytest

from tests.support.servers.harness import free_port

pytestmark = pytest.mark.realtime


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", "chat.example.org"),
        ("PORT", "http"),
        ("HOST", "not an address"),
        ("SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://chat@127.0.0.1/chat"),
        ("DATABASE_URL", "postgresql://chat@127.0.0.1:1/chat"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("REDIS_URL", "redis+sentinel://127.0.0.1:26379"),
        ("WORKERS", "two"),
        ("WORKERS", "0"),
        ("WORKERS", "2"),
        ("EMAIL_URL", "mail.example.org"),
        ("EMAIL_FROM", "chat"),
        ("EXTRA_HOSTS", "chat.internal:8000"),
        ("EXTRA_ORIGINS", "bots.example.org"),
        ("TRUST_PROXY", "maybe"),
        ("THROTTLE_USER", "fast"),
        ("THROTTLE_PAGES", "1800"),
        ("LOOP_SHARE_PERCENT", "-1"),
        ("HTTP_CONNECTIONS_PER_ADDRESS", "many"),
        ("DATA_DIR", "/dev/null/data"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("ACCESS_LOG", "perhaps"),
        ("METRICS_TOKEN", "short"),
        ("EVENTS_PER_SECOND", "-1"),
        ("DATABASE_CONNECTIONS", "15"),
        ("DATABASE_STATEMENT_TIMEOUT", "never"),
    ],
)
def test_the_start_stops_with_one_line(checkout, name, value):
    done = checkout.run(**{"PORT": str(free_port()), name: value})
    lines = done.stderr.strip().splitlines()
    assert done.returncode != 0
    assert len(lines) == 1, done.stderr
    assert name in lines[0]
    assert not done.stdout


def test_an_empty_key_is_told_and_not_replaced(checkout):
    (checkout.folder / ".env").write_text("SECRET_KEY=\n")
    done = checkout.run()
    assert done.returncode != 0
    assert done.stderr.startswith("Setting SECRET_KEY is missing")
    assert (checkout.folder / ".env").read_text() == "SECRET_KEY=\n"
    (checkout.folder / ".env").unlink()


@pytest.mark.parametrize("url", ["https://chat.example.org", "http://127.0.0.1:8000"])
def test_djangos_own_checks(checkout, url):
    level = "WARNING" if url.startswith("https") else "ERROR"
    done = checkout.run("manage", "check", "--deploy", "--fail-level", level, SITE_URL=url)
    assert done.returncode == 0, done.stderr


SHOW = """
from django.conf import settings as s
print(s.ALLOWED_HOSTS[0], s.CSRF_TRUSTED_ORIGINS[0], s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
      s.SECURE_HSTS_SECONDS > 0, s.SECURE_PROXY_SSL_HEADER is not None)
"""


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({}, "127.0.0.1 http://127.0.0.1:8000 False False False False"),
        ({"SITE_URL": "https://chat.example.org"},
         "chat.example.org https://chat.example.org True True True False"),
        ({"SITE_URL": "https://chat.example.org", "TRUST_PROXY": "true"},
         "chat.example.org https://chat.example.org True True True True"),
        ({"SITE_URL": "https://чат.example.org"},
         "xn--80a0bn.example.org https://xn--80a0bn.example.org True True True False"),
    ],
)  # fmt: skip
def test_one_address_derives_the_rest(checkout, environ, shown):
    done = checkout.run("manage", "shell", "-v", "0", "-c", SHOW, **environ)
    assert done.stdout.split() == shown.split(), done.stderr
