"""eventlet's hub and what is built directly on it: descriptors, timers, turns, locks, threads, garbage
collection.

May import `protocol` and `chatsite.observability`, and Django's database errors and connections.
"""
