"""Scheduled messages: written now, sent once at their time with the rights that their sender has by then."""
