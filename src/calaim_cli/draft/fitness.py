"""Is a case fit for a referral? Every field checked, every problem listed at once, never a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from calaim_cli.base.cautions import caution
from calaim_cli.base.errors import Problem
from calaim_cli.base.values import MESSAGES, date_of_birth
from calaim_cli.base.wording import choice_of, did_you_mean, name_key, names_several, one_of
from calaim_cli.case.case import PARTS, Case, Referrer
from calaim_cli.case.form import BY_KEY, CHECKED, FIELDS, SAY_WHICH, Check, Field, FieldKind
from calaim_cli.decide.screening import county_of
from calaim_cli.policy.places import County
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import THREE_PROGRAMS
from calaim_cli.policy.questions import not_separated
from calaim_cli.policy.routes import Form, ReferralWords

CHOSEN: Final = tuple(field for field in FIELDS if field.part == "referrer" and field.choices)
TEXT_OF: Final = {field.key: attrgetter(field.key) for field in FIELDS}


class CheckedCase(NamedTuple):
    """The case with its fields as kept and printed, its county where known, and what stops or doubts a draft."""

    case: Case
    county: County | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check_case(case: Case, form: Form, policy: Policy, as_of: date) -> CheckedCase:
    """A case that is to become a draft as checked, field by field, against the form of the member's plan."""
    case = _with_ids(case, policy.words)
    kept, wrong, doubtful = _fields(case, form, as_of)
    place = county_of(kept, policy)
    program, services, unknown = requested(kept, policy)
    problems = [*_missing(case, form), *wrong, *_choices(kept, policy.words), *unknown, *_consent(kept, form)]
    kept = replace(kept, referral=replace(kept.referral, program=program, services=services))
    named = {(one.where, one.code) for one in problems}
    problems += [one for one in place.problems if (one.where, one.code) not in named]
    if not set(re.findall(r"\w+", kept.referral.notes.casefold())).isdisjoint(policy.words.watch_words):
        doubtful.append(caution("text-diagnosis", "referral.notes"))
    doubtful += [*_without_detail(kept.referrer, policy.words), *place.warnings]
    if kept.consent.part2 is None:
        doubtful.append(caution("part2-not-stated", "consent.part2"))
    return CheckedCase(kept, place.county, tuple(problems), tuple(doubtful))


@lru_cache
def _checks(form: Form, as_of: date) -> tuple[tuple[Field, Check, Callable[[Case], str]], ...]:
    """The fields with a check in the order of a case file, in each table as the form has them, then the dates."""
    tables, places = list(PARTS), {key: n for n, key in enumerate(form.keys)}
    texts = sorted(CHECKED, key=lambda field: (tables.index(field.part), places.get(field.key, len(places))))
    dates = (field for field in FIELDS if field.kind is FieldKind.DATE)
    born = partial(date_of_birth, as_of=as_of)
    return tuple((field, field.check or born, TEXT_OF[field.key]) for field in (*texts, *dates))


def _fields(case: Case, form: Form, as_of: date) -> tuple[Case, list[Problem], list[Problem]]:
    """The case with each given text as its check keeps it, what is wrong with them, and what is doubtful."""
    kept: dict[str, dict[str, Any]] = {table: {} for table in PARTS}
    wrong: list[Problem] = []
    doubtful: list[Problem] = []
    for field, check, text_of in _checks(form, as_of):
        given = text_of(case)
        if not given.strip():
            continue
        value, error, warning = check(given)
        if value != given:
            kept[field.part][field.name] = value
        if error:
            wrong.append(Problem(field.key, error, MESSAGES[error]))
        if warning:
            doubtful.append(caution(warning, field.key))
    tables = {table: replace(getattr(case, table), **values) for table, values in kept.items() if values}
    return replace(case, **tables), wrong, doubtful


def _missing(case: Case, form: Form) -> Iterator[Problem]:
    """A problem for each field that the plan needs and that is not given."""
    for where in form.required:
        if not TEXT_OF[where](case).strip():
            yield Problem(where, "missing", "the plan's form needs this")
    keys = [f"member.{number}" for number in form.numbers]
    if not any(TEXT_OF[key](case).strip() for key in keys):
        labels = one_of(form.labels.get(key, BY_KEY[key].label) for key in keys)
        yield Problem(keys[0], "member-id-missing", f"give the {labels}, in {one_of(keys)}")


def _with_ids(case: Case, form: ReferralWords) -> Case:
    """The case with each choice by its id, where it is given by the words of one, or with capitals or blanks."""
    referrer, current = case.referrer, case.referral.current_services
    for field in CHOSEN:
        given, known = getattr(referrer, field.name), getattr(form, field.choices)
        if given and given not in known:
            referrer = replace(referrer, **{field.name: choice_of(given, known) or given})
    if not form.current_services.keys() >= set(current):
        current = tuple(choice_of(one, form.current_services) or one for one in current)
        case = replace(case, referral=replace(case.referral, current_services=current))
    return case if referrer is case.referrer else replace(case, referrer=referrer)


def _choices(case: Case, form: ReferralWords) -> Iterator[Problem]:
    for field in CHOSEN:
        given, known = getattr(case.referrer, field.name), getattr(form, field.choices)
        if given and given not in known:
            yield Problem(field.key, "unknown-choice", did_you_mean(given, known) or f"give {one_of(known)}")
    current = case.referral.current_services
    if not current:
        yield Problem("referral.current_services", "missing", 'say what the member receives now; ["none"] if nothing')
    unknown = [one for one in current if one not in form.current_services]
    if any(names_several(one, form.current_services) for one in unknown):
        yield not_separated("referral.current_services")
    elif unknown or ("none" in current and len(current) > 1):
        words = f"give {one_of(form.current_services)}; none excludes the others"
        yield Problem("referral.current_services", "unknown-choice", words)


def _without_detail(referrer: Referrer, form: ReferralWords) -> Iterator[Problem]:
    for field, what in zip(CHOSEN, ("relationship", "one"), strict=True):
        chosen = getattr(form, field.choices).get(getattr(referrer, field.name), "")
        if chosen.endswith(SAY_WHICH) and not getattr(referrer, f"{field.name}_detail"):
            yield caution("say-which", f"{field.key}_detail", what=what)


def requested(case: Case, policy: Policy) -> tuple[str, tuple[str, ...], list[Problem]]:
    """The program and services asked for by their ids, and what is wrong with them."""
    named, typed = policy.entry_by_name.get(name_key(case.referral.program)), case.referral.services
    program = named.id if named else case.referral.program
    problems = []
    if program not in THREE_PROGRAMS:
        problems.append(Problem("referral.program", "unknown-program", f"give one of {one_of(THREE_PROGRAMS)}"))
    elif (program == "cs") != bool(typed):
        which = "say which Community Supports: 'calaim services' lists their ids"
        words = which if program == "cs" else "only cs (Community Supports) takes services: remove them"
        problems.append(Problem("referral.services", "services", words))
    services, listed = {one: policy.service_by_name.get(name_key(one)) for one in typed}, "'calaim services' lists them"
    for one in (one for one in typed if services[one] is None):
        near = did_you_mean(one, [service.id for service in policy.programs_file.service])
        unknown = Problem("referral.services", "unknown-service", f"unknown service; {near or listed}")
        several = names_several(one, policy.service_by_name)
        problems.append(not_separated("referral.services") if several else unknown)
    ids = dict.fromkeys(found.id if found else one for one, found in services.items())
    return program, tuple(ids), problems


def _consent(case: Case, form: Form) -> Iterator[Problem]:
    # "Not stated" is no consent: only a yes lets anything leave.
    consent = case.consent
    if consent.member_agreed is not True:
        words = "the member has to agree to the program first; ask, then set it to true"
        yield Problem("consent.member_agreed", "agreement-missing", words)
    if form.attestation and consent.attested is not True:
        words = "the attestation is missing. Read it, then set attested to true: only a person can attest"
        yield Problem("consent.attested", "attestation-missing", words)
    if consent.part2 and consent.part2_consent is not True:
        words = "information from a 42 CFR Part 2 program needs the member's written consent"
        yield Problem("consent.part2_consent", "part2-consent-missing", words)
