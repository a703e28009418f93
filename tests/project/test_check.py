"""`./run test` before its first check: what is missing is installed, or named."""

import json
import os

import pytest
import yaml

from scripts import check
from tests.support.run import xdist_order


@pytest.fixture
def machine(monkeypatch):
    """A machine with these programs; `ran` is what would have been run on it."""
    programs = {
        "node",
        "npm",
        "initdb",
        "cc",
        "valgrind",
        "nginx",
        "haproxy",
        "caddy",
        "redis-server",
        "curl",
        "openssl",
    }
    ran = []
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(
        check.shutil, "which", lambda name, path=None: f"/usr/bin/{name}" if name in programs else None
    )
    monkeypatch.setattr(check, "run", lambda *command, **environ: ran.append(command))
    return programs, ran


def test_nothing_is_touched_where_all_is_there(machine):
    programs, ran = machine
    programs.add("google-chrome")
    check.install_programs()
    assert ran == []


def test_who_may_not_install_is_told_what_to(machine, monkeypatch):
    _, ran = machine
    monkeypatch.setattr(check.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match=r"need chromium: install it .*apt-get install chromium"):
        check.install_programs()
    assert ran == []


def test_root_on_debian_gets_it(machine, monkeypatch):
    programs, ran = machine
    programs.add("apt-get")
    monkeypatch.setattr(check.os, "geteuid", lambda: 0)

    def run(*command, **environ):
        ran.append(command)
        programs.update({"chromium"} & set(command))

    monkeypatch.setattr(check, "run", run)
    check.install_programs()
    assert [command[-1] for command in ran] == ["-qq", "chromium", check.SHELL]


def test_what_some_checks_need_comes_with_it_but_stops_nobody(machine, monkeypatch):
    programs, ran = machine
    programs |= {"apt-get", check.SHELL}
    programs -= {"haproxy", "redis-server"}
    monkeypatch.setattr(check.os, "geteuid", lambda: 0)
    check.install_programs()
    # One by one: a system may lack one of them.
    assert [command[-1] for command in ran[1:]] == ["haproxy", "redis-server"]
    monkeypatch.setattr(check.os, "geteuid", lambda: 1000)
    ran.clear()
    check.install_programs()
    assert ran == []


def test_an_install_that_fails_is_told(machine, monkeypatch):
    programs, _ = machine
    programs.add("apt-get")
    monkeypatch.setattr(check.os, "geteuid", lambda: 0)
    with pytest.raises(SystemExit, match="could not install"):
        check.install_programs()


def test_what_was_skipped_is_named_in_the_end(tmp_path, capfd, monkeypatch):
    some = tmp_path / "test_some.py"
    some.write_text(
        "import pytest\n@pytest.mark.skip(reason='no moon')\ndef test_tide(): pass\ndef test_sea(): pass\n"
    )
    monkeypatch.setattr(check, "skipped", [])
    assert check.pytest("-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={tmp_path}", str(some))
    assert check.skipped == ["test_some::test_tide: no moon"]
    monkeypatch.setattr(check, "STATIC", {"ground": ["echo", "solid"]})
    monkeypatch.setattr(check, "COUNTS", {"stones": ["echo", "nine"]})
    monkeypatch.setattr(check.shutil, "which", lambda name, path=None: f"/usr/bin/{name}")
    monkeypatch.setattr(check, "TESTS", {"sky": lambda: True})
    monkeypatch.setattr(check, "covered", lambda: "coverage: 87 %")
    for name in ("install_programs", "install_modules"):
        monkeypatch.setattr(check, name, lambda: None)
    monkeypatch.setenv("CHROMIUM", "")
    monkeypatch.setattr(check.sys, "argv", ["check.py"])
    assert check.main() == 0
    printed = capfd.readouterr().out
    assert "== stones\nnine\n" in printed
    assert "== ground\nsolid\n" in printed
    assert "\nskipped test_some::test_tide: no moon\ncoverage: 87 %\nok     stones" in printed
    assert "\nok     sky" in printed


def test_instructions_are_not_counted_without_valgrind_which_is_told(monkeypatch):
    monkeypatch.setattr(check, "skipped", [])
    monkeypatch.setattr(
        check.shutil, "which", lambda name: None if name == "valgrind" else f"/usr/bin/{name}"
    )
    assert check.counts() == {}
    assert check.skipped == ["instructions: valgrind missing"]


def test_lines_are_counted_but_where_tests_watch_the_time(monkeypatch):
    monkeypatch.setattr(check, "COVERAGE", False)
    assert check.counting(["-m", "not serial"]) == []
    assert "./run test --coverage" in check.covered()
    monkeypatch.setattr(check, "COVERAGE", True)
    assert "--cov" in check.counting(["-m", "not serial"])
    assert check.counting(["-m", "serial"]) == []
    counted = type("Done", (), {"stdout": "87\n"})
    monkeypatch.setattr(check.subprocess, "run", lambda *command, **options: counted)
    assert check.covered().startswith("coverage: 87 % of lines")


def test_a_public_host_runs_the_same_command_as_everybody():
    for name, command in (("test", "./run test"), ("audit", "./run audit")):
        workflow = yaml.safe_load((check.ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
        assert [step["run"] for step in workflow["jobs"][name]["steps"] if "run" in step] == [command]


def test_what_runs_first_is_there():
    assert [
        name
        for name in (*xdist_order.FIRST, *xdist_order.APART, xdist_order.LAST)
        if not (check.ROOT / name).exists()
    ] == []


@pytest.mark.parametrize("folder", [".", "benchmarks/peers"])
def test_npm_locks_every_package_by_its_hash_and_names_no_registry(folder):
    text = (check.ROOT / folder / "package-lock.json").read_text()
    packages = {name: each for name, each in json.loads(text)["packages"].items() if name}
    assert packages
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert '"resolved"' not in text
