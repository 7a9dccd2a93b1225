"""Is the policy sound? All that no type can say: that ids exist, routes resolve, criteria can be met."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, product
from typing import Final

from calaim_cli.base.cautions import CAUTIONS
from calaim_cli.base.errors import Problem
from calaim_cli.base.folding import is_unknown
from calaim_cli.base.values import SUBJECT, email
from calaim_cli.base.wording import did_you_mean, name_key, place_key
from calaim_cli.case.case import AGE
from calaim_cli.case.form import BY_KEY
from calaim_cli.decide.interview import telling_answers
from calaim_cli.decide.known import MANAGED_CARE, asked_by
from calaim_cli.decide.plausible import PLAIN_ADDRESS, implausible
from calaim_cli.decide.sound_talk import unsound_talk
from calaim_cli.decide.thresholds import unmeetable
from calaim_cli.policy.dates import WHOLE, allowed, began
from calaim_cli.policy.leaves import Leaf, leaves
from calaim_cli.policy.places import HEALTH_CARE_OPTIONS, KP, plans_of
from calaim_cli.policy.policy import CITIES, COUNTIES, PROGRAMS, ROUTES, TALK, ZIPS, Policy, cited
from calaim_cli.policy.programs import THREE_PROGRAMS, Grade, Outcome, rules_of, source_id
from calaim_cli.policy.questions import DONT_KNOW, Condition, Contradiction, Kind, Question, truths_of
from calaim_cli.policy.routes import Channel, Form, Route
from calaim_cli.policy.rules import Rule, Truths, criteria_of, evaluator

COUNT: Final = 58
TESTS: Final = {
    Kind.YES_NO: (),
    Kind.NUMBER: ("at_least", "at_most"),
    Kind.CHOICE: ("any_choice", "one_of"),
    Kind.CHOICES: ("any_choice", "has_any_of"),
}
"""The tests of a criterion that suit each kind of question."""
DECIDING: Final = frozenset({"rule", "discretion", "excluded"})
"""The parts that can make an outcome unlikely, or likely; the others only choose between what may be had."""
PAIR: Final = 2


REFERENCES: Final = {
    **dict.fromkeys(("plan", "plans", "works_for:value"), "plan"),
    **dict.fromkeys(("region", "by_zip:value"), "region"),
    **dict.fromkeys(("county", "counties", "candidates", "works_for:name", "not_in:value"), "county"),
    **dict.fromkeys(("programs", "subject:name"), "program"),
    **dict.fromkeys(("services", "services_except", "ask_first", "not_in:name"), "service"),
    **dict.fromkeys(("all_of", "any_of", "none_of"), "criterion"),
    **dict.fromkeys(("source", "codes_source", "from_source", "authority_source"), "source"),
    **dict.fromkeys(("fields", "required", "labels:name"), "field"),
    **{key: key for key in ("population", "topic", "group", "question")},
    **dict.fromkeys(("answers", "asks", "part_of", "not_known", "yes:name", "no:name", "then:name"), "question"),
    **dict.fromkeys(("may_be", "must_be"), "criterion"),
    **dict.fromkeys(("after", "no_needs"), "row"),
    "follows": "screen",
    "kinds": "kind",
    "touches": "entry",
    "numbers": "number",
    "next:name": "outcome",
}
"""What the keys that point at something else point at, in whatever entry they are."""


def find_problems(policy: Policy) -> tuple[Problem, ...]:
    """Everything that is wrong with the data, each with file, entry, key and a way to fix it."""
    found = tuple(leaves(policy))
    of_programs = (_repeated_ids, _repeated_names, _rules, _unsure, _criteria, _questions, _citations, _dates)
    of_places = (_counties, _places, _routes, _offers, _forms)
    dangling = tuple(_references(policy, found))
    others = (problem for check in (*of_programs, *of_places) for problem in check(policy))
    # What can be met is worked out from criteria and questions that are there.
    linked = () if dangling else (_contradictions, unmeetable, _implied, unsound_talk)
    whole = (problem for check in linked for problem in check(policy))
    return (*dangling, *implausible(policy, found), *others, *whole)


def _absent(where: str, kind: str, names: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"add it, or use a {kind} that is there"
            yield Problem(where, f"unknown-{kind}", f'there is no {kind} "{name}": {hint}')


def _references(policy: Policy, found: Iterable[Leaf]) -> Iterator[Problem]:
    programs, counties = policy.programs_file, policy.counties_file
    names = {county.name for county in counties.county}
    entries = {WHOLE, *(one.id for one in policy.entries), *(one.id for one in counties.contact)}
    known: dict[str, Collection[str]] = {
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
        "row": [row.id for screen in policy.talk_file.screen for row in screen.rows],
        "screen": [one.id for one in policy.talk_file.screen],
        "number": ("mrn", "cin"),
    }
    for leaf in found:
        kind = REFERENCES.get(leaf.key)
        if kind and isinstance(leaf.value, str):
            name = source_id(leaf.value) if kind == "source" else leaf.value
            yield from _absent(leaf.where, kind, (name,), known[kind])


def _repeated_ids(policy: Policy) -> Iterator[Problem]:
    programs, counties, routes = policy.programs_file, policy.counties_file, policy.routes_file
    lists: dict[str, Iterable[str]] = {
        f"{PROGRAMS}, {COUNTIES}, {ROUTES}: source": (
            one.id for one in (*programs.source, *counties.source, *routes.source)
        ),
        f"{PROGRAMS}, {COUNTIES}: conflict": (one.id for one in policy.conflicts),
        f"{PROGRAMS}: notice": (one.id for one in programs.notice),
        f"{PROGRAMS}: fact": (one.id for one in programs.fact),
        f"{PROGRAMS}: topic": (one.id for one in programs.topic),
        f"{PROGRAMS}: question": (one.id for one in programs.question),
        f"{PROGRAMS}: criterion": (one.id for one in programs.criterion),
        f"{PROGRAMS}: contradiction": (one.id for one in programs.contradiction),
        f"{PROGRAMS}: program, population or service": (one.id for one in policy.entries),
        f"{COUNTIES}: region": (one.id for one in counties.region),
        f"{COUNTIES}: plan": (one.id for one in counties.plan),
        f"{COUNTIES}: contact": (one.id for one in counties.contact),
        f"{COUNTIES}: county": (one.name for one in counties.county),
        f"{COUNTIES}: FIPS code": (one.fips for one in counties.county),
        f"{ROUTES}: route": (one.id for one in routes.route),
        f"{ROUTES}: form": (one.id for one in routes.form),
        f"{ROUTES}: offer": (one.plan for one in routes.offer),
        f"{TALK}: voice": (one.id for one in policy.talk_file.voice),
        f"{TALK}: screen": (one.id for one in policy.talk_file.screen),
        f"{TALK}: row": (row.id for one in policy.talk_file.screen for row in one.rows),
        f"{TALK}: implied": (one.id for one in policy.talk_file.implied),
    }
    for kind, ids in lists.items():
        for repeated, times in Counter(ids).items():
            if times > 1:
                yield Problem(f'{kind} "{repeated}"', "duplicate-id", f"appears {times} times; give each its own id")


def _repeated_names(policy: Policy) -> Iterator[Problem]:
    # One name must not find two programs, or two plans.
    for file, entries in ((PROGRAMS, policy.entries), (COUNTIES, policy.counties_file.plan)):
        owner: dict[str, str] = {}
        for entry in entries:
            for name in sorted({name_key(name) for name in (entry.id, entry.name, *entry.aliases)}):
                if owner.setdefault(name, entry.id) != entry.id:
                    where = f'{file}: "{entry.id}": aliases'
                    yield Problem(where, "duplicate-name", f'the name "{name}" finds "{owner[name]}" too; remove one')


def _rules(policy: Policy) -> Iterator[Problem]:
    for entry in policy.entries:
        for part, rule in rules_of(entry).items():
            where = f'{PROGRAMS}: "{entry.id}": {part}'
            yield from _empty_rules(rule, where)
        # ECM is decided by its populations, Community Supports service by service.
        if entry.rule is None and entry.id not in {"ecm", "cs"}:
            yield Problem(f'{PROGRAMS}: "{entry.id}": rule', "no-rule", "add a rule: without one nothing is decided")


def _empty_rules(rule: Rule, where: str) -> Iterator[Problem]:
    parts = (*rule.all_of, *rule.any_of, *rule.none_of)
    if not parts:
        yield Problem(where, "empty-rule", "has no criteria and would match everyone; name at least one")
    for part in parts:
        if isinstance(part, Rule):
            yield from _empty_rules(part, where)


def _unsure(policy: Policy) -> Iterator[Problem]:
    """Problems of facts that no document says, where they would make an outcome likely or unlikely."""
    sure = {tag for tag, source in policy.sources.items() if source.grade is not Grade.UNVERIFIED}
    unsure = {one for one, test in policy.criteria.items() if sure.isdisjoint(map(source_id, test.source))}
    for entry in policy.entries:
        for part, rule in rules_of(entry).items():
            for criterion in sorted(unsure.intersection(criteria_of(rule))) if part in DECIDING else ():
                words = f'"{criterion}" is of grade U, so no outcome may be likely or unlikely by it: make it a limit'
                yield Problem(f'{PROGRAMS}: "{entry.id}": {part}', "unsure", words)


def _contradictions(policy: Policy) -> Iterator[Problem]:
    """Problems of contradictions: each is about two questions, and some answers to them meet it, and others not."""
    for one in policy.programs_file.contradiction:
        where = f'{PROGRAMS}: contradiction "{one.id}"'
        counts = [question for question in policy.questions.values() if question.kind is Kind.NUMBER]
        absent = [
            *_absent(where, "criterion", criteria_of(one), policy.criteria),
            *_absent(f"{where}: above", "number question", one.above, [question.id for question in counts]),
        ]
        yield from absent
        if not absent and (len(asked_by(one, policy)) != PAIR or (one.above and [*criteria_of(one)])):
            words = "compare two questions: by criteria, or by the two counts in `above`"
            yield Problem(where, "contradiction", words)
        elif (
            not absent and not one.above and len({evaluator(one)(truths).value for truths in _ways(one, policy)}) < PAIR
        ):
            yield Problem(where, "contradiction", "no answers meet it, or all do: change its criteria")


def _ways(contradiction: Contradiction, policy: Policy) -> Iterator[Truths]:
    """The truths that each pair of answers gives."""
    tests = [policy.criteria[one] for one in dict.fromkeys(criteria_of(contradiction))]
    asked = [policy.questions[one] for one in asked_by(contradiction, policy)]
    told = truths_of(tests)
    for answers in product(
        *(telling_answers(one, [test for test in tests if test.question == one.id]) for one in asked)
    ):
        yield told({question.id: answer for question, answer in zip(asked, answers, strict=True)})


def _criteria(policy: Policy) -> Iterator[Problem]:
    used = policy.rule_criteria.union(*map(criteria_of, policy.programs_file.contradiction))
    for criterion in policy.programs_file.criterion:
        where = f'{PROGRAMS}: criterion "{criterion.id}"'
        if question := policy.questions.get(criterion.question):
            yield from _test_fits(criterion, question, where)
        if criterion.id not in used:
            yield Problem(where, "unused-criterion", "no rule or contradiction uses it; use it or remove it")


def _implied(policy: Policy) -> Iterator[Problem]:
    for fact in policy.talk_file.implied:
        for one in fact.when:
            yield from _test_fits(one, policy.questions[one.question], f'{TALK}: implied "{fact.id}": if')


def _test_fits(criterion: Condition, question: Question, where: str) -> Iterator[Problem]:
    """The test suits the kind of its question, and names real choices."""
    values = {key: getattr(criterion, key) for keys in TESTS.values() for key in keys}
    given = {key for key, value in values.items() if value is not False and value not in (None, ())}  # zero is a limit
    allowed = TESTS[question.kind]
    for key in sorted(given.difference(allowed)):
        yield Problem(f"{where}: {key}", "test-kind", f"does not suit a {question.kind} question; remove it")
    if allowed and not given:
        yield Problem(where, "no-test", f"no answer can meet it: add {' or '.join(allowed)}")
    yield from _absent(where, "choice", (*criterion.one_of, *criterion.has_any_of), question.choices)


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


def _citations(policy: Policy) -> Iterator[Problem]:
    for file, place, citations in cited(policy):
        if not citations:
            words = "name at least one source: a fact without one is a rumor"
            yield Problem(f"{file}: {place}: source", "no-source", words)
    for outcome in Outcome:
        if outcome not in policy.outcomes:
            yield Problem(f'{PROGRAMS}: outcome "{outcome}"', "missing-outcome", "has no words: add it")


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
            yield Problem(f"{where}: from", "dates", f"begins on {starts}, after its authority has ended on {until}")
        if entry.required_from and (starts is None or entry.required_from < starts):
            yield Problem(f"{where}: required_from", "dates", "must not be before the day in `from`")
    for notice in policy.programs_file.notice:
        where = f'{PROGRAMS}: notice "{notice.id}"'
        yield from _absent(where, "notice", (notice.id,), [code for code, own in CAUTIONS.items() if own == "{text}"])
        for_ages = (notice.at_least, notice.at_most) != (None, None)
        if for_ages == bool(notice.authority):
            yield Problem(where, "notice", "give either authority or ages (at_least, at_most): who is to hear it?")
        if for_ages and notice.at_most is not None and (notice.at_least or 0) > notice.at_most:
            yield Problem(where, "notice", "nobody is of such an age: at_least is more than at_most")


def _counties(policy: Policy) -> Iterator[Problem]:
    counties = policy.counties_file.county
    # A county left out would be answered as a place that does not exist.
    if len(counties) != COUNT:
        yield Problem(f"{COUNTIES}: county", "county-count", f"California has {COUNT} counties: found {len(counties)}")
    for county in counties:
        where = f'{COUNTIES}: county "{county.name}"'
        # 06 is California in the codes of states of FIPS 5-2.
        if not (len(county.fips) == len("06001") and county.fips.isascii() and county.fips.isdigit()):
            yield Problem(f"{where}: fips", "fips", "expected five digits in quotes, beginning with 06")
        # A member who is in no plan with regions is told of the others.
        if not county.plans:
            yield Problem(f"{where}: plans", "no-plan", f"name its Medi-Cal plans but {KP}: every county has one")
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
    for route in policy.routes_file.route:
        where = f'{ROUTES}: route "{route.id}"'
        for county in policy.counties_file.county:
            if county.name in route.counties and route.plan not in plans_of(county):
                yield Problem(f"{where}: counties", "not-served", f"the plan does not serve {county.name}; remove it")
        yield from _subjects(route, where, policy)
        if route.channel is Channel.EMAIL and email(route.address) != (route.address, "", ""):
            yield Problem(f"{where}: address", "address", PLAIN_ADDRESS)
    contacts = policy.counties_file.contact
    used = [(f'{ROUTES}: route "{one.id}"', (one.address, one.also, one.tty)) for one in policy.routes_file.route]
    used += [(f'{COUNTIES}: contact "{one.id}"', (one.phone, one.email, one.tty)) for one in contacts]
    for where, addresses in used:
        for why in (rejected[one] for one in map(_as_dialed, addresses) if one in rejected):
            yield Problem(f"{where}: address", "rejected-address", f"this address is not to be used: {why} Remove it")
    if not any(one.phone for one in contacts if one.id == HEALTH_CARE_OPTIONS):
        words = "refusals name it and its phone: add it"
        yield Problem(f'{COUNTIES}: contact "{HEALTH_CARE_OPTIONS}"', "missing-contact", words)


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
        if not SUBJECT.fullmatch(exact.get(program, "")):
            yield Problem(f"{where}: subject.{program}", "subject", "give the exact subject, 1 to 69 plain characters")


def _offers(policy: Policy) -> Iterator[Problem]:
    """Problems of offers: each plan has one, because silence is not a yes."""
    for plan in policy.plans:
        if plan not in policy.offers:
            words = 'say what it offers: add an [[offer]], of kind "unknown" where nothing is known'
            yield Problem(f'{ROUTES}: offer "{plan}"', "offer", words)


LAID_OUT: Final = ("referral.program", "consent.member_agreed", "consent.part2", "")
"""What begins a section that no letter may lack: request, agreement, Part 2 notice, and the closing words (none)."""


def _forms(policy: Policy) -> Iterator[Problem]:
    """Problems of the forms: each field in one section, no part of a letter missing, and one sheet for the rest."""
    forms = policy.routes_file.form
    if sum(not form.plans for form in forms) != 1:
        yield Problem(
            f"{ROUTES}: form", "sheet", "one form, and only one, names no plans: it is the sheet for all others"
        )
    owned = Counter(plan for form in forms for plan in form.plans)
    for plan, times in owned.items():
        if times > 1:
            yield Problem(f"{ROUTES}: form: plans", "form-twice", f'"{plan}" has {times} forms; leave it one')
    for form in forms:
        yield from _form(form, f'{ROUTES}: form "{form.id}"')


def _form(form: Form, of: str) -> Iterator[Problem]:
    where = f"{of}: sections"
    if not form.numbers:
        yield Problem(f"{of}: numbers", "number", 'name the numbers that may leave to the plan: "mrn", "cin" or both')
    for key, times in Counter(form.keys).items():
        if times > 1:
            yield Problem(where, "field-twice", f'"{key}" is in {times} places; leave it in one')
    for key in form.required:
        if key not in form.keys:
            yield Problem(where, "field-missing", f'"{key}" is required and in no section; add it to one')
    first = {section.fields[0] if section.fields else "" for section in form.sections}
    for key in LAID_OUT:
        if key not in first:
            words = f'no section begins with "{key}"' if key else "no section is without fields, for closed_loop"
            yield Problem(where, "section-missing", f"{words}; add it")
