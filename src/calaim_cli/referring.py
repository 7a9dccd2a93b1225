"""Floor 7: the story of `refer`: what is asked for, decided and drafted, then put in the format wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Final
from urllib.parse import quote

from msgspec.structs import replace

from calaim_cli.case import Case, LeadEntity, Profile, Referrer, with_profile
from calaim_cli.catalog import Catalog
from calaim_cli.checks import check_case
from calaim_cli.conversation import (
    YES_NO,
    Keep,
    ask_alone,
    choose_referrals,
    consent_steps,
    fresh_consent,
    member_steps,
    place_steps,
    referrer_steps,
    walk,
)
from calaim_cli.documents import referral_document, written
from calaim_cli.errors import InputError, NotFound, OutputRefused, Problem, UsageError
from calaim_cli.fields import MESSAGES, Checked, email, line
from calaim_cli.formats import SUFFIXES, Format
from calaim_cli.lookups import place_named
from calaim_cli.message import Draft, eml
from calaim_cli.prompt import Ask, Prompt
from calaim_cli.referral import Prepared
from calaim_cli.referral import prepare as prepare_draft
from calaim_cli.routing import check_member, region_of
from calaim_cli.screening import screener

Screen = Callable[[Case], Case]
"""Holds the interview for a case, or gives the case back when the person would rather not."""

ENTITY: Final = {
    "name": ("Network Lead Entity that takes referrals to your own organization, if you have one: its name", line),
    "email": ("The Network Lead Entity's e-mail", email),
}
"""How each field of a Network Lead Entity is asked for, and its check."""


def asked_for(case: Case, program: str | None, services: Sequence[str], *, own: bool) -> Case:
    """The case with what the command line asks for in place of what the file says."""
    referral = case.referral
    if program:
        program = program.lower()
        referral = replace(referral, program=program, services=() if program != "cs" else referral.services)
    if services:
        referral = replace(referral, program=program or "cs", services=tuple(services))
    return replace(case, referral=replace(referral, self_referral=own or referral.self_referral))


def consent_for_another(written: Case, asked: Case) -> tuple[Problem, ...]:
    """A warning where the command line asks for something else than the case, whose consent was given for that."""
    before, after = written.referral, asked.referral
    if not before.program or (before.program.lower(), before.services) == (after.program.lower(), after.services):
        return ()
    words = "the case was agreed to and attested for something else: make sure that both hold for this referral too"
    return (Problem("consent", "consent-for-another", words),)


def prepare(case: Case, profile: Profile, catalog: Catalog, as_of: date, name: str = "") -> Prepared:
    """The draft of a case, completed from the profile.

    Raises InputError with every problem, or NotFound when there is no route; `name` is the case file that they name.
    """
    screening = screener(catalog.subjects, catalog).screen(case, as_of)
    try:
        return prepare_draft(case, screening, catalog, as_of, profile)
    except (InputError, NotFound) as error:
        said = f"{name}: {error.message}" if name else error.message
        raise type(error)(said, error.problems, code=error.code) from None


def format_for(wanted: Format | None, out: Path | None) -> Format:
    """The format asked for, else the one that the file's ending names, else text. Raises UsageError."""
    by_suffix = SUFFIXES.get(out.suffix.lower()) if out else Format.TEXT
    if wanted is None and by_suffix is None:
        raise UsageError(f"{out}: the ending names no format: use .eml, .txt or .json, or give --format")
    return wanted or by_suffix or Format.TEXT


def formatted(prepared: Prepared, wanted: Format, catalog: Catalog) -> bytes:
    """The draft in the wanted format; every format passes the checks of the message."""
    message = eml(prepared.draft)
    match wanted:
        case Format.EML:
            return message
        case Format.JSON:
            return f"{written(referral_document(prepared, catalog))}\n".encode()
        case Format.TEXT:
            return as_text(prepared.draft).encode()
        case Format.MAILTO:
            return as_mailto(prepared).encode()


LONGEST_LINK = 2000
"""Characters: browsers and mail clients cut a longer mailto link without a word."""


def as_mailto(prepared: Prepared) -> str:
    """The draft as a mailto link. Raises OutputRefused when it is too long to arrive whole."""
    draft = prepared.draft
    parts = {"subject": draft.subject, "body": draft.body.replace("\n", "\r\n")}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items())
    link = f"mailto:{','.join(quote(address, safe='@') for address in draft.to)}?{query}"
    if len(link) > LONGEST_LINK:
        words = (
            f"a mailto link of {len(link)} characters would be cut (at most {LONGEST_LINK}): use --format eml or text"
        )
        raise OutputRefused(words, code="mailto-too-long")
    return f"{link}\n"


def as_text(draft: Draft) -> str:
    """The draft for copying: recipients, subject, an empty line, the body; no wrapping to a window."""
    heads = [("To", draft.to), ("Cc", draft.cc)]
    lines = [f"{name}: {', '.join(addresses)}" for name, addresses in heads if addresses]
    return "\n".join([*lines, f"Subject: {draft.subject}", "", draft.body])


def talk(
    case: Case, profile: Referrer, catalog: Catalog, as_of: date, ask: Ask, keep: Keep, screen: Screen
) -> tuple[Case, ...]:
    """A referral asked for from the beginning: place, screening, what to refer for, details, consent.

    Gives one complete case for each program. Raises NotFound as soon as no route can exist, Quit when left.
    """
    _known_request(case, catalog, as_of)
    case = walk(place_steps(catalog), fresh_consent(with_profile(case, profile)), ask, keep)
    place = place_named(case.member.county, catalog)
    check_member(case, place.county, catalog)
    if place.county.kp is None and not case.referral.self_referral:
        region_of(place.county, "", catalog)
    case = screen(case)
    results = screener(catalog.subjects, catalog).screen(case, as_of).determinations
    wanted = (case,) if _complete_request(case) else choose_referrals(case, results, catalog, ask)
    case = wanted[0] if len(wanted) == 1 else case
    keep(case)
    form = catalog.counties_file.form
    known = case.referrer == profile and all(
        getattr(profile, where.removeprefix("referrer.")) for where in form.required if where.startswith("referrer.")
    )
    missing = () if known else referrer_steps(catalog, as_of)
    done = walk([*missing, *member_steps(catalog, as_of), *consent_steps(catalog, wanted)], case, ask, keep)
    return tuple(
        replace(done, referral=replace(done.referral, program=one.referral.program, services=one.referral.services))
        for one in wanted
    )


def _known_request(case: Case, catalog: Catalog, as_of: date) -> None:
    """Raises NotFound when what is asked for does not exist, before a person has said everything in vain."""
    where = {"referral.program", "referral.services"} if _complete_request(case) else set()
    problems = tuple(one for one in check_case(case, catalog, as_of).problems if one.where in where)
    if problems:
        raise NotFound(f"{problems[0].where}: {problems[0].message}", problems, code=problems[0].code)


def _complete_request(case: Case) -> bool:
    """Whether the case says what to refer for: a program, with its services where it has some."""
    return bool(case.referral.program) and (case.referral.program.lower() != "cs" or bool(case.referral.services))


def preview_prompt(prepared: Prepared) -> Prompt:
    """The last question before a draft is written; there is no default."""
    text = f"Write this draft to {', '.join(prepared.draft.to)}? Nothing is sent."
    return Prompt(where="write", text=text, options=YES_NO)


def edited_profile(profile: Profile, catalog: Catalog, ask: Ask) -> Profile:
    """The profile with the referrer's details and the Network Lead Entity asked anew; Enter keeps what was there."""
    about = Case(referrer=profile.referrer)
    details = walk(referrer_steps(catalog, date.min), about, ask, lambda _: None)
    old = profile.network_lead_entity or LeadEntity()
    said = {
        key: str(ask_alone(ask, _entity_prompt(key, text, getattr(old, key), check)))
        for key, (text, check) in ENTITY.items()
    }
    entity = LeadEntity(**said) if said["email"] else None
    return replace(profile, referrer=details.referrer, network_lead_entity=entity)


def _entity_prompt(key: str, text: str, given: str, check: Callable[[str], Checked]) -> Prompt:
    where = f"network_lead_entity.{key}"
    return Prompt(where=where, text=text, optional=True, given=given, check=check, explain=MESSAGES.__getitem__)
