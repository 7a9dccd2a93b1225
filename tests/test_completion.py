"""Completion offers what fits what was typed, and the table of what comes where is that of the commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from calaim_cli.policy import policy
from calaim_cli.policy.policy import Policy
from calaim_cli.quick import TAKES, candidates, kind_after
from conftest import Run

NAMES = {
    "place": ["Alameda", "San Diego", "San Luis Obispo", "San Mateo"],
    "county": ["Alameda", "San-Diego", "San-Luis-Obispo", "San-Mateo"],
    "service": ["sobering-centers", "meals"],
}


@pytest.mark.parametrize(
    ("kind", "before", "typed", "offered"),
    [
        pytest.param("place", [], "", ["Alameda", "San"], id="first words as written"),
        pytest.param("place", [], "a", ["alameda"], id="small letters stay small"),
        pytest.param("place", ["SAN"], "", ["Diego", "Luis", "Mateo"], id="second word"),
        pytest.param("place", ["san", "luis"], "o", ["obispo"], id="third word"),
        pytest.param("place", ["san", "mateo"], "", [], id="nothing after the last word"),
        pytest.param("place", ["mateo"], "", [], id="not from the middle of a name"),
        pytest.param("county", [], "San-", ["San-Diego", "San-Luis-Obispo", "San-Mateo"], id="one word for an option"),
        pytest.param("service", [], "s", ["sobering-centers"], id="ids"),
        pytest.param("service", [], "x", [], id="nothing fits"),
    ],
)
def test_candidates_begin_with_what_was_typed(kind: str, before: list[str], typed: str, offered: list[str]) -> None:
    """The tab key only ever completes; it never replaces what was typed."""
    assert candidates(kind, before, typed, NAMES[kind]) == offered


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", ["case.toml", "cases.json", "sub/"]),
        ("case.", ["case.toml"]),
        (".", [".case.toml"]),
        ("sub/", ["sub/other.toml"]),
        ("absent/", []),
        ("case.toml/", []),
    ],
)
def test_case_files_and_folders_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, offered: list[str]
) -> None:
    """Files that can be cases, and folders on the way to them; names that a shell would have to quote are its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for name in ("case.toml", "a case.toml", "cäse.toml", "cases.json", "other.txt", ".case.toml", "sub/other.toml"):
        (tmp_path / name).touch()
    assert candidates("case", [], typed, []) == offered


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ([], ""),
        (["county"], "place"),
        (["county", "san"], "place"),
        (["county", "--plain", "san"], ""),
        (["services"], "service"),
        (["when"], "situation"),
        (["when", "leaving"], ""),
        (["services", "meals"], ""),
        (["services", "meals", "--county"], "county"),
        (["counties", "--without"], "service"),
        (["check", "a.toml"], "case"),
        (["refer", "a.toml"], ""),
        (["batch"], ""),
    ],
)
def test_kind_depends_on_command_and_option(words: list[str], kind: str) -> None:
    """Only where a name or a case file is wanted is one offered."""
    assert kind_after(words) == kind


@pytest.mark.parametrize("command", TAKES)
def test_table_names_options_that_are_there(run: Run, catalog: Policy, command: str) -> None:
    """The table of what comes where follows the commands, and knows names for each kind."""
    text = run(command, "--help").out
    known = {*policy.names(catalog), "case"}
    for option, kind in TAKES[command].items():
        assert option in text
        assert kind in known
