"""The shipped data against what is known: counties, routes, phones, sources, services by county, the ZIP table.

The only test where the mailboxes, their phones and the subjects are written out: a wrong letter must not pass.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import product

import pytest

from calaim_cli.case.case import Case, Member, Referral
from calaim_cli.decide.screening import membership_of, region_of
from calaim_cli.decide.soundness import find_problems
from calaim_cli.draft.route import Destination, destination
from calaim_cli.policy.places import KP, County, NoPlace, Place, find_place, plans_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import source_id
from calaim_cli.policy.routes import OfferKind
from conftest import AS_OF, ROOT, Run, WriteCase

NORTH_MAILBOX, NORTH_PHONE = "REGMCDURNS-KPNC@kp.org", "1-833-721-6012"
SOUTH_MAILBOX, SOUTH_PHONE = "RegCareCoordCaseMgmt@kp.org", "1-866-551-9619"
SUBJECTS = {"ecm": "ECM Referral", "cs": "CS Referral", "chw": "CHW services request"}

COUNTIES = """Alameda, Alpine, Amador, Butte, Calaveras, Colusa, Contra Costa, Del Norte, El Dorado, Fresno, Glenn,
Humboldt, Imperial, Inyo, Kern, Kings, Lake, Lassen, Los Angeles, Madera, Marin, Mariposa, Mendocino, Merced,
Modoc, Mono, Monterey, Napa, Nevada, Orange, Placer, Plumas, Riverside, Sacramento, San Benito,
San Bernardino, San Diego, San Francisco, San Joaquin, San Luis Obispo, San Mateo, Santa Barbara, Santa Clara,
Santa Cruz, Shasta, Sierra, Siskiyou, Solano, Sonoma, Stanislaus, Sutter, Tehama, Trinity, Tulare, Tuolumne,
Ventura, Yolo, Yuba""".replace("\n", " ").split(", ")
NORTH = """Alameda, Amador, Contra Costa, El Dorado, Fresno, Kings, Madera, Marin, Mariposa, Napa, Placer, Sacramento,
San Francisco, San Joaquin, San Mateo, Santa Clara, Santa Cruz, Solano, Sonoma, Stanislaus, Sutter, Yolo,
Yuba""".replace("\n", " ").split(", ")
SOUTH = ["Imperial", "Kern", "Los Angeles", "Orange", "Riverside", "San Bernardino", "San Diego", "Ventura"]
SERVED = sorted([*NORTH, *SOUTH, "Tulare"])
TULARE = {"93238": "south", "93261": "south"} | dict.fromkeys(
    ("93618", "93631", "93646", "93654", "93666", "93673"), "north"
)
NOT_OFFERED = {
    "recuperative_care": ["San Mateo"],
    "sobering_centers": """Contra Costa, Marin, Mariposa, Napa, Placer, San Mateo, Santa Cruz, Solano, Sonoma, Sutter,
Ventura, Yolo""".replace("\n", " ").split(", "),
}
OTHER_PLANS_PHONES = ("675-6110", "893-1569", "236-4141")
ADDRESSES = {
    NORTH_MAILBOX,
    SOUTH_MAILBOX,
    "Ji-Liaison@kp.org",
    "EnhancedCareManagement@dhcs.ca.gov",
    "CommunitySupports@dhcs.ca.gov",
    "CustomerSupport@hpsm.org",
    "ECM@iehp.org",
    "ECM@lacare.org",
    "ECM_JI@lacare.org",
    "MHC_ECM@molinahealthcare.com",
}
REJECTED = {
    "CalAIMECMILOS@dhcs.ca.gov",
    "SM_justiceinvolvedliaison@healthnet.com",
    "help_referral@healthnet.com",
    "ecmoutreachspecialist@khs-net.com",
}
"""Addresses that the data hold only to say that they are not to be used."""


def named(catalog: Policy, name: str) -> County:
    """The shipped county of that name."""
    return next(county for county in catalog.counties_file.county if county.name == name)


def sent(case: Case, name: str, catalog: Policy) -> Destination:
    """Where the case goes from the county of that name."""
    county, plan = named(catalog, name), catalog.plans[membership_of(case, catalog).plan]
    return destination(case, county, plan, region_of(case, county, catalog)[0], catalog, None, AS_OF)


def data_text() -> str:
    """All text of the shipped TOML files."""
    return "".join(path.read_text("utf-8") for path in sorted((ROOT / "data").glob("*.toml")))


def source_text() -> str:
    """All text of the package's modules."""
    return "".join(path.read_text("utf-8") for path in sorted((ROOT / "src").rglob("*.py")))


def citations(value: object, key: str = "") -> Iterator[str]:
    """Every citation in a decoded data file, wherever it stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from citations(inner, name)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, str) and key in {"source", "codes_source", "from_source", "authority_source"}:
                yield source_id(inner)
            else:
                yield from citations(inner)


# Counties and plans


def test_shipped_data_are_sound(catalog: Policy) -> None:
    """What ships passes the check that is asked of everybody's own data."""
    assert find_problems(catalog) == ()


def test_fifty_eight_counties_in_order_with_their_fips_codes(catalog: Policy) -> None:
    """No county is missing, misspelled or out of order, and the n-th has the FIPS code of its place."""
    found = [(county.name, county.fips) for county in catalog.counties_file.county]
    assert found == [(name, f"06{2 * n - 1:03}") for n, name in enumerate(COUNTIES, 1)]


def test_plans_are_paired_with_counties_as_the_enrollment_report_has_them(catalog: Policy) -> None:
    """The number of counties of each plan is the report's, so that nobody is sent to a plan that is not there."""
    pairs = Counter(plan for county in catalog.counties_file.county for plan in plans_of(county))
    wide = {"partnership": 24, "anthem": 15, "health_net": 10, "ccah": 5, "molina": 4, "calviva": 3}
    assert (len(catalog.plans), pairs.total(), pairs[KP]) == (23, 113, 32)
    assert {plan: pairs[plan] for plan in wide} == wide
    assert set(pairs) == set(catalog.plans)


def test_whole_child_model_is_every_cohs_county_but_ventura(catalog: Policy) -> None:
    """Families of CCS children hear the right model: 33 counties, every COHS county but Ventura."""
    whole = {county.name for county in catalog.counties_file.county if county.ccs == "whole_child_model"}
    cohs = {county.name for county in catalog.counties_file.county if county.model == "COHS"}
    assert (len(whole), cohs - whole, whole - cohs) == (33, {"Ventura"}, set())


# Routes of Kaiser Permanente


def test_thirty_two_counties_are_served(catalog: Policy) -> None:
    """Kaiser Permanente is shown in its 32 counties and in no other; none gets a region by default."""
    assert [county.name for county in catalog.counties_file.county if county.kp] == SERVED
    assert (len(NORTH), len(SOUTH), len(SERVED)) == (23, 8, 32)


@pytest.mark.parametrize("program", SUBJECTS)
@pytest.mark.parametrize(
    ("counties", "mailbox"),
    [pytest.param(NORTH, NORTH_MAILBOX, id="north"), pytest.param(SOUTH, SOUTH_MAILBOX, id="south")],
)
def test_every_county_routes_to_its_mailbox(catalog: Policy, counties: list[str], mailbox: str, program: str) -> None:
    """A referral from each served county goes to its region's mailbox, letter for letter, under the exact subject."""
    asked = Referral(program=program, services=("housing_deposits",) if program == "cs" else ())
    case = Case(member=Member(kp_member=True), referral=asked)
    for name in counties:
        found = sent(case, name, catalog)
        assert (name, found.to, found.subject) == (name, (mailbox,), SUBJECTS[program])


@pytest.mark.parametrize(("code", "region"), TULARE.items())
def test_tulare_routes_by_its_listed_zip_codes(catalog: Policy, code: str, region: str) -> None:
    """Each listed ZIP code of Tulare gives its side's mailbox, never without the warning to confirm by phone."""
    case = Case(member=Member(kp_member=True, zip=code), referral=Referral(program="ecm"))
    found = sent(case, "Tulare", catalog)
    assert found.to == ({"north": NORTH_MAILBOX, "south": SOUTH_MAILBOX}[region],)
    assert "phone" in found.warnings[0].message


def test_tulare_has_no_region_of_its_own(catalog: Policy) -> None:
    """The split county is never given one side: eight ZIP codes decide, graded as unverified."""
    presence = named(catalog, "Tulare").kp
    assert presence is not None
    assert (presence.region, presence.grade, presence.by_zip) == (None, "U", TULARE)


@pytest.mark.parametrize("name", ["Mariposa", "Santa Cruz", "Imperial"])
def test_inferred_regions_come_with_a_warning(catalog: Policy, name: str) -> None:
    """Where the region is inferred, a draft says that it is not confirmed; Mariposa and Santa Cruz are never South."""
    case = Case(member=Member(kp_member=True), referral=Referral(program="ecm"))
    found = sent(case, name, catalog)
    assert found.region == ("south" if name == "Imperial" else "north")
    assert [warning.code for warning in found.warnings] == ["region-not-confirmed"]
    assert "not confirmed" in found.warnings[0].message


def test_known_regions_come_without_that_warning(catalog: Policy) -> None:
    """The warning keeps its weight: only the three inferred counties and Tulare carry it."""
    warned = {county.name for county in catalog.counties_file.county if county.kp and county.kp.warning}
    assert warned == {"Imperial", "Mariposa", "Santa Cruz", "Tulare"}


def test_draft_for_every_kind_of_request_carries_mailbox_and_subject(run: Run, write_case: WriteCase) -> None:
    """What the user sends goes to the pinned mailbox under the pinned subject, through the whole command."""
    for program, subject in SUBJECTS.items():
        services = ["housing_deposits"] if program == "cs" else []
        path = write_case({"referral.program": program, "referral.services": services})
        document = json.loads(run("refer", path, "--format", "json", "--as-of", AS_OF.isoformat()).out)
        assert (document["to"], document["cc"], document["subject"]) == ([NORTH_MAILBOX], [], subject)


def test_regions_have_their_phones_and_hours(catalog: Policy) -> None:
    """The regional lines are the guide's, with TTY and hours, so that a person can always call instead."""
    lines = {one.region: one for one in catalog.lines_of(KP, None)}
    assert {region: line.address for region, line in lines.items()} == {"north": NORTH_PHONE, "south": SOUTH_PHONE}
    for line in lines.values():
        assert line.tty == "711"
        assert "8:30 a.m. to 5:00 p.m." in line.hours


@pytest.mark.parametrize("address", [NORTH_MAILBOX, SOUTH_MAILBOX])
def test_a_mailbox_stands_once_in_the_data_and_never_in_code(address: str) -> None:
    """A mailbox is changed in one place: a second copy could go stale and send a member's data astray."""
    assert data_text().lower().count(address.lower()) == 1
    assert address.lower() not in source_text().lower()


@pytest.mark.parametrize("subject", SUBJECTS.values())
def test_a_subject_stands_once_in_the_data_and_never_in_code(subject: str) -> None:
    """The exact subjects are written in the data alone, once with each mailbox."""
    assert data_text().count(f'"{subject}"') == data_text().count(f'address = "{NORTH_MAILBOX}"') * 2 == 2
    assert subject not in source_text()


def test_no_address_ships_that_was_not_published() -> None:
    """Only known addresses ship: no Network Lead Entity, no misspelled mailbox, no guess; and none in code."""
    address = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
    assert set(address.findall(data_text())) == ADDRESSES | REJECTED
    used, rejected = data_text().partition("[[rejected]]")[::2]
    assert set(address.findall(rejected)) >= REJECTED
    assert not [one for one in REJECTED if one in used]
    assert [found for found in address.findall(source_text()) if not found.endswith("@example.org")] == []


# Phones


PHONE = re.compile(r"\b(?:1-)?\d{3}-\d{3}-\d{4}\b")


def digits(phone: str) -> str:
    """The ten digits of a phone number."""
    return re.sub(r"\D", "", phone)[-10:]


def test_no_phone_is_shared_between_plans(catalog: Policy) -> None:
    """Nobody is sent to another plan's line; only HPSJ and MVHP, one organization, have one phone."""
    owners: dict[str, set[str]] = defaultdict(set)
    for route, phone in (
        (one, phone) for one in catalog.routes_file.route for phone in PHONE.findall(f"{one.address} {one.also}")
    ):
        owners[digits(phone)].add(route.plan)
    for contact in catalog.counties_file.contact:
        owners[digits(contact.phone)].add(contact.plan or contact.id)
    shared = [plans for phone, plans in owners.items() if phone and len(plans) > 1]
    assert shared == [{"hpsj", "mvhp"}], (
        "another plan has the same number, or these two not any more: is it in two places?"
    )


def test_other_plans_phones_are_never_given_for_kaiser_permanente(catalog: Policy) -> None:
    """The three numbers once mistaken for Kaiser Permanente's stand at their own plans only."""
    routes = catalog.routes_file.route
    theirs = [*catalog.regions.values(), catalog.plans[KP], *(one for one in routes if one.plan == KP)]
    theirs += [contact for contact in catalog.counties_file.contact if contact.plan == KP]
    theirs += [county.kp for county in catalog.counties_file.county if county.kp]
    for phone, plan in zip(OTHER_PLANS_PHONES, ("health_net", "calviva", "chpiv"), strict=True):
        assert any(phone in f"{one.address} {one.also}" for one in catalog.lines_of(plan, None))
        assert not [one for one in theirs if phone in repr(one)]


def test_unsourced_member_line_does_not_ship() -> None:
    """A number that no source gives is not shown to anybody."""
    assert "839-7613" not in data_text()


# Sources


def test_every_source_is_cited_and_every_citation_defined(catalog: Policy) -> None:
    """Every fact can be followed to a document, and no document is listed that nothing rests on."""
    cited: set[str] = set()
    defined: list[str] = []
    for path in (ROOT / "data").glob("*.toml"):
        document = tomllib.loads(path.read_text("utf-8"))
        cited.update(citations(document))
        defined += [source["id"] for source in document.get("source", [])]
    assert cited == set(defined)
    assert len(defined) == len(set(defined)) == len(catalog.sources)


def test_every_source_has_a_date_or_says_in_words_how_old_it_is(catalog: Policy) -> None:
    """A reader can always tell how old a fact is."""
    assert [source.id for source in catalog.sources.values() if not (source.date or source.dated)] == []


# Services by county


@pytest.mark.parametrize(("service", "missing"), NOT_OFFERED.items())
def test_exceptions_by_county_are_the_same_from_every_side(run: Run, service: str, missing: list[str]) -> None:
    """The county, the service and the list of counties agree on where a service is not offered."""
    by_county = {}
    for name in SERVED:
        document = json.loads(run("county", name, "--json").out)
        by_county[name] = {one["id"]: one["offered"] for one in document["services"]}[service]
    about = json.loads(run("services", service, "--json").out)["services"][0]
    listed = [one["county"] for one in json.loads(run("counties", "--service", service, "--json").out)["counties"]]
    offered = [name for name in SERVED if name not in missing]
    assert [name for name, is_offered in by_county.items() if is_offered is False] == missing
    assert [name for name, is_offered in by_county.items() if is_offered is True] == offered
    assert (about["not_offered_in"], about["as_of"]) == (missing, "2024-10")
    assert listed == offered


def test_other_services_have_no_exceptions(catalog: Policy) -> None:
    """All fifteen services say where they are offered; only two have exceptions, Transitional Rent never."""
    offer = catalog.offers[KP]
    assert {service: list(counties) for service, counties in offer.not_in.items()} == NOT_OFFERED
    assert (offer.kind, offer.services, len(catalog.services)) == (OfferKind.ALL_BUT, (), 15)
    for county, service in product(catalog.counties_file.county, catalog.services):
        expected = county.name not in NOT_OFFERED.get(service, []) if county.kp else None
        assert catalog.offered(KP, service, county) is expected


# ZIP codes

MIT = "The above copyright notice and this permission notice shall be included"


@pytest.fixture(scope="module")
def zip_rows() -> list[tuple[str, str, float]]:
    """The rows of the shipped ZIP table, read without the program."""
    with (ROOT / "data" / "zips.csv").open(encoding="ascii", newline="") as file:
        return [(row["zip"], row["fips"], float(row["share"])) for row in csv.DictReader(file)]


def test_zip_table_has_all_that_its_sources_have(zip_rows: list[tuple[str, str, float]]) -> None:
    """No row was lost or added: HUD's 2,446 ZIP codes, 188 in several counties, nine others, 13 second counties."""
    counties = Counter(code for code, _, _ in zip_rows)
    assert len(zip_rows) == 2652 + 9 + 13
    assert len(counties) == 2446 + 9
    assert {fips for _, fips, _ in zip_rows} == {f"06{2 * n - 1:03}" for n in range(1, 59)}
    assert sum(several > 1 for several in counties.values()) == 188 + 12
    shares = {code: [share for other, _, share in zip_rows if other == code and share] for code in counties}
    assert sum(len(found) > 1 for found in shares.values()) == 188


def test_zip_table_is_sorted_and_its_shares_are_shares(zip_rows: list[tuple[str, str, float]]) -> None:
    """The table can be reviewed line by line, and no ZIP code has more than itself; 0 stands where HUD has nothing."""
    assert zip_rows == sorted(zip_rows)
    assert b"\r" not in (ROOT / "data" / "zips.csv").read_bytes()
    sums: dict[str, float] = defaultdict(float)
    for code, _, share in zip_rows:
        assert share >= 0
        sums[code] += share
    assert max(sums.values()) < 1.0005


def test_only_the_six_border_zip_codes_reach_another_state(zip_rows: list[tuple[str, str, float]]) -> None:
    """The ZIP codes that lie partly in Nevada or Oregon are the six known ones."""
    sums: dict[str, float] = defaultdict(float)
    for code, _, share in zip_rows:
        sums[code] += share
    assert {code for code, total in sums.items() if total < 0.999} == {
        *("89010", "89019", "89060", "89061", "89439"),
        "97635",
    }


@pytest.mark.parametrize(
    ("code", "county"),
    [("94533", "Solano"), ("96150", "El Dorado"), ("92243", "Imperial"), ("90704", "Los Angeles")],
)
def test_zip_code_in_one_county_gives_it(catalog: Policy, code: str, county: str) -> None:
    """A ZIP code that lies in one county is enough to find it."""
    assert find_place(code, catalog.gazetteer) == Place(named(catalog, county), code)


@pytest.mark.parametrize(
    ("code", "shares"),
    [
        ("95076", {"Santa Cruz": 87.2, "Monterey": 12.7, "Santa Clara": 0.1}),
        ("91361", {"Ventura": 68.2, "Los Angeles": 31.8}),
        ("95526", {"Humboldt": 60.5, "Trinity": 39.5}),
        ("93252", {"Kern": 70.1, "Santa Barbara": 16.6, "Ventura": 11.7, "San Luis Obispo": 1.7}),
        ("96161", {"Nevada": 80.7, "Placer": 19.3}),
        ("95391", {"San Joaquin": 99.5, "Alameda": 0.5}),
    ],
)
def test_zip_code_in_several_counties_names_them_with_shares(
    catalog: Policy, code: str, shares: dict[str, float]
) -> None:
    """Nobody is put into the larger county: all are named with their shares, largest first, to choose from."""
    found = find_place(code, catalog.gazetteer)
    assert isinstance(found, NoPlace)
    said = re.findall(r"([A-Z][A-Za-z ]+) ([0-9.]+) %", found.message)
    assert found.candidates == tuple(shares) == tuple(county for county, _ in said)
    # the table keeps four places, and what is said is rounded once more
    assert [float(percent) for _, percent in said] == pytest.approx(list(shares.values()), abs=0.11)


def test_license_of_the_zip_table_ships() -> None:
    """The table's sources and the notices their licenses ask for stand beside it."""
    notice = (ROOT / "data" / "zips.LICENSE").read_text("utf-8")
    wanted = ("US Department of Housing and Urban Development", "Neither agency endorses", "2010", "Delphi Group")
    assert [words for words in (*wanted, "Python Packaging Authority", MIT) if words not in notice] == []


# Cities


def test_city_table_has_all_that_its_sources_have(catalog: Policy) -> None:
    """The table has the names that its sources were counted to have, within one in a hundred, and can be reviewed."""
    content = (ROOT / "data" / "cities.csv").read_bytes()
    header, *rows = content.decode().splitlines()
    assert (header, rows, b"\r" in content) == ("name,fips,reach", sorted(rows, key=lambda row: row.split(",")), False)
    cities = catalog.gazetteer.cities().values()
    single = sum(len(city.counties) == 1 for city in cities)
    assert [len(cities), single, len(cities) - single] == pytest.approx([1642, 1531, 111], rel=0.01)
    assert all(city.counties for city in cities)


def test_license_of_the_city_table_ships() -> None:
    """What CC BY 4.0 and the MIT license ask for stands beside the table."""
    notice = (ROOT / "data" / "cities.LICENSE").read_text("utf-8")
    wanted = ("GeoNames (www.geonames.org), CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/", "Dan Stoffels")
    assert [words for words in (*wanted, MIT) if words not in notice] == []
