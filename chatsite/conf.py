"""Parse and check the settings of the environment and of `.env`.

A bad value raises ImproperlyConfigured: one sentence that names the setting, never a secret. This module doesn't import
Django's settings, so that a mistake is reported before anything else is loaded.
"""

import os
import re
import socket
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from chatsite.observability.host_names import LOOPBACK, WILDCARDS, bracketed
from chatsite.setting_urls import ascii_host, origin_of, with_encoded_login

BASE_DIR = Path(__file__).resolve().parent.parent
REDIS_SCHEMES = (
    "redis",
    "rediss",
    "unix",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
)
MAX_WORKERS = 256
# Shares of PostgreSQL's default of 100 connections: for all workers of a machine, for one worker, and its minimum.
CONNECTIONS_PER_MACHINE, DEFAULT_CONNECTIONS, MIN_CONNECTIONS = 80, 40, 16
# libpq's parameters, in seconds. Without them a greenlet waits for two hours for a server that hangs or was cut off.
POSTGRESQL_TIMEOUTS = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    # In milliseconds: how long sent data may stay unacknowledged.
    "tcp_user_timeout": 30_000,
}
# Kinds of files, as `files.uploading.kinds` has them.
FILE_KINDS = ("picture", "audio", "video", "text", "document", "archive", "other")
# A line of .env that is blank, a comment, or NAME=value.
DOTENV_LINE = re.compile(r"\s*(#.*)?|(?:export )?[A-Za-z_0-9]+=.*")
MAIL_SCHEMES = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465, "smtps": 465}
# Django's backends that send nothing: for development.
UNSENT_MAIL_SCHEMES = ("consolemail", "filemail", "memorymail", "dummymail")


def read_dotenv(path: Path) -> None:
    """Put the lines of `.env` into the environment; a variable that is set already wins."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        environ.Env.read_env(path)
    except OSError as error:
        raise ImproperlyConfigured(f".env cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ImproperlyConfigured(".env is not UTF-8.") from error
    for number, line in enumerate(lines, 1):
        # The line itself may be a secret, so only its number is told.
        if not DOTENV_LINE.fullmatch(line):
            raise ImproperlyConfigured(f".env has a line that isn't NAME=value, number {number}.")


def folder(name: str, default: Path) -> Path:
    """Read a folder as an absolute path; `~` is expanded as in a shell."""
    return Path(text(name) or default).expanduser().resolve()


def text(name: str) -> str:
    """Read a setting as it stands; "" where it isn't set. `environ.Env.str` would read a value that begins with `$` as
    the name of another variable."""
    return os.environ.get(name, "").strip()


def flag(name: str) -> bool:
    """Read 1/true/yes/on or 0/false/no/off, in any case; False where it isn't set."""
    value = text(name).lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("", "0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name} is not true or false: {value!r}.")


def items(name: str) -> list[str]:
    """Read a list separated by commas; blanks around items are dropped."""
    return [item.strip() for item in text(name).split(",") if item.strip()]


def secret_key() -> str:
    key = text("SECRET_KEY")
    if not key:
        raise ImproperlyConfigured(
            "SECRET_KEY is missing: set it in .env (./run writes one where there is none)."
        )
    if len(key) < 50:
        raise ImproperlyConfigured("SECRET_KEY is too short: use 50 random characters or more.")
    return key


def host() -> str:
    return text("HOST").strip("[] ") or "127.0.0.1"


def port() -> int:
    value = text("PORT") or "8000"
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65535):
        raise ImproperlyConfigured(f"PORT is not a number from 1 to 65535: {value!r}.")
    return int(value)


def lan_address() -> str:
    """Guess the address by which the local network reaches this machine: the source address of its default route. Connecting
    a UDP socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def site_url() -> str:
    """SITE_URL as browsers write an origin (lower case, ASCII, no default port), or the address made of HOST and PORT."""
    url = text("SITE_URL")
    if not url:
        name = lan_address() if host() in WILDCARDS else host()
        return f"http://{bracketed(name)}:{port()}"
    try:
        return origin_of(url)
    except ValueError:
        raise ImproperlyConfigured(
            f"SITE_URL is not an address like https://chat.example.org: {url!r}."
        ) from None


def site_hosts(url: str) -> list[str]:
    """List the host names that this site answers to (Django's ALLOWED_HOSTS)."""
    names = [bracketed(urlsplit(url).hostname or ""), *LOOPBACK]
    if host() in WILDCARDS:
        machine = socket.gethostname().lower()
        names += [machine, f"{machine}.local"]
    elif bracketed(host()) not in names:
        names.append(bracketed(host()))
    return list(dict.fromkeys(names + extra_hosts()))


def extra_hosts() -> list[str]:
    """Read EXTRA_HOSTS: names without a port; one that begins with a dot stands for all its subdomains."""
    found = []
    for name in items("EXTRA_HOSTS"):
        try:
            dot = "." if name.startswith(".") else ""
            found.append(dot + ascii_host(name.removeprefix(".")))
        except ValueError:
            raise ImproperlyConfigured(
                f"EXTRA_HOSTS is not a list of names like chat.internal, without a port: {name!r}."
            ) from None
    return found


def site_origins(url: str, hosts: list[str]) -> list[str]:
    """List the origins whose pages may use this site: `url`, and its other names with the same scheme and port."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    others = [f"{parts.scheme}://{name}{port}" for name in hosts if name not in LOOPBACK]
    return list(dict.fromkeys([url, *others]))


def origins(name: str) -> list[str]:
    """Read a list of origins, scheme://host[:port] separated by commas, as browsers send them."""
    found = []
    for value in items(name):
        try:
            found.append(origin_of(value))
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} is not a list of addresses like https://example.org: {value!r}."
            ) from None
    return found


def database(data_dir: Path) -> dict[str, Any]:
    """Read DATABASE_URL as an entry of Django's DATABASES: SQLite in `data_dir` where it isn't set."""
    url = text("DATABASE_URL") or "sqlite:///"
    scheme = url.partition(":")[0]
    if scheme not in ("sqlite", "postgres", "postgresql", "psql"):
        raise ImproperlyConfigured("DATABASE_URL does not begin with sqlite:/// or postgresql://.")
    try:
        config = sqlite_file(url, data_dir) if scheme == "sqlite" else database_server(url)
    except Exception as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is not like postgresql://user:password@host:5432/name."
        ) from error
    if not config.get("NAME"):
        raise ImproperlyConfigured("DATABASE_URL names no database.")
    if scheme != "sqlite":
        config["ENGINE"] = "chatsite.database.postgresql"
        config["OPTIONS"] = {**POSTGRESQL_TIMEOUTS, **config.get("OPTIONS", {})}
    else:
        config["ENGINE"] = "chatsite.database.sqlite"
        config["OPTIONS"] = {
            # IMMEDIATE takes the write lock at BEGIN, so that no transaction fails half-way for want of it.
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        }
    return config


def sqlite_file(url: str, data_dir: Path) -> dict[str, Any]:
    """Parse `sqlite:///FILE`, in which any character but `%` stands for itself; by default the file in DATA_DIR."""
    name = unquote(url.removeprefix("sqlite://").removeprefix("/"))
    return {"NAME": name or str(data_dir / "chat.sqlite3")}


def database_server(url: str) -> dict[str, Any]:
    """Parse `postgresql://…`; user and password may hold any characters."""
    before, mark, query = with_encoded_login(url).partition("?")
    # environ would read a "+" in the database's name as a space.
    return dict(environ.Env.db_url_config(before.replace("+", "%2B") + mark + query))


def database_connections(workers: int) -> int:
    """Read DATABASE_CONNECTIONS: connections of one worker. The default leaves 20 of PostgreSQL's 100 for backups and
    shells."""
    default = max(MIN_CONNECTIONS, min(DEFAULT_CONNECTIONS, CONNECTIONS_PER_MACHINE // workers))
    count = whole("DATABASE_CONNECTIONS", default)
    if count < MIN_CONNECTIONS:
        raise ImproperlyConfigured(f"DATABASE_CONNECTIONS is less than {MIN_CONNECTIONS}: {count}.")
    return count


def metrics_token() -> str:
    token = text("METRICS_TOKEN")
    if token and (len(token) < 16 or not token.isascii() or not token.isprintable()):
        raise ImproperlyConfigured("METRICS_TOKEN is not a secret: use 16 random letters and digits or more.")
    return token


def choice(name: str, *known: str) -> str:
    """Read one of the words `known`; the first is the default."""
    value = text(name).lower() or known[0]
    if value not in known:
        raise ImproperlyConfigured(f"{name} is not {', '.join(known[:-1])} or {known[-1]}: {value!r}.")
    return value


def kinds(name: str) -> frozenset[str]:
    """Read words of FILE_KINDS, separated by commas; all of them where there are none."""
    words = items(name) or ["any"]
    unknown = [word for word in words if word not in (*FILE_KINDS, "any")]
    if unknown:
        raise ImproperlyConfigured(f"{name} is not made of {', '.join(FILE_KINDS)} and any: {unknown[0]!r}.")
    return frozenset(FILE_KINDS if "any" in words else words)


def redis_url() -> str:
    url = text("REDIS_URL")
    scheme, _, rest = url.partition("://")
    if url and (scheme not in REDIS_SCHEMES or not rest):
        raise ImproperlyConfigured(
            f"REDIS_URL does not begin with one of {', '.join(REDIS_SCHEMES)} and ://."
        )
    if "sentinel" in scheme and not urlsplit(url).path.strip("/"):
        raise ImproperlyConfigured(
            "REDIS_URL names no service: redis+sentinel://host:26379,host:26379/service."
        )
    return with_encoded_login(url)


def workers() -> int:
    """Read WORKERS, the number of serving processes. More than one need PostgreSQL and Redis."""
    count = whole("WORKERS", 1)
    if count > 1 and not redis_url():
        raise ImproperlyConfigured("WORKERS: several workers talk to each other by Redis; set REDIS_URL.")
    if count > 1 and (text("DATABASE_URL") or "sqlite:").startswith("sqlite:"):
        raise ImproperlyConfigured("WORKERS: SQLite is for one worker; set DATABASE_URL to a PostgreSQL.")
    if not 1 <= count <= MAX_WORKERS:
        raise ImproperlyConfigured(f"WORKERS is not a number from 1 to {MAX_WORKERS}: {count}.")
    return count


def email(default_from: str) -> dict[str, Any]:
    """Read EMAIL_URL as Django's EMAIL_* settings; none where mail isn't set up. Errors don't quote the password."""
    settings: dict[str, Any] = {"DEFAULT_FROM_EMAIL": sender() or default_from}
    url = text("EMAIL_URL")
    if not url:
        return settings
    scheme = url.partition("://")[0].lower()
    if scheme not in MAIL_SCHEMES and scheme not in UNSENT_MAIL_SCHEMES:
        raise ImproperlyConfigured("EMAIL_URL does not begin with smtp://, smtp+tls:// or smtp+ssl://.")
    try:
        settings.update(environ.Env.email_url_config(with_encoded_login(url)))
    except Exception as error:
        raise ImproperlyConfigured("EMAIL_URL is not like smtp+tls://user:password@host:587.") from error
    if scheme in MAIL_SCHEMES:
        settings.update(mail_server(scheme, settings))
    return settings


def mail_server(scheme: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Complete what environ parsed of an `smtp…://` URL: host in ASCII, default port, kind of TLS."""
    if settings["EMAIL_FILE_PATH"] or settings.get("OPTIONS"):
        raise ImproperlyConfigured("EMAIL_URL has something behind its host and port.")
    try:
        host = settings["EMAIL_HOST"] or ""
        host = host if ":" in host else ascii_host(host)
    except ValueError:
        raise ImproperlyConfigured("EMAIL_URL names no host.") from None
    return {
        "EMAIL_HOST": host,
        "EMAIL_PORT": settings["EMAIL_PORT"] or MAIL_SCHEMES[scheme],
        "EMAIL_USE_TLS": scheme == "smtp+tls",
        # `smtps` is TLS from the first byte; environ reads it as STARTTLS.
        "EMAIL_USE_SSL": scheme in ("smtp+ssl", "smtps"),
    }


def sender() -> str:
    """Read EMAIL_FROM: an address, or a name with one in angle brackets."""
    value = text("EMAIL_FROM")
    _, address = parseaddr(value)
    user, at, domain = address.rpartition("@")
    if value and not (user and at and domain and value.isprintable()):
        raise ImproperlyConfigured(f"EMAIL_FROM is not an address like chat@example.org: {value!r}.")
    return value


def rate(name: str, default: str) -> str:
    """Read a rate such as 300/min; the period is s, m, h or d, or a word that begins so."""
    value = text(name) or default
    count, _, period = value.partition("/")
    if not (count.isascii() and count.isdigit() and period[:1] in tuple("smhd")):
        raise ImproperlyConfigured(f"{name} is not a rate like 300/min: {value!r}.")
    return value


def whole(name: str, default: int) -> int:
    """Read a whole number from 0 up."""
    value = text(name) or str(default)
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"{name} is not a whole number: {value!r}.")
    return int(value)
