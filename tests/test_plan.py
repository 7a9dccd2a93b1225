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

from calaim_cli.base.errors import CalaimError
from calaim_cli.case.case import read_case
from calaim_cli.decide.advice import Door, Membership, advise, sends
from calaim_cli.decide.determination import Determination
from calaim_cli.draft.draft import Drafter
from calaim_cli.policy.places import HEALTH_CARE_OPTIONS, KP, County, plans_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import THREE_PROGRAMS, Outcome
from calaim_cli.policy.routes import Channel
from conftest import AS_OF, COMPLETE, ROOT, Run, WriteCase, changed
from drafts import PROFILE

NAMES_KP = re.compile(r"Kaiser|Permanente|\bKP\b|kp\.org", re.IGNORECASE)
ON_THE_CARD = "Which plan is on the card?"
PLANS = {"another-plan": False, "not-said": None, "kp": True}
WHOSE = ("kp", "another-there", "another-not-there", "unknown", "not-said", "not-kp")
"""What is known of a member's plan; the last three name none."""
WHO = ("two_days_in_jail", "chw_for_chronic_condition", "street_adult_with_overdoses", "everything_unknown")
"""People whose results touch what is a plan's own."""


@pytest.fixture(scope="module")
def kp_numbers(catalog: Policy) -> set[str]:
    """Every phone and address of Kaiser Permanente, but the one that is said in words."""
    own = [one for one in catalog.counties_file.contact if one.plan == KP]
    routes = [one for one in catalog.routes_file.route if one.plan == KP and not one.own_organization]
    ways = [(one.phone, one.email) for one in own] + [(one.address, one.also) for one in routes]
    return {way for pair in ways for way in pair if way}


def member_of(whose: str, county: County, catalog: Policy) -> dict[str, Any]:
    """What a case says of the member's plan."""
    if whose == "not-kp":
        return {"kp_member": False}
    elsewhere = next(one for one in catalog.plans if one != KP and one not in plans_of(county))
    said = {"kp": KP, "another-there": county.plans[:1], "another-not-there": elsewhere, "unknown": "unknown"}
    plan = said.get(whose, "")
    return {"plan": plan if isinstance(plan, str) else plan[0]} if plan else {}


def may_be_in_kp(whose: str, county: County) -> bool:
    """Whether the member's plan can be KP: it serves the county, and what is said does not exclude it."""
    return county.kp is not None and whose in {"kp", "another-not-there", "unknown", "not-said"}


def of_kp(text: str, kp_numbers: set[str]) -> list[str]:
    """What in a text is Kaiser Permanente's: its name, phones and addresses."""
    return [*NAMES_KP.findall(text), *(one for one in kp_numbers if one in text)]


def written(folder: Path, counties: list[County], *, kp_member: bool | None) -> list[Path]:
    """A case file for each of the invented people in each of the counties."""
    plan = {} if kp_member is None else {"kp_member": kp_member}
    return written_for(folder, [(county, plan) for county in counties])


def written_for(folder: Path, members: list[tuple[County, dict[str, Any]]]) -> list[Path]:
    """A case file for each of the invented people in each of the counties, with what is said of the plan."""
    paths = []
    for (county, plan), who in product(members, WHO):
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
    """The invented people are chosen so that a KP member is shown its mailbox, liaison and gaps in its offer."""
    marin = next(one for one in catalog.counties_file.county if one.name == "Marin")
    text = checked(run, written(tmp_path, [marin], kp_member=True), "--all")
    assert all(one in text for one in ("calaim refer CASE", "1-833-721-6012", "Ji-Liaison@kp.org", "offered\tno"))
    assert all(one in text for one in ("This list is from October 2024", "The KP Medi-Cal programs page"))


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("whose", WHOSE)
def test_advice_of_kp_is_for_its_members(catalog: Policy, kp_numbers: set[str], whose: str, outcome: Outcome) -> None:
    """No result tells others anything about KP, except that it does not serve where it does not.

    Where her plan may be KP, its name and line are told in the sentence on the county's plans, and nowhere else.
    """
    for county in catalog.counties_file.county:
        said = member_of(whose, county, catalog)
        plan = "" if said.get("plan") == "unknown" else said.get("plan", "")
        door = Door(county, Membership(plan, KP if whose == "not-kp" else ""), "", AS_OF)
        routes = [one.route for one in sends(THREE_PROGRAMS, door, catalog)]
        assert {one.plan for one in routes} <= {plan}
        assert (whose in {"kp", "another-there"}) or not routes
        if whose == "kp" and county.kp:
            continue
        begins = f"{ON_THE_CARD} In the member's county" if may_be_in_kp(whose, county) else "nothing"
        if whose == "kp":
            begins = f"Kaiser Permanente does not serve {county.name} County: "
        if whose == "another-not-there" and county.kp:
            begins = f"{catalog.plans[plan].name} does not serve {county.name} County: "
        for subject in catalog.subjects:
            advice = advise(Determination(subject, outcome), catalog, door)
            told = [one for one in (*advice.next_steps, *advice.notes) if of_kp(one, kp_numbers)]
            assert [one for one in told if not one.startswith(begins)] == []
            assert not [one for one in told if "@" in one]
            assert whose == "another-there" or advice.offered is None


@pytest.mark.thorough
@pytest.mark.parametrize("whose", WHOSE)
def test_no_command_tells_of_kp_where_it_is_not_the_plan(
    run: Run, catalog: Policy, kp_numbers: set[str], tmp_path: Path, whose: str
) -> None:
    """In each of the 58 counties `check` and `refer` give KP's mailbox to its members alone.

    Its name and phone are given where it may be her plan too, in the sentence that asks for the plan.
    """
    routes = [one for one in catalog.routes_file.route if one.plan == KP]
    mailboxes = {one.address for one in routes if one.channel is Channel.EMAIL}
    counties = catalog.counties_file.county
    documents = [document_of(whose, county, catalog) for county in counties]
    cases = [tmp_path / f"{county.fips}.toml" for county in counties]
    for path, document in zip(cases, documents, strict=True):
        path.write_text(tomli_w.dumps(document), encoding="utf-8")
    sent = [json.loads(line)["send"] for line in run("check", *cases, "--as-of", AS_OF, "--json").out.splitlines()]
    texts = without_reasons(run("check", *cases, "--all", "--as-of", AS_OF).out).split("\nedition\t")
    assert len(sent) == len(counties)
    assert len(texts) == len(counties) + 1
    drafter = Drafter(catalog, PROFILE, AS_OF)
    for county, document, ways, text in zip(counties, documents, sent, texts, strict=False):
        to, letter = referred(document, drafter)
        if whose == "kp" and county.kp:
            assert (set(to) <= mailboxes, bool(to)) == (True, county.kp.region is not None)
            continue
        assert not mailboxes.intersection(to)
        assert not [one for one in mailboxes if one in text + letter], county.name
        assert KP not in {one["plan"] for one in ways}
        assert (whose == "another-there") or not to
        if whose == "kp":
            assert "Kaiser Permanente does not serve" in letter
            assert not [one for one in kp_numbers if one in text], county.name
        elif not may_be_in_kp(whose, county):
            assert of_kp(text + letter, kp_numbers) == [], county.name


def document_of(whose: str, county: County, catalog: Policy) -> dict[str, Any]:
    """A complete case of a member in the county, as far as her plan is known; it names no city and a strange ZIP."""
    said = member_of(whose, county, catalog)
    own = {f"member.{key}": said.get(key) for key in ("plan", "kp_member")}
    place = {"member.county": county.name, "member.city": "Nowhere", "member.zip": "00000", "member.cin": "91234567A"}
    return changed(COMPLETE, own | place)


def referred(document: dict[str, Any], drafter: Drafter) -> tuple[tuple[str, ...], str]:
    """To whom the case is referred, and the letter or sheet; or nobody, and why not."""
    try:
        draft = drafter.draft(read_case(document)[0]).draft
    except CalaimError as error:
        return (), f"{error.message} {' '.join(one.message for one in error.problems)}"
    return draft.to, draft.body


@pytest.mark.thorough
@pytest.mark.parametrize("kp_member", PLANS.values(), ids=PLANS)
def test_every_county_names_the_plans(run: Run, catalog: Policy, tmp_path: Path, *, kp_member: bool | None) -> None:
    """Another plan's member gets the county's others with their phones; if no plan is given, all are listed."""
    choosing = next(one for one in catalog.counties_file.contact if one.id == HEALTH_CARE_OPTIONS)
    counties = [one for one in catalog.counties_file.county if not (kp_member and one.kp)]
    told: dict[str, set[str]] = defaultdict(set)
    for line in checked(run, written(tmp_path, counties, kp_member=kp_member), "--json").splitlines():
        told[json.loads(line)["county"]].update(said(json.loads(line)))
    for county in counties:
        [way] = [words for words in told[county.name] if choosing.phone in words]
        assert (ON_THE_CARD in way) is (kp_member is None)
        for plan in plans_of(county) if kp_member is None else county.plans:
            assert catalog.plans[plan].name in way
            assert all(line.address in way for line in catalog.lines_of(plan, county)), (county.name, plan)


@pytest.mark.thorough
@pytest.mark.parametrize("kp_member", [False, None], ids=["another-plan", "not-said"])
def test_no_line_of_a_check_names_kp(
    run: Run, catalog: Policy, kp_numbers: set[str], tmp_path: Path, *, kp_member: bool | None
) -> None:
    """No line on the screen is KP's for another plan's member, or without a plan where KP does not serve."""
    counties = [one for one in catalog.counties_file.county if kp_member is False or not one.kp]
    assert len(counties) == (58 if kp_member is False else 26)
    text = without_reasons(checked(run, written(tmp_path, counties, kp_member=kp_member)))
    assert of_kp(text, kp_numbers) == []


@pytest.mark.parametrize("county", ["San Mateo", "Tulare"])
def test_plan_not_said_gives_kps_phone_and_no_mailbox(
    run: Run, catalog: Policy, write_case: WriteCase, county: str
) -> None:
    """Where KP may be the plan, its line (both if split) is among those to call, but no mailbox or command."""
    case = write_case({"member.kp_member": None, "member.county": county, "member.zip": None})
    text = checked(run, [case], "--all")
    [asked] = {line.partition("\tnext\t")[2] for line in text.splitlines() if f"\tnext\t{ON_THE_CARD}" in line}
    phones = {line.address for line in catalog.lines_of(KP, None) if line.address in asked}
    assert phones == {"1-833-721-6012"} | ({"1-866-551-9619"} if county == "Tulare" else set())
    assert not [one for one in ("@", "calaim refer") if one in text]


def test_kp_card_where_kp_does_not_serve(run: Run, kp_numbers: set[str], write_case: WriteCase) -> None:
    """A KP member in a county without KP is told once that it does not serve there and whom to call, no more."""
    case = write_case({"member.county": "Shasta", "member.zip": None})
    text = without_reasons(checked(run, [case], "--program", "ecm", "--program", "incarceration"))
    [line] = [one for one in text.splitlines() if of_kp(one, kp_numbers)]
    assert "Kaiser Permanente does not serve Shasta County" in line
    assert "Partnership HealthPlan of California" in text
    assert "Health Care Options, 1-800-430-4263" in text
    assert not [one for one in kp_numbers if one in text]


def test_members_plan_counts_in_any_form(run: Run, kp_numbers: set[str], write_case: WriteCase) -> None:
    """Plain lines, the county as an option, by ZIP code, a town: another plan's member sees nothing about KP."""
    another = {"member.kp_member": False}
    plain = checked(run, [write_case(another)], "--plain", "--all")
    stated = checked(run, [write_case(another | {"member.county": None})], "--county", "alameda", "--all")
    by_zip = checked(run, [write_case(another | {"member.county": None})], "--all")
    assert "Alameda Alliance for Health (1-510-747-4567" in stated
    assert "Health Plan of San Mateo (650-616-2133)" in by_zip
    for text in (plain, stated, by_zip):
        assert not of_kp(without_reasons(text), kp_numbers)
    for typed, code in (("South San Francisco", 0), ("Brentwood", 5)):
        town = run("check", write_case(another | {"member.county": typed}), "--as-of", AS_OF)
        assert town.code == code
        assert not of_kp(without_reasons(town.out) + town.err, kp_numbers)


@pytest.mark.parametrize("kp_member", PLANS.values(), ids=PLANS)
def test_interview_ends_with_what_check_says(run: Run, write_case: WriteCase, *, kp_member: bool | None) -> None:
    """An interview advises by the plan in the case that it continues, as a check of that case does."""
    case = write_case({"member.kp_member": kp_member})
    options = ("--program", "ecm", "--as-of", AS_OF, "--json")
    interviewed = run("interview", "--from", case, "--no-input", *options)
    assert (interviewed.code, interviewed.err) == (0, "")
    assert interviewed.out == checked(run, [case], "--program", "ecm", "--json")
    ecm = json.loads(interviewed.out)["results"][0]["next_steps"]
    assert any("calaim refer" in step for step in ecm) is (kp_member is True)
    assert any(ON_THE_CARD in step for step in ecm) is (kp_member is None)
    assert any(step.startswith("Refer through the member's own plan") for step in ecm) is (kp_member is False)
