"""The Pythons on which `make versions` runs the tests."""

from __future__ import annotations

import tomllib

from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TRIED = PROJECT["tool"]["tox"]["env_list"]


def test_lowest_python_is_tried_with_newest_and_lowest_dependencies() -> None:
    """What an installer takes as the lowest is shown to work, so no bound promises what nobody tried."""
    lowest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert {lowest, f"{lowest}-lowest"} <= set(TRIED)
