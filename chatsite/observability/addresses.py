"""Find the address of a request's client, for limits and log lines."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings


def client_address(environ: Mapping[str, Any]) -> str:
    """Return the client's address, by X-Forwarded-For where TRUST_PROXY is set; for IPv6 its /64 network, as a client owns
    all addresses of it and could take a new one for each try."""
    address = str(environ.get("REMOTE_ADDR") or "")
    if settings.TRUST_PROXY and environ.get("HTTP_X_FORWARDED_FOR"):
        # Our proxy appends to what the client may have made up: only the last address is true.
        address = str(environ["HTTP_X_FORWARDED_FOR"]).rpartition(",")[2].strip()
    return network(address)


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """Normalise an address: IPv4 as it is, IPv6 as its /64 network, anything else cut to 64 characters."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
