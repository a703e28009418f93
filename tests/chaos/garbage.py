"""What no client of ours sends, by a seed: broken frames, broken packets, and good ones at the wrong place.

garbage(chance)      # the bytes of one frame, at most some 64 KiB
body(chance)         # of a polling client's POST
"""

from collections.abc import Callable
from random import Random

from chatsite.contract.events import REQUESTS
from tests.support.clients.raw_clients import compact, masked

RESERVED = ["connect", "disconnect", "connect_error", "*", "message", "", "__class__", "\ud800", "é\0"]
EVENTS = [*REQUESTS, "nope"]
VALUES = [
    None, True, -1, 0, 2**63, 10**30, 1.5, "", "x", "deck", "\0", "\ud800", [], {}, [[]], {"$ne": None},
    {"_placeholder": True, "num": 0}, {"_placeholder": True, "num": 10**9},
]  # fmt: skip
KEYS = [
    "room",
    "body",
    "client_id",
    "after",
    "epoch",
    "limit",
    "id",
    "seq",
    "typing",
    "reply_to",
    "emoji",
    "__proto__",
]
CODES = [0, 999, 1000, 1001, 1004, 1005, 1006, 1015, 2999, 3000, 4999, 65535]


def data(chance: Random) -> str:
    """JSON, or nearly."""
    deep = chance.randrange(1, 4000)
    return chance.choice(
        [
            *[
                lambda: compact(
                    {chance.choice(KEYS): chance.choice(VALUES) for _ in range(chance.randrange(5))}
                )
            ]
            * 12,
            lambda: compact([chance.choice(VALUES) for _ in range(chance.randrange(4))]),
            lambda: "[" * deep + "]" * chance.choice([0, deep]),
            lambda: '{"a":' * deep + "1" + "}" * deep,
            lambda: "9" * chance.randrange(1, 5000),
            lambda: chance.choice(["NaN", "Infinity", "1e999", "{", '"', "nul", "'a'", "\0", "\ufeff{}"]),
            lambda: "[" + "1," * chance.randrange(2000) + "1]",
        ]
    )()


def socket_packet(chance: Random) -> str:
    """Socket.IO's, of any type, binary ones with them, and perhaps in another namespace or with a huge id."""
    kind = chance.choice("2" * 60 + "013456789x")
    attachments = f"{chance.choice([0, 1, 5, 999_999_999])}-" if kind in "56" else ""
    namespace = chance.choice([""] * 40 + ["/,", "/admin,", "/" + "n" * 300 + ",", "/a"])
    number = chance.choice(["", "7", "0", "9" * chance.randrange(1, 18)])
    name = compact(chance.choice(EVENTS * 3 + RESERVED))
    content = chance.choice([f"[{name},{data(chance)}]"] * 20 + [f"[{name}]", data(chance), ""])
    return kind + attachments + namespace + number + content


def engine_packet(chance: Random) -> str:
    kind = chance.choice("4" * 100 + "336012356789bx")
    content = socket_packet(chance) if kind == "4" else chance.choice(["", "", "probe", data(chance)])
    return kind + content


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def message(chance: Random) -> bytes:
    return masked(encoded(engine_packet(chance)))


def fragments(chance: Random) -> bytes:
    """In order, or with one too many, or without an end."""
    payload = encoded(engine_packet(chance))
    middle = chance.randrange(len(payload) + 1)
    parts = [masked(payload[:middle], 1, final=False), masked(payload[middle:], 0)]
    odd = chance.choice([b"", b"", b"", masked(b"", 9), masked(b"x", 0), masked(b"x", 1)])
    return chance.choices([parts[0] + odd + parts[1], parts[0], parts[1]], [6, 1, 1])[0]


def control(chance: Random) -> bytes:
    size = chance.choice([0, 1, 2, 125, 126])
    payload = chance.choice(CODES).to_bytes(2, "big") + chance.randbytes(size)
    return masked(chance.choice([payload, chance.randbytes(size)]), chance.choice([8, 9, 10]))


def header(chance: Random) -> bytes:
    """Any bits: reserved ones, reserved opcodes, no mask, a length that isn't true or not in its shortest form."""
    payload = chance.randbytes(chance.randrange(20))
    size = chance.choice(
        [
            bytes([chance.randrange(256)]),
            b"\xfe" + chance.randrange(65_536).to_bytes(2, "big"),
            b"\xff" + chance.choice([5, 70_000, 2**63, 2**64 - 1]).to_bytes(8, "big"),
        ]
    )
    return bytes([chance.randrange(256)]) + size + chance.randbytes(4) + payload


def noise(chance: Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 100))


def not_utf8(chance: Random) -> bytes:
    return masked(b"42" + chance.randbytes(10))


KINDS: list[tuple[Callable[[Random], bytes], int]] = [
    (message, 90), (fragments, 4), (control, 3), (header, 2), (noise, 1), (not_utf8, 1),
]  # fmt: skip


def garbage(chance: Random) -> bytes:
    kinds, weights = zip(*KINDS, strict=True)
    return chance.choices(kinds, weights)[0](chance)


def body(chance: Random) -> bytes:
    packets = [encoded(engine_packet(chance)) for _ in range(chance.randrange(1, 6))]
    odd = [b"\x1e".join(packets), b"", b"\x1e" * 100, chance.randbytes(50), b"d=" + packets[0], b"4" * 70_000]
    return chance.choices(odd, [10, 1, 1, 1, 1, 1])[0]
