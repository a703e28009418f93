"""Template tags for the sidebar and for blocks."""
