"""Floor 4: a checked case, its route and its determinations become a draft. It is never sent from here."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from calaim_cli.case import Case, LeadEntity
from calaim_cli.catalog import Catalog
from calaim_cli.checks import check_case
from calaim_cli.determination import Determination, Outcome
from calaim_cli.errors import InputError, Problem
from calaim_cli.message import Draft
from calaim_cli.routing import Route, check_member, route

WIDTH: Final = 72
NOT_GIVEN: Final = "(not given)"
SHOWN: Final = (Outcome.LIKELY, Outcome.PLAN_DISCRETION, Outcome.CHOOSE_ONE, Outcome.NOT_YET)


class Prepared(Struct, frozen=True):
    """A draft with the route it takes, the case as checked, and what a person should look at before sending."""

    draft: Draft
    route: Route
    case: Case
    warnings: tuple[Problem, ...]


def prepare(
    case: Case,
    determinations: Mapping[str, Determination],
    catalog: Catalog,
    as_of: date,
    lead_entity: LeadEntity | None = None,
) -> Prepared:
    """The draft of a case, dated `as_of`. `determinations` are keyed by program, population and service id.

    Raises InputError with every problem of the case, or NotFound when no route exists.
    """
    checked = check_case(case, catalog, as_of)
    if checked.county is not None:
        check_member(case, checked.county, catalog)
    if checked.problems or checked.county is None:
        raise InputError("the case is not complete enough for a referral; nothing was written", checked.problems)
    way = route(checked.case, checked.county, catalog, lead_entity)
    wanted = [determinations[one] for one in checked.case.referral.services or (checked.case.referral.program,)]
    lines = body(checked.case, checked.county.name, way, wanted, determinations, catalog, as_of)
    draft = Draft(to=way.to, subject=way.subject, body="\n".join(line.rstrip() for line in lines) + "\n")
    return Prepared(draft, way, checked.case, (*checked.warnings, *way.warnings, *_unlikely(wanted)))


def _unlikely(wanted: Iterable[Determination]) -> Iterator[Problem]:
    for one in wanted:
        if one.outcome is Outcome.UNLIKELY:
            words = (
                f"{one.subject.entry.name}: does not match today as far as answered; anyone may refer, the plan decides"
            )
            yield Problem("answers", "unlikely", words)


def body(
    case: Case,
    county: str,
    way: Route,
    wanted: Sequence[Determination],
    determinations: Mapping[str, Determination],
    catalog: Catalog,
    as_of: date,
) -> Iterator[str]:
    """The lines of the draft's text, in the order of section A of the plan's form, then what is asked for and why."""
    form = catalog.counties_file.form
    title = next(one.name for one in catalog.programs_file.program if one.id == case.referral.program)
    yield f"MEDI-CAL REFERRAL: {title.upper()}"
    yield ""
    yield from _field("Date of referral", us_date(as_of))
    yield from _field("Send to", ", ".join(way.to))
    yield ""
    yield from _referrer(case, catalog)
    yield from _member(case, county)
    yield "RECEIVES NOW"
    yield from _wrapped(", ".join(form.current_services[one] for one in case.referral.current_services))
    yield ""
    yield from _requested(wanted, determinations, catalog)
    if case.referral.notes:
        yield "NOTES FROM THE REFERRER"
        for paragraph in case.referral.notes.split("\n"):
            yield from _wrapped(paragraph)
        yield ""
    yield "ATTESTATION (confirmed by the referrer for this referral)"
    yield from (line for sentence in form.attestation for line in _wrapped(sentence, "[x] "))
    yield ""
    if case.consent.part2:
        yield from _wrapped(form.part2_notice)
        yield ""
    yield "DECISION"
    yield from _wrapped(form.closed_loop)
    yield ""
    yield f"Data edition {catalog.edition}. A screening is not a decision: the plan decides."


def _referrer(case: Case, catalog: Catalog) -> Iterator[str]:
    form, referrer = catalog.counties_file.form, case.referrer
    yield "SOURCE OF REFERRAL"
    yield from _field("Referrer's name", referrer.name)
    yield from _field("Organization", referrer.organization)
    yield from _field("Organization's NPI", referrer.npi)
    yield from _field("Address", referrer.address)
    yield from _field("Phone", referrer.phone)
    yield from _field("E-mail", referrer.email)
    yield from _field("Relationship to the member", form.relationships[referrer.relationship])
    yield from _field("External referral by", form.referral_sources[referrer.source])
    yield ""


def _member(case: Case, county: str) -> Iterator[str]:
    member = case.member
    yield "MEMBER"
    yield from _field("Kaiser Permanente Medi-Cal member", "yes")
    yield from _field("First name", member.first_name)
    yield from _field("Middle name or initial", member.middle_name)
    yield from _field("Last name", member.last_name)
    yield from _field("Date of birth", us_date(date.fromisoformat(member.date_of_birth)))
    yield from _field("Phone", member.phone)
    yield from _field("E-mail", member.email)
    yield from _field("Mailing address", member.address)
    yield from _field("City, state, ZIP code", f"{member.city}, CA {member.zip}")
    yield from _field("County", county)
    yield from _field("KP medical record number (MRN)", member.mrn)
    yield from _field("Medi-Cal client index number (CIN)", member.cin)
    yield from _field("Preferred language", member.preferred_language)
    yield from _field("Caregiver or support person", member.caregiver_name)
    yield from _field("Caregiver's e-mail or phone", member.caregiver_contact)
    yield ""


def _requested(
    wanted: Sequence[Determination], determinations: Mapping[str, Determination], catalog: Catalog
) -> Iterator[str]:
    yield "REQUESTED, AND WHY (from the referrer's answers)"
    for one in wanted:
        populations = [
            other for other in determinations.values() if other.subject.population and one.subject.program == "ecm"
        ]
        yield from _reasons(one, catalog, [] if one.subject.service else populations)
    yield ""


def _reasons(one: Determination, catalog: Catalog, populations: Iterable[Determination]) -> Iterator[str]:
    """A program or service with its outcome; the criteria met, under each population of focus that fits."""
    yield from _wrapped(f"{one.subject.entry.name}: {catalog.outcomes[one.outcome].label.lower()}")
    fitting = [other for other in populations if other.outcome in SHOWN]
    for other in fitting:
        yield from _wrapped(f"Population of focus: {other.subject.entry.name}", "  ")
        yield from _met(other, catalog)
    if not fitting:
        yield from _met(one, catalog)
    for question in dict.fromkeys(catalog.criteria[criterion].question for criterion in one.missing):
        yield from _wrapped(f"Not known: {catalog.questions[question].ask}", "  - ")


def _met(one: Determination, catalog: Catalog) -> Iterator[str]:
    for reason in one.because:
        criterion = catalog.criteria[reason.criterion]
        if reason.met:
            yield from _wrapped(f"{criterion.text} ({', '.join(criterion.source)})", "  - ")


def us_date(day: date) -> str:
    """A day as the plan's form writes it: MM/DD/YYYY."""
    return f"{day.month:02}/{day.day:02}/{day.year:04}"


def _field(label: str, value: str) -> Iterator[str]:
    """A labelled value; one that reads from right to left stands on a line of its own, or the two would mix."""
    if any(unicodedata.bidirectional(c) in {"R", "AL"} for c in value):
        yield f"{label}:"
        yield value
    else:
        yield f"{label}: {value or NOT_GIVEN}"


def _wrapped(text: str, lead: str = "") -> list[str]:
    """The text on lines of at most 72 columns; words longer than that stay whole, so an address is never cut."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]
