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

from calaim_cli.base.errors import InputError
from calaim_cli.case.case import LeadEntity, Member, Profile, SecureEmail, read_case
from calaim_cli.draft.body import HIDDEN, NOT_GIVEN, WIDTH, answer_words, hidden, reads_left_to_right, us_date, wrapped
from calaim_cli.draft.draft import Drafted, Drafter
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.questions import NONE_OF_THESE, Kind, Question
from conftest import AS_OF, COMPLETE, changed

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
    """An intake nurse finds each part where the plan's form has it, in every draft."""
    found = titles(made(WHOLE).draft.body)
    assert len(found) == len(SECTIONS)
    assert all(title.startswith(wanted.split(",")[0]) for title, wanted in zip(found, SECTIONS, strict=True))


def test_sections_that_hold_nothing_are_left_out(made: Make) -> None:
    """Without notes and Part 2 information those two sections are not there, and the others do not move."""
    found = titles(made().draft.body)
    assert found == [title for title in titles(made(WHOLE).draft.body) if not title.startswith(("NOTES", "CONF"))]


def assert_fits(body: str) -> None:
    """Lines of at most 72 columns, except for a single word that is longer; no white space at an end."""
    for line in body.splitlines():
        assert line == line.rstrip()
        assert len(line) <= WIDTH or " " not in line.strip(), line


@pytest.mark.parametrize("program", ["ecm", "chw"])
def test_lines_fit_a_window(made: Make, program: str) -> None:
    """No line is wider than 72 columns, so no mail client breaks one in an odd place."""
    assert_fits(made({**WHOLE, "referral.program": program, "answers": {"managed_care": True}}).draft.body)


def test_lines_of_every_service_fit(catalog: Policy, made: Make) -> None:
    """Nor in a draft for any of the Community Supports, with nothing known and with everything known."""
    for service in catalog.programs_file.service:
        if service.id != "sobering_centers":
            for answers in ({}, everything(catalog)):
                assert_fits(made({**WHOLE, **for_service(service.id, answers)}).draft.body)


@given(
    st.lists(st.text("abc ü王", min_size=1, max_size=60).filter(str.strip), min_size=2, max_size=4),
    st.text(st.characters(codec="utf-8"), max_size=300),
)
def test_long_values_wrap_and_lose_nothing(made: Make, texts: list[str], note: str) -> None:
    """A long address is wrapped between words and a long word stays whole: nothing is cut."""
    values = {"member.address": " ".join(texts)[:200], "referrer.organization": texts[0], "referral.notes": note}
    try:
        body = made(values).draft.body
    except InputError:
        return
    words = set(body.split())
    assert all(set(text.split()) <= words for text in (values["member.address"], texts[0]))
    assert_fits(body)


def test_words_are_never_cut() -> None:
    """An address or link that is longer than a line stays in one piece, so it can be copied."""
    link = "https://example.org/" + "x" * 100
    assert wrapped(f"see {link} there", "  - ") == ("  - see", f"    {link}", "    there")


@given(st.text(st.sampled_from("ab \t\n-\u00a0é"), max_size=90), st.sampled_from(("", "  - ")))
def test_short_text_is_a_line_as_it_is(text: str, lead: str) -> None:
    """A text that fits on its line is not touched, just as the library that breaks lines would leave it."""
    broken = textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False)
    if max(map(len, text.split()), default=0) < WIDTH - len(lead):
        assert wrapped(text, lead) == (tuple(broken) or ("",))


RIGHT_TO_LEFT = {
    "member.first_name": "First name:",
    "member.middle_name": "Middle name or initial:",
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
    """A value that reads from right to left never shares a line with its label: the two would swap places."""
    lines = made({where: value}).draft.body.splitlines()
    assert lines[lines.index(RIGHT_TO_LEFT[where]) + 1] == value


def test_left_to_right_value_stays_beside_its_label(made: Make) -> None:
    """Other letters do not change the shape of the form."""
    assert "First name: Trần" in made({"member.first_name": "Trần"}).draft.body.splitlines()


def test_hidden_masks_what_is_given() -> None:
    """Every text that tells who the member is is masked, and a gap stays a gap; her plan is where it goes."""
    texts = [name for name in Member.__struct_fields__ if name not in {"plan", "kp_member"}]
    masked = hidden(Member(**dict.fromkeys(texts, "canary"), plan="kp", kp_member=True))
    assert {getattr(masked, name) for name in texts} == {HIDDEN}
    assert (masked.plan, masked.kp_member) == ("kp", True)
    assert hidden(Member()) == Member()


def test_redacted_body_shows_the_shape_and_nothing_of_the_member(catalog: Policy, made: Make) -> None:
    """A preview for others has the same lines with the member's values and the notes masked."""
    result = made(WHOLE)
    redacted = Drafter(catalog, Profile(), AS_OF).redacted
    shown = redacted(result)
    member = changed(COMPLETE, WHOLE)["member"]
    for value in (*(one for one in member.values() if isinstance(one, str)), "03/04/1980", "(415) 555-0123", "Xnote"):
        assert value not in shown, value
    assert titles(shown) == titles(result.draft.body)
    assert "Referrer's name: Pat Example" in shown.splitlines()
    assert f"Middle name or initial: {NOT_GIVEN}" in redacted(made()).splitlines()


def test_redacted_body_is_never_sent(made: Make) -> None:
    """The mask is for the preview: the draft has the values."""
    assert HIDDEN not in made(WHOLE).draft.body


def everything(catalog: Policy) -> dict[str, Any]:
    """An answer to every question: yes, a number, each choice but "none of these"."""

    def answer(question: Question) -> bool | int | str | list[str]:
        if question.kind is Kind.YES_NO:
            return True
        if question.kind is Kind.NUMBER:
            return min(3, question.at_most or 3)
        chosen = [choice for choice in question.choices if choice != NONE_OF_THESE]
        return chosen if question.kind is Kind.CHOICES else chosen[0]

    return {name: answer(question) for name, question in catalog.questions.items() if name != "age"}


def test_form_part_stands_only_where_the_form_has_one(catalog: Policy, made: Make) -> None:
    """The questions of the form's section B are repeated for the services that have a part there, and no other."""
    for service in catalog.programs_file.service:
        if service.id != "sobering_centers":
            body = made(for_service(service.id, everything(catalog))).draft.body
            assert (f"Section B, part {service.form_part} of" in body) is bool(service.form_part), service.id
            assert ("the plan's form" in body) is bool(service.form_part), service.id


def test_form_part_gives_answers_in_words(made: Make) -> None:
    """What the case answers stands there as a person would say it; what the form asks besides is named, not filled."""
    answers = {"nursing_facility_days": 90, "willing_assisted_living": True, "safe_in_assisted_living": "unknown"}
    body = " ".join(made(for_service("assisted_living_transitions", answers)).draft.body.split())
    assert "in a nursing facility or Recuperative Care? 90 days" in body
    assert "willing to live in an assisted living facility? yes" in body
    assert "Asked in part 2 of the plan's form, and still to follow: - time-limited transition" in body
    assert "unknown" not in body
    ihss = " ".join(made(for_service("personal_care_homemaker", {"ihss_status": "applied"})).draft.body.split())
    assert "Has applied and is waiting" in ihss


def test_half_known_list_says_so(catalog: Policy) -> None:
    """The reader of a letter learns that only a part of a list is known, never that the rest is no."""
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
    """Whatever is answered, a draft has the plan's combined words and says nothing of substance use by itself."""
    answers = everything(catalog) if known else {}
    wanted: list[dict[str, Any]] = [{"referral.program": program, "answers": answers} for program in ("ecm", "chw")]
    wanted += [for_service(one.id, answers) for one in catalog.programs_file.service if one.id != "sobering_centers"]
    for changes in wanted:
        body = " ".join(made(changes).draft.body.split())
        assert not SUBSTANCE_USE.search(COMBINED.sub("", body)), changes


def test_sources_are_spelled_out_once(made: Make) -> None:
    """Each short name of a source behind a criterion is explained below, with its date, and no other is."""
    body = made().draft.body
    cited = {tag for group in re.findall(r"\(([A-Z][^()]*)\)", body) for tag in re.findall(r"\b[A-Z]+[0-9]+\b", group)}
    explained = re.findall(r"^([A-Z]+[0-9]*): .*\d{4}", body, re.MULTILINE)
    assert cited
    assert sorted(explained) == sorted(cited)


def test_tag_of_the_users_mail_gateway_is_the_first_line(made: Make) -> None:
    """With a tag in the body, the rest of the draft and its subject are as without."""
    tagged, usual = made(None, SecureEmail(secure_tag="body", text="[secure]")).draft, made().draft
    assert tagged.body == f"[secure]\n{usual.body}"
    assert (tagged.subject, tagged.to, tagged.extra) == (usual.subject, usual.to, None)


def test_tag_in_a_header_leaves_the_body_alone(made: Make) -> None:
    """With a tag in a header, only that header is added."""
    tagged = made(None, SecureEmail(secure_tag="header", text="yes", header="X-Secure")).draft
    assert (tagged.body, tagged.extra) == (made().draft.body, ("X-Secure", "yes"))


def test_us_date_has_two_digits() -> None:
    """A day is written as the plan's form wants it."""
    assert us_date(AS_OF.replace(month=1, day=2)) == "01/02/2026"


def test_every_right_to_left_letter_is_in_the_blocks_looked_at() -> None:
    """No script that reads from right to left is missed by the quick look: every letter of Unicode is tried."""
    letters = [chr(n) for n in range(0x110000) if unicodedata.bidirectional(chr(n)) in {"R", "AL"}]
    assert len(letters) > 1000
    assert [hex(ord(one)) for one in letters if reads_left_to_right(one)] == []
