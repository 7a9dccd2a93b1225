"""The route of a referral: who receives it, by which address and subject, and why; or what to do instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from calaim_cli.base.cautions import caution
from calaim_cli.base.errors import NotFound, Problem
from calaim_cli.base.wording import name_key, one_of
from calaim_cli.case.case import Case, LeadEntity
from calaim_cli.policy.places import County, Region
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Grade

TO_KP: Final = "kp"
TO_LEAD_ENTITY: Final = "network-lead-entity"


class Route(Struct, frozen=True):
    """The way of a referral. `region` is None for a Network Lead Entity."""

    kind: str
    to: tuple[str, ...]
    subject: str
    why: str
    region: str | None = None
    warnings: tuple[Problem, ...] = ()


def route(case: Case, county: County, policy: Policy, lead_entity: LeadEntity | None) -> Route:
    """The one route of a referral. There is no default region and no guess.

    Raises NotFound, saying what to do instead: not a KP member, own organization without a Network Lead Entity,
    a service that takes no e-mailed referral or is not offered, a county not served or without a region.
    The order of the checks is that of Kaiser Permanente's provider guide, October 2024.
    """
    check_member(case, county, policy)
    subject = policy.form.subjects[case.referral.program]
    if case.referral.self_referral:
        own = _to_lead_entity(lead_entity, subject, policy)
        _check_services(case, county, _lines(policy), policy)
        return own
    region = region_of(county, case.member.zip, policy)
    _check_services(case, county, f"call {region.phone}", policy)
    unsure = []
    if county.kp and county.kp.grade in (Grade.INFERRED, Grade.UNVERIFIED):
        unsure.append(caution("region-not-confirmed", "member.county", note=county.kp.warning))
    if county.kp and county.kp.partial:
        unsure.append(caution("county-in-part", "member.address", note=county.kp.note))
    cited = policy.cite(region.source[:1])
    why = f"The member's county is in Kaiser Permanente's {region.name} region; mailbox from {cited}"
    return Route(TO_KP, (region.email,), subject, why, region.id, tuple(unsure))


def check_member(case: Case, county: County, policy: Policy, unread: tuple[Problem, ...] = ()) -> None:
    """Raises NotFound for somebody who is not a Kaiser Permanente member, with what to do instead.

    Problems of what could not be read into the case come with it.
    """
    if case.member.kp_member is False:
        words, code = f"not a Kaiser Permanente member: {policy.own_plan(county)}", "not-kp-member"
        problems = (*unread, Problem("member.kp_member", code, words)) if unread else ()
        raise NotFound(words, problems, code=code)


def _to_lead_entity(lead_entity: LeadEntity | None, subject: str, policy: Policy) -> Route:
    goes = "goes to its Network Lead Entity"
    if lead_entity is None or not lead_entity.email:
        words = f"a referral to your own organization {goes}, and your profile names none"
        raise NotFound(f"{words}: add it with 'calaim profile edit'", code="no-lead-entity")
    cited = policy.cite(policy.form.subjects_source)
    why = f"A referral to the referrer's own organization {goes} ({cited}); address from your profile"
    return Route(TO_LEAD_ENTITY, (lead_entity.email,), subject, why)


def region_of(county: County, zip_code: str, policy: Policy) -> Region:
    """The region that takes referrals for the county; in a split county the ZIP code decides. Raises NotFound."""
    if county.kp is None:
        instead = f"{policy.own_plan(county)}. {_lines(policy)}"
        raise NotFound(f"Kaiser Permanente does not serve the member's county: {instead}", code="county-not-served")
    region = county.kp.region or county.kp.by_zip.get(zip_code[:5])
    if region is None:
        listed = f"give one of these ZIP codes in member.zip: {', '.join(county.kp.by_zip)}"
        other = f"for any other, ask which region is on the card. {_lines(policy)}"
        words = f"the member's county is split between Kaiser Permanente's regions: {listed}; {other}"
        raise NotFound(words, code="region-unknown")
    return policy.regions[region]


def _lines(policy: Policy) -> str:
    lines = [f"{region.name} {region.phone}" for region in policy.regions.values()]
    return f"Kaiser Permanente's lines: {one_of(lines)}"


def _check_services(case: Case, county: County, call: str, policy: Policy) -> None:
    for service in case.referral.services:
        entry = policy.service_by_name[name_key(service)]
        name = entry.name
        if not entry.by_email:
            raise NotFound(f"{name}: takes no e-mailed referral: {call}", code="not-by-email")
        if policy.offered(service, county) is False:
            region = county.kp.region if county.kp else None
            near = [one for one in policy.counties_file.county if one.kp and one.kp.region == region]
            offering = ", ".join(one.name for one in near if policy.offered(service, one)) or "no county"
            as_of = policy.availability[service].as_of
            words = f"{name}: not offered in the member's county as of {as_of}: {call} to confirm."
            words += f" In the same region it is offered in {offering}"
            raise NotFound(words, code="service-not-offered")


def own_mailboxes(regions: Iterable[str | None], policy: Policy, shipped: Policy) -> Iterator[Problem]:
    """A warning for each region of a draft whose mailbox in the user's own data is not that of the shipped data."""
    for region in dict.fromkeys(filter(None, regions)):
        if region not in shipped.regions or policy.regions[region].email != shipped.regions[region].email:
            yield caution("own-mailbox", f'mailbox of region "{region}"', edition=shipped.edition)
