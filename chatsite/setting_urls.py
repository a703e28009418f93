"""Normalise URLs as people write them into settings: unencoded passwords, host names in any script."""

import ipaddress
import re
from urllib.parse import quote, urlsplit, urlunsplit

import idna

# The parts of a URL behind `://`, as RFC 3986 divides them: server, path, query, fragment.
URL_PARTS = re.compile(r"([^/?#]*)(/[^?#]*)?(\?[^#]*)?(#.*)?", re.DOTALL)
# A query string that consists of name=value pairs.
NAMED_QUERY = re.compile(r"[^=&@]+=[^&]*(?:&[^=&@]+=[^&]*)*")
DEFAULT_PORTS = {"http": 80, "https": 443}
# Underscores are no part of `idna`'s names, but names of a local network may have them.
HOST_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.IGNORECASE)


def with_encoded_login(url: str) -> str:
    """Percent-encode the user and the password of `scheme://user:password@host/…`.

    Characters that are encoded already stay. A login with one of `/?#@` reaches up to the URL's last `@`; the user's
    name ends at the first `:`.
    """
    scheme, separator, rest = url.partition("://")
    if "@" not in rest:
        return url
    login, at, host = split_login(rest)
    user, colon, password = login.partition(":")
    return f"{scheme}{separator}{encoded(user)}{colon}{encoded(password)}{at}{host}"


def split_login(rest: str) -> tuple[str, str, str]:
    """Split a URL without its scheme at the `@` that ends its login: `(login, "@", rest)`."""
    server, path, query, fragment = URL_PARTS.fullmatch(rest).groups("")  # type: ignore[union-attr]
    if "@" in server and "@" not in path and not fragment and (not query or NAMED_QUERY.fullmatch(query[1:])):
        login, at, host = server.rpartition("@")
        return login, at, host + rest[len(server) :]
    return rest.rpartition("@")


def encoded(text: str) -> str:
    """Percent-encode `text`, except `%` with two hexadecimal digits behind it, which is an encoded character already."""
    return quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text), safe="%")


def ascii_host(name: str) -> str:
    """Write a host as browsers send it: lower case, international names in their ASCII form (IDNA 2008, UTS 46).

    IPv6 addresses stand in brackets, in `name` and in the result. Raises ValueError.
    """
    if name.startswith("["):
        return f"[{ipaddress.IPv6Address(name.strip('[]')).compressed}]"
    name = name.rstrip(".").lower()
    if not name.isascii():
        # Its errors are ValueErrors.
        name = idna.encode(name, uts46=True).decode()
    if not HOST_NAME.fullmatch(name) or ".." in name:
        raise ValueError(f"no host: {name!r}")
    return name


def origin_of(url: str) -> str:
    """Write `url` as an Origin header: `scheme://host[:port]`, without a default port.

    Raises ValueError for a URL with a path, query, fragment or login.
    """
    parts = urlsplit(url.rstrip("/"))
    odd = parts.path or parts.query or parts.fragment or parts.username is not None or parts.port == 0
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or odd or any(map(str.isspace, url)):
        raise ValueError(f"no origin: {url!r}")
    host = ascii_host(f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname)
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return urlunsplit((parts.scheme, host + port, "", "", ""))
