"""Unread messages: read positions, counts, summaries of rooms, and `room-activity`."""
