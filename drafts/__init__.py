"""What somebody writes now for later: drafts that their devices share, scheduled messages, and reminders."""
