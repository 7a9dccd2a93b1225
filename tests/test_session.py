"""Whole talks of the command on a pseudo-terminal: saved at every reply, left and gone on with, ended in a draft."""

from __future__ import annotations

import email
import json
import os
import re
import shlex
import subprocess
import sys
import time
import tomllib
from email import policy
from pathlib import Path
from typing import NoReturn

import pytest
from msgspec.structs import replace

import people
from calaim_cli.base.errors import InputError, NotFound, OutputRefused, Stopped, UsageError
from calaim_cli.case import casefile
from calaim_cli.case.case import Case
from calaim_cli.case.casefile import case_bytes
from calaim_cli.case.form import BY_KEY, FIELDS
from calaim_cli.policy.policy import Policy
from calaim_cli.talk.interview import talk_for
from calaim_cli.talk.prompt import Declined, Quit
from calaim_cli.talk.session import Keeping, Ways, leaving, new_file, own_data, started, way_on, with_ending
from calaim_cli.talk.terminal import INPUT_ENDED
from conftest import AS_OF, COMPLETE, ROOT, SAID, Run, WriteCase, WriteProfile, is_private
from seated import rows_of
from terminals import CALAIM, CTRL_C, Terminal, which

pytestmark = pytest.mark.thorough

DAY = ("--as-of", AS_OF.isoformat())
STREET = rows_of("homeless adult with a complex need")
ECM = ("--program", "ecm", *DAY)
PLACE = {"member.county": "", "member.plan": "kp"}
PLACE_TEXTS = {key: BY_KEY[key].ask for key in PLACE}


def answers_in(path: Path) -> dict[str, object]:
    """The answers of a saved case."""
    answers = tomllib.loads(path.read_text("utf-8")).get("answers", {})
    assert isinstance(answers, dict)
    return answers


def interviewed(save: Path, *words: str | Path) -> list[str]:
    """Hold a whole interview at plain prompts; gives prompts and screens in order."""
    with Terminal("interview", *ECM, "--plain", "--save", save, *words) as terminal:
        asked = terminal.answer(PLACE, PLACE_TEXTS, STREET)
        assert terminal.end() == 0
    return asked


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], bytes]:
    """An interview that nothing disturbs: its prompts and screens, and the bytes it saves."""
    save = tmp_path_factory.mktemp("undisturbed") / "case.toml"
    return interviewed(save), save.read_bytes()


@pytest.mark.unix("a pseudo-terminal")
def test_saved_case_is_private_and_whole(undisturbed: tuple[list[str], bytes]) -> None:
    """What is saved is a case file with every answer, the plan and the day, and nothing else."""
    asked, saved = undisturbed
    assert asked[:3] == ["member.county", "member.plan", "age"]
    document = tomllib.loads(saved.decode())
    assert document.keys() == {"schema", "answered_on", "member", "answers"}
    assert document["member"] == {"plan": "kp"}
    assert document["answers"]["housing"] == ["place_not_for_sleeping"]


@pytest.mark.unix("a pseudo-terminal")
def test_killed_at_every_screen(tmp_path: Path, undisturbed: tuple[list[str], bytes]) -> None:
    """A power cut at any prompt or screen loses nothing said before it, and going on asks exactly the rest."""
    asked, whole = undisturbed
    for at in range(len(asked)):
        save = tmp_path / f"{at}.toml"
        with Terminal("interview", *ECM, "--plain", "--save", save) as terminal:
            assert terminal.answer(PLACE, PLACE_TEXTS, STREET, most=at) == asked[:at]
            assert terminal.prompt()
            terminal.kill()
        assert is_private(save)
        rest = interviewed(save, "--from", save)
        assert [one for one in rest if one != "member.county"] == [one for one in asked[at:] if one != "member.county"]
        assert save.read_bytes() == whole
    assert not list(tmp_path.glob(".*"))


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("way", ["--plain", "keys"])
@pytest.mark.parametrize("at", [0, 1])
def test_left_and_gone_on_with(tmp_path: Path, undisturbed: tuple[list[str], bytes], way: str, at: int) -> None:
    """Ctrl-C leaves with 130, the case saved, and a command that goes on there, also with a blank in a name."""
    asked, whole = undisturbed
    save = tmp_path / "my case.toml"
    words: list[str | Path] = ["interview", *ECM, "--save", save, *(["--plain"] if way == "--plain" else [])]
    enter = "\n" if way == "--plain" else "\r"
    with Terminal(*words) as terminal:
        terminal.wait("county or ZIP")
        terminal.type(enter)
        terminal.wait("Type its name or id")
        terminal.type(f"kp{enter}")
        terminal.wait("How old")
        if at:
            terminal.type(f"47{enter}")
            terminal.wait("Screen 2")
        terminal.wait("quit|save and leave")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
    said = re.search(r"stopped: saved; go on with: (calaim .*)", terminal.text)
    assert said is not None
    command = shlex.split(said[1])
    assert command[0] == "calaim"
    assert set(answers_in(save)) == ({"age"} if at else set())
    plain = [] if "--plain" in command else ["--plain"]
    with Terminal(*command[1:], *plain) as terminal:
        rest = terminal.answer(PLACE, PLACE_TEXTS, STREET)
        assert [one for one in rest if one != "member.county"] == asked[2 + at :]
        assert terminal.end() == 0
    assert save.read_bytes() == whole


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("kept", [True, False])
def test_without_a_file_one_is_asked_for_once(tmp_path: Path, kept: bool) -> None:
    """Whoever stops without --save is asked for a file name once: what was said is kept there, or nowhere."""
    save = tmp_path / "case.toml"
    with Terminal("interview", *ECM, "--plain") as terminal:
        terminal.answer(PLACE, PLACE_TEXTS, STREET, most=3)
        terminal.prompt()
        terminal.type(CTRL_C)
        terminal.wait("Keep what was said\\? Type a new file name, such as case.toml, or no")
        terminal.wait("Answer: ")
        terminal.line("back")
        terminal.wait("there is nothing to go back to")
        terminal.wait("Answer: ")
        terminal.line(str(save) if kept else "no")
        assert terminal.end() == 130
    assert save.exists() is kept
    if kept:
        assert answers_in(save) == {"age": 47}
        assert is_private(save)
        assert "go on with: calaim interview" in terminal.words
    else:
        assert "stopped: nothing was saved" in terminal.words


@pytest.mark.parametrize(
    "typed",
    [
        *("yes", "Y", " YES! ", "ok", "Save it", "ja", "true", "yep"),
        *("no thanks", "nope", "Nah.", "don't", "none", "cancel", "back"),
    ],
)
def test_a_yes_or_another_no_is_no_file_name(typed: str) -> None:
    """What was said about a health is not saved in a file called yes, or nope: a name is asked for, by an example."""
    assert new_file(typed).error == "give the file a name, such as case.toml, or type no"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("rosa", "rosa.toml"),
        ("rosa.", "rosa.toml"),
        ("rosa.json", "rosa.json"),
        ("Rosa G", "Rosa G.toml"),
        ("no thanks.toml", "no thanks.toml"),
        ("Nora", "Nora.toml"),
        ("No", "no"),
    ],
)
def test_name_without_an_ending_gets_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, name: str
) -> None:
    """The file that is named is one that every command takes for a case, and never one that is there already."""
    monkeypatch.chdir(tmp_path)
    found = new_file(typed)
    assert found.error == ""
    if found.value != "no":
        assert with_ending(Path(found.value)) == Path(name)
        (tmp_path / name).touch()
        assert "exists" in new_file(typed).error


@pytest.mark.unix("a pseudo-terminal")
def test_file_named_at_the_end_is_warned_of_as_any_other(tmp_path: Path) -> None:
    """A file that is named only at the end of a talk is private, and a folder that others can list is told of."""
    tmp_path.chmod(0o755)
    save = tmp_path / "case.toml"
    with Terminal("interview", *ECM, "--plain") as terminal:
        terminal.answer(PLACE, PLACE_TEXTS, STREET, most=3)
        terminal.prompt()
        terminal.type(CTRL_C)
        terminal.wait("Answer: ")
        terminal.line("Yes")
        terminal.wait("give the file a name")
        terminal.wait("Answer: ")
        terminal.line(str(save.with_suffix("")))
        assert terminal.end() == 130
    assert is_private(save)
    assert "open-folder" in terminal.words
    assert "case.toml: saved. A name without an ending gets .toml." in terminal.words


@pytest.mark.unix("a pseudo-terminal")
def test_refusal_in_a_talk_offers_to_keep_what_was_said(tmp_path: Path, profile: Path) -> None:
    """Whoever hears in the middle of a talk that no referral can go is asked for a file, too, and told how to go on."""
    save = tmp_path / "case.toml"
    with Terminal("refer", "--plain", "--program", "ecm", *DAY) as terminal:
        terminal.prompt()
        terminal.line("san mateo")
        terminal.prompt()
        terminal.line("not known")
        terminal.wait("Keep what was said")
        terminal.wait("Answer: ")
        terminal.line(str(save))
        assert terminal.end() == 5
    assert tomllib.loads(save.read_text("utf-8"))["member"]["county"] == "San Mateo"
    assert f"go on with: calaim refer --plain --program ecm --as-of 2026-11-22 --from {save}" in terminal.words


@pytest.mark.unix("a pseudo-terminal")
def test_second_ctrl_c_leaves_at_once(tmp_path: Path) -> None:
    """Ctrl-C at the question for a file name leaves, and keeps nothing."""
    with Terminal("interview", *ECM, "--plain") as terminal:
        terminal.answer(PLACE, PLACE_TEXTS, STREET, most=3)
        terminal.prompt()
        terminal.type(CTRL_C)
        terminal.wait("Answer: ")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
    assert "nothing was saved" in terminal.words
    assert not list(tmp_path.iterdir())


@pytest.mark.unix("a pseudo-terminal")
def test_quit_leaves_as_ctrl_c_does(tmp_path: Path) -> None:
    """Whoever types quit leaves the same way; without --save the person is told that nothing was saved."""
    with Terminal("interview", *ECM, "--plain") as terminal:
        terminal.prompt()
        terminal.line("quit")
        assert terminal.end() == 130
    assert "stopped: nothing was saved" in terminal.words
    assert not list(tmp_path.iterdir())


@pytest.mark.unix("a pseudo-terminal")
def test_end_of_input_keeps_the_replies(tmp_path: Path, undisturbed: tuple[list[str], bytes]) -> None:
    """When the input ends in the middle, the exit code is 2, the question is named, and the replies are saved."""
    asked, _ = undisturbed
    save = tmp_path / "case.toml"
    with Terminal("interview", *ECM, "--plain", "--save", save) as terminal:
        terminal.answer(PLACE, PLACE_TEXTS, STREET, most=3)
        terminal.prompt()
        terminal.child.sendeof()
        assert terminal.end() == 2
    assert f"input ended at question {asked[3]}: saved; go on with: calaim interview" in terminal.words
    assert answers_in(save) == {"age": 47}


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize(
    "words", [(), ("--program", "ecm"), ("--program", "asthma_remediation")], ids=["all", "ecm", "one"]
)
def test_interview_and_check_give_the_same_bytes(tmp_path: Path, words: tuple[str, ...]) -> None:
    """The saved case through check is byte for byte the document that the interview printed."""
    save, out = tmp_path / "case.toml", tmp_path / "out.json"
    place = ("--county", "san mateo")
    with Terminal(
        "interview", *words, *place, *DAY, "--json", "--save", save, out=out, settings={"ACCESSIBLE": "1"}
    ) as terminal:
        terminal.answer({"member.plan": "kp"}, PLACE_TEXTS, STREET)
        assert terminal.end() == 0
    checked = subprocess.run(
        [*CALAIM, "check", str(save), *words, *DAY, "--json"], capture_output=True, timeout=60, check=True
    )
    assert out.read_bytes() == checked.stdout
    document = json.loads(checked.stdout)
    assert document["county"] == "San Mateo"
    unsettled = [one for one in document["results"] if one["outcome"] == "need-answers" and not one["population"]]
    assert [one["service"] for one in unsettled if one["offered"] is not False] == []


@pytest.mark.unix("a pseudo-terminal")
def test_age_is_told_with_the_date_of_birth() -> None:
    """A date of birth is answered by the age it makes, so that a slip of a year is seen."""
    with Terminal("interview", *ECM, "--plain") as terminal:
        terminal.answer(PLACE, PLACE_TEXTS, STREET, most=2)
        assert "birth date" in terminal.prompt()
        terminal.line("03/04/1979")
        assert "Age 47 on 2026-11-22." in terminal.prompt()


PROBE = """
import atexit, sys
atexit.register(lambda: sys.stderr.write(f"loaded: {sorted({'questionary', 'prompt_toolkit'} & set(sys.modules))}"))
from calaim_cli.__main__ import run
sys.argv[:] = ["calaim", *sys.argv[1:]]
run()
"""
NOBODY: dict[str, str] = {
    "no input": '"$@" </dev/null',
    "a pipe": 'echo yes | "$@"',
    "errors to a file": '"$@" 2>errors',
    "said so": '"$@" --no-input',
}


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("redirection", NOBODY.values(), ids=NOBODY)
def test_nobody_to_ask(tmp_path: Path, redirection: str) -> None:
    """Without a terminal on both sides the answer comes at once: exit 2, every missing question by id, stdout empty."""
    python = [sys.executable, "-c", PROBE, "interview", *ECM]
    child = ["sh", "-c", f"cd {shlex.quote(str(tmp_path))}; {redirection} >out; echo $? >code", "sh", *python]
    started_at = time.monotonic()
    with Terminal(command=child) as terminal:
        terminal.end()
    assert time.monotonic() - started_at < 5
    errors = tmp_path / "errors"
    said = errors.read_text("utf-8") if errors.exists() else terminal.text
    assert (tmp_path / "code").read_text("utf-8") == "2\n"
    assert (tmp_path / "out").read_bytes() == b""
    assert "loaded: []" in said
    catalog = people.policy()
    for question in ("age", "housing", "managed_care", "ccs_enrolled"):
        assert f"answers.{question}: missing: {catalog.questions[question].ask}" in said
    assert "chw_triggers" not in said
    assert "calaim check" in said


def test_nobody_to_ask_is_told_at_once() -> None:
    """A script that forgot the answers hears of it in well under a second."""
    fastest = min(_seconds_without_terminal() for _ in range(3))
    assert fastest < 1


def _seconds_without_terminal() -> float:
    begun = time.monotonic()
    done = subprocess.run(
        [*CALAIM, "interview"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, b"")
    return time.monotonic() - begun


def test_missing_answers_as_a_document(run: Run) -> None:
    """A program that runs the interview without a person gets the missing questions as one JSON document."""
    ran = run("interview", *ECM, "--json")
    document = json.loads(ran.err)
    assert (ran.code, ran.out, document["schema"]) == (2, "", "calaim.error/1")
    assert {"where", "code", "message"} == document["problems"][0].keys()
    assert "answers.age" in [one["where"] for one in document["problems"]]


def test_nothing_missing_needs_nobody(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """A case that settles everything is decided without a person, and saved where asked."""
    save = tmp_path / "saved.toml"
    case = write_case({"answers.housing": ["shelter"], "answers.complex_need": True})
    ran = run("interview", *ECM, "--from", case, "--save", save)
    assert ran.code == 0
    assert ran.out.startswith("ecm\tlikely\t")
    assert tomllib.loads(save.read_text("utf-8"))["answers"]["complex_need"] is True


@pytest.mark.unix("a pseudo-terminal")
def test_interview_ends_with_what_to_type_next(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """Whoever is through reads where it is saved and the command for the referral; nothing but a person is told."""
    save = tmp_path / "my case.toml"
    case = write_case({"answers.housing": ["shelter"], "answers.complex_need": True})
    with Terminal("interview", *ECM, "--from", case, "--save", save) as terminal:
        assert terminal.end() == 0
    last = terminal.text.rstrip().splitlines()[-1]
    assert last == f"{save}: saved. For a referral from it: calaim refer --from '{save}' --save '{save}'"
    assert "calaim refer" not in run("interview", *ECM, "--from", case, "--save", tmp_path / "b.toml").err


@pytest.mark.parametrize("named", [("--data", "own data"), ("--data=own data",)])
def test_data_of_ones_own_stay_in_the_next_command(named: tuple[str, ...]) -> None:
    """By other data the mailbox may be another one: the command that is told next names them as this one did."""
    assert own_data(["interview", "--save", "x.toml", *named, "--program", "ecm"]) == named
    assert own_data(["interview", "--save", "x.toml"]) == ()


@pytest.mark.unix("a pseudo-terminal")
def test_draft_in_a_ledger_ends_with_how_to_note_that_it_is_sent(
    run: Run, write_case: WriteCase, tmp_path: Path
) -> None:
    """A draft whose row is new ends with the command that notes its sending; a row that was there is not told again."""
    case, path = write_case(), tmp_path / "l"
    words = ("refer", case, "--out", tmp_path / "a.txt", "--log", path, *DAY)
    with Terminal(*words) as terminal:
        assert terminal.end() == 0
    said = re.fullmatch(r"Once it is sent: calaim (.*)", terminal.text.rstrip().splitlines()[-1])
    assert said
    ran = run(*shlex.split(said[1]), *DAY)
    assert (ran.code, ran.out.count("sent")) == (0, 1)
    with Terminal(*words) as terminal:
        assert terminal.end() == 0
    assert "Once it is sent" not in terminal.text
    assert "Once it is sent" not in run(*words[:3], tmp_path / "b.txt", *words[4:]).err


def test_profile_edit_needs_a_person(run: Run) -> None:
    """Without a person the profile is not asked for: exit 2, and where to write what by hand."""
    ran = run("profile", "edit")
    assert (ran.code, ran.out) == (2, "")
    assert str(Path(os.environ["CALAIM_PROFILE"])) in ran.err
    assert (
        'schema = "calaim.profile/1"; kind; ledger; [referrer] name, organization, npi, address, phone, email,'
        in ran.err
    )


def test_refer_without_case_needs_a_person(run: Run) -> None:
    """Without a person and without a case there is nothing to refer: exit 2, with what to give."""
    ran = run("refer")
    assert (ran.code, ran.out) == (2, "")
    assert "calaim refer CASE" in ran.err


@pytest.mark.unix("a pseudo-terminal")
def test_county_from_the_command_is_kept(tmp_path: Path) -> None:
    """The county given with the command is in the saved case from the start."""
    save = tmp_path / "case.toml"
    with Terminal("interview", *ECM, "--county", "94401", "--plain", "--save", save) as terminal:
        assert terminal.prompt()
        assert tomllib.loads(save.read_text("utf-8"))["member"] == {"county": "San Mateo"}


def test_started_goes_on_with_a_case(catalog: Policy, write_case: WriteCase) -> None:
    """Going on takes the case as it is; a county of the command line takes the place of its own."""
    path = write_case()
    assert started(None, None, catalog, AS_OF) == Case()
    assert started(path, None, catalog, AS_OF).member.county == "San Mateo"
    assert started(path, "alameda", catalog, AS_OF).member.county == "Alameda"
    with pytest.raises(NotFound):
        started(None, "atlantis", catalog, AS_OF)


@pytest.mark.parametrize("changes", [{"answers.age": "forty"}, {"answers.hous": True}, {"answers.housing": ["castle"]}])
def test_case_with_bad_answers_is_refused_first(
    catalog: Policy, write_case: WriteCase, changes: dict[str, object]
) -> None:
    """A case whose answers are not valid is refused before a single question, not after all of them."""
    with pytest.raises(InputError) as refused:
        started(write_case(changes), None, catalog, AS_OF)
    assert [one.where for one in refused.value.problems] == list(changes)


def test_talk_is_about_what_was_asked_for(catalog: Policy) -> None:
    """The interview is about what was named, but what the member's own plan does not offer in her county."""
    unsaid = started(None, "san mateo", catalog, AS_OF)
    here, another = (replace(unsaid, member=replace(unsaid.member, plan=plan)) for plan in ("kp", "hpsm"))
    assert list(talk_for(["ECM"], here, catalog).wanted) == ["ecm"]
    assert all("recuperative_care" in talk_for([], one, catalog).wanted for one in (unsaid, another))
    assert "recuperative_care" not in talk_for([], here, catalog).wanted
    assert "recuperative_care" in talk_for(["cs", "recuperative-care"], here, catalog).wanted
    with pytest.raises(NotFound):
        talk_for(["emc"], here, catalog)


def test_keeping_replaces_only_its_own(tmp_path: Path) -> None:
    """Saving replaces the case that one goes on with, and never another that is already there."""
    path, other = tmp_path / "case.toml", tmp_path / "other.toml"
    keep = Keeping(path, None)
    keep(Case())
    keep(Case(answers={"age": 40}))
    assert path.read_bytes() == case_bytes(Case(answers={"age": 40}))
    assert is_private(path)
    Keeping(path, path)(Case(answers={"age": 41}))
    assert answers_in(path) == {"age": 41}
    other.write_bytes(b"precious")
    for start in (None, path):
        with pytest.raises(OutputRefused, match="--from"):
            Keeping(other, start)
    assert other.read_bytes() == b"precious"


def test_keeping_without_place_writes_nothing(tmp_path: Path) -> None:
    """Without --save nothing about a member is written anywhere."""
    Keeping(None, None)(Case(answers={"age": 40}))
    assert not list(tmp_path.iterdir())


@pytest.mark.unix("a pseudo-terminal")
def test_other_case_is_not_overwritten(tmp_path: Path) -> None:
    """An interview that would overwrite another case is refused before the first question."""
    save = tmp_path / "case.toml"
    save.write_bytes(b"precious")
    with Terminal("interview", *ECM, "--plain", "--save", save) as terminal:
        assert terminal.end() == 6
    assert "county" not in terminal.words
    assert save.read_bytes() == b"precious"


@pytest.mark.unix("a pseudo-terminal")
def test_place_that_cannot_be_written_is_found_first(tmp_path: Path) -> None:
    """A folder that is not there is found before the first question, not after the first reply."""
    with Terminal("interview", *ECM, "--plain", "--save", tmp_path / "absent" / "case.toml") as terminal:
        assert terminal.end() == 6
    assert "county" not in terminal.words


WAYS = [
    (["interview", "--save", "x.toml"], "calaim interview --from x.toml --save x.toml"),
    (
        ["interview", "--from", "a.toml", "--save=x.toml", "--plain"],
        "calaim interview --plain --from x.toml --save x.toml",
    ),
    (["refer", "--from=a.toml", "--out", "d.eml"], "calaim refer --out d.eml --from x.toml --save x.toml"),
    (["interview", "--county", "san mateo"], "calaim interview --from x.toml --save x.toml"),
]


@pytest.mark.parametrize(("words", "command"), WAYS, ids=["plain", "options", "equals signs", "blanks"])
def test_way_on_is_the_whole_command(words: list[str], command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command to go on with keeps every option, names the saved case, and can be pasted into a shell."""
    monkeypatch.setattr(sys, "platform", "linux")
    assert way_on(words, Path("x.toml")) == command


def test_way_on_quotes_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file name with a blank or a quote is still one word of the command."""
    monkeypatch.setattr(sys, "platform", "linux")
    assert shlex.split(way_on(["interview"], Path("Ann's case.toml")))[2:4] == ["--from", "Ann's case.toml"]


def test_way_on_can_be_pasted_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """There a name with a blank or a sign of the shell stands in double quotes, and a backslash is one."""
    monkeypatch.setattr(sys, "platform", "win32")
    words = ["refer", "--from", "a.toml", "--out", r"C:\drafts\d.eml", "--county", "san mateo"]
    assert way_on(words, Path("Ann's & Bo's case.toml")) == (
        r"calaim refer --out C:\drafts\d.eml"
        """ --from "Ann's & Bo's case.toml" --save "Ann's & Bo's case.toml\""""
    )


def left_at(path: Path | None) -> Ways:
    """The ways to a person who says nothing, with a case kept at this place."""
    keep = Keeping(None, None)
    keep.path = path

    def nothing(one: object) -> NoReturn:
        raise AssertionError(one)

    return Ways(nothing, nothing, keep)


@pytest.mark.parametrize("leaving_by", [KeyboardInterrupt, Quit])
def test_leaving_tells_the_way_on(monkeypatch: pytest.MonkeyPatch, leaving_by: type[BaseException]) -> None:
    """Leaving ends in one line and exit code 130, with the way on where something was saved."""
    monkeypatch.setattr(sys, "argv", ["calaim", "interview", "--save", "x.toml"])
    with (
        pytest.raises(Stopped, match=r"go on with: calaim interview --from x\.toml --save x\.toml") as stopped,
        leaving(left_at(Path("x.toml"))),
    ):
        raise leaving_by
    assert stopped.value.exit_code == 130
    with pytest.raises(Stopped, match="nothing was saved"), leaving(left_at(None)):
        raise leaving_by


def test_end_of_input_and_a_no_tell_the_way_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the input is exit code 2 and a no is 130; both say what was saved."""
    monkeypatch.setattr(sys, "argv", ["calaim", "refer", "--save", "x.toml"])
    way, saved = "go on with: calaim refer --from x.toml --save x.toml", left_at(Path("x.toml"))
    with pytest.raises(UsageError, match=rf"question age: saved; {way}$") as ended, leaving(saved):
        raise UsageError("input ended at question age", code=INPUT_ENDED)
    assert (ended.value.exit_code, ended.value.code) == (2, INPUT_ENDED)
    with pytest.raises(Stopped, match=rf"^nothing was written\. Ask, then {way}$"), leaving(saved):
        raise Declined("Ask")
    with pytest.raises(Stopped, match="Ask, then start again: nothing was saved"), leaving(left_at(None)):
        raise Declined("Ask")
    with pytest.raises(UsageError, match=r"^another fault$"), leaving(saved):
        raise UsageError("another fault")


def test_refusal_in_the_talk_tells_the_way_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no referral can go, what was said so far is saved, and the command to go on with is told."""
    monkeypatch.setattr(sys, "argv", ["calaim", "refer", "--save", "x.toml"])
    with pytest.raises(NotFound), leaving(left_at(Path("x.toml"))):
        raise NotFound("no plan", code="plan-unknown")
    assert "go on with: calaim refer --from x.toml --save x.toml" in capsys.readouterr().err


PROFILE = (ROOT / "examples" / "profile.toml").read_text("utf-8")
TEXTS = {field.key: field.ask for field in FIELDS if field.ask and field.name != "source_detail"} | {
    "screen": "What should be screened first?",
    "referral.program": "What should the referral ask for?",
    "referral.current_services": "What does the member receive now?",
    "consent.member_agreed": "The state does not make a member's consent",
    "agreed to another": BY_KEY["consent.member_agreed"].ask,
    "consent.attested": "Read this: ",
    "write": "This is everything that will go out.",
    "ecm_or_chw": "ECM already includes",
    "page": "Page ",
    "member.mrn": "The plan's record number (MRN)",
    "change": "What should be changed?",
    "referrer.relationship": "Referrer's relationship to the member",
    "referrer.source": "Who is making the referral?",
    "network_lead_entity.name": "Network Lead Entity that takes referrals to your own organization",
    "network_lead_entity.email": "The Network Lead Entity's e-mail",
}
FORM = SAID | {
    "screen": "1,2,3",
    "referral.program": "ecm",
    "member.first_name": "Trần",
    "member.last_name": "Example",
    "member.date_of_birth": "03/04/1979",
    "referral.current_services": "5",
    "consent.part2": "no",
    "write": "yes",
    "consent.member_agreed": "yes",
    "consent.attested": "yes",
    "agreed to another": "yes",
    "ecm_or_chw": "both",
    "page": "",
    "change": "Details",
}
UNSCREENED = "Nothing: continue without screening"
ASKED_ALWAYS = ["consent.part2", "write", "consent.member_agreed", "consent.attested"]


@pytest.fixture
def profile(write_profile: WriteProfile) -> Path:
    """A complete profile of a referrer."""
    return write_profile(PROFILE)


@pytest.mark.unix("a pseudo-terminal")
def test_referral_from_nothing_to_a_draft(tmp_path: Path, profile: Path) -> None:
    """From nothing to a draft in one talk: asked, screened, shown in full, written privately, and nothing sent."""
    out = tmp_path / "draft.eml"
    with Terminal("refer", "--plain", "--out", out, *DAY) as terminal:
        asked = terminal.answer(FORM, TEXTS, STREET)
        assert terminal.end() == 0
    assert asked[:4] == ["member.county", "member.plan", "member.date_of_birth", "screen"]
    assert "age" not in asked
    assert asked[-4:] == ASKED_ALWAYS
    message = email.message_from_bytes(out.read_bytes(), policy=policy.default)
    assert (message["To"], message["Subject"]) == ("REGMCDURNS-KPNC@kp.org", "ECM Referral")
    body = message.get_content()
    assert "Trần" in body
    assert "homeless" in body.lower()
    assert is_private(out)
    preview = terminal.text.replace("\r\n", "\n")
    assert body.replace("\r\n", "\n").replace("[x]", "[ ]").strip() in preview
    assert "Nothing has been sent." in preview
    assert not re.search(r"\x1b|\r(?!\n)", terminal.text)


@pytest.mark.unix("a pseudo-terminal")
def test_draft_alone_goes_to_stdout(tmp_path: Path, profile: Path) -> None:
    """With stdout redirected the draft is in the file, and every question and the preview on the terminal."""
    out = tmp_path / "draft.txt"
    with Terminal("refer", "--plain", "--program", "ecm", *DAY, out=out) as terminal:
        asked = terminal.answer(FORM | {"screen": UNSCREENED}, TEXTS)
        assert terminal.end() == 0
    assert "housing" not in asked
    assert "referral.program" not in asked
    written = out.read_text("utf-8")
    assert written.startswith("To: REGMCDURNS-KPNC@kp.org\nSubject: ECM Referral\n\n")
    assert "Choice (1-" not in written
    assert written.replace("[x]", "[ ]").strip() in terminal.text.replace("\r\n", "\n")


@pytest.mark.unix("a pseudo-terminal")
def test_draft_that_is_not_wanted_is_not_written(tmp_path: Path, profile: Path) -> None:
    """Whoever says no to the preview has no draft, and is told so."""
    out = tmp_path / "draft.eml"
    with Terminal("refer", "--plain", "--program", "ecm", "--out", out, *DAY) as terminal:
        terminal.answer(FORM | {"screen": UNSCREENED, "write": "no"}, TEXTS)
        assert terminal.end() == 130
    assert "nothing was written" in terminal.words
    assert not out.exists()


class InTurn(dict[str, str]):
    """What is typed at each prompt, where a list of several lines is typed one after the other."""

    def __init__(self, lines: dict[str, str], **several: list[str]) -> None:
        super().__init__(lines)
        self.several = {where.replace("__", "."): typed for where, typed in several.items()}

    def __getitem__(self, where: str) -> str:
        """The next line."""
        return self.several[where].pop(0) if self.several.get(where) else super().__getitem__(where)


@pytest.mark.unix("a pseudo-terminal")
def test_change_goes_back_to_the_details(tmp_path: Path, profile: Path) -> None:
    """Change at the draft asks for the details again, shows the draft again, and for each word of consent anew."""
    save, out = tmp_path / "case.toml", tmp_path / "draft.eml"
    keep = {field.key: "" for field in FIELDS if field.part in {"member", "referrer"} and field.key not in FORM}
    lines = InTurn(
        FORM | keep | {"screen": UNSCREENED},
        write=["change", "yes"],
        consent__part2=["no", "not known"],
        member__phone=["415-555-0123", "415-555-0177"],
    )
    lines["consent.part2_consent"] = "yes"
    with Terminal("refer", "--plain", "--program", "ecm", "--out", out, "--save", save, *DAY) as terminal:
        asked = terminal.answer(lines, TEXTS)
        assert terminal.end() == 0
    again = asked[asked.index("write") + 1 :]
    assert again[:2] == ["change", "referrer.relationship"]
    assert [one for one in again if one.startswith("consent.") or one == "write"] == [
        "consent.part2",
        "consent.part2_consent",
        *ASKED_ALWAYS[1:],
    ]
    assert "(415) 555-0177" in out.read_text("utf-8")
    assert "consent" not in tomllib.loads(save.read_text("utf-8"))


@pytest.mark.unix("a pseudo-terminal")
def test_back_from_change_shows_the_draft_again(tmp_path: Path, profile: Path) -> None:
    """Who asked to change something, and then goes back, has lost nothing: the draft is there as before."""
    out = tmp_path / "draft.eml"
    lines = InTurn(FORM | {"screen": UNSCREENED}, write=["change", "yes"], change=["back"])
    with Terminal("refer", "--plain", "--program", "ecm", "--out", out, *DAY) as terminal:
        asked = terminal.answer(lines, TEXTS)
        assert terminal.end() == 0
    assert asked[asked.index("change") + 1 :] == ASKED_ALWAYS[1:]  # read, agreed and attested to anew
    assert is_private(out)


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("no", ["write", "consent.attested"])
def test_no_to_one_of_two_programs(tmp_path: Path, profile: Path, no: str) -> None:
    """With a no to one of two drafts the other is written, exit code 0, and the last line says which; none: 130."""
    lines = FORM | {"screen": UNSCREENED, "referral.program": "ecm,chw"}
    for words, code, written in ((["no", "yes"], 0, ["draft.eml"]), (["no", "no"], 130, [])):
        folder = tmp_path / str(code)
        folder.mkdir(mode=0o700)
        typed_in_turn = InTurn(lines, **{no.replace(".", "__"): words})
        with Terminal("refer", "--plain", "--out", folder / "draft.eml", *DAY) as terminal:
            terminal.answer(typed_in_turn, TEXTS)
            assert terminal.end() == code
        assert [one.name for one in folder.iterdir()] == written
        last = terminal.text.strip().splitlines()[-1]
        names = "Community Health Worker services. Not written: Enhanced Care Management"
        assert last.startswith(
            f"Written: {names}. Nothing has been sent." if written else "calaim: nothing was written"
        )


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("at", ["consent.part2", "page", "write", "consent.member_agreed", "consent.attested"])
def test_end_of_input_in_consent_writes_nothing(tmp_path: Path, profile: Path, at: str) -> None:
    """The end of the input at any step of consent is exit code 2, no draft, and the way to go on."""
    save, out = tmp_path / "case.toml", tmp_path / "draft.eml"
    words = ("refer", "--plain", "--program", "ecm", "--out", out, "--save", save, *DAY)
    with Terminal(*words, rows=24) as terminal:
        while which(terminal.prompt(), TEXTS) != at:
            terminal.line((FORM | {"screen": UNSCREENED})[which(str(terminal.child.before), TEXTS)])
        terminal.child.sendeof()
        assert terminal.end() == 2
    assert f"input ended at question {at}: saved; go on with: calaim refer" in terminal.words
    assert not out.exists()
    assert "consent" not in save.read_text("utf-8")


@pytest.mark.unix("a pseudo-terminal")
def test_several_programs_make_several_drafts(tmp_path: Path, profile: Path) -> None:
    """Two programs chosen make two drafts, each previewed and each in a file named after its program."""
    with Terminal("refer", "--plain", "--out", tmp_path / "draft.eml", *DAY) as terminal:
        asked = terminal.answer(FORM | {"screen": UNSCREENED, "referral.program": "ecm,chw"}, TEXTS)
        assert terminal.end() == 0
    assert [asked.count(where) for where in (*ASKED_ALWAYS, "agreed to another")] == [1, 2, 1, 2, 1]
    assert sorted(one.name for one in tmp_path.glob("*.eml")) == ["draft-chw.eml", "draft-ecm.eml"]


@pytest.mark.unix("a pseudo-terminal")
def test_referral_is_saved_and_gone_on_with(tmp_path: Path, profile: Path) -> None:
    """A referral left in the middle keeps what was said; going on asks for consent anew, whatever was said before."""
    save, out = tmp_path / "case.toml", tmp_path / "draft.eml"
    with Terminal("refer", "--plain", "--program", "ecm", "--out", out, "--save", save, *DAY) as terminal:
        lines = FORM | {"screen": UNSCREENED, "consent.attested": "quit"}
        terminal.answer(lines, TEXTS)
        assert terminal.end() == 130
    said = re.search(r"go on with: (calaim .*)", terminal.text)
    assert said is not None
    assert "consent" not in tomllib.loads(save.read_text("utf-8"))
    keep = dict.fromkeys((field.key for field in FIELDS if field.part in {"member", "referrer"}), "") | {
        "referral.current_services": "",
        "screen": UNSCREENED,
    }
    with Terminal(*shlex.split(said[1])[1:]) as terminal:
        asked = terminal.answer(FORM | keep, TEXTS)
        assert terminal.end() == 0
    assert asked[-4:] == ASKED_ALWAYS
    assert out.exists()


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("at", ["member.plan", "member.zip", "consent.attested", "write"])
def test_referral_killed(tmp_path: Path, profile: Path, at: str) -> None:
    """A power cut during a referral leaves every reply in the saved case, and never half a draft."""
    save, out = tmp_path / "case.toml", tmp_path / "draft.eml"
    with Terminal("refer", "--plain", "--program", "ecm", "--out", out, "--save", save, *DAY) as terminal:
        lines, asked = FORM | {"screen": UNSCREENED}, list[str]()
        while (where := which(terminal.prompt(), TEXTS)) != at:
            asked.append(where)
            terminal.line(lines[where])
        terminal.kill()
    document = tomllib.loads(save.read_text("utf-8"))
    for where in asked:
        part, _, key = where.partition(".")
        if key and lines[where] and part != "consent":
            assert key in document[part]
    assert not out.exists()
    assert not list(tmp_path.glob(".tmp-*"))


@pytest.mark.unix("a pseudo-terminal")
def test_profile_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The referrer's details are asked once, checked, kept privately, and shown for keeping by Enter the next time."""
    path = tmp_path / "new" / "profile.toml"
    monkeypatch.setenv("CALAIM_PROFILE", str(path))
    lines = {f"referrer.{key}": value for key, value in COMPLETE["referrer"].items()}
    lines |= {"network_lead_entity.name": "Example Lead Entity", "network_lead_entity.email": "nle@example.org"}
    with Terminal("profile", "edit", "--plain") as terminal:
        asked = terminal.answer(lines, TEXTS)
        assert terminal.end() == 0
    assert sorted(asked) == sorted(lines)
    first = path.read_bytes()
    written = tomllib.loads(first.decode())
    assert written["referrer"]["name"] == "Pat Example"
    assert written["network_lead_entity"] == {"name": "Example Lead Entity", "email": "nle@example.org"}
    assert is_private(path)
    assert is_private(path.parent)
    with Terminal("profile", "edit", "--plain") as terminal:
        terminal.answer(dict.fromkeys(lines, ""), TEXTS)
        assert terminal.end() == 0
    assert path.read_bytes() == first


@pytest.mark.unix("a pseudo-terminal")
def test_profile_edit_in_menus(profile: Path) -> None:
    """In menus the profile's values stand in the line, ready to be changed or kept."""
    with Terminal("profile", "edit") as terminal:
        terminal.wait("say which")
        terminal.type("\r")
        terminal.wait("Legal aid")
        terminal.type("\r")
        terminal.wait("Pat Example")
        terminal.type("-Jones\r")
        for text in ("Example Clinic", "1234567893", "Oakland", "555-0100", "clinic.example.org"):
            terminal.wait(re.escape(text))
            terminal.type("\r")
        terminal.wait("Network Lead Entity that takes")
        terminal.type("\r")
        terminal.wait("Network Lead Entity's e-mail")
        terminal.type("\r")
        assert terminal.end() == 0
    referrer = tomllib.loads(profile.read_text("utf-8"))["referrer"]
    before = tomllib.loads(PROFILE)["referrer"]
    assert referrer["name"] == "Pat Example-Jones"
    assert {key: referrer[key] for key in ("npi", "relationship", "source")} == {
        key: before[key] for key in ("npi", "relationship", "source")
    }


@pytest.mark.unix("a pseudo-terminal")
def test_profile_is_left_alone_by_quit(tmp_path: Path, profile: Path) -> None:
    """Leaving the profile in the middle changes nothing of it."""
    for key in ("quit\n", CTRL_C):
        with Terminal("profile", "edit", "--plain") as terminal:
            terminal.prompt()
            terminal.line("Somebody Else")
            terminal.prompt()
            terminal.type(key)
            assert terminal.end() == 130
        assert profile.read_text("utf-8") == PROFILE


def test_remarks_are_not_lost_by_saving(tmp_path: Path) -> None:
    """A case with remarks is refused before anything is saved, by their lines; under another name it is saved."""
    path = tmp_path / "case.toml"
    content = b'# called on Monday\n[answers]\nage = 40 # as she says\n[member]\ncity = "Apt #4"\n'
    path.write_bytes(content)
    with pytest.raises(OutputRefused, match=r"comments \(#\) in lines 1, 3") as caught:
        Keeping(path, path)
    assert (caught.value.code, path.read_bytes()) == ("remarks", content)
    Keeping(tmp_path / "other.toml", path)(Case())
    assert (tmp_path / "other.toml").exists()


@pytest.mark.parametrize("name", ["case.json", "case"])
def test_json_stays_json(tmp_path: Path, name: str) -> None:
    """A case in JSON is saved as JSON, and so is a new one whose name says so."""
    path, new = tmp_path / name, tmp_path / "new.json"
    path.write_text('{"answers": {"age": 40}, "member": {"city": "#1"}}', encoding="utf-8")
    case = casefile.read(str(path))
    for save in (Keeping(path, path), Keeping(new, path)):
        save(case)
    assert json.loads(path.read_text("utf-8")) == json.loads(new.read_text("utf-8"))
    assert casefile.read(str(path)) == casefile.read(str(new)) == case
    assert is_private(path)


@pytest.mark.parametrize("start", [True, False], ids=["gone on with", "new"])
def test_case_that_somebody_else_changed_is_not_overwritten(tmp_path: Path, start: bool) -> None:
    """What another program or person has saved there since is left as it is; what is gone is written again."""
    path = tmp_path / "case.toml"
    if start:
        path.write_bytes(b"[answers]\nage = 40\n")
    keep = Keeping(path, path if start else None)
    keep(Case(answers={"age": 41}))
    path.write_bytes(b"[answers]\nage = 50\n")
    with pytest.raises(OutputRefused, match="has changed since it was read") as caught:
        keep(Case(answers={"age": 42}))
    assert (caught.value.code, answers_in(path)) == ("changed", {"age": 50})
    path.unlink()
    keep(Case(answers={"age": 43}))
    assert answers_in(path) == {"age": 43}


@pytest.mark.unix("a pseudo-terminal")
def test_profile_edit_overwrites_no_other_edit(profile: Path) -> None:
    """A profile that was changed while its questions were answered is left as it is, with exit 6."""
    with Terminal("profile", "edit", "--plain") as terminal:
        terminal.prompt()
        profile.write_text(PROFILE.replace("Pat", "Kim"), encoding="utf-8")
        terminal.line("")
        terminal.answer(dict.fromkeys(TEXTS, ""), TEXTS)
        assert terminal.end() == 6
    assert "has changed since it was read" in terminal.words
    assert profile.read_text("utf-8") == PROFILE.replace("Pat", "Kim")


@pytest.mark.unix("a pseudo-terminal")
def test_profile_edit_removes_and_announces(profile: Path) -> None:
    """A hyphen removes an optional value, as the prompt says; remarks that will be lost are told of before."""
    profile.write_text(f"# mine\n{PROFILE}", encoding="utf-8")
    lines = dict.fromkeys(TEXTS, "") | {"network_lead_entity.name": "-", "network_lead_entity.email": "-"}
    with Terminal("profile", "edit", "--plain") as terminal:
        terminal.answer(lines, TEXTS)
        assert terminal.end() == 0
    assert "comments (#) in line 1 will be lost when this is saved" in terminal.words
    assert "- to remove" in terminal.words
    document = tomllib.loads(profile.read_text("utf-8"))
    assert "network_lead_entity" not in document
    assert document["referrer"].keys() == tomllib.loads(PROFILE)["referrer"].keys()


@pytest.mark.unix("a pseudo-terminal")
def test_draft_that_could_not_be_written_is_refused_before_the_talk(tmp_path: Path) -> None:
    """Nobody answers forty questions for a place that does not exist, or a file that is in the way."""
    (tmp_path / "there-ecm.eml").write_text("other", "utf-8")
    for out, words in (("no/d.eml", "does not exist; create it first"), ("there.eml", "there-ecm.eml: exists")):
        with Terminal("refer", "--plain", "--out", tmp_path / out, *DAY) as terminal:
            assert terminal.end() == 6
        assert words in " ".join(terminal.words.split())
        assert "county" not in terminal.words


@pytest.mark.unix("a pseudo-terminal")
def test_unfit_profile_is_refused_before_an_interview(profile: Path) -> None:
    """What is wrong with the profile is told before the first question, and not after the last one."""
    profile.write_text(PROFILE.replace("1234567893", "1234567890"), "utf-8")
    with Terminal("interview", "--plain", "--program", "homelessness", *DAY) as terminal:
        assert terminal.end() == 4
    assert "the profile is not valid" in " ".join(terminal.words.split())


@pytest.mark.unix("a pseudo-terminal")
def test_value_that_is_deleted_in_a_menu_is_not_kept_unasked(profile: Path) -> None:
    """Whoever deletes the line on which her former value stands does not keep it: what is needed is asked for again."""
    with Terminal("profile", "edit") as terminal:
        for text in ("say which", "Legal aid", "Pat Example", "Example Clinic"):
            terminal.wait(text)
            terminal.type("\r")
        terminal.wait("1234567893")
        terminal.type("\x15\r")
        terminal.wait("an answer is needed here")
        for text in (
            "1234567893",
            "Oakland",
            "555-0100",
            "clinic.example.org",
            "Network Lead Entity that takes",
            "Entity's e-mail",
        ):
            terminal.wait(re.escape(text))
            terminal.type("\r")
        assert terminal.end() == 0


@pytest.mark.unix("a pseudo-terminal")
def test_back_behind_a_former_value_goes_back(profile: Path) -> None:
    """In menus the former value is on the line: "back" typed behind it is a move, and no part of a name."""
    with Terminal("profile", "edit") as terminal:
        for text in ("say which", "Legal aid"):
            terminal.wait(text)
            terminal.type("\r")
        terminal.wait("Pat Example")
        terminal.type("\r")
        terminal.wait("Example Clinic")
        terminal.type(" back\r")
        for text in ("Pat Example", "Example Clinic", "1234567893", "Oakland", "555-0100", "clinic.example.org"):
            terminal.wait(re.escape(text))
            terminal.type("\r")
        for text in ("Network Lead Entity that takes", "Entity's e-mail"):
            terminal.wait(text)
            terminal.type("\r")
        assert terminal.end() == 0
    assert tomllib.loads(profile.read_text("utf-8"))["referrer"]["organization"] == "Example Clinic"
