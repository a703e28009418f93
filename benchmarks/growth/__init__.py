"""`./run bench growth`: how costs grow with rooms, histories, a person's rooms and machines (docs/scale.md)."""
