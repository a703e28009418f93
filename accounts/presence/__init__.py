"""Presence: the set of people who are online, in one process or over all by Redis, and when each was last seen."""
