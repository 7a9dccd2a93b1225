"""One case against the policy: answers checked, age worked out, and the shipped policy at its boundaries."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from calaim_cli.case.case import Case, Member
from calaim_cli.decide.screening import screener
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Program, Subject
from calaim_cli.policy.questions import Criterion, Kind, Question
from calaim_cli.policy.rules import Rule
from conftest import AS_OF


@pytest.fixture(scope="module")
def invented(catalog: Policy) -> Policy:
    """A policy with one population, `grown`, for people of 30 or older who like tea."""
    age = Question(id="age", topic="t", kind=Kind.NUMBER, ask="Age?", help="Years.", unit="years", at_most=120)
    tea = Question(id="likes_tea", topic="t", kind=Kind.YES_NO, ask="Tea?", help="Or not.")
    thirty = Criterion(id="thirty", text="Is 30 or older", question="age", source=("S",), at_least=30)
    likes = Criterion(id="likes_tea", text="Likes tea", question="likes_tea", source=("S",))
    entry = Program(id="grown", name="Grown", summary="It helps.", who="Grown people.", source=("S",))
    rule = Rule(all_of=("thirty", "likes_tea"))
    return replace(
        catalog,
        programs_file=replace(catalog.programs_file, contradiction=()),
        questions={"age": age, "likes_tea": tea},
        criteria={"thirty": thirty, "likes_tea": likes},
        subjects=(Subject("ecm", entry, {"rule": rule}, population="grown"),),
    )


def screened(catalog: Policy, born: str, answers: dict[str, Any], as_of: date = AS_OF) -> dict[str, str]:
    """Every outcome of the policy for a case, by id; the case must be free of problems."""
    case = Case(member=Member(date_of_birth=born), answers=answers)
    screening = screener(catalog.subjects, catalog).screen(case, as_of)
    assert screening.problems == ()
    return {subject: str(decided.outcome) for subject, decided in screening.determinations.items()}


def test_problems_decide_nothing(invented: Policy) -> None:
    """With one bad answer nothing is decided, not even what does not depend on it."""
    screening = screener(invented.subjects, invented).screen(Case(answers={"age": 20, "likes_tea": "maybe"}), AS_OF)
    assert screening.determinations == {}
    assert [problem.where for problem in screening.problems] == ["answers.likes_tea"]


def test_only_what_was_asked_for_is_decided(invented: Policy) -> None:
    """A request for nothing decides nothing; a request for a population gives that population."""
    case = Case(answers={"age": 40, "likes_tea": True})
    assert screener((), invented).screen(case, AS_OF).determinations == {}
    assert list(screener(invented.subjects, invented).screen(case, AS_OF).determinations) == ["grown"]


@pytest.mark.parametrize(
    ("born", "outcome"),
    [
        pytest.param("1996-11-21", "likely", id="birthday-yesterday"),
        pytest.param("1996-11-22", "likely", id="birthday-today"),
        pytest.param("1996-11-23", "unlikely", id="birthday-tomorrow"),
        pytest.param("11/22/1996", "likely", id="written-the-american-way"),
        pytest.param("", "need-answers", id="not-given"),
    ],
)
def test_age_is_worked_out(invented: Policy, born: str, outcome: str) -> None:
    """The date of birth answers the age question, in completed years on the day of the screening."""
    assert screened(invented, born, {"likes_tea": True}) == {"grown": outcome}


def test_date_of_birth_wins_over_a_stated_age(invented: Policy) -> None:
    """An age that contradicts the date of birth is not used, and the user is told without either value."""
    case = Case(member=Member(date_of_birth="1996-11-22"), answers={"age": 29, "likes_tea": True})
    screening = screener(invented.subjects, invented).screen(case, AS_OF)
    assert screening.determinations["grown"].outcome == "likely"
    assert [(warning.where, warning.code) for warning in screening.warnings] == [("answers.age", "age-differs")]
    assert "29" not in repr(screening.warnings)
    assert "1996" not in repr(screening.warnings)


@pytest.mark.parametrize("age", [30, "unknown", None], ids=["agrees", "unknown", "absent"])
def test_an_age_that_does_not_contradict_is_no_matter(invented: Policy, age: object) -> None:
    """No warning bothers a user whose stated age agrees with the date of birth, or who stated none."""
    answers = {"likes_tea": True} | ({} if age is None else {"age": age})
    case = Case(member=Member(date_of_birth="1996-11-22"), answers=answers)
    screening = screener(invented.subjects, invented).screen(case, AS_OF)
    assert screening.determinations["grown"].outcome == "likely"
    assert screening.warnings == ()


CHILD_NUMBERS = {
    "visits_avoidable": True,
    "avoidable_use_risk": False,
    "ed_visits_12_months": 3,
    "stays_12_months": 0,
    "ed_visits_6_months": 0,
    "stays_6_months": 0,
}
AGED_OUT = {"child_welfare": ["aged_out_of_foster_care"], "adoption_assistance_disability": False}
RELEASED = {"released_within_12_months": True, "justice_condition": ["none"]}
ADOPTED = {"child_welfare": ["adoption_assistance"], "adoption_assistance_disability": False}
INTOXICATED = {"managed_care": True, "intoxicated_now": True, "would_go_to_ed_or_jail": True}


@pytest.mark.parametrize(
    ("subject", "answers", "birthday", "younger", "older"),
    [
        pytest.param("child_welfare", ADOPTED, 18, "likely", "unlikely", id="18-adoption-assistance"),
        pytest.param("sobering_centers", INTOXICATED, 18, "plan-discretion", "likely", id="18-sobering-centers"),
        pytest.param("avoidable_utilization", CHILD_NUMBERS, 21, "likely", "unlikely", id="21-visit-numbers"),
        pytest.param("incarceration", RELEASED | AGED_OUT, 26, "likely", "unlikely", id="26-former-foster-youth-freed"),
        pytest.param("incarceration", RELEASED | ADOPTED, 21, "likely", "unlikely", id="21-leaving-custody"),
        pytest.param("child_welfare", AGED_OUT, 26, "likely", "unlikely", id="26-former-foster-youth"),
    ],
)
@pytest.mark.parametrize(
    ("born", "as_of", "had_birthday"),
    [
        pytest.param((11, 22), (11, 21), False, id="day-before"),
        pytest.param((11, 22), (11, 22), True, id="on-the-day"),
        pytest.param((11, 22), (11, 23), True, id="day-after"),
        pytest.param((1, 1), (12, 31), True, id="born-at-new-year"),
        pytest.param((12, 31), (1, 1), False, id="born-at-years-end"),
    ],
)
def test_birthdays_decide(
    catalog: Policy,
    subject: str,
    answers: dict[str, Any],
    birthday: int,
    younger: str,
    older: str,
    born: tuple[int, int],
    as_of: tuple[int, int],
    had_birthday: bool,
) -> None:
    """The age limits of the shipped policy change on the birthday itself, not a day earlier or later."""
    date_of_birth = date(2026 - birthday, *born).isoformat()
    expected = older if had_birthday else younger
    assert screened(catalog, date_of_birth, answers, date(2026, *as_of))[subject] == expected


@pytest.mark.parametrize(
    ("subject", "answers", "born", "as_of", "outcome"),
    [
        pytest.param("avoidable_utilization", CHILD_NUMBERS, 2004, date(2025, 2, 28), "likely", id="21-day-before"),
        pytest.param(
            "avoidable_utilization", CHILD_NUMBERS, 2004, date(2025, 3, 1), "unlikely", id="21-first-of-march"
        ),
        pytest.param("child_welfare", AGED_OUT, 2000, date(2026, 2, 28), "likely", id="26-day-before"),
        pytest.param("child_welfare", AGED_OUT, 2000, date(2026, 3, 1), "unlikely", id="26-first-of-march"),
    ],
)
def test_born_on_29_february(
    catalog: Policy, subject: str, answers: dict[str, Any], born: int, as_of: date, outcome: str
) -> None:
    """Someone born on February 29 turns a year older on March 1 in years without that day."""
    assert screened(catalog, f"{born}-02-29", answers, as_of)[subject] == outcome


AVOIDABLE = CHILD_NUMBERS | {"ed_visits_12_months": 0}
CRISIS = {
    "smhs_dmc_criteria": True,
    "complex_social_factor": True,
    "high_risk_institution_overdose_suicide": False,
    "crisis_care_primary_source": False,
    "bh_ed_visits_12_months": 0,
    "bh_hospital_stays_12_months": 0,
}
FACILITY = {
    "managed_care": True,
    "snf_level_of_care": True,
    "willing_assisted_living": True,
    "safe_in_assisted_living": True,
    "wants_to_stay_in_community": False,
    "wants_to_return_home": True,
    "safe_at_home_with_supports": True,
    "community_transition_dollars_used": 0,
    "nursing_facility_days": 60,
}
HOMELESS = {
    "managed_care": True,
    "housing": ["shelter"],
    "leaving_care_setting": ["inpatient_hospital"],
    "ongoing_recovery_need": True,
    "needs_recovery_place": True,
    "smhs_dmc_criteria": True,
    "recent_transition": ["unsheltered"],
    "housing_support_plan": True,
}
AT_HOME = {
    "managed_care": True,
    "caregiver_dependent": True,
    "facility_risk": True,
    "asthma_poorly_controlled": ["act_score_19_or_less"],
    "asthma_trigger_assessment": True,
}
ADULT, TEEN = "1980-03-04", "2012-03-04"
LEFT_OVER = ("likely", "plan-discretion")
REACHED = ("unlikely", "likely")


NUMBERS = [
    ("avoidable_utilization", ADULT, AVOIDABLE, "ed_visits_6_months", 5, REACHED),
    ("avoidable_utilization", ADULT, AVOIDABLE, "stays_6_months", 3, REACHED),
    ("avoidable_utilization", TEEN, AVOIDABLE, "ed_visits_12_months", 3, REACHED),
    ("avoidable_utilization", TEEN, AVOIDABLE, "stays_12_months", 2, REACHED),
    ("smi_sud", ADULT, CRISIS, "bh_ed_visits_12_months", 2, REACHED),
    ("smi_sud", ADULT, CRISIS, "bh_hospital_stays_12_months", 2, REACHED),
    ("assisted_living_transitions", ADULT, FACILITY, "nursing_facility_days", 60, REACHED),
    ("community_home_transition", ADULT, FACILITY, "nursing_facility_days", 60, REACHED),
    ("community_home_transition", ADULT, FACILITY, "community_transition_dollars_used", 7500, LEFT_OVER),
    ("short_term_post_hospitalization_housing", ADULT, HOMELESS, "room_and_board_months_used", 6, LEFT_OVER),
    ("recuperative_care", ADULT, HOMELESS, "room_and_board_months_used", 6, LEFT_OVER),
    ("transitional_rent", ADULT, HOMELESS, "room_and_board_months_used", 6, LEFT_OVER),
    ("respite", ADULT, AT_HOME, "respite_hours_used", 336, LEFT_OVER),
    ("home_modifications", ADULT, AT_HOME, "home_modification_dollars_used", 7500, LEFT_OVER),
    ("asthma_remediation", ADULT, AT_HOME, "asthma_dollars_used", 7500, LEFT_OVER),
]


@pytest.mark.parametrize(
    ("subject", "born", "answers", "question", "first_beyond", "outcomes"),
    NUMBERS,
    ids=[f"{row[0]}-{row[3]}-{row[4]}" for row in NUMBERS],
)
def test_numbers_decide(
    catalog: Policy,
    subject: str,
    born: str,
    answers: dict[str, Any],
    question: str,
    first_beyond: int,
    outcomes: tuple[str, str],
) -> None:
    """Each number of the shipped policy decides exactly where the sources draw the line."""
    numbers = (first_beyond - 1, first_beyond)
    assert tuple(screened(catalog, born, answers | {question: number})[subject] for number in numbers) == outcomes
