"""The whole policy as one frozen value: everything that `data/` says, and what a person names found in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Final, TypeVar

from msgspec import Struct

from calaim_cli.base.cautions import caution
from calaim_cli.base.errors import NotFound, Problem
from calaim_cli.base.wording import name_key, near_names, one_of, shown
from calaim_cli.policy import places
from calaim_cli.policy.programs import (
    Conflict,
    Fact,
    Grade,
    Group,
    Notice,
    Program,
    Source,
    Subject,
    rules_of,
    source_id,
)
from calaim_cli.policy.questions import Criterion, Question, Topic
from calaim_cli.policy.rules import criteria_of

PROGRAMS: Final = "programs.toml"
COUNTIES: Final = "counties.toml"
ZIPS: Final = "zips.csv"
CITIES: Final = "cities.csv"
Named = TypeVar("Named", Program, places.Region, places.Plan)


class OutcomeWords(Struct, frozen=True, forbid_unknown_fields=True):
    """An outcome in words that a member can hear, and what to do next."""

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
    notice: tuple[Notice, ...] = ()
    fact: tuple[Fact, ...] = ()
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
    form: places.Form
    source: tuple[Source, ...] = ()
    conflict: tuple[Conflict, ...] = ()
    region: tuple[places.Region, ...] = ()
    availability: tuple[places.Availability, ...] = ()
    contact: tuple[places.Contact, ...] = ()
    plan: tuple[places.Plan, ...] = ()
    county: tuple[places.County, ...] = ()
    ambiguous: tuple[places.Ambiguous, ...] = ()
    elsewhere: tuple[dict[str, object], ...] = ()  # in older folders: cities.csv says it now
    misspelling: tuple[places.Misspelling, ...] = ()


class Policy(Struct, frozen=True, eq=False, dict=True):
    """The policy in force: both data files, indexed by id, with what can be decided and what places mean."""

    programs_file: ProgramsFile
    counties_file: CountiesFile
    gazetteer: places.Gazetteer
    subjects: tuple[Subject, ...]
    sources: dict[str, Source]
    questions: dict[str, Question]
    criteria: dict[str, Criterion]
    outcomes: dict[str, OutcomeWords]
    regions: dict[str, places.Region]
    plans: dict[str, places.Plan]
    availability: dict[str, places.Availability]
    conflicts: tuple[Conflict, ...]

    @property
    def edition(self) -> str:
        """The edition of the data; both where the two files differ."""
        programs, counties = self.programs_file.edition, self.counties_file.edition
        return programs if programs == counties else f"programs {programs}, counties {counties}"

    @property
    def review_by(self) -> date:
        """The day on which the data want a review: the earlier of the two files'."""
        return min(self.programs_file.review_by, self.counties_file.review_by)

    @property
    def form(self) -> places.Form:
        """The plan's referral form."""
        return self.counties_file.form

    @cached_property
    def entries(self) -> tuple[Program, ...]:
        """Every program, population and service, in that order."""
        return tuple([entry for _, entry in kinds(self)])

    @cached_property
    def entry_by_name(self) -> Mapping[str, Program]:
        """Every program, population and service by each of its names, as they are compared."""
        return _by_name(self.entries)

    @cached_property
    def service_by_name(self) -> Mapping[str, Program]:
        """Every Community Support by each of its names, as they are compared."""
        return _by_name(self.programs_file.service)

    def past_review(self, as_of: date) -> tuple[Problem, ...]:
        """A warning for each file, source and entry whose review is due on `as_of`."""
        due = {PROGRAMS: self.programs_file.review_by, COUNTIES: self.counties_file.review_by} | {
            f'source "{one.id}"': one.review_by for one in self.sources.values() if one.review_by
        }
        if as_of < self.programs_file.review_by:  # from then on all of them are
            due |= {f'{PROGRAMS}: "{one.id}"': one.review_by for one in self.entries if one.review_by}
        return tuple(caution("past-review", where, day=day) for where, day in due.items() if as_of >= day)

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

    @cached_property
    def form_questions(self) -> Mapping[str, tuple[Question, ...]]:
        """The questions that an entry's own rules rest on, in question order, if it has a part of the plan's form."""
        asked = {
            one.id: self.questions_of(criteria_of(*rules_of(one).values())) for one in self.entries if one.form_part
        }
        return {entry: tuple(self.questions[question] for question in ids) for entry, ids in asked.items()}

    def name_of(self, entry_id: str) -> str:
        """The name of a program, population or service."""
        return next(entry.name for entry in self.entries if entry.id == entry_id)

    def conflicts_of(self, entry_id: str) -> tuple[Conflict, ...]:
        """Every disagreement of sources about a program, population or service."""
        return tuple(conflict for conflict in self.conflicts if entry_id in conflict.touches)

    def offered(self, service: str, county: places.County | None) -> bool | None:
        """True where Kaiser Permanente offers the service in the county; None where that is not known."""
        if county is None or county.kp is None or service not in self.availability:
            return None
        return county.name not in self.availability[service].not_in

    def own_plan(self, county: places.County) -> str:
        """The way for a member of another plan than Kaiser Permanente: the county's, with the phones known."""
        named = one_of(self._to_call(plan, county) for plan in county.plans)
        return (
            f"refer through the member's own plan, which may be {named} "
            f"('calaim county NAME' tells how each takes referrals). See the member's card, or {self._call_to_choose()}"
        )

    def plan_not_said(self, county: places.County) -> str:
        """The question to ask where nobody has said which plan the member has: all of the county's, with phones."""
        named = one_of(self._to_call(plan, county) for plan in places.plans_of(county))
        card = f"Which plan is on the card? In {county.name} County it may be {named}."
        return f"{card} Without a card, {self._call_to_choose()}."

    def _to_call(self, plan_id: str, county: places.County) -> str:
        plan = self.plans[plan_id]
        phone = plan.phone
        # Kaiser Permanente has a phone for each region, and a county may be split between them.
        if plan_id == places.KP and county.kp:
            phone = one_of(self.regions[region].phone for region in _regions(county))
        return f"{plan.name} ({phone})" if phone else plan.name

    def _call_to_choose(self) -> str:
        helps = next(contact for contact in self.counties_file.contact if contact.id == places.HEALTH_CARE_OPTIONS)
        return f"call {helps.name}, {helps.phone}"


def _by_name(entries: Sequence[Program]) -> dict[str, Program]:
    # Of two with the same name, which `data check` refuses, the first has it.
    return {name_key(name): one for one in reversed(entries) for name in (*one.aliases, one.name, one.id)}


def place_named(typed: str, policy: Policy) -> places.Place:
    """The place a person typed. Raises NotFound with the candidates, or near names."""
    found = places.find_place(typed, policy.gazetteer)
    if isinstance(found, places.NoPlace):
        problems = tuple(Problem("place", "candidate", name) for name in found.candidates)
        raise NotFound(f"{shown(typed)}: {found.message}", problems, code=found.code)
    return found


def service_named(typed: str, policy: Policy) -> Program:
    """The Community Support with this id, name or alias. Raises NotFound with near names."""
    return _named(typed, policy.service_by_name, "service", "'calaim services' lists them")


def entry_named(typed: str, policy: Policy) -> Program:
    """The program, population or service with this id, name or alias. Raises NotFound with near names."""
    return _named(typed, policy.entry_by_name, "program", "'calaim programs' lists them")


def region_named(typed: str, policy: Policy) -> places.Region:
    """The region with this id. Raises NotFound."""
    known = {name_key(one): region for one, region in policy.regions.items()}
    return _named(typed, known, "region", f"give {' or '.join(policy.regions)}")


def plan_named(typed: str, policy: Policy) -> places.Plan:
    """The Medi-Cal plan with this id, name or alias. Raises NotFound with near names."""
    for plan in policy.plans.values():
        if name_key(typed) in map(name_key, (plan.name, *plan.aliases)):
            return plan
    known = {name_key(one): plan for one, plan in policy.plans.items()}
    return _named(typed, known, "plan", f"the plans are {', '.join(policy.plans)}")


def _named(typed: str, known: Mapping[str, Named], kind: str, hint: str) -> Named:
    """The one that is typed. Raises NotFound with the ids of near names, or with `hint` where none is near."""
    found = known.get(name_key(typed))
    if found is None:
        ids = tuple(dict.fromkeys(known[name].id for name in near_names(typed, known)))
        words = f"did you mean {one_of(ids)}?" if ids else hint
        raise NotFound(f"{shown(typed)}: unknown {kind}: {words}", code=f"unknown-{kind}")
    return found


def subjects_named(typed: Sequence[str], policy: Policy) -> tuple[Subject, ...]:
    """The subjects that are named, each once, in the order of the policy; all of them when none is named."""
    entries = [entry_named(one, policy) for one in typed] or policy.programs_file.program
    # Who names a whole program asks for all that belongs to it.
    programs = {entry.id for entry in entries}
    return tuple(one for one in policy.subjects if one.program in programs or one.entry in entries)


def counties_with(
    policy: Policy, has: Program | None, lacks: Program | None, region: places.Region | None, plan: places.Plan | None
) -> tuple[places.County, ...]:
    """The counties where Kaiser Permanente has a service or lacks one, in the region, with the plan; None: any.

    A county that it does not serve neither has nor lacks a service.
    """
    return tuple(
        county
        for county in policy.counties_file.county
        if (has is None or policy.offered(has.id, county))
        and (lacks is None or policy.offered(lacks.id, county) is False)
        and (region is None or region.id in _regions(county))
        and (plan is None or plan.id in places.plans_of(county))
    )


def _regions(county: places.County) -> tuple[str, ...]:
    if county.kp is None:
        return ()
    # Several where ZIP codes split the county.
    return (county.kp.region,) if county.kp.region else tuple(dict.fromkeys(county.kp.by_zip.values()))


def kinds(policy: Policy) -> tuple[tuple[str, Program], ...]:
    """Every program, population and service with the word for its kind."""
    data = policy.programs_file
    named = {"program": data.program, "population": data.population, "service": data.service}
    return tuple((kind, entry) for kind, entries in named.items() for entry in entries)


def cited(policy: Policy) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every place of the data that cites sources: file, place and citations."""
    programs, counties = policy.programs_file, policy.counties_file
    yield from ((PROGRAMS, f'criterion "{one.id}"', one.source) for one in programs.criterion)
    for entry in policy.entries:
        yield PROGRAMS, f'"{entry.id}"', entry.source
        if entry.codes_source:
            yield PROGRAMS, f'"{entry.id}": codes', entry.codes_source
        if entry.starts:
            yield PROGRAMS, f'"{entry.id}": from', entry.from_source
        if entry.authority:
            yield PROGRAMS, f'"{entry.id}": authority', entry.authority_source
    yield from ((PROGRAMS, f'notice "{one.id}"', one.source) for one in programs.notice)
    yield from ((PROGRAMS, f'fact "{one.id}"', one.source) for one in programs.fact)
    for file, conflicts in ((PROGRAMS, programs.conflict), (COUNTIES, counties.conflict)):
        yield from ((file, f'conflict "{one.id}"', one.source) for one in conflicts)
    yield from ((COUNTIES, f'region "{one.id}"', one.source) for one in counties.region)
    yield from ((COUNTIES, f'contact "{one.id}"', one.source) for one in counties.contact)
    for plan in counties.plan:
        yield COUNTIES, f'plan "{plan.id}"', (*plan.source, *(tag for phase in plan.history for tag in phase.source))
    yield from ((COUNTIES, f'availability "{one.service}"', one.source) for one in counties.availability)
    yield from ((COUNTIES, f'county "{one.name}": kp', one.kp.source) for one in counties.county if one.kp)
    yield COUNTIES, "form", (*counties.form.subjects_source, *counties.form.source)


def sources_with_uses(policy: Policy) -> tuple[tuple[Source, tuple[str, ...]], ...]:
    """Every source with what rests on it, in the order of the data files."""
    uses: dict[str, list[str]] = {tag: [] for tag in policy.sources}
    for _, where, citations in cited(policy):
        for tag in dict.fromkeys(source_id(citation) for citation in citations):
            uses[tag].append(where)
    return tuple((source, tuple(uses[tag])) for tag, source in policy.sources.items())


def names(policy: Policy) -> dict[str, list[str]]:
    """The names that a command line may hold, by kind of thing, for its completion."""
    counties = [county.name for county in policy.counties_file.county]
    # An id is easiest typed with hyphens, which mean the same; a county as an option is one word.
    return {
        "place": counties,
        "county": [name.replace(" ", "-") for name in counties],
        "service": [service.id.replace("_", "-") for service in policy.programs_file.service],
        "program": [entry.id.replace("_", "-") for entry in policy.entries],
        "region": list(policy.regions),
        "plan": list(policy.plans),
    }
