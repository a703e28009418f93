"""The demo site: people, rooms, and generated conversations."""
