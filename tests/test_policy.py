"""The policy as one value: editions, dates and grades of what is cited, and where a service is offered."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from calaim_cli.policy.places import KP, County, Presence
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Conflict, Grade, Program, Source
from calaim_cli.policy.questions import Criterion, Kind, Question
from calaim_cli.policy.routes import Offer, OfferKind

SOURCES = (
    Source(id="OLD", name="Old guide", title="Invented", date="2022", grade=Grade.OFFICIAL),
    Source(id="NEW", name="New guide", title="Invented", date="2026-01-05", grade=Grade.COPY),
    Source(id="WORD", name="Undated page", title="Invented", date="", dated="undated, old", grade=Grade.OFFICIAL),
    Source(id="GUESS", name="Guess", title="Invented", date="", grade=Grade.INFERRED),
)
SERVED = Presence(grade=Grade.COPY, source=("OLD",), region="north")
HERE = County(name="Here", fips="06001", plans=("other", "third", "silent"), model="single", ccs="classic", kp=SERVED)
THERE = replace(HERE, name="There", fips="06003")
AWAY = replace(HERE, name="Away", fips="06005", kp=None)
OLD = ("OLD",)
SERVICES = (
    Program(id="meals", name="Meals", summary="x", who="x", source=OLD),
    Program(id="rides", name="Rides", summary="x", who="x", source=OLD),
    Program(id="rent", name="Rent", summary="x", who="x", source=OLD, starts=date(2025, 7, 1)),
    Program(
        id="law", name="Law", summary="x", who="x", source=OLD, starts=date(2025, 7, 1), required_from=date(2026, 1, 1)
    ),
)
OFFERS = (
    Offer(
        plan=KP,
        kind=OfferKind.ALL_BUT,
        as_of="2024",
        source=OLD,
        services=("rides",),
        not_in={"meals": ("There",)},
    ),
    Offer(plan="other", kind=OfferKind.AT_LEAST, as_of="2024", source=OLD, services=("meals",)),
    Offer(plan="third", kind=OfferKind.UNKNOWN, as_of="2024", source=OLD),
)


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
        programs_file=replace(catalog.programs_file, service=SERVICES),
        routes_file=replace(catalog.routes_file, offer=OFFERS, as_of=date(2026, 11, 1)),
        conflicts=(Conflict(id="c1", matter="x", older="x", newer="x", touches=("meals",), source=("OLD",)),),
    )


@pytest.mark.parametrize(
    ("programs", "counties", "routes", "edition"),
    [
        ("2030-01", "2030-01", "2030-01", "2030-01"),
        (
            "2030-01",
            "2030-02",
            "2030-01",
            "programs 2030-01, counties 2030-02, routes 2030-01, talk 2030-01, follow_up 2030-01",
        ),
        (
            "2030-01",
            "2030-01",
            "2030-02",
            "programs 2030-01, counties 2030-01, routes 2030-02, talk 2030-01, follow_up 2030-01",
        ),
    ],
)
def test_edition_names_each_file_where_they_differ(
    catalog: Policy, programs: str, counties: str, routes: str, edition: str
) -> None:
    """A decision can always be traced to the text it was made by."""
    changed = replace(
        catalog,
        programs_file=replace(catalog.programs_file, edition=programs),
        counties_file=replace(catalog.counties_file, edition=counties),
        routes_file=replace(catalog.routes_file, edition=routes),
        talk_file=replace(catalog.talk_file, edition="2030-01"),
        follow_up_file=replace(catalog.follow_up_file, edition="2030-01"),
    )
    assert changed.edition == edition


@pytest.mark.parametrize(("programs", "counties", "routes"), [(3, 4, 5), (4, 3, 5), (4, 5, 3)])
def test_review_is_due_when_the_first_file_wants_it(catalog: Policy, programs: int, counties: int, routes: int) -> None:
    """The newer files do not hide that the older one is due."""
    changed = replace(
        catalog,
        programs_file=replace(catalog.programs_file, review_by=date(2030, 1, programs)),
        counties_file=replace(catalog.counties_file, review_by=date(2030, 1, counties)),
        routes_file=replace(catalog.routes_file, review_by=date(2030, 1, routes)),
        talk_file=replace(catalog.talk_file, review_by=date(2030, 1, 9)),
        follow_up_file=replace(catalog.follow_up_file, review_by=date(2030, 1, 9)),
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
    ("plan", "service", "county", "offered"),
    [
        pytest.param(KP, "meals", HERE, True, id="offered"),
        pytest.param(KP, "meals", THERE, False, id="exception"),
        pytest.param(KP, "rides", HERE, False, id="exception-everywhere"),
        pytest.param(KP, "meals", AWAY, None, id="county-not-served"),
        pytest.param(KP, "meals", None, None, id="no-county"),
        pytest.param("", "meals", HERE, None, id="no-plan"),
        pytest.param(KP, "unheard_of", HERE, None, id="no-such-service"),
        pytest.param(KP, "rent", HERE, None, id="list-older-than-the-service"),
        pytest.param("other", "meals", HERE, True, id="at-least-this"),
        pytest.param("other", "meals", THERE, True, id="at-least-this-everywhere"),
        pytest.param("other", "rides", HERE, None, id="at-least-others"),
        pytest.param("third", "meals", HERE, None, id="nothing-known"),
        pytest.param("silent", "meals", HERE, None, id="no-word-about-the-plan"),
        pytest.param("silent", "law", HERE, True, id="required-of-every-plan"),
        pytest.param("silent", "law", AWAY, True, id="required-of-every-plan-there"),
        pytest.param(KP, "law", AWAY, None, id="required-but-not-served"),
    ],
)
def test_offered_is_yes_no_or_not_known(
    invented: Policy, plan: str, service: str, county: County | None, *, offered: bool | None
) -> None:
    """Not known is never shown as no: only what the plan's own list leaves out is."""
    assert invented.offered(plan, service, county) is offered


@pytest.mark.parametrize(("as_of", "offered"), [(date(2025, 12, 31), None), (date(2026, 1, 1), True)])
def test_what_is_required_is_offered_from_that_day(invented: Policy, as_of: date, *, offered: bool | None) -> None:
    """A law binds every plan from its first day and says nothing of the day before."""
    assert invented.offered("silent", "law", HERE, as_of) is offered


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
