"""The route of a referral: to which plan, by which way, under which subject, and why; or what to do instead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from msgspec import Struct

from calaim_cli.base.errors import NotFound, Problem, caution
from calaim_cli.case.case import Case, LeadEntity
from calaim_cli.decide.advice import Membership, phone_line
from calaim_cli.decide.screening import lies_in
from calaim_cli.policy.places import County, Plan, plans_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Grade
from calaim_cli.policy.routes import Channel, Route, Way, own_route, regions_of

TO_LEAD_ENTITY: Final = "network-lead-entity"
SHEET: Final = "sheet"


class Destination(Struct, frozen=True):
    """Where a referral goes. `kind` is the plan's id for a mailbox of it; a sheet has no `to`, and no subject."""

    kind: str
    plan: Plan
    to: tuple[str, ...]
    subject: str
    why: str
    region: str | None = None
    way: Way = Way()
    warnings: tuple[Problem, ...] = ()

    @property
    def by_email(self) -> bool:
        """Whether there is a message to send; else a sheet is read out or copied."""
        return bool(self.to)


def destination(
    case: Case, county: County, plan: Plan, region: str, policy: Policy, lead_entity: LeadEntity | None, as_of: date
) -> Destination:
    """The one route of a referral to the member's plan. There is no default region and no guess.

    Raises NotFound, saying what to do instead: own organization without a Network Lead Entity, a plan that does not
    serve the county, no settled region, a service that takes no e-mailed referral or is not offered, no route.
    The order of the checks is that of the guide of the plan whose routes have regions, October 2024.
    """
    program = case.referral.program
    way = policy.way_to(plan.id, county, program, region)
    own = own_route(plan.id, policy.routes_file.route) if case.referral.self_referral else None
    if own:
        subjects = (one.subject for one in policy.routes_file.route if one.plan == plan.id)
        subject = next((exact[program] for exact in subjects if program in exact), "")
        to_entity = _to_lead_entity(lead_entity, plan, own, subject, policy)
        _check_services(case, county, plan, _lines(plan, None, policy), policy, as_of)
        return to_entity
    if plan.id not in plans_of(county):
        words = f"{plan.name} does not serve the member's county: {policy.not_served(plan.id, county)}"
        # Where it works for another plan its own lines are for other counties.
        lines = "" if county.name in plan.works_for else _lines(plan, None, policy)
        raise NotFound(f"{words}. {lines}" if lines else words, code="county-not-served")
    told_apart = {one.region for one in policy.routes_file.route if one.plan == plan.id and one.region}
    if not region and len(told_apart) > 1:
        raise NotFound(_no_region(plan, policy), code="region-unknown")
    _check_services(case, county, plan, _lines(plan, county, policy, region), policy, as_of)
    mailbox = next((one for one in way.routes if one.channel is Channel.EMAIL), None)
    if mailbox:
        why, unsure = _why(plan, way, mailbox, policy), tuple(_unsure(case, county, mailbox, policy))
        to, subject = (mailbox.address,), mailbox.subject[program]
        return Destination(plan.id, plan, to, subject, why, region or None, way, unsure)
    check_way(plan, way, policy)
    unsure = () if way.routes else (caution("ask-how-to-refer", "member.plan", plan=plan.name),)
    return Destination(SHEET, plan, (), "", _why(plan, way, None, policy), None, way, unsure)


def _unsure(case: Case, county: County, mailbox: Route, policy: Policy) -> Iterator[Problem]:
    """Warnings about a mailbox: of a region that is inferred or has a part of the county, or to ask first."""
    if mailbox.region and county.kp:
        if county.kp.grade in (Grade.INFERRED, Grade.UNVERIFIED):
            yield caution("region-not-confirmed", "member.county")
        if county.kp.partial:
            yield caution("county-in-part", "member.address")
        # The stated county wins over the ZIP code (policy), and a slip in it would send the draft to the other region.
        by_zip = () if case.member.kp_region else lies_in(case, policy)
        elsewhere = () if county.name in by_zip else policy.counties_file.county
        there = [found for one in elsewhere if one.name in by_zip and (found := regions_of(one))]
        if there and all(mailbox.region not in one for one in there):
            yield caution("zip-region", "member.zip")
    for service in map(policy.services.__getitem__, case.referral.services):
        if service.id in mailbox.ask_first:
            facts = {"name": service.name, "note": " ".join(service.notes[:1]) or mailbox.note}
            yield caution("availability-not-confirmed", "referral.services", **facts)


def _why(plan: Plan, way: Way, mailbox: Route | None, policy: Policy) -> str:
    if mailbox:
        region = policy.regions[mailbox.region].name if mailbox.region else ""
        place = f"county is in {plan.name}'s {region} region" if region else f"plan is {plan.name}"
        return f"The member's {place}; mailbox from {policy.cite(mailbox.source[:1])}"
    best = way.routes[0] if way.routes else way.ask
    cited = policy.cite(best.source) if best else ""
    known = "and no mailbox for its referrals is known; how to reach it is from"
    return f"The member's plan is {plan.name}, {known} {cited}"


def check_way(plan: Plan, way: Way, policy: Policy, *, by_email: bool = False) -> None:
    """Raises NotFound if no way to refer and no phone line is known, or no mailbox where one is required."""
    if by_email and all(one.channel is not Channel.EMAIL for one in way.routes):
        raise not_by_email(plan)
    if not way.routes and way.ask is None:
        words = f"no way to refer to {plan.name} for this program is known: call the number on the member's card"
        raise NotFound(f"{words}, or {policy.call_to_choose()}", code="no-route")


def not_by_email(plan: Plan) -> NotFound:
    """The refusal of a message to a plan that takes none, with how to get the sheet."""
    sheet = "use --format text (or --out NAME.txt) for a sheet to read aloud"
    return NotFound(f"no mailbox for referrals to {plan.name} is known: {sheet}", code="not-by-email")


def check_member(county: County, membership: Membership, policy: Policy, unread: tuple[Problem, ...] = ()) -> None:
    """Raises NotFound for somebody whose plan is not known, with the plans that it may be.

    Problems of what could not be read into the case come with it.
    """
    if not membership.plan and not membership.problems:
        code = "not-kp-member" if membership.ruled_out else "plan-unknown"
        words = f"{policy.plan_not_said(county, membership.ruled_out)} Name it in member.plan"
        raise NotFound(words, (*unread, Problem("member.plan", code, words)) if unread else (), code=code)


def _to_lead_entity(entity: LeadEntity | None, plan: Plan, own: Route, subject: str, policy: Policy) -> Destination:
    goes = "goes to its Network Lead Entity"
    if entity is None or not entity.email:
        words = f"a referral to your own organization {goes}, and your profile names none"
        raise NotFound(f"{words}: add it with 'calaim profile edit'", code="no-lead-entity")
    why = f"A referral to the referrer's own organization {goes} ({policy.cite(own.source)}); address from your profile"
    return Destination(TO_LEAD_ENTITY, plan, (entity.email,), subject, why, way=Way((own,)))


def _no_region(plan: Plan, policy: Policy) -> str:
    names = " or ".join(policy.regions)
    listed = "give a ZIP code in member.zip that settles it ('calaim county NAME' lists them)"
    other = f"otherwise give the region on the card ({names}) in member.kp_region, or ask the plan"
    words = f"the member's county is split between {plan.name}'s regions: {listed}; {other}"
    return f"{words}. {_lines(plan, None, policy)}"


def _lines(plan: Plan, county: County | None, policy: Policy, region: str = "") -> str:
    """The plan's phone lines in the county, or all of them where that is not settled; "" where none is known."""
    lines = [one for one in policy.lines_of(plan.id, county) if not region or one.region in {"", region}]
    return " ".join(phone_line(one, policy) for one in lines)


def _check_services(case: Case, county: County, plan: Plan, call: str, policy: Policy, as_of: date) -> None:
    """Raises NotFound for a service that takes no e-mailed referral, or that the plan does not offer in the county."""
    mailboxes = [one for one in policy.routes_file.route if one.plan == plan.id and one.channel is Channel.EMAIL]
    for service in map(policy.services.__getitem__, case.referral.services):
        if any(service.id in one.services_except for one in mailboxes):
            raise NotFound(f"{service.name}: referrals are not taken by e-mail. {call}", code="not-by-email")
        if policy.offered(plan.id, service.id, county, as_of) is False:
            listed = policy.offers[plan.id].as_of
            words = f"{service.name}: not offered in the member's county as of {listed}. To confirm: {call}"
            words += f" 'calaim services {service.id}' says where it is offered"
            raise NotFound(words, code="service-not-offered")
