"""Which Medi-Cal plan the member has, in which of its regions: as far as the case says, and nothing beyond."""

from __future__ import annotations

from msgspec import Struct

from calaim_cli.base.errors import NotFound, Problem
from calaim_cli.base.values import figures
from calaim_cli.base.wording import is_unknown, name_key, one_of
from calaim_cli.case.case import Case
from calaim_cli.policy.places import KP, County
from calaim_cli.policy.policy import Policy, plan_named
from calaim_cli.policy.programs import Grade


class Membership(Struct, frozen=True):
    """The member's plan by its id, "" where it is not known; `ruled_out` is a plan that she is known not to be in."""

    plan: str = ""
    ruled_out: str = ""
    problems: tuple[Problem, ...] = ()


def membership_of(case: Case, policy: Policy) -> Membership:
    """The plan that the case names. That she is in no named plan says nothing about managed care."""
    typed, in_kp = case.member.plan.strip(), case.member.kp_member
    ruled_out = KP if in_kp is False else ""
    if not typed or is_unknown(typed):
        return Membership(KP if in_kp else "", ruled_out)
    try:
        plan = plan_named(typed, policy).id
    except NotFound as error:
        return Membership("", ruled_out, (Problem("member.plan", error.code, error.problems[0].message),))
    if in_kp is not None and in_kp != (plan == KP):
        words = "member.plan and member.kp_member say two different things: keep the one that is on the card"
        return Membership("", "", (Problem("member.plan", "plan-conflict", words),))
    return Membership(plan, ruled_out)


def region_of(case: Case, county: County, policy: Policy) -> tuple[str, tuple[Problem, ...]]:
    """The member's region of a plan that has several, "" where nothing settles it; and what is wrong with a stated one.

    What is printed on the card settles it only where the county is split, or its region is inferred.
    """
    stated = name_key(case.member.kp_region)
    if not stated or county.kp is None:
        return policy.region_in(county, figures(case.member.zip)), ()
    if stated not in policy.regions:
        return "", (Problem("member.kp_region", "unknown-region", f"give {one_of(policy.regions)}, as on the card"),)
    settled = county.kp.region is not None and county.kp.grade in {Grade.OFFICIAL, Grade.COPY}
    if settled and stated != county.kp.region:
        words = "the member's county is known to be in another region: check the county and the card"
        return "", (Problem("member.kp_region", "region-conflict", words),)
    return stated, ()
