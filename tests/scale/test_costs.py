"""What every GET costs on a large site, beside a small one: rows, queries and bytes, which don't depend on the machine.

On SQLite rows are counted as hundreds of steps of its machine, on PostgreSQL as rows and index entries read. What is done
beside the server's loop is counted apart: there it may take its time, which `deadline` bounds.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from accounts.models import User
from chatsite.web import query_deadline
from push.devices import vapid
from rooms.models import Membership
from tests.scale import routes
from tests.support.servers.large_site import LARGE, SMALL, fill
from tests.web.rest.test_doors import DOORS

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(900)]

ROLES = (None, "few", "many", "boss")
SQLITE = connection.vendor == "sqlite"
# Of the processor, where the database is in this process: the machine has other things to do.
clock = time.process_time if SQLITE else time.perf_counter
EVERY = 100
# Index entries read, and rows read by a scan or by an index. What an index fetched is what its table was fetched from.
COUNT = """SELECT sum(pg_stat_get_xact_tuples_returned(c.oid)
                      + CASE relkind WHEN 'r' THEN pg_stat_get_xact_tuples_fetched(c.oid) ELSE 0 END)
           FROM pg_class c WHERE relkind IN ('r', 'i')"""

# A request may read so much on the loop, on a site of any size: hundreds of steps, or rows. What grows with people (whose
# names are looked for), or with the rooms of a site, is in here: a look at each of 3,000 rooms are 1,000 on SQLite.
STEPS = 8_000 if SQLITE else 120_000
# Beside the loop: where words are looked for, all messages once; else a look at each room for its place in a page.
STEPS_SEARCH, STEPS_ASIDE = (160_000, 22_000) if SQLITE else (2_000_000, 150_000)
# More queries than on a small site: another branch taken, or a page of search for each 10,000 messages.
QUERIES, WINDOWS = 12, 60
# Of a page of the administration, on a site of any size: a room's, where each of ten members is a form, takes most of them.
ADMIN_QUERIES = 40
# A page of the log is 256 KiB, and two and a half times that where the browsable API sets it out.
BYTES, LOG_BYTES = 290_000, 700_000
# What answering all the other addresses once more may add to /metrics.
METRICS_BYTES = 20_000


# Nobody sees a page there: redirects, bytes that aren't there, and a link whose maker may bring in nobody any more.
NOBODYS = {"/chat/plaza/join", "/favicon.ico", "/static/css/base.css", "/invite/code2", *routes.NO_PICTURES}
NOBODYS |= {path for name in ("file-original", "file-preview") for path in routes.REST[name]}


class Cost(NamedTuple):
    status: int
    steps: int
    aside: int
    queries: int
    size: int
    seconds: float


class Meter:
    """Counts what the connection reads; `aside` since it was set."""

    def __init__(self) -> None:
        self.steps = self.kept = 0

    def start(self) -> None:
        self.steps = self.kept = 0
        if SQLITE:
            connection.ensure_connection()
            connection.connection.set_progress_handler(self.step, EVERY)
        else:
            self.begun = self.rows()

    def step(self) -> int:
        self.steps += 1
        return 0

    def rows(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(COUNT)
            return int(cursor.fetchone()[0])

    def read(self) -> int:
        return self.steps if SQLITE else self.rows() - self.begun

    @contextmanager
    def aside(self, *_: object) -> Iterator[None]:
        """In the place of `deadline`'s limit, which uses the same handler."""
        before = self.read()
        yield
        self.kept += self.read() - before


@pytest.fixture(scope="module")
def costs(django_db_setup, django_db_blocker):
    """`{(path, role): {"small": Cost, "large": Cost}}`, and nothing of it stays in the database."""
    meter, found, patch = Meter(), {}, pytest.MonkeyPatch()
    patch.setattr(query_deadline, "interrupted" if SQLITE else "statement_timeout", meter.aside)
    with django_db_blocker.unblock():
        for name, size in (("small", SMALL), ("large", LARGE)):
            with transaction.atomic():
                # As each process does when it starts.
                vapid.make()
                fill(size)
                ContentType.objects.clear_cache()
                measure(meter, name, found)
                transaction.set_rollback(True)
        if SQLITE:
            connection.connection.set_progress_handler(None, 0)
    patch.undo()
    return found


def measure(meter, name, found):
    for role in ROLES:
        cache.clear()
        client = Client(raise_request_exception=False)
        if role:
            client.force_login(User.objects.get(username=role))
        for path, accept in asked():
            found.setdefault((path, accept, role), {})[name] = cost(meter, client, path, accept)


def cost(meter, client, path, accept):
    began = clock()
    # It has room for some thousands.
    connection.queries_log.clear()
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        meter.start()
        answer = client.get(path, headers={"accept": accept})
        size = len(answer.getvalue() if answer.streaming else answer.content)
        steps, aside = meter.read(), meter.kept
    return Cost(answer.status_code, steps - aside, aside, len(captured), size, clock() - began)


def asked():
    for name, paths in routes.ALL.items():
        for path in paths:
            yield path, "text/html" if name not in routes.OPEN else "*/*"
            if name in routes.REST:
                yield path, "application/json"


def names(patterns, namespace=""):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            inside = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from names(pattern.url_patterns, inside)
        else:
            yield namespace + (pattern.name or str(pattern.pattern))


def test_every_route_is_listed():
    found = set(names(get_resolver().url_patterns))
    assert found == set(routes.ALL) | routes.NOT_READ
    assert {name for name, method in DOORS if method == "get"} == set(routes.REST)


def test_each_address_is_answered_and_shows_somebody_something(costs):
    check(costs, lambda key, small, large: max(small.status, large.status) < 500)
    seen = {path for (path, _, _), both in costs.items() if both["large"].status == 200}
    ways = {"/setup/token", "/password/reset/x/y", "/signup", "/admin/login/", "/admin/password_change/", "/"}
    nothing = {path for path, _ in asked()} - seen - ways - NOBODYS
    assert {path for path in nothing if "/admin/" not in path} == set()


def check(costs, allowed):
    """A failure has a line for each that isn't `allowed(key, small, large)`."""
    dear = [(key, both) for key, both in costs.items() if not allowed(key, both["small"], both["large"])]
    if dear:
        pytest.fail("\n".join(f"{key}: {both['small']} became {both['large']}" for key, both in dear))


def test_the_loop_reads_no_more_than_its_bound(costs):
    check(costs, lambda key, small, large: large.steps <= max(STEPS, 3 * small.steps))


def test_what_is_read_beside_it_is_bounded_too(costs):
    check(costs, lambda key, _, large: large.aside <= (STEPS_SEARCH if "q=" in key[0] else STEPS_ASIDE))


def test_as_many_queries_as_on_a_small_site(costs):
    def allowed(key, small, large):
        return large.queries <= small.queries + (
            WINDOWS if large.aside > STEPS or "catch-up" in key[0] else QUERIES
        )

    check(costs, allowed)


def test_the_administration_s_pages_take_a_few_queries(costs):
    check(costs, lambda key, _, large: "/admin/" not in key[0] or large.queries <= ADMIN_QUERIES)


def test_no_answer_grows_with_the_site(costs):
    def allowed(key, small, large):
        if key[0] == "/metrics":
            # It has a part for each view that this process has answered, in whatever tests.
            return large.size <= small.size + METRICS_BYTES
        if key[0].startswith("/schema"):
            # It grows with the API.
            return large.size == small.size
        return large.size <= (LOG_BYTES if "/event" in key[0] else BYTES)

    check(costs, allowed)


def test_all_of_them_take_about_as_long(costs):
    """All together, as the machine has other things to do now and then."""
    seconds = {name: sum(both[name].seconds for both in costs.values()) for name in ("small", "large")}
    assert seconds["large"] < 8 * seconds["small"]


def test_nothing_of_it_is_left():
    assert not Membership.objects.exists()
