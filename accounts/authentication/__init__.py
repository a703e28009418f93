"""Proof of identity: sessions, API tokens, password hashing, attempt limits, and the recheck of connections that are
open."""
