"""The locked requirements are whole, and what people edit: seen without the network, which `./run audit` needs."""

import re
from importlib import metadata
from itertools import product
from typing import NamedTuple

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.requirements import NAMES, ROOT

# Where a site runs: `redis` needs a package more before 3.11.3, which Debian 12 hasn't got.
PYTHONS = ("3.11.0", "3.11.2", "3.11.9", "3.12.0", "3.13.0")
MACHINES = (("linux", "Linux", "x86_64"), ("linux", "Linux", "aarch64"), ("darwin", "Darwin", "arm64"))


class Locked(NamedTuple):
    requirement: Requirement
    hashes: list[str]

    @property
    def version(self) -> str:
        (pin,) = self.requirement.specifier
        assert pin.operator == "==", self.requirement
        return pin.version


def locked(name: str) -> dict[str, Locked]:
    """By the package's name."""
    lines = (ROOT / f"{name}.txt").read_text().replace("\\\n", " ").splitlines()
    found = [line.split(" --hash=") for line in lines if line and not line.lstrip().startswith("#")]
    entries = [
        Locked(Requirement(line.strip()), [each.strip() for each in hashes]) for line, *hashes in found
    ]
    return {canonicalize_name(entry.requirement.name): entry for entry in entries}


def edited(name: str) -> list[Requirement]:
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def environments():
    for python, (platform, system, machine) in product(PYTHONS, MACHINES):
        yield {
            **default_environment(),
            "python_version": python.rpartition(".")[0],
            "python_full_version": python,
            "sys_platform": platform,
            "platform_system": system,
            "platform_machine": machine,
        }


@pytest.mark.parametrize("name", NAMES)
def test_every_package_has_one_version_and_the_hashes_of_its_files(name):
    entries = locked(name)
    assert len(entries) > len(edited(name))
    for entry in entries.values():
        assert entry.version
        assert entry.hashes, entry.requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in entry.hashes), entry.requirement


@pytest.mark.parametrize("name", NAMES)
def test_what_is_locked_is_what_people_edit(name):
    entries = locked(name)
    for wanted in edited(name):
        assert wanted.specifier.contains(entries[canonicalize_name(wanted.name)].version), wanted


def test_tests_and_tools_get_the_releases_of_a_site():
    site, tests, tools, store, _ = map(locked, NAMES)
    assert site.keys() <= tests.keys()
    for first, second in ((site, tests), (tests, tools), (tests, store)):
        for name in first.keys() & second.keys():
            assert second[name].version == first[name].version, name
            assert set(second[name].hashes) == set(first[name].hashes), name


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_missing_on_another_python_or_system(name):
    """With hashes pip refuses to install what isn't locked, so all that a package needs anywhere must be."""
    entries = locked(name)
    extras = {canonicalize_name(each.name): each.extras for name in NAMES for each in edited(name)}
    needed = [(package, need) for package in entries for need in needs(package)]
    for environment in environments():
        there = {package for package, entry in entries.items() if holds(entry.requirement, environment, ())}
        missing = {
            str(need)
            for package, need in needed
            if package in there
            and canonicalize_name(need.name) not in there
            and holds(need, environment, extras.get(package, ()))
        }
        assert not missing, environment


def needs(package: str) -> list[Requirement]:
    """Nothing is known of what isn't installed here: only other systems need it, or `./run lock` does."""
    try:
        return [Requirement(need) for need in metadata.requires(package) or ()]
    except metadata.PackageNotFoundError:
        return []


def holds(requirement: Requirement, environment: dict[str, str], extras) -> bool:
    """Whether it is wanted there, by itself or for one of the extras."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))


@pytest.mark.parametrize("name", NAMES)
def test_no_registry_is_named(name):
    assert not re.search(r"://|--(extra-)?index-url|--find-links", (ROOT / f"{name}.txt").read_text())
