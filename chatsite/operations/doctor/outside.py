"""Check the site from outside, through its proxy, as visitors reach it."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException

from chatsite.operations.doctor import live, proxies
from chatsite.operations.doctor.findings import Check, Finding, Findings, first_line, ok, wrong
from chatsite.operations.doctor.visit import Visit

ANSWER_TIMEOUT_SECONDS = 10
CERTIFICATE_WARNING_DAYS = 14


def checks(url: str, token: str) -> list[tuple[str, Check]]:
    visit = Visit(url, ANSWER_TIMEOUT_SECONDS)
    tried: dict[str, Callable[..., Findings]] = {
        "reach": reach,
        "certificate": certificate,
        "proxy": proxies.proxy,
        "metrics": proxies.metrics,
        "origin": live.origin,
        "polling": live.polling,
        "websocket": live.upgrade,
        "idle": partial(live.idle, token=token),
    }
    return [(topic, partial(check, visit)) for topic, check in tried.items()]


def reach(visit: Visit) -> Findings:
    for path in ("/healthz", "/readyz"):
        answer = visit.get(path)
        if answer.status == 200:
            yield ok("reach", f"{visit.url}{path} answers.")
        elif answer.status == 400:
            advice = (
                f"Set SITE_URL={visit.url}, or add the name to EXTRA_HOSTS; and let the proxy pass Host on."
            )
            yield wrong("reach", "The site doesn't know itself by this name.", advice)
            return
        else:
            yield wrong(
                "reach", f"{visit.url}{path} says {answer.status}: {answer.text[:60]!r}", live.PROXY_ADVICE
            )


def reachable(url: str) -> Finding | None:
    """Return the finding that makes all further checks useless; None if the site can be reached."""
    try:
        Visit(url, ANSWER_TIMEOUT_SECONDS).get("/healthz")
    except ssl.SSLCertVerificationError as error:
        sentence = f"{url} has a certificate that isn't good: {error.verify_message}"
        return wrong("reach", sentence, "Get one for this name (Caddy does by itself), with its whole chain.")
    except (OSError, HTTPException) as error:
        return wrong(
            "reach",
            f"{url} can't be reached: {first_line(error)}",
            "Look at the name, the port and the proxy.",
        )
    return None


def certificate(visit: Visit) -> Findings:
    if not visit.secure:
        return
    connection = visit.connected()
    try:
        assert isinstance(connection, ssl.SSLSocket)  # noqa: S101
        ends = ssl.cert_time_to_seconds(str((connection.getpeercert() or {})["notAfter"]))
    finally:
        connection.close()
    days = (ends - datetime.now(UTC).timestamp()) / 86_400
    if days < CERTIFICATE_WARNING_DAYS:
        yield wrong("certificate", f"It ends in {days:.0f} days.", "Renew it, and let that happen by itself.")
    else:
        yield ok("certificate", f"It is good for {days:.0f} days.")
