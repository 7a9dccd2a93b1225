"""The ledger on the real file: what is kept and never for whom, reruns, and what goes wrong with files."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import sheets
from calaim_cli.base import system
from calaim_cli.base.errors import CalaimError, InputError, Locked
from calaim_cli.decide.follow_up import Step, Story
from calaim_cli.follow import ledger
from calaim_cli.policy.follow_up import REFERENCE_SIGNS
from conftest import Ran, Run, WriteCase, WriteProfile, is_private
from test_canary import VALID, traces

CALAIM = [sys.executable, "-m", "calaim_cli"]
DAY = ("--as-of", "2026-11-23")
REFERENCE = re.compile(rf"Our reference: ([{REFERENCE_SIGNS}]{{6}})\n")
SUPPORTS = {"referral.program": "cs", "referral.services": ["day_habilitation"]}
OTHER_PLAN = {"member.plan": "hpsm", "member.kp_member": None, "member.mrn": None, "member.cin": "91234567A"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for nobody else, with what a run writes."""
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o700)
    return folder


def one(reference: str = "7RCV43", *steps: Step, label: str = "") -> Story:
    """A referral in a ledger."""
    steps = steps or (Step("drafted", date(2026, 11, 23)),)
    return Story(reference, label, "kp", "ecm", (), "kp-north-email", expedited=False, steps=steps)


def listed(run: Run, path: Path, *words: str) -> list[dict[str, Any]]:
    """The referrals that the command lists."""
    ran = run("referrals", *words, "--log", path, "--json", *DAY)
    assert ran.code == 0, ran.err
    found: list[dict[str, Any]] = json.loads(ran.out)["referrals"]
    return found


def test_nothing_is_kept_unasked(run: Run, write_case: WriteCase, place: Path) -> None:
    """Without --log and without a ledger in the profile a draft has no reference, and no file is created."""
    ran = run("refer", write_case(), "--out", place / "a.eml", *DAY)
    assert ran.code == 0
    assert b"Our reference" not in (place / "a.eml").read_bytes()
    assert [path.name for path in place.iterdir()] == ["a.eml"]


def test_first_time_says_what_is_kept_and_where(run: Run, write_case: WriteCase, place: Path) -> None:
    """Starting a ledger gives one message; the file is private, and has the letter's reference in it."""
    path = place / "own.ledger"
    words = ("refer", write_case({"referral.label": "A-17"}), "--out", place / "a.txt", "--log", path)
    first, again = run(*words, *DAY), run(*words, "--as-of", "2026-11-30")
    assert (first.code, again.code) == (0, 0)
    assert f"{path}: ledger-begins: " in first.err
    assert "never a name, birth date, member number" in first.err
    assert "ledger-begins" not in again.err
    assert is_private(path)
    found = REFERENCE.findall((place / "a.txt").read_text("utf-8"))
    assert [(row["reference"], row["label"], row["status_on"]) for row in listed(run, path)] == [
        (found[0], "A-17", "2026-11-23")
    ]


@pytest.mark.parametrize("ending", ["eml", "txt", "json", "html"])
def test_rerun_keeps_reference_and_day(run: Run, write_case: WriteCase, place: Path, ending: str) -> None:
    """The same draft on a later day is the same file in every format; a row lost when a run was killed is added."""
    out, path, case = place / f"a.{ending}", place / "own.ledger", write_case()
    run("refer", case, "--out", out, "--log", path, *DAY)
    before, rows = out.read_bytes(), ledger.stories(path)
    path.unlink()
    again = run("refer", case, "--out", out, "--log", path, "--as-of", "2026-11-29", "--json")
    assert (again.code, out.read_bytes()) == (0, before)
    assert ledger.stories(path) == rows
    assert json.loads(again.out)["reference"] == rows[0].reference
    assert rows[0].reference in json.loads(again.out)["body"]


@pytest.mark.parametrize("ending", ["json", "eml"])
def test_rerun_finds_the_draft_whatever_is_warned_of_that_day(
    run: Run, write_case: WriteCase, place: Path, ending: str
) -> None:
    """Warnings in a JSON draft that change from day to day do not keep a lost row from being added."""
    out, path, case = place / f"a.{ending}", place / "own.ledger", write_case({"answered_on": "2026-01-02"})
    words = ("refer", case, "--out", out, "--log", path)
    assert run(*words, *DAY).code == 0
    before, rows = out.read_bytes(), ledger.stories(path)
    assert (b"answers-old" in before) is (ending == "json")
    path.unlink()
    again = run(*words, "--as-of", "2026-12-24")
    assert (again.code, out.read_bytes(), ledger.stories(path)) == (0, before, rows), again.err
    other = write_case({"answered_on": "2026-01-02", "member.first_name": "Other"}, "other.toml")
    assert run("refer", other, *words[2:], "--as-of", "2026-12-24").code == 6
    assert out.read_bytes() == before


def test_other_member_in_the_same_file_is_another_referral(run: Run, write_case: WriteCase, place: Path) -> None:
    """Writing each draft over the last one with --force never puts two members under one reference."""
    out, path = place / "a.eml", place / "own.ledger"
    run("refer", write_case(), "--out", out, "--log", path, *DAY)
    (first,) = ledger.stories(path)
    other = write_case({"member.first_name": "Other", "referral.notes": "Our reference: 7RCV43"})
    told = run("refer", other, "--out", out, "--log", path, "--force", *DAY)
    again = run("refer", other, "--out", out, "--log", path, "--force", *DAY)
    assert len(ledger.stories(path)) == 2
    assert told.err.count("reference-replaced") == 1
    assert f"remove it with 'calaim referrals undo {first.reference}'" in told.err
    assert "reference-replaced" not in again.err


def test_profile_names_the_ledger(run: Run, write_case: WriteCase, write_profile: WriteProfile, place: Path) -> None:
    """A ledger in the profile is kept next to it, used without an option, and only for drafts in files."""
    profile = write_profile('schema = "calaim.profile/1"\nledger = "own.ledger"\n')
    case, path = write_case(), profile.with_name("own.ledger")
    shown = run("refer", case, *DAY)
    assert "not-in-ledger" in shown.err
    assert "Our reference" not in shown.out
    assert not path.exists()
    assert run("refer", case, "--out", place / "a.eml", *DAY).code == 0
    assert len(json.loads(run("referrals", "--json", *DAY).out)["referrals"]) == 1


REMINDER = "Medi-Cal renewal in March 2027: remind the member now."


def test_renewal_of_medi_cal_reminds_in_the_list_and_nowhere_else(run: Run, write_case: WriteCase, place: Path) -> None:
    """The list, --due, one story and JSON remind by the month in the case; nothing meant for a plan has it."""
    path, out = place / "l", place / "a.eml"
    case = write_case({"renewal_month": "3/2027", "referral.label": "A-17"})
    words = ("refer", case, "--out", out, "--for-member", place / "p.txt", "--log", path, *DAY)
    assert run(*words).code == 0
    (story,) = ledger.stories(path)
    assert (story.renewal, b"2027-03" in path.read_bytes()) == (date(2027, 3, 1), True)
    late = ("--log", path, "--as-of", "2027-01-01")
    run("referrals", "sent", story.reference, "--log", path, *DAY)
    csv, nudge = (run("referrals", *words, *late) for words in (("--csv",), ("--nudge", story.reference)))
    assert (csv.code, nudge.code) == (0, 0)
    assert not re.search("renew|2027-03|March", f"{csv}{nudge}", re.IGNORECASE)
    assert not re.search(b"renew|2027-03|03/2027|March 2027", out.read_bytes() + (place / "p.txt").read_bytes())
    run("referrals", "started", story.reference, *late)
    for shown in (("--due",), (), (story.reference,), ("--json",)):
        assert REMINDER in run("referrals", *shown, *late).out, shown
    assert "Medi-Cal" not in run("referrals", "--due", "--log", path, "--as-of", "2026-12-31").out
    assert json.loads(run("referrals", "--json", *late).out)["referrals"][0]["renewal_month"] == "2027-03"
    assert run("referrals", "--csv", "--due", *late).out.count("\n") == 1
    run("referrals", "closed", story.reference, "--reason", "other", *late)
    for ended in ((story.reference,), ("--all",), ("--all", "--json")):
        assert "remind" not in run("referrals", *ended, *late).out


def test_month_that_is_said_later_is_added(run: Run, write_case: WriteCase, place: Path) -> None:
    """If you learn the month after the draft, run it again; an unreadable month gets a message, and stops nothing."""
    path, out = place / "l", place / "a.eml"
    for said, kept in (("", None), ("2027-13", None), ("2027-03", date(2027, 3, 1)), ("", date(2027, 3, 1))):
        ran = run("refer", write_case({"renewal_month": said}), "--out", out, "--log", path, *DAY)
        assert (ran.code, [story.renewal for story in ledger.stories(path)]) == (0, [kept])
        assert ("renewal_month: month-format" in ran.err) is (said == "2027-13")
    other = one(ledger.stories(path)[0].reference)._replace(plan="health-net", renewal=date(2027, 5, 1))
    assert (ledger.add(path, [other]), ledger.stories(path)[0].renewal) == (0, date(2027, 3, 1))


def test_same_request_in_another_file_is_warned_of(run: Run, write_case: WriteCase, place: Path) -> None:
    """Two drafts of one request, by label, would be asked about twice: the open one is named, if there is a label."""
    path, case = place / "l", write_case({"referral.label": "A-1"})
    run("refer", case, "--out", place / "a.eml", "--log", path, *DAY)
    (story,) = ledger.stories(path)
    again = run("refer", case, "--out", place / "a.eml", "--log", path, *DAY)
    other = run("refer", case, "--out", place / "b.txt", "--log", path, *DAY)
    assert ("asked-before" in again.err, f"is still open: {story.reference};" in other.err) == (False, True)
    run("referrals", "undo", *(one.reference for one in ledger.stories(path)), "--log", path, *DAY)
    for name in ("c.eml", "d.eml"):
        assert "asked-before" not in run("refer", write_case(), "--out", place / name, "--log", path, *DAY).err


def test_same_sheet_into_another_folder_is_warned_of(run: Run, place: Path) -> None:
    """A sheet drafted twice would be asked about twice: the first three of the open referrals are named."""
    path, sheet = place / "l", place / "in.csv"
    sheet.write_bytes(sheets.sheet([{**sheets.ROW, "mrn": f"0001234{n}", "label": f"A-{n}"} for n in range(5)]))
    first, again, other = (run("batch", sheet, "--out", place / one, "--log", path, *DAY) for one in ("a", "a", "b"))
    assert ["asked-before" in one.err for one in (first, again, other)] == [False, False, True]
    assert re.search(r"is still open: \w{6}; \w{6}; \w{6} and 2 more;", other.err)


def test_month_that_cannot_be_read_is_in_no_draft(run: Run, write_case: WriteCase, place: Path) -> None:
    """A problem with the month is told to a person, and not written into a draft that contains its warnings."""
    out = place / "a.json"
    ran = run("refer", write_case({"renewal_month": "2027-13"}), "--out", out, "--log", place / "l", *DAY)
    assert (ran.code, "month-format" in ran.err, b"renewal" in out.read_bytes()) == (0, True, False)


@pytest.mark.parametrize("out", ["drafts", "drafts.zip", "drafts.mbox"])
def test_batch_rerun_adds_what_is_missing(run: Run, place: Path, out: str) -> None:
    """Each row of a sheet has its own reference; a rerun reads them from folder, zip or mailbox, and adds rows."""
    path, sheet = place / "own.ledger", place / "in.csv"
    rows = [{**sheets.ROW, "mrn": f"0001234{n}", "label": f"A-{n}"} for n in range(3)]
    sheet.write_bytes(sheets.sheet(rows))
    words = ("batch", sheet, "--out", place / out, "--log", path)
    assert run(*words, *DAY).code == 0
    before, kept = ledger.stories(path), contents(place / out)
    assert sorted(story.label for story in before) == ["A-0", "A-1", "A-2"]
    path.unlink()
    again = run(*words, "--as-of", "2026-11-29")
    assert (again.code, "3 unchanged" in again.err) == (0, True), again.err
    assert {**contents(place / out), "report.csv": b""} == {**kept, "report.csv": b""}  # which tells fates
    assert ledger.stories(path) == before


def contents(path: Path) -> dict[str, bytes]:
    """The bytes of a file, or of the files in a folder."""
    several = sorted(path.iterdir()) if path.is_dir() else [path]
    return {one.name: one.read_bytes() for one in several if not one.name.startswith(".")}


def test_dry_run_keeps_nothing(run: Run, place: Path) -> None:
    """A dry run writes no ledger."""
    sheet = place / "in.csv"
    sheet.write_bytes(sheets.sheet([sheets.ROW]))
    assert run("batch", sheet, "--dry-run", "--log", place / "own.ledger", *DAY).code == 0
    assert not (place / "own.ledger").exists()


BAD_LABELS = {
    "Pat Example": "label-format",
    "a_b": "label-format",
    "-17": "label-format",
    "x" * 41: "label-format",
    "123456789": "label-number",
    "123-45-6789": "label-number",
    "A123456789": "label-number",
    "91234567A": "label-number",
    "Member": "label-tells",
    "test-17": "label-tells",
    "00012345": "label-tells",
    "1980-03-04": "label-tells",
    "member17": "label-tells",
    "San-Mateo": "label-tells",
    "san-mateo-17": "label-tells",
    "94401": "label-tells",
    "1-example-st": "label-tells",
}


@pytest.mark.parametrize(("label", "code"), BAD_LABELS.items())
def test_label_that_tells_of_the_member_is_refused(
    run: Run, write_case: WriteCase, place: Path, label: str, code: str
) -> None:
    """A label is letters, digits and hyphens, neither a name nor a number of the member's; it is never quoted."""
    ran = run("refer", write_case({"referral.label": label}), "--out", place / "a.eml", "--log", place / "l", *DAY)
    assert ran.code == 4
    assert f"referral.label: {code}: " in ran.err
    assert label not in ran.err
    assert not [*place.iterdir()]


def test_expedited_says_why(run: Run, write_case: WriteCase, place: Path) -> None:
    """An expedited request is in the letter with its reason, and in the ledger; without a reason, no letter."""
    plain, path = write_case(), place / "own.ledger"
    refused = run("refer", plain, "--expedited", "--out", place / "a.txt", "--log", path, *DAY)
    assert (refused.code, "referral.expedited_why: missing" in refused.err) == (4, True)
    case = write_case({"referral.expedited_why": "No bed after Friday"}, "urgent.toml")
    assert "says-two-things" in run("refer", case, *DAY).err
    assert run("refer", case, "--expedited", "--out", place / "a.txt", "--log", path, *DAY).code == 0
    text = (place / "a.txt").read_text("utf-8")
    assert "MEDI-CAL REFERRAL (EXPEDITED): " in text
    assert "Expedited, because waiting would harm the member: No bed after Friday" in text
    assert listed(run, path)[0]["expedited"] is True


def test_references_are_drawn_without_likeness() -> None:
    """No vowels that could make a word, no look-alikes, letters and digits in each, none twice."""
    draw = ledger.drawer(Path("nowhere.ledger"))
    drawn = [draw() for _ in range(2000)]
    assert len(set(drawn)) == 2000
    assert not set("AEIOUY0125LBGQSZ") & set("".join(drawn))
    assert all(any(map(str.isdigit, one)) and any(map(str.isalpha, one)) for one in drawn)


def test_steps_of_several_are_all_or_none(run: Run, place: Path) -> None:
    """One wrong step among several references changes none of them, and the message says what is allowed."""
    path = place / "own.ledger"
    ledger.add(path, [one("CCCC33"), one("DDDD44")])
    assert run("referrals", "sent", "cccc33", "--log", path, *DAY).code == 0
    ran = run("referrals", "received", "CCCC33", "DDDD44", "--log", path, *DAY)
    assert (ran.code, ran.out) == (4, "")
    assert "DDDD44: is drafted since 2026-11-23: next may come sent" in ran.err
    assert {row["reference"]: row["status"] for row in listed(run, path)} == {"CCCC33": "sent", "DDDD44": "drafted"}


def test_undo_takes_back_one_step_and_at_last_the_row(run: Run, place: Path) -> None:
    """A mistake is undone step by step; a draft that was never sent can be taken off the list."""
    path = place / "own.ledger"
    ledger.add(path, [one(), one("CCCC33")])
    run("referrals", "sent", "7RCV43", "--log", path, *DAY)
    run("referrals", "undo", "7RCV43", "--log", path, *DAY)
    assert [row["status"] for row in listed(run, path, "7RCV43")] == ["drafted"]
    gone = run("referrals", "undo", "7RCV43", "--log", path, *DAY)
    assert (gone.code, "7RCV43: removed from the ledger. The draft itself stays" in gone.err) == (0, True)
    assert [row["reference"] for row in listed(run, path)] == ["CCCC33"]


def test_no_tells_the_rights(run: Run, place: Path) -> None:
    """When the plan says no, the member's rights and who helps are shown at once, and again with the story."""
    path = place / "own.ledger"
    ledger.add(path, [one("7RCV43", Step("drafted", date(2026, 11, 23)))])
    run("referrals", "sent", "7RCV43", "--log", path, *DAY)
    for ran in (
        run("referrals", "not-authorized", "7RCV43", "--log", path, *DAY),
        run("referrals", "7RCV43", "--log", path, *DAY),
    ):
        assert ran.code == 0
        assert "Notice of Action" in ran.out
        assert "1-888-452-8609" in ran.out


NUDGED: list[tuple[dict[str, Any], str, int]] = [
    ({}, "a.eml", 0),
    ({}, "a.txt", 0),
    (OTHER_PLAN, "a.txt", 0),
    (OTHER_PLAN, "a.eml", 5),
]


@pytest.mark.parametrize(("changes", "name", "code"), NUDGED)
def test_reminder_goes_the_way_of_the_referral(
    run: Run, write_case: WriteCase, place: Path, changes: dict[str, Any], name: str, code: int
) -> None:
    """A reminder is a draft to the same mailbox, or a sheet; it has the reference, and nothing about the member."""
    path = place / "own.ledger"
    run("refer", write_case({"referral.label": "A-17", **changes}), "--out", place / "d.txt", "--log", path, *DAY)
    (story,) = ledger.stories(path)
    unsent = run("referrals", "--nudge", story.reference, "--log", path, *DAY)
    assert (unsent.code, "was not sent yet" in unsent.err) == (4, True)
    run("referrals", "sent", story.reference, "--log", path, *DAY)
    ran = run("referrals", "--nudge", story.reference, "--out", place / name, "--log", path, *DAY)
    assert ran.code == code, ran.err
    if code == 0:
        text = (place / name).read_text("utf-8")
        assert f"Our reference: {story.reference}" in text
        assert "11/23/2026" in text
        assert "A-17" not in text
        assert ("REGMCDURNS-KPNC@kp.org" in text) is not bool(changes)
        assert is_private(place / name)


AFTER = {
    ("sent",): "",
    ("sent", "bounced"): "send it again",
    ("sent", "authorized"): "",  # the plan still has to name the ECM provider
    ("sent", "authorized", "assigned"): "ask the provider",
    ("sent", "not-authorized"): "the member's rights",
    ("sent", "closed"): "undo 7RCV43",
}


@pytest.mark.parametrize("came", AFTER, ids=" ".join)
def test_reminder_only_where_the_plan_owes_an_answer(run: Run, place: Path, came: tuple[str, ...]) -> None:
    """After an answer, a bounce or closing, you are told what to do instead of a reminder; nothing is written."""
    path, day = place / "l", date(2026, 11, 23)
    ledger.add(path, [one("7RCV43", *(Step(status, day) for status in ("drafted", *came)))])
    ran = run("referrals", "--nudge", "7RCV43", "--out", place / "a.txt", "--log", path, *DAY)
    assert (ran.code, (place / "a.txt").exists()) == ((4, False) if AFTER[came] else (0, True)), ran.err
    assert AFTER[came] in ran.err


def test_force_is_advised_only_where_it_is(run: Run, write_case: WriteCase, place: Path) -> None:
    """A reminder that differs from the existing file is refused without naming an option it does not have."""
    ledger.add(place / "l", [one("7RCV43", Step("drafted", date(2026, 11, 23)), Step("sent", date(2026, 11, 23)))])
    (place / "a.txt").write_text("mine", "utf-8")
    for words, advised in (
        (("referrals", "--nudge", "7RCV43", "--out", place / "a.txt", "--log", place / "l"), False),
        (("refer", write_case(), "--out", place / "a.txt"), True),
    ):
        ran = run(*words, *DAY)
        assert (ran.code, "--force" in ran.err) == (6, advised), ran.err


def test_no_member_in_ledger_list_export_reminder_or_errors(
    run: Run, write_case: WriteCase, write_profile: WriteProfile, place: Path
) -> None:
    """Canaries in every field reach the draft, but neither the ledger's bytes nor any message about it."""
    path, out = place / "own.ledger", place / "d.eml"
    urgent = {"referral.expedited": True, "referral.expedited_why": "Qzxcanary-why"}
    assert run("refer", write_case({**VALID, **urgent}), "--out", out, "--log", path, *DAY).code == 0
    assert traces(out.read_bytes())
    (story,) = ledger.stories(path)
    said: list[Ran] = [
        run("referrals", *words, "--log", path, *DAY)
        for words in (
            ("sent", story.reference),
            (),
            ("--json",),
            ("--csv",),
            ("--counts",),
            (story.reference,),
            ("--nudge", story.reference),
            ("closed", story.reference),
            ("drafted", story.reference),
            ("closed", story.reference, "--reason", "Qzx"),
            ("sent", story.reference, "--on", "2020-01-01"),
        )
    ]
    assert not traces(path.read_bytes(), *(text for ran in said for text in (ran.out, ran.err)))
    assert b"San Mateo" not in path.read_bytes()


def test_days_without_holidays_are_told_wherever_they_are_counted(run: Run, write_case: WriteCase, place: Path) -> None:
    """A page for a member, or a status on a day in a year without known holidays, warns as the list does."""
    late = ("--as-of", "2027-12-31")
    page = run("refer", write_case(), "--out", place / "a.eml", "--for-member", place / "p.txt", *late)
    assert (page.code, page.err.count("holidays of 2028 are not known")) == (0, 1), page.err
    ledger.add(place / "l", [one()])
    said = run("referrals", "sent", "7RCV43", "--log", place / "l", *late)
    assert (said.code, said.err.count("holidays of 2028 are not known")) == (0, 1), said.err
    told = run("referrals", "received", "7RCV43", "--log", place / "l", "--json", *late)
    assert [each["code"] for each in json.loads(told.out)["warnings"]].count("no-holidays") == 1


def test_export_can_be_joined(run: Run, place: Path) -> None:
    """A row of the CSV has label, status, its day and the closing reason; closed referrals are included."""
    path = place / "own.ledger"
    ledger.add(path, [one(label="A-17")])
    run("referrals", "sent", "7RCV43", "--log", path, *DAY)
    run("referrals", "closed", "7RCV43", "--reason", "services-received", "--log", path, *DAY)
    assert run("referrals", "--csv", "--log", path, *DAY).out.splitlines() == [
        "reference,label,plan,program,services,expedited,drafted,status,status_date,closing_reason,until",
        "7RCV43,A-17,kp,ecm,,no,2026-11-23,closed,2026-11-23,services-received,",
    ]
    assert listed(run, path) == []
    assert run("referrals", "--counts", "--log", path, *DAY).out.splitlines()[1] == "kp\tclosed\tservices-received\t1"


def test_sobering_center_has_no_reference(run: Run, write_case: WriteCase, place: Path) -> None:
    """What is outside the closed-loop rules is drafted without a reference and a row, and a message says so."""
    wanted = {"referral.program": "cs", "referral.services": ["sobering_centers"], **OTHER_PLAN}
    ran = run("refer", write_case(wanted), "--out", place / "a.txt", "--log", place / "own.ledger", *DAY)
    assert ran.code == 0, ran.err
    assert "not-followed" in ran.err
    assert "Our reference" not in (place / "a.txt").read_text("utf-8")
    assert not (place / "own.ledger").exists()


REFUSED = [
    (("referrals",), 2, "no ledger: give --log"),
    (("referrals", "--log", "{place}/none"), 4, "there is no ledger yet"),
    (("referrals", "sent", "HXWMK4", "--log", "{place}/none"), 4, "there is no ledger yet"),
    (("referrals", "set", "7RCV43", "--log", "{place}/none"), 2, "did you mean sent"),
    (("referrals", "sent", "--log", "{place}/none"), 2, "say which"),
    (("referrals", "--on", "2026-11-23", "--log", "{place}/none"), 2, "need a status"),
    (("referrals", "7RCV43", "--due", "--log", "{place}/none"), 2, "leave out --due"),
    (("referrals", "--out", "x.txt", "--log", "{place}/none"), 2, "--nudge"),
    (("referrals", "--csv", "--json", "--log", "{place}/none"), 2, "leave out --json"),
    (("referrals", "--log", "{place}/l", "FFFF66"), 5, "FFFF66: no such reference"),
    (("refer", "{case}", "--log", "{place}/l"), 2, "give --out"),
    (("refer", "{case}", "--out", "{place}/a.eml", "--log", "{place}/no/l"), 6, "create it first"),
]


@pytest.mark.parametrize(("words", "code", "said"), REFUSED, ids=[said for *_, said in REFUSED])
def test_refusal_says_what_next(
    run: Run, write_case: WriteCase, place: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    """What cannot be done is explained in one line with what to do, and no draft is left without its row."""
    ledger.add(place / "l", [one()])
    ran = run(*(word.format(place=place, case=write_case()) for word in words), *DAY)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert said in ran.err
    assert not (place / "a.eml").exists()


SAME = [
    ("refer", "{case}", "--out", "{place}/d.html", "--for-member", "{place}/d.html", "--force"),
    ("refer", "{case}", "--out", "{place}/d.html", "--for-member", "{place}/x/../d.html", "--force"),
    ("refer", "{case}", "--out", "{place}/d.txt", "--log", "{place}/d.txt"),
    ("refer", "{case}", "--out", "{place}/a.eml", "--for-member", "{place}/d.txt", "--log", "{place}/d.txt"),
    ("refer", "{place}/d.txt", "--out", "{place}/a.eml", "--for-member", "{place}/d.txt", "--force"),
    ("refer", "--out", "{place}/d.txt", "--for-member", "{place}/d-ecm.txt", "--force"),
    ("refer", "--out", "{place}/d.html", "--save", "{place}/d.html"),
    ("batch", "{place}/in.csv", "--out", "{place}/d", "--log", "{place}/d"),
    ("batch", "{place}/in.csv", "--out", "{place}/d.zip", "--log", "{place}/d.zip"),
    ("batch", "{place}/in.csv", "--out", "{place}/d", "--log", "{place}/d/report.csv"),
    ("referrals", "--nudge", "7RCV43", "--out", "{place}/d.txt", "--log", "{place}/d.txt"),
]


@pytest.mark.parametrize("words", SAME, ids=" ".join)
def test_two_names_of_one_file_are_refused(
    run: Run, write_case: WriteCase, place: Path, words: tuple[str, ...]
) -> None:
    """No draft, page, case or ledger overwrites another from the same run, even if the paths differ."""
    case = write_case()
    (place / "in.csv").write_bytes(sheets.sheet([sheets.ROW]))
    (place / "d.txt").write_bytes(case.read_bytes())
    before = contents(place)
    ran = run(*(word.format(place=place, case=case) for word in words), *DAY)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert "name the same file: give each its own" in ran.err
    assert contents(place) == before


def test_profile_s_ledger_is_no_draft_either(
    run: Run, write_case: WriteCase, write_profile: WriteProfile, place: Path
) -> None:
    """The ledger named in the profile is as safe from a page with --force as one on the command line."""
    kept = write_profile('schema = "calaim.profile/1"\nledger = "own.txt"\n').with_name("own.txt")
    ledger.add(kept, [one()])
    ran = run("refer", write_case(), "--out", place / "a.eml", "--for-member", kept, "--force", *DAY)
    assert (ran.code, "name the same file" in ran.err) == (2, True)
    assert len(ledger.stories(kept)) == 1


# Faults, on the real file


def foreign(path: Path) -> None:
    """Another program's database."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE mine (x)")


def newer(path: Path) -> None:
    """A ledger of a later version."""
    ledger.add(path, [one()])
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {ledger.VERSION + 1}")


def unnumbered(path: Path) -> None:
    """A ledger that says no version."""
    ledger.add(path, [one()])
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 0")


def older(path: Path, rows: int = 1) -> None:
    """A ledger of version 1, as that wrote it."""
    path.touch(0o600)
    with closing(sqlite3.connect(path)) as begun, begun:
        begun.execute(
            "CREATE TABLE referral (reference TEXT PRIMARY KEY, label TEXT NOT NULL, plan TEXT NOT NULL, "
            "program TEXT NOT NULL, services TEXT NOT NULL, route TEXT NOT NULL, expedited INTEGER NOT NULL, "
            "steps TEXT NOT NULL) WITHOUT ROWID"
        )
        begun.execute(f"PRAGMA application_id = {ledger.OURS}")
        begun.execute("PRAGMA user_version = 1")
        row = ("A-17", "kp", "ecm", "", "kp-north-email", 0, "drafted 2026-11-23  ")
        several = [(f"7RCV{n:02}", *row) for n in range(43, 43 + rows)]
        begun.executemany("INSERT INTO referral VALUES (?, ?, ?, ?, ?, ?, ?, ?)", several)


SPOILED: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "text": (lambda path: path.write_bytes(b"This is a letter, and no database. " * 40), 4, "is not a calaim ledger"),
    "foreign": (foreign, 4, "is not a calaim ledger"),
    "newer": (newer, 4, "newer version of calaim"),
    "unnumbered": (unnumbered, 4, "is not a calaim ledger"),
    "folder": (Path.mkdir, 6, "is not a file"),
    "link to nothing": (
        lambda path: path.symlink_to(path.with_name("nothing")),
        6,
        "is a link to a file that does not exist",
    ),
    "fifo": (lambda path: os.mkfifo(path, 0o644), 6, "is not a file"),
}


OF_UNIX = {"fifo", "link to nothing"}
UNIX = pytest.mark.unix("pipes and links")
MARKED = [pytest.param(kind, marks=UNIX) if kind in OF_UNIX else kind for kind in SPOILED]


@pytest.mark.parametrize("kind", MARKED)
def test_file_that_is_no_ledger_is_left_alone(run: Run, write_case: WriteCase, place: Path, kind: str) -> None:
    """Nothing is written into another kind of file or one of a newer version, and no draft before that is known."""
    path = place / "own.ledger"
    spoil, code, said = SPOILED[kind]
    spoil(path)
    before, mode = path.read_bytes() if path.is_file() else b"", path.lstat().st_mode
    for words in (("referrals",), ("refer", write_case(), "--out", place / "a.eml")):
        ran = run(*words, "--log", path, *DAY)
        assert (ran.code, ran.out) == (code, ""), ran.err
        assert said in ran.err
        assert ran.err.count("\n") <= 2
    with pytest.raises(CalaimError):
        ledger.add(path, [one()])
    assert ((path.read_bytes() if path.is_file() else b""), path.lstat().st_mode) == (before, mode)
    assert not (place / "a.eml").exists()


def test_empty_file_becomes_a_ledger(run: Run, write_case: WriteCase, place: Path) -> None:
    """A kill between creating the file and its first row leaves an empty one, which the next run fills."""
    (place / "l").touch(mode=0o644)
    told = run("referrals", "--log", place / "l", *DAY)
    assert (told.code, "there is no ledger yet" in told.err) == (4, True)
    assert run("refer", write_case(), "--out", place / "a.eml", "--log", place / "l", *DAY).code == 0
    assert len(ledger.stories(place / "l")) == 1
    assert is_private(place / "l")


def test_busy_ledger_is_waited_for_and_then_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run that is writing is waited for briefly; one that takes longer is an error of its own."""
    path = place / "l"
    ledger.add(path, [one()])
    monkeypatch.setattr(ledger, "PATIENCE", 0.2)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(Locked, match="another run is writing here"):
            ledger.add(path, [one("CCCC33")])
        assert time.monotonic() - began >= 0.2
        other.execute("ROLLBACK")
    assert ledger.add(path, [one("CCCC33")]) == 1


def adding(path: Path, first: int, number: int) -> subprocess.Popen[bytes]:
    """A process that adds rows, one transaction each, and says so after each."""
    code = (
        "import sys; from pathlib import Path; from datetime import date\n"
        "from calaim_cli.follow import ledger; from calaim_cli.decide.follow_up import Step, Story\n"
        f"for n in range({first}, {first + number}):\n"
        "    step = Step('drafted', date(2026, 11, 23))\n"
        f"    ledger.add(Path({str(path)!r}), [Story(f'C{{n:05}}', '', 'kp', 'ecm', (), '', False, (step,))])\n"
        "    print(n, flush=True)\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


def test_two_processes_at_once_lose_nothing(place: Path) -> None:
    """Two runs that write to one ledger at once both find their rows in it."""
    several = [adding(place / "l", first, 20) for first in (0, 100)]
    assert [process.wait(60) for process in several] == [0, 0]
    for process in several:
        process.communicate()
    assert len(ledger.stories(place / "l")) == 40


@pytest.mark.unix("kill -9")
def test_kill_at_any_moment_leaves_whole_rows(place: Path) -> None:
    """After kill -9 between any two writes the ledger opens, and has each row reported as written."""
    path = place / "l"
    for turn in range(6):
        process = adding(path, turn * 1000, 900)
        assert process.stdout is not None
        said = [int(process.stdout.readline())]
        time.sleep(0.003 * turn)
        process.send_signal(signal.SIGKILL)
        said += map(int, process.stdout.read().split())
        process.wait(60)
        process.stdout.close()
        found = ledger.stories(path)
        assert {f"C{n:05}" for n in said} <= {story.reference for story in found}
        assert all(story.steps for story in found)


def test_older_ledger_is_read_as_it_is_and_made_new_by_the_first_step(run: Run, place: Path) -> None:
    """A version 1 ledger is listed without changing it; a step makes it a current one, with all of its rows."""
    path = place / "l"
    older(path, 3)
    before = path.read_bytes()
    assert [row["renewal_month"] for row in listed(run, path)] == [None] * 3
    assert (len(ledger.references(path)), path.read_bytes()) == (3, before)
    with pytest.raises(InputError, match="misstep"):
        ledger.change(path, ["7RCV43"], refused)
    assert path.read_bytes() == before
    assert run("referrals", "sent", "7RCV43", "--log", path, *DAY).code == 0
    assert ledger.add(path, [one("7RCV44")._replace(renewal=date(2027, 3, 1)), one("CCCC33")]) == 2
    with closing(sqlite3.connect(path)) as seen:
        assert seen.execute("PRAGMA user_version").fetchone() == (ledger.VERSION,)
    found = {story.reference: (story.last.status, story.renewal) for story in ledger.stories(path)}
    assert found["7RCV43"] == ("sent", None)
    assert found["7RCV44"] == ("drafted", date(2027, 3, 1))
    assert len(found) == 4


def refused(_: Story) -> Step:
    """A step that is not taken."""
    raise InputError("misstep")


@pytest.mark.unix("kill -9")
def test_kill_while_an_older_ledger_is_made_new_leaves_it_readable(place: Path) -> None:
    """After kill -9 during the upgrade, the ledger is the old one, whole."""
    for turn, statement in enumerate(("ALTER", "PRAGMA user_version =", "INSERT", "COMMIT")):
        path = place / f"l{turn}"
        older(path, 500)
        done = subprocess.run([sys.executable, "-c", KILLED, path, statement], capture_output=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert len(ledger.stories(path)) == 500
        with closing(sqlite3.connect(path)) as seen:
            assert seen.execute("PRAGMA user_version").fetchone() == (1,)
        assert ledger.add(path, [one("CCCC33")]) == 1


KILLED = """
import os, signal, sqlite3, sys
from datetime import date
from pathlib import Path
from calaim_cli.decide.follow_up import Step, Story
from calaim_cli.follow import ledger
real = sqlite3.connect
def connect(*given, **more):
    # Pages of the change go to the file before its end, so that the journal is needed.
    opened = real(*given, **more)
    opened.execute("PRAGMA cache_size = 1")
    kill = lambda said: os.kill(os.getpid(), signal.SIGKILL) if said.strip().startswith(sys.argv[2]) else None
    opened.set_trace_callback(kill)
    return opened
sqlite3.connect = connect
step = Step("drafted", date(2026, 11, 23))
rows = [Story(f"C{n:05}", "x" * 40, "kp", "ecm", (), "", False, (step,)) for n in range(500)]
ledger.add(Path(sys.argv[1]), rows)
"""


def limited(path: Path, *words: str, before: str) -> subprocess.CompletedProcess[bytes]:
    """The command, run after a line of Python that takes something away from its process."""
    code = f"import os, resource, signal, sys\n{before}\nsys.argv = ['calaim', *sys.argv[1:]]\n"
    code += "from calaim_cli.cli import main\nsys.exit(main())"
    command = [sys.executable, "-c", code, "referrals", *words, "--log", str(path), *DAY]
    return subprocess.run(command, capture_output=True, timeout=60, check=False)


@pytest.mark.unix("limits of a process")
def test_disk_that_takes_no_more_leaves_the_ledger_as_it_was(place: Path) -> None:
    """If nothing more can be written, the step is refused with 6, and the ledger is unchanged."""
    path = place / "l"
    ledger.add(path, [one()])
    before = path.read_bytes()
    limit = "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))"
    ran = limited(path, "sent", "7RCV43", before=limit)
    assert (ran.returncode, ran.stdout) == (6, b"")
    assert b"cannot be read or written" in ran.stderr
    assert b"Traceback" not in ran.stderr
    assert path.read_bytes() == before
    assert [story.last.status for story in ledger.stories(path)] == ["drafted"]


def test_full_database_is_no_space(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's message about a full disk is passed on as a full disk, and nothing of the step remains."""
    path = place / "l"
    ledger.add(path, [one()])
    real = sqlite3.connect

    def full(address: str, **more: Any) -> sqlite3.Connection:  # noqa: ANN401 as the library has it
        connection: sqlite3.Connection = real(address, **more)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(Exception, match="no space left"):
        ledger.add(path, [one(f"CC{n:04}", label="x" * 40) for n in range(300)])
    monkeypatch.undo()
    assert len(ledger.stories(path)) == 1


AS_SOMEBODY = """
import os, sys, urllib.parse # which a path asks for, where nobody may not read the library of this Python
from pathlib import Path
from datetime import date
from calaim_cli.base.errors import CalaimError
from calaim_cli.decide.follow_up import Step
from calaim_cli.follow import ledger
path = Path(sys.argv[1])
if os.geteuid() == 0:
    os.setuid(65534)  # nobody: root may write everything
print(ledger.stories(path)[0].reference)
try:
    ledger.change(path, ["7RCV43"], lambda story: Step("sent", date(2026, 11, 23)))
except CalaimError as error:
    print(error.exit_code, error.message)
"""


@pytest.mark.unix("modes of files")
def test_read_only_ledger_is_read_and_not_written() -> None:
    """A read-only ledger is listed, and a step is refused with 6."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "l"
        ledger.add(path, [one()])
        path.chmod(0o444)
        path.parent.chmod(0o755)
        done = subprocess.run([sys.executable, "-c", AS_SOMEBODY, path], capture_output=True, text=True, check=True)
        listed, refused = done.stdout.splitlines()
        assert listed == "7RCV43"
        assert refused.startswith("6 ")
        assert "is it read-only?" in refused


def test_place_that_others_reach_is_warned_of(
    run: Run, write_case: WriteCase, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger in a synced folder or on a network drive gets a warning, with the CSV to exchange instead."""
    synced = tmp_path / "Dropbox"
    synced.mkdir(mode=0o700)
    ran = run("refer", write_case(), "--out", place / "a.eml", "--log", synced / "l", *DAY)
    assert f"{synced}: ledger-place: this seems to be a folder that syncs to a cloud" in ran.err
    assert "--csv" in ran.err
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/root / ext4 rw 0 0\nserver:/x {place} nfs4 rw 0 0\n", "utf-8")
    monkeypatch.setattr(system, "MOUNTS", mounts)
    if sys.platform != "win32":
        assert system.is_on_network(place)
        assert not system.is_on_network(synced)
        ran = run("refer", write_case(), "--out", place / "b.eml", "--log", place / "l", *DAY)
        assert f"{place}: ledger-place: this seems to be a network drive" in ran.err


@pytest.mark.parametrize("damage", ["steps = 'drafted soon'", "renewal = 'soon'"])
def test_damaged_row_is_no_traceback(place: Path, damage: str) -> None:
    """A day or month typed into the file by hand that is not one is reported as damage."""
    ledger.add(place / "l", [one()])
    with closing(sqlite3.connect(place / "l")) as other, other:
        other.execute(f"UPDATE referral SET {damage}")  # noqa: S608 one of the two above
    with pytest.raises(InputError, match="damaged"):
        ledger.stories(place / "l")
