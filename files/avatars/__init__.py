"""Pictures of people and rooms, in place of initials and signs."""
