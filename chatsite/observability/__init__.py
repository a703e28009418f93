"""Logs, request ids, counters, metrics and health checks. Imports only `chatsite.contract`; every layer may import it."""
