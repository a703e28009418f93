"""`./run bench`: measure this server against others. May import the apps; nothing imports it."""
