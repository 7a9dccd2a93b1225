"""The whole policy as one frozen value: everything that `data/` says, and what a person names found in it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Final, TypeVar

from msgspec import Struct

from calaim_cli.base.errors import NotFound, Problem, caution
from calaim_cli.base.wording import name_key, names_several, near_names, one_of, shown, telling_words
from calaim_cli.policy import places, routes
from calaim_cli.policy.coverage import TOPIC, CoverageFile, CoverageOutcome, CoverageWords
from calaim_cli.policy.follow_up import FollowUpFile
from calaim_cli.policy.places import CountiesFile, County, plans_of
from calaim_cli.policy.programs import (
    Conflict,
    DataFile,
    Grade,
    OutcomeWords,
    Program,
    ProgramsFile,
    Source,
    Subject,
    rules_of,
    source_id,
)
from calaim_cli.policy.questions import Criterion, Question
from calaim_cli.policy.rules import criteria_of
from calaim_cli.policy.talk import Situation, TalkFile

PROGRAMS: Final = "programs.toml"
COUNTIES: Final = "counties.toml"
ROUTES: Final = "routes.toml"
TALK: Final = "talk.toml"
COVERAGE: Final = "coverage.toml"
FOLLOW_UP: Final = "follow_up.toml"
ZIPS: Final = "zips.csv"
CITIES: Final = "cities.csv"
Named = TypeVar("Named", Program, places.Region, places.Plan, Question, Situation)


class Listed(Struct, frozen=True):
    """Where a plan offers a service: the date of what says so, its sources and grade, what is to know of it."""

    as_of: str
    source: tuple[str, ...]
    grade: Grade
    note: str = ""


class Policy(Struct, frozen=True, eq=False, dict=True):
    """The policy in force: the data files, indexed by id, with what can be decided and what places mean."""

    programs_file: ProgramsFile
    counties_file: CountiesFile
    routes_file: routes.RoutesFile
    talk_file: TalkFile
    coverage_file: CoverageFile
    follow_up_file: FollowUpFile
    gazetteer: places.Gazetteer
    subjects: tuple[Subject, ...]
    sources: dict[str, Source]
    questions: dict[str, Question]
    criteria: dict[str, Criterion]
    outcomes: dict[str, OutcomeWords]
    regions: dict[str, places.Region]
    plans: dict[str, places.Plan]
    conflicts: tuple[Conflict, ...]

    @property
    def edition(self) -> str:
        """The edition of the data, as a letter names it; that of each file where they differ."""
        editions = {name.partition(".")[0]: file.edition for name, file in self.of_programs.items()}
        first, *others = set(editions.values())
        return ", ".join(f"{name} {edition}" for name, edition in editions.items()) if others else first

    @property
    def review_by(self) -> date:
        """The day on which the data want a review: the earliest of the files'."""
        return min(file.review_by for file in self.of_programs.values())

    @property
    def files(self) -> Mapping[str, DataFile]:
        """What each of the files holds, by its name."""
        return {
            PROGRAMS: self.programs_file,
            COUNTIES: self.counties_file,
            ROUTES: self.routes_file,
            TALK: self.talk_file,
            COVERAGE: self.coverage_file,
            FOLLOW_UP: self.follow_up_file,
        }

    @property
    def of_programs(self) -> Mapping[str, DataFile]:
        """The files without that on keeping Medi-Cal, which has an edition and a review of its own."""
        return {name: file for name, file in self.files.items() if name != COVERAGE}

    @cached_property
    def coverage_questions(self) -> Mapping[str, Question]:
        """The questions on keeping Medi-Cal alone, which no program rests on and no letter knows."""
        return {one.id: one for one in self.coverage_file.question}

    @cached_property
    def answerable(self) -> Mapping[str, Question]:
        """Every question that a case may answer: those of the programs, then those on keeping Medi-Cal."""
        return {**self.questions, **self.coverage_questions}

    @cached_property
    def coverage_criteria(self) -> Mapping[str, Criterion]:
        """The criteria that keeping Medi-Cal may rest on: those of the programs, and its own."""
        return {**self.criteria, **{one.id: one for one in self.coverage_file.criterion}}

    @cached_property
    def coverage_words(self) -> Mapping[CoverageOutcome, CoverageWords]:
        """The outcomes of keeping Medi-Cal in words."""
        return {one.id: one for one in self.coverage_file.outcome}

    @property
    def words(self) -> routes.ReferralWords:
        """The choices of a case, and the words that all letters share."""
        return self.routes_file.referral

    @cached_property
    def offers(self) -> Mapping[str, routes.Offer]:
        """What each plan offers, by its id, as far as known."""
        return {one.plan: one for one in self.routes_file.offer}

    def form_of(self, plan: str) -> routes.Form:
        """The plan's own referral form, else our sheet; "" is a plan that is not known."""
        forms = self.routes_file.form
        return next((form for form in forms if plan in form.plans), None) or next(one for one in forms if not one.plans)

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
        """A warning for each day since which files, sources and entries are due for a review, as of `as_of`."""
        due = {name: file.review_by for name, file in self.of_programs.items()} | {
            f'source "{one.id}"': one.review_by for one in self.sources.values() if one.review_by
        }
        if as_of < self.programs_file.review_by:  # from then on all of them are
            due |= {f'{PROGRAMS}: "{one.id}"': one.review_by for one in self.entries if one.review_by}
        days = sorted({day for day in due.values() if as_of >= day})
        return tuple(
            caution("past-review", ", ".join(where for where, by in due.items() if by == day), day=day) for day in days
        )

    def coverage_past_review(self, as_of: date) -> tuple[Problem, ...]:
        """A warning where what is known of keeping Medi-Cal is due for a review on `as_of`."""
        day = self.coverage_file.review_by
        return (caution("coverage-past-review", COVERAGE, day=day),) if as_of >= day else ()

    def dated(self, citations: tuple[str, ...]) -> str | None:
        """The newest date among the sources cited; None where none is dated."""
        return max(self.sources[source_id(citation)].date for citation in citations) or None

    def grade(self, citations: tuple[str, ...]) -> Grade:
        """The weakest grade among the sources cited: a rule is no better known than that."""
        return max(self.sources[source_id(citation)].grade for citation in citations)

    def told_to(self, plan: str, citations: tuple[str, ...]) -> tuple[str, ...]:
        """The citations without those of other plans' own documents; all of them where the plan is not known."""
        owners = ((one, self.sources[source_id(one)].plan) for one in citations)
        return tuple([one for one, owner in owners if not plan or owner in {"", plan}])

    def cite(self, citations: tuple[str, ...]) -> str:
        """The citations in words: "DHCS ECM Policy Guide p.32, 2026-01"."""
        cited = []
        for citation in citations:
            source = self.sources[source_id(citation)]
            page = citation.removeprefix(source.id)
            grade = "" if source.grade in (Grade.OFFICIAL, Grade.COPY) else ", not confirmed"
            cited.append(f"{source.name}{page}, {source.date or source.dated or 'undated'}{grade}")
        return "; ".join(cited)

    def graded(self, citations: tuple[str, ...]) -> str:
        """The citations in words with their grade: "DHCS ECM Policy Guide p.32, 2026-01; grade A"."""
        return f"{self.cite(citations)}; grade {self.grade(citations)}"

    def questions_of(self, criteria: Iterable[str]) -> tuple[str, ...]:
        """The questions that criteria test, each once, in question order."""
        asked = {self.criteria[criterion].question for criterion in criteria}
        return tuple([question for question in self.questions if question in asked])

    @cached_property
    def form_questions(self) -> Mapping[str, tuple[tuple[Question, bool], ...]]:
        """The questions of an entry that has a part of the plan's form, in question order; True: of its main rule."""
        found = {}
        for one in (entry for entry in self.entries if entry.form_part):
            rules = rules_of(one)
            asked, of_rule = (self.questions_of(criteria_of(*part)) for part in (rules.values(), (rules["rule"],)))
            found[one.id] = tuple((self.questions[question], question in of_rule) for question in asked)
        return found

    @cached_property
    def rule_criteria(self) -> frozenset[str]:
        """The criteria that decide something: those of the rules, and not those of contradictions alone."""
        return frozenset(one for entry in self.entries for one in criteria_of(*rules_of(entry).values()))

    def name_of(self, entry_id: str) -> str:
        """The name of a program, population or service. Raises KeyError for an id that is none of these."""
        return {entry.id: entry.name for entry in self.entries}[entry_id]

    def conflicts_of(self, entry_id: str) -> tuple[Conflict, ...]:
        """Every disagreement of sources about a program, population or service."""
        return tuple(conflict for conflict in self.conflicts if entry_id in conflict.touches)

    def offered(self, plan: str, service: str, county: County | None, as_of: date | None = None) -> bool | None:
        """Whether the plan offers the service in the county, by default on the day of the data; None: not known."""
        if county is None or service not in self.services or plan not in plans_of(county):
            return None
        day = as_of or self.routes_file.as_of
        return routes.offers(self.offers.get(plan), self.services[service], county, day)

    def listed(self, plan: str, service: Program) -> Listed:
        """What is known of where the plan offers the service: from a law for all plans, else from its own list."""
        if service.required_from:
            return Listed(service.required_from.isoformat()[:7], service.source, self.grade(service.source))
        offer = self.offers[plan]
        return Listed(offer.as_of, offer.source, offer.grade, offer.note if service.id in offer.not_in else "")

    @cached_property
    def services(self) -> Mapping[str, Program]:
        """Every Community Support by its id."""
        return {service.id: service for service in self.programs_file.service}

    def region_in(self, county: County, zip_code: str = "") -> str:
        """The region of a member in the county: the county's own, or that of a listed ZIP code; "" is not known."""
        return "" if county.kp is None else county.kp.region or county.kp.by_zip.get(zip_code[:5], "")

    def way_to(self, plan: str, county: County, program: str, region: str | None = None) -> routes.Way:
        """How the plan is asked for the program in the county; no way to a plan that does not serve it."""
        if plan not in plans_of(county):
            return routes.Way()
        settled = self.region_in(county) if region is None else region
        there = [one for one in self.routes_file.route if one.plan == plan and routes.serves(one, county, settled)]
        found = tuple(one for one in there if program in one.programs)
        # A line for ECM alone is only one to ask for the other programs, by inference.
        phones = [one for one in there if one.channel is routes.Channel.PHONE]
        return routes.Way(found, phones[0] if phones and not set(phones).intersection(found) else None)

    def lines_of(self, plan: str, county: County | None) -> tuple[routes.Route, ...]:
        """The plan's phone lines that are known, in a county those that serve it."""
        region = self.region_in(county) if county else ""
        return tuple(
            one
            for one in self.routes_file.route
            if one.plan == plan
            and one.channel is routes.Channel.PHONE
            and (routes.serves(one, county, region) if county else one.takes_referrals)
        )

    def own_plan(self, county: County, but: str = "") -> str:
        """What to do for a member of another plan: the county's plans and their phones, except one ruled out."""
        plans = self._plans_to_call(county, but)
        return f"refer through the member's own plan, which may be {plans}. Without a card, {self.call_to_choose()}"

    def not_served(self, plan: str, county: County) -> str:
        """What to do for a member of a plan that does not serve the county, as the end of a sentence."""
        record = self.plans[plan].works_for.get(county.name)
        if record is None:
            return self.own_plan(county, plan)
        asked = "ask which plan is the member's plan of record, and name that one"
        return f"there it works for {self.plans[record].name} ({record}): {asked}"

    def plan_not_said(self, county: County, but: str = "") -> str:
        """The question to ask where nobody has said which plan the member has: the county's, with phones."""
        card = f"Which plan is on the card? In the member's county it may be {self._plans_to_call(county, but)}."
        return f"{card} Without a card, {self.call_to_choose()}."

    def _plans_to_call(self, county: County, but: str) -> str:
        return one_of(self.to_call(plan, county) for plan in plans_of(county) if plan != but)

    def to_call(self, plan_id: str, county: County) -> str:
        """The plan with its phone in the county, if one is known; in a split county that of each region."""
        phones = [line.address for line in self.lines_of(plan_id, county)]
        name = self.plans[plan_id].name
        return f"{name} ({one_of(phones)})" if phones else name

    def call_to_choose(self) -> str:
        """Whom to call where a plan is to be found or changed: "call NAME, NUMBER"."""
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
    """The Medi-Cal plan with this id, name or alias. Raises NotFound: part of a name is never taken for a plan.

    Its candidates are the plans of whose name it is a part ("alliance"), else those with near names.
    """
    named = [(name, plan) for plan in policy.plans.values() for name in (plan.id, plan.name, *plan.aliases)]
    known = {name_key(name): plan for name, plan in reversed(named)}
    words = f" {' '.join(typed.casefold().split())} "
    part_of = dict.fromkeys(plan.id for name, plan in named if words in f" {name.casefold()} ")
    if name_key(typed) not in known and part_of and words.strip():
        may_be = f"a part of a plan's name: give the plan's id, which may be {one_of(part_of)}"
        raise _not_named(typed, may_be, "ambiguous-plan")
    # Plans' names share many letters: only a slip of the fingers is a hint.
    return _named(typed, known, "plan", "'calaim plan' lists them", least=0.8)


def situation_named(typed: str, policy: Policy) -> Situation:
    """The situation with this id, name or alias, else the only one that has all the words in these.

    Raises NotFound with the candidates where several have them, else with near names.
    """
    several, words = policy.talk_file.situation, telling_words(typed)
    known = {name_key(name): one for one in reversed(several) for name in one.names}
    found = [one for one in several if words and words <= telling_words(" ".join(one.names))]
    if name_key(typed) in known or not found:
        return _named(typed, known, "situation", "'calaim when' lists them")
    if len(found) > 1:
        problems = tuple(Problem("situation", "candidate", one.id) for one in found)
        may_be = f"fits several situations: give {one_of(one.id for one in found)}"
        raise NotFound(f"{shown(typed)}: {may_be}", problems, code="ambiguous-situation")
    return found[0]


def _named(typed: str, known: Mapping[str, Named], kind: str, hint: str, least: float = 0.6) -> Named:
    """The one that is typed. Raises NotFound with the ids of near names, or with `hint` where none is near."""
    found = known.get(name_key(typed))
    # A member has one plan, of which "and" may be a part of the name.
    if found is None and kind != "plan" and names_several(typed, known):
        raise _not_named(typed, "several at once: give one at a time", f"unknown-{kind}")
    if found is None:
        ids = tuple(dict.fromkeys(known[name].id for name in near_names(typed, known, least=least)))
        words = f"did you mean {one_of(ids)}?" if ids else hint
        raise _not_named(typed, f"unknown {kind}: {words}", f"unknown-{kind}")
    return found


def _not_named(typed: str, words: str, code: str) -> NotFound:
    """The error of a name that finds nothing. Its problem has the words alone: what a case says is not repeated."""
    return NotFound(f"{shown(typed)}: {words}", (Problem("", code, words),), code=code)


def subjects_named(typed: Sequence[str], policy: Policy) -> tuple[Subject, ...]:
    """The subjects that are named, each once, in the order of the policy; all of them when none is named."""
    entries = [entry_named(one, policy) for one in typed] or policy.programs_file.program
    # Who names a whole program asks for all that belongs to it.
    programs = {entry.id for entry in entries}
    return tuple(one for one in policy.subjects if one.program in programs or one.entry in entries)


def subjects_alone(typed: Sequence[str], policy: Policy) -> tuple[Subject, ...]:
    """The subjects that are named, without the populations of a program; of Community Supports every service."""
    entries = [entry_named(one, policy) for one in typed]
    return tuple(one for one in subjects_named(typed, policy) if one.entry in entries or one.population is None)


def questions_named(typed: str, policy: Policy) -> tuple[Question, ...]:
    """The question with this id, or those that a program, population, service or keeping Medi-Cal rests on, in order.

    Raises NotFound with near names.
    """
    by_id = {name_key(one): question for one, question in policy.answerable.items()}
    if name_key(typed) == TOPIC:
        return tuple(policy.coverage_questions.values())
    if name_key(typed) in by_id or name_key(typed) not in policy.entry_by_name:
        return (_named(typed, by_id, "question", "'calaim questions' lists them"),)
    rules = (rule for one in subjects_named([typed], policy) for rule in one.parts.values())
    return tuple(policy.questions[one] for one in policy.questions_of(criteria_of(*rules)))


def counties_with(
    policy: Policy,
    has: Program | None,
    lacks: Program | None,
    region: places.Region | None = None,
    plan: places.Plan | None = None,
) -> tuple[County, ...]:
    """The counties where the plan has a service or lacks one, in the region, with the plan; None: any.

    Without a plan the one that has regions is meant. A county that it does not serve neither has nor lacks a service.
    """
    of = plan.id if plan else places.KP
    return tuple(
        county
        for county in policy.counties_file.county
        if (has is None or policy.offered(of, has.id, county))
        and (lacks is None or policy.offered(of, lacks.id, county) is False)
        and (region is None or region.id in routes.regions_of(county))
        and (plan is None or plan.id in plans_of(county))
    )


def offered_in(service: Program, policy: Policy) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The counties where the plan with regions offers the service, and those where it does not; the rest: not known."""
    has, lacks = counties_with(policy, service, None), counties_with(policy, None, service)
    return tuple(county.name for county in has), tuple(county.name for county in lacks)


def kinds(policy: Policy) -> tuple[tuple[str, Program], ...]:
    """Every program, population and service with the word for its kind."""
    data = policy.programs_file
    named = {"program": data.program, "population": data.population, "service": data.service}
    return tuple((kind, entry) for kind, entries in named.items() for entry in entries)


def cited(policy: Policy) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every place of the data that cites sources: file, place and citations."""

    def listed(name: str, *lists: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        data = policy.files[name]
        return ((name, f'{kind} "{one.id}"', one.source) for kind in lists for one in getattr(data, kind))

    yield from listed(PROGRAMS, "criterion")
    for entry in policy.entries:
        yield PROGRAMS, f'"{entry.id}"', entry.source
        if entry.codes_source:
            yield PROGRAMS, f'"{entry.id}": codes', entry.codes_source
        if entry.starts:
            yield PROGRAMS, f'"{entry.id}": from', entry.from_source
        if entry.authority:
            yield PROGRAMS, f'"{entry.id}": authority', entry.authority_source
    yield from listed(PROGRAMS, "contradiction", "notice", "fact", "conflict")
    yield from listed(COUNTIES, "conflict")
    yield from listed(ROUTES, "rule", "route", "form")
    yield from ((ROUTES, f'offer "{one.plan}"', one.source) for one in policy.routes_file.offer)
    yield ROUTES, "referral", policy.words.source
    yield from listed(TALK, "implied", "situation")
    yield from listed(COVERAGE, "criterion", "coverage", "renewal", "contact", "fact", "conflict")
    yield COVERAGE, "missed", policy.coverage_file.missed_source
    # A reminder of our own may rest on no source.
    clocks = (one for one in policy.follow_up_file.clock if one.source or not one.own)
    yield from ((FOLLOW_UP, f'clock "{one.id}"', one.source) for one in clocks)
    yield from listed(FOLLOW_UP, "fact", "right")
    yield from listed(COUNTIES, "region", "contact")
    for plan in policy.counties_file.plan:
        yield COUNTIES, f'plan "{plan.id}"', (*plan.source, *(tag for phase in plan.history for tag in phase.source))
    counties = policy.counties_file.county
    yield from ((COUNTIES, f'county "{one.name}": kp', one.kp.source) for one in counties if one.kp)


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
        "situation": [one.id.replace("_", "-") for one in policy.talk_file.situation],
    }
