"""Every plan's routes: what is printed and drafted is what the data say, for the member's own plan and for no other."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest
import tomli_w

import sheets
from calaim_cli.base.errors import NotFound
from calaim_cli.case.case import Profile, read_case
from calaim_cli.decide.screening import decide, screener
from calaim_cli.draft.draft import Drafter
from calaim_cli.draft.route import SHEET
from calaim_cli.policy import load
from calaim_cli.policy.places import plans_of
from calaim_cli.policy.policy import Policy, subjects_named
from calaim_cli.policy.routes import Channel, Route, RouteKind, lines
from conftest import AS_OF, COMPLETE, ROOT, Run, WriteProfile, changed

COVERAGE = list(csv.DictReader((ROOT / "tests/corpora/coverage.csv").read_text("utf-8").splitlines()))
PROGRAMS = ("ecm", "cs", "chw")
CIN = {"member.mrn": None, "member.kp_member": None, "member.cin": "91234567A"}
SERVICE = {"referral.program": "cs", "referral.services": ["respite"]}


def case_of(tmp_path: Path, plan: str, county: str, program: str = "ecm", /, **changes: object) -> Path:
    """A complete case of a member of the plan in the county, who asks for the program."""
    asked = SERVICE if program == "cs" else {"referral.program": program}
    document = changed(COMPLETE, {"member.plan": plan, "member.county": county, **CIN, **asked, **changes})
    path = tmp_path / "case.toml"
    path.write_text(tomli_w.dumps(document), encoding="utf-8")
    return path


def test_coverage_is_as_published(catalog: Policy) -> None:
    """For each of 113 pairs of plan and county, and each program, the routes are those found, best first."""
    counties = {one.name: one for one in catalog.counties_file.county}
    assert {(row["plan"], row["county"]) for row in COVERAGE} == {
        (plan, county.name) for county in counties.values() for plan in plans_of(county)
    }
    for row, program in product(COVERAGE, PROGRAMS):
        way = catalog.way_to(row["plan"], counties[row["county"]], program)
        assert [one.id for one in way.routes] == row[program].split(";") * bool(row[program])
        asked = "" if way.routes or way.ask is None else way.ask.id
        assert asked == ("" if row[program] else row["ask"])


def best_of(row: dict[str, str], program: str, catalog: Policy) -> Route | None:
    """The route that was found to be the best, or the line to ask; None where nothing is known."""
    ids = (row[program] or row["ask"]).split(";")
    return next((one for one in catalog.routes_file.route if one.id == ids[0]), None)


SETTLED = [row for row in COVERAGE if (row["plan"], row["county"]) != ("kp", "Tulare")]
"""But for the one county where no region of the plan is settled."""
ONE_COUNTY_EACH = list({row["plan"]: row for row in SETTLED}.values())


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_decided_and_drafted_is_the_members_own_route(catalog: Policy, program: str) -> None:
    """For each plan in each county the result names its best route, and the draft goes to that route."""
    drafter, decider = Drafter(catalog, Profile(), AS_OF), screener(subjects_named([program], catalog), catalog)
    asked = {"referral.program": program, **({"referral.services": ["respite"]} if program == "cs" else {})}
    for row in SETTLED:
        document = changed(COMPLETE, {"member.plan": row["plan"], "member.county": row["county"], **CIN, **asked})
        case, problems = read_case(document)
        assert not problems
        best = best_of(row, program, catalog)
        told = [one.route for one in decide("case", case, decider, catalog, AS_OF, None).send]
        assert told[:1] == ([best] if best else [])
        if best is None:
            with pytest.raises(NotFound) as refused:
                drafter.draft(case)
            assert refused.value.code == "no-route"
            continue
        drafted = drafter.draft(case)
        if best.channel is Channel.EMAIL:
            assert (drafted.draft.to, drafted.draft.subject) == ((best.address,), best.subject[program])
        else:
            assert (drafted.draft.to, drafted.goes.kind) == ((), SHEET)
            assert best.address.replace(" ", "") in drafted.draft.body.replace("\n", "").replace(" ", "")
            assert not [line for line in drafted.draft.body.splitlines() if len(line) > 76 and " " in line.strip()]
        codes = {one.code for one in drafted.warnings} & {"ask-how-to-refer"}
        assert codes == (set() if row[program] else {"ask-how-to-refer"})


@pytest.mark.parametrize("row", ONE_COUNTY_EACH, ids=lambda row: row["plan"])
def test_commands_print_the_members_own_route(run: Run, catalog: Policy, tmp_path: Path, row: dict[str, str]) -> None:
    """`check` and `refer` print what was decided and drafted, for a member of each plan."""
    case, best = case_of(tmp_path, row["plan"], row["county"]), best_of(row, "ecm", catalog)
    send = json.loads(run("check", case, "--program", "ecm", "--as-of", AS_OF, "--json").out)["send"]
    assert [one["address"] for one in send] == ([best.address] if best else [])
    ran = run("refer", case, "--as-of", AS_OF, "--json")
    if best is None:
        assert (ran.code, json.loads(ran.err)["code"]) == (5, "no-route")
        return
    document = json.loads(ran.out)
    by_email = best.channel is Channel.EMAIL
    expected = ([best.address], best.subject["ecm"]) if by_email else ([], None)
    assert (document["to"], document["subject"]) == expected


def test_county_and_plan_print_the_routes(run: Run, catalog: Policy) -> None:
    """A county says how each other plan takes ECM requests; a plan shows each of its routes."""
    routes = {one.id: one for one in catalog.routes_file.route}
    for row in COVERAGE:
        if row["plan"] == "kp":
            continue
        [line] = [
            line
            for line in run("county", row["county"]).out.splitlines()
            if line.startswith(f"plan\t{catalog.plans[row['plan']].name}: ")
        ]
        best = routes.get(row["ecm"].split(";")[0])
        assert (next(lines(best)) in line) if best else "no way to refer is known" in line
    for plan in catalog.plans:
        out = run("plan", plan).out
        assert all(one.address in out for one in routes.values() if one.plan == plan)


@pytest.mark.parametrize("kind", [RouteKind.QUESTION, RouteKind.PAGE])
def test_an_address_for_questions_is_never_written_to(catalog: Policy, kind: RouteKind) -> None:
    """No draft, whatever the plan, county and program, goes to or names a mailbox that is only for questions."""
    addresses = {one.address for one in catalog.routes_file.route if one.kind is kind}
    assert addresses
    drafter = Drafter(catalog, Profile(), AS_OF)
    plans = {one.plan for one in catalog.routes_file.route if one.kind is kind}
    asked = [row for row in COVERAGE if row["plan"] in plans]
    drafted = 0
    for row, program in product(asked, PROGRAMS):
        service = {"referral.services": ["respite"]} if program == "cs" else {}
        changes = {"member.plan": row["plan"], "member.county": row["county"], "referral.program": program, **service}
        with suppress(NotFound):
            message = drafter.draft(read_case(changed(COMPLETE, {**CIN, **changes}))[0]).draft
            drafted += 1
            assert not addresses & {*message.to, *message.body.split()}
    assert drafted


NEW_PLAN = {
    "plan": {"id": "invented", "name": "Invented Health Plan", "source": ["ENR"]},
    "route": {
        "id": "invented-mailbox",
        "plan": "invented",
        "programs": ["ecm", "cs", "chw"],
        "kind": "referral",
        "channel": "email",
        "address": "referrals@invented.example.org",
        "subject": {"ecm": "New ECM member", "cs": "New CS member", "chw": "New CHW member"},
        "source": ["ENR"],
        "grade": "A",
        "date": "2026-11",
        "checked": AS_OF,
    },
    "offer": {"plan": "invented", "kind": "all_but", "services": ["respite"], "as_of": "2026-11", "source": ["ENR"]},
}


def own_data(tmp_path: Path, change: Callable[[Path], object]) -> Path:
    """A folder of data of the user's own, changed by hand."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("programs.toml", "counties.toml", "routes.toml", "talk.toml"):
        shutil.copy(load.shipped() / name, folder)
    change(folder)
    return folder


def with_new_plan(folder: Path) -> None:
    """Add a plan with a mailbox, subjects and a form of its own, as somebody does who reads no Python."""
    form = {
        "id": "invented",
        "plans": ["invented"],
        "name": "the plan's own form",
        "numbers": ["cin"],
        "required": ["member.first_name", "member.last_name"],
        "attestation": ["I vouch for this."],
        "source": ["ENR"],
        "sections": [
            {
                "title": "PERSON",
                "fields": ["member.last_name", "member.first_name", "member.reach_through", "member.cin"],
            },
            {"title": "WISH", "fields": ["referral.program", "referral.services"]},
            {"title": "VOUCHED FOR", "fields": ["consent.member_agreed", "consent.attested"]},
            {"title": "PART 2", "fields": ["consent.part2"]},
            {"title": "PLEASE"},
        ],
    }
    with (folder / "routes.toml").open("a", encoding="utf-8") as file:
        file.write(tomli_w.dumps({"route": [NEW_PLAN["route"]], "offer": [NEW_PLAN["offer"]], "form": [form]}))
    counties = (folder / "counties.toml").read_text("utf-8").replace('plans = ["aah"]', 'plans = ["aah", "invented"]')
    counties = counties.replace("[[plan]]", "", 0) + "\n" + tomli_w.dumps({"plan": [NEW_PLAN["plan"]]})
    (folder / "counties.toml").write_text(counties, encoding="utf-8")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_plan_is_added_by_toml_alone(run: Run, tmp_path: Path, program: str) -> None:
    """A plan with its own mailbox, subjects and form needs no line of Python: its members get its drafts."""
    folder = own_data(tmp_path, with_new_plan)
    assert run("data", "check", "--data", folder).code == 0
    case = case_of(
        tmp_path,
        "invented",
        "Alameda",
        program,
        **({"referral.services": ["day_habilitation"]} if program == "cs" else {}),
    )
    ran = run("refer", case, "--as-of", AS_OF, "--data", folder, "--json")
    document = json.loads(ran.out)
    assert (document["to"], document["subject"]) == (
        ["referrals@invented.example.org"],
        NEW_PLAN["route"]["subject"][program],  # type: ignore[index]
    )
    assert document["route"]["kind"] == "invented"
    assert "PERSON\nLast name: Member\nFirst name: Test\n" in document["body"]
    assert "[x] I vouch for this." in document["body"]
    assert "Kaiser" not in document["body"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_reminder_about_ecm_comes_with_ecm_alone(run: Run, tmp_path: Path, program: str) -> None:
    """What a plan may not ask for ECM is said to whoever refers for ECM, and to nobody else."""
    ran = run("refer", case_of(tmp_path, "anthem", "Fresno", program), "--as-of", AS_OF, "--json")
    told = " ".join(json.loads(ran.out)["reminders"])
    assert "Write down when you called" in told
    assert ("may not ask for a TAR form" in told) is (program == "ecm")


def test_what_a_form_has_no_line_for_is_warned_of(run: Run, tmp_path: Path) -> None:
    """What is given and has no line on the plan's own form, so that the letter leaves it out, is warned of."""
    folder = own_data(tmp_path, with_new_plan)
    case = case_of(tmp_path, "invented", "Alameda", "ecm", **{"referral.notes": "Has a dog.", "member.email": ""})
    ran = run("refer", case, "--as-of", AS_OF, "--data", folder, "--json")
    document = json.loads(ran.out)
    assert "Has a dog." not in document["body"]
    left = {one["where"] for one in document["warnings"] if one["code"] == "not-on-the-form"}
    assert "referral.notes" in left
    assert not left & {"member.email", "member.last_name", "member.cin", "referrer.name"}
    assert "not-on-the-form" not in run("refer", case, "--as-of", AS_OF).err


def test_a_plans_own_list_refuses_what_it_does_not_offer(run: Run, tmp_path: Path) -> None:
    """A service missing from a plan's own list is refused, with the date of the list."""
    folder = own_data(tmp_path, with_new_plan)
    ran = run("refer", case_of(tmp_path, "invented", "Alameda", "cs"), "--as-of", AS_OF, "--data", folder)
    assert ran.code == 5
    assert "not offered in the member's county as of 2026-11" in ran.err


@pytest.mark.parametrize("typed", ["alliance", "blue cross", "Blue Shield", "family health plan", "health plan"])
def test_part_of_a_plans_name_is_refused_with_candidates(run: Run, tmp_path: Path, typed: str) -> None:
    """Part of a name may belong to another plan: it is never accepted, and the ids it may mean are named."""
    for arguments in (("plan", typed), ("check", case_of(tmp_path, typed, "Alameda"))):
        ran = run(*arguments)
        assert ran.code == 5
        assert "which may be" in ran.err


def test_a_plan_against_kp_member_is_a_conflict(run: Run, tmp_path: Path) -> None:
    """Two different plans in one case stop everything: one of them is wrong."""
    for plan, kp_member in (("aah", True), ("kp", False)):
        for command in ("check", "refer"):
            case = case_of(tmp_path, plan, "Alameda", **{"member.kp_member": kp_member})
            ran = run(command, case, "--as-of", AS_OF, "--json")
            assert (ran.code, "plan-conflict" in ran.err) == (4, True)


def test_a_named_plan_is_managed_care(run: Run, tmp_path: Path) -> None:
    """A member of a named plan has managed care: this is not asked, and a "no" to it gets a message."""
    unasked = case_of(tmp_path, "aah", "Alameda", **{"answers.managed_care": None})
    result = json.loads(run("check", unasked, "--program", "ecm", "--json").out)["results"][0]
    assert result["outcome"] == "likely"
    assert "managed_care" not in [one["question"] for one in result["missing"]]
    denied = case_of(tmp_path, "aah", "Alameda", **{"answers.managed_care": False})
    assert "plan-without-managed-care" in run("check", denied).err
    ran = run("refer", denied, "--as-of", AS_OF)
    assert (ran.code, "plan-without-managed-care" in ran.err) == (4, True)


@pytest.mark.parametrize(
    ("county", "region", "code", "outcome"),
    [
        ("Tulare", "north", 0, "REGMCDURNS-KPNC@kp.org"),
        ("Tulare", "South", 0, "RegCareCoordCaseMgmt@kp.org"),
        ("Tulare", "", 5, "member.kp_region"),
        ("Tulare", "east", 4, "unknown-region"),
        ("Alameda", "north", 0, "REGMCDURNS-KPNC@kp.org"),
        ("Alameda", "south", 4, "region-conflict"),
        ("Santa Cruz", "south", 0, "RegCareCoordCaseMgmt@kp.org"),
    ],
)
def test_the_region_on_the_card(run: Run, tmp_path: Path, county: str, region: str, code: int, outcome: str) -> None:
    """The region on the card settles a split or inferred county, and never overrules a known one."""
    case = case_of(tmp_path, "kp", county, **{"member.kp_region": region, "member.zip": "93292"})
    ran = run("refer", case, "--as-of", AS_OF)
    assert ran.code == code
    assert outcome in ran.out + ran.err


def test_an_mrn_never_leaves_to_another_plan(run: Run, tmp_path: Path) -> None:
    """One plan's record number means nothing to another, and does not replace the CIN there."""
    both = case_of(tmp_path, "aah", "Alameda", **{"member.mrn": "00012345"})
    ran = run("refer", both, "--as-of", AS_OF)
    assert (ran.code, "00012345" in ran.out, "91234567A" in ran.out) == (0, False, True)
    alone = case_of(tmp_path, "aah", "Alameda", **{"member.mrn": "00012345", "member.cin": None})
    assert "member-id-missing" in run("refer", alone, "--as-of", AS_OF).err


@pytest.mark.parametrize("form", ["eml", "mailto"])
def test_no_message_to_a_plan_without_a_mailbox(run: Run, tmp_path: Path, form: str) -> None:
    """A plan that takes no e-mail gets none, and the message says how to get the sheet."""
    ran = run("refer", case_of(tmp_path, "aah", "Alameda"), "--as-of", AS_OF, "--format", form)
    assert (ran.code, ran.out) == (5, "")
    assert "--format text" in ran.err


def test_plan_not_known(run: Run, tmp_path: Path) -> None:
    """Without a plan nothing is drafted: the county's plans are named instead."""
    for plan in ("", "unknown"):
        ran = run("refer", case_of(tmp_path, plan, "Alameda"), "--as-of", AS_OF, "--json")
        assert (ran.code, json.loads(ran.err)["code"]) == (5, "plan-unknown")
        assert "Alameda Alliance for Health" in json.loads(ran.err)["message"]


def test_rejected_addresses_are_refused_and_printed_nowhere(run: Run, catalog: Policy, tmp_path: Path) -> None:
    """What proved wrong is in no route, plan or contact, and anyone who adds it is told why not."""
    printed = [*(run("plan", plan).out for plan in catalog.plans), run("contacts").out]
    printed += [run("county", county.name).out for county in catalog.counties_file.county]
    for one in catalog.routes_file.rejected:
        assert not [text for text in printed if one.address in text], one.address
    wrong = catalog.routes_file.rejected[0].address

    def add(folder: Path) -> None:
        path = folder / "routes.toml"
        path.write_text(path.read_text("utf-8").replace('"1-800-391-2000"', f'"{wrong}"'), encoding="utf-8")

    assert "rejected-address" in run("data", "check", "--data", own_data(tmp_path, add)).err


def test_a_folder_without_the_new_file_takes_the_shipped_one(run: Run, tmp_path: Path) -> None:
    """Your own data need not have every file."""

    def without(folder: Path) -> None:
        (folder / "routes.toml").unlink()

    folder = own_data(tmp_path, without)
    assert "REGMCDURNS-KPNC@kp.org" in run("county", "alameda", "--data", folder).out


SHEET_ROW = {"kp_member": "", "mrn": "", "cin": "91234567A"}


def test_a_batch_writes_each_row_for_its_own_plan(run: Run, tmp_path: Path) -> None:
    """Rows of several plans in one sheet: a message for one, a sheet for another, a refusal for an unknown one."""
    source = tmp_path / "members.csv"
    rows = [
        sheets.row(1, plan="kp", kp_member=""),
        sheets.row(2, plan="hpsm", **SHEET_ROW),
        sheets.row(3, plan="unknown", **SHEET_ROW),
        sheets.row(4, plan="alliance", **SHEET_ROW),
        sheets.row(5, plan="molina", **SHEET_ROW | {"county": "Riverside"}),
    ]
    source.write_bytes(sheets.sheet(rows))
    ran = run("batch", source, "--out", tmp_path / "out", "--keep-going", "--as-of", AS_OF)
    assert ran.code == 3
    names = sorted(path.name for path in (tmp_path / "out").glob("0*"))
    assert [name.partition(".")[2] for name in names] == ["eml", "txt"]
    assert "Plan: Health Plan of San Mateo" in (tmp_path / "out" / names[1]).read_text("utf-8")
    report = list(csv.DictReader((tmp_path / "out" / "report.csv").read_text("utf-8").splitlines()))
    assert [one["code"].split(";")[0] for one in report[2:]] == ["plan-unknown", "ambiguous-plan", "no-route"]
    again = run("batch", source, "--out", tmp_path / "out", "--keep-going", "--as-of", AS_OF)
    assert "0 written, 2 unchanged" in again.err


def test_a_mailbox_of_drafts_holds_messages_alone(run: Run, tmp_path: Path) -> None:
    """A row for a plan without e-mail cannot be a message in an .mbox: it is refused there, with the reason."""
    source = tmp_path / "members.csv"
    source.write_bytes(sheets.sheet([sheets.row(1, plan="kp", kp_member=""), sheets.row(2, plan="hpsm", **SHEET_ROW)]))
    ran = run("batch", source, "--out", tmp_path / "out.mbox", "--keep-going", "--as-of", AS_OF)
    assert ran.code == 3
    report = (tmp_path / "out.mbox.report.csv").read_text("utf-8")
    assert "not-by-email" in report
    assert "to a folder or zip file" in report


def test_no_plan_stands_in_the_program() -> None:
    """No plan's name, address or region is in Python, except the keys that users rely on."""
    named = re.compile(
        r"kaiser|permanente|kp\.org|health net|calviva|molina|anthem|partnership|northern california", re.IGNORECASE
    )
    keys = re.compile(r"[\"'](?:north|south)[\"']")
    for path in sorted((ROOT / "src").rglob("*.py")):
        text = path.read_text("utf-8")
        assert not named.findall(text), path
        assert not keys.findall(text), path


@pytest.mark.parametrize(
    ("day", "by"), [("2026-11-22", "2026-12-15"), ("2026-12-21", "2027-01-12"), ("2028-03-01", "2028-03-24")]
)
def test_who_may_begin_at_once(run: Run, tmp_path: Path, write_profile: WriteProfile, day: str, by: str) -> None:
    """A contracted provider of a listed kind is told that she may begin, and by which working day to ask the plan."""
    answers = {
        "housing": ["shelter"],
        "complex_need": True,
        "excluded_programs": ["none"],
        "choose_one_programs": ["none"],
    }
    case = case_of(tmp_path, "health_net", "Sacramento", answers=answers)
    for kind, told in (("street_medicine", True), ("primary_care", False)):
        write_profile(f'schema = "calaim.profile/1"\nkind = "{kind}"\n')
        ran = run("check", case, "--program", "ecm", "--all", "--as-of", day)
        assert ran.code == 0, ran.err
        said = ran.out
        assert ("you may begin today and be paid for 30 days" in said) is told
        assert (f"send the request by {by}" in said) is told
    write_profile('schema = "calaim.profile/1"\nkind = "street_medicin"\n')
    ran = run("check", case, "--as-of", day)
    assert (ran.code, "street_medicine" in ran.err) == (4, True)
