"""Floor 3: who receives a referral, by which address and subject, and why; or what to do instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from calaim_cli.case import Case, LeadEntity
from calaim_cli.catalog import Catalog
from calaim_cli.counties import County, Presence, Region
from calaim_cli.errors import NotFound, Problem
from calaim_cli.near import one_of
from calaim_cli.sources import Grade

TO_KP: Final = "kp"
TO_LEAD_ENTITY: Final = "network-lead-entity"


class Route(Struct, frozen=True):
    """Where a referral goes. `region` is None for a Network Lead Entity."""

    kind: str
    to: tuple[str, ...]
    subject: str
    why: str
    region: str | None = None
    warnings: tuple[Problem, ...] = ()


def route(case: Case, county: County, catalog: Catalog, lead_entity: LeadEntity | None) -> Route:
    """The one route of a referral. There is no default region and no guess.

    Raises NotFound, saying what to do instead: not a KP member, own organization without a Network Lead Entity,
    a service that takes no e-mailed referral or is not offered, a county not served or without a region.
    The order of the checks is that of Kaiser Permanente's provider guide, October 2024.
    """
    check_member(case, county, catalog)
    subject = catalog.counties_file.form.subjects[case.referral.program]
    if case.referral.self_referral:
        own = _to_lead_entity(lead_entity, subject, catalog)
        _check_services(case, county, _lines(catalog), catalog)
        return own
    region = region_of(county, case.member.zip, catalog)
    _check_services(case, county, f"call {region.phone}", catalog)
    cited = catalog.cite(region.source[:1])
    why = f"The member's county is in Kaiser Permanente's {region.name} region; mailbox from {cited}"
    return Route(TO_KP, (region.email,), subject, why, region.id, _warnings(county))


def check_member(case: Case, county: County, catalog: Catalog) -> None:
    """Raises NotFound for somebody who is not a Kaiser Permanente member, with what to do instead."""
    if case.member.kp_member is False:
        raise NotFound(f"not a Kaiser Permanente member: {catalog.own_plan(county)}", code="not-kp-member")


def _to_lead_entity(lead_entity: LeadEntity | None, subject: str, catalog: Catalog) -> Route:
    if lead_entity is None or not lead_entity.email:
        raise NotFound(
            "a referral to your own organization goes to its Network Lead Entity, and your profile names none: "
            "add it with 'calaim profile edit'",
            code="no-lead-entity",
        )
    why = (
        "A referral to the referrer's own organization goes to its Network Lead Entity "
        f"({catalog.cite(catalog.counties_file.form.subjects_source)}); address from your profile"
    )
    return Route(TO_LEAD_ENTITY, (lead_entity.email,), subject, why)


def region_of(county: County, zip_code: str, catalog: Catalog) -> Region:
    """The region that takes referrals for the county; in a split county the ZIP code decides. Raises NotFound."""
    if county.kp is None:
        instead = f"{catalog.own_plan(county)}. {_lines(catalog)}"
        raise NotFound(f"Kaiser Permanente does not serve the member's county: {instead}", code="county-not-served")
    region = county.kp.region or county.kp.by_zip.get(zip_code[:5])
    if region is None:
        listed = f"give one of these ZIP codes in member.zip: {', '.join(county.kp.by_zip)}"
        raise NotFound(
            f"the member's county is split between Kaiser Permanente's regions: {listed}; "
            f"for any other, ask which region is on the card. {_lines(catalog)}",
            code="region-unknown",
        )
    return catalog.regions[region]


def _lines(catalog: Catalog) -> str:
    """Both regional phone lines, for when no region can be told."""
    lines = [f"{region.name} {region.phone}" for region in catalog.regions.values()]
    return f"Kaiser Permanente's lines: {one_of(lines)}"


def _check_services(case: Case, county: County, call: str, catalog: Catalog) -> None:
    """Raises NotFound for a service that takes no e-mailed referral, or that the county does not offer."""
    by_id = {service.id: service for service in catalog.programs_file.service}
    for service in case.referral.services:
        name = by_id[service].name
        if not by_id[service].by_email:
            raise NotFound(f"{name}: takes no e-mailed referral: {call}", code="not-by-email")
        if catalog.offered(service, county) is False:
            as_of = catalog.availability[service].as_of
            raise NotFound(
                f"{name}: not offered in the member's county as of {as_of}: {call} to confirm. "
                f"In the same region it is offered in {_offering(service, county, catalog)}",
                code="service-not-offered",
            )


def _offering(service: str, near: County, catalog: Catalog) -> str:
    """The counties of the same region that offer a service, by name."""
    region = near.kp.region if near.kp else None
    offering = [
        county.name
        for county in catalog.counties_file.county
        if county.kp and county.kp.region == region and catalog.offered(service, county)
    ]
    return ", ".join(offering) or "no county"


def _warnings(county: County) -> tuple[Problem, ...]:
    presence: Presence | None = county.kp
    warnings = []
    if presence and presence.grade in (Grade.INFERRED, Grade.UNVERIFIED):
        warnings.append(Problem("member.county", "region-not-confirmed", presence.warning))
    if presence and presence.partial:
        warnings.append(Problem("member.address", "county-in-part", presence.note))
    return tuple(warnings)


def own_mailboxes(regions: Iterable[str | None], catalog: Catalog, shipped: Catalog) -> Iterator[Problem]:
    """A warning for each region of a draft whose mailbox in the user's own data is not that of the shipped data."""
    for region in dict.fromkeys(filter(None, regions)):
        if region not in shipped.regions or catalog.regions[region].email != shipped.regions[region].email:
            words = f"comes from your own data, and the built-in edition {shipped.edition} has another: check it"
            yield Problem(f'mailbox of region "{region}"', "own-mailbox", words)
