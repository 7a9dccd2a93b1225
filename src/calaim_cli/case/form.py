"""A referral, field by field: the one table of what can be said in a case, a sheet, a talk or a letter.

What is of the field is here: its key, its check, the words that ask for it, other headers of a sheet. What is of one
plan's form (sections, order, what is required, labels that differ) is in the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base import values

Check = Callable[[str], values.Value]


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
    """One field: its key in a case, how its text is checked, and how it is called in a letter and asked for.

    `choices` names the list of the form that a choice is of. `absent` says why a field is not in the talk, the letter
    or the template.
    """

    key: str
    label: str = ""
    ask: str = ""
    check: Check | None = None
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


# Ends the words of a choice after which the form asks for more.
SAY_WHICH: Final = "(say which)"
YES_NO, CHOICE, CHOICES = FieldKind.YES_NO, FieldKind.CHOICE, FieldKind.CHOICES
CHOSEN: Final = {"talk": "chosen among the results of the screening"}
ROUTING: Final = {"talk": "the option --self-referral says it", "letter": "it steers the route alone"}
PREREQUISITE: Final = {"letter": "without it there is no letter"}
DETAIL: Final = {"letter": "it follows the choice on its line", "template": "only some choices ask for it"}

FIELDS: Final = (
    Field("referral.program", "Program", kind=CHOICE, choices="subjects", absent=CHOSEN),
    Field("referral.services", "Services", aliases=("service",), kind=CHOICES, absent=CHOSEN),
    Field("member.county", "County", "Member's county or ZIP code", kind=FieldKind.PLACE),
    Field("member.zip", "City, state, ZIP code", "ZIP code", values.zip_code, ("zip_code",)),
    Field("referral.self_referral", kind=YES_NO, absent=ROUTING),
    Field(
        "member.plan",
        "Medi-Cal plan",
        "Member's Medi-Cal plan, as on the card",
        aliases=("health_plan", "mcp"),
        kind=FieldKind.PLAN,
        absent={"letter": "the head of a sheet names it, and a plan knows its own name"},
    ),
    Field(
        "member.kp_member",
        "Member of the plan",
        kind=YES_NO,
        absent={"talk": "the plan is asked for", "template": "the plan says it"},
    ),
    Field(
        "member.kp_region",
        ask="Which region is printed on the member's card",
        kind=FieldKind.CHOICE,
        choices="regions",
        absent={
            "letter": "it steers the route alone",
            "template": "only a county that is split needs it",
        },
    ),
    Field("member.first_name", "First name", "Member's first name", values.name),
    Field("member.middle_name", "Middle name or initial", "Member's middle name or initial", values.name),
    Field("member.last_name", "Last name", "Member's last name", values.name),
    Field(
        "member.date_of_birth",
        "Date of birth",
        "Member's date of birth (MM/DD/YYYY)",
        aliases=("dob", "birth_date"),
        kind=FieldKind.DATE,
    ),
    Field("member.phone", "Phone", "Member's phone", values.phone),
    Field("member.address", "Mailing address", "Member's mailing address: street", values.line),
    Field("member.city", "City, state, ZIP code", "City", values.line),
    Field(
        "member.mrn",
        "Medical record number (MRN)",
        "The plan's medical record number (MRN), if known",
        values.mrn,
        ("medical_record_number",),
    ),
    Field(
        "member.cin",
        "Medi-Cal client index number (CIN)",
        "Medi-Cal client index number (CIN), as on the card",
        values.cin,
        ("client_index_number",),
    ),
    Field("member.email", "E-mail", "Member's e-mail", values.email),
    Field("member.preferred_language", "Preferred language", "Preferred language", values.line, ("language",)),
    Field("member.caregiver_name", "Caregiver or support person", "Caregiver or support person", values.name),
    Field("member.caregiver_contact", "Caregiver's e-mail or phone", "Caregiver's e-mail or phone", values.line),
    Field("referrer.name", "Referrer's name", "Referrer's name", values.name),
    Field("referrer.organization", "Organization", "Referrer's organization", values.line),
    Field("referrer.npi", "Organization's NPI", "Organization's NPI (ten digits)", values.npi),
    Field("referrer.address", "Address", "Organization's address: street, city, state, ZIP code", values.line),
    Field("referrer.phone", "Phone", "Referrer's phone", values.phone),
    Field("referrer.email", "E-mail", "Referrer's e-mail (one that is read: the plan answers there)", values.email),
    Field(
        "referrer.relationship",
        "Relationship to the member",
        "Referrer's relationship to the member",
        kind=CHOICE,
        choices="relationships",
    ),
    Field("referrer.relationship_detail", ask="Which relationship is it?", check=values.line, absent=DETAIL),
    Field(
        "referrer.source",
        "External referral by",
        "Who is making the referral?",
        kind=CHOICE,
        choices="referral_sources",
    ),
    Field("referrer.source_detail", ask="Which one ({vendors}, or another)?", check=values.line, absent=DETAIL),
    Field(
        "referral.current_services",
        "Receives now",
        "What does the member receive now?",
        kind=CHOICES,
        choices="current_services",
    ),
    Field(
        "referral.notes",
        "Notes from the referrer",
        "Notes for the plan (at most 1,000 characters; no diagnoses)",
        values.free_text,
    ),
    Field("consent.member_agreed", ask="Has the member agreed to this referral?", kind=YES_NO),
    Field("consent.attested", ask="Do you attest to this?", kind=YES_NO),
    Field(
        "consent.part2", ask="Does any of this come from a substance-use program covered by 42 CFR Part 2?", kind=YES_NO
    ),
    Field(
        "consent.part2_consent", ask="Has the member consented to that in writing?", kind=YES_NO, absent=PREREQUISITE
    ),
)
"""Every field, in the order of a sheet's template."""

ENTITY: Final = "Network Lead Entity that takes referrals to your own organization, if you have one"
PROFILE_FIELDS: Final = (
    *(field for field in FIELDS if field.part == "referrer"),
    Field("network_lead_entity.name", ask=f"{ENTITY}: its name", check=values.line),
    Field("network_lead_entity.email", ask="The Network Lead Entity's e-mail", check=values.email),
    Field("kind", "Kind of organization", kind=CHOICE, choices="kinds"),
)
"""What a profile says of the referrer; `secure_email`, which no letter shows, has its own check."""

BY_KEY: Final[Mapping[str, Field]] = {field.key: field for field in FIELDS}
BY_COLUMN: Final[Mapping[str, Field]] = {field.column: field for field in FIELDS}
CHECKED: Final = tuple(
    replace(field, check=lru_cache(values.MOST_REMEMBERED)(field.check)) for field in FIELDS if field.check
)
"""The texts, each with its check; a date of birth is checked against the day of the referral, elsewhere."""
