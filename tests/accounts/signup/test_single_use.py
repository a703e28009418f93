"""What may be used once, or so often, is used so often: eight at once, over real servers, on both engines."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import requests

from tests.support.clients.cast import PASSWORD, Browser
from tests.support.servers.harness import ANSWER, serve
from tests.support.servers.postgres import find, postgres

pytestmark = pytest.mark.realtime
AT_ONCE = 8
LOG_IN = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
keys = []
for name in sys.argv[1:]:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    login(request, User.objects.get(username=name), settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    keys.append(request.session.session_key)
print(json.dumps(keys))
"""
NEW = "quite another horse {}"
ENGINES = [
    "sqlite",
    pytest.param(
        "postgresql",
        marks=pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed"),
    ),
]
BEGIN = """
import json, sys
from accounts import services
from accounts.models import ApiToken, Invite, InviteUse, User
"""


@dataclass
class Site:
    """One server with SQLite; two, of one database, with PostgreSQL."""

    servers: list

    def run(self, script, *arguments):
        """What a script within the site says last."""
        return self.servers[0].script(BEGIN + script, *arguments)

    def make(self, *names):
        self.run(
            f"print(json.dumps([User.objects.create_user(n, password={PASSWORD!r}).pk for n in sys.argv[1:]]))",
            *names,
        )

    def visitor(self, n):
        return Visitor(self.servers[n % len(self.servers)])

    def logged_in(self, name):
        """Eight who are logged in as `name`, or each as `name` with their number in it."""
        sessions = self.run(LOG_IN, *(name.format(n) for n in range(AT_ONCE)))
        return [self.visitor(n).bring(session) for n, session in enumerate(sessions)]


class Visitor(requests.Session):
    """Somebody without an account, or with one after `bring`."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    form = Browser.form

    def bring(self, session):
        """As after a login, which would take as long as its hash."""
        self.cookies.set("sessionid", session)
        return self

    def ready(self, path, **fields):
        """`post()` sends the form, and nothing else."""
        self.get(self.server.url + path, timeout=ANSWER)
        fields["csrfmiddlewaretoken"] = self.cookies["csrftoken"]
        headers = {"Referer": self.server.url}

        def post():
            answer = self.post(
                self.server.url + path, data=fields, headers=headers, timeout=ANSWER, allow_redirects=False
            )
            self.led_to = answer.headers.get("Location")
            return answer.status_code

        return post


def at_once(posts):
    """The statuses, in the order of the posts, which all begin together."""
    barrier, statuses = threading.Barrier(len(posts)), [0] * len(posts)

    def run(n):
        barrier.wait(ANSWER)
        statuses[n] = posts[n]()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(posts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * ANSWER)
    return statuses


def each(make):
    return [make(n) for n in range(AT_ONCE)]


@pytest.fixture(params=ENGINES)
def site(request, tmp_path):
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield Site([stack.enter_context(serve(tmp_path))])
            return
        url = stack.enter_context(postgres())
        settings = {"DATABASE_URL": url, "DATABASE_CONNECTIONS": "40"}
        servers = [stack.enter_context(serve(tmp_path / name, **settings)) for name in ("one", "other")]
        yield Site(servers)


def test_what_is_there_once_is_taken_once(site):
    """A server takes seconds to start: all that a site can have once, one after the other."""
    the_link_of_the_first_administrator(site)
    site.make("owner", *(f"member{n}" for n in range(AT_ONCE)))
    the_link_of_a_new_password(site)
    the_last_use_of_an_invite_by_newcomers(site)
    the_last_use_of_an_invite_by_members(site)
    one_persons_use_of_an_invite(site)
    the_last_token(site)
    the_old_password(site)


def the_link_of_the_first_administrator(site):
    path = site.run("print(json.dumps(services.setup_link()))")
    statuses = at_once(
        each(lambda n: site.visitor(n).ready(path, site_name="Hut", username=f"boss{n}", password=PASSWORD))
    )
    assert sorted(set(statuses)) in ([302, 404], [302, 409], [302, 404, 409])
    assert statuses.count(302) == 1
    assert site.run("print(User.objects.count())") == 1


def the_link_of_a_new_password(site):
    path = site.run("print(json.dumps(services.make_reset_link(User.objects.get(username='owner'))))")
    statuses = at_once(each(lambda n: site.visitor(n).ready(path, password=NEW.format(n))))
    assert sorted(statuses) == [302] + [404] * (AT_ONCE - 1)
    check = (
        f"print(json.dumps(User.objects.get(username='owner').check_password({NEW!r}.format(sys.argv[1]))))"
    )
    assert site.run(check, str(statuses.index(302))) is True


def invite(site):
    """By somebody who may bring in new people."""
    return site.run(
        "o = User.objects.get(username='owner'); o.is_staff = True; o.save(update_fields=['is_staff']);"
        "print(json.dumps(services.make_invite(o, max_uses=1).code))"
    )


def uses(site, code):
    return site.run(
        "i = Invite.objects.get(code=sys.argv[1]); print(json.dumps([i.uses, i.used.count()]))", code
    )


def the_last_use_of_an_invite_by_newcomers(site):
    code = invite(site)
    before = site.run("print(User.objects.count())")
    statuses = at_once(
        each(lambda n: site.visitor(n).ready(f"/invite/{code}", username=f"fresh{n}", password=PASSWORD))
    )
    assert sorted(statuses) == [302] + [404] * (AT_ONCE - 1)
    assert uses(site, code) == [1, 1]
    assert site.run("print(User.objects.count())") == before + 1


def the_last_use_of_an_invite_by_members(site):
    code = invite(site)
    visitors = site.logged_in("member{}")
    statuses = at_once([visitor.ready(f"/invite/{code}") for visitor in visitors])
    assert sorted(statuses) == [302] + [404] * (AT_ONCE - 1)
    assert uses(site, code) == [1, 1]


def one_persons_use_of_an_invite(site):
    code = invite(site)
    visitors = site.logged_in("member0")
    assert at_once([visitor.ready(f"/invite/{code}") for visitor in visitors]) == [302] * AT_ONCE
    assert uses(site, code) == [1, 1]


def the_last_token(site):
    site.run(
        "u = User.objects.get(username='member1')\n"
        "from accounts.services.tokens import MAX_TOKENS\n"
        "[services.make_token(u, 'old') for _ in range(MAX_TOKENS - 1)]; print(1)"
    )
    visitors = site.logged_in("member1")
    posts = [visitor.ready("/password") for visitor in visitors]
    posts = [visitor_post(visitor, "/profile/token", name="new") for visitor in visitors if posts]
    assert sorted(at_once(posts)) == [200] + [409] * (AT_ONCE - 1)
    assert site.run("print(ApiToken.objects.filter(name='new').count())") == 1


def visitor_post(visitor, path, **fields):
    """For a form on another page: the cookie is there already."""
    fields["csrfmiddlewaretoken"] = visitor.cookies["csrftoken"]
    return lambda: (
        visitor.post(
            visitor.server.url + path, data=fields, headers={"Referer": visitor.server.url}, timeout=ANSWER
        ).status_code
    )


def the_old_password(site):
    """Whoever knows it, and a session that is over by now, chooses no other behind the first."""
    visitors = site.logged_in("member2")
    posts = [
        visitor.ready("/password", current=PASSWORD, password=NEW.format(n))
        for n, visitor in enumerate(visitors)
    ]
    statuses = at_once(posts)
    changed = [n for n, visitor in enumerate(visitors) if visitor.led_to == "/profile"]
    assert len(changed) == 1, statuses
    assert [n for n, visitor in enumerate(visitors) if signed_in(visitor)] == changed
    check = (
        f"print(json.dumps(User.objects.get(username='member2').check_password({NEW!r}.format(sys.argv[1]))))"
    )
    assert site.run(check, str(changed[0])) is True


def signed_in(visitor):
    return (
        visitor.get(visitor.server.url + "/profile", allow_redirects=False, timeout=ANSWER).status_code == 200
    )
