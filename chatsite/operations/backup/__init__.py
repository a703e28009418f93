"""Backup to one file, restore and verification, for both database engines."""
