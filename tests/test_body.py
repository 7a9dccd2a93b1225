"""The text of a draft: a fixed order, lines that fit, nothing cut, masked where others look, nothing said too much."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from calaim_cli.base.errors import InputError
from calaim_cli.case.case import Case, LeadEntity, Member, Profile, Referral, Referrer, SecureEmail, read_case
from calaim_cli.draft.body import (
    AGAINST,
    HIDDEN,
    NOT_GIVEN,
    WIDTH,
    answer_words,
    hidden,
    reads_left_to_right,
    us_date,
    wrapped,
)
from calaim_cli.draft.draft import Drafted, Drafter
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Gate, Outcome, Program, rules_of
from calaim_cli.policy.questions import ANSWER, NONE_OF_THESE, Criterion, Kind, Question, is_met
from calaim_cli.policy.rules import criteria_of, favoring
from conftest import AS_OF, COMPLETE, THOROUGH, changed
from people import people

WHOLE = {
    "member.first_name": "Maria",
    "member.middle_name": "Quincy",
    "member.last_name": "Delacruz",
    "member.email": "xmember@example.org",
    "member.cin": "91234567A",
    "member.preferred_language": "Tagalog",
    "member.caregiver_name": "Xcaregiver",
    "member.caregiver_contact": "xcaregiver@example.org",
    "referral.notes": "Xnote one.\n\nXnote two.",
    "consent.part2": True,
    "consent.part2_consent": True,
}
SECTIONS = (
    "MEDI-CAL REFERRAL",
    "SOURCE OF REFERRAL",
    "MEMBER",
    "RECEIVES NOW",
    "REQUESTED, AND WHY",
    "NOTES FROM THE REFERRER",
    "ATTESTATION",
    "CONFIDENTIAL",
    "DECISION",
)
TITLE = re.compile(r"[A-Z][A-Z -]{4,}")
GATE_PARTS = {"excluded", "choose_one", "first", "limit"}
Make = Callable[..., Drafted]


@pytest.fixture(scope="module")
def made(catalog: Policy) -> Make:
    """Make a draft of the complete case, with changes by dotted key."""

    def draft_changed(changes: dict[str, Any] | None = None, secure: SecureEmail | None = None) -> Drafted:
        case, problems = read_case(changed(COMPLETE, changes or {}))
        assert not problems
        profile = Profile(network_lead_entity=LeadEntity(email="nle@example.org"), secure_email=secure or SecureEmail())
        return Drafter(catalog, profile, AS_OF).draft(case)

    return draft_changed


def titles(body: str) -> list[str]:
    """The titles of a body's sections."""
    return [found[0].strip(" -") for line in body.splitlines() if (found := TITLE.match(line))]


def for_service(service: str, answers: dict[str, Any]) -> dict[str, Any]:
    """A referral for one Community Support, where all of them are offered."""
    place = {"member.county": "Alameda", "member.zip": "94601"}
    return {**place, "referral.program": "cs", "referral.services": [service], "answers": answers}


def test_sections_stand_in_the_order_of_the_form(made: Make) -> None:
    """In every draft an intake nurse finds each part where the plan's form has it."""
    found = titles(made(WHOLE).draft.body)
    assert len(found) == len(SECTIONS)
    assert all(title.startswith(wanted.split(",")[0]) for title, wanted in zip(found, SECTIONS, strict=True))


def test_sections_that_hold_nothing_are_left_out(made: Make) -> None:
    """Without notes or Part 2 information, those two sections are left out and the others do not move."""
    found = titles(made().draft.body)
    assert found == [title for title in titles(made(WHOLE).draft.body) if not title.startswith(("NOTES", "CONF"))]


def assert_fits(body: str) -> None:
    """Lines of at most 72 columns, except for a single word that is longer; no white space at an end."""
    for line in body.splitlines():
        assert line == line.rstrip()
        assert len(line) <= WIDTH or " " not in line.strip(), line


@pytest.mark.parametrize("program", ["ecm", "chw"])
def test_lines_fit_a_window(made: Make, program: str) -> None:
    """No line is wider than 72 columns, so no mail program breaks one in an odd place."""
    assert_fits(made({**WHOLE, "referral.program": program, "answers": {"managed_care": True}}).draft.body)


def test_lines_of_every_service_fit(catalog: Policy, made: Make) -> None:
    """The same holds for every Community Support, with nothing known and with everything known."""
    for service in catalog.programs_file.service:
        if service.id != "sobering_centers":
            for answers in ({}, everything(catalog)):
                assert_fits(made({**WHOLE, **for_service(service.id, answers)}).draft.body)


@given(
    st.lists(st.text("abc ü王", min_size=1, max_size=60).filter(str.strip), min_size=2, max_size=4),
    st.text(st.characters(codec="utf-8"), max_size=300),
)
def test_long_values_wrap_and_lose_nothing(made: Make, texts: list[str], note: str) -> None:
    """A long address is wrapped between words and a long word stays whole: nothing is cut off."""
    values = {"member.address": " ".join(texts)[:200], "referrer.organization": texts[0], "referral.notes": note}
    try:
        body = made(values).draft.body
    except InputError:
        return
    words = set(body.split())
    assert all(set(text.split()) <= words for text in (values["member.address"], texts[0]))
    assert_fits(body)


def test_words_are_never_cut() -> None:
    """An address or link longer than a line stays in one piece, so it can be copied."""
    link = "https://example.org/" + "x" * 100
    assert wrapped(f"see {link} there", "  - ") == ("  - see", f"    {link}", "    there")


@given(st.text(st.sampled_from("ab \t\n-\u00a0é"), max_size=90), st.sampled_from(("", "  - ")))
def test_short_text_is_a_line_as_it_is(text: str, lead: str) -> None:
    """A text that fits on its line is left as it is, just as the library that breaks lines would leave it."""
    broken = textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False)
    if max(map(len, text.split()), default=0) < WIDTH - len(lead):
        assert wrapped(text, lead) == (tuple(broken) or ("",))


RIGHT_TO_LEFT = {
    "member.first_name": "First name:",
    "member.last_name": "Last name:",
    "member.address": "Mailing address:",
    "member.preferred_language": "Preferred language:",
    "member.caregiver_name": "Caregiver or support person:",
    "member.caregiver_contact": "Caregiver's e-mail or phone:",
    "referrer.name": "Referrer's name:",
    "referrer.organization": "Organization:",
    "referrer.address": "Address:",
}


@pytest.mark.parametrize("value", ["فاطمة", "שרה", "علی‌رضا", "Sam فاطمة"], ids=["Arabic", "Hebrew", "Farsi", "mixed"])
@pytest.mark.parametrize("where", RIGHT_TO_LEFT)
def test_right_to_left_value_has_its_own_line(made: Make, where: str, value: str) -> None:
    """A value that reads from right to left never shares a line with its label: the two would trade places."""
    lines = made({where: value}).draft.body.splitlines()
    assert lines[lines.index(RIGHT_TO_LEFT[where]) + 1] == value


def test_left_to_right_value_stays_beside_its_label(made: Make) -> None:
    """Letters of other scripts do not change the shape of the form."""
    assert "First name: Trần" in made({"member.first_name": "Trần"}).draft.body.splitlines()


TEXTS_OF = {
    part: [field.name for field in fields(shape) if field.type is str and field.name not in kept]
    for part, shape, kept in (
        ("member", Member, {"plan"}),
        ("referrer", Referrer, {"relationship", "source"}),
        ("referral", Referral, {"program"}),
    )
}
LISTS = ("current_services", "current_supports")


def canaries(**referrer: str) -> Case:
    """A case with a text in each of its texts and lists about the member."""
    return Case(
        member=Member(**dict.fromkeys(TEXTS_OF["member"], "canary"), plan="kp", kp_member=True),
        referrer=Referrer(**{**dict.fromkeys(TEXTS_OF["referrer"], "Pat"), **referrer}),
        referral=replace(
            Referral(program="cs", services=("respite",)),
            **{**dict.fromkeys(TEXTS_OF["referral"], "canary"), **dict.fromkeys(LISTS, ("canary",))},
        ),
    )


def test_hidden_masks_what_is_given() -> None:
    """Every text about the member is masked wherever it appears, and a gap stays a gap; her plan stays readable."""
    masked = hidden(canaries(relationship="medical_provider", organization="Canary House", phone="canary"))
    assert {getattr(masked.member, name) for name in TEXTS_OF["member"]} == {HIDDEN}
    assert {getattr(masked.referral, name) for name in TEXTS_OF["referral"]} == {HIDDEN}
    assert {getattr(masked.referral, name) for name in LISTS} == {(HIDDEN,)}
    assert (masked.member.plan, masked.referral.program, masked.referral.services) == ("kp", "cs", ("respite",))
    hidden_ones = {name for name in TEXTS_OF["referrer"] if getattr(masked.referrer, name) == HIDDEN}
    assert hidden_ones == {"organization", "phone", "relationship_detail", "source_detail"}
    assert hidden(Case()) == Case()


def test_hidden_masks_a_referrer_who_is_family() -> None:
    """If the referrer is the member or a relative, every text about the referrer is masked too."""
    masked = hidden(canaries(relationship="member_or_family")).referrer
    assert {getattr(masked, name) for name in TEXTS_OF["referrer"]} == {HIDDEN}


def test_redacted_body_shows_the_shape_and_nothing_of_the_member(catalog: Policy, made: Make) -> None:
    """A preview for others has the same lines, with the member's values and the notes masked."""
    result = made(WHOLE)
    drafter = Drafter(catalog, Profile(), AS_OF)
    shown = drafter.redacted(result).draft.body
    member = changed(COMPLETE, WHOLE)["member"]
    for value in (*(one for one in member.values() if isinstance(one, str)), "03/04/1980", "(415) 555-0123", "Xnote"):
        assert value not in shown, value
    assert titles(shown) == titles(result.draft.body)
    assert "Referrer's name: Pat Example" in shown.splitlines()
    assert f"Middle initial: {NOT_GIVEN}" in drafter.redacted(made()).draft.body.splitlines()
    assert "emergency visits" not in shown
    assert "  - (hidden)" in shown.splitlines()
    now = {"referral.current_services": ["community_supports"], "referral.current_supports": ["respite_services"]}
    assert "Community Supports now: (hidden)" in drafter.redacted(made(now)).draft.body.splitlines()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        pytest.param({}, "City, state, ZIP code: San Mateo, CA 94401", id="state not given"),
        pytest.param(
            {"member.city": "Reno", "member.state": "nv", "member.zip": "89501"},
            "City, state, ZIP code: Reno, NV 89501",
            id="another state",
        ),
        pytest.param(
            {"member.address": "none", "member.zip": None, "member.reach_through": "Example Shelter"},
            "City, state, ZIP code: San Mateo, CA",
            id="city alone",
        ),
        pytest.param(
            {"member.address": "none", "member.city": None, "member.reach_through": "Example Shelter"},
            "City, state, ZIP code: CA 94401",
            id="ZIP code alone",
        ),
        pytest.param(
            {"member.address": "none", "member.city": None, "member.zip": None, "member.reach_through": "Xshelter"},
            "City, state, ZIP code: (not given)",
            id="neither",
        ),
    ],
)
def test_address_has_the_state_that_was_given(made: Make, changes: dict[str, Any], line: str) -> None:
    """Mail for Reno, Nevada is not sent to a Reno in California, and no state is given without a place."""
    assert line in made(changes).draft.body.splitlines()


def test_none_is_printed_with_the_way_to_reach_the_member(made: Make) -> None:
    """If there is no phone or address, the same section says, once, how to reach the member."""
    way = "Ask for her at Example Shelter.\nFront desk, 510-555-0102"
    none = {"member.phone": "none", "member.address": "none", "member.last_name": "none", "member.reach_through": way}
    body = made(none).draft.body
    lines = body.splitlines()
    assert {"Last name: none", "Phone: none", "Mailing address: none"} <= set(lines)
    assert " ".join(body.split()).count(f"Reach the member through: {' '.join(way.split())}") == 1
    assert_fits(body)


SAID_IN_FULL = {
    "member.guardian_name": ("Xguardian", "Parent or guardian: Xguardian"),
    "member.guardian_contact": ("510-555-0103", "Parent's or guardian's e-mail or phone: 510-555-0103"),
    "referral.ecm_provider": ("Xprovider", "ECM provider: Xprovider"),
    "referral.ecm_provider_contact": ("x@example.org", "ECM provider's e-mail or phone: x@example.org"),
    "referral.current_supports": (
        ["day_habilitation", "sobering_centers"],
        "Community Supports now: Day Habilitation Programs, Sobering Centers",
    ),
    "consent.agreed_by": ("guardian", "Agreed by: The member's parent or guardian"),
}


@pytest.mark.parametrize("plan", ["kp", "hpsm"])
def test_what_is_said_beyond_the_usual_stands_in_every_letter(made: Make, plan: str) -> None:
    """Guardian, providers and who agreed go to each plan if they are given, and take no line if not."""
    whose = {"member.kp_member": None, "member.plan": plan, "member.cin": "91234567A"}
    said = {key: value for key, (value, _) in SAID_IN_FULL.items()}
    given = made({**whose, **said, "referral.current_services": ["ecm", "community_supports"]}).draft.body.splitlines()
    assert [line for _, line in SAID_IN_FULL.values() if line not in given] == []
    silent = made(whose).draft.body
    assert [line for _, line in SAID_IN_FULL.values() if f"\n{line.partition(':')[0]}:" in silent] == []


def test_redacted_body_is_never_sent(made: Make) -> None:
    """Masking is only for the preview: the draft has the values."""
    assert HIDDEN not in made(WHOLE).draft.body


def everything(catalog: Policy) -> dict[str, Any]:
    """An answer to every question that no field answers: yes, a number, each choice but "none of these"."""
    said = {"age", "current_services"}

    def answer(question: Question) -> bool | int | str | list[str]:
        if question.kind is Kind.YES_NO:
            return True
        if question.kind is Kind.NUMBER:
            return min(3, question.at_most or 3)
        chosen = [choice for choice in question.choices if choice != NONE_OF_THESE]
        return chosen if question.kind is Kind.CHOICES else chosen[0]

    return {name: answer(question) for name, question in catalog.questions.items() if name not in said}


def test_form_part_stands_only_where_the_form_has_one(catalog: Policy, made: Make) -> None:
    """The questions of the form's section B are repeated only for the services that have a part there."""
    for service in catalog.programs_file.service:
        if service.id != "sobering_centers":
            body = made(for_service(service.id, everything(catalog))).draft.body
            assert (f"Section B, part {service.form_part} of" in body) is bool(service.form_part), service.id
            assert ("the plan's form" in body) is bool(service.form_part), service.id


def test_numbers_of_a_form_go_to_its_plan_alone(made: Make) -> None:
    """Another plan's sheet gives the same answers, and mentions no part of a form that this plan does not have."""
    answers = {"nursing_facility_days": 90, "willing_assisted_living": True}
    place = {
        "member.county": "Sacramento",
        "member.zip": "95814",
        "member.plan": "health-net",
        "member.kp_member": False,
    }
    asked = {**for_service("assisted_living_transitions", answers), **place, "member.cin": "90000000A"}
    sheet = " ".join(made(asked).draft.body.split())
    assert "For this service: - " in sheet
    assert "90 days" in sheet
    assert "The plan may ask, too: - time-limited transition" in sheet
    assert "Section B" not in sheet
    assert "part 2" not in sheet


def test_form_part_gives_answers_in_words(made: Make) -> None:
    """Answers are worded as a person would say them; what else the form asks is named, not filled in."""
    answers = {"nursing_facility_days": 90, "willing_assisted_living": True, "safe_in_assisted_living": "unknown"}
    body = " ".join(made(for_service("assisted_living_transitions", answers)).draft.body.split())
    assert "in a nursing facility or Recuperative Care? 90 days" in body
    assert "willing to live in assisted living? yes" in body
    assert "Asked in part 2 of the plan's form, and still to follow: - time-limited transition" in body
    assert "unknown" not in body
    ihss = " ".join(made(for_service("personal_care_homemaker", {"ihss_status": "applied"})).draft.body.split())
    assert "Has applied and is waiting" in ihss


def test_half_known_list_says_so(catalog: Policy) -> None:
    """The reader of a letter is told that only part of a list is known, never that the rest is no."""
    words = answer_words(catalog.questions["housing"], ("doubled_up", "unknown"))
    assert words == "Stays with other people after losing a home or for lack of money; not known of the others"


COMBINED = re.compile(
    r"(?:serious )?mental health (?:and/)?or substance use(?: disorder)?(?: needs| services)?|an overdose or suicide",
    re.IGNORECASE,
)
SUBSTANCE_USE = re.compile(
    r"substance|overdos|detox|sober|alcohol|\bdrug|opioid|\bsud\b|addict|tobacco|methadone|naloxone", re.IGNORECASE
)


@pytest.mark.parametrize("known", [False, True], ids=["nothing known", "everything known"])
def test_substance_use_is_never_named_alone(catalog: Policy, made: Make, known: bool) -> None:
    """Whatever was answered, a draft uses the plan's combined words and never mentions substance use by itself."""
    answers = {key: one for key, one in everything(catalog).items() if known and key != "current_services"}
    wanted: list[dict[str, Any]] = [{"referral.program": program, "answers": answers} for program in ("ecm", "chw")]
    wanted += [for_service(one.id, answers) for one in catalog.programs_file.service if one.id != "sobering_centers"]
    for changes in wanted:
        body = " ".join(made(changes).draft.body.split())
        assert not SUBSTANCE_USE.search(COMBINED.sub("", body)), changes


def test_sources_are_spelled_out_once(made: Make) -> None:
    """Each short source name behind a criterion is explained below, with its date, and no others are."""
    body = made().draft.body
    cited = {tag for group in re.findall(r"\(([A-Z][^()]*)\)", body) for tag in re.findall(r"\b[A-Z]+[0-9]+\b", group)}
    explained = re.findall(r"^([A-Z]+[0-9]*): .*\d{4}", body, re.MULTILINE)
    assert cited
    assert sorted(explained) == sorted(cited)


def test_tag_of_the_users_mail_gateway_is_the_first_line(made: Make) -> None:
    """With a tag in the body, the rest of the draft and its subject are the same as without."""
    tagged, usual = made(None, SecureEmail(secure_tag="body", text="[secure]")).draft, made().draft
    assert tagged.body == f"[secure]\n{usual.body}"
    assert (tagged.subject, tagged.to, tagged.extra) == (usual.subject, usual.to, None)


def test_tag_in_a_header_leaves_the_body_alone(made: Make) -> None:
    """With a tag in a header, only that header is added."""
    tagged = made(None, SecureEmail(secure_tag="header", text="yes", header="X-Secure")).draft
    assert (tagged.body, tagged.extra) == (made().draft.body, ("X-Secure", "yes"))


def test_us_date_has_two_digits() -> None:
    """A date is written the way the plan's form wants it."""
    assert us_date(AS_OF.replace(month=1, day=2)) == "01/02/2026"


def test_every_right_to_left_letter_is_in_the_blocks_looked_at() -> None:
    """The quick check misses no script that reads from right to left: every Unicode letter is tried."""
    letters = [chr(n) for n in range(0x110000) if unicodedata.bidirectional(chr(n)) in {"R", "AL"}]
    assert len(letters) > 1000
    assert [hex(ord(one)) for one in letters if reads_left_to_right(one)] == []


def drafts_of(made: Make, catalog: Policy, answers: dict[str, Any]) -> list[Drafted]:
    """A draft for ECM, for CHW services and for each Community Support, with these answers."""
    one_fact = answers.get("current_services", "unknown") != "unknown"
    made_of: dict[str, Any] = {"referral.current_services": None} if one_fact else {}
    wanted: list[dict[str, Any]] = [{"referral.program": program, "answers": answers} for program in ("ecm", "chw")]
    wanted += [for_service(one.id, answers) for one in catalog.programs_file.service if one.id != "sobering_centers"]
    return [made({**made_of, **changes}) for changes in wanted]


def requests_of(drafted: Drafted) -> str:
    """The section of a draft that says what is asked for and why, on one line."""
    return " ".join(drafted.draft.body.partition("REQUESTED, AND WHY")[2].partition("ATTESTATION")[0].split())


NEVER_SAID = re.compile(
    r"does not match|not known|not sure|listed reasons|those numbers|unlikely|rac(?:e|ial)|ethnic|maternal|{|}",
    re.IGNORECASE,
)


def is_a_point(criterion: Criterion, said: str) -> bool:
    """Whether a request has the criterion among its points, whatever was answered."""
    first, *rest = (criterion.letter or criterion.text).split(ANSWER)
    return f"- {first}" in said and all(part in said for part in rest)


def test_letter_speaks_for_the_member_and_stands_alone(made: Make, catalog: Policy) -> None:
    """A letter says what is requested; each point in it is met and speaks for it, and no list is quoted."""
    for_it = {one for subject in catalog.subjects for rule in subject.parts.values() for one in favoring(rule)}
    for_it -= {one for entry in catalog.entries for part in AGAINST for one in criteria_of_part(entry, part)}
    for person in people(60 if THOROUGH else 15, dont_know=0.2):
        answers = {
            key: [*one] if isinstance(one, tuple) else one for key, one in person.answers.items() if key != "age"
        }
        for drafted in drafts_of(made, catalog, {**answers, "managed_care": True}):
            said, [asked] = requests_of(drafted), drafted.letter.wanted
            assert not NEVER_SAID.search(said), said
            assert f"Requested: {asked.subject.entry.name}" in said
            assert ("This fits the published criteria" in said) is (asked.outcome is Outcome.LIKELY)
            points = [one for one in catalog.criteria.values() if is_a_point(one, said)]
            assert {one.id for one in points} <= for_it
            met = [one for one in points if is_met(one, drafted.case.answers.get(one.question, False))]
            assert {one.letter or one.text for one in points} == {one.letter or one.text for one in met}


def criteria_of_part(entry: Program, part: str) -> list[str]:
    """The criteria of one part of an entry's policy."""
    rules = rules_of(entry)
    return [*criteria_of(rules[part])] if part in rules else []


def test_shipped_criteria_name_what_was_answered(catalog: Policy) -> None:
    """No point of a letter cites a list or number its reader does not have: it names what was answered."""
    several = [catalog.criteria[one] for one in catalog.rule_criteria]
    several = [one for one in several if one.in_letter and not is_one_fact(one, catalog)]
    assert several
    assert [one.id for one in several if ANSWER not in one.letter] == []


def is_one_fact(criterion: Criterion, catalog: Policy) -> bool:
    """Whether the criterion can be met in one way alone, which its own words say."""
    kind = catalog.questions[criterion.question].kind
    return kind is Kind.YES_NO or len(criterion.has_any_of or criterion.one_of) == 1


def test_race_is_in_no_letter(made: Make) -> None:
    """For birth equity a letter names the population of focus, but not the group that the member belongs to."""
    answers = {**COMPLETE["answers"], "pregnant_or_postpartum": True, "birth_equity_group": True}
    said = requests_of(made({"answers": answers}))
    assert "Population of focus: Birth equity - Is pregnant" in said
    assert not re.search("group|race|ethnic", said)


IN_HOUSE = {"excluded_programs": ["none"], "choose_one_programs": ["none"]}
HOMELESS = {"housing": ["shelter"], "complex_need": True, "serious_health_condition": True}
ROOM_USED = {"room_and_board_months_used": 6}
GATES: dict[str, tuple[str, dict[str, Any], str]] = {
    "hospice": ("ecm", {**IN_HOUSE, **HOMELESS, "excluded_programs": ["hospice"]}, "The member is in hospice."),
    "PACE": ("ecm", {**IN_HOUSE, "excluded_programs": ["pace"]}, "The member is in PACE."),
    "another program": (
        "ecm",
        {**IN_HOUSE, **HOMELESS, "choose_one_programs": ["county_tcm"]},
        "The member is in county Targeted Case Management.",
    ),
    "ECM": ("chw", {"chw_triggers": ["social_need"], "current_services": ["ecm"]}, "The member gets ECM now."),
    "step": ("housing_tenancy_sustaining", {**HOMELESS, "is_tenant": False}, "Housing is not secured yet."),
    "IHSS": (
        "personal_care_homemaker",
        {"facility_risk": True, "hcba_or_wpcs": False, "ihss_status": "none"},
        "An application for",
    ),
    "waiver": ("personal_care_homemaker", {"hcba_or_wpcs": True}, "The member is enrolled in the HCBA waiver"),
    "hours": (
        "respite",
        {"caregiver_dependent": True, "respite_hours_used": 336},
        "The 336 hours of this calendar year are used.",
    ),
    "once": (
        "housing_deposits",
        {**HOMELESS, "housing_deposit_used": True},
        "The member had the Housing Deposits service before.",
    ),
    "months": (
        "recuperative_care",
        {**HOMELESS, **ROOM_USED, "needs_recovery_place": True},
        "The six months of room and board",
    ),
    "meals": ("medically_tailored_meals", {"meals_paid_elsewhere": True}, "Another program may already pay for meals"),
}


@pytest.mark.parametrize("gate", GATES)
def test_letter_says_what_decides(made: Make, gate: str) -> None:
    """If an exclusion, a choice, a step or a limit decides, the letter names it and asks; it is never a point."""
    wanted, answers, words = GATES[gate]
    answers = {"managed_care": True, **answers}
    program = {"referral.program": wanted, "answers": answers, "member.county": "Alameda", "member.zip": "94601"}
    one_fact = {"referral.current_services": None} if "current_services" in answers else {}
    said = requests_of(made(one_fact | (program if wanted in {"ecm", "chw"} else for_service(wanted, answers))))
    assert f" {words}" in said
    assert "lease" in said
    assert f"- {words.removeprefix('The member ').capitalize()}" not in said


def test_every_gate_has_words_for_a_letter(catalog: Policy) -> None:
    """No shipped gate that can decide a letter is described to the plan in words meant for the member."""
    gates = {
        f"{one.id}.{part}": rule
        for one in catalog.entries
        for part, rule in rules_of(one).items()
        if part in GATE_PARTS
    }
    assert [name for name, gate in gates.items() if isinstance(gate, Gate) and not gate.letter] == []


def test_section_b_leaves_open_what_is_not_met(made: Make) -> None:
    """A point of the form that does not apply is an empty box, never a "no" against the member."""
    answers = {
        "facility_risk": False,
        "functional_deficit_no_support": True,
        "hcba_or_wpcs": False,
        "ihss_status": "applied",
    }
    said = requests_of(made(for_service("personal_care_homemaker", answers)))
    assert "at risk of having to live in a nursing facility" not in said
    assert "daily tasks hard for the member, with too little help from others? yes" in said
    assert "Waiver Personal Care Services? no" in said


def test_provider_whom_the_member_prefers_is_asked_for(made: Make) -> None:
    """A preferred ECM provider is named in the request for ECM, and in no other."""
    wish = {"referral.preferred_ecm_provider": "Example Care Partners"}
    assert "Preferred ECM provider: Example Care Partners" in requests_of(made(wish))
    assert "Example Care Partners" not in requests_of(made({**wish, "referral.program": "chw"}))


def test_hidden_masks_short_names_and_details() -> None:
    """A name of two or three letters is found in the referrer's own texts, as a word and in an e-mail address."""
    member = Member(first_name="Ann", last_name="Lee")
    referrer = Referrer(name="Bo Lee", email="ann.lee@example.org", address="2 Annex St", source_detail="Ann's aunt")
    masked = hidden(Case(member=member, referrer=replace(referrer, relationship="other"))).referrer
    assert (masked.name, masked.email, masked.source_detail) == (HIDDEN, HIDDEN, HIDDEN)
    assert masked.address == "2 Annex St"
