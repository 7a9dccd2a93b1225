"""Routing: one route for a referral or none; never a default, never a guess, and always what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from calaim_cli.base.errors import NotFound
from calaim_cli.case.case import Case, LeadEntity, read_case
from calaim_cli.decide.screening import membership_of, region_of
from calaim_cli.draft.route import Destination, check_member, destination
from calaim_cli.policy.places import County
from calaim_cli.policy.policy import Policy
from conftest import AS_OF, COMPLETE, Run, WriteCase, changed

LEAD_ENTITY = LeadEntity(name="Example Lead Entity", email="referrals@nle.example.org")
NORTH_LINE, SOUTH_LINE = "1-833-721-6012", "1-866-551-9619"
CS = {"referral.program": "cs"}
DAY = ("--as-of", "2026-11-22")


def county_named(name: str, catalog: Policy) -> County:
    """The county of that name."""
    return next(county for county in catalog.counties_file.county if county.name == name)


def routed(
    catalog: Policy, name: str, changes: dict[str, Any] | None = None, lead_entity: LeadEntity | None = None
) -> Destination:
    """Where the complete case, with changes, goes from this county."""
    case: Case = read_case(changed(COMPLETE, changes or {}))[0]
    county, membership = county_named(name, catalog), membership_of(case, catalog)
    check_member(county, membership, catalog)
    region, problems = region_of(case, county, catalog)
    assert not problems
    return destination(case, county, catalog.plans[membership.plan], region, catalog, lead_entity, AS_OF)


def codes(way: Destination) -> list[str]:
    """The codes of the warnings of a route."""
    return [warning.code for warning in way.warnings]


def no_route(catalog: Policy, name: str, changes: dict[str, Any], lead_entity: LeadEntity | None = None) -> NotFound:
    """The refusal that stands in place of a route."""
    with pytest.raises(NotFound) as caught:
        routed(catalog, name, changes, lead_entity)
    assert caught.value.exit_code == 5
    return caught.value


@pytest.mark.parametrize(
    ("county", "region", "address"),
    [
        ("San Mateo", "north", "REGMCDURNS-KPNC@kp.org"),
        ("Fresno", "north", "REGMCDURNS-KPNC@kp.org"),
        ("Los Angeles", "south", "RegCareCoordCaseMgmt@kp.org"),
        ("Kern", "south", "RegCareCoordCaseMgmt@kp.org"),
    ],
)
def test_county_decides_the_mailbox(catalog: Policy, county: str, region: str, address: str) -> None:
    """A referral goes to the region's mailbox, letter for letter; the reason does not name the member's county."""
    way = routed(catalog, county)
    assert (way.kind, way.region, way.to) == ("kp", region, (address,))
    assert catalog.regions[region].name in way.why
    assert county not in way.why
    assert "2024-10" in way.why


@pytest.mark.parametrize(
    ("program", "subject"), [("ecm", "ECM Referral"), ("cs", "CS Referral"), ("chw", "CHW services request")]
)
def test_program_decides_the_subject(catalog: Policy, program: str, subject: str) -> None:
    """The subject is exactly the plan's phrase, with nothing before or after it."""
    assert routed(catalog, "San Mateo", {"referral.program": program}).subject == subject


def test_every_served_county_has_a_route(catalog: Policy) -> None:
    """Each of the 32 counties the plan serves leads to a mailbox by itself, except Tulare, where the ZIP decides."""
    served = [county for county in catalog.counties_file.county if county.kp]
    by_itself = [county.name for county in served if county.kp and county.kp.region]
    assert len(served) == 32
    assert {county.name for county in served} - {"Tulare"} == set(by_itself)
    for name in by_itself:
        county = county_named(name, catalog)
        assert county.kp
        assert (routed(catalog, name).region, len(routed(catalog, name).to)) == (county.kp.region, 1)


def test_other_plans_member_is_sent_to_her_own_plan(catalog: Policy) -> None:
    """A referral for another plan's member is not drafted; the county's plans and whom to ask are named."""
    error = no_route(catalog, "San Mateo", {"member.kp_member": False})
    assert error.code == "not-kp-member"
    assert "Health Plan of San Mateo" in error.message
    assert "1-800-430-4263" in error.message


def test_county_not_served_names_its_plan_and_both_lines(catalog: Policy) -> None:
    """Where the plan does not serve, the county's own plan is named, never a neighboring county's mailbox."""
    error = no_route(catalog, "Lassen", {})
    assert error.code == "county-not-served"
    assert "Partnership HealthPlan" in error.message
    assert NORTH_LINE in error.message
    assert SOUTH_LINE in error.message


@pytest.mark.parametrize("code", ["", "93274", "9323"], ids=["none", "unlisted", "a digit short"])
def test_split_county_needs_a_deciding_zip(catalog: Policy, code: str) -> None:
    """In Tulare nothing is guessed: without a listed ZIP code both phone lines are given instead of a mailbox."""
    error = no_route(catalog, "Tulare", {"member.zip": code})
    assert error.code == "region-unknown"
    assert NORTH_LINE in error.message
    assert SOUTH_LINE in error.message
    assert "'calaim county NAME' lists them" in error.message


@pytest.mark.parametrize(
    ("code", "region"), [("93238", "south"), ("93618", "north"), ("93618-1234", "north")], ids=["south", "north", "+4"]
)
def test_listed_zip_decides_in_a_split_county(catalog: Policy, code: str, region: str) -> None:
    """A listed ZIP code in Tulare decides, and the draft warns to confirm by phone."""
    way = routed(catalog, "Tulare", {"member.zip": code})
    assert way.region == region
    assert "region-not-confirmed" in {warning.code for warning in way.warnings}


@pytest.mark.parametrize("county", ["Santa Cruz", "Mariposa", "Imperial"])
def test_unconfirmed_region_warns(catalog: Policy, county: str) -> None:
    """If the region is inferred, the draft says so."""
    assert codes(routed(catalog, county, {"member.zip": ""})) == ["region-not-confirmed"]


def test_county_served_in_part_warns(catalog: Policy) -> None:
    """If only part of a county is served, the draft asks to check the address."""
    assert codes(routed(catalog, "San Bernardino", {"member.zip": ""})) == ["county-in-part"]


@pytest.mark.parametrize(
    ("county", "code", "warned"),
    [
        pytest.param("Los Angeles", "94607", True, id="of the other region"),
        pytest.param("Alameda", "90012", True, id="and the other way round"),
        pytest.param("Alameda", "94401", False, id="of another county in the region"),
        pytest.param("Alameda", "93618", False, id="of a county that has both regions"),
        pytest.param("Alameda", "96130", False, id="where the plan does not serve"),
        pytest.param("Alameda", "", False, id="none"),
    ],
)
def test_zip_code_of_the_other_region_warns(catalog: Policy, county: str, code: str, warned: bool) -> None:
    """A slip in the county would send the draft to the wrong mailbox: the ZIP code of the other region tells of it."""
    assert ("zip-region" in codes(routed(catalog, county, {"member.zip": code}))) is warned


def test_region_on_the_card_is_not_doubted_by_the_zip_code(catalog: Policy) -> None:
    """Where the card decides, it is not said that the county did."""
    card = {"member.kp_region": "south", "member.zip": "95060"}
    assert codes(routed(catalog, "Santa Cruz", card)) == ["region-not-confirmed"]


def test_service_not_offered_in_the_county_is_refused(catalog: Policy) -> None:
    """Recuperative Care in San Mateo is refused with the list's date and the phone, since the list may be old."""
    error = no_route(catalog, "San Mateo", {**CS, "referral.services": ["recuperative_care"]})
    assert error.code == "service-not-offered"
    assert "2024-10" in error.message
    assert NORTH_LINE in error.message


@pytest.mark.parametrize("county", ["Alameda", "San Mateo"], ids=["offered", "not offered"])
def test_sobering_centers_take_no_email(catalog: Policy, county: str) -> None:
    """For a sobering center you call: no draft is written, and the phone number is given."""
    error = no_route(catalog, county, {**CS, "referral.services": ["respite", "sobering_centers"]})
    assert error.code == "not-by-email"
    assert NORTH_LINE in error.message


def test_transitional_rent_is_never_refused(catalog: Policy) -> None:
    """Every plan must cover Transitional Rent: a draft is possible in each county served."""
    for county in catalog.counties_file.county:
        if county.kp and county.kp.region:
            assert routed(catalog, county.name, {**CS, "referral.services": ["transitional_rent"]}).kind == "kp"


def test_own_organization_goes_to_the_lead_entity_alone(catalog: Policy) -> None:
    """A referral to the referrer's own organization goes to its Network Lead Entity, not the plan's mailbox."""
    way = routed(catalog, "San Mateo", {"referral.self_referral": True}, LEAD_ENTITY)
    assert (way.kind, way.region, way.to) == ("network-lead-entity", None, (LEAD_ENTITY.email,))
    assert way.subject == "ECM Referral"


@pytest.mark.parametrize("entity", [None, LeadEntity(name="Example")], ids=["no profile", "no address"])
def test_own_organization_without_a_lead_entity_is_refused(catalog: Policy, entity: LeadEntity | None) -> None:
    """Without the entity's address there is no route, and no mailbox is used in its place."""
    error = no_route(catalog, "San Mateo", {"referral.self_referral": True}, entity)
    assert error.code == "no-lead-entity"
    assert "profile" in error.message


@pytest.mark.parametrize(
    ("name", "changes", "entity", "code"),
    [
        pytest.param(
            "Lassen",
            {"member.kp_member": False, "referral.self_referral": True},
            None,
            "not-kp-member",
            id="membership comes first",
        ),
        pytest.param(
            "Lassen",
            {"referral.self_referral": True, **CS, "referral.services": ["sobering_centers"]},
            None,
            "no-lead-entity",
            id="own organization comes second",
        ),
        pytest.param(
            "San Mateo",
            {**CS, "referral.services": ["sobering_centers", "recuperative_care"]},
            None,
            "not-by-email",
            id="special route comes before availability",
        ),
    ],
)
def test_order_of_decisions(
    catalog: Policy, name: str, changes: dict[str, Any], entity: LeadEntity | None, code: str
) -> None:
    """Routes are tried in the plan's order: membership, own organization, special routes, then the county."""
    assert no_route(catalog, name, changes, entity).code == code


def test_lead_entity_needs_no_region(catalog: Policy) -> None:
    """Own organization comes before the county: even from a split county, the referral goes to the entity."""
    assert routed(catalog, "Tulare", {"referral.self_referral": True, "member.zip": ""}, LEAD_ENTITY).region is None


def test_every_county_names_a_plan_to_ask(catalog: Policy) -> None:
    """Every refusal says which plans the county has."""
    for county in catalog.counties_file.county:
        words = catalog.own_plan(county)
        assert all(catalog.plans[plan].name in words for plan in county.plans)


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        pytest.param({"member.kp_member": False}, 5, "Health Plan of San Mateo", id="not a member"),
        pytest.param({"member.county": "Lassen"}, 5, "Partnership HealthPlan", id="not served"),
        pytest.param({"member.county": "Tulare", "member.zip": "93274"}, 5, SOUTH_LINE, id="split county"),
        pytest.param({**CS, "referral.services": ["recuperative_care"]}, 5, NORTH_LINE, id="not offered"),
        pytest.param({**CS, "referral.services": ["sobering_centers"]}, 5, NORTH_LINE, id="not by e-mail"),
        pytest.param({"referral.self_referral": True}, 5, "profile", id="no lead entity"),
        pytest.param({"member.kp_member": False, "member.phone": None}, 5, "Health Plan", id="no member, incomplete"),
    ],
)
def test_refusal_reaches_the_user(
    run: Run, write_case: WriteCase, changes: dict[str, Any], code: int, says: str
) -> None:
    """If there is no route, the command ends with 5, says what to do instead, and drafts nothing."""
    ran = run("refer", write_case(changes), *DAY)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err


@pytest.mark.parametrize(("code", "address"), [("93238", "RegCareCoordCaseMgmt@kp.org"), ("93618", "REGMCDURNS")])
def test_split_county_is_drafted_with_a_warning(run: Run, write_case: WriteCase, code: str, address: str) -> None:
    """A Tulare case with a ZIP code that decides becomes a draft, with the doubt stated on stderr."""
    ran = run("refer", write_case({"member.county": "Tulare", "member.zip": code}), *DAY)
    assert ran.code == 0
    assert ran.out.startswith(f"To: {address}")
    assert "region-not-confirmed" in ran.err


def test_own_organization_gets_no_service_that_the_county_lacks(catalog: Policy) -> None:
    """A referral to one's own organization is also refused if the service is not offered or not by e-mail."""
    entity = LeadEntity(name="Example Lead Entity", email="referrals@nle.example.org")
    for service, code in (("recuperative_care", "service-not-offered"), ("sobering_centers", "not-by-email")):
        changes = {"referral.program": "cs", "referral.services": [service], "referral.self_referral": True}
        with pytest.raises(NotFound) as refused:
            routed(catalog, "San Mateo", changes, entity)
        assert refused.value.code == code
