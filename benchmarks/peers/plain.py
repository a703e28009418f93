"""python-socketio on eventlet as its documentation shows it: no storage, and the other servers' ping interval."""

import eventlet

eventlet.monkey_patch()

import os  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from typing import Any  # noqa: E402

import socketio  # noqa: E402
from eventlet import wsgi  # noqa: E402

Data = dict[str, Any]

sio = socketio.Server(async_mode="eventlet", ping_interval=8, ping_timeout=6)
users: dict[str, str] = {}
numbers: dict[str, int] = {}


@sio.event
def connect(sid: str, environ: Data, auth: Data) -> None:
    users[sid] = auth["token"][:12]


@sio.event
def join(sid: str, data: Data) -> Data:
    sio.enter_room(sid, data["room"])
    return {"ok": True, "room": {"slug": data["room"]}}


@sio.on("chat-message")
def chat_message(sid: str, data: Data) -> Data:
    message = message_for(users[sid], data)
    sio.emit("chat-message", message, to=data["room"])
    return {"ok": True, "message": message}


def message_for(username: str, data: Data) -> Data:
    seq = numbers[data["room"]] = numbers.get(data["room"], 0) + 1
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "id": seq,
        "room": data["room"],
        "seq": seq,
        "sender": {
            "username": username,
            "display_name": username,
            "avatar": {"initials": "BE", "color": 3, "url": None},
        },
        "body": data["body"],
        "html": f"<p>{data['body']}</p>",
        "client_id": data["client_id"],
        "created_at": now,
        "edited_at": None,
        "deleted": False,
        "reply_to": None,
        "reactions": [],
        "files": [],
        "previews": [],
        "forwarded": None,
    }


if __name__ == "__main__":
    listener = eventlet.listen(("127.0.0.1", int(os.environ["PORT"])), backlog=4096)
    wsgi.server(listener, socketio.WSGIApp(sio), log_output=False, max_size=20000)
