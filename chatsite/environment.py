"""What a site decides, from the environment or `.env`. A bad value is one sentence that names its setting.

Nothing here imports Django's settings, so that a mistake is told before anything else is loaded.
"""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound)
REDIS_SCHEMES = (
    "redis",
    "rediss",
    "unix",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
)
MOST_WORKERS = 256
# Of PostgreSQL's 100 connections: for all workers of a machine, for one, and the fewest that one can do with.
ALL_CONNECTIONS, CONNECTIONS, FEWEST_CONNECTIONS = 80, 40, 16
# libpq's own words, in seconds: a server that stands still, or was cut off, must not hold up who connects, nor for two
# hours who waits for its answer.
PATIENT = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    # Milliseconds, for what was sent and isn't confirmed.
    "tcp_user_timeout": 30_000,
}
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def read_dotenv(path: Path) -> None:
    """What is in the environment already wins."""
    try:
        environ.Env.read_env(path)
    except OSError as error:
        raise ImproperlyConfigured(f".env cannot be read: {error.strerror}.") from error


def flag(name: str) -> bool:
    value = env.str(name, default="").strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("", "0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name} is not true or false: {value!r}.")


def items(name: str) -> list[str]:
    return [item.strip() for item in env.str(name, default="").split(",") if item.strip()]


def secret_key() -> str:
    key = env.str("SECRET_KEY", default="")
    if not key:
        raise ImproperlyConfigured(
            "SECRET_KEY is missing: set it in .env (./run writes one where there is none)."
        )
    if len(key) < 50:
        raise ImproperlyConfigured("SECRET_KEY is too short: use 50 random characters or more.")
    return key


def host() -> str:
    return env.str("HOST", default="").strip("[] ") or "127.0.0.1"


def port() -> int:
    value = env.str("PORT", default="").strip() or "8000"
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65535):
        raise ImproperlyConfigured(f"PORT is not a number from 1 to 65535: {value!r}.")
    return int(value)


def bracketed(name: str) -> str:
    """An IPv6 address as it stands in a URL."""
    return f"[{name}]" if ":" in name else name


def lan_address() -> str:
    """The address other machines of the local network most likely know this one by. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def site_url() -> str:
    """SITE_URL, or the address that HOST and PORT make."""
    url = env.str("SITE_URL", default="").strip().rstrip("/")
    if not url:
        name = lan_address() if host() in WILDCARDS else host()
        return f"http://{bracketed(name)}:{port()}"
    try:
        parts = urlsplit(url)
        bad = parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query
        bad = bad or bool(parts.fragment) or parts.username is not None or parts.port == 0
    except ValueError:
        bad = True
    if bad or any(character.isspace() for character in url):
        raise ImproperlyConfigured(f"SITE_URL is not an address like https://chat.example.org: {url!r}.")
    return url


def site_hosts(url: str) -> list[str]:
    """The names this site answers to."""
    names = [bracketed(urlsplit(url).hostname or ""), *LOOPBACK]
    if host() in WILDCARDS:
        machine = socket.gethostname().lower()
        names += [machine, f"{machine}.local"]
    elif bracketed(host()) not in names:
        names.append(bracketed(host()))
    return list(dict.fromkeys(names + items("EXTRA_HOSTS")))


def site_origins(url: str, hosts: list[str]) -> list[str]:
    """The pages that may talk to this site: under its address, and under its other names with the same scheme and port."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    others = [f"{parts.scheme}://{name}{port}" for name in hosts if name not in LOOPBACK]
    return list(dict.fromkeys([url, *others]))


def origins(name: str) -> list[str]:
    """A list of scheme://host[:port], separated by commas."""
    values = [value.rstrip("/") for value in items(name)]
    for value in values:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            raise ImproperlyConfigured(
                f"{name} is not a list of addresses like https://example.org: {value!r}."
            )
    return values


def database(data_dir: Path) -> dict[str, Any]:
    url = env.str("DATABASE_URL", default="").strip() or f"sqlite:///{data_dir / 'chat.sqlite3'}"
    scheme = url.partition(":")[0]
    if scheme not in ("sqlite", "postgres", "postgresql", "psql"):
        raise ImproperlyConfigured("DATABASE_URL does not begin with sqlite:/// or postgresql://.")
    try:
        config = dict(env.db_url_config(url))
    except Exception as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is not like postgresql://user:password@host:5432/name."
        ) from error
    if not config.get("NAME"):
        raise ImproperlyConfigured("DATABASE_URL names no database.")
    if scheme != "sqlite":
        config["ENGINE"] = "chatsite.postgresql"
        config["OPTIONS"] = {**PATIENT, **config.get("OPTIONS", {})}
    else:
        config["ENGINE"] = "chatsite.sqlite"
        config["OPTIONS"] = {
            # IMMEDIATE takes the write lock at BEGIN, so that no transaction fails half-way for it.
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        }
    return config


def database_connections(workers: int) -> int:
    """For one worker. The default leaves some of PostgreSQL's 100 to a backup and to whoever looks on."""
    default = max(FEWEST_CONNECTIONS, min(CONNECTIONS, ALL_CONNECTIONS // workers))
    count = whole("DATABASE_CONNECTIONS", default)
    if count < FEWEST_CONNECTIONS:
        raise ImproperlyConfigured(f"DATABASE_CONNECTIONS is less than {FEWEST_CONNECTIONS}: {count}.")
    return count


def metrics_token() -> str:
    token = env.str("METRICS_TOKEN", default="").strip()
    if token and (len(token) < 16 or not token.isascii() or not token.isprintable()):
        raise ImproperlyConfigured("METRICS_TOKEN is not a secret: use 16 random letters and digits or more.")
    return token


def choice(name: str, *known: str) -> str:
    """One of `known`, whose first is the default."""
    value = env.str(name, default="").strip().lower() or known[0]
    if value not in known:
        raise ImproperlyConfigured(f"{name} is not {', '.join(known[:-1])} or {known[-1]}: {value!r}.")
    return value


def redis_url() -> str:
    url = env.str("REDIS_URL", default="").strip()
    scheme, _, rest = url.partition("://")
    if url and (scheme not in REDIS_SCHEMES or not rest):
        raise ImproperlyConfigured(
            f"REDIS_URL does not begin with one of {', '.join(REDIS_SCHEMES)} and ://."
        )
    if "sentinel" in scheme and not urlsplit(url).path.strip("/"):
        raise ImproperlyConfigured(
            "REDIS_URL names no service: redis+sentinel://host:26379,host:26379/service."
        )
    return url


def workers() -> int:
    """How many processes serve. Several must have a database and a Redis in common."""
    count = whole("WORKERS", 1)
    if count > 1 and not redis_url():
        raise ImproperlyConfigured("WORKERS: several workers talk to each other by Redis; set REDIS_URL.")
    if count > 1 and (env.str("DATABASE_URL", default="").strip() or "sqlite:").startswith("sqlite:"):
        raise ImproperlyConfigured("WORKERS: SQLite is for one worker; set DATABASE_URL to a PostgreSQL.")
    if not 1 <= count <= MOST_WORKERS:
        raise ImproperlyConfigured(f"WORKERS is not a number from 1 to {MOST_WORKERS}: {count}.")
    return count


def email(default_from: str) -> dict[str, Any]:
    """Django's EMAIL_* settings; none where mail isn't set up."""
    settings: dict[str, Any] = {"DEFAULT_FROM_EMAIL": env.str("EMAIL_FROM", default="") or default_from}
    url = env.str("EMAIL_URL", default="").strip()
    if not url:
        return settings
    scheme = url.partition("://")[0]
    if scheme not in environ.Env.EMAIL_SCHEMES:
        raise ImproperlyConfigured("EMAIL_URL does not begin with smtp://, smtp+tls:// or smtp+ssl://.")
    try:
        settings.update(env.email_url_config(url))
    except Exception as error:
        raise ImproperlyConfigured("EMAIL_URL is not like smtp+tls://user:password@host:587.") from error
    if scheme.startswith("smtp") and not settings.get("EMAIL_HOST"):
        raise ImproperlyConfigured("EMAIL_URL names no host.")
    return settings


def rate(name: str, default: str) -> str:
    """A limit such as 300/min."""
    value = env.str(name, default="").strip() or default
    count, _, period = value.partition("/")
    if not (count.isascii() and count.isdigit() and period[:1] in tuple("smhd")):
        raise ImproperlyConfigured(f"{name} is not a rate like 300/min: {value!r}.")
    return value


def whole(name: str, default: int) -> int:
    value = env.str(name, default="").strip() or str(default)
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"{name} is not a whole number: {value!r}.")
    return int(value)
