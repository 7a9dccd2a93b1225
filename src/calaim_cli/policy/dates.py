"""What holds on which day: since when and on what authority a program runs, and what is to be said of it by then."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from calaim_cli.base.errors import Problem, caution
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Fact, Notice, Program
from calaim_cli.policy.questions import Criterion

WHOLE: Final = "calaim"
"""What a fact touches that is about CalAIM as a whole."""
PANEL: Final = "panel"
"""What a fact touches that stands beside counts of many members."""
BEGINS: Final = "begins"
"""Used in place of a criterion if the only reason is that the program has not begun."""
COVERAGE: Final = "{coverage}"
"""The place in a notice for how a member stands with keeping Medi-Cal."""


def began(entry: Program, policy: Policy) -> Program:
    """The entry, or else its program: whichever has the start date."""
    return next((one for one in _with_program(entry, policy) if one.starts), entry)


def allowed(entry: Program, policy: Policy) -> Program:
    """The entry, or else its program: whichever names the authority."""
    return next((one for one in _with_program(entry, policy) if one.authority), entry)


def _with_program(entry: Program, policy: Policy) -> tuple[Program, ...]:
    """The entry, then the program that it belongs to, whose dates and authority it has where it names none."""
    data = policy.programs_file
    whole = "ecm" if entry in data.population else "cs" if entry in data.service else ""
    return (entry, *(one for one in data.program if one.id == whole))


def not_begun(entry: Program, policy: Policy, as_of: date) -> bool:
    """Whether the entry has not begun on that day."""
    starts = began(entry, policy).starts
    return starts is not None and as_of < starts


def statement(criterion: str, entry: Program, policy: Policy) -> Criterion:
    """The statement that a reason about the entry names: a criterion, or the day on which it begins."""
    if criterion != BEGINS:
        return policy.criteria[criterion]
    first = began(entry, policy)
    return Criterion(id=BEGINS, text=f"begins on {first.starts}", question="", source=first.from_source)


def facts_on(touched: str, policy: Policy) -> tuple[Fact, ...]:
    """What else is known of an entry, or of CalAIM as a whole."""
    return tuple(one for one in policy.programs_file.fact if touched in one.touches)


def fact_line(fact: Fact, policy: Policy) -> str:
    """A fact with the plan that it belongs to, its source, date and grade."""
    owner = f"{policy.plans[fact.plan].name}: " if fact.plan else ""
    return f"{owner}{fact.text} [{policy.graded(fact.source)}]"


def notices(entries: Iterable[Program], policy: Policy, as_of: date) -> Iterator[Problem]:
    """What has to be said from some day on with these entries, each sentence once, then which of them depend on it."""
    resting = [(one, allowed(one, policy).authority) for one in entries]
    for notice in _due(policy, as_of):
        if any(authority in notice.authority for _, authority in resting):
            yield caution(notice.id, "programs", text=sourced(notice, policy))
        for entry, authority in resting:
            if authority in notice.depends_on:
                yield caution("waiver-needed", "programs", name=entry.name, text=notice.depends)


def notices_at(age: int | None, policy: Policy, as_of: date, coverage: str) -> Iterator[Problem]:
    """The notices that are due on that day for a member of this age, who stands so; empty if the age is not known."""
    for notice in _due(policy, as_of):
        if age is not None and (notice.at_least, notice.at_most) != (None, None):
            low, high = notice.at_least or 0, age if notice.at_most is None else notice.at_most
            if low <= age <= high:
                own = notice.of_case.replace(COVERAGE, coverage)
                yield caution(notice.id, "member", text=sourced(notice, policy, own))


def _due(policy: Policy, as_of: date) -> Iterator[Notice]:
    return (one for one in policy.programs_file.notice if as_of >= one.starts)


def sourced(notice: Notice, policy: Policy, instead: str = "") -> str:
    """A notice, or what is said instead, with its source, date and grade."""
    return f"{instead or notice.text} [{policy.cite(notice.source)}; as of {notice.as_of}, grade {notice.grade}]"
