"""The command starts."""

from __future__ import annotations

from calaim_cli import __version__
from conftest import Run


def test_version_names_program_and_data(run: Run) -> None:
    """`--version` tells which program and which data edition are in use."""
    ran = run("--version")
    assert ran == (0, f"calaim {__version__}, data 2026-11\n", "")


def test_bare_command_shows_help_and_fails(run: Run) -> None:
    """A script that forgot the command notices: help on stderr, exit 2, nothing on stdout."""
    ran = run()
    assert (ran.code, ran.out) == (2, "")
    assert "county" in ran.err
