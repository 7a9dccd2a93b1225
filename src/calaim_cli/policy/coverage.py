"""Keep Medi-Cal: whom the work rule of 2027 touches, what excuses a member, and how to show it.

Its questions and criteria are apart from those of programs, populations and services, so nothing that is made of these,
such as an interview, a letter or a sheet, can come upon them.
"""

from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from calaim_cli.policy.places import Contact
from calaim_cli.policy.programs import Conflict, DataFile, Fact, Grade
from calaim_cli.policy.questions import Criterion, Question, Topic
from calaim_cli.policy.rules import Rule

TOPIC: Final = "coverage"
"""What a fact or conflict touches that is about the work rule as a whole."""


class CoverageOutcome(StrEnum):
    """What can be said of a member and the work rule, best first; never that she has to work. The county decides."""

    NOT_TOUCHED = "not-touched"
    LIKELY_EXEMPT = "likely-exempt"
    WORK_MAY_COUNT = "work-may-count"
    ASK = "ask"


class CoverageWords(Struct, frozen=True, forbid_unknown_fields=True):
    """An outcome in words that a member can hear."""

    id: CoverageOutcome
    label: str
    meaning: str


class Coverage(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A reason for an outcome: its rule, in plain words whom it is for (`who`), and how to show it to the county.

    `name` is all that an answer says of it.
    """

    id: str
    outcome: CoverageOutcome
    name: str
    rule: Rule
    who: str
    proof: tuple[str, ...]
    source: tuple[str, ...]
    yearly: bool = False  # whether she renews once a year by it


class Renewal(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be said of the renewal: with a reason that is `yearly`, or of a month that is known, or before one."""

    id: str
    text: str
    source: tuple[str, ...]
    grade: Grade
    yearly: bool = False
    before: str = ""  # a month, as "2027-03"
    month_known: bool = False


class CoverageFile(DataFile, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `coverage.toml` holds. Before the day `in_force` it says `not_yet`; `asks` are questions in their order."""

    in_force: date
    not_yet: str
    remember: str
    missed: str
    missed_source: tuple[str, ...]
    asks: tuple[str, ...]
    topic: tuple[Topic, ...] = ()
    question: tuple[Question, ...] = ()
    criterion: tuple[Criterion, ...] = ()
    outcome: tuple[CoverageWords, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    renewal: tuple[Renewal, ...] = ()
    contact: tuple[Contact, ...] = ()
    fact: tuple[Fact, ...] = ()
    conflict: tuple[Conflict, ...] = ()
