"""Template tags of all apps' pages."""
