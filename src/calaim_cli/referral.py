"""Floor 4: a checked case, its route and its determinations become a draft. It is never sent from here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.advice import contact_line
from calaim_cli.body import HIDDEN, hidden, said, sections
from calaim_cli.case import Case, Profile, with_profile
from calaim_cli.catalog import Catalog
from calaim_cli.checks import check_case
from calaim_cli.determination import POSITIVE, Determination, Outcome
from calaim_cli.errors import InputError, NotFound, Problem
from calaim_cli.message import Draft
from calaim_cli.routing import Route, check_member, route
from calaim_cli.screening import Screening
from calaim_cli.sources import Grade

NOT_FOUND: Final = frozenset(
    {"unknown-place", "ambiguous-place", "not-a-county", "not-a-place", "zip-ambiguous", "zip-unlisted", "zip-outside"}
    | {"unknown-program", "unknown-service"}
)
"""Problems of a name that finds nothing, or more than one thing."""


class Prepared(Struct, frozen=True):
    """A draft with the route it takes, the case as checked, and what a person should look at before sending.

    `redacted` is the body with what identifies the member masked, for a preview that others may see.
    """

    draft: Draft
    route: Route
    case: Case
    warnings: tuple[Problem, ...]
    redacted: str


STILL_TO_SAY: Final = frozenset({"agreement-missing", "attestation-missing"})
"""Problems that a preview may have: a person agrees and attests to what she has read."""


def prepare(
    case: Case, screening: Screening, catalog: Catalog, as_of: date, profile: Profile, *, preview: bool = False
) -> Prepared:
    """The draft of a case as screened, completed from the profile and dated `as_of`.

    Raises InputError with every problem of the case, or NotFound when a name finds nothing or no route exists.
    """
    checked = check_case(with_profile(case, profile.referrer), catalog, as_of)
    if checked.county is not None:
        check_member(case, checked.county, catalog)
    stated = (one for one in checked.problems if not (preview and one.code in STILL_TO_SAY))
    problems = (*stated, *screening.problems)
    if problems or checked.county is None:
        raise _unfit(problems)
    determinations = screening.determinations
    kept, county = replace(checked.case, answers={**screening.answers}), checked.county.name
    way = route(kept, checked.county, catalog, profile.network_lead_entity)
    wanted = [determinations[one] for one in kept.referral.services or (kept.referral.program,)]
    populations = [one for one in determinations.values() if one.subject.population]
    reasons, beneath = [said(one, catalog) for one in wanted], [said(one, catalog) for one in populations]
    masked = replace(
        kept, member=hidden(kept.member), referral=replace(kept.referral, notes=kept.referral.notes and HIDDEN)
    )
    secure = profile.secure_email
    texts = [
        "".join((secure.body_line(), *sections(one, where, way.to, reasons, beneath, catalog, as_of)))
        for one, where in ((kept, county), (masked, HIDDEN))
    ]
    draft = Draft(to=way.to, subject=way.subject, body=texts[0], extra=secure.extra_header())
    warnings = (*screening.warnings, *checked.warnings, *way.warnings, *_doubts(kept, wanted, populations, catalog))
    return Prepared(draft, way, kept, warnings, texts[1])


def _unfit(problems: tuple[Problem, ...]) -> InputError | NotFound:
    """All problems at once; not found when every one of them is a name that finds nothing."""
    if problems and all(one.code in NOT_FOUND for one in problems):
        first = problems[0]
        return NotFound(f"{first.where}: {first.message}", problems, code=first.code)
    return InputError("the case is not complete enough for a referral; nothing was written", problems)


def _doubts(
    case: Case, wanted: Iterable[Determination], populations: Iterable[Determination], catalog: Catalog
) -> Iterator[Problem]:
    """What a person should know before sending: the plan decides all the same."""
    for one in wanted:
        entry = one.subject.entry
        if one.outcome is Outcome.UNLIKELY:
            words = "does not match today as far as answered; anyone may refer, the plan decides"
            yield Problem("answers", "unlikely", f"{entry.name}: {words}")
        if one.outcome is Outcome.NEED_ANSWERS:
            words = "answers are missing ('calaim check CASE' lists them); anyone may refer, the plan decides"
            yield Problem("answers", "need-answers", f"{entry.name}: {words}")
        if entry.ask_in_notes and not case.referral.notes:
            yield Problem("referral.notes", "notes-wanted", entry.ask_in_notes)
        availability = catalog.availability.get(entry.id)
        if availability and availability.grade in (Grade.INFERRED, Grade.UNVERIFIED):
            yield Problem("referral.services", "availability-not-confirmed", f"{entry.name}: {availability.note}")
    if case.referral.program != "ecm":
        return
    fitting = {one.subject.population for one in populations if one.outcome in POSITIVE}
    for contact in catalog.counties_file.contact:
        if fitting.intersection(contact.touches):
            yield Problem("answers", "contact", contact_line(contact))
