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
