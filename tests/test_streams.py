"""The standard streams: results arrive or it is known that they did not; nothing drives the terminal."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tomllib
import unicodedata
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.base.streams import emit, emit_utf8, escaped, prepare_streams, say, tamed, watched_stdout
from calaim_cli.base.values import JOINERS
from conftest import Run, WriteCase, WriteProfile


def ascii_stdout(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Stdout as on a system that knows ASCII only, from here on; gives what is written to it."""
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding="ascii"))
    return content


def test_results_and_talk_are_apart(capfd: pytest.CaptureFixture[str]) -> None:
    """A result goes to stdout as it is, talk to stderr on a line of its own."""
    emit("a\tb\n")
    say("talk")
    assert capfd.readouterr() == ("a\tb\n", "talk\n")


@pytest.mark.parametrize("control", ["\x1b[2J", "\x07", "\r", "\x00", "\x7f", "\x9b31m", "\x85"])
def test_control_characters_are_escaped(capfd: pytest.CaptureFixture[str], control: str) -> None:
    """A key, file name or cell with an escape sequence is shown and does not drive the terminal."""
    emit(f"a{control}b\n")
    say(f"a{control}b")
    for text in capfd.readouterr():
        assert control[0] not in text
        assert text.startswith("a\\x")


def test_letters_of_every_script_pass(capfd: pytest.CaptureFixture[str]) -> None:
    """Names are printed as they are, with what joins their letters."""
    say("Trần علی‌رضا 王小明 José")
    assert capfd.readouterr().err == "Trần علی‌رضا 王小明 José\n"


def test_foreign_letters_do_not_stop_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal without the letter its number is shown instead of a failure."""
    content = ascii_stdout(monkeypatch)
    prepare_streams()
    emit("Trần\n")
    assert content.getvalue() == b"Tr\\u1ea7n\n"


def test_documents_are_utf8_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A draft or JSON document is UTF-8 whatever the locale, in the order printed."""
    content = ascii_stdout(monkeypatch)
    prepare_streams()
    emit("one\n")
    emit_utf8("Trần\r\n")
    emit("two\n")
    assert content.getvalue() == b"one\nTr\xe1\xba\xa7n\r\ntwo\n"


def test_lone_surrogate_does_not_stop_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file name that is not UTF-8 can be named in a document."""
    content = ascii_stdout(monkeypatch)
    emit_utf8("a\udce9b\n")
    assert content.getvalue() == b"a\\udce9b\n"


def test_absent_streams_are_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program started without stdout or stderr runs to its end."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    prepare_streams()
    emit("a\n")
    emit_utf8("a\n")
    say("a")


@pytest.mark.unix("a shell that closes streams")
def test_closed_descriptors_become_the_null_device(tmp_path: Path) -> None:
    """With all standard descriptors closed, no file opened later is taken for stdout and written over."""
    code = (
        "import os, pathlib, sys\n"
        "from calaim_cli.base.streams import prepare_streams\n"
        "prepare_streams()\n"
        "null = os.stat(os.devnull).st_rdev\n"
        "same = [os.fstat(n).st_rdev == null for n in (0, 1, 2)]\n"
        "pathlib.Path(sys.argv[1]).write_text(str(same), encoding='utf-8')\n"
    )
    result = tmp_path / "result"
    subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code, result], check=True)
    assert result.read_text(encoding="utf-8") == "[True, True, True]"


@pytest.mark.unix("the device /dev/full")
def test_full_stderr_stops_nothing() -> None:
    """When talk cannot be written the work goes on."""
    code = "from calaim_cli.base.streams import emit, say\nsay('a')\nsay('b')\nemit('done')\n"
    with open("/dev/full", "wb") as full:  # noqa: PTH123 a device
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=full, check=False)
    assert (done.returncode, done.stdout) == (0, b"done")


@pytest.mark.unix("the device /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_what_libraries_print_is_told_too(unbuffered: str) -> None:
    """Text that a library prints to a full disk fails as the program's own does; an empty text never fails."""
    code = (
        "import sys\n"
        "from calaim_cli.base.errors import OutputRefused\n"
        "from calaim_cli.base.streams import watched_stdout\n"
        "with watched_stdout():\n"
        "    sys.stdout.write('')\n"
        "    try:\n"
        "        print('a', flush=True)\n"
        "    except OutputRefused as error:\n"
        "        sys.exit(error.exit_code)\n"
    )
    surroundings = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "wb") as full:  # noqa: PTH123 a device
        assert subprocess.run([sys.executable, "-c", code], stdout=full, env=surroundings, check=False).returncode == 6


def test_watched_stdout_prints_as_ever(capfd: pytest.CaptureFixture[str]) -> None:
    """What a library prints arrives, and afterwards stdout is what it was."""
    before = sys.stdout
    with watched_stdout():
        print("Trần")  # noqa: T201 as a library would
        assert sys.stdout.isatty() is before.isatty()
    assert sys.stdout is before
    assert capfd.readouterr().out == "Trần\n"


ALLOWED = {*"\t\n", *JOINERS}


@pytest.mark.parametrize("category", ["Cc", "Zl", "Zp"])
def test_every_control_and_separator_is_shown_by_its_number(category: str) -> None:
    """No control and no separator of lines or paragraphs reaches a terminal, but for tab and line feed."""
    every = [chr(n) for n in range(0x3000) if unicodedata.category(chr(n)) == category]
    assert every
    assert [one for one in every if one not in ALLOWED and not tamed(one).isprintable()] == []


def test_what_turns_letters_around_is_shown_by_its_number() -> None:
    """Overrides, embeddings and isolates of direction, which make a name look like another one, are never printed."""
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    every = [chr(n) for n in range(0x3000) if unicodedata.bidirectional(chr(n)) in turning]
    assert len(every) == 9
    assert all(tamed(one) == f"\\u{ord(one):04x}" for one in every)


@pytest.mark.parametrize("unseen", ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u061c"])
def test_what_cannot_be_seen_is_shown_by_its_number(unseen: str) -> None:
    """Two names that look alike and are not are told apart; what joins the letters of names is not among it."""
    assert tamed(f"a{unseen}b").isascii()
    assert tamed(f"a{JOINERS}b") == f"a{JOINERS}b"


@given(text=st.text(st.sampled_from('a"\\\x7f\x9b\u202e\u2028\u200b\u200c\ufeff\t\n\u1ea7')))
def test_documents_mean_the_same_with_escapes(text: str) -> None:
    """JSON and TOML on a terminal hold nothing that drives it, stay valid, and give the same text when read."""
    as_json = escaped(json.dumps({"name": text}, ensure_ascii=False))
    as_toml = escaped(tomli_w.dumps({"name": text}))
    assert json.loads(as_json)["name"] == tomllib.loads(as_toml)["name"] == text
    for document in (as_json, as_toml):
        assert not {"\x7f", "\x9b", "\u202e", "\u2028", "\u200b", "\ufeff"} & set(document)


HOSTILE = "a\x1b[2Jb\x9b31mc\u202ed\u2028e\u200bf"
RAW = {"\x1b", "\x9b", "\u202e", "\u2028", "\u200b"}
ECHOING: dict[str, tuple[str, ...]] = {
    "a place": ("county", HOSTILE),
    "a plan": ("plan", HOSTILE),
    "a service": ("services", HOSTILE),
    "a program": ("programs", HOSTILE),
    "a topic": ("help", HOSTILE),
    "an option": ("county", "alameda", f"--{HOSTILE}"),
    "a command": (HOSTILE,),
    "a day": ("check", "-", "--as-of", HOSTILE),
    "a case": ("check", HOSTILE),
    "a draft": ("refer", HOSTILE),
    "a format": ("refer", "-", "--format", HOSTILE),
    "an output": ("refer", "-", "--out", f"{HOSTILE}.eml"),
    "a sheet": ("batch", HOSTILE, "--dry-run"),
    "a folder": ("data", "check", "--data", HOSTILE),
    "a county": ("interview", "--no-input", "--county", HOSTILE),
}


@pytest.mark.parametrize("way", [(), ("--json",)], ids=["text", "JSON"])
@pytest.mark.parametrize("words", ECHOING.values(), ids=ECHOING)
def test_no_argument_drives_the_terminal(run: Run, words: tuple[str, ...], way: tuple[str, ...]) -> None:
    """Whatever is typed or pasted as a word of the command line is repeated by its numbers, if at all."""
    ran = run(*words, *way, stdin="[answers]\nage = 40\n")
    assert ran.code in {2, 4, 5, 6}
    assert not RAW & set(ran.out + ran.err)
    if way and ran.err.startswith("{"):
        assert json.loads(ran.err)["schema"] == "calaim.error/1"


@pytest.mark.parametrize("way", [(), ("--json",)], ids=["text", "JSON"])
@pytest.mark.parametrize("command", ["check", "refer"])
@pytest.mark.parametrize("where", ["a key", "a question", "a choice", "a county", "a service"])
def test_nothing_in_a_case_drives_the_terminal(
    run: Run, write_case: WriteCase, command: str, where: str, way: tuple[str, ...]
) -> None:
    """Keys and values of a case are repeated by their numbers, if at all, in every message about them."""
    changes: dict[str, dict[str, object]] = {
        "a key": {f"member.{HOSTILE}": "x"},
        "a question": {f"answers.{HOSTILE}": True},
        "a choice": {"answers.housing": [HOSTILE]},
        "a county": {"member.county": HOSTILE},
        "a service": {"referral.program": "cs", "referral.services": [HOSTILE]},
    }
    ran = run(command, write_case(changes[where]), *way)
    assert not RAW & set(ran.out + ran.err)
    assert not way or json.loads(ran.out or ran.err)


@pytest.mark.parametrize("way", [(), ("--json",)], ids=["text", "JSON"])
@pytest.mark.parametrize("line", ['name = "{}"', '"{}" = "x"\nname = "Health Plan of San Mateo"'], ids=["value", "key"])
def test_nothing_in_the_data_drives_the_terminal(run: Run, data_copy: Path, line: str, way: tuple[str, ...]) -> None:
    """A name or a key in a data file of one's own is refused, and repeated by its numbers, if at all."""
    counties = data_copy / "counties.toml"
    hostile = line.format(HOSTILE.replace("\x1b", "\\u001b").replace("\x9b", "\\u009b"))
    counties.write_text(counties.read_text("utf-8").replace('name = "Health Plan of San Mateo"', hostile), "utf-8")
    ran = run("plan", "--data", data_copy, *way)
    assert (ran.code, ran.out) == (4, "")
    assert not RAW & set(ran.err)


def test_profile_is_shown_by_its_escapes(run: Run, write_profile: WriteProfile) -> None:
    """A profile on the screen is the same TOML, and drives nothing."""
    name = HOSTILE.encode("unicode_escape").decode().replace("\\x", "\\u00")
    write_profile(f'schema = "calaim.profile/1"\n[referrer]\norganization = "{name}"\n')
    ran = run("profile", "show")
    assert not RAW & set(ran.out + ran.err)
    assert tomllib.loads(ran.out)["referrer"]["organization"] == HOSTILE
