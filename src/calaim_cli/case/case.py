"""One member's case as it is written down. Everything is text; nothing is inferred, nothing preset."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import fields, replace

from calaim_cli.base.errors import Problem
from calaim_cli.base.values import age_on, date_of_birth
from calaim_cli.base.wording import did_you_mean, is_unknown, one_of, yes_or_no

CASE_SCHEMA: Final = "calaim.case/1"
AGE: Final = "age"
"""The one question that a date of birth answers."""


class Member(Struct, frozen=True, kw_only=True):
    """Whom the referral is for; "" and None mean not given."""

    first_name: str = ""
    middle_name: str = ""
    last_name: str = ""
    date_of_birth: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    county: str = ""
    mrn: str = ""
    cin: str = ""
    plan: str = ""
    kp_member: bool | None = None
    kp_region: str = ""
    preferred_language: str = ""
    caregiver_name: str = ""
    caregiver_contact: str = ""
    guardian_name: str = ""
    guardian_contact: str = ""
    reach_through: str = ""


class Referrer(Struct, frozen=True, kw_only=True):
    """Who refers. What a case leaves out comes from the user's profile."""

    name: str = ""
    organization: str = ""
    npi: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    relationship: str = ""
    relationship_detail: str = ""
    source: str = ""
    source_detail: str = ""


class Referral(Struct, frozen=True, kw_only=True):
    """What is asked for."""

    program: str = ""
    services: tuple[str, ...] = ()
    self_referral: bool = False
    expedited: bool = False
    expedited_why: str = ""
    label: str = ""
    notes: str = ""
    current_services: tuple[str, ...] = ()
    ecm_provider: str = ""
    ecm_provider_contact: str = ""
    current_supports: tuple[str, ...] = ()
    preferred_ecm_provider: str = ""


class Consent(Struct, frozen=True, kw_only=True):
    """What the member agreed to and a person attested. None means not stated; the program never sets one."""

    member_agreed: bool | None = None
    agreed_by: str = ""
    attested: bool | None = None
    part2: bool | str | None = None  # a text is "unknown"
    part2_consent: bool | None = None

    @property
    def from_part2_program(self) -> bool:
        """Whether some of it is or may be from a program under 42 CFR Part 2: "unknown" counts as yes."""
        return self.part2 not in {False, None}


class Case(Struct, frozen=True, kw_only=True):
    member: Member = Member()
    referrer: Referrer = Referrer()
    referral: Referral = Referral()
    consent: Consent = Consent()
    answered_on: str = ""  # the day of the oldest answers
    renewal_month: str = ""  # of Medi-Cal, for `calaim coverage` and a ledger alone
    answers: dict[str, Any] = {}  # as given, and so is `expect`: the policy checks them
    expect: dict[str, Any] | None = None


class SecureEmail(Struct, frozen=True, kw_only=True):
    """How the user's mail gateway is told to encrypt: a tag in the body or an extra header, never in the subject."""

    secure_tag: str = "none"
    text: str = ""
    header: str = ""

    def body_line(self) -> str:
        """The first line of the body, with its line break; "" unless the tag goes there."""
        return f"{self.text}\n" if self.secure_tag == "body" else ""


class LeadEntity(Struct, frozen=True, kw_only=True):
    """The Network Lead Entity that takes the user's referrals to her own organization."""

    name: str = ""
    email: str = ""


class Profile(Struct, frozen=True):
    """The referrer's own details and her Network Lead Entity; never anything about a member."""

    referrer: Referrer = Referrer()
    network_lead_entity: LeadEntity | None = None
    secure_email: SecureEmail = SecureEmail()
    kind: str = ""  # of organization, by a list in the data
    ledger: str = ""  # the file in which drafts are kept track of


Parts = dict[str, type[Struct]]
Shapes = Mapping[str, type[Any] | str]
"""What belongs at each key: the shape of a table, or an example where it is a text."""
PARTS: Final[Parts] = {"member": Member, "referrer": Referrer, "referral": Referral, "consent": Consent}
PROFILE_PARTS: Final[Parts] = {"referrer": Referrer, "network_lead_entity": LeadEntity, "secure_email": SecureEmail}
TYPES: Final[dict[Any, tuple[Any, str]]] = {
    str: (str, 'text in quotes, such as "94401"'),
    bool: (bool, "true or false"),
    bool | None: (bool, "true or false"),
    bool | str | None: ((bool, str), 'true, false or "unknown"'),
    tuple[str, ...]: (tuple, 'a list of words in quotes, such as ["none"]'),
}


def read_case(document: Mapping[str, object]) -> tuple[Case, tuple[Problem, ...]]:
    """The case that a decoded TOML or JSON document holds, and every problem with its keys and types."""
    shapes: Shapes = {**PARTS, "answered_on": "2026-11-22", "renewal_month": "2027-03", "answers": dict, "expect": dict}
    tables, problems = read_tables({"schema": CASE_SCHEMA, **document}, CASE_SCHEMA, shapes)
    return Case(**tables), tuple(problems)


def read_tables(document: Mapping[str, object], schema: str, shapes: Shapes) -> tuple[dict[str, Any], list[Problem]]:
    """The tables of a case or profile in their shapes, and every problem with its schema, keys and types."""
    tables: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in document.items():
        if key == "schema":
            problems += [Problem(key, key, f'unknown schema: this program reads "{schema}"')] if value != schema else []
        elif key not in shapes:
            problems.append(_unknown_key(key, shapes, schema))
        elif isinstance(shape := shapes[key], str):
            tables[key] = _meant(value, str)
            if not isinstance(tables[key], str):
                problems.append(Problem(key, "type", f'wrong type: give text in quotes, such as "{shape}"'))
        elif not isinstance(value, Mapping):
            problems.append(Problem(key, "type", f"must be a table, which starts with [{key}] in TOML"))
        else:
            tables[key] = dict(value) if shape is dict else _read_table(shape, value, key, schema, problems)
    return tables, problems


def _read_table(
    shape: type[Struct], table: Mapping[str, object], where: str, schema: str, problems: list[Problem]
) -> Struct:
    wanted = {field.name: field.type for field in fields(shape)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        place = f"{where}.{key}"
        if key not in wanted:
            problems.append(_unknown_key(place, [f"{where}.{name}" for name in wanted], schema))
            continue
        kept = _meant(value, wanted[key])
        kind, words = TYPES[wanted[key]]
        if isinstance(kept, kind):
            values[key] = kept
        else:
            problems.append(Problem(place, "type", f"wrong type: give {words}"))
    return shape(**values)


def _meant(value: object, wanted: object) -> object:
    """The value converted to the wanted type, if it says the same; otherwise None."""
    # TOML has dates of its own: a date of birth without quotes is one, from a database perhaps with midnight.
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if not isinstance(value, str) or wanted is str:
        return value
    if wanted == bool | str | None and is_unknown(value):
        return "unknown"
    return yes_or_no(value)


def _unknown_key(where: str, known: Iterable[str], schema: str) -> Problem:
    shown_by = "'calaim case new' shows those of a case" if schema == CASE_SCHEMA else f"the keys are {one_of(known)}"
    return Problem(where, "unknown-key", f"unknown key; {did_you_mean(where, known) or shown_by}")


def with_profile(case: Case, profile: Referrer) -> Case:
    """The case with what it leaves out of the referrer taken from the profile."""
    given = {name: value for name in Referrer.__struct_fields__ if (value := getattr(case.referrer, name))}
    return replace(case, referrer=replace(profile, **given))


def age_of(case: Case, as_of: date) -> int | None:
    """Completed years on `as_of`, where the case gives a valid date of birth."""
    born = date_of_birth(case.member.date_of_birth, as_of)
    return None if born.error else age_on(date.fromisoformat(born.value), as_of)
