"""Web push: people's devices are told of what happened while no page is open (RFC 8030, 8291, 8292)."""
