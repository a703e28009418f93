"""Database engines for greenlets (`sqlite`, `postgresql`), the quota of connections, and hand-written SQL.

May import `chatsite.realtime.scheduling` and `chatsite.observability`.
"""
