"""The files of a room, newest first: by REST, and as a page."""
