"""Floor 3: the whole policy as one frozen value: everything that `data/` says, and what a person names found in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Final

from msgspec import Struct

from calaim_cli.errors import NotFound, Problem
from calaim_cli.places import (
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
    NoPlace,
    Place,
    Plan,
    Region,
    find_place,
    plans_of,
)
from calaim_cli.programs import (
    Conflict,
    Grade,
    Group,
    Program,
    Source,
    Subject,
    requested,
    rules_of,
    source_id,
)
from calaim_cli.questions import Criterion, Question, Topic
from calaim_cli.rules import criteria_of
from calaim_cli.wording import did_you_mean, name_key, near_names, one_of, shown

PROGRAMS: Final = "programs.toml"
COUNTIES: Final = "counties.toml"


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


class Policy(Struct, frozen=True, eq=False, dict=True):
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

    @property
    def form(self) -> Form:
        """The plan's referral form."""
        return self.counties_file.form

    @cached_property
    def entries(self) -> tuple[Program, ...]:
        """Every program, population and service, in that order."""
        data = self.programs_file
        return (*data.program, *data.population, *data.service)

    @cached_property
    def entry_by_name(self) -> Mapping[str, Program]:
        """Every program, population and service by each of its names, as they are compared."""
        return _by_name(self.entries)

    @cached_property
    def service_by_name(self) -> Mapping[str, Program]:
        """Every Community Support by each of its names, as they are compared."""
        return _by_name(self.programs_file.service)

    def past_review(self, as_of: date) -> tuple[Problem, ...]:
        """A warning for each file and source whose review is due on `as_of`."""
        due: dict[str, date | None] = {
            PROGRAMS: self.programs_file.review_by,
            COUNTIES: self.counties_file.review_by,
            **{f'source "{one.id}"': one.review_by for one in self.sources.values()},
        }
        words = "was due for review by {}, so its facts may be old: call the plan to confirm"
        return tuple(
            Problem(where, "past-review", words.format(day))
            for where, day in due.items()
            if day is not None and as_of > day
        )

    def dated(self, citations: tuple[str, ...]) -> str | None:
        """The newest date among the sources cited; None where none is dated."""
        return max(self.sources[source_id(citation)].date for citation in citations) or None

    def grade(self, citations: tuple[str, ...]) -> Grade:
        """The weakest grade among the sources cited: a rule is no better known than that."""
        return max(self.sources[source_id(citation)].grade for citation in citations)

    def cite(self, citations: tuple[str, ...]) -> str:
        """The citations in words: "DHCS ECM Policy Guide p.32, 2026-01"."""
        cited = []
        for citation in citations:
            source = self.sources[source_id(citation)]
            page = citation.removeprefix(source.id)
            grade = "" if source.grade in (Grade.OFFICIAL, Grade.COPY) else ", not confirmed"
            cited.append(f"{source.name}{page}, {source.date or source.dated or 'undated'}{grade}")
        return "; ".join(cited)

    def questions_of(self, criteria: Iterable[str]) -> tuple[str, ...]:
        """The questions that criteria test, each once, in question order."""
        asked = {self.criteria[criterion].question for criterion in criteria}
        return tuple([question for question in self.questions if question in asked])

    def questions_asked_by(self, entry: Program) -> tuple[Question, ...]:
        """The questions that the entry's own rules rest on, in question order."""
        asked = self.questions_of(criteria_of(*rules_of(entry).values()))
        return tuple(self.questions[question] for question in asked)

    def name_of(self, entry_id: str) -> str:
        """The name of a program, population or service."""
        return next(entry.name for entry in self.entries if entry.id == entry_id)

    def conflicts_of(self, entry_id: str) -> tuple[Conflict, ...]:
        """Every disagreement of sources about a program, population or service."""
        return tuple(conflict for conflict in self.conflicts if entry_id in conflict.touches)

    def offered(self, service: str, county: County | None) -> bool | None:
        """True where Kaiser Permanente offers the service in the county; None where that is not known."""
        if county is None or county.kp is None or service not in self.availability:
            return None
        return county.name not in self.availability[service].not_in

    def own_plan(self, county: County) -> str:
        """The way for a member of another plan than Kaiser Permanente: the county's, with the phones known."""
        named = one_of(self._to_call(plan, county) for plan in county.plans)
        return (
            f"refer through the member's own plan, which may be {named} "
            "('calaim county NAME' tells how each takes referrals). "
            f"See the member's card, or {self._call_to_choose()}"
        )

    def plan_not_said(self, county: County) -> str:
        """The question to ask where nobody has said which plan the member has: all of the county's, with phones."""
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


def _by_name(entries: Iterable[Program]) -> dict[str, Program]:
    """The entries by each of their names. Of two with the same, which `data check` refuses, the first has it."""
    found: dict[str, Program] = {}
    for entry in entries:
        for name in (entry.id, entry.name, *entry.aliases):
            found.setdefault(name_key(name), entry)
    return found


def place_named(typed: str, policy: Policy) -> Place:
    """The place a person typed. Raises NotFound with the candidates, or near names."""
    found = find_place(typed, policy.gazetteer)
    if isinstance(found, NoPlace):
        problems = tuple(Problem("place", "candidate", name) for name in found.candidates)
        raise NotFound(f"{shown(typed)}: {found.message}", problems, code=found.code)
    return found


def service_named(typed: str, policy: Policy) -> Program:
    """The Community Support with this id, name or alias. Raises NotFound with near names."""
    known = policy.programs_file.service
    return policy.service_by_name.get(name_key(typed)) or _not_named(
        typed, known, "service", "'calaim services' lists them"
    )


def entry_named(typed: str, policy: Policy) -> Program:
    """The program, population or service with this id, name or alias. Raises NotFound with near names."""
    return policy.entry_by_name.get(name_key(typed)) or _not_named(
        typed, policy.entries, "program", "'calaim programs' lists them"
    )


def _not_named(typed: str, known: Sequence[Program], kind: str, hint: str) -> Program:
    owner = {name: one.id for one in known for name in (one.id, one.name, *one.aliases)}
    ids = tuple(dict.fromkeys(owner[name] for name in near_names(typed, owner)))
    near = f"did you mean {one_of(ids)}?" if ids else hint
    raise NotFound(f"{shown(typed)}: unknown {kind}: {near}", code=f"unknown-{kind}")


def region_named(typed: str, policy: Policy) -> Region:
    """The region with this id. Raises NotFound."""
    for region in policy.regions.values():
        if name_key(typed) == name_key(region.id):
            return region
    hint = did_you_mean(typed, policy.regions) or f"give {' or '.join(policy.regions)}"
    raise NotFound(f"{shown(typed)}: unknown region: {hint}", code="unknown-region")


def plan_named(typed: str, policy: Policy) -> Plan:
    """The Medi-Cal plan with this id, name or alias. Raises NotFound with near names."""
    for plan in policy.plans.values():
        if name_key(typed) in map(name_key, (plan.id, plan.name, *plan.aliases)):
            return plan
    hint = did_you_mean(typed, policy.plans) or f"the plans are {', '.join(policy.plans)}"
    raise NotFound(f"{shown(typed)}: unknown plan: {hint}", code="unknown-plan")


def subjects_named(typed: Sequence[str], policy: Policy) -> tuple[Subject, ...]:
    """The subjects that are named, each once, in the order of the policy; all of them when none is named."""
    if not typed:
        return policy.subjects
    wanted = [subject for one in typed for subject in requested(entry_named(one, policy), policy.subjects)]
    return tuple(subject for subject in policy.subjects if subject in wanted)


def counties_with(
    policy: Policy, service: Program | None, lacking: Program | None, region: Region | None, plan: Plan | None
) -> tuple[County, ...]:
    """The counties where Kaiser Permanente offers the service, in the region, with the plan; None asks for nothing.

    `lacking` is a service that it does not offer there; a county that it does not serve neither has nor lacks one.
    A split county is in each region that one of its ZIP codes is in.
    """
    return tuple(
        county
        for county in policy.counties_file.county
        if (service is None or policy.offered(service.id, county))
        and (lacking is None or policy.offered(lacking.id, county) is False)
        and (region is None or region.id in _regions(county))
        and (plan is None or plan.id in plans_of(county))
    )


def _regions(county: County) -> set[str]:
    if county.kp is None:
        return set()
    return {county.kp.region} if county.kp.region else set(county.kp.by_zip.values())


def kinds(policy: Policy) -> tuple[tuple[str, Program], ...]:
    """Every program, population and service with the word for its kind."""
    data = policy.programs_file
    return (
        *(("program", entry) for entry in data.program),
        *(("population", entry) for entry in data.population),
        *(("service", entry) for entry in data.service),
    )


def cited(policy: Policy) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every place of the data that cites sources: file, place and citations."""
    programs, counties = policy.programs_file, policy.counties_file
    for criterion in programs.criterion:
        yield PROGRAMS, f'criterion "{criterion.id}"', criterion.source
    for entry in policy.entries:
        yield PROGRAMS, f'"{entry.id}"', entry.source
        if entry.codes_source:
            yield PROGRAMS, f'"{entry.id}": codes', entry.codes_source
    for file, conflicts in ((PROGRAMS, programs.conflict), (COUNTIES, counties.conflict)):
        yield from ((file, f'conflict "{conflict.id}"', conflict.source) for conflict in conflicts)
    yield from ((COUNTIES, f'region "{region.id}"', region.source) for region in counties.region)
    yield from ((COUNTIES, f'contact "{contact.id}"', contact.source) for contact in counties.contact)
    for plan in counties.plan:
        yield COUNTIES, f'plan "{plan.id}"', (*plan.source, *(tag for phase in plan.history for tag in phase.source))
    for one in counties.availability:
        yield COUNTIES, f'availability "{one.service}"', one.source
    for county in counties.county:
        if county.kp:
            yield COUNTIES, f'county "{county.name}": kp', county.kp.source
    yield COUNTIES, "form", (*counties.form.subjects_source, *counties.form.source)


def sources_with_uses(policy: Policy) -> tuple[tuple[Source, tuple[str, ...]], ...]:
    """Every source with what rests on it, in the order of the data files."""
    uses: dict[str, list[str]] = {tag: [] for tag in policy.sources}
    for _, where, citations in cited(policy):
        for tag in dict.fromkeys(source_id(citation) for citation in citations):
            uses[tag].append(where)
    return tuple((source, tuple(uses[tag])) for tag, source in policy.sources.items())


def names(policy: Policy) -> dict[str, list[str]]:
    """The names that a command line may hold, by kind of thing, for its completion; a county as option is one word."""
    counties = [county.name for county in policy.counties_file.county]
    return {
        "place": counties,
        "county": [name.replace(" ", "-") for name in counties],
        "service": [_typed(service.id) for service in policy.programs_file.service],
        "program": [_typed(entry.id) for entry in policy.entries],
        "region": list(policy.regions),
        "plan": list(policy.plans),
    }


def _typed(entry_id: str) -> str:
    """An id as it is easiest typed; hyphens and underscores mean the same."""
    return entry_id.replace("_", "-")
