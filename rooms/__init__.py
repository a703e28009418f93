"""Rooms: membership, moderation, the log of events, joining by socket, unread counts and presence in rooms."""
