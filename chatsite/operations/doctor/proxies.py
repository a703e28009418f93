"""Check which address and scheme the proxy reports to the server."""

import socket
from ipaddress import ip_address

from django.conf import settings

from chatsite.observability import echo
from chatsite.operations.doctor.findings import Finding, Findings, note, ok, wrong
from chatsite.operations.doctor.visit import Visit

# Reserved for documentation (RFC 5737).
FOREIGN_ADDRESS = "192.0.2.66"


def proxy(visit: Visit) -> Findings:
    """Ask the server for its echo of a request with forged X-Forwarded-For and X-Forwarded-Proto."""
    lie = {"X_Forwarded_For": FOREIGN_ADDRESS, "X_Forwarded_Proto": "http" if visit.secure else "https"}
    said = visit.get("/healthz", **{echo.HEADER: echo.signed_question()}, **lie).json()
    if not said:
        yield note(
            "proxy",
            "The server doesn't tell us what it sees: it has another SECRET_KEY than we.",
            "Run this on the server, in the folder of the site.",
        )
        return
    found = [*address_seen(visit, said["address"]), *scheme_seen(visit, said["secure"])]
    yield from found or [
        ok("proxy", f"The server sees us come from {said['address']}, by {scheme(visit.secure)}.")
    ]


def address_seen(visit: Visit, address: str) -> list[Finding]:
    if address == FOREIGN_ADDRESS:
        return [
            wrong(
                "proxy",
                "A visitor can make up an address: X-Forwarded-For is believed as it comes.",
                "Let the proxy set X-Forwarded-For itself; without a proxy set TRUST_PROXY=false.",
            )
        ]
    if is_loopback(address) and not is_loopback(socket.gethostbyname(visit.host)):
        return [
            wrong(
                "proxy",
                f"The server sees every visitor as {address}: all share one limit.",
                "Set TRUST_PROXY=true, and let the proxy set X-Forwarded-For.",
            )
        ]
    return []


def is_loopback(address: str) -> bool:
    # The server shows an IPv6 client as its network.
    return ip_address(address.partition("/")[0]).is_loopback


def scheme_seen(visit: Visit, secure: bool) -> list[Finding]:
    if secure == visit.secure:
        return []
    return [
        wrong(
            "proxy",
            f"The server takes {scheme(visit.secure)} for {scheme(secure)}.",
            "Let the proxy set X-Forwarded-Proto to what the visitor used, and set TRUST_PROXY=true.",
        )
    ]


def scheme(secure: bool) -> str:
    return "https" if secure else "http"


def metrics(visit: Visit) -> Findings:
    """Check that strangers can't read /metrics. Through a proxy without X-Forwarded-For they look like local programs."""
    direct = visit.port == settings.PORT and visit.host in ("127.0.0.1", "localhost", settings.HOST)
    if direct:
        return
    if visit.get("/metrics").status == 200:
        yield wrong(
            "metrics", "Everybody can read them.", "Let the proxy set X-Forwarded-For on every request."
        )
    else:
        yield ok("metrics", "Strangers can't read them.")
