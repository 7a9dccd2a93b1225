"""Canaries: a value of its own in each field is found in the draft and nowhere else, whatever goes wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import sheets
from calaim_cli.case.form import CHECKED
from calaim_cli.draft import draft
from calaim_cli.policy.policy import Policy
from conftest import COMPLETE, ROOT, Ran, Run, WriteCase, changed
from hostile import LIST_FIELDS

CALAIM = [sys.executable, "-m", "calaim_cli"]
DAY = ("--as-of", "2026-11-22")
MARK = "qzxcanary"
VALID: dict[str, str] = {
    "member.first_name": "Qzxcanary-first",
    "member.middle_name": "Qzxcanary-middle",
    "member.last_name": "Qzxcanary-last",
    "member.date_of_birth": "1971-07-19",
    "member.phone": "707-555-0171",
    "member.email": "qzxcanary-member@example.org",
    "member.address": "17 Qzxcanary St",
    "member.city": "Qzxcanary City",
    "member.zip": "94497-7171",
    "member.mrn": "71717171",
    "member.cin": "97171717A",
    "member.preferred_language": "Qzxcanary-language",
    "member.caregiver_name": "Qzxcanary-caregiver",
    "member.caregiver_contact": "qzxcanary-caregiver@example.org",
    "referrer.name": "Qzxcanary-referrer",
    "referrer.organization": "Qzxcanary Clinic",
    "referrer.address": "71 Qzxcanary Ave",
    "referrer.phone": "707-555-0172",
    "referrer.email": "qzxcanary-referrer@example.org",
    "referrer.relationship_detail": "Qzxcanary-relationship",
    "referrer.source_detail": "Qzxcanary-source",
    "referral.notes": "Qzxcanary-note",
}
TRACES = (
    MARK,
    *("1971", "07/19", "555-0171", "5550171", "7171", "555-0172", "5550172"),
)
"""What of the values above would show in a text, in lower case, however it was tidied up."""
TEXTS = (
    *(field.key for field in CHECKED),
    "member.date_of_birth",
    "member.county",
    "member.plan",
    "member.kp_region",
    "referrer.relationship",
    "referrer.source",
)


def traces(*texts: str | bytes) -> list[str]:
    """Which traces of a canary the texts hold."""
    read = [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in texts]
    return [trace for trace in TRACES if any(trace in text.lower() for text in read)]


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path there."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_silent(ran: Ran) -> None:
    """Nothing of a canary was said, on either stream."""
    assert not traces(ran.out, ran.err), (ran.out, ran.err)


@pytest.mark.parametrize("form", ["text", "eml", "json"])
def test_values_are_in_the_draft_and_not_beside_it(run: Run, write_case: WriteCase, form: str) -> None:
    """Standard output has the draft that was asked for; the messages next to it contain no value."""
    ran = run("refer", write_case(VALID), *DAY, "--format", form)
    assert ran.code == 0
    assert "707) 555-0171" in ran.out
    assert ran.out.lower().count(MARK) >= sum(
        MARK in value.lower() for key, value in VALID.items() if key != "member.middle_name"
    )
    assert not traces(ran.err), ran.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_values_are_in_the_sheet_and_not_beside_it(run: Run, write_case: WriteCase, form: str) -> None:
    """A sheet for a plan without e-mail has what the case says, but never the member's number at another plan."""
    other = {"member.plan": "hpsm", "member.kp_member": None, "member.mrn": "81818181"}
    ran = run("refer", write_case({**VALID, **other}), *DAY, "--format", form)
    assert ran.code == 0
    assert ran.out.lower().count(MARK) >= sum(MARK in value.lower() for value in VALID.values())
    assert VALID["member.cin"] in ran.out
    assert "8181" not in ran.out + ran.err
    assert not traces(ran.err), ran.err


@pytest.mark.parametrize("ending", ["eml", "txt", "json"])
@pytest.mark.parametrize("options", [(), ("--json",), ("--force",)], ids=["plain", "json", "force"])
def test_values_are_in_the_file_alone(
    run: Run, write_case: WriteCase, tmp_path: Path, ending: str, options: tuple[str, ...]
) -> None:
    """A draft in a file leaves nothing in a file name, a temporary file or stderr."""
    folder = tmp_path / "drafts"
    folder.mkdir()
    case = write_case(VALID)
    ran = run("refer", case, *DAY, "--out", folder / f"draft.{ending}", *options)
    assert ran.code == 0
    assert not traces(ran.err), ran.err
    if "--json" not in options:
        assert ran.out == ""
    assert list(files(folder)) == [f"draft.{ending}"]
    assert traces(files(folder)[f"draft.{ending}"])
    others = {name: content for name, content in files(tmp_path).items() if not name.startswith(("drafts/", case.name))}
    assert not traces(*others, *others.values())


def test_too_long_link_is_refused_without_values(run: Run, write_case: WriteCase) -> None:
    """A mailto link that would be cut off is refused, and nothing of it is shown."""
    ran = run("refer", write_case(VALID), *DAY, "--format", "mailto")
    assert (ran.code, ran.out) == (6, "")
    assert_silent(ran)


TOLD: dict[str, Any] = {
    **VALID,
    "member.county": "Belmont",
    "referrer.relationship": "member_or_family",
    "referral.preferred_ecm_provider": "Qzxcanary-wish",
    "referral.current_services": ["ecm", "chw"],
    "answers": {"managed_care": True, "housing": ["shelter"], "complex_need": True, "ed_visits_6_months": 717},
}


@pytest.mark.parametrize("form", ["text", "eml", "json", "mailto"])
@pytest.mark.parametrize("program", ["ecm", "chw", "cs"])
def test_redacted_draft_holds_no_value_of_the_member(
    run: Run, write_case: WriteCase, program: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft shown to others has nothing about the member, in any format: no fields, answers or warnings."""
    monkeypatch.setattr(draft, "LONGEST_LINK", 100_000)
    services = {"referral.services": ["respite", "medically_tailored_meals"]} if program == "cs" else {}
    ran = run(
        "refer", write_case({**TOLD, "referral.program": program, **services}), *DAY, "--redact", "--format", form
    )
    assert ran.code == 0, ran.err
    assert_silent(ran)
    shown = unquote(ran.out + ran.err).lower()
    for told in ("belmont", "san mateo", "shelter", "717", "care management (ecm),"):
        assert told not in shown, told
    assert all(f"warning: {where}" in ran.err for where in ("member.county: county-from-city", "answers: "))


def test_redacted_draft_of_a_provider_shows_the_provider(run: Run, write_case: WriteCase) -> None:
    """A referrer who is not a relative stays readable, except for a text that repeats one of the member's."""
    said = {
        "referrer.name": "Pat Example",
        "referrer.organization": "c/o 17 Qzxcanary St",
        "referrer.relationship_detail": MARK,
    }
    ran = run(
        "refer", write_case({**{k: v for k, v in VALID.items() if k[:8] != "referrer"}, **said}), *DAY, "--redact"
    )
    assert ran.code == 0
    assert_silent(ran)
    assert "Referrer's name: Pat Example" in ran.out


BREAKS: dict[str, object] = {
    "control character": f"{MARK}\x1b[31m",
    "line break": f"{MARK}\r\nBcc: x@example.com",
    "too long": MARK * 120,
    "not a number": f"91{MARK}",
    "spreadsheet": "9.7171717E+09",
    "number": 71717171,
    "fraction": 7171.5,
    "list": [MARK],
    "table": {"key": MARK},
    "yes": True,
}


@pytest.mark.parametrize("command", ["refer", "check", "refer --json", "check --json"])
@pytest.mark.parametrize("name", BREAKS)
def test_no_wrong_value_is_repeated(run: Run, write_case: WriteCase, name: str, command: str) -> None:
    """Whatever is wrong with all the fields, each message names the place and the rule, never the value."""
    wrong = BREAKS[name]
    wheres = [*TEXTS, *LIST_FIELDS, "referral.program", "answers.age", "answers.housing", "consent.part2"]
    changes = dict.fromkeys(wheres, wrong)
    if isinstance(wrong, str):  # of the right type, so that the fields themselves are checked
        changes |= {**{key: [wrong] for key in LIST_FIELDS}, "consent.part2": False}
    first, *options = command.split()
    ran = run(first, write_case(changes), *DAY, *options)
    assert (ran.code, ran.out) == (4, "")
    assert_silent(ran)
    named = [where for where in wheres if where in ran.err]
    assert len(named) >= (10 if first == "refer" else 1), ran.err


ROUTES: dict[str, tuple[int, dict[str, Any]]] = {
    "another plan's member": (5, {"member.kp_member": False}),
    "plan not known": (5, {"member.kp_member": None}),
    "no such plan": (5, {"member.plan": MARK, "member.kp_member": None}),
    "part of a plan's name": (5, {"member.plan": "alliance", "member.kp_member": None}),
    "two plans": (4, {"member.plan": "hpsm"}),
    "no way to the plan": (5, {"member.plan": "molina", "member.kp_member": None, "member.county": "Sacramento"}),
    "unknown region": (4, {"member.kp_region": MARK}),
    "region against the county": (4, {"member.kp_region": "south"}),
    "managed care denied": (4, {"answers.managed_care": False}),
    "county not served": (5, {"member.county": "Lassen", "member.zip": "96130"}),
    "no such county": (5, {"member.county": f"{MARK} County"}),
    "split county": (5, {"member.county": "Tulare"}),
    "no Network Lead Entity": (5, {"referral.self_referral": True}),
    "no such service": (5, {"referral.program": "cs", "referral.services": [MARK]}),
    "not by e-mail": (5, {"referral.program": "cs", "referral.services": ["sobering_centers"]}),
    "not offered": (5, {"referral.program": "cs", "referral.services": ["recuperative_care"]}),
    "no agreement": (4, {"consent.member_agreed": None}),
    "no attestation": (4, {"consent.attested": False}),
    "Part 2 without consent": (4, {"consent.part2": True}),
    "unknown answer": (4, {f"answers.{'visits'}": MARK}),
    "wrong answer": (4, {"answers.age": MARK}),
    "unknown choice": (4, {"answers.excluded_programs": [MARK]}),
}


@pytest.mark.parametrize("options", [(), ("--json",), ("--format", "eml"), ("--redact",)], ids=" ".join)
@pytest.mark.parametrize("name", ROUTES)
def test_refusal_holds_no_value(
    run: Run, write_case: WriteCase, name: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    """Each refusal says why and what to do instead, shows no value of the complete case, and leaves no file."""
    code, changes = ROUTES[name]
    case = write_case({**VALID, **changes})
    before = set(files(tmp_path))
    ran = run("refer", case, *DAY, *options)
    assert (ran.code, ran.out) == (code, "")
    assert_silent(ran)
    assert set(files(tmp_path)) == before


CS: dict[str, Any] = {"referral.program": "cs"}
PLACES: dict[str, dict[str, Any]] = {
    "another plan's member": {"member.kp_member": False},
    "plan not known": {"member.kp_member": None},
    "no way to the plan": {"member.plan": "molina", "member.kp_member": None, "member.county": "Sacramento"},
    "plan that does not serve": {"member.plan": "cencal", "member.kp_member": None, "member.county": "Inyo"},
    "plan that works for another": {"member.plan": "molina", "member.kp_member": None, "member.county": "Los Angeles"},
    "county not served": {"member.county": "Lassen", "member.zip": "96130"},
    "no such county": {"member.county": "Almeda"},
    "several counties": {"member.county": "SM"},
    "city of several counties": {"member.county": "Burbank"},
    "city of one county": {"member.county": "Oakland", "member.zip": "94601"},
    "ZIP code of several counties": {"member.county": "94550", "member.zip": "94550"},
    "ZIP code of several counties alone": {"member.county": None, "member.zip": "95230"},
    "ZIP code of no county": {"member.county": None, "member.zip": "90999"},
    "ZIP code of another state": {"member.county": None, "member.zip": "10001"},
    "ZIP code of another county": {"member.zip": "94601"},
    "digits": {"member.county": "123"},
    "no place": {"member.county": None, "member.zip": None},
    "split county": {"member.county": "Tulare", "member.zip": "93274"},
    "split county, one side": {"member.county": "Tulare", "member.zip": "93238"},
    "inferred region": {"member.county": "Imperial", "member.zip": "92243"},
    "served in part": {"member.county": "San Bernardino", "member.zip": "92401"},
    "region against the county": {"member.kp_region": "south"},
    "not offered": {**CS, "referral.services": ["recuperative_care"]},
    "not by e-mail": {**CS, "referral.services": ["sobering_centers"]},
    "availability": {**CS, "referral.services": ["transitional_rent"]},
    "no answers": {"answers": {}},
    "age twice": {"answers.age": 12},
    "too old": {"answers.pregnant_or_postpartum": True},
}
"""Cases of a member of 95 that are refused, or warned of, by where she lives."""


def told_of_the_place(text: str, catalog: Policy) -> list[str]:
    """What a text tells of where a member lives and how old she is; plans are called by what they serve."""
    for plan in catalog.plans.values():
        for name in (plan.name, *plan.aliases):
            text = text.replace(name, "")
    names = [county.name for county in catalog.counties_file.county]
    words = rf"\b(?:{'|'.join(names)}|Oakland|Burbank|Almeda|SM|9[0-9]{{4}}|10001|123|95|1931)\b|{MARK}"
    return re.findall(words, text, re.IGNORECASE)


@pytest.mark.thorough
@pytest.mark.parametrize("name", PLACES)
def test_no_message_tells_where_a_member_lives(
    run: Run, write_case: WriteCase, catalog: Policy, name: str, tmp_path: Path
) -> None:
    """Messages next to a result name no county, city or age, whichever command reads the case or sheet."""
    changes = {"member.date_of_birth": "1931-07-19", "member.city": VALID["member.city"], **PLACES[name]}
    case = write_case(changes)
    commands: list[tuple[str | Path, ...]] = [
        ("refer", case),
        ("refer", case, "--redact"),
        ("check", case),
        ("interview", "--from", case, "--no-input"),
    ]
    document = changed(COMPLETE, changes)
    cells = {key: value for key, value in document["answers"].items() if not isinstance(value, list)}
    for table in ("member", "referral", "consent"):
        cells |= {key: "; ".join(one) if isinstance(one, list) else one for key, one in document[table].items()}
    cells = {key: str(value) for key, value in cells.items()}
    sheet = tmp_path / "members.csv"
    sheet.write_bytes(
        sheets.sheet([sheets.ROW | {"county": "", "zip": "", "kp_member": ""} | cells], sheets.ROW | cells)
    )
    commands += [("batch", sheet, "--dry-run"), ("batch", sheet, "--out", tmp_path / "out", "--keep-going")]
    for command in commands:
        for options in ((), ("--json",)):
            ran = run(*command, *options, *DAY)
            assert ran.code in (0, 2, 3, 4, 5), ran
            assert not told_of_the_place(ran.err, catalog), (command, ran.err)
    report = tmp_path / "out" / "report.csv"
    assert not told_of_the_place(report.read_text("utf-8"), catalog) if report.exists() else True


@pytest.mark.parametrize("typed", ["SM", "Burbank", "94550", "almeda"])
def test_typed_place_is_told_its_candidates(run: Run, write_case: WriteCase, typed: str) -> None:
    """Someone who types a place herself is told what it may mean."""
    for command in (("county", typed), ("check", write_case({}), "--county", typed), ("interview", "--county", typed)):
        ran = run(*command)
        assert ran.code == 5
        assert "Alameda" in ran.err or "Los Angeles" in ran.err


@pytest.mark.parametrize("options", [(), ("--json",), ("--plain",), ("--program", "ecm")], ids=" ".join)
def test_check_holds_no_value(run: Run, write_case: WriteCase, options: tuple[str, ...]) -> None:
    """A determination is about criteria: it names nobody."""
    ran = run("check", write_case(VALID), *DAY, *options)
    assert ran.code == 0
    assert_silent(ran)


def test_interview_without_a_person_holds_no_value(run: Run, write_case: WriteCase) -> None:
    """If nobody can be asked, the list of what is missing shows nothing from the saved case."""
    ran = run("interview", "--from", write_case({**VALID, "answers": {}}), "--no-input", *DAY)
    assert (ran.code, ran.out) == (2, "")
    assert_silent(ran)


BAD_FILES = {
    "not UTF-8": f"[member]\nlast_name = '{MARK}\xe9'\n".encode("latin-1"),
    "open quote": f"[member]\nlast_name = '{MARK}\n".encode(),
    "no quotes": f"[member]\nlast_name = {MARK}\n".encode(),
    "key twice": f"[member]\nlast_name = '{MARK}'\nlast_name = '{MARK}'\n".encode(),
    "broken JSON": f'{{"member": {{"last_name": "{MARK}}}}}'.encode(),
    "a list": f'[{{"last_name": "{MARK}"}}]'.encode(),
    "a NUL": f"[member]\nlast_name = '{MARK}\0'\n".encode(),
    "binary": MARK.encode() + bytes(range(256)),
    "CSV": f"first_name,last_name\n{MARK},{MARK}\n".encode(),
}


@pytest.mark.parametrize("command", ["check", "refer", "interview", "profile", "data"])
@pytest.mark.parametrize("name", BAD_FILES)
def test_unreadable_file_is_not_repeated(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_copy: Path, name: str, command: str
) -> None:
    """A case, profile or data file that cannot be read is named, but no part of it is shown."""
    path = tmp_path / "bad.toml"
    path.write_bytes(BAD_FILES[name])
    match command:
        case "interview":
            ran = run("interview", "--from", path, "--no-input", *DAY)
        case "profile":
            monkeypatch.setenv("CALAIM_PROFILE", str(path))
            ran = run("profile", "show")
        case "data":
            (data_copy / "counties.toml").write_bytes(BAD_FILES[name])
            ran = run("data", "check", "--data", data_copy)
        case _:
            ran = run(command, path, *DAY)
    assert (ran.code, ran.out) == (4, "")
    assert_silent(ran)


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["plain", "json"])
def test_fault_in_the_program_repeats_no_value(
    run: Run, write_case: WriteCase, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """A bug whose own text quotes the case ends in one line without that text, and without a traceback."""

    def fail(case: object, *_: object) -> None:
        raise ValueError(f"invalid literal: {case}")

    monkeypatch.setattr(draft, "check_case", fail)
    ran = run("refer", write_case(VALID), *DAY, *options)
    assert (ran.code, ran.out) == (1, "")
    assert "internal error ValueError" in ran.err
    assert "Traceback" not in ran.err
    assert_silent(ran)


@pytest.mark.unix("the device /dev/full, and a shell")
def test_full_disk_and_gone_reader_repeat_no_value(write_case: WriteCase, tmp_path: Path) -> None:
    """A draft that cannot be printed or written is not shown in an error message instead."""
    case = write_case(VALID)
    for redirection, options in (
        (">/dev/full", ""),
        ("| head -c 0", ""),
        ("", f"--out {tmp_path}/absent/draft.eml"),
        ("", f"--out {case}"),
    ):
        command = f'"$@" refer {case} --as-of 2026-11-22 {options} {redirection}'
        done = subprocess.run(["sh", "-c", command, "sh", *CALAIM], capture_output=True, timeout=60, check=False)
        assert not traces(done.stderr), done.stderr


def processes() -> Iterator[Path]:
    """Every process that this one has started, by its folder in /proc."""
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parent = (path / "stat").read_text("utf-8").rpartition(")")[2].split()[1]
            except (OSError, IndexError):
                continue
            if parent == str(os.getpid()):
                yield path


@pytest.mark.unix("/proc")
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_arguments_and_environment_hold_no_value(write_case: WriteCase, tmp_path: Path) -> None:
    """While the command runs, other users of the machine see no values in the list of processes."""
    content = write_case(VALID).read_bytes()
    command = [*CALAIM, "refer", "-", *DAY, "--out", str(tmp_path / "draft.eml")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stderr
        seen = []
        process.stdin.write(content)
        process.stdin.flush()
        time.sleep(0.2)  # the command is up, and waits for the rest of its input
        for path in processes():
            seen += [(path / name).read_bytes() for name in ("cmdline", "environ", "comm")]
        process.stdin.close()
        said = process.stderr.read()
        assert process.wait(60) == 0, said
    assert any(b"refer" in one for one in seen)
    assert not traces(*seen, said)


def test_environment_is_not_read_for_member_data(write_case: WriteCase) -> None:
    """No environment variable except the documented settings changes a draft."""
    case = write_case({"member.middle_name": None})
    plain = {"PATH": os.environ["PATH"], "CALAIM_PROFILE": str(case.parent / "none.toml"), "LC_ALL": "C.UTF-8"}
    loud = {key.upper().replace("MEMBER.", prefix): value for key, value in VALID.items() for prefix in ("CALAIM_", "")}
    drafts = [
        subprocess.run(
            [*CALAIM, "refer", case, *DAY], capture_output=True, env={**plain, **extra}, timeout=60, check=True
        ).stdout
        for extra in ({}, loud)
    ]
    assert drafts[0] == drafts[1]


def test_temporary_files_are_beside_the_draft_only(write_case: WriteCase, tmp_path: Path) -> None:
    """Nothing is written to the system's temporary folder or to the home folder."""
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "drafts"
    elsewhere.mkdir()
    folder.mkdir()
    settings = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    settings |= dict.fromkeys(("TMPDIR", "TEMP", "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(elsewhere))
    command = [*CALAIM, "refer", str(write_case(VALID)), *DAY, "--out", str(folder / "draft.eml")]
    done = subprocess.run(command, capture_output=True, env=settings, cwd=folder, timeout=60, check=False)
    assert done.returncode == 0
    assert (files(elsewhere), list(files(folder))) == ({}, ["draft.eml"])


NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr",
                 "socket.sendto", "socket.sendmsg", "socket.bind", "smtplib.connect", "urllib.Request",
                 "http.client.connect", "webbrowser.open", "os.system", "subprocess.Popen", "os.exec"}:
        sys.stderr.write(f"NETWORK {event}\\n")
        sys.stderr.flush()
        import os
        os._exit(99)

sys.addaudithook(refuse)
sys.argv = ["calaim", *sys.argv[1:]]
from calaim_cli.__main__ import run
run()
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    "arguments",
    [
        ("refer", "CASE", *DAY),
        ("refer", "CASE", *DAY, "--json"),
        ("refer", "CASE", *DAY, "--redact"),
        ("check", "CASE", *DAY),
        ("county", "alameda"),
        ("county", "94601", "--json"),
        ("services",),
        ("data", "check", *DAY),
        ("profile", "path"),
    ],
    ids=" ".join,
)
def test_network_is_never_touched(write_case: WriteCase, arguments: tuple[str, ...]) -> None:
    """No command looks up a name, opens a connection or starts another program."""
    case = write_case(VALID)
    command = [sys.executable, "-c", NO_NETWORK, *(str(case) if one == "CASE" else one for one in arguments)]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, b"NETWORK" in done.stderr) == (0, False), done.stderr


def test_the_hook_against_the_network_bites() -> None:
    """The test above would notice if a name were looked up."""
    code = NO_NETWORK.replace("from calaim_cli.__main__ import run\nrun()", "import socket; socket.getaddrinfo('x', 1)")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False).returncode == 99


TEN_FAULTS: dict[str, object] = {
    "answers.age": "x",
    "answers.visits": 1,
    "answers.housing": ["nowhere"],
    "member.phone": "911",
    "member.zip": "9440",
    "member.date_of_birth": "3/4/80",
    "member.mrn": "12",
    "referrer.npi": "1234567890",
    "referral.current_services": ["x"],
    "consent.attested": None,
    "consent.member_agreed": None,
}


@pytest.mark.parametrize("as_json", [False, True], ids=["lines", "json"])
def test_answers_and_fields_are_listed_together(run: Run, write_case: WriteCase, as_json: bool) -> None:
    """Eleven mistakes in answers, fields and consent are all reported in one run, so one edit fixes the case."""
    ran = run("refer", write_case(TEN_FAULTS), *DAY, *(["--json"] if as_json else []))
    assert (ran.code, ran.out) == (4, "")
    if as_json:
        found = [problem["where"] for problem in json.loads(ran.err)["problems"]]
    else:
        found = [line.split(":")[0].strip() for line in ran.err.splitlines() if line.startswith("  ")]
    assert sorted(found) == sorted(TEN_FAULTS)
