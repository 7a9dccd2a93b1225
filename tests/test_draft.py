"""Referrals: a checked case becomes the text of a draft, with what the plan's form asks for and nothing invented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.base.errors import InputError, NotFound
from calaim_cli.case.case import LeadEntity, Profile, read_case
from calaim_cli.draft.body import NOT_GIVEN, us_date
from calaim_cli.draft.draft import Drafted, Drafter, both_asked_for
from calaim_cli.draft.message import eml
from calaim_cli.policy.policy import Policy
from conftest import AS_OF, COMPLETE, changed

CS = {"referral.program": "cs"}
VALUES = {
    "member.first_name": "Xfirst",
    "member.middle_name": "Xmiddle",
    "member.last_name": "Xlast",
    "member.email": "xmember@example.org",
    "member.address": "9 Xstreet",
    "member.city": "Xcity",
    "member.mrn": "87654321",
    "member.cin": "91234567A",
    "member.preferred_language": "Xlanguage",
    "member.caregiver_name": "Xcaregiver",
    "member.caregiver_contact": "xcaregiver@example.org",
    "referrer.name": "Xreferrer",
    "referrer.organization": "Xorganization",
    "referrer.npi": "1234567893",
    "referrer.address": "8 Xavenue",
    "referrer.email": "xreferrer@example.org",
    "referral.notes": "Xnote",
}


Make = Callable[..., Drafted]


@pytest.fixture(scope="module")
def made(catalog: Policy) -> Make:
    """Make a draft of the complete case, with changes by dotted key."""

    def draft_changed(changes: dict[str, Any] | None = None, as_of: date = AS_OF) -> Drafted:
        case = read_case(changed(COMPLETE, changes or {}))[0]
        profile = Profile(network_lead_entity=LeadEntity(email="referrals@nle.example.org"))
        return Drafter(catalog, profile, as_of).draft(case)

    return draft_changed


@pytest.mark.parametrize("where", sorted(VALUES.keys() - {"member.middle_name", "member.cin"}))
def test_every_field_of_the_form_is_in_the_body(made: Make, where: str) -> None:
    """What the form asks for and the case gives is sent, each on its line."""
    assert VALUES[where] in made(VALUES).draft.body


def test_formatted_fields_are_in_the_body(made: Make) -> None:
    """Dates and phones are printed as the form wants them, choices in words."""
    body = made().draft.body
    for line in (
        "Date of referral: 11/22/2026",
        "Date of birth: 03/04/1980",
        "Phone: (415) 555-0123",
        "Phone: (510) 555-0100",
        "City, state, ZIP code: San Mateo, CA 94401",
        "Relationship to the member: Medical provider",
        "External referral by: Other health care provider",
    ):
        assert line in body.splitlines()


def test_gap_is_shown_as_a_gap(made: Make) -> None:
    """An optional field that is not given is printed so, never left out or filled."""
    lines = made().draft.body.splitlines()
    assert f"Middle initial: {NOT_GIVEN}" in lines
    assert f"E-mail: {NOT_GIVEN}" in lines


@pytest.mark.parametrize(
    ("numbers", "leaves"),
    [
        ({"mrn": "87654321", "cin": "91234567A"}, "87654321"),
        ({"mrn": None, "cin": "91234567A"}, "91234567A"),
        ({"mrn": "87654321", "cin": None}, "87654321"),
        ({"mrn": "87654321", "cin": "91234567A", "kp_member": None, "plan": "hpsm"}, "91234567A"),
    ],
    ids=["both", "CIN", "MRN", "another plan"],
)
def test_one_number_of_the_member_leaves(made: Make, numbers: dict[str, Any], leaves: str) -> None:
    """The plan gets the number that it needs to find the member, and no line that calls the other one not given."""
    body = made({f"member.{key}": value for key, value in numbers.items()}).draft.body
    assert [one for one in ("87654321", "91234567A") if one in body] == [leaves]
    assert len([line for line in body.splitlines() if "(MRN)" in line or "(CIN)" in line]) == 1


@pytest.mark.parametrize(
    ("name", "initial"), [("Quincy", "Q"), ("đức", "đ"), ("'Aolani", "A"), ("A.", "A"), ("-", "-")]
)
def test_initial_alone_leaves_where_the_form_asks_for_no_more(made: Make, name: str, initial: str) -> None:
    """Of a middle name the plan's form wants the initial."""
    assert f"Middle initial: {initial}" in made({"member.middle_name": name}).draft.body.splitlines()


def test_member_is_in_the_body_only(made: Make) -> None:
    """Nothing about the member is in an address or the subject."""
    draft = made(VALUES).draft
    assert (draft.to, draft.subject) == (("REGMCDURNS-KPNC@kp.org",), "ECM Referral")


def test_attestation_is_printed_in_full(catalog: Policy, made: Make) -> None:
    """What the referrer attests stands in the draft sentence by sentence."""
    body = " ".join(made().draft.body.split())
    assert all(sentence in body for sentence in catalog.form_of("kp").attestation)
    assert body.count("[x]") == len(catalog.form_of("kp").attestation)


def test_request_names_what_fits_and_why(made: Make) -> None:
    """The draft says which population of focus the answers fit, criterion by criterion with its source."""
    body = " ".join(made().draft.body.split())
    assert "Population of focus: At risk for avoidable hospital or ED utilization" in body
    assert "Had 5 emergency visits in the last 6 months; the threshold is 5" in body
    assert "G26" in body


def test_open_questions_are_the_referrers_matter(catalog: Policy, made: Make) -> None:
    """What is not answered is told to the referrer, a few at most, and not to the plan."""
    result = made({"answers": {"managed_care": True}})
    [told] = [one.message for one in result.warnings if one.code == "need-answers"]
    asked = [question.ask for question in catalog.questions.values()]
    assert len([ask for ask in asked if ask in told]) == 3
    assert " more " in told
    assert not [ask for ask in asked if ask in " ".join(result.draft.body.split())]


def test_every_requested_service_is_named(made: Make) -> None:
    """A referral for several services names each of them."""
    changes = {**CS, "referral.services": ["respite", "day_habilitation"]}
    body = made(changes).draft.body
    assert "Requested: Respite Services for Caregivers" in body
    assert "Requested: Day Habilitation Programs" in body


def test_no_verdict_is_given(made: Make) -> None:
    """A draft screens and never decides: the plan does, and the draft says so."""
    body = made().draft.body
    assert "the plan decides" in body
    assert not {"approved", "denied", "eligible", "ineligible"} & set(body.lower().split())


def test_part2_notice_stands_only_where_it_applies(catalog: Policy, made: Make) -> None:
    """Part 2 information carries the notice against passing it on; other referrals do not."""
    notice = catalog.words.part2_notice
    with_part2 = made({"consent.part2": True, "consent.part2_consent": True})
    assert notice in " ".join(with_part2.draft.body.split())
    assert notice not in " ".join(made().draft.body.split())


@pytest.mark.parametrize("said", [True, "unknown"])
def test_part2_letter_goes_with_the_consent(catalog: Policy, made: Make, said: bool | str) -> None:
    """A Part 2 letter says that the consent or its scope goes along (42 CFR 2.32(b)), and the referrer is reminded."""
    result = made({"consent.part2": said, "consent.part2_consent": True})
    assert f"{catalog.words.part2_notice} {catalog.words.part2_consent}" in " ".join(result.draft.body.split())
    assert [one.code for one in result.warnings] == ["part2-attach"]
    assert "part2-attach" not in [one.code for one in made().warnings]


PHRASED = {
    "referral.notes": "Stays at {}, call first.",
    "member.address": "c/o {}, 1 Example St",
    "referrer.organization": "The {}",
    "member.caregiver_contact": "{}, front desk",
}


def test_every_phrase_of_a_part2_program_is_seen(catalog: Policy, made: Make) -> None:
    """Every phrase that may come from such a program is seen, in capitals and with more blanks, and never quoted."""
    for phrase in catalog.words.part2_phrases:
        warned = made({"referral.notes": PHRASED["referral.notes"].format(phrase.upper().replace(" ", "  "))}).warnings
        assert ("referral.notes", "part2-phrase") in [(one.where, one.code) for one in warned], phrase
        assert phrase not in str(warned)


@pytest.mark.parametrize("where", PHRASED)
def test_phrase_of_a_part2_program_is_seen_in_each_text(made: Make, where: str) -> None:
    """Such a phrase is seen in each free text, where the case does not say already what it comes from."""
    text = PHRASED[where].format("methadone clinic")
    assert (where, "part2-phrase") in [(one.where, one.code) for one in made({where: text}).warnings]
    said = made({where: text, "consent.part2": True, "consent.part2_consent": True})
    assert "part2-phrase" not in [one.code for one in said.warnings]


@pytest.mark.parametrize("text", ["a new method", "something", "The matter is urgent", "Betty Otpman", "Detoxville Rd"])
def test_part_of_a_word_is_no_phrase(made: Make, text: str) -> None:
    """Whole words count: half of one is no alarm."""
    assert "part2-phrase" not in [one.code for one in made({"referral.notes": text}).warnings]


def test_unlikely_is_only_a_warning(made: Make) -> None:
    """Anyone may refer: answers that do not match today warn and do not stop the draft."""
    result = made({"answers.excluded_programs": ["hospice"]})
    assert [warning.code for warning in result.warnings] == ["unlikely"]
    assert "does not go together with a program that already coordinates" in result.warnings[0].message
    assert "the plan decides" in result.warnings[0].message
    assert result.draft.body


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        pytest.param({"referral.program": "chw"}, "Community Health Worker services", id="program"),
        pytest.param({**CS, "referral.services": ["respite"]}, "Respite Services for Caregivers", id="service"),
    ],
)
def test_missing_answers_are_only_a_warning(made: Make, changes: dict[str, Any], name: str) -> None:
    """A referral whose screening is open is drafted, and says that answers would help; the plan decides."""
    result = made({**changes, "referral.notes": "Needs help."})
    [warning] = result.warnings
    assert (warning.where, warning.code) == ("answers", "need-answers")
    assert warning.message.startswith(f"{name}: answers are missing: ")
    assert "See 'calaim check CASE " in warning.message
    assert "the plan decides" in warning.message


def test_warnings_of_fields_and_route_are_kept(made: Make) -> None:
    """Each doubt, of a field, the route or the answers, arrives beside the draft."""
    result = made({"member.county": "Imperial", "member.zip": "92243", "member.mrn": "123456"})
    assert [warning.code for warning in result.warnings] == ["mrn-length", "region-not-confirmed"]


def test_ecm_and_chw_in_one_talk_warn_of_both(made: Make) -> None:
    """A talk that comes to drafts for both programs says in each that it is one or the other, and in no third."""
    ecm, chw, cs = made(), made({"referral.program": "chw"}), made({**CS, "referral.services": ["respite"]})
    codes = [[one.code for one in drafted.warnings] for drafted in both_asked_for([ecm, chw, cs])]
    assert ["ecm-and-chw" in one for one in codes] == [True, True, False]
    assert [*both_asked_for([ecm, cs])] == [ecm, cs]


ALREADY: dict[str, dict[str, Any]] = {
    "has-ecm": {"referral.current_services": None, "answers.current_services": ["ecm"]},
    "has-ccm": {"referral.current_services": ["ccm"]},
    "has-chw": {"referral.program": "chw", "referral.current_services": ["chw"]},
    "has-ecm-for-chw": {"referral.program": "chw", "referral.current_services": ["ecm"]},
    "has-support": {
        **CS,
        "referral.services": ["respite"],
        "referral.current_services": ["community_supports"],
        "referral.current_supports": ["Respite Services"],
    },
}


@pytest.mark.parametrize("code", ALREADY)
def test_what_is_received_already_is_warned_of(made: Make, code: str) -> None:
    """Whether the referral or the answers say it: a second time is looked at by a person, and drafted all the same."""
    assert code in [one.code for one in made(ALREADY[code]).warnings]
    other = "ecm" if "chw" in code else "chw"
    assert code not in [
        one.code for one in made({**ALREADY[code], "referral.program": other, "referral.services": None}).warnings
    ]


def test_another_support_is_no_second_time(made: Make) -> None:
    """Where it is said which Community Supports the member receives, others are asked for without a warning."""
    now = {"referral.current_services": ["community_supports"], "referral.current_supports": ["day_habilitation"]}
    codes = [one.code for one in made({**CS, "referral.services": ["respite"], **now}).warnings]
    assert "has-support" not in codes


def test_plan_and_no_managed_care_make_no_draft(made: Make) -> None:
    """A case that names a plan and denies managed care says two things of the card: one of them is wrong."""
    with pytest.raises(InputError) as caught:
        made({"answers.managed_care": False})
    assert [(one.where, one.code) for one in caught.value.problems] == [
        ("answers.managed_care", "plan-without-managed-care")
    ]


def test_incomplete_case_lists_its_problems(made: Make) -> None:
    """A case that lacks something is refused with all that it lacks."""
    with pytest.raises(InputError) as caught:
        made({"member.phone": None, "member.county": None, "member.zip": None})
    assert {problem.where for problem in caught.value.problems} == {"member.phone", "member.county", "member.zip"}


def test_other_plans_member_is_told_first(made: Make) -> None:
    """Whoever is in another plan learns that before being asked for more fields."""
    with pytest.raises(NotFound) as caught:
        made({"member.kp_member": False, "member.phone": None})
    assert caught.value.code == "not-kp-member"
    assert "Health Plan of San Mateo (" in caught.value.message
    assert "Kaiser" not in caught.value.message


def test_nobodys_plan_is_guessed(made: Make) -> None:
    """Where the case does not say which plan, the plans of the county are named, and none is taken for hers."""
    with pytest.raises(NotFound) as caught:
        made({"member.kp_member": None, "member.phone": None})
    assert caught.value.code == "plan-unknown"
    assert all(name in caught.value.message for name in ("Kaiser Permanente", "Health Plan of San Mateo"))


def test_lead_entity_gets_the_same_draft(made: Make) -> None:
    """A referral to the own organization has the same text, sent to the Network Lead Entity."""
    own = made({"referral.self_referral": True}).draft
    assert own.to == ("referrals@nle.example.org",)
    assert own.body.replace(own.to[0], "REGMCDURNS-KPNC@kp.org") == made().draft.body


@pytest.mark.parametrize("name", ["فاطمة", "שרה"], ids=["Arabic", "Hebrew"])
def test_right_to_left_name_has_its_own_line(made: Make, name: str) -> None:
    """A name that reads from right to left does not mix with its label."""
    lines = made({"member.first_name": name}).draft.body.splitlines()
    assert lines[lines.index("First name:") + 1] == name


def test_notes_keep_their_paragraphs(made: Make) -> None:
    """A note of several paragraphs stays so, and an address in it is not broken."""
    address = f"https://example.org/{'x' * 100}"
    lines = made({"referral.notes": f"one\n\n{'two ' * 40}\nsee {address}"}).draft.body.splitlines()
    start = lines.index("NOTES FROM THE REFERRER")
    assert lines[start + 1 : start + 3] == ["one", ""]
    assert address in lines


def test_same_case_gives_the_same_draft(made: Make) -> None:
    """A rerun on the same day gives the same draft, and another day changes only the date of referral."""
    first, again, later = made(), made(), made(as_of=date(2026, 11, 23))
    assert first == again
    assert later.draft.body == first.draft.body.replace("11/22/2026", "11/23/2026")


def test_us_date_is_written_by_hand() -> None:
    """A date in a mail is MM/DD/YYYY whatever the locale."""
    assert us_date(date(1980, 3, 4)) == "03/04/1980"


TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)


@given(notes=TEXTS, name=TEXTS)
def test_any_accepted_text_makes_a_sound_draft(made: Make, notes: str, name: str) -> None:
    """Whatever passes the checks of the fields becomes a message that reads back as the draft."""
    try:
        draft = made({"referral.notes": notes, "member.first_name": name}).draft
    except InputError:
        return
    assert eml(draft)
    assert all(line == line.rstrip() for line in draft.body.split("\n"))
