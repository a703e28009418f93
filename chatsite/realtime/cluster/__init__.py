"""Redis between the processes of a site: what one delivers, the others receive. A hint, never the truth.

`topology` finds the Redis node of a channel or key, `subscriber` listens, `publisher` sends, `bus` keeps both
up, `envelope` is a message's form, `relay` connects it with `delivery`, `revocation_barrier` waits until
rights have ended everywhere. May import `socketio`, `engineio` and everything below them.
"""
