"""What only several connections show. `tests/test_postgresql.py` runs these; SQLite in memory has one connection."""

import os

collect_ignore_glob = [] if os.environ.get("TEST_DATABASE_URL") else ["test_*.py"]
