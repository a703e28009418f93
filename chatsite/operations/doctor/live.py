"""Check live events from outside: origins, polling, websockets, and quiet connections."""

import json
from http.client import HTTPException

from wsproto.utilities import RemoteProtocolError

from chatsite.operations.doctor.findings import Findings, first_line, note, ok, wrong
from chatsite.operations.doctor.visit import Refused, Visit, Websocket

ANSWER_TIMEOUT_SECONDS = 10
ENGINE = "/socket.io/?EIO=4&transport="
# `.invalid` is reserved: nobody can own the name.
FOREIGN_ORIGIN = "https://elsewhere.invalid"
# One after the other, each on connections of its own: enough to be balanced to a second process.
POLLING_CLIENTS = 5
PROXY_ADVICE = "Compare the proxy's configuration with deploy/."
CONNECTION_ERRORS = (OSError, HTTPException, RemoteProtocolError, Refused)


def origin(visit: Visit) -> Findings:
    statuses = [
        visit.get(ENGINE + "polling", Origin=FOREIGN_ORIGIN).status,
        upgraded(visit, Origin=FOREIGN_ORIGIN),
    ]
    if 200 in statuses or 101 in statuses:
        yield wrong(
            "origin",
            "Another site's page can connect as whoever opens it.",
            "Let the proxy pass Origin on; look at EXTRA_ORIGINS.",
        )
    elif visit.get(ENGINE + "polling", Origin=visit.url).status != 200:
        yield wrong(
            "origin",
            "The site's own page is refused.",
            f"Set SITE_URL={visit.url}, and let the proxy pass Host on.",
        )
    else:
        yield ok("origin", "The site's own page may connect, another site's may not.")


def upgraded(visit: Visit, **headers: str) -> int:
    """Return the status of an upgrade: 101 if it succeeds."""
    try:
        Websocket(visit, ENGINE + "websocket", **headers).close()
    except Refused as error:
        return error.status
    return 101


def polling(visit: Visit) -> Findings:
    failures = [failure for _ in range(POLLING_CLIENTS) if (failure := polled(visit))]
    if not failures:
        yield ok("polling", f"{POLLING_CLIENTS} clients connected by polling.")
    elif len(failures) < POLLING_CLIENTS:
        yield wrong(
            "polling",
            f"{len(failures)} of {POLLING_CLIENTS} clients were lost on the way: {failures[0]}",
            "Several servers? Let the proxy send a client to the same one each time (deploy/ has it).",
        )
    else:
        yield wrong("polling", f"It fails: {failures[0]}", PROXY_ADVICE)


def polled(visit: Visit) -> str:
    """Connect by polling without credentials, which should be refused. Return what went wrong, "" for nothing."""
    opened = visit.get(ENGINE + "polling")
    if opened.status != 200 or not opened.text.startswith("0"):
        return f"the handshake was answered {opened.status}."
    path = f"{ENGINE}polling&sid={json.loads(opened.text[1:])['sid']}"
    posted = visit.get(path, "POST", "40", Content_Type="text/plain;charset=UTF-8")
    if posted.status != 200:
        return f"a POST was answered {posted.status}."
    answer = visit.get(path)
    return (
        ""
        if answer.status == 200 and "unauthorized" in answer.text
        else f"a poll was answered {answer.status}."
    )


def upgrade(visit: Visit) -> Findings:
    try:
        websocket = Websocket(visit, ENGINE + "websocket")
        hello = websocket.receive(ANSWER_TIMEOUT_SECONDS)
        websocket.close()
    except CONNECTION_ERRORS as error:
        yield wrong(
            "websocket",
            f"It can't be opened: {first_line(error)}. Everybody polls, which costs more.",
            "Let the proxy pass the upgrade on: HTTP/1.1, Upgrade and Connection. " + PROXY_ADVICE,
        )
        return
    if hello.startswith("0{"):
        yield ok("websocket", "It can be opened.")
    else:
        yield wrong("websocket", "It is opened by something that isn't the site.", PROXY_ADVICE)


def idle(visit: Visit, token: str) -> Findings:
    """Check that a quiet connection outlasts two of the server's pings, and so any proxy's idle timeout."""
    if not token:
        yield note(
            "idle",
            "Whether a quiet connection lasts wasn't tried: that needs an account.",
            "Make a token on your profile page, and set DOCTOR_TOKEN to it.",
        )
        return
    websocket = Websocket(visit, ENGINE + "websocket")
    try:
        yield from quiet(websocket, token)
    finally:
        websocket.close()


def quiet(websocket: Websocket, token: str) -> Findings:
    interval = json.loads(websocket.receive(ANSWER_TIMEOUT_SECONDS)[1:])["pingInterval"] / 1000
    websocket.send("40" + json.dumps({"token": token}))
    if not websocket.receive(ANSWER_TIMEOUT_SECONDS).startswith("40"):
        yield wrong("idle", "DOCTOR_TOKEN isn't a token of this site.", "Make one on your profile page.")
        return
    try:
        for _ in range(2):
            while websocket.receive(interval + ANSWER_TIMEOUT_SECONDS) != "2":
                pass
            websocket.send("3")
    except OSError as error:
        advice = (
            f"Give the proxy a longer one than the server's {interval:.0f} s between pings; deploy/ has 75 s."
        )
        yield wrong("idle", f"A quiet connection is cut: {first_line(error)}", advice)
    else:
        yield ok("idle", f"A quiet connection lasts: two pings came, {interval:.0f} s apart.")
