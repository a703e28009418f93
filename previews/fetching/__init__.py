"""Fetching of strangers' pages. Runs in a child process and imports nothing of the site (docs/decisions/031)."""
