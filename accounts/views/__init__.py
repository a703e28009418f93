"""Pages about accounts: each view parses a form, calls one service and shows the outcome."""
