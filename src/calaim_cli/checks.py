"""Floor 3: is a case fit for a referral? Every field checked, every problem listed at once, never a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from calaim_cli import fields
from calaim_cli.case import Case
from calaim_cli.catalog import Catalog
from calaim_cli.counties import County, Form, NoPlace, Place, find_place, find_zip
from calaim_cli.errors import Problem
from calaim_cli.fields import MESSAGES, Checked
from calaim_cli.near import did_you_mean, one_of
from calaim_cli.programs import find_entry

SAY_WHICH: Final = "(say which)"
"""How the words of a choice end after which the form asks for more."""
NO_SERVICES: Final = "leave them out unless the program is cs (Community Supports)"
Check = Callable[[str], Checked]

CHECKS: Final[dict[str, Check]] = {
    "member.first_name": fields.name,
    "member.middle_name": fields.name,
    "member.last_name": fields.name,
    "member.phone": fields.phone,
    "member.email": fields.email,
    "member.address": fields.line,
    "member.city": fields.line,
    "member.zip": fields.zip_code,
    "member.mrn": fields.mrn,
    "member.cin": fields.cin,
    "member.preferred_language": fields.line,
    "member.caregiver_name": fields.name,
    "member.caregiver_contact": fields.line,
    "referrer.name": fields.name,
    "referrer.organization": fields.line,
    "referrer.npi": fields.npi,
    "referrer.address": fields.line,
    "referrer.phone": fields.phone,
    "referrer.email": fields.email,
    "referrer.relationship_detail": fields.line,
    "referrer.source_detail": fields.line,
    "referral.notes": fields.free_text,
}


class CheckedCase(NamedTuple):
    """The case with its fields as kept and printed, its county where known, and what stops or doubts a draft."""

    case: Case
    county: County | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check_case(case: Case, catalog: Catalog, as_of: date) -> CheckedCase:
    """Check every field of a case that is to become a draft, against the plan's form."""
    form = catalog.counties_file.form
    kept, found = _fields(case, as_of)
    county, place = county_of(kept, catalog)
    found[1].extend((*named_diagnoses(kept.referral.notes, form), *_without_detail(kept, form)))
    problems = [*_missing(case, form), *found[0], *_choices(kept, form), *_requested(kept, catalog), *_consent(kept)]
    services = tuple(dict.fromkeys(_service_id(typed, catalog) or typed for typed in kept.referral.services))
    kept = replace(kept, referral=replace(kept.referral, program=kept.referral.program.lower(), services=services))
    named = {(one.where, one.code) for one in problems}
    problems += [one for one in place[0] if (one.where, one.code) not in named]
    return CheckedCase(kept, county, tuple(problems), (*found[1], *place[1], *part2_not_stated(kept)))


def _fields(case: Case, as_of: date) -> tuple[Case, tuple[list[Problem], list[Problem]]]:
    """Each given text through its check: the case as kept, errors, warnings."""
    checks: dict[str, Check] = {**CHECKS, "member.date_of_birth": lambda text: fields.date_of_birth(text, as_of)}
    kept: dict[str, dict[str, Any]] = {}
    errors: list[Problem] = []
    warnings: list[Problem] = []
    for where, check in checks.items():
        part, _, key = where.partition(".")
        given = getattr(getattr(case, part), key)
        if not given.strip():
            continue
        checked = check(given)
        kept.setdefault(part, {})[key] = checked.value
        if checked.error:
            errors.append(Problem(where, checked.error, MESSAGES[checked.error]))
        if checked.warning:
            warnings.append(Problem(where, checked.warning, MESSAGES[checked.warning]))
    parts = {part: replace(getattr(case, part), **values) for part, values in kept.items()}
    return replace(case, **parts), (errors, warnings)


def named_diagnoses(notes: str, form: Form) -> Iterator[Problem]:
    """A warning for notes that seem to name a diagnosis."""
    words = set(re.findall(r"\w+", notes.casefold()))
    if words.intersection(form.watch_words):
        yield Problem("referral.notes", "text-diagnosis", MESSAGES["text-diagnosis"])


def _missing(case: Case, form: Form) -> Iterator[Problem]:
    for where in form.required:
        part, _, key = where.partition(".")
        if not getattr(getattr(case, part), key).strip():
            yield Problem(where, "missing", "the plan's form needs this")
    if not case.member.mrn.strip() and not case.member.cin.strip():
        yield Problem("member.mrn", "member-id-missing", "give the KP medical record number, or the CIN in member.cin")
    if case.member.kp_member is None:
        yield Problem(
            "member.kp_member", "missing", "say whether the member has Kaiser Permanente Medi-Cal: see the card"
        )


def _choices(case: Case, form: Form) -> Iterator[Problem]:
    one_choice = {
        "referrer.relationship": (case.referrer.relationship, form.relationships),
        "referrer.source": (case.referrer.source, form.referral_sources),
    }
    for where, (given, known) in one_choice.items():
        if given and given not in known:
            yield Problem(where, "unknown-choice", did_you_mean(given, known) or f"give {one_of(known)}")
    current = case.referral.current_services
    if not current:
        yield Problem("referral.current_services", "missing", 'say what the member receives now; ["none"] if nothing')
    if any(one not in form.current_services for one in current) or ("none" in current and len(current) > 1):
        choices = one_of(form.current_services)
        yield Problem("referral.current_services", "unknown-choice", f"give {choices}; none stands alone")


def _without_detail(case: Case, form: Form) -> Iterator[Problem]:
    """A warning for a choice of the form that asks to say which, where nothing is said."""
    referrer = case.referrer
    if form.relationships.get(referrer.relationship, "").endswith(SAY_WHICH) and not referrer.relationship_detail:
        yield Problem("referrer.relationship_detail", "say-which", "the plan's form asks which relationship it is")
    if form.referral_sources.get(referrer.source, "").endswith(SAY_WHICH) and not referrer.source_detail:
        yield Problem("referrer.source_detail", "say-which", "the plan's form asks which one it is")


def _service_id(typed: str, catalog: Catalog) -> str | None:
    entry = find_entry(typed, catalog.programs_file.service)
    return entry.id if entry else None


def _requested(case: Case, catalog: Catalog) -> Iterator[Problem]:
    program, services = case.referral.program.lower(), case.referral.services
    known = catalog.counties_file.form.subjects
    if program not in known:
        yield Problem("referral.program", "unknown-program", f"give one of {one_of(known)}")
    elif (program == "cs") != bool(services):
        wanted = "say which Community Supports: 'calaim services' lists their ids" if program == "cs" else NO_SERVICES
        yield Problem("referral.services", "services", wanted)
    for typed in services:
        if _service_id(typed, catalog) is None:
            ids = [service.id for service in catalog.programs_file.service]
            hint = did_you_mean(typed, ids) or "'calaim services' lists them"
            yield Problem("referral.services", "unknown-service", f"there is no such service: {hint}")


def _consent(case: Case) -> Iterator[Problem]:
    consent = case.consent
    if consent.member_agreed is not True:
        words = "the member has to agree to the program first; ask, then set it to true"
        yield Problem("consent.member_agreed", "agreement-missing", words)
    if consent.attested is not True:
        words = (
            "a person has to attest that the referral is correct, agreed to, and can be documented, "
            "and then set attested to true: the program never does"
        )
        yield Problem("consent.attested", "attestation-missing", words)
    if consent.part2 and consent.part2_consent is not True:
        words = "information from a 42 CFR Part 2 program needs the member's written consent"
        yield Problem("consent.part2_consent", "part2-consent-missing", words)


def part2_not_stated(case: Case) -> Iterator[Problem]:
    if case.consent.part2 is None:
        words = "not stated: does any of this come from a substance-use program under 42 CFR Part 2?"
        yield Problem("consent.part2", "part2-not-stated", words)


def county_of(case: Case, catalog: Catalog) -> tuple[County | None, tuple[list[Problem], list[Problem]]]:
    """The county the case states, else the one its ZIP code lies in; a ZIP that contradicts it is a warning."""
    stated, code = case.member.county.strip(), case.member.zip.strip()
    by_zip = find_zip(code, catalog.gazetteer) if code else None
    if not stated:
        return _county_by_zip(by_zip)
    place = find_place(stated, catalog.gazetteer)
    if isinstance(place, NoPlace):
        return None, ([Problem("member.county", place.code, place.message)], [])
    return place.county, ([], _elsewhere(place.county, by_zip))


def zip_elsewhere(case: Case, county: County, catalog: Catalog) -> list[Problem]:
    """A warning where the case's ZIP code does not lie in the county that was stated, which is used all the same."""
    code = case.member.zip.strip()
    return _elsewhere(county, find_zip(code, catalog.gazetteer) if code else None)


def _elsewhere(county: County, by_zip: Place | NoPlace | None) -> list[Problem]:
    named = (by_zip.county.name,) if isinstance(by_zip, Place) else by_zip.candidates if by_zip else ()
    if not named or county.name in named:
        return []
    words = f"the ZIP code lies in {one_of(named)}: the stated county was used"
    return [Problem("member.zip", "zip-county", words)]


def _county_by_zip(by_zip: Place | NoPlace | None) -> tuple[County | None, tuple[list[Problem], list[Problem]]]:
    if by_zip is None:
        return None, ([Problem("member.county", "missing", "the county decides where the referral goes")], [])
    if isinstance(by_zip, NoPlace):
        return None, ([Problem("member.county", by_zip.code, by_zip.message)], [])
    words = "not given: taken from the ZIP code"
    return by_zip.county, ([], [Problem("member.county", "county-from-zip", words)])
