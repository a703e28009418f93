"""Template tags for messages and members."""
