"""Consumers of the log: what happens because of an event adds nothing to its write. A consumer keeps a position in each
room's log and reads on from it, at least once, in whichever process holds its lease (docs/decisions/028)."""
