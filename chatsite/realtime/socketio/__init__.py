"""Socket.IO over `engineio`: sessions, the routing of events, their dispatch, and the server that `./run`
serves.

May import `engineio` and everything below it; apps come in through `routing.Router` only.
"""
