"""Events on their way to the connections of this process and, through `peers`, to the other processes.

May import `protocol` and `scheduling`. Services call it after their commit; it calls no service.
"""
