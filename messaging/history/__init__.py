"""History: messages of a room or of all rooms by page, replay from the log, and their layout on a page."""
