"""Membership: who is in a room, with roles, mutes, bans, blocks and invite links, and the events that report changes."""
