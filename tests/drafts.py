"""Invented referrals whose drafts are kept in `golden/` and looked at by a person whenever they change."""

from __future__ import annotations

from typing import Any, Final

from calaim_cli.case.case import LeadEntity, Profile, Referrer, SecureEmail, read_case
from calaim_cli.draft.draft import Drafter
from calaim_cli.draft.message import eml
from calaim_cli.draft.route import Destination
from calaim_cli.policy.policy import Policy
from conftest import AS_OF, COMPLETE, changed

PLAN: Final[dict[str, Any]] = {"managed_care": True, "excluded_programs": ["none"], "choose_one_programs": ["none"]}
SOUTH: Final = {"member.county": "San Diego", "member.city": "San Diego", "member.zip": "92101"}
WHOLE: Final = {
    "member.first_name": "Fatima",
    "member.middle_name": "A",
    "member.last_name": "Trần",
    "member.email": "member@example.org",
    "member.cin": "91234567A",
    "member.preferred_language": "فارسی",
    "member.caregiver_name": "Sam Example",
    "member.caregiver_contact": "sam@example.org",
    "referrer.relationship": "other",
    "referrer.relationship_detail": "Housing navigator",
    "referrer.source": "ecm_chw_cs_vendor",
    "referrer.source_detail": "Partners in Care",
    "referral.current_services": ["ecm", "community_supports"],
    "referral.notes": "Please call after 3 p.m.\n\nThe member is best reached through the caregiver.",
}
FITS_NONE: Final[dict[str, Any]] = {
    **PLAN,
    **dict.fromkeys(("ccs_enrolled", "smhs_dmc_criteria", "released_within_12_months"), False),
    **dict.fromkeys(("nursing_facility_resident", "snf_level_of_care", "lower_acuity_skilled_need"), False),
    **dict.fromkeys(("pregnant_or_postpartum", "complex_need", "family_member_under_21"), False),
    "transitional_rent_authorized": False,
    "ed_visits_6_months": 2,
    "stays_6_months": 1,
    "housing": ["shelter"],
    "child_welfare": ["none"],
}
"""Answers of an adult who fits no population of focus of ECM, unless the plan makes an exception."""
GOLDEN: Final[dict[str, dict[str, Any]]] = {
    "ecm-north": {},
    "ecm-south": {**SOUTH, "answers": PLAN, "consent.part2": None},
    "ecm-mental-health": {
        "consent.part2": True,
        "consent.part2_consent": True,
        "answers": {
            **PLAN,
            "smhs_dmc_criteria": True,
            "complex_social_factor": True,
            "high_risk_institution_overdose_suicide": True,
        },
    },
    "chw-north": {
        "referral.program": "chw",
        "referral.notes": "Challenge: finding a doctor near home. Health goal: a first visit in January.",
        "answers": {**PLAN, "chw_triggers": ["chronic_condition"], "current_services": ["none"]},
    },
    "cs-one-south": {
        **SOUTH,
        "referral.program": "cs",
        "referral.services": ["respite"],
        "answers": {**PLAN, "caregiver_dependent": True, "respite_hours_used": 40},
    },
    "cs-several-north": {
        **WHOLE,
        "referral.program": "cs",
        "referral.services": ["assisted_living_transitions", "medically_tailored_meals", "housing_deposits"],
        "answers": {
            **PLAN,
            "nursing_facility_days": 90,
            "willing_assisted_living": True,
            "safe_in_assisted_living": True,
            "nutrition_sensitive_condition": True,
        },
    },
    "plan-discretion-limit": {
        **SOUTH,
        "referral.program": "cs",
        "referral.services": ["respite"],
        "answers": {**PLAN, "caregiver_dependent": True, "respite_hours_used": 336},
    },
    "choose-one": {
        "member.date_of_birth": "1962-05-06",
        "referral.preferred_ecm_provider": "Example Care Partners",
        "answers": {
            **PLAN,
            "choose_one_programs": ["county_tcm"],
            "housing": ["shelter", "doubled_up"],
            "complex_need": True,
        },
    },
    "not-yet": {
        "referral.program": "cs",
        "referral.services": ["housing_tenancy_sustaining"],
        "answers": {
            **PLAN,
            "is_tenant": False,
            "housing": ["place_not_for_sleeping"],
            "serious_health_condition": True,
        },
    },
    "need-answers": {
        "referral.program": "cs",
        "referral.services": ["medically_tailored_meals"],
        "answers": {**PLAN, "nutrition_sensitive_condition": True},
    },
    "unlikely-hospice": {"answers.excluded_programs": ["hospice"], "answers.ed_visits_6_months": 7},
    "unlikely-rule": {"answers": {**FITS_NONE, "avoidable_use_risk": False}},
    "plan-discretion": {"answers": {**FITS_NONE, "avoidable_use_risk": True}},
    "child": {
        "member.date_of_birth": "2017-03-04",
        "member.guardian_name": "Alex Member",
        "member.guardian_contact": "415-555-0134",
        "consent.agreed_by": "guardian",
        "referrer.relationship": "social_services_provider",
        "answers": {**PLAN, "ed_visits_12_months": 4, "stays_12_months": 0, "visits_avoidable": True},
    },
    "birth-equity": {
        "member.date_of_birth": "1999-03-04",
        "answers": {**PLAN, "pregnant_or_postpartum": True, "birth_equity_group": True},
    },
    "no-address-no-phone": {
        **dict.fromkeys(("member.phone", "member.address"), "none"),
        **dict.fromkeys(("member.city", "member.zip"), ""),
        "member.reach_through": "Example Shelter, front desk, 415-555-0150",
        "answers": {**PLAN, "housing": ["place_not_for_sleeping"], "complex_need": True},
    },
    "self-referral": {
        "referral.self_referral": True,
        **{f"referrer.{key}": None for key in ("name", "organization", "npi", "address", "phone", "email")},
    },
}
PROFILE: Final = Profile(
    Referrer(
        name="Pat Profile",
        organization="Example Care Partners",
        npi="1234567893",
        address="3 Example Blvd, Fresno, CA 93701",
        phone="559-555-0111",
        email="pat@partners.example.org",
    ),
    LeadEntity(name="Example Lead Entity", email="referrals@nle.example.org"),
    SecureEmail(),
)


def by_email(catalog: Policy) -> Destination:
    """A mailbox of a plan whose form has an attestation."""
    return Destination("kp", catalog.plans["kp"], ("plan@example.org",), "ECM Referral", "The plan takes e-mail")


def golden_drafts(catalog: Policy) -> dict[str, bytes]:
    """Each referral as the .eml file that it becomes."""
    cases = {name: read_case(changed(COMPLETE, changes)) for name, changes in GOLDEN.items()}
    assert not any(problems for _, problems in cases.values())
    drafter = Drafter(catalog, PROFILE, AS_OF)
    return {name: eml(drafter.draft(case).draft) for name, (case, _) in cases.items()}
