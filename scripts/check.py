"""Run every check of the project: `./run test`.

`./run test --quick` runs what a change needs, within two minutes, with paths for pytest where they are known. With other
arguments, run only pytest with them.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# Skipped tests, a line each.
skipped: list[str] = []
# Coverage is measured where cheap, or if asked for: it takes 2 % of the time with Python 3.12, half as much again before.
SYSMON = sys.version_info >= (3, 12)
COVERAGE = SYSMON or "--coverage" in sys.argv
# More than twice the cores of a small machine, as tests wait for servers, clocks and browsers most of the time: four workers
# leave a fifth of two cores idle.
WORKERS = "5"
# The first is Chromium without its windows, which takes a third less of a processor for the same pages.
SHELL = "chromium-headless-shell"
BROWSERS = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HTTPS = {
    "SITE_URL": "https://chat.example.org",
    "SECRET_KEY": secrets.token_urlsafe(48),
    "DJANGO_SETTINGS_MODULE": "chatsite.settings",
}


def run(*command: str | Path, **environ: str) -> bool:
    return subprocess.run(list(map(str, command)), cwd=ROOT, env={**os.environ, **environ}).returncode == 0


def browser() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def initdb() -> str | None:
    """Find initdb, which Debian keeps out of PATH."""
    return shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)


def optional() -> list[str]:
    """List the packages that are missing and without which some tests are skipped, or take longer."""
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    names = ("nginx", "haproxy", "caddy", "redis-server", "curl", "openssl", SHELL)
    found = {name: shutil.which(name, path=path) for name in names}
    found["postgresql"] = initdb()
    found["gcc"] = found["libc6-dev"] = shutil.which("cc")
    found["valgrind"] = shutil.which("valgrind")
    return [package for package, path in found.items() if not path]


def missing() -> list[str]:
    """List the packages that are missing and without which a check can't run, by their names in Debian."""
    found = {"chromium": browser(), "nodejs": shutil.which("node"), "npm": shutil.which("npm")}
    return [package for package, path in found.items() if not path]


def install_programs() -> None:
    """Install missing packages, as root with apt-get; exit if a required one stays missing."""
    may_install = bool(shutil.which("apt-get")) and os.geteuid() == 0
    packages = missing()
    if packages and not may_install:
        wanted = " ".join(packages)
        sys.exit(f"The tests need {wanted}: install it (Debian, Ubuntu: sudo apt-get install {wanted}).")
    if may_install:
        install(packages, optional())
    if missing():
        sys.exit(f"The tests need {' '.join(missing())}, and apt-get could not install it.")


def install(packages: list[str], wanted: list[str]) -> None:
    """Install `packages` at once and `wanted` one by one, as a system may lack some of those."""
    if not packages + wanted:
        return
    print(f"Installing {' '.join(packages + wanted)} ...", flush=True)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-qq", **quiet)
    for some in filter(None, [packages, *([package] for package in wanted)]):
        run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *some, **quiet)


def install_modules() -> None:
    lock, stamp = ROOT / "package-lock.json", ROOT / "node_modules" / ".stamp"
    if stamp.is_file() and stamp.read_bytes() == lock.read_bytes():
        return
    if not run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"):
        sys.exit("npm could not install what package-lock.json names; the lines above say why.")
    stamp.write_bytes(lock.read_bytes())


def install_store() -> None:
    """Install the tests' S3-compatible store into an environment of its own, as it wants other packages than a site."""
    lock, folder = ROOT / "requirements-s3-test.txt", BIN.parent / "swift"
    stamp, wanted = folder / ".stamp", f"{sys.version}\n{lock.read_text()}"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    # Without a pip of its own, and without compiling what is mostly never imported: a third of the time.
    pip: list[str | Path] = [BIN / "python", "-m", "pip", "--python", folder / "bin" / "python", "install"]
    quiet = ("--quiet", "--no-compile", "--no-input", "--disable-pip-version-check")
    installed = run(sys.executable, "-m", "venv", "--clear", "--without-pip", folder) and run(
        *pip, *quiet, "--require-hashes", "-r", lock
    )
    if not installed:
        sys.exit(f"What {lock.name} names could not be installed; the lines above say why.")
    stamp.write_text(wanted)


def pytest(*arguments: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        run: list[str | Path] = [BIN / "pytest", *arguments, *counting(arguments), f"--junitxml={report}"]
        code = subprocess.run(run, cwd=ROOT).returncode
        if report.is_file():
            skipped.extend(skipped_tests(report))
    # 5 is "no test ran": right where nothing carries a marker.
    return code == 0 or (code == 5 and "-m" in arguments)


def counting(arguments: Sequence[str]) -> list[str]:
    """Return pytest's arguments for coverage; none for the serial tests, which watch the time."""
    return ["--cov", "--cov-report="] if COVERAGE and "serial" not in arguments else []


def covered() -> str:
    """Report the coverage in a sentence. Lines that run only in a started server don't count."""
    if not COVERAGE:
        return "coverage: not counted, as it takes long before Python 3.12; ./run test --coverage does"
    report: list[str | Path] = [BIN / "coverage", "report", "--format=total"]
    total = subprocess.run(report, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return f"coverage: {total or '?'} % of lines, without those that only a started server runs"


def skipped_tests(report: Path) -> list[str]:
    """List the skipped tests of pytest's report, with their reasons."""
    cases = ElementTree.parse(report).iter("testcase")
    return [
        f"{case.get('classname')}::{case.get('name')}: {why.get('message')}"
        for case in cases
        for why in case.iter("skipped")
    ]


def naming(marker: str) -> list[Path]:
    """The files of tests with that word in them: what hasn't got it needn't be imported."""
    return [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if marker in path.read_text()]


MANAGE = [sys.executable, "manage.py"]
# Checks of the code, which run nothing of the site but its JavaScript. The longest comes first.
STATIC: dict[str, list[str | Path]] = {
    "types": [BIN / "mypy"],
    # What it compiles is kept; each of the workers would do the same at once.
    "collect": [BIN / "pytest", "--collect-only", "-qq"],
    "ruff": [BIN / "ruff", "check", "."],
    "format": [BIN / "ruff", "format", "--check", "."],
    "imports": [BIN / "lint-imports"],
    "shell": [BIN / "shellcheck", "run", ".ci/run"],
    "templates": [BIN / "djlint", "templates", "--lint", "--quiet"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "deploy": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
    "schema": [*MANAGE, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull],
    "eslint": ["node_modules/.bin/eslint", "."],
    "js": ["node", "--test", *sorted((ROOT / "tests" / "js").rglob("*.test.*js"))],
}
# Takes half a minute of a processor, and counts the same whatever else runs. Not in `./run test --quick`.
COUNTS: dict[str, list[str | Path]] = {"instructions": [sys.executable, "-m", "benchmarks.instructions"]}
ENVIRONS = {"deploy": HTTPS}

BY_FILE = ["--no-loadscope-reorder"]
TESTS: dict[str, Callable[[], bool]] = {
    "tests": lambda: pytest("-n", WORKERS, *BY_FILE, "-m", "not serial"),
    "timings": lambda: pytest("-n", "2", *BY_FILE, "-m", "serial", *map(str, naming("serial"))),
}
# Without those that start a server, a browser or a copy of the project, and without what takes many seconds. What is left
# waits for nothing.
QUICK = "not (realtime or browser or serial or slow)"

Result = tuple[bool, float]


def counts() -> dict[str, list[str | Path]]:
    """Return the check of instructions, if it can run."""
    lacking = [name for name in ("valgrind", "gcc") if not shutil.which(name)]
    if lacking:
        skipped.append(f"instructions: {' and '.join(lacking)} missing")
    return {} if lacking else COUNTS


def check_static(checks: dict[str, list[str | Path]]) -> dict[str, Result]:
    """Two at a time; what each says comes in one piece."""
    with ThreadPoolExecutor(2) as pool:
        under_way = {name: pool.submit(run_static, name, command) for name, command in checks.items()}
        results = {}
        for name, done in under_way.items():
            passed, seconds, said = done.result()
            print(f"\n== {name}\n{said}", end="", flush=True)
            results[name] = passed, seconds
    return results


def run_static(name: str, command: list[str | Path]) -> tuple[bool, float, str]:
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **ENVIRONS.get(name, {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode == 0, time.monotonic() - started, done.stdout


def check(name: str, run: Callable[[], bool]) -> Result:
    print(f"\n== {name}", flush=True)
    started = time.monotonic()
    return run(), time.monotonic() - started


def main() -> int:
    sys.argv = [argument for argument in sys.argv if argument != "--coverage"]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    if SYSMON:
        os.environ.setdefault("COVERAGE_CORE", "sysmon")
    # Some hundred processes import the site, and would compile it each time without bytecode.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    install_programs()
    os.environ["CHROMIUM"] = browser() or ""
    install_modules()
    arguments = sys.argv[1:]
    tests = TESTS
    if "--quick" in arguments:
        arguments.remove("--quick")
        tests = {"tests": lambda: pytest("-n", "2", *BY_FILE, "-m", QUICK, *arguments)}
    elif arguments:
        install_store()
        return subprocess.run([BIN / "pytest", *arguments], cwd=ROOT).returncode
    with ThreadPoolExecutor(1) as pool:
        installing = [pool.submit(install_store)] if tests is TESTS else []
        results = check_static({**counts(), **STATIC} if tests is TESTS else STATIC)
        for one in installing:
            one.result()
    results |= {name: check(name, run) for name, run in tests.items()}
    print("", *(f"skipped {line}" for line in skipped), covered(), sep="\n")
    for name, (passed, seconds) in results.items():
        print(f"{'ok    ' if passed else 'FAILED'} {name} ({seconds:.0f} s)")
    return 0 if all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
