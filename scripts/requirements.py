"""Lock the project's packages with hashes (`./run lock`), and audit them for known vulnerabilities (`./run audit`)."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# In the order of locking: the tests' file takes over the site's versions, the tools' file both.
NAMES = ("requirements", "requirements-dev", "requirements-tools", "requirements-s3", "requirements-s3-test")
# For Python 3.11 and newer on every system: packages that only some need are locked with their condition.
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
    """Make requirements*.txt of requirements*.in. Locked versions stay, unless `arguments` of `uv pip compile` (such as
    `--upgrade`) release them."""
    return all(
        run(BIN / "uv", *LOCK, "--quiet", *arguments, f"{name}.in", "--output-file", f"{name}.txt")
        for name in NAMES
    )


def audit(arguments: Sequence[str]) -> bool:
    """Ask the registries for published vulnerabilities of the locked packages; `arguments` are pip-audit's.

    Fails if one registry gives no answer, as pip-audit without `--strict` would then report no vulnerabilities."""
    files = [part for name in NAMES for part in ("-r", f"{name}.txt")]
    python = run(BIN / "pip-audit", "--strict", "--disable-pip", "--progress-spinner=off", *files, *arguments)
    return all([python, *(run("npm", "audit", cwd=folder) for folder in NPM)])


def main() -> int:
    command, *arguments = sys.argv[1:]
    return 0 if {"lock": lock, "audit": audit}[command](arguments) else 1


if __name__ == "__main__":
    sys.exit(main())
