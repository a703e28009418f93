"""gunicorn's worker under eventlet, its rolling restart, the hand-off of sockets between workers, psycopg's
wait.

May import everything in `chatsite.realtime`; nothing there imports it.
"""
