"""What is known of a member: how old answers are, which contradict each other, and what is said in two places."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.base.errors import Problem
from calaim_cli.case.case import Case, Member, Referral, read_case
from calaim_cli.decide.known import asked_by, contradicted_by, known_of, with_current_services
from calaim_cli.decide.screening import screener
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.questions import Answer, truths_of
from conftest import AS_OF, Run, WriteCase
from strategies import policy_answers, unhurried

COUNTED = {
    "ed_visits_6_months": 4,
    "released_within_12_months": True,
    "complex_need": True,
    "stays_6_months": "unknown",
}
BORN = {10: "2016-11-22", 60: "1966-11-22", 61: "1965-11-22", 9: "2016-11-23", 20: "2005-11-23", 21: "2005-11-22"}


def warned(catalog: Policy, case: Case) -> list[tuple[str, str]]:
    """Where and by which code the case is warned of when it is screened."""
    return [(one.where, one.code) for one in screener(catalog.subjects, catalog).screen(case, AS_OF).warnings]


@pytest.mark.parametrize(
    ("days", "codes"),
    [(0, []), (30, []), (31, ["answers-old"]), (400, ["answers-old"]), (-1, ["answered-on"])],
    ids=["today", "thirty days", "a day more", "over a year", "tomorrow"],
)
def test_old_answers_are_warned_of_once(catalog: Policy, days: int, codes: list[str]) -> None:
    """After 30 days, and not before, one warning tells that the answers are old; a day to come is no day for it."""
    case = Case(answers=COUNTED, answered_on=(AS_OF - timedelta(days)).isoformat())
    assert [code for _, code in warned(catalog, case)] == codes


def test_old_answers_that_look_back_are_named(catalog: Policy) -> None:
    """The warning says how old they are, and names those given ones alone that look back some months."""
    case = Case(answers=COUNTED, answered_on="2026-09-01")
    (told,) = screener(catalog.subjects, catalog).screen(case, AS_OF).warnings
    assert told.message.startswith("the answers are 82 days old")
    assert told.message.endswith(": ed_visits_6_months, released_within_12_months")


@pytest.mark.parametrize("answered", ["", " ", "2026-09-01"])
def test_nothing_is_said_where_nothing_was_answered(catalog: Policy, answered: str) -> None:
    """A case without a day is of any age, and one without answers has none that could be old."""
    assert warned(catalog, Case(answers={} if answered.strip() else COUNTED, answered_on=answered)) == []


@pytest.mark.parametrize("answered", ["soon", "2026-02-30", "9/1/26", "45000"])
def test_day_that_is_none_is_warned_of(catalog: Policy, answered: str) -> None:
    """A day that cannot be read is told, so that nobody takes old answers for new ones."""
    assert warned(catalog, Case(answers=COUNTED, answered_on=answered)) == [("answered_on", "answered-on")]


def test_every_window_in_a_name_is_in_the_data(catalog: Policy) -> None:
    """A question whose id tells how many months it looks back says the same in its `months`."""
    named = {one: int(one.split("_")[-2]) for one in catalog.questions if one.endswith("_months")}
    assert len(named) > 5
    assert {one: catalog.questions[one].months for one in named} == named


CONTRADICTING: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "ed_visits": ("", {"ed_visits_6_months": 4, "ed_visits_12_months": 3}, {"ed_visits_12_months": 4}),
    "stays": ("", {"stays_6_months": 1, "stays_12_months": 0}, {"stays_12_months": 1}),
    "too young": (BORN[9], {"pregnant_or_postpartum": True}, {"pregnant_or_postpartum": False}),
    "too old": (BORN[61], {"pregnant_or_postpartum": True}, {"pregnant_or_postpartum": False}),
    "icf": (
        "",
        {"excluded_programs": ["icf_resident"], "icf_or_subacute": False},
        {"icf_or_subacute": True},
    ),
    "foster care": (BORN[21], {"child_welfare": ["foster_care_now"]}, {"child_welfare": ["aged_out_of_foster_care"]}),
    "ccs": (BORN[21], {"ccs_enrolled": True}, {"ccs_enrolled": False}),
    "family maintenance": (BORN[20], {"child_welfare": ["family_maintenance_12_months"]}, {"child_welfare": ["none"]}),
    "facility": ("", {"nursing_facility_resident": True, "nursing_facility_days": 0}, {"nursing_facility_days": 1}),
    "reassessment": ("", {"ihss_approved": False, "ihss_status": "reassessment_pending"}, {"ihss_status": "applied"}),
    "most hours": ("", {"ihss_approved": False, "ihss_status": "at_maximum_hours"}, {"ihss_approved": True}),
    "ccm": ("", {"current_services": ["ccm"], "choose_one_programs": ["none"]}, {"current_services": ["chw"]}),
    "ccm elsewhere": (
        "",
        {"current_services": ["none"], "choose_one_programs": ["complex_care_management"]},
        {"current_services": ["ccm"]},
    ),
    "rent": ("", {"transitional_rent_authorized": True, "managed_care": False}, {"managed_care": True}),
}


@pytest.mark.parametrize(("born", "answers", "mended"), CONTRADICTING.values(), ids=CONTRADICTING)
def test_contradiction_names_both_questions_and_no_answer(
    catalog: Policy, born: str, answers: dict[str, Any], mended: dict[str, Any]
) -> None:
    """Two facts that cannot both hold are one warning with both questions; the other answer to one of them is none."""
    case = Case(member=Member(date_of_birth=born), answers=answers)
    (told,) = screener(catalog.subjects, catalog).screen(case, AS_OF).warnings
    asked = [*(["age"] if born else []), *answers]
    assert told.code == "answers-contradict"
    assert set(told.where.split(", ")) == {f"answers.{one}" for one in asked}
    assert all(catalog.questions[one].ask in told.message for one in asked)
    assert born not in told.message or not born
    assert warned(catalog, Case(member=case.member, answers=answers | mended)) == []


@pytest.mark.parametrize(("born", "answers"), [row[:2] for row in CONTRADICTING.values()], ids=CONTRADICTING)
def test_unknown_contradicts_nothing(catalog: Policy, born: str, answers: dict[str, Any]) -> None:
    """Whichever of the two is not known, or was not asked, nobody is told of a contradiction."""
    questions = [*answers] if len(answers) > 1 or not born else []
    for one, gone in product(questions, ("unknown", None)):
        fewer = {key: value for key, value in answers.items() if key != one} | ({} if gone is None else {one: gone})
        assert warned(catalog, Case(member=Member(date_of_birth=born), answers=fewer)) == []
    assert not born or warned(catalog, Case(answers=answers)) == []


@pytest.mark.parametrize("age", [10, 60])
def test_ages_at_the_edge_do_not_contradict_a_pregnancy(catalog: Policy, age: int) -> None:
    """At 10 and at 60 nothing is said of a pregnancy."""
    case = Case(member=Member(date_of_birth=BORN[age]), answers={"pregnant_or_postpartum": True})
    assert warned(catalog, case) == []


@unhurried
@given(data=st.data())
def test_contradiction_needs_its_two_answers_alone(catalog: Policy, data: st.DataObject) -> None:
    """Whatever else is answered, a contradiction is told exactly where its own two answers give it."""
    answers: dict[str, Answer] = data.draw(policy_answers(catalog))
    find, tell = contradicted_by(catalog), truths_of(catalog.criteria.values())
    apart: list[Problem] = []
    for one in catalog.programs_file.contradiction:
        own = {question: answers[question] for question in asked_by(one, catalog)}
        apart += find(own, tell(own))
    assert set(find(answers, tell(answers))) == set(apart)


def test_contradiction_infers_nothing(catalog: Policy) -> None:
    """The outcomes are those of the answers as they stand, and no answer is changed."""
    answers = {"ed_visits_6_months": 5, "ed_visits_12_months": 1, "age": 40, "visits_avoidable": True}
    screening = screener(catalog.subjects, catalog).screen(Case(answers=answers), AS_OF)
    assert screening.answers == answers
    assert screening.determinations["avoidable_utilization"].outcome == "likely"


def case_with(referred: tuple[str, ...], answered: object) -> Case:
    """A case that says in its referral, in its answers or in both what the member receives now."""
    answers = {} if answered is None else {"current_services": answered}
    return Case(referral=Referral(program="chw", current_services=referred), answers=answers)


BOTH = ("ecm", "community_supports")
SAID_ONCE: dict[str, tuple[tuple[str, ...], object, tuple[str, ...]]] = {
    "in the referral": (BOTH, None, BOTH),
    "in the answers": ((), [*BOTH], BOTH),
    "in both, in another order": (tuple(reversed(BOTH)), [*BOTH], BOTH),
    "not known there": (("none",), "unknown", ("none",)),
    "empty there": (("none",), [], ("none",)),
    "none": ((), ["none"], ("none",)),
}


@pytest.mark.parametrize(("referred", "answered", "known"), SAID_ONCE.values(), ids=SAID_ONCE)
def test_what_is_received_now_is_one_fact(
    catalog: Policy, referred: tuple[str, ...], answered: object, known: tuple[str, ...]
) -> None:
    """Said in the referral or in the answers, it is known in both, and `none` is as good an answer as any."""
    case = case_with(referred, answered)
    found = known_of(case, catalog.questions, AS_OF, "")
    assert (found.answers["current_services"], found.problems) == (known, ())
    assert set(with_current_services(case, catalog.questions).referral.current_services) == set(known)


@pytest.mark.parametrize(("referred", "answered"), [(("none",), ["ecm"]), (("ecm",), ["none"]), (BOTH, ["ecm"])])
@pytest.mark.parametrize("command", ["check", "refer", "interview"])
def test_two_things_said_of_one_fact_are_refused(
    run: Run, write_case: WriteCase, command: str, referred: tuple[str, ...], answered: list[str]
) -> None:
    """Where referral and answers differ nobody chooses for the user: exit 4 with both places."""
    case = write_case({"referral.current_services": [*referred], "answers.current_services": answered})
    ran = run(command, *(("--from", case, "--no-input") if command == "interview" else (case,)))
    assert (ran.code, ran.out) == (4, "")
    assert "referral.current_services, answers.current_services: says-two-things" in ran.err


def test_answer_alone_fills_the_letter(run: Run, write_case: WriteCase) -> None:
    """A referral needs no second word on what the member receives now where the answers have it."""
    said = run("refer", write_case({}))
    ran = run("refer", write_case({"referral.current_services": None, "answers.current_services": ["none"]}))
    assert (ran.code, ran.out) == (0, said.out)
    missing = run("refer", write_case({"referral.current_services": None, "answers.current_services": "unknown"}))
    assert (missing.code, "referral.current_services: missing" in missing.err) == (4, True)


def test_wrong_word_is_told_once(run: Run, write_case: WriteCase) -> None:
    """A service that there is not is a problem of the place where it stands, and of no other."""
    ran = run("refer", write_case({"referral.current_services": None, "answers.current_services": ["tea"]}))
    assert [line.split(": ")[:2] for line in ran.err.splitlines() if line.startswith("  ")] == [
        ["  referral.current_services", "missing"],
        ["  answers.current_services", "unknown-choice"],
    ]


def test_day_of_the_answers_is_of_the_case() -> None:
    """The day may be a date or a text at the top of a case; anything else is told by its key."""
    assert read_case({"answered_on": AS_OF})[0].answered_on == AS_OF.isoformat()
    assert read_case({"answered_on": "11/22/2026"})[0].answered_on == "11/22/2026"
    assert [(one.where, one.code) for one in read_case({"answered_on": 7})[1]] == [("answered_on", "type")]


def test_day_of_the_answers_is_in_no_letter(run: Run, write_case: WriteCase) -> None:
    """Old answers are the referrer's matter: the letter does not change by their day."""
    ran = run("refer", write_case({"answered_on": "2026-09-01", "answers.stays_6_months": 2}))
    assert "answers-old" in ran.err
    assert ran.out == run("refer", write_case({"answers.stays_6_months": 2})).out
