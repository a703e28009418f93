"""What the environment's values become, and what a bad one is called."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatsite import environment


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
    assert environment.site_url() == url


def test_a_site_on_every_address_is_known_by_the_one_in_the_network(monkeypatch):
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setattr(environment, "lan_address", lambda: "192.168.1.20")
    monkeypatch.setattr(environment.socket, "gethostname", lambda: "Shed")
    url = environment.site_url()
    assert url == "http://192.168.1.20:8000"
    hosts = environment.site_hosts(url)
    assert {"192.168.1.20", "localhost", "shed", "shed.local"} <= set(hosts)
    assert "http://shed.local:8000" in environment.site_origins(url, hosts)


def test_the_site_answers_to_its_own_name_and_to_those_added(monkeypatch):
    monkeypatch.setenv("EXTRA_HOSTS", "chat.internal, other.example")
    hosts = environment.site_hosts("https://chat.example.org")
    assert hosts == [
        "chat.example.org", "localhost", "127.0.0.1", "[::1]", "chat.internal", "other.example",
    ]  # fmt: skip
    assert "*" not in hosts
    assert environment.site_origins("https://chat.example.org", hosts) == [
        "https://chat.example.org", "https://chat.internal", "https://other.example",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "url", ["https://chat.example.org", "http://10.0.0.3:8000", "https://[2001:db8::1]:8443/"]
)
def test_an_address_is_taken_as_it_is_without_its_last_slash(monkeypatch, url):
    monkeypatch.setenv("SITE_URL", url)
    assert environment.site_url() == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "chat.example.org", "ftp://chat.example.org", "https://", "https://chat.example.org/chat", "https://a b",
        "https://user@chat.example.org", "https://chat.example.org?x=1", "https://chat.example.org:port", "https://[::1",
    ],
)  # fmt: skip
def test_a_bad_address_is_named(monkeypatch, url):
    monkeypatch.setenv("SITE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"^SITE_URL"):
        environment.site_url()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80 80", "http", "８０００"])
def test_a_bad_port_is_named(monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(ImproperlyConfigured, match=r"^PORT"):
        environment.port()


def test_sqlite_waits_for_its_lock_at_the_beginning_and_syncs(monkeypatch, tmp_path):
    config = environment.database(tmp_path)
    assert config["NAME"] == str(tmp_path / "chat.sqlite3")
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "synchronous=FULL" in config["OPTIONS"]["init_command"]


def test_postgresql(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://chat:p%40ss@db.example:5433/chat")
    config = environment.database(tmp_path)
    assert config["ENGINE"] == "chatsite.postgresql"
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
        environment.database(tmp_path)
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://host:port"]
)
def test_bad_mail_is_named(monkeypatch, url):
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_URL"):
        environment.email("chat@example.org")


def test_mail(monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "smtp+tls://me:secret@mail.example.org:587")
    settings = environment.email("chat@example.org")
    assert settings["EMAIL_HOST"] == "mail.example.org"
    assert settings["EMAIL_USE_TLS"] is True
    assert settings["DEFAULT_FROM_EMAIL"] == "chat@example.org"


@pytest.mark.parametrize(("workers", "count"), [(1, 40), (2, 40), (4, 20), (16, 16)])
def test_workers_share_postgresqls_connections(monkeypatch, workers, count):
    monkeypatch.delenv("DATABASE_CONNECTIONS", raising=False)
    assert environment.database_connections(workers) == count
    monkeypatch.setenv("DATABASE_CONNECTIONS", "50")
    assert environment.database_connections(workers) == 50


def test_a_database_url_has_the_last_word_on_how_long_to_wait(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://chat@127.0.0.1/chat?connect_timeout=9&sslmode=require")
    options = environment.database(tmp_path)["OPTIONS"]
    assert int(options["connect_timeout"]) == 9
    assert options["sslmode"] == "require"
    assert options["keepalives_idle"] == 30
