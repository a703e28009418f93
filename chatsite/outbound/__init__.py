"""Connections to addresses that strangers named. Runs in child processes, knows nothing of the site (docs/decisions/031)."""
