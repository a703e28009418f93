"""How a line looks."""

import json
import logging
import sys

import pytest
from django.db import IntegrityError, OperationalError

from chatsite.observability import logs, tracing
from chatsite.observability.logs import InvalidRequestFilter, JsonFormatter, TextFormatter, request_id


def record(message="it failed", *arguments, error=None, name="chatsite.test", **extra):
    exc_info = None
    if error is not None:
        try:
            raise error
        except Exception:
            exc_info = sys.exc_info()
    made = logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, exc_info)
    made.__dict__ |= extra
    return made


def text(*arguments, **options):
    return TextFormatter().format(record(*arguments, **options))


def as_json(*arguments, **options):
    line = JsonFormatter().format(record(*arguments, **options))
    assert "\n" not in line
    return json.loads(line)


@pytest.fixture
def within():
    token = request_id.set("abcdef0123456789")
    yield
    request_id.reset(token)


def test_a_line(within):
    assert text("%s of %d", "one", 2).endswith(" ERROR chatsite.test: one of 2 request=abcdef0123456789")
    line = as_json("%s of %d", "one", 2)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "error", "logger": "chatsite.test", "message": "one of 2", "request": "abcdef0123456789",
    }  # fmt: skip


def test_no_request_no_id():
    assert "request" not in text()
    assert "request" not in as_json()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x00", "\x1b[2J", "\u2028", "\x85"])
def test_nobody_forges_a_second_line(end):
    line = text("hello%s2026-01-01 ERROR forged", end)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert as_json("hello%sforged", end)["message"].isprintable()


@pytest.mark.parametrize(
    "error", [OperationalError("server closed\nDETAIL: all"), ConnectionRefusedError(), TimeoutError()]
)
def test_what_is_away_is_one_line(error):
    line = text(error=error)
    assert "\n" not in line
    assert type(error).__name__ in line
    assert "traceback" not in as_json(error=error)


def test_a_bug_has_its_traceback():
    line = text(error=ZeroDivisionError("division by zero"))
    assert line.splitlines()[1] == "Traceback (most recent call last):"
    assert line.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert (
        as_json(error=ZeroDivisionError("division by zero"))["error"] == "ZeroDivisionError: division by zero"
    )


def test_what_it_came_of_comes_before_it():
    error = RuntimeError("second")
    error.__cause__ = ValueError("first")
    line = text(error=error)
    assert line.index("ValueError: first") < line.index("Then:") < line.index("RuntimeError: second")
    error.__cause__.__context__ = error  # a circle
    assert text(error=error).count("second") == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("invalid literal for int() with base 10: 'hush'"), "invalid literal for int() with base 10: '…'"),
        (KeyError("hush"), "'…'"),
        (RuntimeError("can't do 'hu\\'sh' or \"hush\""), "can't do '…' or '…'"),
        (RuntimeError('unrecognized token: "hush'), "unrecognized token: '…'"),
        (RuntimeError("b'hush' is not JSON"), "'…' is not JSON"),
        (IntegrityError("null value\nDETAIL:  Failing row contains (1, hush)."), "null value"),
        (AttributeError("'NoneType' object has no attribute 'slug'"), "'NoneType' object has no attribute 'slug'"),
        (ValueError(""), ""),
    ],
)  # fmt: skip
def test_what_an_exception_says_of_its_values_is_left_out(error, said):
    told = logs.summary(error)
    assert told == (f"{type(error).__name__}: {said}" if said else type(error).__name__)
    assert "hush" not in text(error=error)


def test_a_name_that_is_not_ours_has_no_traceback_and_is_named():
    line = text(
        "Invalid HTTP_HOST header: 'other.example'. You may need to add 'other.example' to ALLOWED_HOSTS.",
        error=ValueError(),
        name="django.security.DisallowedHost",
    )
    assert "\n" not in line
    assert "'other.example'. If it is yours, set SITE_URL, or add it to EXTRA_HOSTS." in line


PROXY = {"HTTP_X_REQUEST_ID": "0f1e2d3c-4b5a:1.2_3"}


@pytest.mark.django_db
@pytest.mark.parametrize("trust", [False, True])
def test_a_request_is_called_what_our_proxy_calls_it(client, settings, trust):
    settings.TRUST_PROXY = trust
    answer = client.get("/healthz", **PROXY)
    assert (answer.headers["X-Request-ID"] == PROXY["HTTP_X_REQUEST_ID"]) == trust
    assert request_id.get() == ""


@pytest.mark.parametrize(
    "name", ["", "short", "a" * 65, "with space in it", "line\nline\nline", "-begins-so", "ümlaut-12345"]
)
def test_what_is_not_sane_is_replaced(rf, settings, name):
    settings.TRUST_PROXY = True
    made = tracing.id_of(rf.get("/", HTTP_X_REQUEST_ID=name))
    assert made != name
    assert len(made) == 16


@pytest.mark.django_db
def test_each_request_has_another_id(client):
    assert len({client.get("/healthz").headers["X-Request-ID"] for _ in range(5)}) == 5


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", [False, True])
def test_a_line_for_each_request_where_it_is_asked_for(client, settings, caplog, wanted):
    settings.ACCESS_LOG = wanted
    with caplog.at_level("INFO", logger="chatsite.access"):
        client.get("/invite/hush-code?q=hush")
    assert bool(caplog.records) == wanted
    if wanted:
        (line,) = caplog.records
        assert line.getMessage().startswith("GET invite ")
        assert line.fields["address"] == "127.0.0.1"
        assert "hush" not in line.getMessage()


def test_what_cannot_be_read_is_told_sparingly():
    sparing = InvalidRequestFilter()

    def told(at, message="Invalid request from ip=192.0.2.1: bad"):
        record = logging.LogRecord("gunicorn.error", logging.WARNING, "", 0, message, (), None)
        record.created = at
        return record.msg if sparing.filter(record) else None

    assert [bool(told(1000.0)) for _ in range(25)] == [True] * 20 + [False] * 5
    assert told(1001.0, "another line")
    assert told(1100.0).endswith("(5 more were not told)")
    assert not told(1100.0).endswith("told)")
