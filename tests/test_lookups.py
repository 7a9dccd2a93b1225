"""What a person names is found, or refused with near names; and the look-ups as JSON, as the contract has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli import cli
from calaim_cli.base.errors import NotFound
from calaim_cli.policy import load, policy
from calaim_cli.policy.policy import Policy, place_named
from calaim_cli.policy.programs import subject_id
from calaim_cli.policy.routes import Channel
from conftest import Run

CATALOG = load.load()
NAMES = [county.name for county in CATALOG.counties_file.county]


def county_document(run: Run, *place: str) -> dict[str, Any]:
    """The JSON document of a county."""
    ran = run("county", *place, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("}\n")
    document: dict[str, Any] = json.loads(ran.out)
    return document


# By name

SPELLINGS: tuple[Callable[[str], str], ...] = (str, str.upper, lambda name: name.replace("_", "-"))


@pytest.mark.parametrize("spelling", SPELLINGS, ids=["id", "upper-case", "hyphens"])
def test_programs_are_found_by_id_name_and_alias(catalog: Policy, spelling: Callable[[str], str]) -> None:
    """Every name that the policy gives a program, population or service finds it, in any spelling."""
    for entry in catalog.entries:
        for name in (entry.id, entry.name, *entry.aliases):
            assert policy.entry_named(spelling(name), catalog) is entry


def test_service_is_not_found_among_programs(catalog: Policy) -> None:
    """A population or program is never taken for a Community Support."""
    for entry in (*catalog.programs_file.program, *catalog.programs_file.population):
        with pytest.raises(NotFound):
            policy.service_named(entry.id, catalog)


def test_regions_and_plans_are_found_by_id_and_name(catalog: Policy) -> None:
    """A region by its id, a plan by id, name or alias, in any case."""
    assert [policy.region_named(name, catalog).id for name in ("north", "South")] == ["north", "south"]
    for plan in catalog.plans.values():
        for name in (plan.id, plan.id.replace("_", "-"), plan.name.upper(), *plan.aliases):
            assert policy.plan_named(name, catalog) is plan


@pytest.mark.parametrize(
    ("command", "says"),
    [
        pytest.param(("services", "sobering-centres"), "did you mean sobering_centers", id="service"),
        pytest.param(("services", "zzz"), "calaim services", id="service-like-nothing"),
        pytest.param(("programs", "homelesness"), "did you mean homelessness", id="program"),
        pytest.param(("programs", "zzz"), "calaim programs", id="program-like-nothing"),
        pytest.param(("counties", "--region", "nort"), "did you mean north", id="region"),
        pytest.param(("counties", "--region", "east"), "south", id="region-like-nothing"),
        pytest.param(("counties", "--plan", "partnershipp"), "did you mean partnership", id="plan"),
        pytest.param(("counties", "--plan", "zzz"), "calaim plan", id="plan-like-nothing"),
        pytest.param(("counties", "--service", "respit"), "did you mean respite", id="service-of-counties"),
        pytest.param(("when", "hosptial"), "did you mean leaving_hospital", id="situation"),
        pytest.param(("when", "zzz"), "calaim when", id="situation-like-nothing"),
        pytest.param(("when", ""), "calaim when", id="situation-without-a-word"),
        pytest.param(("services", "--county", "sb"), "Santa Barbara", id="county-of-services"),
    ],
)
def test_unknown_name_ends_with_five_and_a_hint(run: Run, command: tuple[str, ...], says: str) -> None:
    """A slip is answered with near names or with where to look, exit 5, and nothing on stdout."""
    ran = run(*command)
    assert (ran.code, ran.out) == (5, "")
    assert says in ran.err


def refusal_of(look_up: Callable[[str, Policy], object], typed: str) -> NotFound | None:
    """The refusal of what was typed; None when it was found."""
    try:
        look_up(typed, CATALOG)
    except NotFound as refusal:
        return refusal
    return None


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_whatever_is_named_is_found_or_refused_in_words(typed: str) -> None:
    """No text makes a look-up fail, and a message never carries a control character to the terminal."""
    for look_up in (
        policy.place_named,
        policy.entry_named,
        policy.region_named,
        policy.plan_named,
        policy.situation_named,
    ):
        refusal = refusal_of(look_up, typed)
        assert refusal is None or refusal.message.isprintable()


def test_subjects_are_named_once_and_in_the_order_of_the_policy(catalog: Policy) -> None:
    """Asking twice, or in another order, gives the same results in the same order; asking for nothing gives all."""
    several = policy.subjects_named(["respite", "chw", "respite", "cs"], catalog)
    assert [subject.service or subject.program for subject in several] == [
        "chw",
        *(service.id for service in catalog.programs_file.service),
    ]
    assert policy.subjects_named([], catalog) == catalog.subjects


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        pytest.param("ecm", ["ecm", *(one.id for one in CATALOG.programs_file.population)], id="ecm-with-populations"),
        pytest.param("cs", [one.id for one in CATALOG.programs_file.service], id="all-services"),
        pytest.param("chw", ["chw"], id="chw"),
        pytest.param("homelessness", ["homelessness"], id="one-population"),
        pytest.param("respite", ["respite"], id="one-service"),
    ],
)
def test_a_request_covers_what_belongs_to_it(typed: str, ids: list[str]) -> None:
    """Asking for a program asks for all that belongs to it; asking for a part asks for that part alone."""
    assert [subject_id(one) for one in policy.subjects_named([typed], CATALOG)] == ids


def test_sources_come_with_what_rests_on_them(run: Run) -> None:
    """Before a source is replaced, everything that rests on it can be seen."""
    document = json.loads(run("data", "sources", "--json").out)
    assert [source["id"] for source in document["sources"]] == list(CATALOG.sources)
    assert [source["id"] for source in document["sources"] if not source["used_by"]] == []
    used_by = {source["id"]: source["used_by"] for source in document["sources"]}
    assert 'county "Santa Cruz": kp' in used_by["SCS"]


# Counties, as the contract has them


def test_county_served(run: Run) -> None:
    """San Mateo gives region, mailbox and phone, each service with its date and source, and the plans, KP first."""
    document = county_document(run, "san", "mateo")
    mailbox, line = CATALOG.way_to("kp", place_named("san mateo", CATALOG).county, "ecm").routes
    assert (mailbox.channel, line.channel) == (Channel.EMAIL, Channel.PHONE)
    assert list(document)[:7] == ["schema", "county", "fips", "place", "kp", "services", "plans"]
    assert {key: document[key] for key in ("schema", "county", "fips", "place", "edition")} == {
        "schema": "calaim.county/1",
        "county": "San Mateo",
        "fips": "06081",
        "place": "san mateo",
        "edition": CATALOG.edition,
    }
    kp = document["kp"]
    assert (kp["served"], kp["region"], kp["email"], kp["phone"]) == (True, "north", mailbox.address, line.address)
    assert kp["partial"] is None
    assert [service["id"] for service in document["services"]] == [one.id for one in CATALOG.programs_file.service]
    offered = {service["id"]: service["offered"] for service in document["services"]}
    assert {service for service, is_offered in offered.items() if is_offered is False} == {
        "recuperative_care",
        "sobering_centers",
    }
    assert all(service["as_of"] and service["source"] and service["name"] for service in document["services"])
    assert [(plan["id"], plan["name"]) for plan in document["plans"]] == [
        ("kp", "Kaiser Permanente"),
        ("hpsm", "Health Plan of San Mateo"),
    ]


def test_county_not_served(run: Run) -> None:
    """Lassen gives no mailbox, no guess about services, and names the plan to ask; that is an answer, exit 0."""
    document = county_document(run, "lassen")
    kp = document["kp"]
    assert kp["served"] is False
    assert {kp[key] for key in ("region", "email", "phone", "by_zip", "partial")} == {None}
    assert {service["offered"] for service in document["services"]} == {None}
    assert [plan["name"] for plan in document["plans"]] == ["Partnership HealthPlan of California"]
    assert "Partnership HealthPlan of California" in run("county", "lassen").out


def test_county_that_is_split(run: Run) -> None:
    """Tulare gives no region and no mailbox of its own, only the sides of the ZIP codes that are listed."""
    kp = county_document(run, "tulare")["kp"]
    assert kp["served"] is True
    assert {kp[key] for key in ("region", "email", "phone")} == {None}
    assert kp["by_zip"]["93238"] == "south"
    assert kp["by_zip"]["93618"] == "north"
    assert "phone" in kp["warning"]


@pytest.mark.parametrize("name", NAMES)
def test_every_county_answers_with_the_same_keys(run: Run, name: str) -> None:
    """A script can read any of the 58 counties: unknown is null, never a missing key; no mailbox without its phone."""
    document = county_document(run, name)
    model = county_document(run, "san mateo")
    assert (list(document), list(document["kp"])) == (list(model), list(model["kp"]))
    assert len(document["services"]) == 15
    kp = document["kp"]
    assert (kp["email"] is None) == (kp["phone"] is None) == (kp["region"] is None)
    assert (document["plans"][0]["id"] == "kp") is kp["served"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param((), NAMES, id="all"),
        pytest.param(
            ("--region", "south", "--plan", "molina"),
            ["Riverside", "San Bernardino", "San Diego"],
            id="region-and-plan",
        ),
        pytest.param(("--plan", "mvhp"), ["Alpine", "El Dorado"], id="plan"),
        pytest.param(("--plan", "hpsm", "--service", "recuperative-care"), [], id="none"),
        pytest.param(("--without", "recuperative-care"), ["San Mateo"], id="without"),
        pytest.param(("--without", "Sobering Center", "--region", "south"), ["Ventura"], id="without-in-region"),
        pytest.param(("--without", "sobering-centers", "--service", "sobering-centers"), [], id="with-and-without"),
    ],
)
def test_counties_are_listed_by_what_is_asked(run: Run, options: tuple[str, ...], expected: list[str]) -> None:
    """Each option narrows the list, and together they narrow it further."""
    document = json.loads(run("counties", *options, "--json").out)
    assert document["schema"] == "calaim.counties/1"
    assert [county["county"] for county in document["counties"]] == expected
    assert all({"county", "fips", "region"} <= county.keys() for county in document["counties"])


@pytest.mark.parametrize("service", ["sobering-centers", "respite"])
def test_served_counties_have_or_lack_a_service(run: Run, service: str) -> None:
    """With and without a service are the counties served, each in one list; where KP is not, nothing is known."""
    having, lacking = (
        {one["county"] for one in json.loads(run("counties", option, service, "--json").out)["counties"]}
        for option in ("--service", "--without")
    )
    everywhere = json.loads(run("counties", "--json").out)["counties"]
    assert having & lacking == set()
    assert having | lacking == {one["county"] for one in everywhere if one["kp_served"]}


def test_counties_without_a_service_are_those_that_the_service_lists(run: Run) -> None:
    """The list of counties and the page of the service cannot differ."""
    [service] = json.loads(run("services", "sobering-centers", "--json").out)["services"]
    listed = run("counties", "--without", "sobering-centers").out.splitlines()[1:]
    assert [line.partition("\t")[0] for line in listed] == service["not_offered_in"]


def test_split_county_is_in_both_regions(run: Run) -> None:
    """Whoever lists a region sees Tulare too, without a region of its own."""
    for region in ("north", "south"):
        listed = json.loads(run("counties", "--region", region, "--json").out)["counties"]
        assert [county["region"] for county in listed if county["county"] == "Tulare"] == [None]


def test_services_of_a_county_are_the_countys(run: Run) -> None:
    """The list of services for a county says the same as the county itself."""
    services = json.loads(run("services", "--county", "napa", "--json").out)["services"]
    by_county = county_document(run, "napa")["services"]
    assert [(one["id"], one["offered"]) for one in services] == [(one["id"], one["offered"]) for one in by_county]


@pytest.mark.parametrize(
    "arguments",
    [["county", "alameda"], ["counties"], ["services"], ["programs"]],
    ids=["county", "counties", "services", "programs"],
)
def test_look_up_past_review_says_so(run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """Whoever looks something up after the review date is told that the facts may be old; the answer is the same."""
    before = run(*arguments)
    monkeypatch.setattr(cli, "_today", lambda: date(2027, 1, 2))
    after = run(*arguments)
    assert before.err == ""
    assert (after.code, after.out) == (0, before.out)
    assert "past-review" in after.err
