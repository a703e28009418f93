import pytest
from django.contrib.auth import hashers
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import OperationalError
from django.test import Client

from accounts import services
from accounts.authentication import attempt_limits, known_devices
from accounts.services import sessions
from tests.support.clients.cast import PASSWORD

pytestmark = pytest.mark.django_db


def log_in(client, username="owner", password=PASSWORD, **extra):
    return client.post("/login", {"username": username, "password": password, **extra})


@pytest.mark.parametrize("name", ["owner", "OWNER", "Owner"])
def test_who_knows_the_password_is_logged_in_in_any_case_of_the_name(client, owner, name):
    assert log_in(client, name).url == "/"
    assert client.get("/profile").context["user"] == owner


@pytest.mark.parametrize(
    ("name", "password"),
    [("owner", "wrong"), ("nobody", PASSWORD), ("ｏｗｎｅｒ", PASSWORD), ("owner", PASSWORD + " ")],
)
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(client, owner, name, password):
    refused = log_in(client, name, password)
    assert refused.status_code == 400
    assert refused.context["form"].non_field_errors() == ["That name and password don't match."]
    assert "sessionid" not in client.cookies


@pytest.mark.parametrize("bar", [services.deactivate, services.ban])
def test_who_is_barred_gets_the_answer_of_a_wrong_password(client, owner, bar):
    bar(owner)
    assert log_in(client).context["form"].non_field_errors() == ["That name and password don't match."]


def test_an_unknown_name_costs_a_hash_too(client, owner, monkeypatch):
    made = []
    hasher = type(hashers.get_hasher())
    encode = hasher.encode
    monkeypatch.setattr(hasher, "encode", lambda *args: made.append(1) or encode(*args))
    log_in(client, "owner", "wrong")
    known = len(made)
    log_in(client, "nobody", "wrong")
    assert len(made) - known == known == 1


@pytest.mark.usefixtures("one_window")
def test_failures_on_a_name_are_limited_before_the_hash(client, owner, monkeypatch):
    for _ in range(attempt_limits.LOGINS_PER_NAME):
        assert log_in(client, "owner", "wrong").status_code == 400
    monkeypatch.setattr("django.contrib.auth.authenticate", lambda *args, **kwargs: pytest.fail("hashed"))
    refused = log_in(client, "OWNER")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= attempt_limits.WINDOW_SECONDS + 1
    assert "Too many attempts" in refused.content.decode()


@pytest.mark.usefixtures("one_window")
def test_a_name_nobody_has_is_limited_alike(client, db):
    answers = [
        log_in(client, "nobody", "wrong").status_code for _ in range(attempt_limits.LOGINS_PER_NAME + 1)
    ]
    assert answers == [400] * attempt_limits.LOGINS_PER_NAME + [429]


@pytest.mark.usefixtures("one_window")
def test_failures_of_an_address_are_limited_over_all_names(client, owner, monkeypatch):
    monkeypatch.setattr(attempt_limits, "LOGINS_PER_ADDRESS", 3)
    for n in range(3):
        log_in(client, f"name{n}", "wrong")
    assert log_in(client).status_code == 429
    client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    assert log_in(client).status_code == 302


@pytest.mark.usefixtures("one_window")
class TestDevices:
    """Somebody else's guesses, from one address or from many, don't keep the owner out of where they logged in before."""

    @pytest.fixture(autouse=True)
    def few(self, monkeypatch):
        """In the order of the site's own bounds, which would take a hundred logins a test."""
        monkeypatch.setattr(attempt_limits, "LOGINS_PER_NAME", 2)
        monkeypatch.setattr(attempt_limits, "LOGINS_PER_NAME_ANYWHERE", 6)

    @pytest.fixture
    def home(self, owner):
        """The owner's browser, logged out again."""
        browser = Client(REMOTE_ADDR="203.0.113.5")
        log_in(browser)
        browser.post("/logout")
        return browser

    @staticmethod
    def guess(address, name="owner"):
        return log_in(Client(REMOTE_ADDR=address), name, "wrong").status_code

    def lock(self, name="owner"):
        """From as many addresses as it takes."""
        for n in range(attempt_limits.LOGINS_PER_NAME_ANYWHERE):
            assert self.guess(f"198.51.100.{n // attempt_limits.LOGINS_PER_NAME + 1}", name) == 400

    def test_guesses_from_one_address_lock_the_name_there_alone(self, owner):
        for _ in range(attempt_limits.LOGINS_PER_NAME):
            assert self.guess("198.51.100.1") == 400
        assert self.guess("198.51.100.1") == 429
        assert log_in(Client(REMOTE_ADDR="198.51.100.2")).status_code == 302

    def test_one_address_alone_never_locks_the_name_everywhere(self, owner):
        for _ in range(2 * attempt_limits.LOGINS_PER_NAME_ANYWHERE):
            self.guess("198.51.100.1")
        assert self.guess("198.51.100.2") == 400

    @pytest.mark.parametrize("name", ["owner", "nobody"])
    def test_guesses_from_many_addresses_have_a_bound(self, owner, name):
        self.lock(name)
        assert self.guess("192.0.2.1", name) == 429
        assert self.guess("192.0.2.1", "member") == 400

    def test_which_a_known_browser_passes(self, home):
        self.lock()
        assert log_in(Client(REMOTE_ADDR="192.0.2.1")).status_code == 429
        assert log_in(home).status_code == 302

    def test_also_at_an_address_that_may_try_no_more(self, home):
        for n in range(attempt_limits.LOGINS_PER_ADDRESS):
            self.guess("203.0.113.5", f"name{n}")
        assert self.guess("203.0.113.5", "another") == 429
        assert log_in(home).status_code == 302

    def test_it_has_a_bound_of_its_own(self, home, member):
        for _ in range(attempt_limits.LOGINS_PER_DEVICE):
            assert log_in(home, "owner", "wrong").status_code == 400
        assert log_in(home).status_code == 429
        assert log_in(home, "member").status_code == 302, "it is known for one person, and counts for one"

    def test_it_is_known_to_all_who_log_in_there(self, home, member):
        log_in(home, "member")
        home.post("/logout")
        self.lock()
        self.lock("member")
        assert log_in(home, "owner").status_code == 302
        home.post("/logout")
        assert log_in(home, "member").status_code == 302

    def test_it_is_not_known_to_others(self, home, member):
        self.lock("member")
        assert log_in(home, "member").status_code == 429

    @pytest.mark.parametrize("end", ["password", "everywhere", "ban"])
    def test_a_new_password_or_a_logout_everywhere_ends_it(self, home, owner, end):
        if end == "password":
            services.change_password(owner, PASSWORD + "!")
        elif end == "everywhere":
            services.log_out_everywhere(owner)
        else:
            services.ban(owner)
            services.unban(owner)
        self.lock()
        assert log_in(home, password=PASSWORD + "!" * (end == "password")).status_code == 429

    def test_but_not_in_the_browser_that_did_it(self, home, owner):
        log_in(home)
        home.post("/password", {"current": PASSWORD, "password": PASSWORD + "!"})
        home.post("/profile/others-out")
        home.post("/logout")
        self.lock()
        assert log_in(home, password=PASSWORD + "!").status_code == 302

    def test_whoever_came_by_a_reset_link_is_known(self, owner):
        self.lock()
        browser = Client(REMOTE_ADDR="203.0.113.9")
        browser.post(services.make_reset_link(owner), {"password": PASSWORD + "!"})
        assert log_in(browser, password=PASSWORD + "!").status_code == 302

    def test_the_cookie_is_hidden_from_scripts_and_other_sites(self, home):
        cookie = home.cookies[known_devices.COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        assert cookie["max-age"] == known_devices.COOKIE_AGE_SECONDS
        assert PASSWORD not in cookie.value

    @pytest.mark.parametrize("make", [
        lambda value: "x" + value,
        lambda value: value[:-1],
        lambda value: "",
        lambda value: "\0é",
        lambda value: signing.dumps([[1, "x"]], salt=known_devices.SALT),
        lambda value: signing.dumps(5, salt=known_devices.SALT),
        lambda value: signing.dumps([["1", 2, None]], salt=known_devices.SALT),
        lambda value: signing.dumps([[10**30, "x", "é"]], salt=known_devices.SALT),
    ])  # fmt: skip
    def test_a_cookie_that_is_not_ours_knows_nobody(self, home, make):
        self.lock()
        home.cookies[known_devices.COOKIE] = make(home.cookies[known_devices.COOKIE].value)
        assert log_in(home).status_code == 429

    def test_a_failed_login_gives_none(self, owner):
        browser = Client()
        log_in(browser, "owner", "wrong")
        assert known_devices.COOKIE not in browser.cookies

    def test_strangers_do_not_keep_somebody_from_changing_their_password(self, home, owner):
        log_in(home)
        self.lock()
        assert home.post("/password", {"current": PASSWORD, "password": PASSWORD + "!"}).url == "/profile"


def test_logging_in_often_is_no_failure(client, owner, monkeypatch):
    monkeypatch.setattr(attempt_limits, "LOGINS_PER_ADDRESS", 2)
    monkeypatch.setattr(attempt_limits, "LOGINS_PER_NAME", 2)
    for _ in range(5):
        assert log_in(client).status_code == 302
        client.post("/logout")


@pytest.mark.parametrize(
    ("after", "url"),
    [
        ("/chat/general?x=1", "/chat/general?x=1"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("http:///evil.example", "/"),
        ("/\0", "/"),
        ("0", "/"),
        ("profile", "/"),
    ],
)
def test_the_way_on_stays_on_this_site(client, owner, after, url):
    assert log_in(client, next=after).url == url


def test_who_is_logged_in_already_is_sent_on(client_of, owner):
    assert client_of(owner).get("/login?next=/profile").url == "/profile"


def test_the_login_page_keeps_the_way_on(client, db):
    assert b'name="next" value="/profile"' in client.get("/login?next=/profile").content


def test_who_comes_before_the_first_account_is_told_of_the_link(client, db, make_person):
    assert "There is no account yet" in client.get("/login").content.decode()
    make_person("ada")
    assert "There is no account yet" not in client.get("/login").content.decode()


def test_logging_in_takes_a_new_session_key(client, owner):
    client.get("/login")
    session = client.session
    session["planted"] = 1
    session.save()
    before = session.session_key
    log_in(client)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_logging_in_as_somebody_else_ends_the_first_session_and_its_sockets(
    client, owner, member, live, committed
):
    log_in(client, "owner")
    first = live(owner, session_key=client.session.session_key)
    elsewhere = live(owner, session_key="other")
    client.get("/login")
    with committed():
        services.start_session(client.get("/profile").wsgi_request, member)
    assert first.closed
    assert not elsewhere.closed


def test_logging_out_ends_this_session_and_its_sockets_only(client, owner, member, live, committed):
    log_in(client)
    here = live(owner, session_key=client.session.session_key)
    others = [live(owner, session_key="other"), live(owner, token_id=1), live(member)]
    with committed():
        assert client.post("/logout").url == "/login"
    assert '["session-ended",{"code":"logged_out"}]' in here.channel.text
    assert here.channel.closed
    assert not any(other.channel.frames for other in others)
    assert client.get("/profile").status_code == 302
    assert not Session.objects.exists()


def test_the_session_that_logs_out_everywhere_else_goes_on_for_its_sockets_too(
    client, owner, member, live, committed
):
    log_in(client)
    here = live(owner, session_key=client.session.session_key)
    others = [live(owner, session_key="other"), live(owner, token_id=1)]
    somebody = live(member, session_key=client.session.session_key)
    with committed():
        assert client.post("/profile/others-out").url == "/profile"
    assert '["session-ended",{"code":"renewed"}]' in here.channel.text
    for other in others:
        assert '["session-ended",{"code":"logged_out"}]' in other.channel.text
    # All must show what lets them in now: the one that goes on has another key.
    assert all(connection.channel.closed for connection in [here, *others])
    assert not somebody.channel.frames
    assert client.get("/profile").status_code == 200


def test_a_logout_that_fails_in_its_midst_ends_the_sockets_and_can_be_repeated(
    client, owner, live, monkeypatch
):
    log_in(client)
    here = live(owner, session_key=client.session.session_key)
    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(sessions.auth, "logout", fails)
        assert client.post("/logout").status_code == 503
    assert '["session-ended",{"code":"logged_out"}]' in here.channel.text
    assert client.get("/profile").status_code == 200
    assert client.post("/logout").url == "/login"
    assert not Session.objects.exists()


def fails(request):
    raise OperationalError("the server closed the connection unexpectedly")


def test_there_is_an_end_to_sessions(owner, live, committed, monkeypatch):
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)
    browsers = [Client() for _ in range(3)]
    for browser in browsers[:2]:
        log_in(browser)
    oldest, second = (live(owner, session_key=browser.session.session_key) for browser in browsers[:2])
    with committed():
        log_in(browsers[2])
    assert '{"code":"logged_out"}' in oldest.channel.text
    assert not second.closed
    assert [browser.get("/profile").status_code for browser in browsers] == [302, 200, 200]


def test_a_new_password_leaves_one_session_to_count(client, owner):
    for browser in (Client(), client):
        log_in(browser)
    client.post("/password", {"current": PASSWORD, "password": "quite another horse"})
    assert [row.key for row in owner.sessions.all()] == [client.session.session_key]
    client.post("/logout")
    assert not owner.sessions.exists()


def test_logging_out_takes_a_post_and_works_for_nobody_too(client, owner):
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").url == "/login"


@pytest.mark.parametrize("bar", [services.deactivate, services.ban])
def test_a_barred_persons_session_is_over_with_the_next_request(client_of, owner, bar):
    client = client_of(owner)
    assert client.get("/profile").status_code == 200
    bar(owner)
    assert client.get("/profile").status_code == 302


def test_sessions_from_before_do_not_come_back_with_the_person(client_of, owner):
    client = client_of(owner)
    services.deactivate(owner)
    services.reactivate(owner)
    assert client.get("/profile").status_code == 302


def test_the_admin_has_no_login_of_its_own(client, owner, client_of):
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/login?next=%2Fadmin%2F"
    assert client.post("/admin/login/", {"username": "owner", "password": PASSWORD}).url.startswith("/login?")
    assert client_of(owner).get("/admin/login/").status_code == 403


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"username": "a\0b", "password": "x"},
        {"username": "x" * 10_000, "password": "x"},
        {"username": "owner", "password": "x" * 2000},
    ],
)
def test_what_cannot_be_a_login_is_refused_without_a_hash(client, owner, monkeypatch, data):
    monkeypatch.setattr("django.contrib.auth.authenticate", lambda *args, **kwargs: pytest.fail("hashed"))
    assert client.post("/login", data).status_code == 400


@pytest.mark.parametrize(
    ("choice", "cookie"), [("dark", "dark"), ("light", "light"), ("system", ""), ("<b>", "")]
)
def test_the_theme_is_a_cookie(client, db, choice, cookie):
    answer = client.post("/theme", {"theme": choice, "next": "/login"})
    assert (answer.url, answer.cookies["theme"].value) == ("/login", cookie)


def in_another_tab():
    """A browser that has logged in, and a form that it had opened before."""
    browser = Client(enforce_csrf_checks=True)
    token = str(browser.get("/login").context["csrf_token"])
    stale = {"csrfmiddlewaretoken": token, "username": "owner", "password": PASSWORD}
    assert browser.post("/login", stale).url == "/"
    return browser, {**stale, "next": "/profile"}


def test_the_login_of_a_second_tab_leads_on(owner):
    browser, stale = in_another_tab()
    assert browser.post("/login", stale).url == "/profile"
    assert browser.post("/login", {**stale, "next": "https://example.org"}).url == "/"
    assert browser.post("/signup", stale).url == "/profile"


def test_other_forms_of_another_session_are_still_refused(owner):
    browser, stale = in_another_tab()
    for path in ("/password", "/logout", "/profile/others-out"):
        assert browser.post(path, stale).status_code == 403
    assert Client(enforce_csrf_checks=True).post("/login", stale).status_code == 403


def test_a_logout_clears_what_the_browser_kept_where_it_heeds_that(client, owner):
    log_in(client)
    assert "Clear-Site-Data" not in client.post("/logout").headers
    log_in(client)
    assert client.post("/logout", secure=True)["Clear-Site-Data"] == '"cache"'
