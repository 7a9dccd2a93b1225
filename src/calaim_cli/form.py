"""Floor 1: a referral, field by field: the one table of what can be said in a case, a sheet, a talk or a letter.

What is of the field stands here: its key, its check, the words that ask for it, other headers of a sheet. What is of
one plan's form (sections, order, what is required, labels that differ) stands in the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from calaim_cli import values
from calaim_cli.values import Checked

Check = Callable[[str], Checked]


class FieldKind(StrEnum):
    """How a field is given."""

    TEXT = "text"
    DATE = "date"
    PLACE = "place"
    YES_NO = "yes/no"
    CHOICE = "choice"
    CHOICES = "choices"


class Field(Struct, frozen=True, kw_only=True):
    """One field: where it stands in a case, how its text is checked, and how it is called in a letter and asked for.

    `choices` names the list of the plan's form that a choice is of. `absent` says, for a place (talk, letter, template,
    document) where the field does not stand, why not.
    """

    key: str
    kind: FieldKind = FieldKind.TEXT
    check: Check | None = None
    label: str = ""
    ask: str = ""
    aliases: tuple[str, ...] = ()
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


SAY_WHICH: Final = "(say which)"
"""The end of the words of a choice after which the form asks for more."""
NOT_OF_THE_MEMBER: Final = "it steers the route and is no fact that the plan needs"
CHOSEN_AFTER_SCREENING: Final = "chosen among the results of the screening"

FIELDS: Final = (
    Field(
        key="referral.program",
        kind=FieldKind.CHOICE,
        choices="subjects",
        label="Program",
        absent={"talk": CHOSEN_AFTER_SCREENING},
    ),
    Field(
        key="referral.services",
        kind=FieldKind.CHOICES,
        label="Services",
        aliases=("service",),
        absent={"talk": CHOSEN_AFTER_SCREENING},
    ),
    Field(key="member.county", kind=FieldKind.PLACE, label="County", ask="Member's county or ZIP code"),
    Field(
        key="member.zip", check=values.zip_code, label="City, state, ZIP code", ask="ZIP code", aliases=("zip_code",)
    ),
    Field(
        key="referral.self_referral",
        kind=FieldKind.YES_NO,
        absent={"talk": "the option --self-referral says it", "letter": NOT_OF_THE_MEMBER},
    ),
    Field(
        key="member.kp_member",
        kind=FieldKind.YES_NO,
        label="Kaiser Permanente Medi-Cal member",
        ask="Does the member have Kaiser Permanente Medi-Cal? (see the card)",
    ),
    Field(key="member.first_name", check=values.name, label="First name", ask="Member's first name"),
    Field(
        key="member.middle_name",
        check=values.name,
        label="Middle name or initial",
        ask="Member's middle name or initial",
    ),
    Field(key="member.last_name", check=values.name, label="Last name", ask="Member's last name"),
    Field(
        key="member.date_of_birth",
        kind=FieldKind.DATE,
        label="Date of birth",
        ask="Member's date of birth (MM/DD/YYYY)",
        aliases=("dob", "birth_date"),
    ),
    Field(key="member.phone", check=values.phone, label="Phone", ask="Member's phone"),
    Field(key="member.address", check=values.line, label="Mailing address", ask="Member's mailing address: street"),
    Field(key="member.city", check=values.line, label="City, state, ZIP code", ask="City"),
    Field(
        key="member.mrn",
        check=values.mrn,
        label="KP medical record number (MRN)",
        ask="KP medical record number (MRN), if known",
        aliases=("medical_record_number",),
    ),
    Field(
        key="member.cin",
        check=values.cin,
        label="Medi-Cal client index number (CIN)",
        ask="Medi-Cal client index number (CIN), if known",
        aliases=("client_index_number",),
    ),
    Field(key="member.email", check=values.email, label="E-mail", ask="Member's e-mail"),
    Field(
        key="member.preferred_language",
        check=values.line,
        label="Preferred language",
        ask="Preferred language",
        aliases=("language",),
    ),
    Field(
        key="member.caregiver_name",
        check=values.name,
        label="Caregiver or support person",
        ask="Caregiver or support person",
    ),
    Field(
        key="member.caregiver_contact",
        check=values.line,
        label="Caregiver's e-mail or phone",
        ask="Caregiver's e-mail or phone",
    ),
    Field(key="referrer.name", check=values.name, label="Referrer's name", ask="Referrer's name"),
    Field(key="referrer.organization", check=values.line, label="Organization", ask="Referrer's organization"),
    Field(key="referrer.npi", check=values.npi, label="Organization's NPI", ask="Organization's NPI (ten digits)"),
    Field(
        key="referrer.address",
        check=values.line,
        label="Address",
        ask="Organization's address: street, city, state, ZIP code",
    ),
    Field(key="referrer.phone", check=values.phone, label="Phone", ask="Referrer's phone"),
    Field(
        key="referrer.email",
        check=values.email,
        label="E-mail",
        ask="Referrer's e-mail (one that is read: the plan answers there)",
    ),
    Field(
        key="referrer.relationship",
        kind=FieldKind.CHOICE,
        choices="relationships",
        label="Relationship to the member",
        ask="Referrer's relationship to the member",
    ),
    Field(
        key="referrer.relationship_detail",
        check=values.line,
        ask="Which relationship is it?",
        absent={"template": "only some choices ask for it", "letter": "it follows the relationship on its line"},
    ),
    Field(
        key="referrer.source",
        kind=FieldKind.CHOICE,
        choices="referral_sources",
        label="External referral by",
        ask="Who is making the referral?",
    ),
    Field(
        key="referrer.source_detail",
        check=values.line,
        ask="Which one ({vendors}, or another)?",
        absent={"template": "only some choices ask for it", "letter": "it follows the source on its line"},
    ),
    Field(
        key="referral.current_services",
        kind=FieldKind.CHOICES,
        choices="current_services",
        label="Receives now",
        ask="What does the member receive now?",
    ),
    Field(
        key="referral.notes",
        check=values.free_text,
        label="Notes from the referrer",
        ask="Notes for the plan (at most 1,000 characters; no diagnoses)",
    ),
    Field(
        key="consent.member_agreed",
        kind=FieldKind.YES_NO,
        ask="Has the member agreed to this referral?",
    ),
    Field(
        key="consent.attested",
        kind=FieldKind.YES_NO,
        ask="Do you attest to this?",
    ),
    Field(
        key="consent.part2",
        kind=FieldKind.YES_NO,
        ask="Does any of this come from a substance-use program covered by 42 CFR Part 2?",
    ),
    Field(
        key="consent.part2_consent",
        kind=FieldKind.YES_NO,
        ask="Has the member consented to that in writing?",
        absent={"letter": "without it there is no letter"},
    ),
)
"""Every field, in the order of a sheet's template."""

BY_KEY: Final[Mapping[str, Field]] = {field.key: field for field in FIELDS}
BY_COLUMN: Final[Mapping[str, Field]] = {field.column: field for field in FIELDS}
CHECKED: Final = tuple(field for field in FIELDS if field.check)
"""The texts, each with its check; a date of birth is checked against the day of the referral, elsewhere."""
