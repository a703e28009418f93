"""Sending of pushes: the queue of what is due, and what push services answered."""
