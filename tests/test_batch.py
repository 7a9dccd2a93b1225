"""Batch: ten thousand referrals, none lost; what is refused comes back as it was, and a second run changes nothing."""

from __future__ import annotations

import csv
import io
import json
import mailbox
import zipfile
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from calaim_cli.batch.sheet import BOM
from conftest import AS_OF, Run, WriteProfile, is_private
from sheets import ROW, read_csv, row, sheet

DAY = ("--as-of", "2026-11-22")

BAD: list[tuple[dict[str, str], str]] = [
    ({"first_name": ""}, "missing"),
    ({"last_name": "Exam\x07ple"}, "name-char"),
    ({"first_name": "x" * 101}, "name-length"),
    ({"address": "1 Example\nSt"}, "line-char"),
    ({"address": "x" * 201}, "line-length"),
    ({"date_of_birth": "03/04/80"}, "dob-century"),
    ({"date_of_birth": "29284"}, "dob-excel"),
    ({"date_of_birth": "4 March 1980"}, "dob-format"),
    ({"date_of_birth": "1980-02-30"}, "dob-range"),
    ({"phone": "911"}, "phone-format"),
    ({"zip": "2139"}, "zip-format"),
    ({"mrn": "9.12E+09"}, "id-excel"),
    ({"mrn": "12"}, "mrn-format"),
    ({"mrn": ""}, "member-id-missing"),
    ({"cin": "123-45-6789"}, "id-ssn"),
    ({"cin": "A1234567A"}, "cin-format"),
    ({"email": "a@b"}, "email-format"),
    ({"county": "Atlantis"}, "unknown-place"),
    ({"county": "sb"}, "ambiguous-place"),
    ({"county": "Alpine"}, "county-not-served"),
    ({"kp_member": "no"}, "not-kp-member"),
    ({"kp_member": ""}, "plan-unknown"),
    ({"plan": "hpsm"}, "plan-conflict"),
    ({"self_referral": "yes"}, "no-lead-entity"),
    ({"program": "ecmm"}, "unknown-program"),
    ({"program": "cs"}, "services"),
    ({"program": "cs", "services": "castle"}, "unknown-service"),
    ({"program": "cs", "services": "recuperative_care"}, "service-not-offered"),
    ({"referrer_npi": "1234567890"}, "npi-check"),
    ({"referrer_source": "nobody"}, "unknown-choice"),
    ({"member_agreed": "no"}, "agreement-missing"),
    ({"attested": "maybe"}, "bool-format"),
]


def write(tmp_path: Path, rows: list[dict[str, str]], name: str = "members.csv") -> Path:
    """The rows as a file."""
    path = tmp_path / name
    path.write_bytes(sheet(rows))
    return path


def report(out: Path) -> list[dict[str, str]]:
    """The report of a run."""
    return read_csv((out / "report.csv").read_bytes())


SMALL: list[tuple[dict[str, str], str, str]] = [
    ({"date_of_birth": "3/4/1988 0:00"}, "", "03/04/1988"),
    ({"date_of_birth": "1988-03-04T00:00:00"}, "", "03/04/1988"),
    ({"date_of_birth": "3/4/1988 8:30"}, "dob-time", "date_of_birth: "),
    ({"phone": "415\u2011555\u20110123"}, "", "(415) 555-0123"),
    ({"mrn": '="00012345"'}, "", "00012345"),
    ({"kp_member": "Y", "member_agreed": "Y", "attested": "y", "part2": "N"}, "", "ECM Referral"),
    ({"current_services": "None"}, "", "None"),
    ({"referrer_relationship": "Medical provider"}, "", "Medical provider"),
    ({"program": "cs", "services": "day_habilitation, respite"}, "not-separated", "separate them with a semicolon"),
    ({"program": "cs", "services": "day_habilitation and respite"}, "not-separated", "separate them with a semicolon"),
    ({"current_services": "ihss/ecm"}, "not-separated", "separate them with a semicolon"),
    ({"last_name": "Nu\ufffdez"}, "lost-character", "last_name: "),
    ({"mrn": "123-45-6789"}, "id-ssn", "do not send it"),
    ({"mrn": "123456789"}, "id-ssn", "do not send it"),
]
"""Rows as people and spreadsheets write them, the code that refuses each, and what then stands in report or draft."""


@pytest.mark.parametrize(("cells", "code", "words"), SMALL)
def test_row_as_people_write_it(run: Run, tmp_path: Path, cells: dict[str, str], code: str, words: str) -> None:
    """What is meant is drafted; what would be a guess, or lose a part, is refused and says what to do."""
    source, out = write(tmp_path, [row(1, **cells), row(2)]), tmp_path / "out"
    assert run("batch", source, "--out", out, "--keep-going", *DAY).code == (3 if code else 0)
    first, _ = report(out)
    said = first["message"]
    assert (first["status"], first["code"] if code else "") == ("refused" if code else "written", code)
    assert words in (said if code else (out / first["file"]).read_text("utf-8"))
    assert "did you mean" not in said


NEITHER: Final = dict.fromkeys(("phone", "address", "city", "zip"), "")


def test_row_without_address_and_phone(run: Run, tmp_path: Path) -> None:
    """Who has neither is refused with the way out in the message, and drafted once the row goes that way."""
    way = {"phone": "none", "address": "None", "reach_through": "Example Shelter, front desk"}
    source, out = write(tmp_path, [row(1, **NEITHER), row(2, **{**NEITHER, **way})]), tmp_path / "out"
    assert run("batch", source, "--out", out, "--keep-going", *DAY).code == 3
    refused, drafted = report(out)
    assert (refused["status"], refused["code"], drafted["status"]) == ("refused", "missing", "written")
    assert "phone: the plan's form needs this; if there is none, write none here" in refused["message"]
    assert "in reach_through how to reach the member" in refused["message"]
    letter = (out / drafted["file"]).read_text("utf-8")
    assert "Phone: none" in letter
    assert "Mailing address: none" in letter
    assert "Reach the member through: Example Shelter, front desk" in letter


def test_sheet_without_a_column_for_the_address(run: Run, tmp_path: Path) -> None:
    """A sheet that has only reach_through is told which word goes into which column."""
    source = tmp_path / "members.csv"
    cells = {name: text for name, text in row(1, reach_through="Example Shelter").items() if name not in NEITHER}
    source.write_bytes(sheet([cells], cells))
    ran = run("batch", source, "--dry-run", *DAY)
    assert ran.code == 4
    assert "these columns are needed: phone, address; for a member who has none, write none" in ran.err
    assert "reach_through how to reach the member" in ran.err


def test_choice_of_a_cell_of_several_answers(run: Run, tmp_path: Path) -> None:
    """Several choices of a question in one cell are not taken for one of them either."""
    cells = row(1, housing="shelter, street")
    source, out = tmp_path / "members.csv", tmp_path / "out"
    source.write_bytes(sheet([cells], cells))
    assert run("batch", source, "--out", out, *DAY).code == 4
    ran = run("batch", source, "--out", out, "--keep-going", *DAY)
    assert ran.code == 3
    assert [(one["code"], one["message"]) for one in report(out)] == [
        ("not-separated", "housing: several in one cell: separate them with a semicolon (;)")
    ]


@pytest.mark.thorough
def test_ten_thousand_rows_of_which_137_are_bad(run: Run, tmp_path: Path) -> None:
    """Every good row gets its draft, every bad one comes back with the right code, and mended rows feed back in."""
    rows = [row(number) for number in range(1, 10_001)]
    wanted = {}
    for n in range(137):
        number = 1 + n * 72
        changes, code = BAD[n % len(BAD)]
        rows[number - 1] |= changes
        wanted[number] = code
    source, out = write(tmp_path, rows), tmp_path / "out"
    ran = run("batch", source, "--out", out, "--keep-going", "--json", *DAY)
    assert ran.code == 3
    counts = json.loads(ran.out)
    assert (counts["rows"], counts["written"], counts["refused"]) == (10_000, 9_863, 137)
    assert len(list(out.glob("*.eml"))) == 9_863
    lines = report(out)
    assert [int(line["row"]) for line in lines] == list(range(1, 10_001))
    refused = {int(line["row"]): line["code"] for line in lines if line["status"] == "refused"}
    assert refused.keys() == wanted.keys()
    assert {number for number in wanted if wanted[number] not in refused[number].split(";")} == set()
    rejects = read_csv((out / "rejects.csv").read_bytes())
    assert [{key: one[key] for key in rows[0] if key != "problem"} for one in rejects] == [
        {key: rows[number - 1][key] for key in rows[0]} for number in wanted
    ]
    mended = [
        one | {column: ROW.get(column, "") for changed, _ in BAD for column in changed if column != "mrn"}
        for one in rejects
    ]
    mended = [one | {"mrn": f"{20_000_000 + n}"} for n, one in enumerate(mended)]
    again = tmp_path / "mended.csv"
    again.write_bytes(sheet(mended, rejects[0]))
    second = run("batch", again, "--out", tmp_path / "second", *DAY)
    assert second.code == 0, second.err
    assert len(list((tmp_path / "second").glob("*.eml"))) == 137


@pytest.mark.parametrize("target", ["out", "out.zip", "out.mbox"])
def test_one_bad_row_means_that_nothing_is_written(run: Run, tmp_path: Path, target: str) -> None:
    """Without --keep-going it is all rows or none, and every problem is told with line, row and column."""
    source = write(tmp_path, [row(1), row(2, phone="911"), row(3)])
    ran = run("batch", source, "--out", tmp_path / target)
    assert ran.code == 4
    assert "line 3 (row 2), column phone: phone-format" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["members.csv"]


def test_duplicate_is_same_member_program_and_services(run: Run, tmp_path: Path) -> None:
    """Another program, other services or another member is no duplicate; order and case of ids do not matter."""
    cs = {"program": "cs", "county": "Alameda", "zip": "94601"}
    rows = [
        row(1),
        row(1, program="chw"),
        row(1, **cs, services="asthma_remediation"),
        row(1, **cs, services="housing_deposits;asthma_remediation"),
        row(1, **cs, services="asthma-remediation; housing deposits"),
        row(1, program="ECM", phone="510-555-0111"),
        row(2),
    ]
    out = tmp_path / "out"
    run("batch", write(tmp_path, rows), "--out", out, "--keep-going")
    assert [line["row"] for line in report(out) if line["status"] == "refused"] == ["5", "6"]
    refused = [line["code"].split(";") for line in report(out) if line["status"] == "refused"]
    assert {codes[0] for codes in refused} == {"duplicate"}


def test_one_number_in_common_is_enough_for_a_duplicate(run: Run, tmp_path: Path) -> None:
    """A member listed once by both numbers and again by either is the same one, also by way of a refused row."""
    rows = [
        row(1, mrn="10000001", cin="91234561A"),
        row(2, mrn="", cin="91234562A"),
        row(3, mrn="", cin="91234561A"),
        row(4, mrn="10000002", cin="91234562A"),
        row(5, mrn="10000002", cin=""),
        row(6, mrn="10000003", cin=""),
    ]
    out = tmp_path / "out"
    run("batch", write(tmp_path, rows), "--out", out, "--keep-going")
    refused = {line["row"]: line["message"].partition(";")[0] for line in report(out) if line["status"] == "refused"}
    assert {row: message.rpartition(" ")[2] for row, message in refused.items()} == {"3": "1", "4": "2", "5": "4"}


@pytest.mark.parametrize("target", ["out", "out.zip", "out.mbox"])
@pytest.mark.parametrize("day", ["2026-11-22", "2026-11-29"], ids=["same day", "a week later"])
def test_second_run_changes_nothing(run: Run, tmp_path: Path, target: str, day: str) -> None:
    """Running again is safe: nothing is touched, also on another day, and that is said."""
    source = write(tmp_path, [row(1), row(2, program="chw"), row(3, phone="911")])
    place = tmp_path / "place"
    place.mkdir()
    first = run("batch", source, "--out", place / target, "--keep-going", *DAY)
    assert first.code == 3
    rejects = "out/rejects.csv" if target == "out" else f"{target}.rejects.csv"
    assert f"calaim: warning: {place / rejects}: refused: lists the refused rows" in first.err
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in place.rglob("*") if path.is_file()}
    ran = run("batch", source, "--out", place / target, "--keep-going", "--as-of", day)
    assert ran.code == 3
    see = rejects.removeprefix("out/").replace("rejects", "report")
    assert f"0 written, 2 unchanged, 1 refused, 0 conflicts; 2 with warnings: see {see}. Nothing" in ran.err
    assert {
        path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in place.rglob("*") if path.is_file()
    } == before


@pytest.mark.parametrize("target", ["out", "out.zip", "out.mbox"])
def test_something_else_under_the_name_is_a_conflict(run: Run, tmp_path: Path, target: str) -> None:
    """What somebody edited stays as it is, the rest is done, and the exit code is 6."""
    source = write(tmp_path, [row(1), row(2)])
    run("batch", source, "--out", tmp_path / target, *DAY)
    edited = tmp_path / target / "0001-ecm.eml" if target == "out" else tmp_path / target
    edited.write_bytes(edited.read_bytes() + b"edited")
    kept = edited.read_bytes()
    ran = run("batch", source, "--out", tmp_path / target, *DAY)
    assert ran.code == 6
    assert edited.read_bytes() == kept
    assert f"calaim: warning: {tmp_path / target}: conflict: " in ran.err
    assert (f"{Path('out', 'report.csv')} lists files" in ran.err) == (target == "out")
    assert ran.err.endswith("Nothing has been sent.\n")


@pytest.mark.unix("file modes")
def test_zip_and_mailbox_hold_the_drafts_of_the_folder(run: Run, tmp_path: Path) -> None:
    """Whatever the output, the drafts are the same; other programs can open them, and all are private."""
    source = write(tmp_path, [row(n, notes="From here on, call.\n.\nFrom there not.") for n in range(1, 6)])
    for target in ("out", "out.zip", "out.mbox"):
        assert run("batch", source, "--out", tmp_path / target, *DAY).code == 0
    drafts = [path.read_bytes() for path in sorted((tmp_path / "out").glob("*.eml"))]
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"000{n}-ecm.eml" for n in range(1, 6)]
        assert [archive.read(name) for name in archive.namelist()] == drafts
        assert {one.external_attr >> 16 for one in archive.infolist()} == {0o100600}
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    box = mailbox.mbox(tmp_path / "out.mbox", create=False)
    messages = list(box)
    box.close()
    assert len(messages) == 5
    assert [one["Subject"] for one in messages] == ["ECM Referral"] * 5
    texts = [bytes(one.get_payload(decode=True) or b"").decode().replace(">From ", "From ") for one in messages]
    assert all("From here on, call." in text for text in texts)
    for path in (*tmp_path.glob("out.*"), *(tmp_path / "out").iterdir()):
        assert is_private(path)
    assert is_private(tmp_path / "out")


def test_dry_run_writes_nothing(run: Run, tmp_path: Path) -> None:
    """A trial checks every row, and says what would be done."""
    source = write(tmp_path, [row(1), row(2)])
    ran = run("batch", source, "--dry-run", "--out", tmp_path / "out")
    assert ran.code == 0
    assert (
        "2 rows: 2 would be drafted (2 with warnings), 0 refused. Dry run: nothing was written. Nothing has been sent."
        in ran.err
    )
    assert [path.name for path in tmp_path.iterdir()] == ["members.csv"]
    assert run("batch", write(tmp_path, [row(1, phone="1")]), "--dry-run").code == 4


def test_limit_takes_the_first_rows_under_their_final_names(run: Run, tmp_path: Path) -> None:
    """A few rows can be tried first; the whole run afterwards takes the same names."""
    source, out = write(tmp_path, [row(n) for n in range(1, 10_002)]), tmp_path / "out"
    assert run("batch", source, "--out", out, "--limit", "2", *DAY).code == 0
    assert sorted(path.name for path in out.glob("*.eml")) == ["00001-ecm.eml", "00002-ecm.eml"]


def test_template_is_a_header_that_batch_accepts(run: Run, tmp_path: Path) -> None:
    """The template opens as UTF-8 in a spreadsheet program, and rows written under it work."""
    printed = run("batch", "--template")
    assert printed.code == 0
    assert printed.out.startswith(f"{BOM}program,services,county,zip")
    columns = printed.out.removeprefix(BOM).strip().split(",")
    source = tmp_path / "members.csv"
    known = {name: text for name, text in (row(1) | {"plan": "kp"}).items() if name in columns}
    source.write_bytes(BOM.encode() + sheet([known], columns))
    assert run("batch", source, "--out", tmp_path / "out").code == 0


def test_standard_input(run: Run, tmp_path: Path) -> None:
    """The rows may come through a pipe."""
    assert run("batch", "-", "--out", tmp_path / "out", stdin=sheet([row(1)])).code == 0
    assert run("batch", "-", "--out", tmp_path / "out2", stdin=b"").code == 4


def test_referrer_may_come_from_the_profile(run: Run, tmp_path: Path, write_profile: WriteProfile) -> None:
    """Columns of the referrer can be left out when the profile has them."""
    kept = [column for column in ROW if not column.startswith("referrer_")]
    source = tmp_path / "members.csv"
    source.write_bytes(sheet([{column: ROW[column] for column in kept}], kept))
    refused = run("batch", source, "--out", tmp_path / "out")
    assert refused.code == 4
    assert "referrer_name" in refused.err
    keys = {column.removeprefix("referrer_"): ROW[column] for column in ROW if column not in kept}
    lines = "\n".join(f'{key} = "{value}"' for key, value in keys.items())
    write_profile(f'schema = "calaim.profile/1"\n[referrer]\n{lines}\n')
    assert run("batch", source, "--out", tmp_path / "out").code == 0


def test_rejects_keep_encoding_delimiter_and_cells(run: Run, tmp_path: Path) -> None:
    """Refused rows come back with the same command line: same encoding, same delimiter, cells unchanged."""
    rows = [row(1, phone="911", first_name="Núñez", address='=1+1 "x"; y'), row(2)]
    source, out = tmp_path / "members.csv", tmp_path / "out"
    source.write_bytes(sheet(rows, delimiter=";").decode().encode("cp1252"))
    assert run("batch", source, "--out", out, "--keep-going", "--encoding", "cp1252").code == 3
    text = (out / "rejects.csv").read_bytes().decode("cp1252")
    (rejected,) = csv.DictReader(io.StringIO(text, newline=""), delimiter=";")
    assert {key: rejected[key] for key in ROW} == {key: rows[0][key] for key in ROW}
    assert rejected["problem"].startswith("phone-format: phone: ")
    again = tmp_path / "again.csv"
    again.write_bytes((out / "rejects.csv").read_bytes().replace(b"911", b"415-555-0111"))
    assert run("batch", again, "--out", tmp_path / "two", "--encoding", "cp1252").code == 0


def test_own_rejects_are_not_fed_back_into_the_same_folder(run: Run, tmp_path: Path) -> None:
    """Rejects mended in place are not overwritten by a run on them into their own folder."""
    out = tmp_path / "out"
    run("batch", write(tmp_path, [row(1, phone="911")]), "--out", out, "--keep-going")
    before = (out / "rejects.csv").read_bytes()
    assert run("batch", out / "rejects.csv", "--out", out, "--keep-going").code == 6
    assert (out / "rejects.csv").read_bytes() == before


def test_foreign_report_is_kept(run: Run, tmp_path: Path) -> None:
    """A report.csv that is not ours is never replaced."""
    out = tmp_path / "out"
    out.mkdir(mode=0o700)
    (out / "report.csv").write_bytes(b"mine,own\n")
    assert run("batch", write(tmp_path, [row(1)]), "--out", out).code == 6
    assert (out / "report.csv").read_bytes() == b"mine,own\n"


@pytest.mark.parametrize("arguments", [(), ("x.csv",)], ids=["nothing", "no output"])
def test_wrong_usage(run: Run, arguments: tuple[str, ...]) -> None:
    """What lacks is said."""
    assert run("batch", *arguments).code == 2


def test_all_the_ways_to_be_bad_are_different() -> None:
    """The thirty ways of the big test are thirty."""
    assert len(Counter(str(changes) for changes, _ in BAD)) == 32


def test_rejects_of_mended_rows_are_taken_away(run: Run, tmp_path: Path) -> None:
    """Once the rows have been mended in place, no list of them is left that could become a second referral."""
    members, out = tmp_path / "members.csv", tmp_path / "out"
    good = "\n".join((",".join(ROW), ",".join(f'"{cell}"' for cell in ROW.values())))
    members.write_text(good.replace(ROW["date_of_birth"], "13/13/1980"), "utf-8")
    assert run("batch", members, "--out", out, "--keep-going", "--as-of", AS_OF).code == 3
    assert (out / "rejects.csv").exists()
    members.write_text(good, "utf-8")
    assert run("batch", members, "--out", out, "--as-of", AS_OF).code == 0
    assert not (out / "rejects.csv").exists()


def test_list_of_ones_own_is_not_taken_away(run: Run, tmp_path: Path) -> None:
    """A file that happens to be called rejects.csv, in a folder where no run was, is somebody's."""
    out = tmp_path / "out"
    out.mkdir(mode=0o700)
    (out / "rejects.csv").write_bytes(b"my own list\n")
    assert run("batch", write(tmp_path, [row(1)]), "--out", out, *DAY).code == 0
    assert (out / "rejects.csv").read_bytes() == b"my own list\n"


@pytest.mark.parametrize("target", ["out.zip", "out.mbox"])
def test_sheet_that_has_grown_is_not_dated_as_before(run: Run, tmp_path: Path, target: str) -> None:
    """A mailbox of last week may have been sent: a further row neither goes into it nor takes its date over."""
    run("batch", write(tmp_path, [row(1)]), "--out", tmp_path / target, "--as-of", "2026-11-20")
    kept = (tmp_path / target).read_bytes()
    assert run("batch", write(tmp_path, [row(1), row(2)]), "--out", tmp_path / target, *DAY).code == 6
    assert (tmp_path / target).read_bytes() == kept


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of an output folder with its bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["report.csv", "rejects.csv"])
@pytest.mark.parametrize("left", [0, 10, 200, "NULs"])
def test_lists_torn_by_a_power_cut_are_made_whole(run: Run, tmp_path: Path, name: str, left: int | str) -> None:
    """A run that did not confirm its sync may leave a list empty or cut: the next one writes it anew."""
    source, out = write(tmp_path, [row(1), row(2, phone="911"), row(3)]), tmp_path / "out"
    assert run("batch", source, "--out", out, "--keep-going", *DAY).code == 3
    whole = tree(out)
    content = (out / name).read_bytes()
    (out / name).write_bytes(b"\0" * len(content) if isinstance(left, str) else content[:left])
    assert run("batch", source, "--out", out, "--keep-going", *DAY).code == 3
    again = tree(out)
    assert again.pop("report.csv") == whole.pop("report.csv").replace(b"written", b"unchanged")
    assert again == whole


def test_refused_rows_that_somebody_mends_there_are_kept(run: Run, tmp_path: Path) -> None:
    """What was typed into rejects.csv is not lost to another run over the old sheet."""
    source, out = write(tmp_path, [row(1), row(2, phone="911")]), tmp_path / "out"
    assert run("batch", source, "--out", out, "--keep-going").code == 3
    rejects = out / "rejects.csv"
    rejects.write_bytes(rejects.read_bytes().replace(b"911", b"415-555-0111"))
    kept = rejects.read_bytes()
    ran = run("batch", source, "--out", out, "--keep-going")
    assert ran.code == 6
    assert "rejects.csv: was edited after the last run. Save it under another name first" in ran.err
    assert rejects.read_bytes() == kept


@pytest.mark.parametrize("name", ["drafts", "drafts.zip", "drafts.mbox"])
def test_missing_folder_is_named(run: Run, tmp_path: Path, name: str) -> None:
    """Whoever mistypes the way to the output hears which folder is not there."""
    ran = run("batch", write(tmp_path, [row(1)]), "--out", tmp_path / "nowhere" / name)
    assert ran.code == 6
    assert f"folder {tmp_path / 'nowhere'} does not exist; create it first" in ran.err
    assert not (tmp_path / "nowhere").exists()


def test_summary_names_the_report_that_is_there(run: Run, tmp_path: Path) -> None:
    """Beside a zip file the report has a name of its own to look at; a cell that cannot be read is refused as that."""
    rows = [row(1, mrn="123456"), row(2, member_agreed="perhaps")]
    ran = run("batch", write(tmp_path, rows), "--out", tmp_path / "out.zip", "--keep-going")
    assert "see out.zip.report.csv" in ran.err
    [refused] = [
        line for line in read_csv((tmp_path / "out.zip.report.csv").read_bytes()) if line["status"] == "refused"
    ]
    assert refused["code"] == "bool-format"
