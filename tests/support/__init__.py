from pathlib import Path

# The project's folder.
ROOT = Path(__file__).resolve().parents[2]
