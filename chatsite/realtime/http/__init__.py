"""HTTP/1 connections of the worker: their sockets, whole requests, turns, and answers to refused requests.

May import `socketio` and `cluster` and everything below them; gunicorn parses and writes.
"""
