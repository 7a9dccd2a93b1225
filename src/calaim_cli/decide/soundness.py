"""Is the policy sound? All that no type can say: that ids exist, routes resolve, criteria can be met."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from operator import attrgetter
from typing import Final

from calaim_cli.base.errors import CAUTIONS, Problem
from calaim_cli.base.values import SUBJECT, email
from calaim_cli.base.wording import is_unknown, name_key, place_key
from calaim_cli.case.case import AGE, Case
from calaim_cli.case.form import BY_KEY, MAY_BE_NONE, NONE, REACH
from calaim_cli.decide.criteria import unfit, unmeetable
from calaim_cli.decide.known import MANAGED_CARE
from calaim_cli.decide.plausible import PLAIN_ADDRESS, absent, implausible, repeated
from calaim_cli.decide.sound_talk import unfilled, unsound_coverage, unsound_follow_up, unsound_situations, unsound_talk
from calaim_cli.policy.coverage import TOPIC, CoverageOutcome
from calaim_cli.policy.dates import PANEL, WHOLE, allowed, began
from calaim_cli.policy.leaves import Leaf, entry_name, leaves
from calaim_cli.policy.places import HEALTH_CARE_OPTIONS, KP, plans_of
from calaim_cli.policy.policy import (
    CITIES,
    COUNTIES,
    COVERAGE,
    FOLLOW_UP,
    PROGRAMS,
    ROUTES,
    TALK,
    ZIPS,
    Policy,
    cited,
)
from calaim_cli.policy.programs import THREE_PROGRAMS, WHICH, Gate, Outcome, rules_of, source_id
from calaim_cli.policy.questions import ANSWER, DONT_KNOW, Kind
from calaim_cli.policy.routes import Channel, Form, OfferKind, ReferralWords, Route, Section

COUNT: Final = 58
REFERENCES: Final = {
    **dict.fromkeys(("plan", "plans", "works_for:value"), "plan"),
    **dict.fromkeys(("region", "by_zip:value"), "region"),
    **dict.fromkeys(("county", "counties", "candidates", "works_for:name", "not_in:value"), "county"),
    **dict.fromkeys(("programs", "subject:name", "before_agreement:name", "reminders_for:name"), "program"),
    **dict.fromkeys(("services", "services_except", "ask_first", "not_in:name"), "service"),
    **dict.fromkeys(("all_of", "any_of", "none_of"), "criterion"),
    **dict.fromkeys(("source", "codes_source", "from_source", "authority_source"), "source"),
    **dict.fromkeys(("fields", "required", "labels:name"), "field"),
    **{key: key for key in ("population", "topic", "group", "question")},
    **dict.fromkeys(("answers", "asks", "part_of", "not_known", "yes:name", "no:name", "then:name"), "question"),
    **dict.fromkeys(("may_be", "must_be"), "criterion"),
    **dict.fromkeys(("after", "no_needs", "rules_out", "asked_first"), "row"),
    "call": "contact",
    "follows": "screen",
    "kinds": "kind",
    "above": "question",
    "touches": "entry",
    **dict.fromkeys(("at", "may_follow", "not_after"), "status"),
    "not_followed": "service",
    "asked:name": "asked",
    "numbers": "number",
    "next:name": "outcome",
}
"""What the keys that point at something else point at, in whatever entry they are."""


def find_problems(policy: Policy) -> tuple[Problem, ...]:
    """Everything that is wrong with the data, each with file, entry, key and a way to fix it."""
    found = tuple(leaves(policy))
    dangling = tuple(_references(policy, found))
    of_programs = (_repeated_ids, _repeated_names, unfit, _questions, _letters, _citations, _dates)
    of_places = (_counties, _places, _routes, _forms, _phrases, unsound_follow_up)
    # What can be met is worked out from criteria and questions that are there.
    linked = () if dangling else (unmeetable, unsound_talk, unsound_situations, unsound_coverage)
    others = (problem for check in (*of_programs, *of_places, *linked) for problem in check(policy))
    return (*dangling, *implausible(policy, found), *others)


def _references(policy: Policy, found: Iterable[Leaf]) -> Iterator[Problem]:
    known = _known(policy)
    # What is known of keeping Medi-Cal may rest on what is there for programs, and never the other way round.
    own = policy.coverage_file
    of_coverage: dict[str, Collection[str]] = {
        **known,
        "question": policy.answerable,
        "criterion": policy.coverage_criteria,
        "topic": [one.id for one in own.topic],
        "entry": [TOPIC, *(one.id for one in own.coverage)],
    }
    for leaf in found:
        kind = REFERENCES.get(leaf.key)
        if kind and isinstance(leaf.value, str):
            name = source_id(leaf.value) if kind == "source" else leaf.value
            there = of_coverage if leaf.where.startswith(COVERAGE) else known
            yield from absent(leaf.where, kind, (name,), there[kind])


def _known(policy: Policy) -> dict[str, Collection[str]]:
    """What a key may name, by its kind."""
    programs, counties = policy.programs_file, policy.counties_file
    names = {county.name for county in counties.county}
    entries = {WHOLE, PANEL, *(one.id for one in policy.entries), *(one.id for one in counties.contact)}
    return {
        "plan": policy.plans,
        "region": policy.regions,
        "county": names,
        "program": THREE_PROGRAMS,
        "population": [one.id for one in programs.population],
        "service": policy.services,
        "criterion": policy.criteria,
        "question": policy.questions,
        "source": policy.sources,
        "topic": [one.id for one in programs.topic],
        "group": [one.id for one in programs.group],
        "kind": policy.words.kinds,
        # What belongs to nothing that is there would never be shown.
        "entry": entries | names | policy.plans.keys(),
        "outcome": list(Outcome),
        "field": BY_KEY,
        "contact": [one.id for one in counties.contact],
        "row": [row.id for screen in policy.talk_file.screen for row in screen.rows],
        "screen": [one.id for one in policy.talk_file.screen],
        "number": ("mrn", "cin"),
        "status": policy.follow_up_file.statuses,
        "asked": ["ecm", "chw", *policy.services],
    }


def _repeated_ids(policy: Policy) -> Iterator[Problem]:
    def of(file: str, *lists: str) -> dict[str, Iterable[str]]:
        return {f"{file}: {kind}": map(entry_name, getattr(policy.files[file], kind)) for kind in lists}

    programs, coverage, talk = policy.programs_file, policy.coverage_file, policy.talk_file
    lists: dict[str, Iterable[str]] = {
        f"{', '.join(policy.files)}: source": (one.id for file in policy.files.values() for one in file.source),
        f"{PROGRAMS}, {COUNTIES}: conflict": (one.id for one in policy.conflicts),
        **of(PROGRAMS, "notice", "fact", "topic", "contradiction"),
        f"{PROGRAMS}, {COVERAGE}: question": (one.id for one in (*programs.question, *coverage.question)),
        f"{PROGRAMS}, {COVERAGE}: criterion": (one.id for one in (*programs.criterion, *coverage.criterion)),
        f"{PROGRAMS}: program, population or service": (one.id for one in policy.entries),
        **of(COUNTIES, "region", "plan", "contact", "county"),
        f"{COUNTIES}: FIPS code": (one.fips for one in policy.counties_file.county),
        **of(ROUTES, "route", "form", "offer"),
        **of(FOLLOW_UP, "status", "closing", "clock", "fact", "right"),
        **of(TALK, "voice", "screen", "implied", "situation"),
        f"{TALK}: row": (row.id for one in talk.screen for row in one.rows),
        **of(COVERAGE, "outcome", "coverage", "renewal", "contact", "fact", "conflict"),
    }
    for kind, names in lists.items():
        for name, times in repeated(names):
            yield Problem(f'{kind} "{name}"', "duplicate-id", f"appears {times} times; give each its own id")


def _repeated_names(policy: Policy) -> Iterator[Problem]:
    # One name must not find two programs, plans or situations.
    named = ((PROGRAMS, policy.entries), (COUNTIES, policy.counties_file.plan), (TALK, policy.talk_file.situation))
    for file, entries in named:
        owner: dict[str, str] = {}
        for entry in entries:
            for name in sorted({name_key(name) for name in (entry.id, entry.name, *entry.aliases)}):
                if owner.setdefault(name, entry.id) != entry.id:
                    where = f'{file}: "{entry.id}": aliases'
                    yield Problem(where, "duplicate-name", f'the name "{name}" finds "{owner[name]}" too; remove one')


FIXED: Final = {AGE: Kind.NUMBER, MANAGED_CARE: Kind.YES_NO}
"""The questions that are answered from a date of birth and a plan."""


def _questions(policy: Policy) -> Iterator[Problem]:
    used = {criterion.question for criterion in policy.programs_file.criterion}
    for question in policy.programs_file.question:
        where = f'{PROGRAMS}: question "{question.id}"'
        if question.id not in used:
            yield Problem(where, "unused-question", "no criterion uses it; use it or remove it")
        if bool(question.unit) != (question.kind is Kind.NUMBER):
            yield Problem(f"{where}: unit", "unit", "a number has a unit, such as visits, and nothing else has")
        if question.kind is not FIXED.get(question.id, question.kind):
            yield Problem(
                f"{where}: kind", "question-kind", f'must be "{FIXED[question.id]}": the program answers it too'
            )
        where = f"{where}: choices"
        if bool(question.choices) != (question.kind in (Kind.CHOICE, Kind.CHOICES)):
            yield Problem(where, "choices", "choices go with the kinds choice and choices, and with no other")
        if any(map(is_unknown, (*question.choices, *question.choices.values()))):
            yield Problem(where, "choices", f'"{DONT_KNOW}" is accepted by every question; remove it from the choices')


def _letters(policy: Policy) -> Iterator[Problem]:
    """Problems of the words of letters: a place that nothing fills, words of no choice, a choice without words."""
    words = [(f'outcome "{one.id}"', one.letter, "") for one in policy.outcomes.values()]
    for criterion in policy.programs_file.criterion:
        question = policy.questions.get(criterion.question)
        place = ANSWER if question and question.kind is not Kind.YES_NO else ""
        words.append((f'criterion "{criterion.id}"', criterion.letter, place))
    for entry in policy.entries:
        gates = [(part, rule) for part, rule in rules_of(entry).items() if isinstance(rule, Gate)]
        words += [(f'"{entry.id}": {part}', gate.letter, WHICH) for part, gate in gates]
        for part, _ in (one for one in gates if not one[1].letter.strip()):
            says = "say in a sentence for the plan what decides, as `say` does for the member"
            yield Problem(f'{PROGRAMS}: "{entry.id}": {part}.letter', "letter", says)
    for where, text, place in words:
        for found in unfilled(text, {place}):
            known = f"only {place} is" if place else "no place is"
            yield Problem(f"{PROGRAMS}: {where}: letter", "letter", f"nothing fills {found}: {known} known here")
    for question in policy.programs_file.question:
        where = f'{PROGRAMS}: question "{question.id}": letter'
        yield from absent(where, "choice", question.letter, question.choices)


def _phrases(policy: Policy) -> Iterator[Problem]:
    """Problems of what is looked for in free texts: nothing in it would find everything, and twice is a slip."""
    for key in ("watch_words", "part2_phrases"):
        where = f"{ROUTES}: referral: {key}"
        phrases = [" ".join(one.casefold().split()) for one in getattr(policy.words, key)]
        if any(not re.search(r"\w", one) for one in phrases):
            yield Problem(where, "phrase", "one has no words; remove it")
        for phrase, times in repeated(phrases):
            yield Problem(where, "phrase", f'"{phrase}" appears {times} times; keep one')


def _citations(policy: Policy) -> Iterator[Problem]:
    for file, place, citations in cited(policy):
        if not citations:
            words = "name at least one source: a fact without one is a rumor"
            yield Problem(f"{file}: {place}: source", "no-source", words)
    wanted = [(PROGRAMS, one) for one in Outcome if one not in policy.outcomes]
    for file, outcome in (*wanted, *((COVERAGE, one) for one in CoverageOutcome if one not in policy.coverage_words)):
        yield Problem(f'{file}: outcome "{outcome}"', "missing-outcome", "has no words: add it")


def _dates(policy: Policy) -> Iterator[Problem]:
    """Problems of authorities and days: an authority is graded, and nothing ends or is required before it begins."""
    for entry in policy.entries:
        where, starts = f'{PROGRAMS}: "{entry.id}"', began(entry, policy).starts
        if entry.authority and not entry.authority_grade:
            yield Problem(f"{where}: authority_grade", "missing-key", "say how well it is known: A, B, C or U")
        if not entry.authority and (entry.authority_until or entry.authority_grade or entry.authority_source):
            yield Problem(f"{where}: authority", "missing-key", "name the authority that the other keys are about")
        until = allowed(entry, policy).authority_until
        if starts and until and starts > until:
            yield Problem(f"{where}: from", "dates", f"begins on {starts}, after its authority ends on {until}")
        if entry.required_from and (starts is None or entry.required_from < starts):
            yield Problem(f"{where}: required_from", "dates", "must not be before the day in `from`")
    for notice in policy.programs_file.notice:
        where = f'{PROGRAMS}: notice "{notice.id}"'
        yield from absent(where, "notice", (notice.id,), [code for code, own in CAUTIONS.items() if own == "{text}"])
        for_ages = (notice.at_least, notice.at_most) != (None, None)
        if for_ages == bool(notice.authority):
            yield Problem(where, "notice", "give either authority or ages (at_least, at_most), to say whom it is for")
        if for_ages and notice.at_most is not None and (notice.at_least or 0) > notice.at_most:
            yield Problem(where, "notice", "nobody has such an age: at_least is more than at_most")


def _counties(policy: Policy) -> Iterator[Problem]:
    counties = policy.counties_file.county
    # A county left out would be answered as a place that does not exist.
    if len(counties) != COUNT:
        yield Problem(f"{COUNTIES}: county", "county-count", f"California has {COUNT} counties: found {len(counties)}")
    for county in counties:
        where = f'{COUNTIES}: county "{county.name}"'
        # 06 is California in the codes of states of FIPS 5-2.
        if not re.fullmatch("[0-9]{5}", county.fips):
            yield Problem(f"{where}: fips", "fips", "expected five digits in quotes, beginning with 06")
        # A member who is in no plan with regions is told of the others.
        if not county.plans:
            yield Problem(f"{where}: plans", "no-plan", f"name its plans other than {KP}: every county has one")
        for plan, times in repeated(county.plans):
            yield Problem(f"{where}: plans", "plan-twice", f'"{plan}" appears {times} times; leave it one')
        if county.kp and (county.kp.region is None) != bool(county.kp.by_zip):
            yield Problem(f"{where}: kp", "region", "give either region, or by_zip for a split county")


def _places(policy: Policy) -> Iterator[Problem]:
    """Problems of place names and ZIP codes: each means one thing, and lies in a county that is there."""
    data = policy.counties_file
    owner: dict[str, str] = {}
    typed = chain(
        ((word, county.name) for county in data.county for word in (county.name, *county.aliases)),
        ((word, " or ".join(one.candidates) or "?") for one in data.ambiguous for word in one.typed),
        ((one.typed, one.county) for one in data.misspelling),
    )
    for word, meaning in typed:
        if owner.setdefault(place_key(word), meaning) != meaning:
            words = f'means "{owner[place_key(word)]}" elsewhere in the file; remove one'
            yield Problem(f'{COUNTIES}: "{word}"', "duplicate-place", words)
    # Reading the two tables finds what else is wrong with them.
    found = {(ZIPS, fips) for spread in policy.gazetteer.zips().values() for fips, _ in spread}
    found |= {(CITIES, fips) for city in policy.gazetteer.cities().values() for fips in (*city.counties, *city.some)}
    codes = {county.fips for county in data.county}
    for table, fips in sorted(found):
        if fips not in codes:
            yield Problem(f'{table}: "{fips}"', "unknown-county", f"no county of {COUNTIES} has this FIPS code")


def _routes(policy: Policy) -> Iterator[Problem]:
    """Problems of routes: what no message can carry, a plan that does not serve, an address not to be used."""
    rejected = {_as_dialed(one.address): one.why for one in policy.routes_file.rejected}
    regional = {route.plan for route in policy.routes_file.route if route.region}
    for route in policy.routes_file.route:
        where = f'{ROUTES}: route "{route.id}"'
        for county in policy.counties_file.county:
            if county.name in route.counties and route.plan not in plans_of(county):
                yield Problem(f"{where}: counties", "not-served", f"the plan does not serve {county.name}; remove it")
        yield from _subjects(route, where, policy)
        if route.channel is Channel.EMAIL and email(route.address) != (route.address, "", ""):
            yield Problem(f"{where}: address", "address", PLAIN_ADDRESS)
        if route.channel is Channel.EMAIL and route.takes_referrals and not route.region and route.plan in regional:
            words = "this plan has routes by region, and this one would take all its members: add its region"
            yield Problem(f"{where}: region", "region", words)
    contacts = policy.counties_file.contact
    used = [(f'{ROUTES}: route "{one.id}"', (one.address, one.also, one.tty)) for one in policy.routes_file.route]
    used += [(f'{COUNTIES}: contact "{one.id}"', (one.phone, one.email, one.tty)) for one in contacts]
    for where, addresses in used:
        for why in (rejected[one] for one in map(_as_dialed, addresses) if one in rejected):
            yield Problem(f"{where}: address", "rejected-address", f"this address is not to be used: {why} Remove it")
    if not any(one.phone for one in contacts if one.id == HEALTH_CARE_OPTIONS):
        words = "refusals name it and its phone: add it"
        yield Problem(f'{COUNTIES}: contact "{HEALTH_CARE_OPTIONS}"', "missing-contact", words)
    yield from _offers(policy)


def _offers(policy: Policy) -> Iterator[Problem]:
    """Problems of what plans offer: nothing said, or what says nothing."""
    # Silence is not a yes.
    for plan in (one for one in policy.plans if one not in policy.offers):
        words = 'say what it offers: add an [[offer]], of kind "unknown" where nothing is known'
        yield Problem(f'{ROUTES}: offer "{plan}"', "offer", words)
    for offer in policy.routes_file.offer:
        where = f'{ROUTES}: offer "{offer.plan}"'
        served = {one.name for one in policy.counties_file.county if offer.plan in plans_of(one)}
        if offer.kind is OfferKind.AT_LEAST and not offer.services:
            yield Problem(f"{where}: services", "offer", "name the services that it offers")
        if offer.kind is OfferKind.UNKNOWN and offer.services:
            yield Problem(f"{where}: services", "offer", 'it is of kind "unknown": remove them')
        for service, absent_in in offer.not_in.items():
            for county in (one for one in absent_in if one not in served):
                yield Problem(
                    f"{where}: not_in.{service}", "not-served", f"the plan does not serve {county}; remove it"
                )


def _as_dialed(address: str) -> str:
    """An address as it is compared: of a telephone number its ten digits, however they are written."""
    digits = re.sub(r"^1|[-+(). ]", "", address)
    return digits if digits.isdigit() else address.casefold()


def _subjects(route: Route, where: str, policy: Policy) -> Iterator[Problem]:
    """What takes referrals by e-mail has the exact subject of each of its programs, and no other is unfit for one."""
    # A referral to one's own organization has the subject of the plan's mailboxes.
    exact = {
        program: subject
        for one in policy.routes_file.route
        if one is route or (route.own_organization and one.plan == route.plan)
        for program, subject in one.subject.items()
    }
    by_email = route.takes_referrals and (route.channel is Channel.EMAIL or route.own_organization)
    for program in dict.fromkeys((*(route.programs if by_email else ()), *route.subject)):
        if not re.fullmatch(SUBJECT, exact.get(program, "")):
            yield Problem(f"{where}: subject.{program}", "subject", "give the exact subject, 1 to 69 plain characters")


TEXTS: Final = frozenset(key for key in BY_KEY if isinstance(attrgetter(key)(Case()), str))
"""The fields that hold a text, empty where it is not given."""


def _section(section: Section, where: str) -> Iterator[Problem]:
    """A section of lines has texts alone, and one that begins with the referrer is hers alone."""
    first, *others = section.fields or ("",)
    if first not in BY_KEY or first in LAID_OUT or first == "referral.current_services":
        return
    for key in (first, *others):
        if key in BY_KEY.keys() - TEXTS - {"member.kp_member"}:
            yield Problem(where, "field-kind", f'"{key}" is not a text field, and cannot be on a line: remove it')
        if first.startswith("referrer.") and not key.startswith("referrer."):
            yield Problem(where, "field-kind", f'"{key}" would be left out after "{first}": give it another section')


LAID_OUT: Final = ("referral.program", "consent.member_agreed", "consent.part2", "")
"""What begins a section that no letter may lack: request, agreement, Part 2 notice, and the closing words (none)."""


GO_WITH: Final = {"member.zip": "member.state", **dict.fromkeys(MAY_BE_NONE, REACH)}
"""Fields that a letter may not have without the other."""


def _forms(policy: Policy) -> Iterator[Problem]:
    """Problems of the forms: each field in one section, no part of a letter missing, and one sheet for the rest."""
    forms = policy.routes_file.form
    if sum(not form.plans for form in forms) != 1:
        yield Problem(
            f"{ROUTES}: form", "sheet", "one form, and only one, names no plans: it is the sheet for all others"
        )
    for plan, times in repeated(plan for form in forms for plan in form.plans):
        yield Problem(f"{ROUTES}: form: plans", "form-twice", f'"{plan}" has {times} forms; leave it one')
    for form in forms:
        yield from _form(form, f'{ROUTES}: form "{form.id}"')
        yield from _conditions(form, policy.words, f'{ROUTES}: form "{form.id}"')


def _conditions(form: Form, words: ReferralWords, of: str) -> Iterator[Problem]:
    """Problems of fields that go with others: of what is needed with some choices, and of a line that needs another."""
    for key in dict.fromkeys(other for one, other in GO_WITH.items() if one in form.keys):
        if key not in form.keys:
            says = f'"{key}" is in no section, but the letter needs it; add it to one'
            yield Problem(f"{of}: sections", "field-missing", says)
    for name, wanted in (("required_if", form.keys), ("required_unless", form.required)):
        for key, conditions in getattr(form, name).items():
            where = f'{of}: {name}."{key}"'
            if key not in wanted or (name == "required_if" and key in form.required):
                says = "in a section, and not in `required`" if name == "required_if" else "in `required`"
                yield Problem(where, "condition", f"this field has to be {says}")
            yield from absent(where, "field", conditions, BY_KEY)
            for other, texts in conditions.items():
                field = BY_KEY.get(other)
                if other in MAY_BE_NONE:
                    yield from absent(where, "text", texts, (NONE,))
                elif field:
                    yield from absent(where, "choice", texts, getattr(words, field.choices, ()))


def _form(form: Form, of: str) -> Iterator[Problem]:
    where = f"{of}: sections"
    yield from absent(f"{of}: initials", "name", form.initials, [key for key in form.keys if key.endswith("_name")])
    if not form.numbers:
        yield Problem(f"{of}: numbers", "number", 'name the numbers that may leave to the plan: "mrn", "cin" or both')
    for key, times in repeated(form.keys):
        yield Problem(where, "field-twice", f'"{key}" is in {times} places; leave it in one')
    for key in form.required:
        if key not in form.keys:
            yield Problem(where, "field-missing", f'"{key}" is required and in no section; add it to one')
        if key in BY_KEY.keys() - TEXTS:
            yield Problem(f"{of}: required", "field-kind", f'"{key}" is not a text, and is asked for anyway: remove it')
    for section in form.sections:
        yield from _section(section, f'{where} "{section.title}"')
    first = {section.fields[0] if section.fields else "" for section in form.sections}
    for key in LAID_OUT:
        if key not in first:
            words = f'no section begins with "{key}"' if key else "no section is without fields, for closed_loop"
            yield Problem(where, "section-missing", f"{words}; add it")
