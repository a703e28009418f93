"""Pages about rooms: browse and make them, settings, members, blocks."""
