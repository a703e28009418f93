"""The engine of live events, and the only package that knows eventlet."""

import warnings

# eventlet says at its import that it is in maintenance mode. It is the engine that this project stands on; what
# knows it is in this package alone, so that another could take its place.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
