"""A referral, field by field: the one table of what can be said in a case, a sheet, a talk or a letter.

What is of the field stands here: its key, its check, the words that ask for it, other headers of a sheet. What is of
one plan's form (sections, order, what is required, labels that differ) stands in the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from calaim_cli.base import values
from calaim_cli.base.values import Checked

Check = Callable[[str], Checked]


class FieldKind(StrEnum):
    """How a field is given."""

    TEXT = "text"
    DATE = "date"
    PLACE = "place"
    PLAN = "plan"
    YES_NO = "yes/no"
    CHOICE = "choice"
    CHOICES = "choices"


class Field(Struct, frozen=True):
    """One field: where it stands in a case, how its text is checked, and how it is called in a letter and asked for.

    `choices` names the list of the form that a choice is of. `absent` says, for a place where the field does not stand
    (talk, letter or template), why not.
    """

    key: str
    check: Check | None = None
    label: str = ""
    ask: str = ""
    aliases: tuple[str, ...] = ()
    kind: FieldKind = FieldKind.TEXT
    choices: str = ""
    absent: dict[str, str] = {}

    @property
    def part(self) -> str:
        """The table of the case: member, referrer, referral or consent."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """The key within its table."""
        return self.key.partition(".")[2]

    @property
    def column(self) -> str:
        """The column of a sheet; the referrer's have a prefix, because the member has a name and a phone, too."""
        return f"referrer_{self.name}" if self.part == "referrer" else self.name


SAY_WHICH: Final = "(say which)"  # ends the words of a choice after which the form asks for more
KIND = FieldKind
CHOSEN: Final = {"talk": "chosen among the results of the screening"}
DETAIL: Final = {"letter": "it follows the choice on its line", "template": "only some choices ask for it"}

FIELDS: Final = (
    Field("referral.program", label="Program", kind=KIND.CHOICE, choices="subjects", absent=CHOSEN),
    Field("referral.services", label="Services", aliases=("service",), kind=KIND.CHOICES, absent=CHOSEN),
    Field("member.county", None, "County", "Member's county or ZIP code", kind=KIND.PLACE),
    Field("member.zip", values.zip_code, "City, state, ZIP code", "ZIP code", ("zip_code",)),
    Field(
        "referral.self_referral",
        kind=KIND.YES_NO,
        absent={"talk": "the option --self-referral says it", "letter": "it steers the route alone"},
    ),
    Field(
        "member.plan",
        None,
        "Medi-Cal plan",
        "Member's Medi-Cal plan, as on the card",
        ("health_plan", "mcp"),
        kind=KIND.PLAN,
        absent={"letter": "the head of a sheet names it, and a plan knows its own name"},
    ),
    Field(
        "member.kp_member",
        kind=KIND.YES_NO,
        absent={"talk": "the plan is asked for", "template": "the plan says it"},
        label="Member of the plan",
    ),
    Field(
        "member.kp_region",
        kind=KIND.CHOICE,
        choices="regions",
        absent={
            "talk": "only a county that is split needs it",
            "letter": "it steers the route alone",
            "template": "only a county that is split needs it",
        },
    ),
    Field("member.first_name", values.name, "First name", "Member's first name"),
    Field("member.middle_name", values.name, "Middle name or initial", "Member's middle name or initial"),
    Field("member.last_name", values.name, "Last name", "Member's last name"),
    Field(
        "member.date_of_birth",
        None,
        "Date of birth",
        "Member's date of birth (MM/DD/YYYY)",
        ("dob", "birth_date"),
        kind=KIND.DATE,
    ),
    Field("member.phone", values.phone, "Phone", "Member's phone"),
    Field("member.address", values.line, "Mailing address", "Member's mailing address: street"),
    Field("member.city", values.line, "City, state, ZIP code", "City"),
    Field(
        "member.mrn",
        values.mrn,
        "Medical record number (MRN)",
        "The plan's medical record number (MRN), if known",
        ("medical_record_number",),
    ),
    Field(
        "member.cin",
        values.cin,
        "Medi-Cal client index number (CIN)",
        "Medi-Cal client index number (CIN), if known",
        ("client_index_number",),
    ),
    Field("member.email", values.email, "E-mail", "Member's e-mail"),
    Field("member.preferred_language", values.line, "Preferred language", "Preferred language", ("language",)),
    Field("member.caregiver_name", values.name, "Caregiver or support person", "Caregiver or support person"),
    Field("member.caregiver_contact", values.line, "Caregiver's e-mail or phone", "Caregiver's e-mail or phone"),
    Field("referrer.name", values.name, "Referrer's name", "Referrer's name"),
    Field("referrer.organization", values.line, "Organization", "Referrer's organization"),
    Field("referrer.npi", values.npi, "Organization's NPI", "Organization's NPI (ten digits)"),
    Field("referrer.address", values.line, "Address", "Organization's address: street, city, state, ZIP code"),
    Field("referrer.phone", values.phone, "Phone", "Referrer's phone"),
    Field("referrer.email", values.email, "E-mail", "Referrer's e-mail (one that is read: the plan answers there)"),
    Field(
        "referrer.relationship",
        None,
        "Relationship to the member",
        "Referrer's relationship to the member",
        kind=KIND.CHOICE,
        choices="relationships",
    ),
    Field("referrer.relationship_detail", values.line, ask="Which relationship is it?", absent=DETAIL),
    Field(
        "referrer.source",
        None,
        "External referral by",
        "Who is making the referral?",
        kind=KIND.CHOICE,
        choices="referral_sources",
    ),
    Field("referrer.source_detail", values.line, ask="Which one ({vendors}, or another)?", absent=DETAIL),
    Field(
        "referral.current_services",
        label="Receives now",
        ask="What does the member receive now?",
        kind=KIND.CHOICES,
        choices="current_services",
    ),
    Field(
        "referral.notes",
        values.free_text,
        "Notes from the referrer",
        "Notes for the plan (at most 1,000 characters; no diagnoses)",
    ),
    # The boxes of the attestation say the first two in the letter, and the notice of 42 CFR Part 2 the others.
    Field("consent.member_agreed", ask="Has the member agreed to this referral?", kind=KIND.YES_NO),
    Field("consent.attested", ask="Do you attest to this?", kind=KIND.YES_NO),
    Field(
        "consent.part2",
        ask="Does any of this come from a substance-use program covered by 42 CFR Part 2?",
        kind=KIND.YES_NO,
    ),
    Field(
        "consent.part2_consent",
        ask="Has the member consented to that in writing?",
        kind=KIND.YES_NO,
        absent={"letter": "without it there is no letter"},
    ),
)
"""Every field, in the order of a sheet's template."""

BY_KEY: Final[Mapping[str, Field]] = {field.key: field for field in FIELDS}
BY_COLUMN: Final[Mapping[str, Field]] = {field.column: field for field in FIELDS}
CHECKED: Final = tuple(field for field in FIELDS if field.check)
"""The texts, each with its check; a date of birth is checked against the day of the referral, elsewhere."""
