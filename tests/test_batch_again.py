"""Batch, run again and looked through: drafts that no longer hold, warnings of every kind, columns passed through."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any, Final

import pytest

from calaim_cli.batch import batch
from calaim_cli.batch.batch import Order
from calaim_cli.batch.row import reader
from conftest import Run, WriteCase, is_private
from runs import ALL_PROGRAMS, CATALOG, TARGETS, as_anybody, calaim, contents, without_hard_links
from sheets import COLUMNS, read_csv, row, sheet

DAY: Final = ("--as-of", "2026-11-22")


def written(path: Path, *rows: dict[str, str], columns: list[str] | None = None) -> Path:
    """The rows as a file."""
    path.write_bytes(sheet(rows, columns or COLUMNS))
    return path


def report(place: Path) -> list[dict[str, str]]:
    """The report of a run."""
    return read_csv(place.read_bytes())


@pytest.fixture
def again(tmp_path: Path, run: Run) -> tuple[Path, Path]:
    """A sheet whose second row has lost its consent since its drafts were written, and the folder with them."""
    source, out = written(tmp_path / "members.csv", row(1), row(2), row(3)), tmp_path / "out"
    assert run("batch", source, "--out", out, *DAY).code == 0
    written(source, row(1), row(2, member_agreed=""), row(3))
    return source, out


def test_draft_that_outlived_its_consent_is_stale(run: Run, again: tuple[Path, Path]) -> None:
    """A draft that this run would not write is named in the report, summary and JSON, and never deleted."""
    source, out = again
    kept = (out / "0002-ecm.eml").read_bytes()
    told = run("batch", source, "--out", out, "--keep-going", *DAY)
    assert "1 refused, 0 conflicts, 1 stale;" in told.err
    assert "calaim: warning: " + f"{out}: stale: {out / 'report.csv'} lists 1 draft from an earlier run" in told.err
    ran = run("batch", source, "--out", out, "--keep-going", "--json", *DAY)
    assert (told.code, ran.code, ran.err) == (6, 6, "")
    document = json.loads(ran.out)
    assert (document["stale"], document["refused"]) == (1, 1)
    assert (str(out), "stale") in {(one["where"], one["code"]) for one in document["warnings"]}
    lines = report(out / "report.csv")
    assert [(line["row"], line["status"], line["file"]) for line in lines][1:] == [
        ("2", "refused", ""),
        ("3", "unchanged", "0003-ecm.eml"),
        ("", "stale", "0002-ecm.eml"),
    ]
    assert "delete it yourself" in lines[-1]["message"]
    assert (out / "0002-ecm.eml").read_bytes() == kept
    (out / "0002-ecm.eml").unlink()
    ran = run("batch", source, "--out", out, "--keep-going", *DAY)
    assert (ran.code, "stale" in ran.err, "stale" in (out / "report.csv").read_text()) == (3, False, False)


def test_stale_drafts_are_told_where_nothing_is_written(run: Run, again: tuple[Path, Path]) -> None:
    """A dry run and a run that refuses everything name stale drafts on stderr, and keep their exit code."""
    source, out = again
    before = contents(out)
    ran = run("batch", source, "--out", out, *DAY)
    assert (ran.code, "0002-ecm.eml: stale: " in ran.err) == (4, True)
    ran = run("batch", source, "--out", out, "--dry-run", "--keep-going", "--json", *DAY)
    document = json.loads(ran.out)
    assert (ran.code, ran.err, document["stale"]) == (3, "", 1)
    assert {"0002-ecm.eml"} == {one["where"] for one in document["warnings"] if one["code"] == "stale"}
    ran = run("batch", source, "--out", out, "--dry-run", *DAY)
    assert (ran.code, "0002-ecm.eml: stale: " in ran.err) == (4, True)
    written(source, row(1), row(3))
    ran = run("batch", source, "--out", out, "--dry-run", *DAY)
    assert (ran.code, "0003-ecm.eml: stale: " in ran.err) == (0, True)
    assert contents(out) == before


def test_what_is_not_stale(run: Run, again: tuple[Path, Path]) -> None:
    """The first rows alone say nothing about the others; links, folders and other names are no earlier drafts."""
    source, out = again
    assert run("batch", source, "--out", out, "--limit", "1", *DAY).code == 0
    (out / "0002-ecm.eml").unlink()
    (out / "0007-ecm.eml").symlink_to(out / "0001-ecm.eml")
    (out / "0008-ecm.eml").mkdir()
    for name in ("008-ecm.eml", "0008-ecm.eml.bak", "0008-abc.eml", "x0008-ecm.eml"):
        (out / name).touch(exist_ok=True)
    assert run("batch", source, "--out", out, "--keep-going", *DAY).code == 3
    (out / "00010-chw.txt").touch()
    assert run("batch", source, "--out", out, "--keep-going", *DAY).code == 6


def test_row_that_asks_for_another_program_leaves_a_stale_draft(run: Run, tmp_path: Path) -> None:
    """If a row now asks for another program, its draft for the earlier one does not go unnoticed."""
    source, out = written(tmp_path / "members.csv", row(1)), tmp_path / "out"
    run("batch", source, "--out", out, *DAY)
    written(source, row(1, program="chw"))
    ran = run("batch", source, "--out", out, *DAY)
    assert (ran.code, report(out / "report.csv")[-1]["file"]) == (6, "0001-ecm.eml")


def test_draft_of_another_plan_is_stale(run: Run, tmp_path: Path) -> None:
    """If the card turns out to be another plan's, the message to the first plan does not go unnoticed."""
    source, out = written(tmp_path / "members.csv", row(1)), tmp_path / "out"
    run("batch", source, "--out", out, *DAY)
    written(source, row(1, kp_member="", plan="hpsm", mrn="", cin="91234567A"))
    ran = run("batch", source, "--out", out, *DAY)
    assert (ran.code, report(out / "report.csv")[-1]["file"]) == (6, "0001-ecm.eml")
    assert (out / "0001-ecm.txt").exists()


PLAN: Final = {"managed_care": "yes", "excluded_programs": "none", "choose_one_programs": "none"}
VISITS: Final = {"ed_visits_6_months": "5", "visits_avoidable": "yes"}
ASTHMA: Final = {
    "asthma_poorly_controlled": "ed_visit_12_months",
    "asthma_trigger_assessment": "no",
    "asthma_dollars_used": "0",
}
RESPITE: Final = {**PLAN, "program": "cs", "services": "respite", "caregiver_dependent": "yes"}
WARNED: Final[dict[str, dict[str, str]]] = {
    "mrn-length": {"mrn": "123456"},
    "cin-letter": {"cin": "91234567B"},
    "zip-state": {"zip": "10001"},
    "zip-county": {"zip": "94601"},
    "county-from-zip": {"county": ""},
    "county-from-city": {"county": "Belmont"},
    "text-ssn": {"notes": "123-45-6789"},
    "double-encoding": {"last_name": "Mu\u00c3\u00b1oz"},
    "text-diagnosis": {"notes": "Has hepatitis."},
    "say-which": {"referrer_relationship": "other"},
    "agreed-by-not-stated": {"date_of_birth": "2010-01-01", "agreed_by": ""},
    "agreed-by-child": {"date_of_birth": "2010-01-01", "agreed_by": "member"},
    "guardian-not-named": {"date_of_birth": "2010-01-01", "agreed_by": "guardian"},
    "part2-not-stated": {"part2": ""},
    "age-differs": {"age": "12"},
    "answers-old": {"answered_on": "10/22/2026", "stays_6_months": "1"},
    "answered-on": {"answered_on": "11/23/2026", "complex_need": "yes"},
    "answers-contradict": {"ed_visits_6_months": "3", "ed_visits_12_months": "2"},
    "part2-phrase": {"notes": "Lives in a sober living house."},
    "part2-attach": {"part2": "yes", "part2_consent": "yes"},
    "plan-discretion": {**RESPITE, "respite_hours_used": "336"},
    "choose-one": {**PLAN, **VISITS, "choose_one_programs": "county_tcm"},
    "not-yet": {**PLAN, "program": "cs", "services": "asthma_remediation", **ASTHMA},
    "need-answers": {},
    "unlikely": {"excluded_programs": "hospice"},
    "has-ecm": {"referrer_relationship": "other", "current_services": "ecm"},
    "has-ccm": {"current_services": "ccm"},
    "has-chw": {"program": "chw", "current_services": "chw", "notes": "A challenge."},
    "has-ecm-for-chw": {"program": "chw", "current_services": "ecm", "notes": "A challenge."},
    "has-support": {**RESPITE, "respite_hours_used": "3", "current_services": "community_supports"},
    "notes-wanted": {"program": "chw"},
    "zip-region": {"zip": "90012"},
    "region-not-confirmed": {"county": "Imperial", "zip": "92243"},
    "county-in-part": {"county": "San Bernardino", "zip": "92401"},
    "contact": {**PLAN, "released_within_12_months": "yes", "justice_condition": "sud"},
    "availability-not-confirmed": {"program": "cs", "services": "transitional_rent"},
}


def as_case(cells: dict[str, str]) -> dict[str, Any]:
    """The cells of a row as the changes to a case file."""
    case, _ = reader(tuple(cells), CATALOG.questions)(tuple(cells.values()))
    parts = {part: getattr(case, part) for part in ("member", "referrer", "referral", "consent")}
    given = {
        f"{part}.{key}": list(value) if isinstance(value, tuple) else value
        for part, table in parts.items()
        for key in table.__struct_fields__
        if (value := getattr(table, key)) not in ("", (), None)
    }
    day = {"answered_on": case.answered_on} if case.answered_on else {}
    return given | day | {"answers": case.answers}


@pytest.mark.thorough
@pytest.mark.parametrize("code", WARNED)
def test_batch_warns_as_refer_does(run: Run, tmp_path: Path, write_case: WriteCase, code: str) -> None:
    """`refer`, its JSON and the report of a row give the same warnings for a case, with the same codes."""
    cells = {name: text for name, text in (row(1) | WARNED[code]).items() if text}
    source = written(tmp_path / "members.csv", cells, columns=[*COLUMNS, *(cells.keys() - set(COLUMNS))])
    blank = {"member.county": None, "member.zip": None, "consent.part2": None}
    said = run("refer", write_case(blank | as_case(cells)), "--out", tmp_path / "draft.eml", *DAY)
    assert said.code == 0, said.err
    codes = [line.split(": ")[3] for line in said.err.splitlines() if line.startswith("calaim: warning: ")]
    document = json.loads(run("refer", tmp_path / "case.toml", "--json", *DAY).out)
    assert [one["code"] for one in document["warnings"]] == codes
    masked = run("refer", tmp_path / "case.toml", "--redact", "--json", *DAY)
    assert [one["code"] for one in json.loads(masked.out)["warnings"]] == codes
    ran = run("batch", source, "--out", tmp_path / "out", *DAY)
    (line,) = report(tmp_path / "out" / "report.csv")
    assert line["code"] == ";".join(dict.fromkeys(codes))
    assert code in codes
    assert cells.get("county", "San Mateo") not in line["message"]
    assert "1 written (1 with warnings: see report.csv)" in ran.err
    assert "1 would be drafted (1 with warnings)" in run("batch", source, "--dry-run", *DAY).err
    assert json.loads(run("batch", source, "--dry-run", "--json", *DAY).out)["warned"] == 1


def test_ecm_and_chw_for_one_member_warn_of_both_rows(run: Run, tmp_path: Path) -> None:
    """Two rows for one member, found by either number, that ask for both programs are both flagged for review."""
    rows = [
        row(1, cin="91234567A"),
        row(2),
        row(1, cin="91234567A", mrn="", program="chw"),
        row(2, program="chw", mrn="87654321"),
        row(3, mrn="00123456"),
        row(3, mrn="123456", program="chw"),
    ]
    ran = run("batch", written(tmp_path / "m.csv", *rows), "--out", tmp_path / "out", *DAY)
    assert ran.code == 0, ran.err
    codes = [line["code"].split(";") for line in report(tmp_path / "out" / "report.csv")]
    assert ["ecm-and-chw" in line for line in codes] == [True, False, True, False, True, True]


SAME: Final[list[tuple[dict[str, str], dict[str, str], str]]] = [
    ({"mrn": "00012345"}, {"mrn": "00012345", "program": "chw", "last_name": "Other"}, "id-name"),
    ({"mrn": "00012345", "last_name": "Example"}, {"mrn": "12345678", "cin": "", "last_name": "Example"}, ""),
    ({"mrn": "00123456", "last_name": "Example"}, {"mrn": "123456", "last_name": "EXAMPLE"}, "id-zeros"),
    ({"cin": "91234567A"}, {"mrn": "", "cin": "91234567A", "program": "chw", "last_name": "Other"}, "id-name"),
    ({"mrn": "00012345"}, {"mrn": "00012345", "last_name": "Other"}, "id-name"),
]


@pytest.mark.parametrize(("one", "other", "code"), SAME)
def test_number_of_two_members_warns_of_both_rows(
    run: Run, tmp_path: Path, one: dict[str, str], other: dict[str, str], code: str
) -> None:
    """The same number with another name, or with other leading zeros, is flagged for review in both rows."""
    source = written(tmp_path / "members.csv", row(1) | one, row(2) | other, row(3))
    run("batch", source, "--out", tmp_path / "out", "--keep-going", *DAY)
    first, second, third = report(tmp_path / "out" / "report.csv")
    for line in (first, second):
        assert {one for one in line["code"].split(";") if one.startswith("id-")} == ({code} if code else set())
    assert not code or ("row 2" in first["message"] and "row 1" in second["message"])
    assert "id-" not in third["code"]


def test_kept_columns_end_the_report(run: Run, tmp_path: Path) -> None:
    """Your own columns pass through to the report by name, even for refused rows, and into no draft."""
    columns = [*COLUMNS, "Client No.", "room"]
    rows = [
        row(1, **{"Client No.": " A-1_b.2 ", "room": "7"}),
        row(2, phone="911", **{"Client No.": "A-2"}),
        row(3, **{"Client No.": "=1+1", "room": "x" * 41}),
        row(4, **{"Client No.": "Núñez", "room": "x" * 40}),
        row(5, **{"Client No.": "a b", "room": "@SUM(A1)"}),
    ]
    source, out = written(tmp_path / "members.csv", *rows, columns=columns), tmp_path / "out"
    ran = run("batch", source, "--out", out, "--keep-going", "--keep", "client no.", "--keep", "room", *DAY)
    assert ran.code == 3, ran.err
    lines = report(out / "report.csv")
    assert list(lines[0])[-2:] == ["Client No.", "room"]
    assert [(line["Client No."], line["room"]) for line in lines] == [
        ("A-1_b.2", "7"), ("A-2", ""), ("", ""), ("", "x" * 40), ("", ""),
    ]  # fmt: skip
    assert ["keep-format" in line["code"].split(";") for line in lines] == [False, False, True, True, True]
    assert b"A-1_b.2" not in (out / "0001-ecm.eml").read_bytes()
    assert (out / "rejects.csv").read_bytes().count(b"A-2") == 1
    assert run("batch", source, "--out", out, "--keep-going", "--keep", "client no.", "--keep", "room", *DAY).code == 3


def test_unknown_column_is_never_led_into_a_letter(run: Run, tmp_path: Path) -> None:
    """A column of your own is refused with both ways out; a column that goes to the plan is never suggested."""
    source = written(tmp_path / "m.csv", row(1, **{"Worker notes": "x"}), columns=[*COLUMNS, "Worker notes"])
    ran = run("batch", source, "--dry-run")
    assert ran.code == 4
    assert "remove it, or pass it through to the report with --keep" in ran.err
    assert "did you mean" not in ran.err
    assert run("batch", source, "--dry-run", "--keep", "Worker notes").code == 0
    ran = run("batch", source, "--dry-run", "--keep", "Worker notes", "--keep", "first name")
    assert (ran.code, "--keep: keep-column: " in ran.err) == (4, True)


@pytest.mark.parametrize("out", ["x.eml", ".csv", ".tar", "x.CSV", "", " ", "sub/x.xlsx"])
def test_output_of_another_kind_is_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    """Naming a file of another kind gets a list of the kinds there are, and no folder of that name appears."""
    source = written(tmp_path / "members.csv", row(1))
    monkeypatch.chdir(tmp_path)
    assert run("batch", source, "--out", out, *DAY).code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["members.csv"]


def test_each_file_of_drafts_has_lists_of_its_own(run: Run, tmp_path: Path) -> None:
    """A zip and a mailbox with the same name do not take each other's report and refused rows."""
    source = written(tmp_path / "members.csv", row(1), row(2, phone="911"))
    for name in ("q.zip", "q.mbox", "other.MBOX"):
        assert run("batch", source, "--out", tmp_path / name, "--keep-going", *DAY).code == 3
        assert {path.name for path in tmp_path.glob(f"{name}*")} == {name, f"{name}.report.csv", f"{name}.rejects.csv"}


@pytest.mark.parametrize("encoding", ["base64", "hex", "rot13", "bz2", "nonsense"])
def test_codec_that_is_no_text_encoding(run: Run, tmp_path: Path, encoding: str) -> None:
    """A codec that gives no text is an error in the command line, never a bug."""
    assert run("batch", written(tmp_path / "m.csv", row(1)), "--dry-run", "--encoding", encoding).code == 4


def test_more_rows_than_a_run_takes(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet with more rows than the limit is refused before anything is written, with advice to split it."""
    monkeypatch.setattr(batch, "MOST_ROWS", 3)
    source = written(tmp_path / "members.csv", *(row(n, program="chw") for n in range(1, 5)))
    for target in TARGETS:
        ran = run("batch", source, "--out", tmp_path / target, *DAY)
        assert (ran.code, "more than 3 rows; split the sheet" in ran.err) == (4, True)
    assert [path.name for path in tmp_path.iterdir()] == ["members.csv"]


def test_header_without_rows(run: Run, tmp_path: Path) -> None:
    """A header alone is not a successful batch."""
    ran = run("batch", written(tmp_path / "members.csv"), "--dry-run", "--json")
    assert (ran.code, json.loads(ran.err)["code"]) == (4, "no-rows")


def test_refused_rows_are_mended_and_fed_back_twice(run: Run, tmp_path: Path) -> None:
    """Rejects of rejects keep every cell, even in a column named `problem`, and are accepted once fixed."""
    rows = [row(1, phone="911", problem="mine"), row(2, phone="912", zip="1", problem="mine, too")]
    written(tmp_path / "0.csv", *rows, columns=[*COLUMNS, "problem"])
    for n, (bad, good) in enumerate(((b"911", b"415-555-0111"), (b"912", b"415-555-0112"))):
        assert run("batch", tmp_path / f"{n}.csv", "--out", tmp_path / f"{n}", "--keep-going", *DAY).code == 3
        rejects = (tmp_path / f"{n}" / "rejects.csv").read_bytes()
        (tmp_path / f"{n + 1}.csv").write_bytes(rejects.replace(bad, good))
    (found,) = read_csv((tmp_path / "2.csv").read_bytes())
    assert list(found) == [*COLUMNS, "problem", "problem_2"]
    assert (found["problem"], found["problem_2"].partition(":")[0]) == ("mine, too", "phone-format;zip-format")
    written(tmp_path / "3.csv", found | {"zip": "94401"}, columns=list(found))
    assert run("batch", tmp_path / "3.csv", "--out", tmp_path / "3", *DAY).code == 0


@pytest.mark.thorough
@pytest.mark.unix("folder modes, and a process without rights")
def test_place_that_cannot_be_looked_at(tmp_path: Path) -> None:
    """If the output folder cannot be examined, the run goes on without that, or ends with 6, never with 1."""
    source = written(tmp_path / "members.csv", row(1))
    shut = tmp_path / "shut"
    (shut / "out").mkdir(parents=True)
    shut.chmod(0)
    for target in ("out", "x.zip", "new", "out/x.csv"):
        ran = calaim("batch", source, "--out", shut / target, preexec_fn=as_anybody)
        assert ran.returncode == (2 if target.endswith("csv") else 6), ran.stderr
        assert b"internal error" not in ran.stderr
        ran = calaim("batch", source, "--out", shut / target, "--dry-run", preexec_fn=as_anybody)
        assert ran.returncode == (2 if target.endswith("csv") else 0), ran.stderr
    shut.chmod(0o700)


@pytest.mark.unix("the device /dev/zero, and a limit of memory")
def test_case_without_end(tmp_path: Path) -> None:
    """A case that never ends is refused while it is read, within 100 MB more than the command itself uses."""
    import resource

    limit = 100 * 1024 * 1024 + int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    for words in (("refer", "/dev/zero"), ("check", "/dev/zero"), ("check", "-")):
        with Path("/dev/zero").open("rb") as endless:
            ran = calaim(
                *words,
                stdin=endless,
                timeout=60,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit,) * 2),
            )
        assert (ran.returncode, ran.stderr.count(b"\n")) == (4, 1), ran.stderr
        assert b"MiB" in ran.stderr


@pytest.mark.unix("file modes")
def test_refer_without_hard_links(
    run: Run, tmp_path: Path, write_case: WriteCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a drive without hard links a single draft is written as a batch is: private, and kept if it differs."""
    without_hard_links(monkeypatch)
    draft = tmp_path / "draft.eml"
    assert run("refer", write_case(), "--out", draft, *DAY).code == 0
    assert is_private(draft)
    draft.write_bytes(b"edited")
    assert run("refer", write_case(), "--out", draft, *DAY).code == 6
    assert draft.read_bytes() == b"edited"


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_single_draft_beside_a_live_batch(run: Run, tmp_path: Path, write_case: WriteCase, name: str) -> None:
    """While a batch reads its rows, a single draft and another batch are written next to it, undisturbed."""
    source, place, done = written(tmp_path / "members.csv", *map(row, range(1, 9))), tmp_path / "place", list[int]()
    place.mkdir(mode=0o700)
    inside = place / "out" if name == "out" else place

    def meanwhile(_: int) -> None:
        if not done:
            done.append(run("refer", write_case(), "--out", inside / "single.eml", *DAY).code)
            done.append(run("batch", source, "--out", place / "other.zip", *DAY).code)

    tally = batch.Tally(watch=meanwhile)
    batch.run(Order(source=str(source), out=place / name), ALL_PROGRAMS, tally)
    assert (done, tally.written, tally.exit_code) == ([0, 0], 8, 0)
    assert not list(place.rglob(".tmp-*"))


def test_signal_of_the_command_does_not_stay_in_the_tests(run: Run) -> None:
    """The tests themselves can be stopped: no command they run here keeps its own signal handling."""
    run("--version")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
