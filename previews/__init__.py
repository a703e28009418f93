"""Previews of links in messages: what a page says of itself, fetched after the message by a consumer of the log."""
