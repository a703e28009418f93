"""Child processes for work on what strangers sent: started by the process that needs one, limited, and killed when late.

`child.py` and `channel.py` run in the child as well and import nothing of Django (docs/decisions/029).
"""
