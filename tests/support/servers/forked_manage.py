"""`manage.py` many times over, without the second that Python takes each time to import the site.

As a program it sets Django up and forks for each line on its standard input, `[arguments, environ, stdout's file,
stderr's file]` in JSON; it answers with the exit code. What a command does with its process stays in its own.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support import ROOT


class Warm:
    """Commands of the site with this environment, which is read once."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.servers.forked_manage"],
            cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`environ` is what is read while the command runs; what settings read is read already."""
        assert self.process.stdin
        assert self.process.stdout
        with tempfile.TemporaryDirectory() as folder:
            printed = [Path(folder, name) for name in ("stdout", "stderr")]
            self.process.stdin.write(json.dumps([arguments, environ, *map(str, printed)]) + "\n")
            code = int(self.process.stdout.readline())
            return subprocess.CompletedProcess(arguments, code, *(path.read_text() for path in printed))

    def script(self, text: str, *arguments: str) -> Any:
        """Run a script; return the JSON of its last line, or "" if it printed nothing."""
        done = self.run("shell", "-v0", "-c", f"import sys\nsys.argv = {['-c', *arguments]!r}\n{text}")
        assert done.returncode == 0, done.stderr
        said = done.stdout.splitlines()
        return json.loads(said[-1]) if said else ""

    def close(self) -> None:
        self.process.communicate()


def main() -> None:
    import django

    # None lives as long as to have much to collect.
    gc.disable()
    django.setup()
    for line in sys.stdin:
        arguments, environ, out, err = json.loads(line)
        pid = os.fork()
        if not pid:
            os.environ.update(environ)
            become(arguments, out, err)
            return
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(sys.stdout.fileno(), f"{code}\n".encode())


def become(arguments: list[str], out: str, err: str) -> None:
    for number, path in enumerate(("/dev/null", out, err)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    sys.argv = ["manage.py", *arguments]
    import manage

    manage.main()


if __name__ == "__main__":
    main()
