"""Redis between the processes of a site: what one delivers, the others hear. A hint, never the truth.

`servers` knows the kinds of Redis, `links` listens, `publisher` sends, `bus` keeps all that up, `envelope` is what a
message looks like, `relay` brings it together with `chatsite.realtime.delivery.delivery`, and `site` with the rest.
"""
