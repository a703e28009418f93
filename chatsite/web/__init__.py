"""Shared parts of HTTP: pages, fields, forms, middleware, static files. May import `chatsite.realtime` and below, no app."""
