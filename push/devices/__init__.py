"""Devices of a person that take pushes: added, changed and removed, and the key to which they are bound."""
