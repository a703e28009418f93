"""Count the instructions of a message and of a delivery: the same on every machine, whatever else it does."""
