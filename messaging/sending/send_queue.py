"""Group commit of new messages: many in one transaction.

Drafts that arrive while a batch is committed form the next one. A busy site pays one commit and two statements for a
batch; a calm one stores each message at once.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from django.db import transaction

from chatsite.database import sql
from chatsite.realtime.delivery import delivery
from chatsite.realtime.limits import event_costs
from chatsite.realtime.queues.group_commit import GroupCommit, Outcome
from messaging.models import Message
from messaging.payloads import encoded
from messaging.references import References
from messaging.search.pending import pending
from messaging.sending.batch import Batch
from messaging.sending.drafts import Draft, Stored
from rooms.log import log
from rooms.presence import typing
from rooms.unread import unread_notify


def store_all(drafts: Sequence[Draft]) -> list[Outcome[Stored]]:
    """Store the drafts; return for each its message and whether it is new, or its error. New messages are committed
    on return."""
    return store(Batch(drafts))


def store(batch: Batch) -> list[Outcome[Stored]]:
    """Store a batch that was authorised, after authorising it again if anything was revoked meanwhile."""
    with delivery.soon(batch.slugs), together(batch.references):
        if batch.is_stale:
            batch = Batch(batch.drafts)
        outcomes = batch.outcomes()
        fresh = [outcome[0] for outcome in outcomes if not isinstance(outcome, Exception) and outcome[1]]
        transaction.on_commit(partial(publish, fresh), robust=True)
    return outcomes


def together(references: References) -> AbstractContextManager[Any]:
    """Return a transaction if one is needed: PostgreSQL stores messages without mentions in one statement, and BEGIN
    and COMMIT are saved."""
    return nullcontext() if sql.postgresql() and not references.anybody else transaction.atomic()


batches: GroupCommit[Draft, Stored] = GroupCommit(
    store,
    prepare=Batch,
    weigh=lambda draft: draft.weight,
    owner_of=lambda draft: draft.user_id,
    name="message",
    charged=True,
)
delivery.pace(lambda: batches.busy)


def publish(messages: Sequence[Message]) -> None:
    """Deliver committed messages, and count them."""
    for message in messages:
        slug = message.room.slug
        typing.stop(slug, message.sender)
        log.deliver(slug, "chat-message", encoded(message), message.seq)
        event_costs.charge_for_room(message.sender_id, slug)
        unread_notify.touch(slug)
    pending.stored(messages)
