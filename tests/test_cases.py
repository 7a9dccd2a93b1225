"""Cases that reviewers keep: answers with the outcomes they expect of the shipped policy."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome
from conftest import AS_OF, Run

CASES = sorted((Path(__file__).parent / "cases").glob("*.toml"))


def test_every_case_comes_out_as_expected(run: Run) -> None:
    """Every case that reviewers keep is decided as its [expect] table says."""
    ran = run("check", *CASES, "--expect", "--as-of", AS_OF)
    assert (ran.code, ran.out) == (0, "")
    assert f"{len(CASES)} cases, 0 differences" in ran.err


def test_cases_cover_every_outcome_and_population(catalog: Policy) -> None:
    """The cases include an example of each outcome and, for each population, one that fits and one that does not."""
    expected = [pair for case in CASES for pair in tomllib.loads(case.read_text())["expect"].items()]
    assert {outcome for _, outcome in expected} == set(Outcome)
    populations = {entry.id for entry in catalog.programs_file.population}
    assert {subject for subject, outcome in expected if outcome == "likely"} >= populations
    assert {subject for subject, outcome in expected if outcome != "likely"} >= populations


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case_says_who_it_is_about(case: Path) -> None:
    """The first line tells a reviewer, in plain words, whom a case is about."""
    first = case.read_text().splitlines()[0]
    assert first.startswith("# ")
    assert first.endswith(".")


@pytest.fixture
def wrong_case(tmp_path: Path) -> Path:
    """A case with two expectations, of which the second is wrong."""
    path = tmp_path / "wrong.toml"
    path.write_text('[answers]\nexcluded_programs = ["hospice"]\n[expect]\necm = "unlikely"\nrespite = "likely"\n')
    return path


def test_wrong_expectation_is_listed(run: Run, wrong_case: Path) -> None:
    """A reviewer sees which case and result differ, and how; a script notices by exit code 4."""
    ran = run("check", CASES[0], wrong_case, "--expect", "--as-of", AS_OF)
    assert ran.code == 4
    assert ran.out == f"{wrong_case}\trespite\texpected likely\tfound need-answers\n"
    assert "2 cases, 1 difference" in ran.err


def test_wrong_expectation_is_listed_as_json(run: Run, wrong_case: Path) -> None:
    """A script reads the differences as one document."""
    ran = run("check", CASES[0], wrong_case, "--expect", "--json", "--as-of", AS_OF)
    assert ran.code == 4
    assert json.loads(ran.out) == {
        "schema": "calaim.expectations/1",
        "cases": 2,
        "differences": [{"case": str(wrong_case), "result": "respite", "expected": "likely", "found": "need-answers"}],
        "warnings": [],
    }
