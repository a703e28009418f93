"""The texts that a message had before its edits: kept with each edit, read and rendered on demand.

A setting of the site turns it off (`SiteSettings.keep_edits`): nothing new is kept then, and nothing that was is shown.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django.db.models import Value
from django.db.models.functions import Coalesce

from accounts.models import SiteSettings, User
from chatsite.contract.times import iso
from chatsite.database import sql
from chatsite.realtime.queues import read_queue
from messaging.models import Message, MessageText
from messaging.payloads import Payload
from messaging.references import References
from messaging.rendering import render, weight
from rooms.log.log import PAGE_BYTES
from rooms.models import Room

# Earlier texts of one message. Beyond that the second-oldest goes: the first tells what people answered to.
MAX_TEXTS = 100
# The place of the present text, behind those of all earlier ones.
PRESENT = 2**31 - 1
# `rendering.weight` of what is rendered in one turn, some 15 ms, and for one page, some 0.3 s.
TURN_WEIGHT, PAGE_WEIGHT = 10_000, 200_000
# Rows that are counted, and those of one DELETE when all are removed.
MAX_COUNTED, ROWS_PER_DELETE = 10_000, 1000


class Text(NamedTuple):
    """What a message said from `at` on. `html` is empty until it is rendered; the present text has it stored."""

    body: str
    html: str
    at: datetime
    number: int


def keep(message: Message) -> None:
    """Store the text that an edit is about to replace, if the site keeps them. In the edit's transaction, with the
    message's row locked; one statement, and another beyond MAX_TEXTS."""
    stored = sql.run(
        """INSERT INTO messaging_messagetext (message_id, number, body, at)
           SELECT m.id, COALESCE((SELECT max(t.number) FROM messaging_messagetext t WHERE t.message_id = m.id), 0) + 1,
                  m.body, COALESCE(m.edited_at, m.created_at)
           FROM messaging_message m
           WHERE m.id = %s AND NOT EXISTS (SELECT 1 FROM accounts_sitesettings s WHERE NOT s.keep_edits)
           RETURNING number""",
        message.pk,
    )
    if stored and (last := stored[0][0]) > MAX_TEXTS:
        MessageText.objects.filter(message=message, number__range=(2, last - MAX_TEXTS + 1)).delete()


def forget(message: Message) -> None:
    """Remove the earlier texts of a message that is being deleted."""
    MessageText.objects.filter(message=message).delete()


def texts_of(message: Message, before: int | None = None) -> list[Text]:
    """Return the texts of a message that the reader may read, newest first: the present one, and the earlier ones where
    the site keeps them; none of a message that is gone. With `before`, those of lower numbers.

    One statement reads them all: an edit in between would show a text twice, or not at all.
    """
    standing = Message.objects.standing().filter(pk=message.pk)
    present = standing.annotate(at=Coalesce("edited_at", "created_at"), number=Value(PRESENT))
    kept = MessageText.objects.filter(message__in=standing).annotate(html=Value(""))
    now, earlier = (found.values_list("body", "html", "at", "number") for found in (present, kept))
    if not (message.edited_at and SiteSettings.keeps_edits()):
        rows = [] if before is not None else list(now)
    elif before is not None:
        rows = list(earlier.filter(number__lt=before).order_by("-number"))
    else:
        rows = list(now.union(earlier, all=True).order_by("-number"))
    return [Text._make(row) for row in rows]


def earlier_texts(message: Message) -> list[MessageText]:
    """Return the earlier texts for a moderator, newest first, also of a hidden message."""
    if not message.edited_at or not SiteSettings.keeps_edits():
        return []
    return list(message.texts.order_by("-number"))


def page_of(reader: User, message: Message, texts: Sequence[Text]) -> list[Text]:
    """Return the first of the texts with `html`: those that fit PAGE_BYTES and PAGE_WEIGHT, at least one. In turns with
    other people's reads."""
    done: list[Text] = []
    size = heavy = 0
    for turn in turns(texts):
        heavy += sum(weight(text.body) for text in turn)
        if done and heavy > PAGE_WEIGHT:
            return done
        for text in read_queue.wait(reader.pk, partial(render_all, turn, message.room)):
            size += len(text.body) + len(text.html)
            if done and size > PAGE_BYTES:
                return done
            done.append(text)
    return done


def turns(texts: Sequence[Text]) -> Iterator[list[Text]]:
    """Yield the texts in runs of at most TURN_WEIGHT, or of a single one."""
    run: list[Text] = []
    total = 0
    for text in texts:
        cost = weight(text.body)
        if run and total + cost > TURN_WEIGHT:
            yield run
            run, total = [], 0
        run.append(text)
        total += cost
    if run:
        yield run


def render_all(texts: Sequence[Text], room: Room) -> list[Text]:
    """Render the texts that aren't yet, with the names of today."""
    references = References(text.body for text in texts if not text.html)

    def html(body: str) -> str:
        return render(body, references.people_in(body), references.rooms_in(body, room))

    return [text if text.html else text._replace(html=html(text.body)) for text in texts]


def text_payload(text: Text) -> Payload:
    """Return the JSON of one text: `{"body", "html", "at"}`."""
    return {"body": text.body, "html": text.html, "at": iso(text.at)}


def stored_texts() -> str:
    """Return how many earlier texts are stored, of all messages: "2 earlier texts", "" for none."""
    count = MessageText.objects.order_by("pk")[: MAX_COUNTED + 1].count()
    if count > MAX_COUNTED:
        return f"more than {MAX_COUNTED:,} earlier texts"
    return f"{count:,} earlier text{'' if count == 1 else 's'}" if count else ""


def remove_all(turn: Callable[[], object]) -> int:
    """Remove all earlier texts, and return their number. In pieces; `turn()`, called between two, lets others work."""
    removed = 0
    while pks := list(MessageText.objects.order_by("pk").values_list("pk", flat=True)[:ROWS_PER_DELETE]):
        removed += MessageText.objects.filter(pk__in=pks).delete()[0]
        turn()
    return removed
