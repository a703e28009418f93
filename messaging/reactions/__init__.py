"""Reactions: emoji that people put under messages."""
