"""The address of the client that a request comes from, for limits and log lines."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings


def client_address(environ: Mapping[str, Any]) -> str:
    """The client's address; where TRUST_PROXY is set, what our proxy says that it is.

    An IPv6 client owns its /64 and can take a new address for each try, so the network stands for it.
    """
    address = str(environ.get("REMOTE_ADDR") or "")
    if settings.TRUST_PROXY and environ.get("HTTP_X_FORWARDED_FOR"):
        # Our proxy adds to what the client may have made up: only the last one is true.
        address = str(environ["HTTP_X_FORWARDED_FOR"]).rpartition(",")[2].strip()
    return network(address)


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
