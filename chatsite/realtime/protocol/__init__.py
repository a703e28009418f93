"""Wire formats: websocket frames (RFC 6455) and Socket.IO packets. Bytes in, values out, no input or output.

May import nothing but the standard library, orjson and itself.
"""
