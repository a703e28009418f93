"""Pages about messages: a room's page, search, and unread messages of all rooms."""
