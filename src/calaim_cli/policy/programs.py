"""Programs, populations of focus and services, the rules that decide them, and the sources they rest on."""

import datetime as dt
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from calaim_cli.policy.questions import Contradiction, Criterion, Question, Topic
from calaim_cli.policy.rules import Rule

THREE_PROGRAMS: Final = ("ecm", "cs", "chw")
"""The three programs that everything belongs to; the policy has to have each."""
PARTS: Final = ("rule", "discretion", "excluded", "choose_one", "first", "limit")
"""The parts of a policy, in the order in which they decide."""


class Outcome(StrEnum):
    """The six outcomes; the plan alone decides beyond them."""

    LIKELY = "likely"
    PLAN_DISCRETION = "plan-discretion"
    CHOOSE_ONE = "choose-one"
    NOT_YET = "not-yet"
    NEED_ANSWERS = "need-answers"
    UNLIKELY = "unlikely"


class Grade(StrEnum):
    """How well a source is known."""

    OFFICIAL = "A"
    COPY = "B"
    INFERRED = "C"
    UNVERIFIED = "U"


class Source(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A document that a fact rests on."""

    id: str
    name: str
    title: str
    date: str  # as exact as the document's own: "2026", "2026-01" or "2026-01-05"; "" if undated
    grade: Grade
    dated: str = ""
    link: str = ""
    note: str = ""
    plan: str = ""  # whose own document it is: no reason in a letter to another plan
    review_by: dt.date | None = None


class Conflict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Two sources that disagree: both sides are shown wherever one of `touches` is."""

    id: str
    matter: str
    older: str
    newer: str
    touches: tuple[str, ...]
    source: tuple[str, ...]
    plan: str = ""  # whose own documents they are: no advice for members of another plan


class DataFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What every data file has: its edition, when it was checked, and the sources that it adds."""

    schema: str
    edition: str
    as_of: dt.date
    review_by: dt.date
    source: tuple[Source, ...] = ()


def source_id(citation: str) -> str:
    """The source a citation names: its first word, as `G26` in "G26 p.32"."""
    return citation.partition(" ")[0]


def age_in_months(source: Source, as_of: dt.date) -> int | None:
    """Whole months from the source's date to `as_of`; None for an undated one. A bare year counts from its end."""
    if not source.date:
        return None
    year, month = [*map(int, source.date.split("-")), 12][:2]
    return max(0, 12 * (as_of.year - year) + as_of.month - month)


WHICH: Final = "{which}"
"""The place in a gate's sentence for what is met of it, such as "is in hospice"."""


class Gate(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule beside the main rule, with the sentences that tell the member what it means for her, and the plan."""

    say: str
    letter: str = ""


class Authority(StrEnum):
    """What allows a program or service, and so until when it is sure."""

    STATE_PLAN = "state_plan"
    IN_LIEU = "in_lieu"
    CALAIM_1115 = "calaim_1115"
    BH_CONNECT_1115 = "bh_connect_1115"
    CONTRACT = "contract"


class Notice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"starts": "from"}):
    """A sentence that is said from a day on: with what rests on an authority, or to members of an age."""

    id: str
    starts: dt.date
    text: str
    source: tuple[str, ...]
    as_of: dt.date
    grade: Grade
    authority: tuple[Authority, ...] = ()
    depends: str = ""  # added for what rests on one of `depends_on`
    depends_on: tuple[Authority, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    of_case: str = ""  # what takes its place for one member, with {coverage} for how she stands


class Fact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something known of what `touches` names, for look-ups alone; that of a plan is its own."""

    id: str
    text: str
    touches: tuple[str, ...]
    source: tuple[str, ...]
    plan: str = ""


class Group(Struct, frozen=True, forbid_unknown_fields=True):
    """Community Supports that serve one purpose, as a plan's guide of October 2024 groups them."""

    id: str
    title: str
    audience: str


class Program(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"starts": "from"}):
    """A program, an ECM population of focus or a Community Support: what it is, and its rules."""

    id: str
    name: str
    summary: str
    who: str  # the rule in plain words
    source: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    group: str = ""
    rule: Rule | None = None
    discretion: Rule | None = None
    excluded: Gate | None = None
    choose_one: Gate | None = None
    first: Gate | None = None
    limit: Gate | None = None
    does: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    codes_source: tuple[str, ...] = ()
    form_part: str = ""  # of section B of the plan's form
    form_asks: tuple[str, ...] = ()  # what that part asks and no question here does
    ask_in_notes: str = ""
    notes: tuple[str, ...] = ()
    next: dict[str, tuple[str, ...]] = {}  # what to do, by outcome
    referral_papers: tuple[str, ...] = ()
    extension_papers: tuple[str, ...] = ()
    starts: dt.date | None = None
    from_source: tuple[str, ...] = ()
    required_from: dt.date | None = None  # of every plan
    review_by: dt.date | None = None
    authority: Authority | None = None
    authority_until: dt.date | None = None
    authority_grade: Grade | None = None
    authority_source: tuple[str, ...] = ()


def rules_of(entry: Program) -> dict[str, Rule]:
    """The rules that the entry itself writes down, by part."""
    return {part: rule for part in PARTS if (rule := getattr(entry, part)) is not None}


class OutcomeWords(Struct, frozen=True, forbid_unknown_fields=True):
    """An outcome in words that a member can hear, and what to do next."""

    id: str
    label: str
    meaning: str
    next: tuple[str, ...]
    letter: str = ""  # how a letter leaves it to the plan


class ProgramsFile(DataFile, frozen=True, forbid_unknown_fields=True):
    """What `programs.toml` holds. Answers older than `answers_good_for_days` are warned of."""

    answers_good_for_days: int = 30
    conflict: tuple[Conflict, ...] = ()
    notice: tuple[Notice, ...] = ()
    fact: tuple[Fact, ...] = ()
    topic: tuple[Topic, ...] = ()
    outcome: tuple[OutcomeWords, ...] = ()
    group: tuple[Group, ...] = ()
    question: tuple[Question, ...] = ()
    criterion: tuple[Criterion, ...] = ()
    contradiction: tuple[Contradiction, ...] = ()
    program: tuple[Program, ...] = ()
    population: tuple[Program, ...] = ()
    service: tuple[Program, ...] = ()


class Subject(Struct, frozen=True, eq=False):
    """What is decided: a program, a population or a service, with its rules by PARTS; one left out bars nobody."""

    program: str
    entry: Program
    parts: dict[str, Rule]
    population: str | None = None
    service: str | None = None


def subjects(
    programs: Iterable[Program], populations: Iterable[Program], services: Iterable[Program]
) -> tuple[Subject, ...]:
    """Everything that can be decided, in the order it is reported: ECM, its populations, CHW, the services.

    ECM's rule and discretion are any of its populations'; what excludes from `cs` excludes from each service.
    """
    by_id = {program.id: program for program in programs}
    ecm, chw, cs = by_id["ecm"], by_id["chw"], by_id["cs"]
    populations = tuple(populations)
    some = {"rule": [one.rule for one in populations], "discretion": [one.discretion for one in populations]}
    found = [Subject("ecm", ecm, rules_of(ecm) | _any_of(some))]
    found += [Subject("ecm", entry, rules_of(entry), population=entry.id) for entry in populations]
    found.append(Subject("chw", chw, rules_of(chw)))
    for entry in services:
        parts = rules_of(entry) | _any_of({"excluded": [cs.excluded, entry.excluded]})
        found.append(Subject("cs", entry, parts, service=entry.id))
    return tuple(found)


def _any_of(parts: Mapping[str, Iterable[Rule | None]]) -> dict[str, Rule]:
    # A rule without any part would be met by everyone, so a part that has no rules is left out.
    given = {part: tuple(rule for rule in rules if rule is not None) for part, rules in parts.items()}
    return {part: Rule(any_of=rules) for part, rules in given.items() if rules}


def subject_id(subject: Subject) -> str:
    """The id that names the subject on the command line: its population, service or program."""
    return subject.population or subject.service or subject.program
