"""Citations and grades: every fact can be followed to its document, and says how well it is known."""

from __future__ import annotations

import msgspec
import pytest

from calaim_cli.policy.programs import Conflict, Grade, Source, age_in_months, source_id
from conftest import AS_OF

SOURCE = {"id": "X1", "name": "Invented guide", "title": "An invented guide", "date": "2024-10", "grade": "A"}


@pytest.mark.parametrize(
    ("citation", "source"), [("X1", "X1"), ("X1 p.32", "X1"), ("X1 p.11-14, p.50", "X1"), ("X12 p.1", "X12")]
)
def test_citation_begins_with_its_source(citation: str, source: str) -> None:
    """A page after the id does not hide which document is meant."""
    assert source_id(citation) == source


def test_grades_are_ordered_from_best_to_worst() -> None:
    """The weakest of several sources is the greatest grade: official, copy, inferred, unverified."""
    assert sorted(Grade) == [Grade.OFFICIAL, Grade.COPY, Grade.INFERRED, Grade.UNVERIFIED] == ["A", "B", "C", "U"]


def test_source_keeps_its_date_as_exact_as_it_is() -> None:
    """A document of October 2024 never gets a day it does not state."""
    assert msgspec.convert(SOURCE, Source).date == "2024-10"


@pytest.mark.parametrize("key", sorted(SOURCE))
def test_source_needs_all_that_names_and_dates_it(key: str) -> None:
    """A source without id, name, title, date or grade is refused: a reader could not judge it."""
    with pytest.raises(msgspec.ValidationError, match=f"missing required field `{key}`"):
        msgspec.convert({name: value for name, value in SOURCE.items() if name != key}, Source)


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"grade": "D"}, "Invalid enum value"), ({"year": "2024"}, "unknown field"), ({"date": 2024}, "Expected `str`")],
)
def test_source_with_other_values_is_refused(changes: dict[str, object], says: str) -> None:
    """An invented grade, a misspelled key or a bare number never passes as a fact about a source."""
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(SOURCE | changes, Source)


def test_conflict_needs_both_sides() -> None:
    """Where sources disagree, neither side can be left out."""
    with pytest.raises(msgspec.ValidationError, match="newer"):
        msgspec.convert({"id": "x", "matter": "x", "older": "x", "touches": [], "source": []}, Conflict)


@pytest.mark.parametrize(
    ("dated", "months"),
    [("2024-10", 25), ("2026-01-05", 10), ("2025", 11), ("2026-11", 0), ("2027-01", 0), ("", None)],
    ids=["month", "day", "year", "this month", "ahead", "undated"],
)
def test_age_is_counted_in_whole_months(dated: str, months: int | None) -> None:
    """A reader sees how old a fact is; an undated source has no age rather than a guessed one."""
    source = Source(id="X", name="X", title="X", date=dated, grade=Grade.OFFICIAL)
    assert age_in_months(source, AS_OF) == months
