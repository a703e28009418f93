"""Encryption and sending of pushes. Runs in a child process and imports nothing of the site (docs/decisions/036)."""
