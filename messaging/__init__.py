"""Messages: sending, history, search, rendering of markdown, and moderation."""
