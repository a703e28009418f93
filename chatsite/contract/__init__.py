"""Names of the protocol that all layers share: errors, events, and the format of times. Imports nothing of the site."""
