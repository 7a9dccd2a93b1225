"""Floor 4: is the policy sound? What no type can say: that ids exist, routes resolve, criteria can be met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final

from calaim_cli.errors import Problem
from calaim_cli.form import BY_KEY
from calaim_cli.places import HEALTH_CARE_OPTIONS, County, plans_of
from calaim_cli.policy import COUNTIES, PROGRAMS, Policy, cited
from calaim_cli.programs import Outcome, rules_of, source_id
from calaim_cli.questions import DONT_KNOW, Criterion, Kind, Question
from calaim_cli.rules import Rule, criteria_of
from calaim_cli.values import SUBJECT, email
from calaim_cli.wording import did_you_mean, name_key, place_key

ZIPS: Final = "zips.csv"
COUNT: Final = 58


def find_problems(catalog: Policy) -> tuple[Problem, ...]:
    """Everything that is wrong with the data, each with file, entry, key and a way to mend it."""
    checks: tuple[Callable[[Policy], Iterator[Problem]], ...] = (
        _repeated_ids,
        _repeated_names,
        _rules,
        _criteria,
        _questions,
        _citations,
        _outcomes,
        _counties,
        _places,
        _zips,
        _routes,
        _fields_of_form,
        _sections_of_form,
        _contacts,
    )
    return tuple(problem for check in checks for problem in check(catalog))


def _unknown(where: str, kind: str, found: str, known: Iterable[str]) -> Problem:
    hint = did_you_mean(found, known) or f"add it, or use a {kind} that is there"
    return Problem(where, f"unknown-{kind}", f'there is no {kind} "{found}": {hint}')


def _repeated_ids(catalog: Policy) -> Iterator[Problem]:
    programs, counties = catalog.programs_file, catalog.counties_file
    lists: dict[str, Iterable[str]] = {
        f"{PROGRAMS}, {COUNTIES}: source": (one.id for one in (*programs.source, *counties.source)),
        f"{PROGRAMS}, {COUNTIES}: conflict": (one.id for one in catalog.conflicts),
        f"{PROGRAMS}: topic": (one.id for one in programs.topic),
        f"{PROGRAMS}: question": (one.id for one in programs.question),
        f"{PROGRAMS}: criterion": (one.id for one in programs.criterion),
        f"{PROGRAMS}: program, population or service": (one.id for one in catalog.entries),
        f"{COUNTIES}: region": (one.id for one in counties.region),
        f"{COUNTIES}: plan": (one.id for one in counties.plan),
        f"{COUNTIES}: contact": (one.id for one in counties.contact),
        f"{COUNTIES}: county": (one.name for one in counties.county),
        f"{COUNTIES}: FIPS code": (one.fips for one in counties.county),
        f"{COUNTIES}: availability": (one.service for one in counties.availability),
    }
    for kind, ids in lists.items():
        for repeated, times in Counter(ids).items():
            if times > 1:
                yield Problem(f'{kind} "{repeated}"', "duplicate-id", f"stands {times} times: give each its own id")


def _repeated_names(catalog: Policy) -> Iterator[Problem]:
    """One name must not find two programs."""
    owner: dict[str, str] = {}
    for entry in catalog.entries:
        for name in {name_key(name) for name in (entry.id, entry.name, *entry.aliases)}:
            if owner.setdefault(name, entry.id) != entry.id:
                where = f'{PROGRAMS}: "{entry.id}": aliases'
                yield Problem(where, "duplicate-name", f'the name "{name}" finds "{owner[name]}" too: take one out')


def _rules(catalog: Policy) -> Iterator[Problem]:
    for entry in catalog.entries:
        for part, rule in rules_of(entry).items():
            where = f'{PROGRAMS}: "{entry.id}": {part}'
            yield from _empty_rules(rule, where)
            for criterion in criteria_of(rule):
                if criterion not in catalog.criteria:
                    yield _unknown(where, "criterion", criterion, catalog.criteria)
        if entry.rule is None and entry.id not in {"ecm", "cs"}:
            yield Problem(f'{PROGRAMS}: "{entry.id}": rule', "no-rule", "add a rule: without one nothing is decided")
        for outcome in entry.next:
            if outcome not in list(Outcome):
                yield _unknown(f'{PROGRAMS}: "{entry.id}": next', "outcome", outcome, list(Outcome))


def _empty_rules(rule: Rule, where: str) -> Iterator[Problem]:
    parts = (*rule.all_of, *rule.any_of, *rule.none_of)
    if not parts:
        yield Problem(where, "empty-rule", "has no criteria, which would mean everyone: name at least one")
    for part in parts:
        if isinstance(part, Rule):
            yield from _empty_rules(part, where)


def _criteria(catalog: Policy) -> Iterator[Problem]:
    used = {criterion for entry in catalog.entries for criterion in criteria_of(*rules_of(entry).values())}
    for criterion in catalog.programs_file.criterion:
        where = f'{PROGRAMS}: criterion "{criterion.id}"'
        question = catalog.questions.get(criterion.question)
        if question is None:
            yield _unknown(f"{where}: question", "question", criterion.question, catalog.questions)
        else:
            yield from _test_fits(criterion, question, where)
        if criterion.id not in used:
            yield Problem(where, "unused-criterion", "no rule uses it: use it or take it out")


TESTS: Final = {
    Kind.YES_NO: frozenset[str](),
    Kind.NUMBER: frozenset({"at_least", "at_most"}),
    Kind.CHOICE: frozenset({"one_of", "any_choice"}),
    Kind.CHOICES: frozenset({"has_any_of", "any_choice"}),
}


def _test_fits(criterion: Criterion, question: Question, where: str) -> Iterator[Problem]:
    """The test suits the kind of its question, names real choices, and some answer meets it."""
    given = {
        key
        for key in ("at_least", "at_most", "one_of", "has_any_of", "any_choice")
        if getattr(criterion, key) not in (None, (), False)
    }
    allowed = TESTS[question.kind]
    for key in sorted(given - allowed):
        yield Problem(f"{where}: {key}", "test-kind", f"does not suit a {question.kind} question: take it out")
    if allowed and not given:
        yield Problem(where, "no-test", f"no answer can meet it: add {' or '.join(sorted(allowed))}")
    for choice in (*criterion.one_of, *criterion.has_any_of):
        if choice not in question.choices:
            yield _unknown(where, "choice", choice, question.choices)
    low, high = criterion.at_least or 0, criterion.at_most
    most = min(limit for limit in (high, question.at_most, low) if limit is not None)
    if most < low:
        yield Problem(where, "unreachable", f"no answer can meet it: nothing is at least {low} and at most {most}")


def _questions(catalog: Policy) -> Iterator[Problem]:
    used = {criterion.question for criterion in catalog.programs_file.criterion}
    topics = [topic.id for topic in catalog.programs_file.topic]
    for question in catalog.programs_file.question:
        where = f'{PROGRAMS}: question "{question.id}"'
        if question.id not in used:
            yield Problem(where, "unused-question", "no criterion uses it: use it or take it out")
        if question.topic not in topics:
            yield _unknown(f"{where}: topic", "topic", question.topic, topics)
        if bool(question.choices) != (question.kind in (Kind.CHOICE, Kind.CHOICES)):
            yield Problem(
                f"{where}: choices", "choices", "choices go with the kinds choice and choices, and with no other"
            )
        if DONT_KNOW in question.choices:
            words = f'"{DONT_KNOW}" is accepted by every question: take it out of the choices'
            yield Problem(f"{where}: choices", "choices", words)


def _citations(catalog: Policy) -> Iterator[Problem]:
    for file, place, citations in cited(catalog):
        where = f"{file}: {place}: source"
        if not citations:
            yield Problem(where, "no-source", "name at least one source: a fact without one is a rumor")
        for citation in citations:
            if source_id(citation) not in catalog.sources:
                yield _unknown(where, "source", source_id(citation), catalog.sources)
    yield from _touched(catalog)
    yield from _plans_named(catalog)


def _touched(catalog: Policy) -> Iterator[Problem]:
    """What a conflict touches is there, or nobody would ever see it."""
    entries = {entry.id for entry in catalog.entries}
    known = entries | set(catalog.plans) | {one.name for one in catalog.counties_file.county}
    known |= {one.id for one in catalog.counties_file.contact}
    for conflict in catalog.conflicts:
        for touched in conflict.touches:
            if touched not in known:
                yield _unknown(f'conflict "{conflict.id}": touches', "entry", touched, known)


def _plans_named(catalog: Policy) -> Iterator[Problem]:
    """Whose own a contact or a conflict is: a plan that is there, or its members would never see it."""
    counties = catalog.counties_file
    owned = [(f'{COUNTIES}: contact "{one.id}": plan', one.plan) for one in counties.contact]
    for file, conflicts in ((PROGRAMS, catalog.programs_file.conflict), (COUNTIES, counties.conflict)):
        owned += [(f'{file}: conflict "{one.id}": plan', one.plan) for one in conflicts]
    for where, plan in owned:
        if plan and plan not in catalog.plans:
            yield _unknown(where, "plan", plan, catalog.plans)


def _outcomes(catalog: Policy) -> Iterator[Problem]:
    for outcome in Outcome:
        if outcome not in catalog.outcomes:
            yield Problem(f'{PROGRAMS}: outcome "{outcome}"', "missing-outcome", "has no words: add it")


def _counties(catalog: Policy) -> Iterator[Problem]:
    counties = catalog.counties_file.county
    if len(counties) != COUNT:
        yield Problem(f"{COUNTIES}: county", "county-count", f"California has {COUNT} counties: found {len(counties)}")
    for county in counties:
        where = f'{COUNTIES}: county "{county.name}"'
        if not (len(county.fips) == len("06001") and county.fips.isascii() and county.fips.isdigit()):
            yield Problem(f"{where}: fips", "fips", "expected five digits in quotes, beginning with 06")
        for plan in plans_of(county):
            if plan not in catalog.plans:
                yield _unknown(f"{where}: plans", "plan", plan, catalog.plans)
        yield from _presence(county, catalog, where)


def _presence(county: County, catalog: Policy, where: str) -> Iterator[Problem]:
    if county.kp is None:
        return
    if (county.kp.region is None) != bool(county.kp.by_zip):
        yield Problem(f"{where}: kp", "region", "give either region, or by_zip for a split county")
    for region in (county.kp.region, *county.kp.by_zip.values()):
        if region is not None and region not in catalog.regions:
            yield _unknown(f"{where}: kp", "region", region, catalog.regions)


def _places(catalog: Policy) -> Iterator[Problem]:
    """What is typed means one thing, and every county that is named is one."""
    data = catalog.counties_file
    names = {county.name for county in data.county}
    owner: dict[str, str] = {}
    typed = chain(
        ((word, county.name) for county in data.county for word in (county.name, *county.aliases)),
        ((word, " or ".join(one.candidates) or "?") for one in data.ambiguous for word in one.typed),
        ((one.place, " and ".join(one.counties)) for one in data.elsewhere),
        ((one.typed, one.county) for one in data.misspelling),
    )
    for word, meaning in typed:
        if owner.setdefault(place_key(word), meaning) != meaning:
            words = f'means "{owner[place_key(word)]}" elsewhere in the file: take one out'
            yield Problem(f'{COUNTIES}: "{word}"', "duplicate-place", words)
    named = chain(
        ((name, f'availability "{one.service}"') for one in data.availability for name in one.not_in),
        ((name, "ambiguous") for one in data.ambiguous for name in one.candidates),
        ((name, f'elsewhere "{one.place}"') for one in data.elsewhere for name in one.counties),
        ((one.county, f'misspelling "{one.typed}"') for one in data.misspelling),
    )
    for name, where in named:
        if name not in names:
            yield _unknown(f"{COUNTIES}: {where}", "county", name, names)


def _zips(catalog: Policy) -> Iterator[Problem]:
    """Every ZIP code lies in counties that are there; reading the table finds what else is wrong with it."""
    known = {county.fips for county in catalog.counties_file.county}
    shares = catalog.gazetteer.zips().values()
    for fips in sorted({fips for spread in shares for fips, _ in spread} - known):
        yield Problem(f'{ZIPS}: "{fips}"', "unknown-county", f"no county of {COUNTIES} has this FIPS code")


def _contacts(catalog: Policy) -> Iterator[Problem]:
    """The contact that refusals name is there."""
    if HEALTH_CARE_OPTIONS not in {contact.id for contact in catalog.counties_file.contact}:
        where = f'{COUNTIES}: contact "{HEALTH_CARE_OPTIONS}"'
        yield Problem(where, "missing-contact", "refusals name it: add it")


def _routes(catalog: Policy) -> Iterator[Problem]:
    """Mailboxes are plain addresses, subjects fit one header line, every service has its availability."""
    data = catalog.counties_file
    mailboxes = {one.id: one.email for one in data.region} | {one.id: one.email for one in data.contact if one.email}
    for name, address in mailboxes.items():
        if email(address) != (address, "", ""):
            where = f'{COUNTIES}: "{name}": email'
            yield Problem(where, "address", "give one plain e-mail address without accents, such as name@example.org")
    for program, subject in data.form.subjects.items():
        if not SUBJECT.fullmatch(subject):
            where = f"{COUNTIES}: form: subjects.{program}"
            yield Problem(where, "subject", "expected 1 to 69 plain characters")
    services = {service.id for service in catalog.programs_file.service}
    for entry in catalog.programs_file.program:
        if entry.id not in data.form.subjects:
            yield Problem(f"{COUNTIES}: form: subjects", "subject", f'"{entry.id}" has no subject: add the exact one')
    for availability in data.availability:
        if availability.service not in services:
            yield _unknown(f"{COUNTIES}: availability", "service", availability.service, services)
    for service in sorted(services - catalog.availability.keys()):
        words = "say where it is offered: add an [[availability]] with not_in = [] or the exceptions"
        yield Problem(f'{COUNTIES}: availability "{service}"', "availability", words)


LAID_OUT: Final = ("referral.program", "consent.member_agreed", "consent.part2")
"""Each begins a section that no letter may lack: what is requested, the attestation, the Part 2 notice."""


def _fields_of_form(catalog: Policy) -> Iterator[Problem]:
    """The form names fields that are there."""
    form = catalog.form
    for part, keys in (("sections", form.keys), ("labels", tuple(form.labels)), ("required", form.required)):
        for key in keys:
            if key not in BY_KEY:
                yield _unknown(f"{COUNTIES}: form: {part}", "field", key, BY_KEY)


def _sections_of_form(catalog: Policy) -> Iterator[Problem]:
    """Every field is in one section, what is required in some, and no part of a letter is missing."""
    form, where = catalog.form, f"{COUNTIES}: form: sections"
    for key, times in Counter(form.keys).items():
        if times > 1:
            yield Problem(where, "field-twice", f'"{key}" is in {times} places: leave it in one')
    for key in form.required:
        if key not in form.keys:
            yield Problem(where, "field-missing", f'"{key}" is required and in no section: add it to one')
    first = {section.fields[0] if section.fields else "" for section in form.sections}
    for key in LAID_OUT:
        if key not in first:
            yield Problem(where, "section-missing", f'no section begins with "{key}": add it')
    if "" not in first:
        yield Problem(where, "section-missing", "no section is without fields, for the words of closed_loop: add it")
