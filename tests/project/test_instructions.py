"""The check of instructions: what it says and when it fails. The count itself is a check of `./run test`."""

import json
import sys

import pytest

from benchmarks.instructions import __main__ as instructions

STORED = {"message": 1_000_000, "delivery": 10_000}


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ({}, []),
        ({"message": 1_099_000, "delivery": 9_100}, []),
        ({"message": 1_101_000}, ["message"]),
        # A gain must be stored, or it is lost unnoticed.
        ({"delivery": 8_900}, ["delivery"]),
        ({"message": 2_000_000, "delivery": 1}, ["message", "delivery"]),
    ],
)
def test_a_tenth_more_or_less_fails(capsys, found, wrong):
    code = instructions.verdict({**STORED, **found}, STORED, "this Python")
    printed = capsys.readouterr().out
    failed = [line.split()[1].rstrip(":") for line in printed.splitlines() if line.startswith("FAILED")]
    assert (code, failed) == (bool(wrong), wrong)
    assert (instructions.RENEW in printed) is bool(wrong)


def test_the_message_names_both_numbers(capsys):
    instructions.verdict({**STORED, "delivery": 12_345}, STORED, "this Python")
    assert "FAILED delivery: 12,345 instructions; 10,000 are stored." in capsys.readouterr().out


def test_a_python_without_figures_is_told_and_passes(capsys):
    assert instructions.verdict(STORED, None, "Python 3.99") == 0
    printed = capsys.readouterr().out
    assert "no figures of Python 3.99" in printed
    assert "1,000,000" in printed


def test_what_is_stored_has_the_figures_that_are_counted():
    stored = json.loads(instructions.STORED.read_text())
    names = instructions.figures({"message": 1, "batch": 1, "few": 1, "many": 1})
    assert stored
    assert all(figures.keys() == names.keys() for figures in stored.values())
    version = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    assert instructions.kind(with_postgresql=False).startswith(version)
