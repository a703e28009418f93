"""Count the instructions of a message, a delivery and a ping: the same on every machine, whatever else it does."""
