"""Is a case fit for a referral? Every field checked, every problem listed at once, never a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.errors import Problem, caution
from calaim_cli.base.values import MESSAGES, MOST_REMEMBERED, date_of_birth
from calaim_cli.base.wording import choice_of, did_you_mean, name_key, names_several, one_of, place_key
from calaim_cli.case.case import PARTS, Case
from calaim_cli.case.form import (
    BY_KEY,
    CALIFORNIA,
    CHECKED,
    FIELDS,
    MAY_BE_NONE,
    REACH,
    SAY_WHICH,
    Check,
    Field,
    FieldKind,
    is_child,
    needs_a_way,
)
from calaim_cli.decide.screening import county_of
from calaim_cli.policy.places import County
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import THREE_PROGRAMS
from calaim_cli.policy.questions import not_separated
from calaim_cli.policy.routes import Form, ReferralWords

CHOSEN: Final = tuple(field for field in FIELDS if field.part in {"referrer", "consent"} and field.choices)
DETAILED: Final = {"relationship": "which relationship it is", "source": "which one it is"}
TEXT_OF: Final = {field.key: attrgetter(field.key) for field in FIELDS}
NEEDED: Final = "the plan's form needs this"
WAY: Final = "reach_through how to reach the member (a shelter, a clinic, a caregiver)"
LABEL_TELLS: Final = "says who the member is, or where: use a number of your own"
OR_NONE: Final = f"{NEEDED}; if there is none, write none here, and say in {WAY}"


class CheckedCase(NamedTuple):
    """The case with its fields as kept and printed, its county where known, and what stops or doubts a draft."""

    case: Case
    county: County | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check_case(case: Case, form: Form, policy: Policy, as_of: date) -> CheckedCase:
    """A case that is to become a draft as checked, field by field, against the form of the member's plan."""
    case, unknown_choices = _choices(case, policy.words)
    kept, wrong, doubtful = _fields(case, form, as_of)
    place = county_of(kept, policy)
    program, services, unknown = requested(kept, policy)
    supports, not_known = _services("referral.current_supports", kept.referral.current_supports, policy)
    missing = _missing(kept, form, as_of)
    if any(one.where == "member.address" for one in wrong):  # which of them are needed goes by the address
        missing = (one for one in missing if one.where not in {"member.city", "member.zip"})
    problems = [*missing, *wrong, *unknown_choices, *unknown, *not_known]
    problems += [*_at_odds(kept, form), *_label(kept, place.county)]
    kept = replace(kept, referral=replace(kept.referral, program=program, services=services, current_supports=supports))
    named = {(one.where, one.code) for one in problems}
    problems += [one for one in place.problems if (one.where, one.code) not in named]
    for key in ("notes", "expedited_why"):
        if not set(re.findall(r"\w+", getattr(kept.referral, key).casefold())).isdisjoint(policy.words.watch_words):
            doubtful.append(caution("text-diagnosis", f"referral.{key}"))
    if kept.member.state not in {"", CALIFORNIA}:
        doubtful = [one for one in doubtful if one.code != "zip-state"]
    doubtful += [caution("not-on-the-form", field.key) for field in _left_out(form) if TEXT_OF[field.key](kept)]
    doubtful += [*_without_detail(kept, policy.words), *place.warnings, *_consent_doubts(kept, policy.words, as_of)]
    return CheckedCase(kept, place.county, tuple(problems), tuple(doubtful))


@lru_cache
def _checks(form: Form, as_of: date) -> tuple[tuple[Field, Check], ...]:
    """The fields with a check in the order of a case file, in each table as the form has them, then the dates."""
    tables, places = list(PARTS), {key: n for n, key in enumerate(form.keys)}
    texts = sorted(CHECKED, key=lambda field: (tables.index(field.part), places.get(field.key, len(places))))
    dates = (field for field in FIELDS if field.kind is FieldKind.DATE)
    born = partial(date_of_birth, as_of=as_of)
    return tuple((field, field.check or born) for field in (*texts, *dates))


@lru_cache
def _left_out(form: Form) -> tuple[Field, ...]:
    """The fields of a member and of her referral that letters have, and not those of this form.

    A number that another plan gave does not leave, and is not missed; nor is what a profile says of every referrer, or
    the county, which steers the route.
    """
    never = {"member.kp_member", "member.county", "member.mrn", "member.cin", *form.keys}
    said = (field for field in FIELDS if field.part != "referrer" and field.label and "letter" not in field.absent)
    return tuple(field for field in said if field.key not in never)


def _fields(case: Case, form: Form, as_of: date) -> tuple[Case, list[Problem], list[Problem]]:
    """The case with each given text as its check keeps it, what is wrong with them, and what is doubtful."""
    kept: dict[str, dict[str, Any]] = {table: {} for table in PARTS}
    wrong: list[Problem] = []
    doubtful: list[Problem] = []
    for field, check in _checks(form, as_of):
        given = TEXT_OF[field.key](case)
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


def _missing(case: Case, form: Form, as_of: date) -> Iterator[Problem]:
    """A problem for each field that is needed and not given."""
    for where in form.needed(lambda key: TEXT_OF[key](case)):
        if not TEXT_OF[where](case).strip():
            kept = "; 'calaim profile edit' keeps it for every referral" if BY_KEY[where].part == "referrer" else ""
            yield Problem(where, "missing", OR_NONE if where in MAY_BE_NONE else f"{NEEDED}{kept}")
    if needs_a_way(case, as_of) and not case.member.reach_through.strip():
        yield Problem(REACH, "missing", f"phone, address or last_name is none: say in {WAY}")
    keys = [f"member.{number}" for number in form.numbers]
    if not any(TEXT_OF[key](case).strip() for key in keys):
        labels = one_of(label_in(form, key) for key in keys)
        yield Problem(keys[0], "member-id-missing", f"give the {labels}, in {one_of(keys)}")


def label_in(form: Form, key: str) -> str:
    """How a field is called on the form."""
    return form.labels.get(key, BY_KEY[key].label)


def _choices(case: Case, words: ReferralWords) -> tuple[Case, list[Problem]]:
    """The case with each choice by its id, also where its words or other capitals were given; a problem for others."""
    problems = []
    for field in CHOSEN:
        given, known = TEXT_OF[field.key](case), getattr(words, field.choices)
        if not given or given in known:
            continue
        if choice := choice_of(given, known):
            case = replace(case, **{field.part: replace(getattr(case, field.part), **{field.name: choice})})
        else:
            advice = did_you_mean(given, known) or f"give {one_of(known)}"
            problems.append(Problem(field.key, "unknown-choice", advice))
    key, known = "referral.current_services", words.current_services
    current = tuple(choice_of(one, known) or one for one in case.referral.current_services)
    if not current:
        problems.append(Problem(key, "missing", 'say what the member receives now; ["none"] if nothing'))
    unknown = [one for one in current if one not in known]
    if any(names_several(one, known) for one in unknown):
        problems.append(not_separated(key))
    elif unknown or ("none" in current and len(current) > 1):
        problems.append(Problem(key, "unknown-choice", f"give {one_of(known)}; none excludes the others"))
    return replace(case, referral=replace(case.referral, current_services=current)), problems


def _at_odds(case: Case, form: Form) -> Iterator[Problem]:
    """A problem for each entry that lacks what must go with it: details, consent, a reason to expedite."""
    referral, consent = case.referral, case.consent
    for key, service in (("ecm_provider", "ecm"), ("current_supports", "community_supports")):
        if getattr(referral, key) and referral.current_services and service not in referral.current_services:
            words = f"current_services does not name {service}: add it there, or remove this"
            yield Problem(f"referral.{key}", "says-two-things", words)
    # "Not stated" is no consent: only a yes lets anything leave.
    if consent.member_agreed is not True:
        words = "the member has to agree to the program first: ask, then set this to true"
        yield Problem("consent.member_agreed", "agreement-missing", words)
    if form.attestation and consent.attested is not True:
        words = "the attestation is missing. Read it, then set attested to true: only a person can attest"
        yield Problem("consent.attested", "attestation-missing", words)
    if consent.from_part2_program and consent.part2_consent is not True:
        words = "needs the member's written consent. If nothing comes from a 42 CFR Part 2 program, set part2 to false"
        yield Problem("consent.part2_consent", "part2-consent-missing", words)
    why = referral.expedited_why.strip()
    if referral.expedited and not why:
        words = "the letter has to say why waiting would harm the member: write it here"
        yield Problem("referral.expedited_why", "missing", words)
    if why and not referral.expedited:
        words = "expedited is not set: set it to true, or remove this"
        yield Problem("referral.expedited_why", "says-two-things", words)


def _label(case: Case, county: County | None) -> Iterator[Problem]:
    """A problem where the label, which stays in a ledger, tells who or where the member is."""
    if label_tells(case, county):
        yield Problem("referral.label", "label-tells", LABEL_TELLS)


def label_tells(case: Case, county: County | None) -> bool:
    """Whether the label is, or has in it, what tells who or where the member is, as far as the case knows it."""
    member, label = case.member, case.referral.label
    if label:
        born = _ways_to_write(member.date_of_birth)
        told = (member.first_name, member.last_name, member.mrn, member.cin, *born, member.phone)
        home = (member.county, county.name if county else "", member.city, member.zip, member.zip[:5], member.address)
        known = {place_key(re.sub(r"[\W_]+", "", one)) for one in (*told, *home)} - {""}
        parts = re.findall(r"[a-z]+|[0-9]+", label.casefold())
        runs = {"".join(parts[first:end]) for end in range(len(parts) + 1) for first in range(end)}
        return bool(known & runs)
    return False


def _ways_to_write(day: str) -> tuple[str, ...]:
    """A day as people write it, by its figures: year first, and as in the US with or without zeros."""
    try:
        born = date.fromisoformat(day)
    except ValueError:
        return (day,)
    return (day, f"{born:%m%d%Y}", f"{born:%m%d%y}", f"{born.month}{born.day}{born.year}")


def _consent_doubts(case: Case, words: ReferralWords, as_of: date) -> Iterator[Problem]:
    """What to look at in a consent: papers and texts under 42 CFR Part 2, and who agreed for whom."""
    consent, child = case.consent, is_child(case, as_of)
    if consent.from_part2_program:
        yield caution("part2-attach", "consent.part2_consent")
    else:
        for part in ("member", "referrer", "referral"):
            for name in _with_phrase(getattr(case, part), words):
                yield caution("part2-phrase", f"{part}.{name}")
    if child and not consent.agreed_by:
        yield caution("agreed-by-not-stated", "consent.agreed_by")
    if child and consent.agreed_by == "member":
        yield caution("agreed-by-child", "consent.agreed_by")
    if consent.agreed_by == "guardian" and not case.member.guardian_name:
        yield caution("guardian-not-named", "member.guardian_name")
    if consent.part2 is None:
        yield caution("part2-not-stated", "consent.part2")


@lru_cache(MOST_REMEMBERED)  # one referrer often has all rows of a sheet
def _with_phrase(table: Struct, words: ReferralWords) -> tuple[str, ...]:
    """The keys of the texts of a table that have one of the phrases; anything may stand in an address, too."""
    texts, phrase = {name: getattr(table, name) for name in table.__struct_fields__}, _phrase_of(words)
    return tuple(name for name, text in texts.items() if isinstance(text, str) and phrase.search(text.casefold()))


@lru_cache
def _phrase_of(words: ReferralWords) -> re.Pattern[str]:
    """What finds any of the phrases as whole words, in a text without case, however its blanks were typed."""
    phrases = [r"[\W_]+".join(map(re.escape, phrase.casefold().split())) for phrase in words.part2_phrases]
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b" if phrases else r"(?!)")


def _without_detail(case: Case, form: ReferralWords) -> Iterator[Problem]:
    """A warning for each choice after which the form asks for more, and nothing more is said."""
    referrer, referral = case.referrer, case.referral
    for name, what in DETAILED.items():
        field = BY_KEY[f"referrer.{name}"]
        chosen = getattr(form, field.choices).get(getattr(referrer, name), "")
        if chosen.endswith(SAY_WHICH) and not getattr(referrer, f"{name}_detail"):
            yield caution("say-which", f"{field.key}_detail", what=what)
    if "ecm" in referral.current_services and not (referral.ecm_provider and referral.ecm_provider_contact):
        key = "ecm_provider_contact" if referral.ecm_provider else "ecm_provider"
        yield caution("say-which", f"referral.{key}", what="which ECM provider it is, with an e-mail or phone")
    if "community_supports" in referral.current_services and not referral.current_supports:
        yield caution("say-which", "referral.current_supports", what="which Community Supports they are")


def requested(case: Case, policy: Policy) -> tuple[str, tuple[str, ...], list[Problem]]:
    """The program and services asked for by their ids, and what is wrong with them."""
    named, typed = policy.entry_by_name.get(name_key(case.referral.program)), case.referral.services
    program = named.id if named else case.referral.program
    problems = []
    if program not in THREE_PROGRAMS:
        code = "unknown-program" if program.strip() else "missing"
        problems.append(Problem("referral.program", code, f"give one of {one_of(THREE_PROGRAMS)}"))
    elif (program == "cs") != bool(typed):
        which = "say which Community Supports: 'calaim services' lists their ids"
        words = which if program == "cs" else "only cs (Community Supports) takes services: remove them"
        problems.append(Problem("referral.services", "services", words))
    ids, unknown = _services("referral.services", typed, policy)
    return program, ids, [*problems, *unknown]


def _services(where: str, typed: Iterable[str], policy: Policy) -> tuple[tuple[str, ...], list[Problem]]:
    """The ids of services, each once, and a problem for each text that is none."""
    services, listed = {one: policy.service_by_name.get(name_key(one)) for one in typed}, "'calaim services' lists them"
    problems = []
    for one in (one for one in typed if services[one] is None):
        near = did_you_mean(one, [service.id for service in policy.programs_file.service])
        unknown = Problem(where, "unknown-service", f"unknown service; {near or listed}")
        problems.append(not_separated(where) if names_several(one, policy.service_by_name) else unknown)
    return tuple(dict.fromkeys(found.id if found else one for one, found in services.items())), problems
