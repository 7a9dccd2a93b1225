"""Floor 7: the story of `refer`: what is asked for, decided and drafted, then put in the format wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path

from msgspec.structs import replace

from calaim_cli.case import Case, LeadEntity, Referrer, with_profile
from calaim_cli.casefile import Profile
from calaim_cli.catalog import Catalog
from calaim_cli.conversation import (
    YES_NO,
    Keep,
    choose_referrals,
    consent_steps,
    fresh_consent,
    member_steps,
    place_steps,
    referrer_steps,
    walk,
)
from calaim_cli.documents import referral_document, written
from calaim_cli.errors import InputError, UsageError
from calaim_cli.fields import MESSAGES, email, line
from calaim_cli.lookups import place_named
from calaim_cli.message import eml
from calaim_cli.prompt import Ask, Prompt
from calaim_cli.referral import Prepared
from calaim_cli.referral import prepare as prepare_draft
from calaim_cli.routing import check_member
from calaim_cli.screening import screener

Screen = Callable[[Case], Case]
"""Holds the interview for a case, or gives the case back when the person would rather not."""


ENTITY_NAME = "Network Lead Entity that takes referrals to your own organization, if you have one: its name"
ENTITY_EMAIL = "The Network Lead Entity's e-mail"


class Format(StrEnum):
    """How a draft is written."""

    TEXT = "text"
    EML = "eml"
    JSON = "json"


SUFFIXES = {".eml": Format.EML, ".txt": Format.TEXT, ".json": Format.JSON}


def asked_for(case: Case, program: str | None, services: Sequence[str], *, own: bool) -> Case:
    """The case with what the command line asks for in place of what the file says."""
    referral = case.referral
    if program:
        program = program.lower()
        referral = replace(referral, program=program, services=() if program != "cs" else referral.services)
    if services:
        referral = replace(referral, program=program or "cs", services=tuple(services))
    return replace(case, referral=replace(referral, self_referral=own or referral.self_referral))


def prepare(case: Case, referrer: Referrer, lead_entity: LeadEntity | None, catalog: Catalog, as_of: date) -> Prepared:
    """The draft of a case, with the referrer completed from the profile.

    Raises InputError with every problem, or NotFound when there is no route.
    """
    screening = screener(catalog.subjects, catalog).screen(case, as_of)
    if screening.problems:
        raise InputError("the answers are not valid; nothing was written", screening.problems)
    prepared = prepare_draft(with_profile(case, referrer), screening.determinations, catalog, as_of, lead_entity)
    return replace(prepared, warnings=(*screening.warnings, *prepared.warnings))


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
            return as_text(prepared).encode()


def as_text(prepared: Prepared) -> str:
    """The draft for copying: recipients, subject, an empty line, the body; no wrapping to a window."""
    draft = prepared.draft
    heads = [("To", draft.to), ("Cc", draft.cc)]
    lines = [f"{name}: {', '.join(addresses)}" for name, addresses in heads if addresses]
    return "\n".join([*lines, f"Subject: {draft.subject}", "", draft.body])


def talk(
    case: Case, profile: Referrer, catalog: Catalog, as_of: date, ask: Ask, keep: Keep, screen: Screen
) -> tuple[Case, ...]:
    """A referral asked for from the beginning: place, screening, what to refer for, details, consent.

    Gives one complete case for each program. Raises NotFound as soon as no route can exist, Quit when left.
    """
    case = walk(place_steps(catalog), fresh_consent(with_profile(case, profile)), ask, keep)
    place = place_named(case.member.county, catalog)
    check_member(case, place.county, catalog)
    case = screen(case)
    results = screener(catalog.subjects, catalog).screen(case, as_of).determinations
    wanted = choose_referrals(case, results, catalog, ask) if not case.referral.program else (case,)
    missing = [] if case.referrer == profile and profile != Referrer() else [*referrer_steps(catalog, as_of)]
    steps = [*missing, *member_steps(catalog, as_of), *consent_steps(catalog)]
    done = walk(steps, case, ask, keep)
    return tuple(
        replace(done, referral=replace(done.referral, program=one.referral.program, services=one.referral.services))
        for one in wanted
    )


def preview_prompt(prepared: Prepared) -> Prompt:
    """The last question before a draft is written; there is no default."""
    text = f"Write this draft to {', '.join(prepared.draft.to)}? Nothing is sent."
    return Prompt(where="write", text=text, options=YES_NO)


def edited_profile(profile: Profile, catalog: Catalog, ask: Ask) -> Profile:
    """The profile with the referrer's details and the Network Lead Entity asked anew; Enter keeps what was there."""
    about = Case(referrer=profile.referrer)
    details = walk(referrer_steps(catalog, date.min), about, ask, lambda _: None)
    old = profile.network_lead_entity or LeadEntity()
    name = ask(Prompt(where="network_lead_entity.name", text=ENTITY_NAME, optional=True, given=old.name, check=line))
    address = ask(
        Prompt(
            where="network_lead_entity.email",
            text=ENTITY_EMAIL,
            optional=True,
            given=old.email,
            check=email,
            explain=MESSAGES.__getitem__,
        )
    )
    entity = LeadEntity(name=str(name), email=str(address)) if isinstance(address, str) and address else None
    return Profile(details.referrer, entity)
