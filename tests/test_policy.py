"""The policy as one value: editions, dates and grades of what is cited, and where a service is offered."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from calaim_cli.policy.places import Availability, County, Presence
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Conflict, Grade, Source
from calaim_cli.policy.questions import Criterion, Kind, Question

SOURCES = (
    Source(id="OLD", name="Old guide", title="Invented", date="2022", grade=Grade.OFFICIAL),
    Source(id="NEW", name="New guide", title="Invented", date="2026-01-05", grade=Grade.COPY),
    Source(id="WORD", name="Undated page", title="Invented", date="", dated="undated, old", grade=Grade.OFFICIAL),
    Source(id="GUESS", name="Guess", title="Invented", date="", grade=Grade.INFERRED),
)
SERVED = Presence(grade=Grade.COPY, source=("OLD",), region="north")
HERE = County(name="Here", fips="06001", plans=("other",), model="single", ccs="classic", kp=SERVED)
THERE = replace(HERE, name="There", fips="06003")
AWAY = replace(HERE, name="Away", fips="06005", kp=None)


@pytest.fixture(scope="module")
def invented(catalog: Policy) -> Policy:
    """A policy of invented sources, questions and services."""
    asked = {"first": "Invented?", "second": "Invented too?"}
    return replace(
        catalog,
        sources={source.id: source for source in SOURCES},
        questions={
            name: Question(id=name, topic="x", kind=Kind.YES_NO, ask=ask, help="") for name, ask in asked.items()
        },
        criteria={
            name: Criterion(id=name, text="x", question=question, source=("OLD",))
            for name, question in {"a": "second", "b": "first", "c": "second"}.items()
        },
        availability={
            "meals": Availability(
                service="meals", not_in=("There",), as_of="2024", source=("OLD",), grade=Grade.OFFICIAL
            )
        },
        conflicts=(Conflict(id="c1", matter="x", older="x", newer="x", touches=("meals",), source=("OLD",)),),
    )


@pytest.mark.parametrize(
    ("programs", "counties", "edition"),
    [("2030-01", "2030-01", "2030-01"), ("2030-01", "2030-02", "programs 2030-01, counties 2030-02")],
)
def test_edition_names_both_files_where_they_differ(
    catalog: Policy, programs: str, counties: str, edition: str
) -> None:
    """A decision can always be traced to the text it was made by."""
    changed = replace(
        catalog,
        programs_file=replace(catalog.programs_file, edition=programs),
        counties_file=replace(catalog.counties_file, edition=counties),
    )
    assert changed.edition == edition


@pytest.mark.parametrize(("programs", "counties"), [(3, 4), (4, 3)])
def test_review_is_due_when_the_first_file_wants_it(catalog: Policy, programs: int, counties: int) -> None:
    """The newer file does not hide that the older one is due."""
    changed = replace(
        catalog,
        programs_file=replace(catalog.programs_file, review_by=date(2030, 1, programs)),
        counties_file=replace(catalog.counties_file, review_by=date(2030, 1, counties)),
    )
    assert changed.review_by == date(2030, 1, 3)


@pytest.mark.parametrize(
    ("citations", "dated"),
    [
        (("OLD p.1", "NEW"), "2026-01-05"),
        (("OLD",), "2022"),
        (("WORD", "OLD"), "2022"),
        (("WORD",), None),
    ],
)
def test_date_is_that_of_the_newest_source(invented: Policy, citations: tuple[str, ...], dated: str | None) -> None:
    """The date shown is one a cited document has; where none has one, none is made up."""
    assert invented.dated(citations) == dated


@pytest.mark.parametrize(
    ("citations", "grade"), [(("OLD",), "A"), (("OLD", "NEW p.2"), "B"), (("GUESS", "OLD", "NEW"), "C")]
)
def test_grade_is_that_of_the_weakest_source(invented: Policy, citations: tuple[str, ...], grade: str) -> None:
    """A good source beside a weak one does not make the weak one better."""
    assert invented.grade(citations) == grade


@pytest.mark.parametrize(
    ("citations", "words"),
    [
        (("OLD p.32",), "Old guide p.32, 2022"),
        (("OLD", "NEW p.1-2"), "Old guide, 2022; New guide p.1-2, 2026-01-05"),
        (("WORD",), "Undated page, undated, old"),
        (("GUESS",), "Guess, undated, not confirmed"),
    ],
)
def test_citation_in_words(invented: Policy, citations: tuple[str, ...], words: str) -> None:
    """A reader sees name, page and date, and reads it when the source is not confirmed."""
    assert invented.cite(citations) == words


def test_questions_come_once_and_in_question_order(invented: Policy) -> None:
    """What is missing is asked in the order of the interview, and nothing twice."""
    assert invented.questions_of(("a", "b", "c")) == ("first", "second")
    assert invented.questions_of(("c", "a")) == ("second",)
    assert invented.questions_of(()) == ()


@pytest.mark.parametrize(
    ("service", "county", "offered"),
    [
        pytest.param("meals", HERE, True, id="offered"),
        pytest.param("meals", THERE, False, id="exception"),
        pytest.param("meals", AWAY, None, id="county-not-served"),
        pytest.param("meals", None, None, id="no-county"),
        pytest.param("unheard_of", HERE, None, id="no-word-about-the-service"),
    ],
)
def test_offered_is_yes_no_or_not_known(
    invented: Policy, service: str, county: County | None, *, offered: bool | None
) -> None:
    """Not known is never shown as no: only a listed exception is."""
    assert invented.offered(service, county) is offered


def test_conflicts_are_found_by_what_they_touch(invented: Policy) -> None:
    """Where sources disagree, it is shown beside the service it is about and nowhere else."""
    assert [conflict.id for conflict in invented.conflicts_of("meals")] == ["c1"]
    assert invented.conflicts_of("other") == ()


def test_entries_are_programs_then_populations_then_services(catalog: Policy) -> None:
    """Everything that can be named is listed once, in the order it is reported."""
    data = catalog.programs_file
    assert [entry.id for entry in catalog.entries] == [
        *(one.id for one in data.program),
        *(one.id for one in data.population),
        *(one.id for one in data.service),
    ]
    assert len({entry.id for entry in catalog.entries}) == len(catalog.entries)
