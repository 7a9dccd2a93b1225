"""Simulated people with an answer to every question of the shipped policy."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from calaim_cli.decide.criteria import telling_answers
from calaim_cli.policy import load
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.questions import DONT_KNOW, NONE_OF_THESE, Answer, Kind, Question

Answers = dict[str, Answer]

# Who calls, as a few facts each; whatever a vignette does not say is "no", "none of these" or zero.
VIGNETTES: dict[str, Answers] = {
    "nothing special": {"age": 44},
    "healthy child": {"age": 8},
    "homeless adult with a complex need": {
        "age": 47,
        "housing": ("place_not_for_sleeping",),
        "complex_need": True,
        "serious_health_condition": True,
        "chw_triggers": ("social_need", "chronic_condition"),
        "recent_transition": ("unsheltered",),
    },
    "family in a motel": {
        "age": 33,
        "housing": ("motel_or_campground",),
        "family_member_under_21": True,
        "at_risk_of_homelessness": True,
        "chw_triggers": ("social_need",),
    },
    "runaway teen": {
        "age": 16,
        "housing": ("doubled_up",),
        "smhs_dmc_criteria": True,
        "chw_triggers": ("social_need",),
    },
    "child in foster care": {
        "age": 9,
        "child_welfare": ("foster_care_now",),
        "smhs_dmc_criteria": True,
        "respite_child_group": ("foster_care",),
        "chw_triggers": ("ace_event",),
    },
    "former foster youth out of jail": {
        "age": 23,
        "child_welfare": ("aged_out_of_foster_care",),
        "released_within_12_months": True,
        "at_risk_of_homelessness": True,
        "recent_transition": ("leaving_jail_or_prison",),
    },
    "adopted youth with a disability": {
        "age": 19,
        "child_welfare": ("adoption_assistance",),
        "adoption_assistance_disability": True,
    },
    "stroke, at home with a daughter": {
        "age": 71,
        "snf_level_of_care": True,
        "ltc_social_factor": True,
        "can_live_in_community": True,
        "wants_to_stay_in_community": True,
        "willing_assisted_living": True,
        "safe_in_assisted_living": True,
        "facility_risk": True,
        "hospital_risk": True,
        "caregiver_dependent": True,
        "functional_deficit_no_support": True,
        "ihss_status": "applied",
        "nutrition_sensitive_condition": True,
        "chw_triggers": ("chronic_condition", "inpatient_6_months"),
    },
    "nursing facility resident who wants home": {
        "age": 66,
        "nursing_facility_resident": True,
        "snf_level_of_care": True,
        "wants_to_leave_facility": True,
        "likely_to_succeed_in_community": True,
        "can_live_in_community": True,
        "nursing_facility_days": 90,
        "wants_to_return_home": True,
        "safe_at_home_with_supports": True,
        "leaving_care_setting": ("nursing_facility",),
        "chw_triggers": ("chronic_condition",),
    },
    "out of jail with hepatitis": {
        "age": 38,
        "released_within_12_months": True,
        "justice_condition": ("chronic_condition", "sud"),
        "smhs_dmc_criteria": True,
        "at_risk_of_homelessness": True,
        "serious_health_condition": True,
        "recent_transition": ("leaving_jail_or_prison",),
        "leaving_care_setting": ("jail_or_prison",),
        "chw_triggers": ("chronic_condition", "known_risk"),
    },
    "pregnant, of a group at risk": {
        "age": 27,
        "pregnant_or_postpartum": True,
        "birth_equity_group": True,
        "chw_triggers": ("needs_preventive_services",),
        "nutrition_sensitive_condition": True,
    },
    "pregnant and in a car": {
        "age": 24,
        "pregnant_or_postpartum": True,
        "housing": ("place_not_for_sleeping",),
        "recent_transition": ("unsheltered",),
        "chw_triggers": ("social_need",),
    },
    "child with asthma": {
        "age": 7,
        "asthma_poorly_controlled": ("ed_visit_12_months", "act_score_19_or_less"),
        "asthma_trigger_assessment": True,
        "ed_visits_12_months": 2,
        "chw_triggers": ("chronic_condition", "ed_visit_6_months"),
    },
    "adult with asthma, no home visit yet": {
        "age": 52,
        "asthma_poorly_controlled": ("hospital_stay_12_months",),
        "stays_12_months": 1,
        "stays_6_months": 1,
        "chw_triggers": ("chronic_condition", "inpatient_6_months"),
    },
    "seven emergency visits": {
        "age": 58,
        "ed_visits_6_months": 7,
        "ed_visits_12_months": 11,
        "visits_avoidable": True,
        "avoidable_use_risk": True,
        "chw_triggers": ("chronic_condition", "ed_visit_6_months"),
    },
    "two overdoses": {
        "age": 31,
        "smhs_dmc_criteria": True,
        "complex_social_factor": True,
        "high_risk_institution_overdose_suicide": True,
        "bh_ed_visits_12_months": 2,
        "ed_visits_6_months": 2,
        "ed_visits_12_months": 2,
        "housing": ("shelter",),
        "serious_health_condition": True,
        "recent_transition": ("unsheltered",),
        "chw_triggers": ("known_risk", "detox_12_months"),
    },
    "child in CCS with a family in need": {
        "age": 5,
        "ccs_enrolled": True,
        "complex_social_factor": True,
        "respite_child_group": ("ccs",),
        "hospital_risk": True,
        "chw_triggers": ("chronic_condition", "social_need"),
    },
    "in the plan's Complex Care Management": {
        "age": 62,
        "choose_one_programs": ("complex_care_management",),
        "current_services": ("ccm",),
        "ed_visits_6_months": 6,
        "ed_visits_12_months": 8,
        "visits_avoidable": True,
        "chw_triggers": ("chronic_condition",),
    },
    "in hospice": {"age": 83, "excluded_programs": ("hospice",), "hospital_risk": True, "caregiver_dependent": True},
    "fee-for-service only": {"age": 40, "managed_care": False, "chw_triggers": ("wants_navigation_help",)},
    "newly housed": {
        "age": 49,
        "is_tenant": True,
        "housed_last_24_months": True,
        "serious_health_condition": True,
        "current_services": ("ecm", "community_supports"),
        "chw_triggers": ("chronic_condition",),
    },
    "hospital wants to discharge to the street": {
        "age": 55,
        "housing": ("leaving_institution", "no_fixed_residence"),
        "complex_need": True,
        "serious_health_condition": True,
        "leaving_care_setting": ("inpatient_hospital",),
        "ongoing_recovery_need": True,
        "needs_recovery_place": True,
        "post_discharge_nutrition_risk": True,
        "recent_transition": ("leaving_institution",),
        "chw_triggers": ("inpatient_6_months", "social_need"),
    },
    "help at home is not enough": {
        "age": 77,
        "facility_risk": True,
        "functional_deficit_no_support": True,
        "ihss_approved": True,
        "ihss_status": "at_maximum_hours",
        "nutrition_sensitive_condition": True,
        "chw_triggers": ("chronic_condition",),
    },
}
CHANCES = 3
"""How many replies of a vignette are drawn anew, so that no two are alike."""


class Person(NamedTuple):
    """Somebody with a reply to every question; `vignette` is empty for those drawn at random throughout."""

    vignette: str
    answers: Answers


@cache
def policy() -> Policy:
    """The shipped policy."""
    return load.load()


def people(count: int, seed: int = 2026, dont_know: float = 0.0) -> Iterator[Person]:
    """So many invented people, a third of them vignettes; of their replies, the given share is "don't know"."""
    chance = random.Random(seed)  # noqa: S311 nothing secret is drawn
    vignettes = list(VIGNETTES)
    for number in range(count):
        if number % 3:
            name, answers = "", {one.id: drawn(one, chance) for one in policy().questions.values()}
        else:
            name = vignettes[number // 3 % len(vignettes)]
            again = chance.sample(sorted(policy().questions), CHANCES)
            answers = whole(name) | {one: drawn(policy().questions[one], chance) for one in again}
        unknown = {question: DONT_KNOW for question in answers if dont_know and chance.random() < dont_know}
        yield Person(name, answers | unknown)


def whole(vignette: str) -> Answers:
    """A vignette with the replies that it does not mention."""
    quiet = {one.id: _quiet(one) for one in policy().questions.values()}
    return quiet | {"managed_care": True} | VIGNETTES[vignette]


def _quiet(question: Question) -> Answer:
    nothing: dict[Kind, Answer] = {
        Kind.YES_NO: False,
        Kind.NUMBER: 0,
        Kind.CHOICE: NONE_OF_THESE,
        Kind.CHOICES: (NONE_OF_THESE,),
    }
    return nothing[question.kind]


def drawn(question: Question, chance: random.Random) -> Answer:
    """A reply as common as the question's `likely` says; ages are those of members, three in ten under 21."""
    if question.id == "age":
        return chance.randint(0, 20) if chance.random() < 0.3 else chance.randint(21, 90)
    if chance.random() >= question.likely:
        return _quiet(question)
    if question.kind is Kind.YES_NO:
        return True
    if question.kind is Kind.NUMBER:
        tests = [one for one in policy().criteria.values() if one.question == question.id]
        return chance.choice([answer for answer in telling_answers(question, tests) if answer])
    choices = [choice for choice in question.choices if choice != NONE_OF_THESE]
    if question.kind is Kind.CHOICE:
        return chance.choice(choices)
    some = chance.sample(choices, min(len(choices), chance.choice((1, 1, 1, 2, 3))))
    return tuple(choice for choice in choices if choice in some)


def percentile(counts: list[int], share: int) -> int:
    """The smallest count that at least `share` percent of the people stay within; 50 is the median."""
    ordered = sorted(counts)
    return ordered[max(0, -(-share * len(ordered) // 100) - 1)]
