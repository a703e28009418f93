"""Joining rooms by socket: batches of `join`, joins of all rooms, and what their acks contain."""
