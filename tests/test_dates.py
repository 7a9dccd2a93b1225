"""What holds on which day: beginnings, authorities, the end of the waivers, and where each of the facts is told."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
import tomli_w

from calaim_cli.case import casefile
from calaim_cli.decide.screening import screener
from calaim_cli.policy import dates
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Authority, Outcome
from conftest import COMPLETE, ROOT, Run, WriteCase, changed
from sheets import read_csv, row, sheet
from test_soundness import END, PROGRAMS, assert_refused, check, edit

WAIVERS = "CalAIM's federal waivers end on December 31, 2026."
DEPENDS = "This one depends on the waiver."
KEEP = "Keep Medi-Cal: not known yet"
LEAVING = {
    "member.county": "Alameda",
    "member.city": "Oakland",
    "member.zip": "94612",
    "answers": {
        "managed_care": True,
        "excluded_programs": ["none"],
        "choose_one_programs": ["none"],
        "current_services": ["none"],
        "chw_triggers": ["social_need"],
        "housing": ["shelter"],
        "complex_need": True,
        "smhs_dmc_criteria": True,
        "recent_transition": ["unsheltered"],
        "housing_support_plan": True,
        "room_and_board_months_used": 0,
        "needs_recovery_place": True,
        "pregnant_or_postpartum": True,
        "birth_equity_group": True,
    },
}
"""A homeless member of 46 who fits one of each kind."""
ASKED = ("homelessness", "birth_equity", "chw", "recuperative_care", "transitional_rent")

GOLDEN = """
2021-12-31 homelessness unlikely - · birth_equity unlikely - · chw unlikely - · recuperative_care unlikely no · transitional_rent unlikely no · said -
2022-01-01 homelessness likely - · birth_equity unlikely - · chw unlikely - · recuperative_care likely yes · transitional_rent unlikely no · said -
2025-06-30 homelessness likely - · birth_equity likely - · chw likely - · recuperative_care likely yes · transitional_rent unlikely no · said -
2025-07-01 homelessness likely - · birth_equity likely - · chw likely - · recuperative_care likely yes · transitional_rent likely - · said -
2025-12-31 homelessness likely - · birth_equity likely - · chw likely - · recuperative_care likely yes · transitional_rent likely - · said -
2026-01-01 homelessness likely - · birth_equity likely - · chw likely - · recuperative_care likely yes · transitional_rent likely yes · said -
2026-11-30 homelessness likely - · birth_equity likely - · chw likely - · recuperative_care likely yes · transitional_rent likely yes · said -
2026-12-01 homelessness likely - · birth_equity likely - · chw likely - · recuperative_care likely yes · transitional_rent likely yes · said waivers-end waiver-needed keep-medi-cal
2026-12-31 homelessness likely - · birth_equity likely - · chw likely - · recuperative_care likely yes · transitional_rent likely yes · said past-review waivers-end waiver-needed keep-medi-cal
2027-01-01 homelessness likely - · birth_equity likely - · chw likely - · recuperative_care likely yes · transitional_rent likely yes · said past-review waivers-end waiver-needed keep-medi-cal
2030-01-01 homelessness likely - · birth_equity likely - · chw likely - · recuperative_care likely yes · transitional_rent likely yes · said past-review waivers-end waiver-needed keep-medi-cal
"""  # noqa: E501 a line a day


@pytest.mark.parametrize("golden", GOLDEN.strip().splitlines(), ids=lambda line: line[:10])
def test_each_day_has_its_outcomes_offers_and_warnings(run: Run, write_case: WriteCase, golden: str) -> None:
    """What begins does so on its day, what is not known is not claimed, and the waivers' end changes words alone."""
    day = golden[:10]
    wanted = [part for one in ASKED for part in ("--program", one)]
    document = json.loads(run("check", write_case(LEAVING), *wanted, "--json", "--as-of", day).out)
    offered = {True: "yes", False: "no", None: "-"}
    found = {one["service"] or one["population"] or one["program"]: one for one in document["results"]}
    parts = [f"{one} {found[one]['outcome']} {offered[found[one]['offered']]}" for one in ASKED]
    codes = dict.fromkeys(one["code"] for one in document["warnings"])
    assert f"{day} {' · '.join(parts)} · said {' '.join(codes) or '-'}" == golden


@pytest.mark.parametrize(
    ("program", "last", "begins"),
    [
        ("ecm", "2021-12-31", "2022-01-01"),
        ("respite", "2021-12-31", "2022-01-01"),
        ("chw", "2022-06-30", "2022-07-01"),
        ("incarceration", "2023-12-31", "2024-01-01"),
        ("birth_equity", "2023-12-31", "2024-01-01"),
        ("transitional_rent", "2025-06-30", "2025-07-01"),
    ],
)
def test_before_its_first_day_that_day_is_the_one_reason(
    run: Run, write_case: WriteCase, program: str, last: str, begins: str
) -> None:
    """Nobody is told of her answers what only the calendar decides; the day comes with source, date and grade."""
    arguments = ("check", write_case(LEAVING), "--program", program)
    for one in json.loads(run(*arguments, "--json", "--as-of", last).out)["results"]:
        if program in {one["program"], one["population"], one["service"]}:
            [reason] = one["because"]
            expected = begins if one["population"] in {None, program} or program == "ecm" else ""
            assert (one["outcome"], one["missing"], reason["met"], reason["part"]) == ("unlikely", [], False, "from")
            assert reason["text"].startswith("begins on ")
            assert one["population"] in {"incarceration", "birth_equity"} or reason["text"].endswith(expected)
            assert reason["source"]
    because = [
        line for line in run(*arguments, "--all", "--as-of", last).out.splitlines() if f"{program}\tbecause" in line
    ]
    assert because[0].startswith(f"{program}\tbecause\tbegins on {begins} [")
    results = json.loads(run(*arguments, "--json", "--as-of", begins).out)["results"]
    assert results[0]["because"] == [] or results[0]["because"][0]["part"] != "from"


def test_no_outcome_changes_with_the_year(catalog: Policy) -> None:
    """The waivers' end decides about nobody: every case of the tests comes out on 2027-01-01 as the day before."""
    decide = screener(catalog.subjects, catalog)
    for path in sorted((ROOT / "tests" / "cases").glob("*.toml")):
        case = casefile.read(str(path))
        before, after = (decide.screen(case, day).determinations for day in (date(2026, 12, 31), date(2027, 1, 1)))
        assert before == after, path.name


# The sentence on the waivers


REFERRALS = {
    "ecm": ({"referral.program": "ecm"}, ["waivers-end"]),
    "respite": ({"referral.program": "cs", "referral.services": ["respite"]}, ["waivers-end"]),
    "recuperative-care": (
        {"referral.program": "cs", "referral.services": ["recuperative_care"]},
        ["waivers-end", "waiver-needed"],
    ),
    "post-hospitalization": (
        {"referral.program": "cs", "referral.services": ["short_term_post_hospitalization_housing"]},
        ["waivers-end", "waiver-needed"],
    ),
    "transitional-rent": ({"referral.program": "cs", "referral.services": ["transitional_rent"]}, []),
    "chw": ({"referral.program": "chw"}, []),
}


@pytest.mark.parametrize(("changes", "codes"), REFERRALS.values(), ids=REFERRALS)
def test_waivers_are_told_to_who_refers_and_never_in_the_letter(
    run: Run, write_case: WriteCase, changes: dict[str, object], codes: list[str]
) -> None:
    """From December on stderr warns of what rests on them; the letter says nothing of it, so that no day dates it."""
    case = write_case(LEAVING | changes)
    before, after = (run("refer", case, "--as-of", day) for day in ("2026-11-30", "2026-12-01"))
    assert (before.code, after.code) == (0, 0)
    assert re.findall(r"waivers-end|waiver-needed", before.err) == []
    assert re.findall(r"(waivers-end|waiver-needed):", after.err) == codes
    assert after.out == before.out.replace("11/30/2026", "12/01/2026")
    assert not re.search(r"waiver|Keep Medi-Cal", after.out, re.IGNORECASE)


def test_rerun_of_a_referral_across_the_day_changes_nothing(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """The same draft of another day is no other draft, and a different one is still refused."""
    case = write_case()
    for name in ("draft.eml", "draft.txt"):
        out = tmp_path / name
        written = run("refer", case, "--out", out, "--as-of", "2026-11-30")
        content = out.read_bytes()
        again = run("refer", case, "--out", out, "--as-of", "2026-12-01")
        assert (written.code, again.code, out.read_bytes()) == (0, 0, content)
        assert f"{out}: unchanged" in again.err
        other = write_case({"member.phone": "415-555-0124"}, "other.toml")
        assert run("refer", other, "--out", out, "--as-of", "2026-12-01").code == 6
        forced = run("refer", case, "--out", out, "--as-of", "2026-12-01", "--force")
        assert (forced.code, b"12/01/2026" in out.read_bytes()) == (0, True)


def test_batch_has_the_code_in_its_report_and_a_rerun_across_the_day_changes_nothing(run: Run, tmp_path: Path) -> None:
    """The report tells of each row what rests on the waivers, without saying what a member is referred for."""
    table, out = tmp_path / "members.csv", tmp_path / "out"
    rent = {"program": "cs", "services": "transitional_rent"}
    recovery = {"program": "cs", "services": "recuperative_care", "county": "Alameda", "zip": "94612"}
    table.write_bytes(sheet([row(1), row(2, **recovery), row(3, program="chw"), row(4, **rent)]))
    assert run("batch", table, "--out", out, "--as-of", "2026-11-30").code == 0
    assert "waivers-end" not in (out / "report.csv").read_text("utf-8")
    again = run("batch", table, "--out", out, "--as-of", "2026-12-01", "--json")
    assert (again.code, json.loads(again.out)["unchanged"]) == (0, 4)
    report = read_csv((out / "report.csv").read_bytes())
    told = [{"waivers-end", "waiver-needed"}.intersection(one["code"].split(";")) for one in report]
    assert told == [{"waivers-end"}, {"waivers-end", "waiver-needed"}, set(), set()]
    assert "Recuperative" not in report[1]["message"]
    assert WAIVERS in report[0]["message"]


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (("programs", "ecm"), ["waivers-end"]),
        (("programs", "homelessness"), ["waivers-end"]),
        (("programs", "recuperative-care"), ["waivers-end", "waiver-needed"]),
        (("services", "medical respite"), ["waivers-end", "waiver-needed"]),
        (("services", "respite"), ["waivers-end"]),
        (("programs", "chw"), []),
        (("services", "transitional-rent"), []),
    ],
)
def test_look_ups_say_it_too(run: Run, arguments: tuple[str, ...], codes: list[str]) -> None:
    """Whoever looks up what rests on the waivers hears of their end from December on; the answer itself stays."""
    before, after = (run(*arguments, "--as-of", day) for day in ("2026-11-30", "2026-12-01"))
    assert (before.err, before.out) == ("", after.out)
    assert re.findall(r"(waivers-end|waiver-needed):", after.err) == codes
    document = json.loads(run(*arguments, "--json", "--as-of", "2026-12-01").out)
    assert [one["code"] for one in document["warnings"]] == codes


def test_several_cases_hear_it_once(run: Run, write_case: WriteCase) -> None:
    """What is so for every case is not said for each; as JSON each document is whole."""
    cases = [write_case(name=f"{n}.toml") for n in range(3)]
    told = run("check", *cases, "--program", "ecm", "--as-of", "2026-12-01")
    assert told.err.count(WAIVERS) == 1
    documents = run("check", *cases, "--program", "ecm", "--json", "--as-of", "2026-12-01").out.splitlines()
    assert ["waivers-end" in one for one in documents] == [True] * 3


# Keep Medi-Cal


@pytest.mark.parametrize(
    ("age", "day", "lines"),
    [
        (18, "2026-12-01", 0),
        (19, "2026-12-01", 1),
        (64, "2030-01-01", 1),
        (65, "2026-12-01", 0),
        (30, "2026-11-30", 0),
        ("unknown", "2026-12-01", 0),
    ],
)
def test_adults_are_reminded_to_keep_their_coverage(run: Run, age: object, day: str, lines: int) -> None:
    """Members of 19 to 64 get one line with source and grade from December on, whatever was asked."""
    case = tomli_w.dumps({"schema": "calaim.case/1", "answers": {"age": age}})
    ran = run("check", "-", "--program", "chw", "--all", "--as-of", day, stdin=case)
    found = [line for line in ran.out.splitlines() if KEEP in line]
    assert len(found) == lines
    assert all(line.startswith("remember\t") and line.endswith("grade B]") for line in found)
    assert KEEP not in ran.err
    assert run("check", "-", "--program", "chw", "--as-of", day, stdin=case).err.count(KEEP) == lines
    document = json.loads(run("check", "-", "--program", "chw", "--json", "--as-of", day, stdin=case).out)
    assert [one["code"] for one in document["warnings"]].count("keep-medi-cal") == lines


# Reviews

FILES = ("programs", "counties", "routes", "talk", "follow_up")
SOME = 'programs.toml: "short_term_post_hospitalization_housing", programs.toml: "recuperative_care": past-review'
OWN = "coverage.toml: coverage-past-review"
"""Keeping Medi-Cal is looked at again each month."""


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ("2026-12-25", []),
        ("2026-12-30", [OWN]),
        ("2026-12-31", [SOME, OWN]),
        (
            "2027-01-01",
            [f"{', '.join(f'{name}.toml' for name in FILES)}: past-review: due for review since 2027-01-01", OWN],
        ),
    ],
)
def test_review_is_due_on_the_day_itself(run: Run, day: str, due: list[str]) -> None:
    """On the day a review is due it is said in one line, of entries with a day of their own before the file is."""
    warned = [line for line in run("data", "check", "--as-of", day).err.splitlines() if "past-review" in line]
    assert [
        one.removeprefix("calaim: warning: ")[: len(wanted)] for one, wanted in zip(warned, due, strict=True)
    ] == due


# The data


def test_everything_says_since_when_and_on_what_it_rests(catalog: Policy) -> None:
    """Each program, population and service has a first day and an authority with grade and source, if its program's."""
    for entry in catalog.entries:
        first, resting = dates.began(entry, catalog), dates.allowed(entry, catalog)
        assert first.starts, entry.id
        assert first.from_source, entry.id
        assert resting.authority, entry.id
        assert resting.authority_grade, entry.id
        assert resting.authority_source, entry.id
    rests = {one.id: dates.allowed(one, catalog).authority for one in catalog.programs_file.service}
    waiver = {one for one, authority in rests.items() if authority is Authority.CALAIM_1115}
    assert waiver == {"recuperative_care", "short_term_post_hospitalization_housing"}
    assert [one for one, authority in rests.items() if authority is Authority.BH_CONNECT_1115] == ["transitional_rent"]
    assert sum(authority is Authority.IN_LIEU for authority in rests.values()) == 12


def test_every_fact_is_told_with_source_and_grade(run: Run, catalog: Policy) -> None:
    """What stands in the data is printed by a look-up of what it touches, or by the help topic on CalAIM."""
    for fact in catalog.programs_file.fact:
        for touched in fact.touches:
            elsewhere = {
                dates.WHOLE: ("help", "calaim"),
                dates.PANEL: ("screen", ROOT / "examples" / "panel.csv", "--counts", "--program", "ecm"),
            }
            told = run(*elsewhere.get(touched, ("programs", touched)))
            [line] = [line for line in told.out.splitlines() if fact.text in line]
            assert line.startswith("context\t" if touched == dates.PANEL else "fact\t")
            assert line.endswith(f"grade {catalog.grade(fact.source)}]")


def test_plans_own_facts_name_the_plan(run: Run) -> None:
    """What one plan says is not taken for the rule of another."""
    lines = run("programs", "chw").out.splitlines()
    assert any(line.startswith("fact\tKaiser Permanente: Its Network Lead Entities") for line in lines)
    assert any(line.startswith("fact\tContra Costa") for line in run("services", "meals").out.splitlines())


def test_papers_are_told_by_step(run: Run) -> None:
    """Nobody waits with a referral for a paper that only the authorization or more of a service needs."""
    lines = run("programs", "ecm").out.splitlines()
    assert [line for line in lines if line.startswith("referral_paper\tNone")]
    assert [line for line in run("services", "respite").out.splitlines() if line.startswith("extension_paper\t")]
    [entry] = json.loads(run("programs", "chw", "--json").out)["programs"]
    assert entry["extension_papers"]
    assert entry["documents"]


def test_phones_in_texts_are_those_of_contacts(catalog: Policy) -> None:
    """A number that stands in a sentence cannot go on being an old one when the contact is mended."""
    text = (ROOT / "data" / PROGRAMS).read_text("utf-8")
    known = {one.phone for one in catalog.counties_file.contact}
    assert set(re.findall(r"\b1-\d{3}-\d{3}-\d{4}\b", text)) <= known


def test_scope_is_asked_by_the_card_and_never_the_immigration_status(catalog: Policy) -> None:
    """The question on managed care can be answered without asking a member what may frighten her."""
    question = catalog.questions["managed_care"]
    assert "card" in question.ask
    assert "immigration" not in question.ask
    assert "never ask about immigration status" in question.help
    assert "Targeted Case Management" in catalog.questions["choose_one_programs"].help


FACT = '\n[[fact]]\nid = "invented"\ntext = "Invented."\nsource = ["G26 p.1"]\n'
NOTICE = """
[[notice]]
id = "keep-medi-cal"
from = 2026-12-01
text = "Invented."
source = ["G26 p.1"]
as_of = 2026-11-26
grade = "B"
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("pattern", "replacement", "told"),
    [
        (r"required_from = 2026-01-01", "required_from = 2025-01-01", ("transitional_rent", "required_from")),
        (r"authority_until = 2029-12-31", "authority_until = 2025-06-30", ("transitional_rent", "2025-07-01")),
        (r"authority_until = 2026-12-31", "authority_until = 2021-12-31", ("2022-01-01", "2021-12-31")),
        (r"from = 2022-07-01", 'from = "soon"', ("chw", "from", "date")),
        (r"from = 2022-07-01", 'from = "2022-07-32"', ("chw", "from")),
        (r'from_source = \["CSG"\]', "from_source = []", ("transitional_rent", "from", "no-source")),
        (r'authority = "state_plan"', 'authority = "state"', ("chw", "authority")),
        (r'authority = "state_plan"\n', "", ("chw", "name the authority")),
        (r'authority_grade = "B"\n', "", ("chw", "authority_grade")),
        (r'authority_source = \["CFR"', 'authority_source = ["CFP"', ("chw", "authority", "CFP")),
        (END, f'{FACT}touches = ["emc"]\n', ("invented", "touches", "emc")),
        (END, f'{FACT}touches = ["ecm"]\nplan = "kq"\n', ("invented", "plan", "kq")),
        (END, NOTICE.replace("keep-medi-cal", "keep") + "at_most = 5\n", ('notice "keep"', "unknown-notice")),
        (r"at_least = 19\nat_most = 64\nsource", "source", ("keep-medi-cal", "authority or ages")),
        (r"at_least = 19\nat_most = 64\nsource", "at_least = 64\nat_most = 19\nsource", ("keep-medi-cal", "more than")),
    ],
)
def test_days_and_authorities_that_cannot_be_are_refused(
    run: Run, data_copy: Path, pattern: str, replacement: str, told: tuple[str, ...]
) -> None:
    """A slip in a day or an authority is found by the check, not by a member who is turned away."""
    edit(data_copy / PROGRAMS, pattern, replacement)
    assert_refused(check(run, data_copy), *told)


def test_data_without_days_decide_as_ever(run: Run, data_copy: Path, write_case: WriteCase) -> None:
    """Somebody's own data of an earlier edition, which know no days, decide on every day and warn of nothing."""
    path = data_copy / PROGRAMS
    keys = "from|from_source|required_from|review_by|authority|authority_until|authority_grade|authority_source"
    text = re.sub(r"\[\[(notice|fact)\]\]\n.*?(?=\n\[\[|\n# --)", "", path.read_text("utf-8"), flags=re.DOTALL)
    head, entries = text.split("[[program]]", 1)
    entries = re.sub(rf"(?m)^({keys}) = .*\n", "", entries)
    path.write_text(f"{head}[[program]]{entries}", "utf-8")
    arguments = ("check", write_case(), "--program", "ecm", "--json", "--data", data_copy)
    found = [json.loads(run(*arguments, "--as-of", day).out) for day in ("2020-01-01", "2026-12-31")]
    assert [one["results"][0]["outcome"] for one in found] == [Outcome.LIKELY] * 2
    assert [one["warnings"] for one in found] == [[], []]


def test_complete_case_is_of_an_age_that_is_reminded() -> None:
    """The case of these tests would show the line in a letter, if a letter ever had it."""
    assert changed(COMPLETE, {})["member"]["date_of_birth"] == "1980-03-04"
