"""Presence inside rooms: fan-out of who is online, and who is typing."""
