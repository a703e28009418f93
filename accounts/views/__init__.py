"""The pages of accounts. Each parses, calls one service and shows what came of it."""
