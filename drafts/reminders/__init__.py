"""Reminders of a message or of anything, which their person sees when they are due."""
