"""Install what the benchmarks need besides Python: compiler, Node, databases, a browser. Exit with a list if we may not."""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = {
    "gcc": ("gcc", "libc6-dev"),
    "node": ("nodejs",),
    "npm": ("npm",),
    "postgres": ("postgresql",),
    "redis-server": ("redis-server",),
    "chromium": ("chromium",),
}
BUILD = HERE / "build"


def postgres_bin() -> Path | None:
    """Find the folder of PostgreSQL's server programs, which Debian keeps out of PATH."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return Path(found).resolve().parent if found else next(reversed(folders), None)


def is_there(name: str) -> bool:
    if name == "postgres":
        return postgres_bin() is not None
    return bool(shutil.which(name) or (name == "chromium" and os.environ.get("CHROMIUM")))


def missing(names: Collection[str]) -> list[str]:
    return [package for name in names if not is_there(name) for package in PACKAGES[name]]


def install(names: Collection[str] = tuple(PACKAGES)) -> None:
    """Install these programs, the peers if they have Node, and the load generator."""
    packages = missing(names)
    if packages and (os.geteuid() != 0 or not shutil.which("apt-get")):
        wanted = " ".join(packages)
        sys.exit(f"The benchmarks need {wanted}: install it (Debian, Ubuntu: sudo apt-get install {wanted}).")
    if packages:
        print(f"Installing {' '.join(packages)} ...", file=sys.stderr)
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environ)
        command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
        subprocess.run(command, env=environ, stdout=subprocess.DEVNULL)
        if missing(names):
            sys.exit(f"apt-get could not install {' '.join(missing(names))}.")
    if "node" in names:
        install_peers()
    compile_all()


def install_peers() -> None:
    peers = HERE / "peers"
    lock, stamp = peers / "package-lock.json", peers / "node_modules" / ".stamp"
    if stamp.is_file() and stamp.read_bytes() == lock.read_bytes():
        return
    if subprocess.run(["npm", "ci", "--loglevel=error"], cwd=peers, stdout=subprocess.DEVNULL).returncode:
        sys.exit("npm could not install the peers; the lines above say why.")
    stamp.write_bytes(lock.read_bytes())


def compile_all() -> None:
    BUILD.mkdir(exist_ok=True)
    compile_program("load", *sorted((HERE / "load").glob("*.c")))
    compile_program("naive", HERE / "peers" / "naive.c")


def compile_program(name: str, *sources: Path) -> None:
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-o", str(BUILD / name), *map(str, sources)]
    if subprocess.run(command).returncode:
        sys.exit(f"gcc could not compile {name}.")
