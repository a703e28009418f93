"""Notifications: who is told of a message, by which channel and why, and the inbox of what was told."""
