"""Floor 6: the story of `refer`: what is asked for, decided and drafted, then put in the format wanted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path

from msgspec.structs import replace

from calaim_cli.case import Case, LeadEntity, Referrer, with_profile
from calaim_cli.catalog import Catalog
from calaim_cli.documents import referral_document, written
from calaim_cli.errors import InputError, UsageError
from calaim_cli.message import eml
from calaim_cli.referral import Prepared
from calaim_cli.referral import prepare as prepare_draft
from calaim_cli.screening import screen


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
        referral = replace(referral, program=program, services=() if program != "cs" else referral.services)
    if services:
        referral = replace(referral, program=program or "cs", services=tuple(services))
    return replace(case, referral=replace(referral, self_referral=own or referral.self_referral))


def prepare(case: Case, referrer: Referrer, lead_entity: LeadEntity | None, catalog: Catalog, as_of: date) -> Prepared:
    """The draft of a case, with the referrer completed from the profile.

    Raises InputError with every problem, or NotFound when there is no route.
    """
    screening = screen(case, catalog.subjects, catalog, as_of)
    if screening.problems:
        raise InputError("the answers are not valid; nothing was written", screening.problems)
    return prepare_draft(with_profile(case, referrer), screening.determinations, catalog, as_of, lead_entity)


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
