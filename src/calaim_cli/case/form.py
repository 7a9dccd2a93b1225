"""A referral, field by field: the one table of what can be said in a case, a sheet, a talk or a letter.

What is of the field is here: its key, its check, the words that ask for it, other headers of a sheet. What is of one
plan's form (sections, order, what is required, labels that differ) is in the data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base import values
from calaim_cli.base.values import Value
from calaim_cli.case.case import Case, age_of

Check = Callable[[str], Value]
When = Callable[[Case, date], bool]
"""Whether a field is of a case, on a day."""


class FieldKind(StrEnum):
    TEXT = "text"
    DATE = "date"
    PLACE = "place"
    PLAN = "plan"
    YES_NO = "yes/no"
    YES_NO_UNKNOWN = "yes/no/unknown"
    CHOICE = "choice"
    CHOICES = "choices"


class Field(Struct, frozen=True):
    """One field: its key in a case, how its text is checked, and how it is called in a letter and asked for.

    `choices` names the list that a choice is of. `when` says of which cases it is: others are not asked for it, and in
    their letters it has no line. `absent` says why a field is not in the talk, the letter or the template.
    """

    key: str
    label: str = ""
    asked_as: str = ""  # where that is not the label
    check: Check | None = None
    aliases: tuple[str, ...] = ()
    kind: FieldKind = FieldKind.TEXT
    choices: str = ""
    when: When | None = None
    absent: dict[str, str] = {}
    help: str = ""  # more on what is asked for

    @property
    def part(self) -> str:
        """The table of the case: member, referrer, referral or consent."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """The key within its table."""
        return self.key.partition(".")[2]

    @property
    def ask(self) -> str:
        """The words that ask for it; "" where nobody is asked."""
        return "" if "talk" in self.absent else self.asked_as or self.label

    @property
    def column(self) -> str:
        """The column of a sheet; the referrer's have a prefix, because the member has a name and a phone, too."""
        return f"referrer_{self.name}" if self.part == "referrer" else self.name


NONE: Final = "none"
"""The word for a phone, address or last name that the member does not have."""
CALIFORNIA: Final = "CA"
"""The state of an address that names none."""
MAY_BE_NONE: Final = ("member.phone", "member.address", "member.last_name")
REACH: Final = "member.reach_through"
# What people write where there is nothing to write, as compared: without case and punctuation.
NO_NAME: Final = frozenset(
    {"", "n a", "unknown", "not known", "not given", "not available", "not applicable", "don t know", "tbd"}
)
# Not of a last name: there are people called Na, No, Null and Homeless.
NO_VALUE: Final = NO_NAME | {
    *("na", "no", "nil", "null", "unk", "x", "xx", "xxx", "homeless", "houseless", "unhoused", "unsheltered"),
    *("transient", "no phone", "no phone number", "no number", "no telephone", "no cell", "no cell phone"),
    *("no address", "no fixed address", "no permanent address", "no mailing address", "no home", "on the street"),
}
CHILD_UNTIL: Final = 18  # Cal. Family Code 6500


def or_none(check: Check, no_value: frozenset[str] = NO_VALUE) -> Check:
    """A check for a text that may be "none"; other ways to say that there is none are refused."""

    def checked(text: str) -> Value:
        word = _word(text)
        if word == NONE:
            return Value(NONE)
        return Value(text, "not-a-value") if word in no_value or word.startswith("none ") else check(text)

    return checked


def or_left_out(check: Check, no_value: frozenset[str] = NO_NAME) -> Check:
    """A check for an optional text: any way to say that there is none counts as empty."""

    def checked(text: str) -> Value:
        left_out = text.isprintable() and _word(text) in {NONE, *no_value}
        return Value("") if left_out else check(text)

    return checked


def _word(text: str) -> str:
    """The text as it is compared with ways to say nothing: without case and punctuation."""
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


NAME: Final = or_left_out(values.name)
LINE: Final = or_left_out(values.line)


def is_child(case: Case, as_of: date) -> bool:
    """Whether the member is known to be under 18."""
    age = age_of(case, as_of)
    return age is not None and age < CHILD_UNTIL


def needs_a_way(case: Case, _: date) -> bool:
    """Whether the member is said to have no phone, no address or no last name."""
    return NONE in (case.member.phone, case.member.address, case.member.last_name)


def _receives(service: str) -> When:
    return lambda case, _: service in case.referral.current_services


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
    Field("member.zip", "City, state, ZIP code", "ZIP code", or_left_out(values.zip_code, NO_VALUE), ("zip_code",)),
    Field("referral.self_referral", "To the referrer's own organization", kind=YES_NO, absent=ROUTING),
    Field("referral.expedited", "Expedited", kind=YES_NO, absent={"talk": "the option --expedited says it"}),
    Field(
        "referral.expedited_why",
        "Expedited, because waiting would harm the member",
        "Why would waiting harm the member? The plan will read this",
        LINE,
        when=lambda case, _: case.referral.expedited,
    ),
    Field(
        "referral.label",
        asked_as="Your own number for this member, never a name",
        check=or_left_out(values.label),
        absent={"letter": "it stays in the ledger"},
        help="It goes in your ledger, so that you can find the member in your records: letters, digits and hyphens.",
    ),
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
        asked_as="Which region is printed on the member's card",
        kind=FieldKind.CHOICE,
        choices="regions",
        absent={"letter": "it steers the route alone", "template": "only a county that is split needs it"},
    ),
    Field("member.first_name", "First name", "Member's first name", NAME),
    Field("member.middle_name", "Middle name or initial", "Member's middle name or initial", values.name),
    Field("member.last_name", "Last name", "Member's last name", or_none(values.name, NO_NAME)),
    Field(
        "member.date_of_birth",
        "Date of birth",
        "Member's date of birth (MM/DD/YYYY)",
        aliases=("dob", "birth_date"),
        kind=FieldKind.DATE,
    ),
    Field("member.phone", "Phone", "Member's phone, or none", or_none(values.phone)),
    Field("member.address", "Mailing address", "Member's mailing address: street, or none", or_none(values.line)),
    Field("member.city", "City, state, ZIP code", "City", or_left_out(values.line, NO_VALUE)),
    Field(
        "member.state",
        "City, state, ZIP code",
        f"State in two letters, if it is not {CALIFORNIA}",
        or_left_out(values.state, NO_VALUE),
        when=lambda case, _: case.member.address not in {"", NONE},
    ),
    Field(
        REACH,
        "Reach the member through",
        "How can the plan reach the member, such as through a shelter, a clinic or a caregiver?",
        or_left_out(values.free_text, NO_VALUE),
        when=needs_a_way,
    ),
    Field(
        "member.mrn",
        "Medical record number (MRN)",
        "The plan's medical record number (MRN), if known",
        or_left_out(values.mrn),
        ("medical_record_number",),
    ),
    Field(
        "member.cin",
        "Medi-Cal client index number (CIN)",
        "Medi-Cal client index number (CIN), as on the card",
        or_left_out(values.cin),
        ("client_index_number",),
    ),
    Field("member.email", "E-mail", "Member's e-mail", or_left_out(values.email)),
    Field("member.preferred_language", "Preferred language", check=LINE, aliases=("language",)),
    Field("member.caregiver_name", "Caregiver or support person", check=NAME),
    Field("member.caregiver_contact", "Caregiver's e-mail or phone", check=LINE),
    Field("member.guardian_name", "Parent or guardian", check=NAME, when=is_child),
    Field("member.guardian_contact", "Parent's or guardian's e-mail or phone", check=LINE, when=is_child),
    Field("referrer.name", "Referrer's name", check=NAME),
    Field("referrer.organization", "Organization", "Referrer's organization", or_left_out(values.line, NO_VALUE)),
    Field(
        "referrer.npi",
        "Organization's NPI",
        "Organization's NPI (ten digits)",
        or_left_out(values.npi, NO_VALUE),
        help="The National Provider Identifier of your organization: your billing office has it, or look it "
        "up by name at npiregistry.cms.hhs.gov. Type quit to stop, and go on once you have it.",
    ),
    Field("referrer.address", "Address", "Organization's address: street, city, state, ZIP code", LINE),
    Field("referrer.phone", "Phone", "Referrer's phone", values.phone),
    Field("referrer.email", "E-mail", "Referrer's e-mail (one you check: the plan answers there)", values.email),
    Field(
        "referrer.relationship",
        "Relationship to the member",
        "Referrer's relationship to the member",
        kind=CHOICE,
        choices="relationships",
    ),
    Field("referrer.relationship_detail", asked_as="Which relationship is it?", check=values.line, absent=DETAIL),
    Field(
        "referrer.source",
        "External referral by",
        "Who is making the referral?",
        kind=CHOICE,
        choices="referral_sources",
        help="The kind of organization that refers. A Network Lead Entity is one to which a plan delegates ECM, "
        "Community Supports and CHW services.",
    ),
    Field("referrer.source_detail", asked_as="Which one ({vendors}, or another)?", check=values.line, absent=DETAIL),
    Field(
        "referral.current_services",
        "Receives now",
        "What does the member receive now?",
        kind=CHOICES,
        choices="current_services",
    ),
    Field(
        "referral.ecm_provider", "ECM provider", "Which ECM provider does the member have?", LINE, when=_receives("ecm")
    ),
    Field("referral.ecm_provider_contact", "ECM provider's e-mail or phone", check=LINE, when=_receives("ecm")),
    Field(
        "referral.current_supports",
        "Community Supports now",
        "Which Community Supports does the member receive?",
        kind=CHOICES,
        choices="services",
        when=_receives("community_supports"),
    ),
    Field(
        "referral.preferred_ecm_provider",
        "Preferred ECM provider",
        "ECM provider the member would prefer, if any",
        LINE,
        when=lambda case, _: case.referral.program in {"", "ecm"},
    ),
    Field(
        "referral.notes",
        "Notes from the referrer",
        "Notes for the plan (at most 1,000 characters; no diagnoses)",
        values.free_text,
    ),
    Field(
        "consent.member_agreed",
        asked_as="Did you tell the member what this asks for, and did the member say yes?",
        kind=YES_NO,
    ),
    Field(
        "consent.agreed_by",
        "Agreed by",
        "Who agreed: the member, or a parent or guardian?",
        kind=CHOICE,
        choices="agreed_by",
        when=is_child,
    ),
    Field("consent.attested", asked_as="Is every word of it true?", kind=YES_NO),
    Field(
        "consent.part2",
        asked_as="Does any of this come from a drug or alcohol program that federal rules protect (42 CFR Part 2)?",
        kind=FieldKind.YES_NO_UNKNOWN,
        help="Part 2 covers what a program known for alcohol or drug treatment says about its patients. It may "
        "be passed on only with the member's written consent. 'Not known' counts as yes.",
    ),
    Field(
        "consent.part2_consent",
        asked_as="Has the member agreed in writing to have it sent?",
        kind=YES_NO,
        absent=PREREQUISITE,
        help="The form names who may send what to whom, and the member has signed it. Attach it, as the letter says.",
    ),
)
"""Every field, in the order of a sheet's template."""

ENTITY: Final = "Network Lead Entity that takes referrals to your own organization, if you have one"
PROFILE_FIELDS: Final = (
    *(field for field in FIELDS if field.part == "referrer"),
    Field(
        "network_lead_entity.name",
        asked_as=f"{ENTITY}: its name",
        check=values.line,
        help="A plan may delegate ECM, Community Supports and CHW services to such an entity. A referral to your own "
        "organization goes to the one that contracts with you, not to the plan's mailbox.",
    ),
    Field("network_lead_entity.email", asked_as="The Network Lead Entity's e-mail", check=values.email),
    Field("kind", "Kind of organization", kind=CHOICE, choices="kinds"),
    Field("ledger", "Ledger", "The file that keeps track of your referrals", values.line),
)
"""What a profile says of the referrer; `secure_email`, which no letter shows, has its own check."""

BY_KEY: Final[Mapping[str, Field]] = {field.key: field for field in FIELDS}
BY_COLUMN: Final[Mapping[str, Field]] = {field.column: field for field in FIELDS}
CHECKED: Final = tuple(
    replace(field, check=lru_cache(values.MOST_REMEMBERED)(field.check)) for field in FIELDS if field.check
)
"""The texts, each with its check; a date of birth is checked against the day of the referral, elsewhere."""
