"""Limits on what a person, an address or a connection may spend: events, frames, requests, loop time, rooms.

May import `delivery` and everything below it.
"""
