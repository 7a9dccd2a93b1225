"""Floor 4: the story of `check`: a case decided for a county, or compared with what was expected of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct

from calaim_cli.advice import Advice, advise
from calaim_cli.case import Case
from calaim_cli.catalog import Catalog
from calaim_cli.checks import zip_elsewhere
from calaim_cli.counties import County, NoPlace, find_place, find_zip
from calaim_cli.determination import Determination, Outcome
from calaim_cli.errors import InputError, NotFound, Problem
from calaim_cli.near import did_you_mean, one_of
from calaim_cli.programs import subject_id
from calaim_cli.screening import Screener, Screening


class Decided(Struct, frozen=True):
    """One case with its determinations, each with its advice, for the county it was decided for."""

    name: str
    county: County | None
    results: tuple[tuple[Determination, Advice], ...]
    warnings: tuple[Problem, ...]


class Difference(Struct, frozen=True):
    """A program, population or service that did not come out as expected."""

    case: str
    subject: str
    expected: str
    found: str


def decide(name: str, case: Case, screener: Screener, catalog: Catalog, as_of: date, stated: County | None) -> Decided:
    """Decide the case for the stated county, else for its own.

    Raises InputError with every problem of the answers, NotFound for a county that is none.
    """
    screening = _screened(name, case, screener, as_of)
    county, warnings = (stated, ()) if stated else _county_of(name, case, catalog)
    kp_member = case.member.kp_member
    results = tuple(
        (one, advise(one, catalog, county, kp_member=kp_member)) for one in screening.determinations.values()
    )
    return Decided(name, county, results, (*screening.warnings, *warnings))


def _screened(name: str, case: Case, screener: Screener, as_of: date) -> Screening:
    screening = screener.screen(case, as_of)
    if screening.problems:
        raise InputError(f"{name}: the answers are not valid; nothing was decided", screening.problems)
    return screening


def _county_of(name: str, case: Case, catalog: Catalog) -> tuple[County | None, Sequence[Problem]]:
    """The county the case states, or the one its ZIP code lies in; a ZIP code that decides otherwise is a warning."""
    key = "county" if case.member.county.strip() else "zip"
    typed = getattr(case.member, key).strip()
    if not typed:
        return None, ()
    found = (find_place if key == "county" else find_zip)(typed, catalog.gazetteer)
    if not isinstance(found, NoPlace):
        return found.county, zip_elsewhere(case, found.county, catalog)
    problem = Problem(f"member.{key}", found.code, found.message)
    if key == "county":
        raise NotFound(f"{name}: member.county: {found.message}", (problem,), code=found.code)
    return None, (problem,)


def compare(name: str, case: Case, screener: Screener, catalog: Catalog, as_of: date) -> tuple[Difference, ...]:
    """Where the case does not come out as its [expect] table says.

    Raises InputError when it has no such table, or the table names what does not exist.
    """
    expected = case.expect or {}
    problems = tuple(_wrong_expectations(expected, catalog))
    if problems:
        raise InputError(f"{name}: the [expect] table is not valid", problems)
    found = _screened(name, case, screener, as_of).determinations
    return tuple(
        Difference(name, subject, outcome, found[subject].outcome)
        for subject, outcome in expected.items()
        if found[subject].outcome != outcome
    )


def _wrong_expectations(expected: dict[str, object], catalog: Catalog) -> Iterator[Problem]:
    known = [subject_id(subject) for subject in catalog.subjects]
    if not expected:
        yield Problem("expect", "missing", "add an [expect] table: program, population or service = outcome")
    for subject, outcome in expected.items():
        if subject not in known:
            hint = did_you_mean(subject, known) or "'calaim programs' lists them"
            yield Problem(f"expect.{subject}", "unknown-program", f"there is no such program: {hint}")
        elif outcome not in list(Outcome):
            yield Problem(f"expect.{subject}", "unknown-outcome", f"give {one_of(Outcome)}")
