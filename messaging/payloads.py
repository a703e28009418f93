"""Payload of a message: one builder for sockets, REST and pages."""

from typing import Any

import orjson

from accounts.payloads import user_brief
from chatsite.contract.times import iso
from messaging.message_row import MessageRow, QuoteRow
from messaging.models import Message

Payload = dict[str, Any]

# Characters of a quote, which is one line.
QUOTE_LENGTH = 140


def message_payload(message: Message | MessageRow) -> Payload:
    """Return the contract's message, of a row or of a Message with its relations loaded (`Message.objects.whole()`)."""
    gone = message.gone
    return {
        "id": message.pk,
        "room": message.room.slug,
        "seq": message.seq,
        "sender": user_brief(message.sender),
        "body": "" if gone else message.body,
        "html": "" if gone else message.html,
        "client_id": str(message.client_id),
        "created_at": iso(message.created_at),
        "edited_at": iso(message.edited_at),
        "deleted": gone,
        "reply_to": quote(message.reply_to) if message.reply_to and not gone else None,
    }


def encoded(message: Message) -> orjson.Fragment:
    """Return `message_payload` as JSON, made once for the message's first delivery and its sender's ack."""
    if message.encoded is None:
        message.encoded = orjson.Fragment(orjson.dumps(message_payload(message)))
    return message.encoded


def quote(message: Message | QuoteRow) -> Payload:
    """Return the quoted part of a message that a reply answers."""
    return {
        "id": message.pk,
        "seq": message.seq,
        "sender": user_brief(message.sender),
        "body": "" if message.gone else first_line(message.body),
    }


def first_line(body: str) -> str:
    """Return the first line with text, cut to QUOTE_LENGTH characters."""
    line = next((line for line in body.splitlines() if line.strip()), "").strip()
    return line if len(line) <= QUOTE_LENGTH else line[: QUOTE_LENGTH - 1].rstrip() + "…"
