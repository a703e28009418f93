"""Hooks by which apps above take part in what becomes of a message, so that messaging needn't import them.

Each is called in the transaction of the change, with the message's row locked.
"""

from collections.abc import Callable

from messaging.models import Message

# The message has its new text, which isn't stored yet; its `previews` may be changed.
on_edit: list[Callable[[Message], None]] = []
# The message's text and parts are gone.
on_delete: list[Callable[[Message], None]] = []
