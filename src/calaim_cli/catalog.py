"""Floor 2: the whole policy as one frozen value: everything that `data/` says, and the look-ups into it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from calaim_cli.counties import (
    HEALTH_CARE_OPTIONS,
    KP,
    Ambiguous,
    Availability,
    Contact,
    County,
    Elsewhere,
    Form,
    Gazetteer,
    Misspelling,
    Plan,
    Region,
    plans_of,
)
from calaim_cli.errors import Problem
from calaim_cli.near import one_of
from calaim_cli.programs import Group, Program, Subject, rules_of
from calaim_cli.questions import Criterion, Question, Topic
from calaim_cli.rules import criteria_of
from calaim_cli.sources import Conflict, Grade, Source, source_id


class OutcomeWords(Struct, frozen=True, forbid_unknown_fields=True):
    """An outcome in words that a member can hear, and what to do next in general."""

    id: str
    label: str
    meaning: str
    next: tuple[str, ...]


class ProgramsFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What `programs.toml` holds."""

    schema: str
    edition: str
    as_of: date
    review_by: date
    source: tuple[Source, ...] = ()
    conflict: tuple[Conflict, ...] = ()
    topic: tuple[Topic, ...] = ()
    outcome: tuple[OutcomeWords, ...] = ()
    group: tuple[Group, ...] = ()
    question: tuple[Question, ...] = ()
    criterion: tuple[Criterion, ...] = ()
    program: tuple[Program, ...] = ()
    population: tuple[Program, ...] = ()
    service: tuple[Program, ...] = ()


class CountiesFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What `counties.toml` holds."""

    schema: str
    edition: str
    as_of: date
    review_by: date
    form: Form
    source: tuple[Source, ...] = ()
    conflict: tuple[Conflict, ...] = ()
    region: tuple[Region, ...] = ()
    availability: tuple[Availability, ...] = ()
    contact: tuple[Contact, ...] = ()
    plan: tuple[Plan, ...] = ()
    county: tuple[County, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    misspelling: tuple[Misspelling, ...] = ()


class Catalog(Struct, frozen=True):
    """The policy in force: both data files, indexed by id, with what can be decided and what places mean."""

    programs_file: ProgramsFile
    counties_file: CountiesFile
    gazetteer: Gazetteer
    subjects: tuple[Subject, ...]
    sources: dict[str, Source]
    questions: dict[str, Question]
    criteria: dict[str, Criterion]
    outcomes: dict[str, OutcomeWords]
    regions: dict[str, Region]
    plans: dict[str, Plan]
    availability: dict[str, Availability]
    conflicts: tuple[Conflict, ...]

    @property
    def edition(self) -> str:
        """The edition of the data, named with every decision; both where the two files differ."""
        programs, counties = self.programs_file.edition, self.counties_file.edition
        return programs if programs == counties else f"programs {programs}, counties {counties}"

    @property
    def review_by(self) -> date:
        """The day after which the data want a review: the earlier of the two files'."""
        return min(self.programs_file.review_by, self.counties_file.review_by)

    def past_review(self, as_of: date) -> tuple[Problem, ...]:
        """A warning for each file and source whose review is due on `as_of`."""
        due: dict[str, date | None] = {
            "programs.toml": self.programs_file.review_by,
            "counties.toml": self.counties_file.review_by,
            **{f'source "{one.id}"': one.review_by for one in self.sources.values()},
        }
        words = "was due for review by {}, so its facts may be old: call the plan to confirm"
        return tuple(
            Problem(where, "past-review", words.format(day))
            for where, day in due.items()
            if day is not None and as_of > day
        )

    @property
    def entries(self) -> tuple[Program, ...]:
        """Every program, population and service, in that order."""
        data = self.programs_file
        return (*data.program, *data.population, *data.service)

    def dated(self, citations: tuple[str, ...]) -> str | None:
        """The newest date among the sources cited; None where none is dated."""
        return max(self.sources[source_id(citation)].date for citation in citations) or None

    def grade(self, citations: tuple[str, ...]) -> Grade:
        """The weakest grade among the sources cited: a rule is no better known than that."""
        return max(self.sources[source_id(citation)].grade for citation in citations)

    def questions_of(self, criteria: Iterable[str]) -> tuple[str, ...]:
        """The questions that criteria test, each once, in question order."""
        asked = {self.criteria[criterion].question for criterion in criteria}
        return tuple([question for question in self.questions if question in asked])

    def cite(self, citations: tuple[str, ...]) -> str:
        """The citations in words: "DHCS ECM Policy Guide p.32, 2026-01"."""
        return "; ".join(self._cite(citation) for citation in citations)

    def _cite(self, citation: str) -> str:
        source = self.sources[source_id(citation)]
        page = citation.removeprefix(source.id)
        grade = "" if source.grade in (Grade.OFFICIAL, Grade.COPY) else ", not confirmed"
        return f"{source.name}{page}, {source.date or source.dated or 'undated'}{grade}"

    def questions_asked_by(self, entry: Program) -> tuple[Question, ...]:
        """The questions that the entry's own rules rest on, in question order."""
        asked = self.questions_of(criteria_of(*rules_of(entry).values()))
        return tuple(self.questions[question] for question in asked)

    def name_of(self, entry_id: str) -> str:
        """The name of a program, population or service."""
        return next(entry.name for entry in self.entries if entry.id == entry_id)

    def conflicts_of(self, entry_id: str) -> tuple[Conflict, ...]:
        """Where sources disagree about a program, population or service."""
        return tuple(conflict for conflict in self.conflicts if entry_id in conflict.touches)

    def offered(self, service: str, county: County | None) -> bool | None:
        """Whether Kaiser Permanente offers the service in the county; None where it is not known."""
        if county is None or county.kp is None or service not in self.availability:
            return None
        return county.name not in self.availability[service].not_in

    def own_plan(self, county: County) -> str:
        """What to do for a member of another plan than Kaiser Permanente: the county's, with the phones known."""
        named = one_of(self._to_call(plan, county) for plan in county.plans)
        return (
            f"refer through the member's own plan, which may be {named} "
            "('calaim county NAME' tells how each takes referrals). "
            f"See the member's card, or {self._call_to_choose()}"
        )

    def plan_not_said(self, county: County) -> str:
        """What to ask where nobody has said which plan the member has: all of the county's, with the phones known."""
        named = one_of(self._to_call(plan, county) for plan in plans_of(county))
        return (
            f"Which plan is on the card? In {county.name} County it may be {named}. "
            f"Without a card, {self._call_to_choose()}."
        )

    def _to_call(self, plan_id: str, county: County) -> str:
        """The plan with its phone; Kaiser Permanente's is that of its region, in a split county of each."""
        plan = self.plans[plan_id]
        phone = plan.phone
        if plan_id == KP and county.kp:
            regions = [county.kp.region] if county.kp.region else county.kp.by_zip.values()
            phone = one_of(self.regions[region].phone for region in dict.fromkeys(regions))
        return f"{plan.name} ({phone})" if phone else plan.name

    def _call_to_choose(self) -> str:
        helps = next(contact for contact in self.counties_file.contact if contact.id == HEALTH_CARE_OPTIONS)
        return f"call {helps.name}, {helps.phone}"
