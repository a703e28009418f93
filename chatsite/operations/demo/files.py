"""Files of the demo site's people, attached to what they say through the real service, with their bytes on the disk."""

import hashlib
import io
import math
import re
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from chatsite.operations.demo import pictures
from files import services
from files.models import File
from files.payloads import file_payload
from files.storage import local
from files.uploading.storing import Upload, store
from messaging.models import Message

SAMPLE_RATE, SECONDS = 8000, 3
PROFILE = b"""# Ash, 25 mm, along the grain
cutters = {"spiral": 6.0, "ball": 3.0}

def feed(cutter: str, depth: float) -> int:
    \"\"\"Return mm per minute.\"\"\"
    if depth > 0.6:
        raise ValueError("It splits.")
    return int(1800 / cutters[cutter] * (1 - depth / 2))

for cutter in cutters:
    print(cutter, feed(cutter, 0.5))
"""
CUT_LIST = (
    b"part,wood,mm,pieces\nleg,ash,720 x 60 x 60,4\nrail,ash,900 x 80 x 25,2\nrail,ash,500 x 80 x 25,2\n"
)


def bearing() -> bytes:
    """Return a WAV of a bearing that ticks."""
    found = io.BytesIO()
    with wave.open(found, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(SAMPLE_RATE)
        ticks = range(SAMPLE_RATE * SECONDS)
        sound.writeframes(bytes(128 + int(60 * math.sin(n / 3) * math.exp(-(n % 1000) / 60)) for n in ticks))
    return found.getvalue()


@dataclass(frozen=True)
class Attached:
    """Files of a room's last message with these words: each a name, what makes its bytes, and words for a picture."""

    room: str
    words: str
    files: Sequence[tuple[str, Callable[[], bytes], str]]


ATTACHED = (
    Attached("workshop", "lathe is back", [
        ("lathe-1.jpg", pictures.legs, "Four turned table legs on the bench"),
        ("lathe-2.jpg", pictures.boards, "A stack of ash boards, seen from the end"),
        ("lathe-3.jpg", pictures.chuck, "The chuck with its three jaws"),
    ]),
    Attached("workshop", "Four table legs", [
        ("table-legs-v3.pdf", pictures.drawing, ""),
        ("cut-list.csv", lambda: CUT_LIST, ""),
    ]),
    Attached("workshop", "Saturday is free", [("induction-notes.pdf", pictures.drawing, "")]),
    Attached("workshop", "collet-set-B", [("feeds.py", lambda: PROFILE, "")]),
    Attached("general", "programme is final", [("programme.pdf", pictures.drawing, "")]),
    Attached("general", "eighty people in the hall", [("hall.jpg", pictures.hall, "The hall with all its chairs")]),
    Attached("general", "That changes the chairs", [
        (f"chairs-{number + 1}.jpg", scene, "") for number, scene in
        enumerate((pictures.hall, pictures.boards, pictures.legs, pictures.chuck, pictures.hall, pictures.boards))
    ]),
    Attached("3d-printing", "[a-z]", [("gear.gif", pictures.spinning, "An orange gear that turns")]),
    Attached("electronics", "[a-z]", [("bearing.wav", bearing, "")]),
)  # fmt: skip


def attach_files() -> None:
    """Attach ATTACHED, within the transaction that built the site."""
    for number, wanted in enumerate(ATTACHED):
        message = last_with(wanted)
        if message is None:
            continue
        stored = list(store_all(wanted, message, number))
        services.attach(stored, message.pk)
        at = message.created_at
        File.objects.filter(message=message).update(created_at=at, attached_at=at)
        for file in stored:
            file.created_at = at
        told = "\0".join((message.body, *(str(file.pk) for file in stored)))
        message.fingerprint = hashlib.sha256(told.encode()).hexdigest()
        message.files = [file_payload(file) for file in stored]
        message.save(update_fields=["fingerprint", "files"])


def last_with(wanted: Attached) -> Message | None:
    """Return the last message with the words; it stands as it was said, so that nothing else is changed by it."""
    found = Message.objects.standing().filter(room__slug=wanted.room).select_related("sender")
    return next((each for each in found.order_by("-seq")[:200] if re.search(wanted.words, each.body)), None)


def store_all(wanted: Attached, message: Message, number: int) -> Iterator[File]:
    sender: User = message.sender
    for place, (name, draw, alt) in enumerate(wanted.files):
        client_id = UUID(int=(number + 1) * 100 + place, version=4)
        with local.incoming() as file:
            file.write(draw())
            yield store(sender, Upload(wanted.room, client_id, name, alt), file)[0]
