"""What the project stands on: `./run lock` writes it down to the byte, `./run audit` asks what is known against it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# In this order: what is locked for the site holds for the tests, and with theirs for the tools.
NAMES = ("requirements", "requirements-dev", "requirements-tools")
# For this Python and newer ones, on every system: what only some of them need is locked with its condition.
LOCK = (
    "pip",
    "compile",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-emit-index-url",
)
# Folders with a package-lock.json.
NPM = (ROOT, ROOT / "benchmarks" / "peers")


def run(*command: str | Path, cwd: Path = ROOT) -> bool:
    return subprocess.run(list(map(str, command)), cwd=cwd).returncode == 0


def lock(arguments: Sequence[str]) -> bool:
    """Make requirements*.txt of requirements*.in. What is locked stays as it is, but for what `arguments` (of
    `uv pip compile`, such as `--upgrade`) let go."""
    return all(
        run(BIN / "uv", *LOCK, "--quiet", *arguments, f"{name}.in", "--output-file", f"{name}.txt")
        for name in NAMES
    )


def audit(arguments: Sequence[str]) -> bool:
    """Ask the registries for weaknesses that were published of what is locked; `arguments` are pip-audit's.

    Asks all of them, and fails where one gives no answer: pip-audit without `--strict` says then that it found none."""
    files = [part for name in NAMES for part in ("-r", f"{name}.txt")]
    python = run(BIN / "pip-audit", "--strict", "--disable-pip", "--progress-spinner=off", *files, *arguments)
    return all([python, *(run("npm", "audit", cwd=folder) for folder in NPM)])


def main() -> int:
    command, *arguments = sys.argv[1:]
    return 0 if {"lock": lock, "audit": audit}[command](arguments) else 1


if __name__ == "__main__":
    sys.exit(main())
