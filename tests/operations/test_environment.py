"""What the environment's values become, and what a bad one is called."""

from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatsite import conf
from chatsite.realtime.cluster import topology
from files.storage.address import address_of


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in (
        "SITE_URL",
        "HOST",
        "PORT",
        "EXTRA_HOSTS",
        "EXTRA_ORIGINS",
        "DATABASE_URL",
        "EMAIL_URL",
        "EMAIL_FROM",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        (None, None, "http://127.0.0.1:8000"),
        ("", "", "http://127.0.0.1:8000"),
        ("192.168.1.5", "9000", "http://192.168.1.5:9000"),
        ("::1", "80", "http://[::1]:80"),
        ("[::1]", "80", "http://[::1]:80"),
    ],
)
def test_the_address_comes_from_host_and_port(monkeypatch, host, port, url):
    if host is not None:
        monkeypatch.setenv("HOST", host)
        monkeypatch.setenv("PORT", port)
    assert conf.site_url() == url


def test_a_site_on_every_address_is_known_by_the_one_in_the_network(monkeypatch):
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setattr(conf, "lan_address", lambda: "192.168.1.20")
    monkeypatch.setattr(conf.socket, "gethostname", lambda: "Shed")
    url = conf.site_url()
    assert url == "http://192.168.1.20:8000"
    hosts = conf.site_hosts(url)
    assert {"192.168.1.20", "localhost", "shed", "shed.local"} <= set(hosts)
    assert "http://shed.local:8000" in conf.site_origins(url, hosts)


def test_the_site_answers_to_its_own_name_and_to_those_added(monkeypatch):
    monkeypatch.setenv("EXTRA_HOSTS", "chat.internal, other.example")
    hosts = conf.site_hosts("https://chat.example.org")
    assert hosts == [
        "chat.example.org", "localhost", "127.0.0.1", "[::1]", "chat.internal", "other.example",
    ]  # fmt: skip
    assert "*" not in hosts
    assert conf.site_origins("https://chat.example.org", hosts) == [
        "https://chat.example.org", "https://chat.internal", "https://other.example",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "url", ["https://chat.example.org", "http://10.0.0.3:8000", "https://[2001:db8::1]:8443/"]
)
def test_an_address_is_taken_as_it_is_without_its_last_slash(monkeypatch, url):
    monkeypatch.setenv("SITE_URL", url)
    assert conf.site_url() == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://чат.example.org", "https://xn--80a0bn.example.org"),
        ("https://straße.example:8443", "https://xn--strae-oqa.example:8443"),
        ("https://Chat.Example.ORG", "https://chat.example.org"),
        ("https://chat.example.org:443", "https://chat.example.org"),
        ("http://chat.example.org:80/", "http://chat.example.org"),
        ("http://chat.example.org:443", "http://chat.example.org:443"),
        ("https://chat.example.org.", "https://chat.example.org"),
        ("http://my_box:8000", "http://my_box:8000"),
        ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
    ],
)
def test_an_address_is_known_as_browsers_send_it(monkeypatch, url, known):
    monkeypatch.setenv("SITE_URL", url)
    monkeypatch.setenv("EXTRA_ORIGINS", url)
    assert conf.site_url() == known
    assert conf.origins("EXTRA_ORIGINS") == [known]
    assert conf.site_hosts(known)[0] == conf.bracketed(urlsplit(known).hostname)


def test_further_names_are_known_as_browsers_send_them(monkeypatch):
    monkeypatch.setenv("EXTRA_HOSTS", "Чат.internal, .Example.org, [::2], my_box")
    hosts = conf.site_hosts("https://chat.example.org")
    assert hosts[-4:] == ["xn--80a0bn.internal", ".example.org", "[::2]", "my_box"]


@pytest.mark.parametrize("name", ["chat.internal:8000", "https://chat.internal", "*", "a b", "..", "-"])
def test_a_bad_further_name_is_told(monkeypatch, name):
    monkeypatch.setenv("EXTRA_HOSTS", name)
    with pytest.raises(ImproperlyConfigured, match=r"^EXTRA_HOSTS"):
        conf.site_hosts("https://chat.example.org")


# What password generators make, and what a URL takes for its own.
PASSWORDS = ["p@ss", "p#ss", "p:ss", "p/ss", "p?ss", "a/b@c", "x@y/z", "x@y?z", "x@y?z=1#", "100%", "%zz", "$ecret", "p+ s",
             "пароль", "[x]", "a&b=c", "'\"\\"]  # fmt: skip


@pytest.mark.parametrize("written", ["as it is", "encoded"])
@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_may_hold_anything(monkeypatch, tmp_path, password, written):
    word = password if written == "as it is" else quote(password, safe="")
    monkeypatch.setenv("EMAIL_URL", f"smtp+tls://me:{word}@mail.example.org:587")
    mail = conf.email("chat@example.org")
    assert (mail["EMAIL_HOST_USER"], mail["EMAIL_HOST_PASSWORD"]) == ("me", password)
    assert (mail["EMAIL_HOST"], mail["EMAIL_PORT"]) == ("mail.example.org", 587)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://me:{word}@db.example:5433/chat?sslmode=require")
    database = conf.database(tmp_path)
    assert (database["USER"], database["PASSWORD"], database["NAME"]) == ("me", password, "chat")
    assert (database["HOST"], database["PORT"]) == ("db.example", 5433)
    assert database["OPTIONS"]["sslmode"] == "require"
    monkeypatch.setenv("REDIS_URL", f"redis://me:{word}@127.0.0.1:6380/1")
    client = topology.server(conf.redis_url()).client("")
    kept = client.connection_pool.connection_kwargs
    assert (kept["username"], kept["password"], kept["host"], kept["port"]) == (
        "me", password, "127.0.0.1", 6380,
    )  # fmt: skip


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_stores_secret_may_hold_anything(monkeypatch, password):
    for word in (password, quote(password, safe="")):
        monkeypatch.setenv("FILES_URL", f"s3+https://key:{word}@s3.example.org:8443/bucket/a/b?region=eu-1")
        found = address_of(conf.files_url())
        assert found == ("https://s3.example.org:8443", "bucket", "a/b/", "key", password, "eu-1")


def test_a_stores_address_may_be_short(monkeypatch):
    monkeypatch.setenv("FILES_URL", "s3+http://a%3Ab:secret@127.0.0.1:8080/bucket")
    assert address_of(conf.files_url()) == (
        "http://127.0.0.1:8080",
        "bucket",
        "",
        "a:b",
        "secret",
        "us-east-1",
    )
    monkeypatch.setenv("FILES_URL", "")
    assert conf.files_url() == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://key:opensesame@s3.example.org/bucket",
        "s3://key:opensesame@s3.example.org/bucket",
        "s3+http://key:opensesame@s3.example.org/bucket",
        "s3+https://s3.example.org/bucket",
        "s3+https://key@s3.example.org/bucket",
        "s3+https://key:opensesame@s3.example.org",
        "s3+https://key:opensesame@s3.example.org:port/bucket",
        "s3+https://key:opensesame@/bucket",
        "s3+https://key:opensesame@s3.example.org/bucket?zone=eu-1",
        "s3+https://key:opensesame@[::1/bucket",
        "opensesame",
    ],
)
def test_a_bad_address_of_a_store_is_not_quoted(monkeypatch, url):
    monkeypatch.setenv("FILES_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"^FILES_URL") as told:
        conf.files_url()
    assert "opensesame" not in str(told.value)


@pytest.mark.parametrize("path", ["protected-files", "/protected-files", "/", "//", "/a/../b/", "/a b/"])
def test_a_bad_path_for_nginx_is_told(monkeypatch, path):
    monkeypatch.setenv("FILES_ACCEL", path)
    with pytest.raises(ImproperlyConfigured, match=r"^FILES_ACCEL"):
        conf.files_accel()


def test_a_mail_address_is_a_users_name_too(monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "smtp+ssl://me@example.org:se/cret@mail.example.org")
    mail = conf.email("chat@example.org")
    assert (mail["EMAIL_HOST_USER"], mail["EMAIL_HOST_PASSWORD"]) == ("me@example.org", "se/cret")


def test_a_database_may_have_an_at_sign_behind_its_host(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@db/a%40b?application_name=chat@home")
    config = conf.database(tmp_path)
    assert (config["HOST"], config["NAME"], config["OPTIONS"]["application_name"]) == (
        "db", "a@b", "chat@home",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["c++ #1", "what?", "a%20b", "ё"])
def test_a_folder_may_have_any_name(monkeypatch, tmp_path, name):
    folder = tmp_path / name
    assert conf.database(folder)["NAME"] == str(folder / "chat.sqlite3")
    written = str(folder).replace("%", "%25")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{written}/own.sqlite3")
    assert conf.database(tmp_path)["NAME"] == f"{folder}/own.sqlite3"


def test_a_folder_of_ones_home(monkeypatch):
    monkeypatch.setenv("DATA_DIR", "~/chat")
    assert conf.folder("DATA_DIR", Path("data")) == (Path.home() / "chat").resolve()


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example.org", 25, False, False),
        ("smtp+tls://mail.example.org", 587, True, False),
        ("smtp+ssl://mail.example.org", 465, False, True),
        ("smtps://mail.example.org", 465, False, True),
        ("smtp://mail.example.org:2525", 2525, False, False),
    ],
)
def test_each_kind_of_mail_server_has_its_port(monkeypatch, url, port, tls, ssl):
    monkeypatch.setenv("EMAIL_URL", url)
    mail = conf.email("chat@example.org")
    assert (mail["EMAIL_PORT"], mail["EMAIL_USE_TLS"], mail["EMAIL_USE_SSL"]) == (port, tls, ssl)


@pytest.mark.parametrize("name", ["chat@example.org", "Chat <chat@example.org>", "Чат <chat@example.org>"])
def test_who_mail_is_from(monkeypatch, name):
    monkeypatch.setenv("EMAIL_FROM", name)
    assert conf.email("other@example.org")["DEFAULT_FROM_EMAIL"] == name


@pytest.mark.parametrize("name", ["chat", "@example.org", "chat@", "Chat <chat>"])
def test_a_bad_sender_is_named(monkeypatch, name):
    monkeypatch.setenv("EMAIL_FROM", name)
    with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_FROM"):
        conf.email("other@example.org")


def test_a_secret_may_begin_with_a_dollar(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "$" + "k" * 60)
    monkeypatch.setenv("METRICS_TOKEN", "$" + "t" * 20)
    assert conf.secret_key() == "$" + "k" * 60
    assert conf.metrics_token() == "$" + "t" * 20


@pytest.mark.parametrize("line", ["PORT = 8001", "PORT", "export PORT 8001", "SITE-URL=http://a"])
def test_a_line_of_the_file_that_says_nothing_is_told(tmp_path, line):
    path = tmp_path / ".env"
    path.write_text(f"# A comment\n\n{line}\n")
    with pytest.raises(ImproperlyConfigured, match=r"^\.env has a line .* number 3"):
        conf.read_dotenv(path)


def test_a_file_in_another_encoding_is_told(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes("EMAIL_FROM=Müller <m@example.org>\n".encode("latin-1"))
    with pytest.raises(ImproperlyConfigured, match=r"^\.env is not UTF-8"):
        conf.read_dotenv(path)


@pytest.mark.parametrize(
    "url",
    [
        "chat.example.org", "ftp://chat.example.org", "https://", "https://chat.example.org/chat", "https://a b",
        "https://user@chat.example.org", "https://chat.example.org?x=1", "https://chat.example.org:port", "https://[::1",
        "https://chat..example.org", "https://chat.example.org:0", "https://[::x]", "https://-",
    ],
)  # fmt: skip
def test_a_bad_address_is_named(monkeypatch, url):
    monkeypatch.setenv("SITE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"^SITE_URL"):
        conf.site_url()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80 80", "http", "８０００"])
def test_a_bad_port_is_named(monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(ImproperlyConfigured, match=r"^PORT"):
        conf.port()


def test_sqlite_waits_for_its_lock_at_the_beginning_and_syncs(monkeypatch, tmp_path):
    config = conf.database(tmp_path)
    assert config["NAME"] == str(tmp_path / "chat.sqlite3")
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "synchronous=FULL" in config["OPTIONS"]["init_command"]


def test_postgresql(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://chat:p%40ss@db.example:5433/chat")
    config = conf.database(tmp_path)
    assert config["ENGINE"] == "chatsite.database.postgresql"
    assert (config["USER"], config["PASSWORD"], config["HOST"], config["PORT"]) == (
        "chat",
        "p@ss",
        "db.example",
        5433,
    )


@pytest.mark.parametrize(
    "url", ["mysql://chat@db/chat", "chat", "postgresql://chat@db:port/chat", "postgresql://db/"]
)
def test_a_bad_database_is_named_and_its_password_is_not(monkeypatch, tmp_path, url):
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL") as caught:
        conf.database(tmp_path)
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://host:port",
        "smtp://h/path",
        "smtp://h?timeout=5",
        "smtp://a b",
    ],
)
def test_bad_mail_is_named(monkeypatch, url):
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_URL"):
        conf.email("chat@example.org")


def test_mail(monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "smtp+tls://me:secret@mail.example.org:587")
    settings = conf.email("chat@example.org")
    assert settings["EMAIL_HOST"] == "mail.example.org"
    assert settings["EMAIL_USE_TLS"] is True
    assert settings["DEFAULT_FROM_EMAIL"] == "chat@example.org"


@pytest.mark.parametrize(("workers", "count"), [(1, 40), (2, 40), (4, 20), (16, 16)])
def test_workers_share_postgresqls_connections(monkeypatch, workers, count):
    monkeypatch.delenv("DATABASE_CONNECTIONS", raising=False)
    assert conf.database_connections(workers) == count
    monkeypatch.setenv("DATABASE_CONNECTIONS", "50")
    assert conf.database_connections(workers) == 50


def test_a_database_url_has_the_last_word_on_how_long_to_wait(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://chat@127.0.0.1/chat?connect_timeout=9&sslmode=require")
    options = conf.database(tmp_path)["OPTIONS"]
    assert int(options["connect_timeout"]) == 9
    assert options["sslmode"] == "require"
    assert options["keepalives_idle"] == 30
