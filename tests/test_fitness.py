"""Checks: a case that is to become a draft is checked whole, every problem at once, and no value is repeated."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest

from calaim_cli.base.errors import Problem
from calaim_cli.base.values import MESSAGES
from calaim_cli.case.case import read_case
from calaim_cli.case.form import BY_KEY, CHECKED, Field
from calaim_cli.draft.fitness import CheckedCase, check_case
from calaim_cli.policy.policy import Policy
from conftest import AS_OF, COMPLETE, Run, WriteCase, changed

REQUIRED = (
    *(f"referrer.{key}" for key in ("name", "organization", "npi", "address", "phone", "email")),
    *("referrer.relationship", "referrer.source"),
    *(f"member.{key}" for key in ("first_name", "last_name", "date_of_birth", "phone", "address", "city", "zip")),
    "referral.current_services",
)
"""The mandatory fields of section A of the plan's form."""


def checked(catalog: Policy, changes: dict[str, Any] | None = None) -> CheckedCase:
    """The complete case, with changes, as checked."""
    case, problems = read_case(changed(COMPLETE, changes or {}))
    assert problems == ()
    return check_case(case, catalog.form_of("kp"), catalog, AS_OF)


def codes(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    """Where and with which code."""
    return [(problem.where, problem.code) for problem in problems]


def test_complete_case_has_no_problem(catalog: Policy) -> None:
    """A case with all that the form asks for passes, in its own county, without a doubt."""
    result = checked(catalog)
    assert (result.problems, result.warnings) == ((), ())
    assert result.county is not None
    assert result.county.name == "San Mateo"


@pytest.mark.parametrize("where", REQUIRED)
def test_missing_field_is_named(catalog: Policy, where: str) -> None:
    """A field that the form needs and the case lacks is named, and nothing else is."""
    assert codes(checked(catalog, {where: None}).problems) == [(where, "missing")]


@pytest.mark.parametrize("where", [where for where in REQUIRED if BY_KEY[where].check])
def test_blanks_are_missing(catalog: Policy, where: str) -> None:
    """Blanks alone do not fill a field."""
    assert codes(checked(catalog, {where: "  "}).problems) == [(where, "missing")]


def test_each_missing_field_is_named_once(catalog: Policy) -> None:
    """An empty case lists each thing it lacks, and none twice."""
    result = check_case(read_case({})[0], catalog.form_of("kp"), catalog, AS_OF)
    named = codes(result.problems)
    always = {*REQUIRED} - {"referrer.npi"}
    assert {where for where, _ in named} >= always | {"member.county", "member.mrn", "referral.program"}
    assert len(named) == len(set(named))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"member.mrn": None}, ("member.mrn", "member-id-missing"), id="no number of the member"),
        pytest.param({"member.mrn": "123"}, ("member.mrn", "mrn-format"), id="record number"),
        pytest.param({"member.cin": "123-45-6789"}, ("member.cin", "id-ssn"), id="SSN for a CIN"),
        pytest.param({"member.date_of_birth": "3/4/80"}, ("member.date_of_birth", "dob-century"), id="short year"),
        pytest.param({"member.date_of_birth": "2026-11-23"}, ("member.date_of_birth", "dob-range"), id="tomorrow"),
        pytest.param({"member.email": "x"}, ("member.email", "email-format"), id="member's e-mail"),
        pytest.param({"member.middle_name": "a\nb"}, ("member.middle_name", "name-char"), id="line break in a name"),
        pytest.param({"member.caregiver_contact": "a\nb"}, ("member.caregiver_contact", "line-char"), id="caregiver"),
        pytest.param({"member.preferred_language": "\x1b"}, ("member.preferred_language", "line-char"), id="language"),
        pytest.param({"member.state": "Nevada"}, ("member.state", "state-format"), id="state in words"),
        pytest.param({"member.guardian_name": "a\nb"}, ("member.guardian_name", "name-char"), id="guardian"),
        pytest.param(
            {"referral.preferred_ecm_provider": "a\nb"},
            ("referral.preferred_ecm_provider", "line-char"),
            id="wish for a provider",
        ),
        pytest.param({"consent.agreed_by": "mother"}, ("consent.agreed_by", "unknown-choice"), id="who agreed"),
        pytest.param(
            {"referral.current_services": ["community_supports"], "referral.current_supports": ["respit"]},
            ("referral.current_supports", "unknown-service"),
            id="unknown support now",
        ),
        pytest.param(
            {"referral.ecm_provider": "Xprovider"}, ("referral.ecm_provider", "says-two-things"), id="provider of none"
        ),
        pytest.param(
            {"referral.current_services": ["ecm"], "referral.current_supports": ["respite"]},
            ("referral.current_supports", "says-two-things"),
            id="supports of none",
        ),
        pytest.param({"member.county": "Sn Mateo"}, ("member.county", "unknown-place"), id="unknown county"),
        pytest.param({"member.county": "SB"}, ("member.county", "ambiguous-place"), id="ambiguous county"),
        pytest.param({"referrer.npi": "1234567890"}, ("referrer.npi", "npi-check"), id="NPI"),
        pytest.param(
            {"referrer.relationship": "doctor"}, ("referrer.relationship", "unknown-choice"), id="relationship"
        ),
        pytest.param({"referrer.source": "clinic"}, ("referrer.source", "unknown-choice"), id="source of referral"),
        pytest.param({"referral.notes": "x" * 1001}, ("referral.notes", "text-length"), id="long note"),
        pytest.param({"referral.program": "emc"}, ("referral.program", "unknown-program"), id="unknown program"),
        pytest.param({"referral.program": None}, ("referral.program", "missing"), id="no program"),
        pytest.param({"referral.program": "cs"}, ("referral.services", "services"), id="no service"),
        pytest.param({"referral.services": ["respite"]}, ("referral.services", "services"), id="service for ECM"),
        pytest.param(
            {"referral.program": "cs", "referral.services": ["respit"]},
            ("referral.services", "unknown-service"),
            id="unknown service",
        ),
        pytest.param(
            {"referral.current_services": ["none", "ecm"]},
            ("referral.current_services", "unknown-choice"),
            id="none and another",
        ),
        pytest.param(
            {"referral.current_services": ["x"]},
            ("referral.current_services", "unknown-choice"),
            id="unknown service now",
        ),
        pytest.param(
            {"consent.member_agreed": False}, ("consent.member_agreed", "agreement-missing"), id="no agreement"
        ),
        pytest.param({"consent.member_agreed": None}, ("consent.member_agreed", "agreement-missing"), id="not asked"),
        pytest.param({"consent.attested": False}, ("consent.attested", "attestation-missing"), id="not attested"),
        pytest.param({"consent.attested": None}, ("consent.attested", "attestation-missing"), id="no attestation"),
        pytest.param({"consent.part2": True}, ("consent.part2_consent", "part2-consent-missing"), id="Part 2"),
        pytest.param(
            {"consent.part2": True, "consent.part2_consent": False},
            ("consent.part2_consent", "part2-consent-missing"),
            id="Part 2 consent refused",
        ),
    ],
)
def test_problem_stops_the_draft(catalog: Policy, changes: dict[str, Any], problem: tuple[str, str]) -> None:
    """A field that is not fit for the form stops the draft under its own place and code."""
    assert codes(checked(catalog, changes).problems) == [problem]


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        pytest.param({"member.mrn": "123456"}, ("member.mrn", "mrn-length"), id="short record number"),
        pytest.param({"member.cin": "91234567B"}, ("member.cin", "cin-letter"), id="unusual letter"),
        pytest.param({"member.zip": "02139"}, ("member.zip", "zip-state"), id="ZIP of another state"),
        pytest.param({"member.zip": "94601"}, ("member.zip", "zip-county"), id="ZIP of another county"),
        pytest.param({"referral.notes": "SSN 123-45-6789"}, ("referral.notes", "text-ssn"), id="SSN in the note"),
        pytest.param({"consent.part2": None}, ("consent.part2", "part2-not-stated"), id="Part 2 not stated"),
        pytest.param(
            {"member.date_of_birth": "2008-11-23"}, ("consent.agreed_by", "agreed-by-not-stated"), id="17 years old"
        ),
        pytest.param(
            {"referral.current_services": ["ecm"]}, ("referral.ecm_provider", "say-which"), id="which ECM provider"
        ),
        pytest.param(
            {"referral.current_services": ["ecm"], "referral.ecm_provider": "Xprovider"},
            ("referral.ecm_provider_contact", "say-which"),
            id="how to reach the ECM provider",
        ),
        pytest.param(
            {"referral.current_services": ["community_supports"]},
            ("referral.current_supports", "say-which"),
            id="which supports now",
        ),
    ],
)
def test_doubt_is_only_a_warning(catalog: Policy, changes: dict[str, Any], warning: tuple[str, str]) -> None:
    """What is merely unusual is pointed out and does not stop the draft."""
    result = checked(catalog, changes)
    assert result.problems == ()
    assert codes(result.warnings) == [warning]


def test_cin_does_in_place_of_a_record_number(catalog: Policy) -> None:
    """One number of the member is enough, either the plan's or Medi-Cal's."""
    result = checked(catalog, {"member.mrn": None, "member.cin": "9123-4567a"})
    assert (result.problems, result.case.member.cin) == ((), "91234567A")


def test_fields_are_kept_as_the_draft_prints_them(catalog: Policy) -> None:
    """What the checks tidy up is what is sent: phone, date, service ids and program."""
    result = checked(
        catalog,
        {
            "member.phone": "4155550123",
            "member.date_of_birth": "3/4/1980",
            "referral.program": "CS",
            "referral.services": ["Day Habilitation Programs", "day-habilitation", "respite"],
        },
    )
    assert result.problems == ()
    assert (result.case.member.phone, result.case.member.date_of_birth) == ("(415) 555-0123", "1980-03-04")
    assert (result.case.referral.program, result.case.referral.services) == ("cs", ("day_habilitation", "respite"))


def test_part2_with_consent_passes(catalog: Policy) -> None:
    """With the member's written consent Part 2 information may be sent."""
    assert checked(catalog, {"consent.part2": True, "consent.part2_consent": True}).problems == ()


TEN_PROBLEMS = {
    "member.first_name": "Canary\x1b",
    "member.date_of_birth": "3/4/80",
    "member.phone": "911",
    "member.zip": "9440",
    "member.mrn": "canary",
    "member.county": "Canary County",
    "referrer.npi": "1234567890",
    "referrer.email": "canary",
    "referrer.relationship": "canary",
    "consent.attested": False,
}


def test_ten_problems_are_listed_in_one_run(run: Run, write_case: WriteCase) -> None:
    """Ten things that are wrong are shown at once, each with its place, so that one edit mends the case."""
    ran = run("refer", write_case(TEN_PROBLEMS), "--as-of", "2026-11-22")
    assert (ran.code, ran.out) == (4, "")
    listed = [line.split(": ") for line in ran.err.splitlines() if line.startswith("  ")]
    assert sorted(line[0].strip() for line in listed) == sorted(TEN_PROBLEMS)
    assert all(len(line) >= 3 for line in listed)


@pytest.mark.parametrize("where", [*(field.key for field in CHECKED), "member.date_of_birth", "member.county"])
def test_no_value_is_quoted(catalog: Policy, where: str) -> None:
    """A message tells place, rule and remedy, and never the value, whatever field it stands in."""
    result = checked(catalog, {where: "Qxzcanary\x1b7"})
    assert where in {problem.where for problem in result.problems}
    said = " ".join(f"{problem.code} {problem.message}" for problem in (*result.problems, *result.warnings))
    assert "canary" not in said.lower()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"member.date_of_birth": "2008-11-22"}, id="18 today"),
        pytest.param(
            {"consent.agreed_by": "guardian", "member.guardian_name": "Xguardian"}, id="conservator of an adult"
        ),
        pytest.param({"member.state": "nv", "member.zip": "89501"}, id="address in another state"),
        pytest.param(
            {
                "referral.current_services": ["ecm", "community_supports"],
                "referral.ecm_provider": "Xprovider",
                "referral.ecm_provider_contact": "510-555-0101",
                "referral.current_supports": ["Respite Services", "day-habilitation"],
            },
            id="all that the form asks of what she receives",
        ),
    ],
)
def test_what_can_be_said_gives_no_doubt(catalog: Policy, changes: dict[str, Any]) -> None:
    """Whoever says what the form asks is neither stopped nor warned."""
    result = checked(catalog, changes)
    assert (result.problems, result.warnings) == ((), ())
    supports = ("respite", "day_habilitation") if "referral.current_supports" in changes else ()
    assert result.case.referral.current_supports == supports


NONE_AND_REACHED = {
    **dict.fromkeys(("member.phone", "member.address"), "none"),
    **dict.fromkeys(("member.city", "member.zip")),
    "member.reach_through": "Example Shelter, front desk",
}


@pytest.mark.parametrize("where", ["member.phone", "member.address", "member.last_name"])
@pytest.mark.parametrize("typed", ["none", " None ", "NONE", "none."])
def test_none_needs_a_way_to_reach_the_member(catalog: Policy, where: str, typed: str) -> None:
    """A member may have no phone, address or last name; then the referral has to say how she is reached."""
    [problem] = checked(catalog, {where: typed}).problems
    assert (problem.where, problem.code) == ("member.reach_through", "missing")
    assert "none" in problem.message
    assert "reach_through" in problem.message
    result = checked(catalog, {where: typed, "member.reach_through": "Example Clinic"})
    assert (result.problems, result.warnings) == ((), ())
    assert getattr(result.case.member, where.partition(".")[2]) == "none"


@pytest.mark.parametrize("typed", ["", "-", "none", "unknown"])
def test_way_to_reach_the_member_is_no_way_out(catalog: Policy, typed: str) -> None:
    """Nobody gets past the question how the member is reached by saying nothing there, too."""
    named = codes(checked(catalog, {**NONE_AND_REACHED, "member.reach_through": typed}).problems)
    assert named == [("member.reach_through", "missing")]


def test_without_address_no_city_is_asked_but_the_county_is(catalog: Policy) -> None:
    """City and ZIP code go with the address, in any way to leave them out; the county decides where it goes."""
    for left_out in (None, "", "none"):
        result = checked(catalog, {**NONE_AND_REACHED, "member.city": left_out, "member.zip": left_out})
        assert (result.problems, result.case.member.zip, result.case.member.city) == ((), "", "")
    assert codes(checked(catalog, {**NONE_AND_REACHED, "member.county": None}).problems) == [
        ("member.county", "missing")
    ]
    assert codes(checked(catalog, {"member.city": "none", "member.zip": "none"}).problems) == [
        ("member.city", "missing"),
        ("member.zip", "missing"),
    ]


@pytest.mark.parametrize("where", ["member.phone", "member.address", "member.last_name"])
def test_who_leaves_it_empty_is_told_both_words(catalog: Policy, where: str) -> None:
    """An empty field stays missing, also beside reach_through, and the message says none and reach_through."""
    for reach in (None, "Example Clinic"):
        [problem] = checked(catalog, {where: None, "member.reach_through": reach}).problems
        assert (problem.where, problem.code) == (where, "missing")
        assert "write none here" in problem.message
        assert "reach_through" in problem.message


@pytest.mark.parametrize("where", ["member.phone", "member.address", "member.last_name"])
@pytest.mark.parametrize("typed", ["N/A", "n/a", "?", ".", "-", "--", "???", "unknown", "Not known", "don't know"])
def test_what_says_nothing_is_no_value(catalog: Policy, where: str, typed: str) -> None:
    """Words that fill a field without saying anything get into no letter, and lead to the two words that do."""
    [problem] = checked(catalog, {where: typed, "member.reach_through": "Example Clinic"}).problems
    assert (problem.where, problem.code) == (where, "not-a-value")
    assert "none" in problem.message
    assert "reach_through" in problem.message


@pytest.mark.parametrize("typed", ["homeless", "Homeless.", "NA", "no phone", "no address", "transient", "x"])
def test_words_for_no_address_are_no_address(catalog: Policy, typed: str) -> None:
    """Nobody's mail goes to a street called homeless; but people are called so, and keep their names."""
    for where in ("member.phone", "member.address"):
        assert codes(checked(catalog, {where: typed}).problems) == [(where, "not-a-value")]
    assert checked(catalog, {"member.last_name": typed}).problems == ()
    assert checked(catalog, {"member.address": f"12 {typed} St"}).problems == ()


@pytest.mark.parametrize(
    ("relationship", "source", "needed"),
    [
        ("medical_provider", "other", {"npi", "organization"}),
        ("medical_provider", "legal_aid", {"npi", "organization"}),
        *(
            ("social_services_provider", source, {"npi", "organization"})
            for source in ("network_lead_entity", "ecm_chw_cs_vendor", "managed_care_plan", "hospital_or_er_team")
        ),
        ("other", "other_health_care_provider", {"npi", "organization"}),
        ("other", "mental_health_provider", {"npi", "organization"}),
        ("social_services_provider", "county_or_government", {"organization"}),
        ("social_services_provider", "school_or_lea", {"organization"}),
        ("other", "other_community_provider", {"organization"}),
        ("other", "legal_aid", {"organization"}),
        ("other", "justice_involved_organization", {"organization"}),
        ("member_or_family", "other", set()),
    ],
)
def test_form_needs_an_npi_of_those_who_have_one(
    catalog: Policy, relationship: str, source: str, needed: set[str]
) -> None:
    """Providers of care give their NPI; a school, legal aid or family refers without, and a family alone for itself."""
    said = {"referrer.relationship": relationship, "referrer.source": source}
    lacking = {"referrer.npi": None, "referrer.organization": None}
    named = codes(checked(catalog, said | lacking).problems)
    assert set(named) == {(f"referrer.{name}", "missing") for name in needed}
    told = checked(catalog, said | {"referrer.npi": "none"} | ({} if needed else lacking)).problems
    assert codes(told) == ([("referrer.npi", "missing")] if "npi" in needed else [])
    assert all("calaim profile edit" in one.message for one in told)


@pytest.mark.parametrize("where", ["referral.services", "referral.current_services"])
def test_no_listed_value_is_quoted(catalog: Policy, where: str) -> None:
    """An unknown service is not repeated either, for anything may have been typed there."""
    result = checked(catalog, {"referral.program": "cs", "referral.services": ["respite"], where: ["qxzcanary"]})
    assert where in {problem.where for problem in result.problems}
    assert "canary" not in " ".join(problem.message for problem in result.problems)


def test_who_attests_is_told_how(catalog: Policy) -> None:
    """Whoever left the attestation out hears that a person gives it, and which key then says so."""
    [problem] = checked(catalog, {"consent.attested": False}).problems
    assert problem.where == "consent.attested"
    assert "only a person can attest" in problem.message
    assert "set attested to true" in problem.message


@pytest.mark.parametrize(
    ("program", "services", "says"),
    [("cs", [], "'calaim services' lists their ids"), ("ecm", ["respite"], "takes services")],
)
def test_services_go_with_community_supports(catalog: Policy, program: str, services: list[str], says: str) -> None:
    """Community Supports named by none, or named for another program, are told with the way to mend it."""
    [problem] = checked(catalog, {"referral.program": program, "referral.services": services}).problems
    assert (problem.where, problem.code) == ("referral.services", "services")
    assert says in problem.message


def test_every_code_has_its_sentence() -> None:
    """Each code of a field says what to do, in a sentence short enough for one line."""
    assert all(0 < len(message) <= 120 for message in MESSAGES.values())


@pytest.mark.parametrize(
    ("note", "warned"),
    [
        pytest.param("Has schizophrenia.", True, id="a diagnosis"),
        pytest.param("HIV, stable", True, id="in capitals"),
        pytest.param("Depression.", True, id="with a full stop"),
        pytest.param("Needs hearing aids", True, id="a word that may be one"),
        pytest.param("Please call after 3 p.m.", False, id="none"),
        pytest.param("standard", False, id="part of a word"),
    ],
)
def test_note_that_names_a_diagnosis_is_pointed_out(catalog: Policy, note: str, warned: bool) -> None:
    """A note is sent as written, with a warning where a word of the list stands in it."""
    result = checked(catalog, {"referral.notes": note})
    assert result.problems == ()
    assert codes(result.warnings) == ([("referral.notes", "text-diagnosis")] if warned else [])


SSNS = ("123-45-6789", "123 45 6789", "123.45.6789", "123456789", "123\u201145\u20116789", "123\u00a045\u00a06789")


@pytest.mark.parametrize("field", CHECKED, ids=lambda one: one.key)
@pytest.mark.parametrize("number", SSNS)
def test_social_security_number_is_seen_in_every_field(catalog: Policy, field: Field, number: str) -> None:
    """A Social Security number never leaves unseen: a text warns, a number or address of another shape is refused."""
    found = checked(catalog, {field.key: number})
    here = [code for where, code in codes((*found.problems, *found.warnings)) if where == field.key]
    assert here, "nothing was said"
    assert found.problems or "text-ssn" in here
    if field.key in {"member.mrn", "member.cin"}:
        assert here == ["id-ssn"]


def test_what_to_give_for_a_social_security_number(catalog: Policy) -> None:
    """A record number of nine digits may be a true one elsewhere: the other number, which is on the card, will do."""
    found = checked(catalog, {"member.mrn": "123456789", "member.cin": "91234567A"})
    assert [one.message for one in found.problems] == [MESSAGES["id-ssn"]]
    assert "client index number (CIN)" in MESSAGES["id-ssn"]


@pytest.mark.parametrize(
    "typed", ["day_habilitation, respite", "Day Habilitation / Respite", "respite and other", "a;respite"]
)
def test_several_services_in_one_text_are_not_taken_for_one(catalog: Policy, typed: str) -> None:
    """A near name of one would drop the other service: what is said is how several are given."""
    found = checked(catalog, {"referral.program": "cs", "referral.services": [typed]})
    assert codes(found.problems) == [("referral.services", "not-separated")]
    assert '["one", "two"]' in found.problems[0].message


def test_near_name_of_one_service_is_still_a_hint(catalog: Policy) -> None:
    """A slip of the fingers is no list, and neither is a name with "or" in it."""
    for typed, meant in (
        ("respit", "respite"),
        ("community or home transitoin services", "community_home_transition"),
    ):
        (found,) = checked(catalog, {"referral.program": "cs", "referral.services": [typed]}).problems
        assert found.code == "unknown-service"
        assert f"did you mean {meant}" in found.message


def test_county_is_taken_from_the_zip_code(catalog: Policy) -> None:
    """Where the county is not given but its ZIP code is, that county is used, and a warning says so."""
    result = checked(catalog, {"member.county": None})
    assert result.problems == ()
    assert result.county is not None
    assert result.county.name == "San Mateo"
    assert codes(result.warnings) == [("member.county", "county-from-zip")]


@pytest.mark.parametrize("zip_code", ["00000", "02139", "99999"])
def test_zip_code_of_no_county_leaves_the_county_missing(catalog: Policy, zip_code: str) -> None:
    """A ZIP code that tells no county is never made to tell one."""
    result = checked(catalog, {"member.county": None, "member.zip": zip_code})
    assert result.county is None
    assert "member.county" in {problem.where for problem in result.problems}


@pytest.mark.parametrize("where", ["referrer.relationship_detail", "referrer.source_detail"])
def test_details_of_a_choice_are_checked_and_kept(catalog: Policy, where: str) -> None:
    """What the form wants said about "other" is a line like any other."""
    assert codes(checked(catalog, {where: "a\nb"}).problems) == [(where, "line-char")]
    part, key = where.split(".")
    assert getattr(getattr(checked(catalog, {where: " a "}).case, part), key) == "a"


@pytest.mark.parametrize("key", ["relationship", "source"])
def test_other_without_saying_which_is_a_warning(catalog: Policy, key: str) -> None:
    """The form asks which relationship or source "other" is: without it the draft is written, with a reminder."""
    plain = checked(catalog, {f"referrer.{key}": "other"})
    assert plain.problems == ()
    assert [(one.where, one.code) for one in plain.warnings] == [(f"referrer.{key}_detail", "say-which")]
    said = {f"referrer.{key}": "other", f"referrer.{key}_detail": "Neighbor"}
    assert checked(catalog, said).warnings == ()


@pytest.mark.parametrize("typed", ["?", "N/A", ".", "none", "unknown"])
@pytest.mark.parametrize("where", ["member.first_name", "referrer.name", "referrer.address"])
def test_what_says_nothing_is_missing(catalog: Policy, where: str, typed: str) -> None:
    """A sign in the place of a name or an address that the form needs is as good as an empty one."""
    assert codes(checked(catalog, {where: typed}).problems) == [(where, "missing")]


@pytest.mark.parametrize("where", ["member.caregiver_name", "member.email", "member.preferred_language", "member.cin"])
def test_what_may_be_left_out_may_be_none(catalog: Policy, where: str) -> None:
    """Whoever writes none where nothing is needed is not sent back, and the letter has no sign for it."""
    found = checked(catalog, {where: "None"})
    assert found.problems == ()
    assert attrgetter(where)(found.case) == ""


def test_homeless_as_an_address_is_one_problem(catalog: Policy) -> None:
    """Whoever typed homeless into address, city and ZIP code hears of the address, and of nothing that goes by it."""
    typed = dict.fromkeys(("member.address", "member.city", "member.zip"), "homeless")
    assert codes(checked(catalog, typed).problems) == [("member.address", "not-a-value")]


@pytest.mark.parametrize(
    ("born", "who", "guardian", "codes_of"),
    [
        ("2015-01-01", "", "", ["agreed-by-not-stated"]),
        ("2015-01-01", "member", "Alex Member", ["agreed-by-child"]),
        ("2015-01-01", "guardian", "Alex Member", []),
        ("2015-01-01", "guardian", "N/A", ["guardian-not-named"]),
        ("1980-01-01", "guardian", "", ["guardian-not-named"]),
        ("1980-01-01", "member", "", []),
        ("1980-01-01", "", "", []),
    ],
)
def test_who_agreed_is_looked_at(catalog: Policy, born: str, who: str, guardian: str, codes_of: list[str]) -> None:
    """For a child it is a parent or guardian who agrees, and whoever agrees for another has a name."""
    said = {"member.date_of_birth": born, "consent.agreed_by": who, "member.guardian_name": guardian}
    found = [one.code for one in checked(catalog, said).warnings]
    assert [one for one in found if one.startswith(("agreed", "guardian"))] == codes_of
