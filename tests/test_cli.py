"""The command line: exit codes, one-line errors, streams, terminals and help, as users and scripts rely on them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import document
import pexpect  # type: ignore[import-untyped]
import pytest
import tree
from msgspec.structs import replace

from calaim_cli import cli
from calaim_cli.batch import batch
from calaim_cli.cli import app
from calaim_cli.follow import ledger
from calaim_cli.policy import load
from calaim_cli.policy.places import Place
from calaim_cli.policy.policy import Policy
from calaim_cli.show.blocks import Fact, Items, Points, View
from calaim_cli.show.first import SIX_THINGS
from calaim_cli.show.views import county_view
from conftest import ROOT, Run, WriteCase, WriteProfile

CALAIM = [sys.executable, "-m", "calaim_cli"]
DAY = ["--as-of", "2026-11-22"]
FULL = Path("/dev/full")


def environment(**settings: str) -> dict[str, str]:
    """The surroundings of a run of its own: the user's search path, a UTF-8 locale, and the given settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "CALAIM_PROFILE", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", **settings}


def calaim(*arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """The command run as a program of its own."""
    command = [*CALAIM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment(**settings), timeout=60, check=False)


def through_shell(redirection: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """The command run by a shell with its streams redirected."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *CALAIM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment(), timeout=60, check=False)


BAD_CASE = {"member.zip": "9440"}
NO_ROUTE = {"member.kp_member": False}


@pytest.fixture
def failing(write_case: WriteCase, tmp_path: Path) -> Callable[[str], list[str | Path]]:
    """The arguments of a command that fails in the named way."""
    other = tmp_path / "other.eml"
    other.write_bytes(b"something else\n")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "counties.toml").write_text('schema = "calaim.counties/1"\n', encoding="utf-8")
    commands: dict[str, list[str | Path]] = {
        "unknown option": ["county", "--bogus"],
        "unknown command": ["conty"],
        "missing argument": ["check"],
        "bad value": ["check", write_case(), "--as-of", "tomorrow"],
        "unknown ending": ["refer", write_case(), *DAY, "--out", tmp_path / "x.doc"],
        "absent file": ["check", tmp_path / "absent.toml"],
        "bad case": ["refer", write_case(BAD_CASE, "bad.toml"), *DAY],
        "bad answer": ["check", write_case({"answers.age": "x"}, "answer.toml"), *DAY],
        "bad data": ["county", "alameda", "--data", tmp_path / "bad"],
        "unknown place": ["county", "atlantis"],
        "ambiguous place": ["county", "sb"],
        "unknown program": ["check", write_case(), *DAY, "--program", "emc"],
        "unknown service": ["services", "respit"],
        "no route": ["refer", write_case(NO_ROUTE, "other.toml"), *DAY],
        "file in the way": ["refer", write_case(), *DAY, "--out", other],
        "folder absent": ["refer", write_case(), *DAY, "--out", tmp_path / "absent" / "x.eml"],
    }
    return commands.__getitem__


FAILURES = {
    "unknown option": 2,
    "unknown command": 2,
    "missing argument": 2,
    "bad value": 2,
    "unknown ending": 2,
    "absent file": 4,
    "bad case": 4,
    "bad answer": 4,
    "bad data": 4,
    "unknown place": 5,
    "ambiguous place": 5,
    "unknown program": 5,
    "unknown service": 5,
    "no route": 5,
    "file in the way": 6,
    "folder absent": 6,
}
EVERY_FAILURE = pytest.mark.parametrize(("name", "code"), FAILURES.items(), ids=FAILURES)
Failing = Callable[[str], list[str | Path]]


@EVERY_FAILURE
def test_failure_has_its_exit_code(run: Run, failing: Failing, name: str, code: int) -> None:
    """Each way to fail ends with the exit code of the contract, with nothing on stdout and no traceback."""
    ran = run(*failing(name))
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("calaim: ")
    assert "Traceback" not in ran.err


@EVERY_FAILURE
def test_failure_is_one_line_and_its_problems(run: Run, failing: Failing, name: str, code: int) -> None:
    """An error is one line: what, where, what next. Only the problems of a file follow, one a line, indented."""
    first, *others = run(*failing(name)).err.splitlines()
    assert ": " in first
    assert all(re.match(r"  \S.*: [a-z0-9-]+: \S", line) for line in others)
    assert code in {4, 5} or not others


@pytest.mark.parametrize("name", [name for name in FAILURES if name != "unknown ending"])
def test_json_failure_is_one_document(run: Run, failing: Failing, name: str) -> None:
    """With --json an error is one document on stderr with the keys of the contract, and stdout stays empty."""
    ran = run(*failing(name), "--json")
    assert (ran.code, ran.out) == (FAILURES[name], "")
    document = json.loads(ran.err)
    assert list(document) == ["schema", "code", "message", "problems"]
    assert document["schema"] == "calaim.error/1"
    assert document["code"]
    assert all(list(problem) == ["where", "code", "message"] for problem in document["problems"])


@pytest.mark.parametrize("command", ["check", "refer"])
def test_json_failure_is_alone_when_a_review_is_due(run: Run, tmp_path: Path, command: str) -> None:
    """Also after the day on which the data want a review, an error document has stderr to itself."""
    ran = run(command, tmp_path / "absent.toml", "--json", "--as-of", "2030-01-01")
    assert json.loads(ran.err)["schema"] == "calaim.error/1"


@pytest.mark.parametrize("command", ["check", "refer"])
def test_data_past_their_review_warn(run: Run, write_case: WriteCase, command: str) -> None:
    """From the day on which the data want a review, each decision and draft says so; the day before, none does."""
    case = write_case()
    due = "past-review"
    everything = ["--all"] if command == "check" else []
    assert due not in run(command, case, *everything, "--as-of", "2026-11-22").err
    assert due in run(command, case, *everything, "--as-of", "2030-01-01").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("county", "San Mateo County, CA"),
        ("county", "94401"),
        ("county", "Lassen"),
        ("county", "Tulare"),
        ("counties", "--service", "sobering-centers"),
        ("counties", "--plan", "hpsm"),
        ("services",),
        ("services", "Meals", "--county", "kern"),
        ("programs",),
        ("programs", "homelessness"),
        ("data", "check"),
        ("data", "sources"),
    ],
    ids=" ".join,
)
def test_lookup_succeeds_quietly(run: Run, arguments: tuple[str, ...]) -> None:
    """A look-up that finds something prints it and says nothing else."""
    ran = run(*arguments) if arguments != ("data", "check") else run(*arguments, *DAY)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("\n")
    assert "\x1b" not in ran.out


def test_unlikely_is_a_result(run: Run, write_case: WriteCase) -> None:
    """A case that does not match is decided like any other: exit 0."""
    ran = run("check", write_case({"answers.excluded_programs": ["hospice"]}), *DAY, "--program", "ecm")
    assert ran.code == 0
    assert ran.out.startswith("ecm\tunlikely\t")


def test_differing_expectation_fails(run: Run, write_case: WriteCase) -> None:
    """A reviewer's case that comes out otherwise is listed, with exit 4; one that agrees is not."""
    agreed = run("check", write_case({"expect.ecm": "likely"}), *DAY, "--expect")
    assert (agreed.code, agreed.out) == (0, "")
    differs = run("check", write_case({"expect.ecm": "unlikely"}), *DAY, "--expect")
    assert differs.code == 4
    assert "ecm\texpected unlikely\tfound likely\n" in differs.out


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("county", "san mateoo"), "San Mateo"),
        (("county", "alamda"), "Alameda"),
        (("services", "respit"), "respite"),
        (("programs", "homelesness"), "homelessness"),
        (("counties", "--region", "nroth"), "north"),
        (("counties", "--plan", "hpsmm"), "hpsm"),
        (("conty", "alameda"), "county"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_near_name_is_suggested_and_never_taken(run: Run, arguments: tuple[str, ...], meant: str) -> None:
    """A typo is answered with what was probably meant, and with nothing else."""
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2 if arguments[0] == "conty" else 5, "")
    assert re.search("did you mean", ran.err, re.IGNORECASE)
    assert meant in ran.err


def test_hyphens_and_underscores_are_interchangeable(run: Run) -> None:
    """An id may be typed with either."""
    assert run("services", "day-habilitation") == run("services", "day_habilitation")


def test_typed_escape_does_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    """A key or file name with an escape sequence is shown escaped in the error about it."""
    path = tmp_path / "case.toml"
    path.write_text('"\\u001b[31mkey" = 1\n', encoding="utf-8")
    for arguments in (("check", path), ("check", "\x1b[2J.toml"), ("county", "\x1b[2J")):
        ran = run(*arguments)
        assert ran.code in {4, 5}
        assert "\x1b" not in ran.err


class Broken(Exception):
    """A fault that nobody foresaw, with a member's data in its text."""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program with a bug: reading the data fails with a text that quotes an answer."""

    def fail(folder: Path | None = None) -> Policy:
        raise Broken("canary 91234567A")

    monkeypatch.setattr(load, "load", fail)


@pytest.mark.usefixtures("broken", "answers_folder")
def test_internal_error_is_one_line_without_values(run: Run) -> None:
    """A bug ends with 1 and one line to report: kind and place of the fault and both versions, never its text."""
    ran = run("county", "alameda")
    assert (ran.code, ran.out) == (1, "")
    assert re.fullmatch(
        r"calaim: internal error Broken at test_cli\.py:\d+ \(calaim .*, data \d{4}-\d\d\)\. .*\n", ran.err
    )
    assert "canary" not in ran.err


@pytest.mark.usefixtures("broken")
def test_internal_error_with_json_is_a_document(run: Run) -> None:
    """Also a bug is told as a document where a document was asked for."""
    ran = run("county", "alameda", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert json.loads(ran.err)["code"] == "internal"
    assert "canary" not in ran.err


def test_catalog_that_breaks_is_an_internal_error(run: Run, catalog: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data that contradict each other unseen end in one line too."""
    monkeypatch.setattr(load, "load", lambda folder=None: replace(catalog, availability={}))
    ran = run("county", "alameda")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("calaim: internal error ")
    assert ran.err.count("\n") == 1


def test_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Ctrl-C is never an answer: exit 130, nothing on stdout, no traceback."""

    def interrupted(folder: Path | None = None) -> Policy:
        raise KeyboardInterrupt

    monkeypatch.setattr(load, "load", interrupted)
    ran = run("county", "alameda")
    assert (ran.code, ran.out) == (130, "")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "arguments", [("county", "alameda"), ("--version",), ("programs", "--json"), ("--help",)], ids=" ".join
)
def test_reader_that_left_is_no_error(arguments: tuple[str, ...]) -> None:
    """When the reader of a pipe goes away, as `head` does, the command ends at once with 141 and says nothing."""
    theirs, ours = os.pipe()
    os.close(theirs)
    done = subprocess.run(
        [*CALAIM, *arguments], stdout=ours, stderr=subprocess.PIPE, env=environment(), timeout=60, check=False
    )
    os.close(ours)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.unix("bash")
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_head_gets_its_line() -> None:
    """`calaim ... | head -1` gives the first line and no message."""
    command = 'set -o pipefail; "$@" programs --json | head -c 9'
    done = subprocess.run(
        ["bash", "-c", command, "bash", *CALAIM], capture_output=True, env=environment(), timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == (b'{"schema"', b"")
    assert done.returncode in {0, 141}


@pytest.mark.unix("the device /dev/full")
@pytest.mark.parametrize(
    "arguments", [("county", "alameda"), ("county", "alameda", "--json"), ("--version",)], ids=" ".join
)
def test_full_stdout_is_told(arguments: tuple[str, ...]) -> None:
    """When the answer does not fit on the disk the command ends with 6 and one line, not as if all were well."""
    done = through_shell(">/dev/full", *arguments)
    assert done.returncode == 6
    assert done.stderr.count(b"\n") == 1
    assert b"Traceback" not in done.stderr


@pytest.mark.unix("the device /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("arguments", [("--help",), ("county", "--help")], ids=" ".join)
def test_full_stdout_is_told_of_help(arguments: tuple[str, ...], unbuffered: str) -> None:
    """Help that does not fit on the disk ends with 6 and one line too, although Typer prints it."""
    with FULL.open("wb") as full:
        done = subprocess.run(
            [*CALAIM, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(PYTHONUNBUFFERED=unbuffered),
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr.count(b"\n")) == (6, 1)


@pytest.mark.unix("a shell that closes streams")
@pytest.mark.parametrize(
    ("redirection", "arguments", "code"),
    [
        pytest.param(">&-", ("county", "alameda"), 0, id="stdout"),
        pytest.param(">&-", ("county", "alameda", "--json"), 0, id="stdout with json"),
        pytest.param(">&-", ("--help",), 0, id="stdout with help"),
        pytest.param("<&-", ("county", "alameda"), 0, id="stdin"),
        pytest.param("<&-", ("check", "-"), 4, id="stdin that is wanted"),
        pytest.param("2>&-", ("county", "atlantis"), 5, id="stderr"),
        pytest.param("<&- >&- 2>&-", ("county", "alameda"), 0, id="all three"),
    ],
)
def test_closed_stream_is_like_the_null_device(redirection: str, arguments: tuple[str, ...], code: int) -> None:
    """A stream that is closed from the start changes no exit code and gives no traceback."""
    done = through_shell(redirection, *arguments)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr


LOCALES: tuple[dict[str, str], ...] = (
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "cp1252"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
)


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["text", "json"])
def test_documents_do_not_depend_on_the_locale(write_case: WriteCase, form: str) -> None:
    """A draft and a JSON document are the same bytes in every locale, with names of any script."""
    case = write_case({"member.first_name": "Trần", "member.last_name": "علی‌رضا", "referral.notes": "王小明 🙂"})
    usual = calaim("refer", case, *DAY, "--format", form)
    assert (usual.returncode, "王小明 🙂".encode() in usual.stdout) == (0, True)
    for settings in LOCALES:
        assert calaim("refer", case, *DAY, "--format", form, **settings).stdout == usual.stdout


def test_plain_results_survive_an_ascii_terminal(tmp_path: Path) -> None:
    """Where a letter cannot be shown its number stands in its place; nothing fails."""
    done = calaim("check", tmp_path / "Trần.toml", PYTHONIOENCODING="ascii")
    assert done.returncode == 4
    assert b"Tr\\u1ea7n.toml" in done.stderr


def on_terminal(*arguments: str, columns: int = 80, settings: Mapping[str, str] = {}) -> str:
    """What the command shows on a real pseudo-terminal of so many columns."""
    command = pexpect.spawn(
        CALAIM[0],
        [*CALAIM[1:], *arguments],
        env=environment(**{"TERM": "xterm-256color", **settings}),
        dimensions=(24, columns),
        encoding="utf-8",
        timeout=60,
    )
    command.expect(pexpect.EOF)
    command.close()
    assert command.exitstatus == 0
    return str(command.before)


def values_of(view: View) -> Iterator[str]:
    """Everything that a view has to say."""
    for block in view:
        match block:
            case Fact() if block.label:
                yield block.value
            case Items():
                yield from block.values
            case Points():
                yield from block.values
            case _:
                pass


def squeezed(text: str) -> str:
    """The text without white space, so that folding does not matter."""
    return "".join(text.split())


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_terminal_shows_every_value_whole(catalog: Policy, columns: int) -> None:
    """In a window of any width each address, phone and name can be read to its end, and no line is too long."""
    shown = on_terminal("county", "san", "mateo", columns=columns, settings={"NO_COLOR": "1"})
    county = next(one for one in catalog.counties_file.county if one.name == "San Mateo")
    for value in values_of(county_view(Place(county), catalog)):
        assert squeezed(value) in squeezed(shown)
    assert "REGMCDURNS-KPNC@kp.org" in shown
    assert "1-833-721-6012" in shown
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= columns


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("columns", [40, 80])
def test_terminal_lists_are_whole(columns: int) -> None:
    """A list in a narrow window still has every county."""
    shown = on_terminal("counties", columns=columns, settings={"NO_COLOR": "1"})
    listed = calaim("counties").stdout.decode().splitlines()[1:]
    assert len(listed) == 58
    assert all(squeezed(line.split("\t")[0]) in squeezed(shown) for line in listed)
    assert "…" not in shown


@pytest.mark.thorough
@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize(
    ("settings", "escapes"),
    [
        pytest.param({}, True, id="a terminal"),
        pytest.param({"NO_COLOR": ""}, True, id="NO_COLOR empty"),
        pytest.param({"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, id="NO_COLOR beats FORCE_COLOR"),
        pytest.param({"TERM": "dumb"}, False, id="dumb"),
        pytest.param({"TERM": "dumb", "FORCE_COLOR": "1"}, False, id="dumb, FORCE_COLOR"),
        pytest.param({"ACCESSIBLE": "1"}, False, id="ACCESSIBLE"),
    ],
)
def test_color_is_on_a_terminal_that_wants_it(settings: dict[str, str], escapes: bool) -> None:
    """Escapes reach only a terminal, and any of the switches keeps them away."""
    assert ("\x1b" in on_terminal("county", "san", "mateo", settings=settings)) is escapes


@pytest.mark.thorough
@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize(
    ("arguments", "settings", "columns"),
    [
        pytest.param(["--plain"], {}, 80, id="--plain"),
        pytest.param([], {"TERM": "dumb"}, 80, id="dumb"),
        pytest.param([], {}, 20, id="20 columns"),
        pytest.param(["--json"], {}, 80, id="--json"),
    ],
)
def test_plain_terminal_gets_what_a_pipe_gets(arguments: list[str], settings: dict[str, str], columns: int) -> None:
    """Who asks for plain lines gets the same lines on a terminal as in a pipe: no boxes, nothing drawn over."""
    shown = on_terminal("county", "san", "mateo", *arguments, columns=columns, settings=settings)
    assert shown.replace("\r\n", "\n").encode() == calaim("county", "san", "mateo", *arguments).stdout


@pytest.mark.unix("a pseudo-terminal")
def test_screen_reader_gets_label_and_value() -> None:
    """With ACCESSIBLE every fact is one line, label first, with nothing drawn; a pipe stays as it is for scripts."""
    shown = on_terminal("county", "san", "mateo", settings={"ACCESSIBLE": "1"})
    assert "Send to: REGMCDURNS-KPNC@kp.org\r\n" in shown
    assert "\x1b" not in shown
    assert "\t" not in shown
    assert calaim("county", "san", "mateo", ACCESSIBLE="1").stdout == calaim("county", "san", "mateo").stdout


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("settings", "arguments", "escapes"),
    [
        pytest.param({"FORCE_COLOR": "1"}, [], True, id="FORCE_COLOR"),
        pytest.param({"CLICOLOR_FORCE": "1"}, [], True, id="CLICOLOR_FORCE"),
        pytest.param({"FORCE_COLOR": "0"}, [], False, id="FORCE_COLOR is 0"),
        pytest.param({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False, id="NO_COLOR wins"),
        pytest.param({"FORCE_COLOR": "1", "TERM": "dumb"}, [], False, id="dumb wins"),
        pytest.param({"FORCE_COLOR": "1", "ACCESSIBLE": "1"}, [], False, id="ACCESSIBLE wins"),
        pytest.param({"FORCE_COLOR": "1"}, ["--plain"], False, id="--plain wins"),
        pytest.param({"FORCE_COLOR": "1"}, ["--json"], False, id="--json wins"),
    ],
)
def test_colors_in_a_pipe_only_when_forced(settings: dict[str, str], arguments: list[str], escapes: bool) -> None:
    """Who forces colors gets them in a pipe, on the same lines; tables stay away, and every switch wins over it."""
    command = ["county", "san", "mateo", *arguments]
    shown = calaim(*command, **settings).stdout
    assert (b"\x1b" in shown) is escapes
    assert re.sub(rb"\x1b\[[0-9]+m", b"", shown) == calaim(*command).stdout


def test_pipe_has_no_color_and_no_table() -> None:
    """In a pipe there are plain lines, however wide the window is said to be."""
    piped = calaim("county", "san", "mateo", TERM="xterm-256color", COLUMNS="20")
    assert piped.stdout == calaim("county", "san", "mateo").stdout
    assert b"\x1b" not in piped.stdout


def commands(run: Run, *above: str) -> Iterator[list[str]]:
    """Every command that help lists, those of groups too."""
    for name in re.findall(r"^  ([a-z]+)  +[A-Z]", run(*above, "--help").out, re.MULTILINE):
        below = [*commands(run, *above, name)]
        yield from below or [[*above, name]]


def test_every_command_has_help_that_fits(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command's help has an example of it, and fits a window of 80 columns and 40 lines."""
    monkeypatch.setenv("COLUMNS", "80")
    found = list(commands(run))
    assert {"county", "check", "refer"} <= {command[0] for command in found}
    for command in ([], *found):
        lines = run(*command, "--help").out.splitlines()
        assert len(lines) <= 40, command
        assert max(map(len, lines)) <= 80, command
        assert "\x1b" not in "".join(lines)
        assert not command or f"Example: calaim {' '.join(command)}" in " ".join(" ".join(lines).split()), command


def test_every_command_is_under_what_it_is_for(run: Run) -> None:
    """Who reads the list of commands finds each once, and the six things people do come before it."""
    listed = [name for name, *_ in commands(run)]
    known = [one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands]
    assert set(listed) == {*known, *(group.name for group in app.registered_groups)}
    for ran in (run("help").out, run().err):
        assert all(words in ran and command in ran for words, command in SIX_THINGS)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_is_a_result(run: Run, option: str) -> None:
    """Help that was asked for goes to stdout, with exit 0, and fits a window of 80 columns."""
    ran = run(option)
    assert (ran.code, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= 80


def test_no_option_takes_member_data(run: Run) -> None:
    """No option asks for a name, date of birth or number of a member: the shell's history would keep it."""
    for command in commands(run):
        options = re.findall(r"--([a-z0-9-]+)", run(*command, "--help").out)
        assert not {"name", "first-name", "last-name", "dob", "date-of-birth", "cin", "mrn", "phone"} & set(options)


def test_version_of_own_data_is_told(run: Run, data_copy: Path) -> None:
    """With data of one's own, --version tells their edition."""
    programs = data_copy / "programs.toml"
    text = programs.read_text(encoding="utf-8")
    programs.write_text(text.replace('edition = "2026-11"', 'edition = "2027-01-test"', 1), encoding="utf-8")
    assert "2027-01-test" in run("--data", data_copy, "--version").out


def test_case_from_standard_input(run: Run, write_case: WriteCase) -> None:
    """A case through a pipe gives the same draft as the file."""
    path = write_case()
    piped = run("refer", "-", *DAY, stdin=path.read_bytes())
    assert (piped.code, piped.out) == (0, run("refer", path, *DAY).out)


def test_lookups_need_no_home(tmp_path: Path) -> None:
    """Without a home folder, looking up and deciding still work."""
    command = [*CALAIM, "county", "alameda"]
    settings = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    done = subprocess.run(command, capture_output=True, env=settings, timeout=60, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")


def test_output_is_the_same_every_time() -> None:
    """Two runs give the same bytes: no clock, no order of sets, no paths of the machine."""
    first, again = (calaim("county", "alameda", "--json", PYTHONHASHSEED=seed).stdout for seed in ("1", "2"))
    assert first == again
    assert str(ROOT).encode() not in first


def test_errors_have_no_paths_of_the_machine(run: Run, write_case: WriteCase) -> None:
    """A file is named as the user named it."""
    write_case(BAD_CASE, "bad.toml")
    document: dict[str, Any] = json.loads(run("check", "absent.toml", *DAY, "--json").err)
    assert document["message"].startswith("absent.toml: ")


def test_profile_alone_is_shown(run: Run, write_profile: WriteProfile) -> None:
    """`calaim profile` shows what is kept, as `calaim profile show` does, and says so when nothing is."""
    absent = run("profile")
    assert (absent.code, absent) == (0, run("profile", "show"))
    assert "There is no profile yet: 'calaim profile edit'" in absent.err
    profile = write_profile('schema = "calaim.profile/1"\n\n[referrer]\nname = "Pat Example"\n')
    assert run("profile") == run("profile", "show") == (0, profile.read_text("utf-8"), "")


def test_json_before_a_command_of_the_profile_is_refused(run: Run) -> None:
    """An option in the wrong place is never silently left out of the answer."""
    ran = run("profile", "--json", "path")
    assert (ran.code, ran.out) == (2, "")
    assert "--json goes after the command" in json.loads(ran.err)["message"]


def test_unsound_data_are_an_error_document(run: Run, data_copy: Path) -> None:
    """With --json, data that are wrong are told as every error is: on stderr, with exit 4."""
    (data_copy / "counties.toml").write_text("edition = 1\n", encoding="utf-8")
    ran = run("data", "check", "--data", data_copy, "--json", *DAY)
    assert (ran.code, ran.out) == (4, "")
    assert json.loads(ran.err)["schema"] == "calaim.error/1"


def test_data_folder_before_the_command_is_refused(run: Run) -> None:
    """A data folder in the wrong place is never silently left out of the answer."""
    ran = run("--data", "nowhere", "county", "alameda")
    assert (ran.code, ran.out) == (2, "")
    assert "--data goes after the command" in ran.err


CONTRADICTIONS = [
    *(["county", "alameda"], ["counties"], ["plan"], ["contacts"], ["when"], ["services"], ["programs"], ["questions"]),
    *(["check", "{case}"], ["coverage", "{case}"], ["interview"], ["refer", "{case}"], ["refer"], ["data", "sources"]),
    ["screen", "{case}", "--counts"],
    ["data", "diff", "{data}", "{data}"],
    ["referrals"],
]
IGNORED = [
    *([*words, "--plain", "--json"] for words in CONTRADICTIONS),
    *([*words, "--json", "--plain"] for words in CONTRADICTIONS),
    *(["refer", "{case}", option, "{case}"] for option in ("--from", "--save")),
    *(["refer", "{case}", "--json", "--format", form] for form in ("text", "eml", "mailto")),
    ["refer", "{case}", "--force"],
    ["refer", "{case}", "--redact", "--out", "x.eml"],
    *(["check", "{case}", "--expect", option, "ecm"] for option in ("--program", "--county")),
    *(
        ["batch", "--template", option]
        for option in ("members.csv", "--json", "--dry-run", "--keep-going", "--limit=1")
    ),
    *(["batch", "--template", option, "x"] for option in ("--out", "--keep", "--encoding")),
    ["batch", "--template", "--as-of", "2026-11-22"],
    ["data", "diff", "{data}", "{data}", "--as-of", "2026-11-22"],
    ["profile", "--json", "path"],
    ["--data", "{data}", "county", "alameda"],
    ["referrals", "--out", "x.eml"],
    ["refer", "{case}", "--log", "x.ledger"],
    ["refer", "{case}", "--redact", "--for-member", "x.html"],
    ["refer", "{case}", "--for-member", "x.doc"],
    *(["screen", "{case}"], ["screen", "{case}", "--out", "x.csv", "--keep", "mrn"], ["screen", "--sql", "--json"]),
    *(["screen", "--sql", option] for option in ("{case}", "--counts", "--keep-going", "--plain")),
    *(["screen", "{case}", "--counts", *words] for words in (["--table", "x"], ["--likely", "ecm"], ["--keep", "x"])),
    *(
        ["screen", "{case}", "--out", "x.csv", *words]
        for words in (["--plain"], ["--likely", "ecm", "--program", "cs"])
    ),
    *(["screen", "--template", option] for option in ("{case}", "--counts", "--sql")),
]


@pytest.mark.parametrize("words", IGNORED, ids=" ".join)
def test_options_that_contradict_are_refused(run: Run, write_case: WriteCase, words: list[str]) -> None:
    """An option that would go unheard ends the command with 2, in words that name it, before anything is done."""
    case = write_case()
    before = case.read_bytes()
    ran = run(*(word.format(case=case, data=ROOT / "data") for word in words))
    assert (ran.code, ran.out) == (2, "")
    assert re.search(r"--[a-z]", ran.err)
    assert case.read_bytes() == before


def test_every_command_with_both_is_tried() -> None:
    """A new command that takes --plain and --json is in the table above."""
    both = [one.name for one in tree.commands() if {"--plain", "--json"} <= {option for option, _ in one.options}]
    tried = {" ".join(["calaim", *words]) for words in CONTRADICTIONS}
    assert [name for name in both if not any(f"{words} ".startswith(f"{name} ") for words in tried)] == []
    assert len(both) > 10


LATE = ["--as-of", "2030-01-01"]
TELLING = [
    *(["county", "alameda"], ["counties"], ["plan"], ["contacts"], ["when"], ["questions"], ["profile", "show"]),
    *(
        ["services", "respite", *LATE],
        ["programs", "ecm", *LATE],
        ["check", "{case}", *LATE],
        ["refer", "{case}", *LATE],
    ),
    ["check", "{case}", "--expect", *LATE],
    ["coverage", "{case}", *LATE],
    ["refer", "{case}", "--out", "{folder}/x.eml", *LATE],
    ["batch", "{rows}", "--dry-run", *LATE],
    ["batch", "{rows}", "--out", "{folder}/out", "--keep-going", *LATE],
    ["screen", "{rows}", "--out", "{folder}/screened.csv", *LATE],
    ["refer", "{case}", "--out", "{folder}/y.eml", "--log", "{folder}/y.ledger", *LATE],
    ["referrals", "--log", "{ledger}", *LATE],
    *(["data", "check", *LATE], ["data", "sources"], ["data", "diff", "{data}", "{data}", "{case}", *LATE]),
]


@pytest.mark.thorough
@pytest.mark.parametrize("words", TELLING, ids=" ".join)
def test_with_json_nothing_is_said_beside_the_document(
    run: Run,
    write_case: WriteCase,
    write_profile: WriteProfile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    """What a command warns of is in its document, word for word, and stderr is empty."""
    monkeypatch.setattr(cli, "_today", lambda: date(2030, 1, 1))
    write_profile((ROOT / "examples" / "profile.toml").read_text("utf-8"))
    case = write_case({"member.zip": "94601", "expect.ecm": "likely", "expect.chw": "likely"})
    places = {"case": case, "rows": ROOT / "examples" / "members.csv", "data": ROOT / "data", "folder": tmp_path}
    places["ledger"] = tmp_path / "l"
    ledger.add(places["ledger"], document.STORIES)
    written = [word.format(**places) for word in words]
    silent = run(*written, "--json")
    assert silent.err == ""
    warnings = [one for line in silent.out.splitlines() for one in json.loads(line).get("warnings", [])]
    said = run(*written)
    assert said.code == silent.code
    told = re.findall(r"^calaim: warning: .*?: ([a-z0-9-]+): (.*)$", said.err, re.MULTILINE)
    assert set(told) <= {(one["code"], one["message"]) for one in warnings}
    assert bool(told) is (words[0] != "profile" and words[:2] not in (["data", "sources"], ["data", "diff"]))


def test_every_command_with_json_is_tried() -> None:
    """A new command that takes --json is in the table above."""
    names = [one.name for one in tree.commands() if "--json" in {option for option, _ in one.options}]
    tried = {" ".join(["calaim", *words]) for words in TELLING}
    lacking = [name for name in names if not any(f"{words} ".startswith(f"{name} ") for words in tried)]
    assert set(lacking) == {"calaim interview"}  # a talk is on stderr itself


def test_stop_of_a_batch_is_one_document(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ctrl-C in a batch with --json is told as every error is."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "run", interrupted)
    ran = run("batch", ROOT / "examples" / "members.csv", "--out", tmp_path / "out", "--json", *DAY)
    assert (ran.code, ran.out, json.loads(ran.err)["code"]) == (130, "", "stopped")
