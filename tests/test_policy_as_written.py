"""The rules of the sources, written down a second time: the shipped policy has to decide the same.

Nothing here looks at the data files' rules, nor at the code that reads them, so that a slip in either shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.decide.determination import decider
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Subject, subject_id
from calaim_cli.policy.questions import Answer, truths_of
from calaim_cli.policy.rules import criteria_of
from strategies import policy_answers, telling_values, unhurried

Answers = Mapping[str, Answer]
Written = dict[str, Callable[[Answers], object]]


def has(answers: Answers, question: str, *choices: str) -> bool:
    """Whether any of the choices was made."""
    chosen = answers[question]
    return isinstance(chosen, tuple) and any(choice in chosen for choice in choices)


def any_of(answers: Answers, question: str) -> bool:
    """Whether any choice but `none` was made."""
    return answers[question] not in ("none", ("none",))


def number(answers: Answers, question: str) -> int:
    """The number given."""
    given = answers[question]
    assert isinstance(given, int)
    return given


def adult(a: Answers) -> bool:
    """21 or older."""
    return number(a, "age") >= 21


def homeless(a: Answers) -> bool:
    """Homeless by the definition for adults."""
    return has(
        a,
        "housing",
        "no_fixed_residence",
        "place_not_for_sleeping",
        "shelter",
        "leaving_institution",
        "losing_housing_30_days",
        "fleeing_violence",
    )


def child_homeless(a: Answers) -> bool:
    """Homeless by the wider definition for children, youth and families."""
    return homeless(a) or has(a, "housing", "doubled_up", "motel_or_campground", "stranded_in_hospital")


def homeless_or_at_risk(a: Answers) -> bool:
    """What most housing services ask for."""
    return homeless(a) or bool(a["at_risk_of_homelessness"])


def housed_by_others(a: Answers) -> bool:
    """What opens the first three housing services by itself."""
    return bool(a["coordinated_entry_priority"] or a["transitional_rent_authorized"])


def homelessness(a: Answers) -> object:
    """G26 p.11-14."""
    family = not adult(a) or a["family_member_under_21"]
    needs = a["complex_need"] or a["pregnant_or_postpartum"]
    return a["transitional_rent_authorized"] or (adult(a) and homeless(a) and needs) or (family and child_homeless(a))


def avoidable_utilization(a: Answers) -> object:
    """G26 p.19-21."""
    if adult(a):
        often = number(a, "ed_visits_6_months") >= 5 or number(a, "stays_6_months") >= 3
    else:
        often = number(a, "ed_visits_12_months") >= 3 or number(a, "stays_12_months") >= 2
    return a["visits_avoidable"] and often


def smi_sud(a: Answers) -> object:
    """G26 p.24-25."""
    crisis = (
        a["high_risk_institution_overdose_suicide"]
        or a["crisis_care_primary_source"]
        or number(a, "bh_ed_visits_12_months") >= 2
        or number(a, "bh_hospital_stays_12_months") >= 2
    )
    return a["smhs_dmc_criteria"] and (not adult(a) or (a["complex_social_factor"] and crisis))


def incarceration(a: Answers) -> object:
    """G26 p.32."""
    foster_youth = number(a, "age") <= 25 and has(a, "child_welfare", "aged_out_of_foster_care")
    return a["released_within_12_months"] and (not adult(a) or foster_youth or any_of(a, "justice_condition"))


def ltc_risk(a: Answers) -> object:
    """G26 p.33-35."""
    skilled = a["snf_level_of_care"] or a["lower_acuity_skilled_need"]
    elsewhere = a["icf_or_subacute"] or a["nursing_facility_resident"]
    return adult(a) and skilled and a["ltc_social_factor"] and a["can_live_in_community"] and not elsewhere


def nursing_facility_transition(a: Answers) -> object:
    """G26 p.37-38."""
    ready = a["wants_to_leave_facility"] and a["likely_to_succeed_in_community"] and a["can_live_in_community"]
    return adult(a) and a["nursing_facility_resident"] and ready and not a["icf_or_subacute"]


def child_welfare(a: Answers) -> object:
    """G26 p.46-47."""
    age = number(a, "age")
    in_care = has(a, "child_welfare", "foster_care_now", "foster_care_last_12_months")
    adopted = has(a, "child_welfare", "adoption_assistance")
    return (
        (age <= 20 and in_care)
        or (age <= 25 and has(a, "child_welfare", "aged_out_of_foster_care"))
        or (adopted and (age <= 17 or (age <= 20 and a["adoption_assistance_disability"])))
        or (age <= 17 and has(a, "child_welfare", "family_maintenance_12_months"))
    )


RULES: Written = {
    "homelessness": homelessness,
    "avoidable_utilization": avoidable_utilization,
    "smi_sud": smi_sud,
    "incarceration": incarceration,
    "ltc_risk": ltc_risk,
    "nursing_facility_transition": nursing_facility_transition,
    "ccs": lambda a: not adult(a) and a["ccs_enrolled"] and a["complex_social_factor"],
    "child_welfare": child_welfare,
    "birth_equity": lambda a: a["pregnant_or_postpartum"] and a["birth_equity_group"],
    "chw": lambda a: any_of(a, "chw_triggers"),
    "housing_transition_navigation": lambda a: (
        housed_by_others(a) or (homeless_or_at_risk(a) and a["serious_health_condition"])
    ),
    "housing_deposits": lambda a: housed_by_others(a) or (homeless(a) and a["serious_health_condition"]),
    "housing_tenancy_sustaining": lambda a: (
        housed_by_others(a)
        or ((homeless_or_at_risk(a) or a["housed_last_24_months"]) and a["serious_health_condition"])
    ),
    "short_term_post_hospitalization_housing": lambda a: (
        any_of(a, "leaving_care_setting") and homeless_or_at_risk(a) and a["ongoing_recovery_need"]
    ),
    "recuperative_care": lambda a: a["needs_recovery_place"] and homeless_or_at_risk(a),
    "day_habilitation": lambda a: homeless_or_at_risk(a) or a["housed_last_24_months"] or a["facility_risk"],
    "respite": lambda a: a["caregiver_dependent"] or any_of(a, "respite_child_group"),
    "assisted_living_transitions": lambda a: (
        a["willing_assisted_living"]
        and a["safe_in_assisted_living"]
        and (number(a, "nursing_facility_days") >= 60 or (a["snf_level_of_care"] and a["wants_to_stay_in_community"]))
    ),
    "community_home_transition": lambda a: (
        a["snf_level_of_care"]
        and number(a, "nursing_facility_days") >= 60
        and a["wants_to_return_home"]
        and a["safe_at_home_with_supports"]
    ),
    "personal_care_homemaker": lambda a: (
        a["facility_risk"] or a["hospital_risk"] or a["functional_deficit_no_support"] or a["ihss_approved"]
    ),
    "home_modifications": lambda a: a["facility_risk"],
    "medically_tailored_meals": lambda a: a["nutrition_sensitive_condition"] or a["post_discharge_nutrition_risk"],
    "asthma_remediation": lambda a: any_of(a, "asthma_poorly_controlled"),
    "sobering_centers": lambda a: a["intoxicated_now"] and a["would_go_to_ed_or_jail"],
    "transitional_rent": lambda a: a["smhs_dmc_criteria"] and homeless_or_at_risk(a) and any_of(a, "recent_transition"),
}
POPULATIONS = tuple(RULES)[:9]
RULES["ecm"] = lambda a: any(RULES[population](a) for population in POPULATIONS)


def never(_: Answers) -> bool:
    """What a part that the sources do not speak of means, where it would stand in the way."""
    return False


def always(_: Answers) -> bool:
    """What a part that the sources do not speak of means, where it would have to be met."""
    return True


DISCRETION: Written = {
    "ecm": lambda a: a["avoidable_use_risk"],
    "avoidable_utilization": lambda a: a["avoidable_use_risk"],
}
EXCLUDED: Written = {
    "ecm": lambda a: any_of(a, "excluded_programs") or not a["managed_care"],
    "personal_care_homemaker": lambda a: a["hcba_or_wpcs"] or not a["managed_care"],
    "medically_tailored_meals": lambda a: a["meals_paid_elsewhere"] or not a["managed_care"],
}
CHOOSE_ONE: Written = {
    "ecm": lambda a: any_of(a, "choose_one_programs"),
    "chw": lambda a: has(a, "current_services", "ecm"),
}
FIRST: Written = {
    "housing_tenancy_sustaining": lambda a: a["is_tenant"],
    "personal_care_homemaker": lambda a: any_of(a, "ihss_status"),
    "asthma_remediation": lambda a: a["asthma_trigger_assessment"],
    "transitional_rent": lambda a: a["housing_support_plan"],
}
LIMIT: Written = {
    "housing_deposits": lambda a: not a["housing_deposit_used"],
    "short_term_post_hospitalization_housing": lambda a: number(a, "room_and_board_months_used") < 6,
    "recuperative_care": lambda a: number(a, "room_and_board_months_used") < 6,
    "transitional_rent": lambda a: number(a, "room_and_board_months_used") < 6,
    "respite": lambda a: number(a, "respite_hours_used") < 336,
    "community_home_transition": lambda a: number(a, "community_transition_dollars_used") < 7500,
    "home_modifications": lambda a: number(a, "home_modification_dollars_used") < 7500,
    "asthma_remediation": lambda a: number(a, "asthma_dollars_used") < 7500,
    "sobering_centers": lambda a: number(a, "age") >= 18,
}


def excluded(subject: Subject, a: Answers) -> object:
    """What stands against it: its own exclusions, and for a service no managed care."""
    if subject.service and subject.service not in EXCLUDED:
        return not a["managed_care"]
    return EXCLUDED.get(subject_id(subject), never)(a)


def expected(subject: Subject, a: Answers) -> str:
    """The outcome by the sources, every answer known."""
    one = subject_id(subject)
    fits = RULES[one](a)
    if (not fits and not DISCRETION.get(one, never)(a)) or excluded(subject, a):
        return "unlikely"
    if CHOOSE_ONE.get(one, never)(a):
        return "choose-one"
    if not FIRST.get(one, always)(a):
        return "not-yet"
    return "likely" if fits and LIMIT.get(one, always)(a) else "plan-discretion"


def combinations(subject: Subject, catalog: Policy) -> Iterator[dict[str, Answer]]:
    """Every combination of the answers that make a difference to the subject."""
    used = {criterion for rule in subject.parts.values() for criterion in criteria_of(rule)}
    criteria = [catalog.criteria[criterion] for criterion in sorted(used)]
    asked = catalog.questions_of(used)
    values = (telling_values(catalog.questions[question], criteria) for question in asked)
    return (dict(zip(asked, way, strict=True)) for way in product(*values))


@pytest.mark.parametrize("one", [one for one in RULES if one != "ecm"])
def test_every_combination_of_answers_follows_the_sources(catalog: Policy, one: str) -> None:
    """Each population and service decides as its source says, for every combination of answers that matters."""
    [subject] = [subject for subject in catalog.subjects if subject_id(subject) == one]
    decide, tell = decider(subject), truths_of(catalog.criteria.values())
    for answers in combinations(subject, catalog):
        assert decide(tell(answers)).outcome == expected(subject, answers), answers


@unhurried
@given(data=st.data())
def test_whole_interviews_follow_the_sources(catalog: Policy, data: st.DataObject) -> None:
    """With every question answered, ECM and everything decided with it come out as the sources say."""
    answers = data.draw(policy_answers(catalog))
    told = truths_of(catalog.criteria.values())(answers)
    for subject in catalog.subjects:
        assert decider(subject)(told).outcome == expected(subject, answers), subject_id(subject)
