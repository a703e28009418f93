"""Logs of rooms: reading and writing events, backfill between processes, and detection of databases that were copied
back."""
