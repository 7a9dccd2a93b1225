"""The plan on the member's card: `check` and `interview` advise the members of each plan, and nobody of another's."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from calaim_cli.decide.advice import advise
from calaim_cli.decide.determination import Determination
from calaim_cli.policy.places import HEALTH_CARE_OPTIONS, KP, County, plans_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome
from conftest import AS_OF, ROOT, Run, WriteCase

NAMES_KP = re.compile(r"Kaiser|Permanente|\bKP\b|kp\.org", re.IGNORECASE)
ON_THE_CARD = "Which plan is on the card?"
PLANS = {"another-plan": False, "not-said": None, "kp": True}
WHO = ("two_days_in_jail", "chw_for_chronic_condition", "street_adult_with_overdoses", "everything_unknown")
"""People whose results touch what is a plan's own."""


@pytest.fixture(scope="module")
def kp_numbers(catalog: Policy) -> set[str]:
    """Every phone and address of Kaiser Permanente."""
    own = [one for one in catalog.counties_file.contact if one.plan == KP]
    ways = [(one.phone, one.email) for one in catalog.regions.values()] + [(one.phone, one.email) for one in own]
    return {way for pair in ways for way in pair if way}


def of_kp(text: str, kp_numbers: set[str]) -> list[str]:
    """What in a text is Kaiser Permanente's: its name, phones and addresses."""
    return [*NAMES_KP.findall(text), *(one for one in kp_numbers if one in text)]


def written(folder: Path, counties: list[County], *, kp_member: bool | None) -> list[Path]:
    """A case file for each of the invented people in each of the counties."""
    plan = {} if kp_member is None else {"kp_member": kp_member}
    paths = []
    for county, who in product(counties, WHO):
        answers = tomllib.loads((ROOT / f"tests/cases/{who}.toml").read_text("utf-8"))["answers"]
        paths.append(folder / f"{county.fips}-{who}.toml")
        document = {"member": {"county": county.name} | plan, "answers": answers}
        paths[-1].write_text(tomli_w.dumps(document), encoding="utf-8")
    return paths


def checked(run: Run, cases: list[Path], *options: str) -> str:
    """What a check of the cases prints; it warns of nothing."""
    ran = run("check", *cases, "--as-of", AS_OF, *options)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def said(document: dict[str, Any]) -> list[str]:
    """Every next step and note of a determination."""
    return [words for result in document["results"] for words in (*result["next_steps"], *result["notes"])]


def without_reasons(text: str) -> str:
    """A check in a pipe without its reasons, whose sources may be documents of any plan."""
    return "".join(line for line in text.splitlines(keepends=True) if "\tbecause\t" not in line)


def test_people_reach_what_is_a_plans_own(run: Run, catalog: Policy, tmp_path: Path) -> None:
    """The invented people are such that a member of KP reads of its mailbox, its liaison and what it does not offer."""
    marin = next(one for one in catalog.counties_file.county if one.name == "Marin")
    text = checked(run, written(tmp_path, [marin], kp_member=True))
    assert all(one in text for one in ("calaim refer CASE", "1-833-721-6012", "Ji-Liaison@kp.org", "offered\tno"))
    assert all(one in text for one in ("all of Kaiser Permanente's counties", "The KP Medi-Cal programs page"))


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("kp_member", PLANS.values(), ids=PLANS)
def test_advice_of_kp_is_for_its_members(
    catalog: Policy, kp_numbers: set[str], outcome: Outcome, *, kp_member: bool | None
) -> None:
    """Whatever the result, nothing of KP is told to others, nor anything but that it does not serve where it does not.

    Where nobody has said, KP's name and line are told in the question for the plan, and nowhere else.
    """
    for county, subject in product(catalog.counties_file.county, catalog.subjects):
        if kp_member and county.kp:
            continue
        advice = advise(Determination(subject, outcome), catalog, county, kp_member=kp_member)
        told = [one for one in (*advice.next_steps, *advice.notes) if of_kp(one, kp_numbers)]
        begins = {None: f"{ON_THE_CARD} In {county.name}" if county.kp else "nothing", False: "nothing"}
        expected = begins.get(kp_member, f"Kaiser Permanente does not serve {county.name} County: ")
        assert [one for one in told if not one.startswith(expected)] == []
        assert not [one for one in told if "@" in one]
        assert advice.offered is None


@pytest.mark.parametrize("kp_member", PLANS.values(), ids=PLANS)
def test_every_county_names_the_plans(run: Run, catalog: Policy, tmp_path: Path, *, kp_member: bool | None) -> None:
    """Another plan's member gets the county's others with their phones; who has not said is asked, and gets all."""
    choosing = next(one for one in catalog.counties_file.contact if one.id == HEALTH_CARE_OPTIONS)
    counties = [one for one in catalog.counties_file.county if not (kp_member and one.kp)]
    told: dict[str, set[str]] = defaultdict(set)
    for line in checked(run, written(tmp_path, counties, kp_member=kp_member), "--json").splitlines():
        told[json.loads(line)["county"]].update(said(json.loads(line)))
    for county in counties:
        [way] = [words for words in told[county.name] if choosing.phone in words]
        assert (ON_THE_CARD in way) is (kp_member is None)
        plans = [catalog.plans[one] for one in (plans_of(county) if kp_member is None else county.plans)]
        assert all(plan.name in way and plan.phone in way for plan in plans)


@pytest.mark.parametrize("kp_member", [False, None], ids=["another-plan", "not-said"])
def test_no_line_of_a_check_names_kp(
    run: Run, catalog: Policy, kp_numbers: set[str], tmp_path: Path, *, kp_member: bool | None
) -> None:
    """Not a line of the screen is KP's for another plan's member, nor, where KP does not serve, if no plan is said."""
    counties = [one for one in catalog.counties_file.county if kp_member is False or not one.kp]
    assert len(counties) == (58 if kp_member is False else 26)
    text = without_reasons(checked(run, written(tmp_path, counties, kp_member=kp_member)))
    assert of_kp(text, kp_numbers) == []


@pytest.mark.parametrize("county", ["San Mateo", "Tulare"])
def test_plan_not_said_gives_kps_phone_and_no_mailbox(
    run: Run, catalog: Policy, write_case: WriteCase, county: str
) -> None:
    """Where KP may be the plan its line is among those to call, in a split county both, but no mailbox or command."""
    case = write_case({"member.kp_member": None, "member.county": county, "member.zip": None})
    text = checked(run, [case])
    [asked] = {line.partition("\tnext\t")[2] for line in text.splitlines() if ON_THE_CARD in line}
    phones = {region.phone for region in catalog.regions.values() if region.phone in asked}
    assert phones == {"1-833-721-6012"} | ({"1-866-551-9619"} if county == "Tulare" else set())
    assert not [one for one in ("@", "calaim refer") if one in text]


def test_kp_card_where_kp_does_not_serve(run: Run, kp_numbers: set[str], write_case: WriteCase) -> None:
    """A KP member in a county without KP reads once that it does not serve there and whom to call, no more."""
    case = write_case({"member.county": "Shasta", "member.zip": None})
    text = without_reasons(checked(run, [case], "--program", "ecm", "--program", "incarceration"))
    [line] = [one for one in text.splitlines() if of_kp(one, kp_numbers)]
    assert "Kaiser Permanente does not serve Shasta County" in line
    assert "Partnership HealthPlan of California" in line
    assert "Health Care Options, 1-800-430-4263" in line
    assert not [one for one in kp_numbers if one in line]


def test_members_plan_counts_in_any_form(run: Run, kp_numbers: set[str], write_case: WriteCase) -> None:
    """Plain lines, the county as an option, by ZIP code, a town: another plan's member reads no KP."""
    another = {"member.kp_member": False}
    plain = checked(run, [write_case(another)], "--plain")
    stated = checked(run, [write_case(another | {"member.county": None})], "--county", "alameda")
    by_zip = checked(run, [write_case(another | {"member.county": None})])
    assert "Alameda Alliance for Health (510-747-4567)" in stated
    assert "Health Plan of San Mateo (650-616-2133)" in by_zip
    for text in (plain, stated, by_zip):
        assert not of_kp(without_reasons(text), kp_numbers)
    town = run("check", write_case(another | {"member.county": "South San Francisco"}), "--as-of", AS_OF)
    assert town.code == 5
    assert not of_kp(town.err, kp_numbers)


@pytest.mark.parametrize("kp_member", PLANS.values(), ids=PLANS)
def test_interview_ends_with_what_check_says(run: Run, write_case: WriteCase, *, kp_member: bool | None) -> None:
    """An interview advises by the plan in the case it goes on with, as a check of that case does."""
    case = write_case({"member.kp_member": kp_member})
    options = ("--program", "ecm", "--as-of", AS_OF, "--json")
    interviewed = run("interview", "--from", case, "--no-input", *options)
    assert (interviewed.code, interviewed.err) == (0, "")
    assert interviewed.out == checked(run, [case], "--program", "ecm", "--json")
    ecm = json.loads(interviewed.out)["results"][0]["next_steps"]
    assert any("calaim refer" in step for step in ecm) is (kp_member is True)
    assert any(ON_THE_CARD in step for step in ecm) is (kp_member is None)
    assert any(step.startswith("Refer through the member's own plan") for step in ecm) is (kp_member is False)
