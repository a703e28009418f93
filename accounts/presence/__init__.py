"""Presence: the set of people who are online, in one process or over all by Redis, who of them is invisible or away, and
when each was last seen."""
