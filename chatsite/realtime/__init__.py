"""Everything between a client's socket and the services: HTTP, Engine.IO, Socket.IO, delivery, Redis between
processes.

Knows no app. eventlet is known here and in `chatsite.database`, whose connections wait in its hub; besides
them only `chatsite/cluster.py`, two metrics and the doctor's driver import it.
"""

import warnings

# eventlet warns at its import that it is in maintenance mode. This project stands on it knowingly.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
