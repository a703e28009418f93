"""Queues in front of the database and the loop: handlers, group commit, long reads, slots.

May import `limits`, `delivery`, `chatsite.database` and everything below them.
"""
