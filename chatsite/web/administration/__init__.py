"""Shared parts of the administration: its site, lists, filters, and acts on many rows. Imports no app."""
