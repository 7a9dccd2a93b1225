"""Asking on a real pseudo-terminal: menus by arrow keys, plain numbered lines, and terminals of every sort."""

from __future__ import annotations

import io
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import people
from calaim_cli.case.case import Case, Member
from calaim_cli.case.casefile import case_bytes
from calaim_cli.case.form import BY_KEY
from calaim_cli.talk import terminal
from conftest import WriteProfile
from seated import Turn, keys_for, rows_of, turns
from terminals import CTRL_C, CTRL_D, DOWN, ENTER, PLAIN_HINT, SPACE, UP, Terminal

pytestmark = [pytest.mark.thorough, pytest.mark.unix("a pseudo-terminal")]

DAY = ("--as-of", "2026-11-22")
CHW = ("interview", "--program", "chw", *DAY)
ECM = ("interview", "--program", "ecm", *DAY)
STREET = rows_of("homeless adult with a complex need")
PLACE = {"member.county": "", "member.plan": "kp"}
PLACE_TEXTS = {key: BY_KEY[key].ask for key in PLACE}
ARROWS = {"\u2193": DOWN}
PLAIN = {"option": ("--plain", {}), "ACCESSIBLE": ("", {"ACCESSIBLE": "1"}), "dumb": ("", {"TERM": "dumb"})}
SAFE_LINES = re.compile(r"\x1b|\x08|\r(?!\r*\n)")
"""What never appears where lines are only appended: an escape, a backspace, a return that goes over a line again."""


def answers_in(path: Path) -> dict[str, object]:
    """The answers of a saved case."""
    answers = tomllib.loads(path.read_text("utf-8"))["answers"]
    assert isinstance(answers, dict)
    return answers


def known(folder: Path, **answers: object) -> Path:
    """A case in which place, plan and some more are known, to go on with at the screens."""
    path = folder / "known.toml"
    member = Member(county="San Mateo", plan="kp")
    path.write_bytes(case_bytes(Case(member=member, answers={"age": 47, **answers})))
    return path


def by_keys(terminal: Terminal, expected: list[Turn]) -> None:
    """Go through place, plan and the screens by keys."""
    terminal.see("county or ZIP code")
    terminal.type(ENTER)
    terminal.see("Type its name or id")
    terminal.type("kp", ENTER)
    for number, turn in enumerate(expected, 1):
        terminal.see(f"Screen {number},")
        terminal.type(*(ARROWS.get(key, key) for key in turn.keys))


def turns_of(*named: str) -> list[Turn]:
    """The screens of the homeless man, a member of Kaiser Permanente whose county is not known."""
    return turns("homeless adult with a complex need", *named, case=Case(member=Member(plan="kp")))


def test_keys_and_lines_save_the_same(tmp_path: Path) -> None:
    """Whoever needs plain lines gets the same screens in the same order, and the same bytes in the saved case."""
    one, other = tmp_path / "lines.toml", tmp_path / "keys.toml"
    expected = turns_of("ecm")
    with Terminal(*ECM, "--save", one, "--plain") as terminal:
        asked = terminal.answer(PLACE, PLACE_TEXTS, STREET)
        assert terminal.end() == 0
    assert asked[2:] == [turn.sheet.shown.screen.id for turn in expected]
    with Terminal(*ECM, "--save", other, rows=24, columns=80) as terminal:
        by_keys(terminal, expected)
        assert terminal.end() == 0
    assert one.read_bytes() == other.read_bytes()


def at_screens(save: Path, start: Path, rows: int = 24, columns: int = 80) -> Terminal:
    """An interview about ECM at its first screen, with place, plan and age known."""
    terminal = Terminal(*ECM, "--from", start, "--save", save, rows=rows, columns=columns)
    terminal.see("Screen 1,")
    return terminal


def test_forty_enters_answer_nothing(tmp_path: Path) -> None:
    """Forty bare Enters at the screens write no answer, and say what to press."""
    save = tmp_path / "case.toml"
    with at_screens(save, known(tmp_path)) as terminal:
        terminal.type(*[ENTER] * 40)
        terminal.see("Say what the empty ones are")
        terminal.type("q")
        assert terminal.end() == 130
    assert answers_in(save) == {"age": 47}


def test_keys_of_a_screen(tmp_path: Path) -> None:
    """Arrows and space mark a row, ? explains it with its source, v changes who is spoken of, b goes back."""
    save = tmp_path / "case.toml"
    with at_screens(save, known(tmp_path), rows=40) as terminal:
        terminal.type(DOWN, UP, DOWN, SPACE)
        terminal.see(">[x] e")
        terminal.type("?")
        terminal.see("Source: ")
        terminal.type("x")
        terminal.see(">[x] e")
        terminal.type("v")
        terminal.see("What does the member have")
        terminal.see(">[x] e")
        terminal.type("e")
        terminal.see("[?] e")
        terminal.type("e", "n")
        terminal.see("Home Think of")
        assert "excluded_programs" in answers_in(save)
        terminal.type("b")
        terminal.see("Medi-Cal and programs What does the member have")
        terminal.type("q")
        assert terminal.end() == 130


def test_number_and_its_correction(tmp_path: Path) -> None:
    """A number is typed and corrected; one that cannot be is told, and stands there to be mended."""
    save = tmp_path / "case.toml"
    with Terminal(*ECM, "--save", save, rows=24, columns=80) as terminal:
        terminal.see("county or ZIP code")
        terminal.type(ENTER)
        terminal.see("Type its name or id")
        terminal.type("kp", ENTER)
        terminal.see("How old")
        terminal.type("1999", ENTER)
        terminal.see("whole number of years from 0 to 120")
        terminal.see("[1999]")
        terminal.type(*["\x7f"] * 4, "47", ENTER)
        terminal.see("Age: 47.")
        terminal.see("Screen 2,")
        terminal.type("q")
        assert terminal.end() == 130
    assert answers_in(save) == {"age": 47}


def test_pasted_text_is_no_key(tmp_path: Path) -> None:
    """What is pasted at a screen marks nothing and ends nothing: it is told that keys are meant."""
    save = tmp_path / "case.toml"
    with at_screens(save, known(tmp_path)) as terminal:
        terminal.bytes(b"\x1b[200~acdn unu\x1b[201~")
        assert not re.search(r"\[x\] [a-z] ", terminal.see("Pasting does not work here"))
        terminal.type("q")
        assert terminal.end() == 130
    assert answers_in(save) == {"age": 47}


def test_window_that_changes_in_the_middle(tmp_path: Path) -> None:
    """When the window is made narrow in the middle of a screen, marks stay, and pages take the place of rows."""
    save = tmp_path / "case.toml"
    with at_screens(save, known(tmp_path)) as terminal:
        terminal.type("c")
        terminal.see("[x] c")
        terminal.resize(24, 40)
        terminal.see("page 1 of")
        terminal.type("n")
        terminal.read_on()
        terminal.resize(24, 80)
        terminal.see("[x] c")
        terminal.see("the empty ones are not known")
        terminal.type("ccn")
        terminal.see("Home")
        terminal.type("q")
        assert terminal.end() == 130
    assert answers_in(save)["excluded_programs"] == ["none"]


def test_narrow_window_pages_through(tmp_path: Path) -> None:
    """At 40 columns a whole interview goes through by keys, page by page, to the same answers."""
    wide, narrow = tmp_path / "wide.toml", tmp_path / "narrow.toml"
    expected = turns_of("ecm")
    paged = [one._replace(keys=keys_for(one.sheet, STREET, os.terminal_size((40, 24)))) for one in expected]
    for save, columns, turns_here in ((wide, 80, expected), (narrow, 40, paged)):
        with Terminal(*ECM, "--save", save, rows=24, columns=columns) as terminal:
            by_keys(terminal, turns_here)
            assert terminal.end() == 0
    assert wide.read_bytes() == narrow.read_bytes()


@pytest.mark.parametrize(("word", "settings"), PLAIN.values(), ids=PLAIN)
def test_plain_lines_are_only_appended(tmp_path: Path, word: str, settings: dict[str, str]) -> None:
    """For a screen reader every way to plain lines gives numbered text: no escape, no line drawn over, no box."""
    save = tmp_path / "case.toml"
    with Terminal(*ECM, "--save", save, *([word] if word else []), settings=settings) as terminal:
        asked = terminal.answer(PLACE, PLACE_TEXTS, STREET)
        assert terminal.end() == 0
    assert not SAFE_LINES.search(terminal.text)
    assert not re.search("[\u2500-\u25ff\u00bb]", terminal.text)
    assert asked[2:] == [turn.sheet.shown.screen.id for turn in turns_of("ecm")]
    assert "Screen 1, about" in terminal.text


def test_plain_help_and_back(tmp_path: Path) -> None:
    """At a plain screen ? explains its rows with their source, and back shows the screen before."""
    with Terminal(*ECM, "--plain", "--from", known(tmp_path)) as terminal:
        assert "Medi-Cal and programs" in terminal.prompt()
        terminal.line("?")
        assert terminal.prompt().count("Source: ") > 1
        terminal.line("? 2")
        assert terminal.prompt().count("Source: ") == 1
        terminal.line("none")
        assert "Home" in terminal.prompt()
        terminal.line("back")
        assert "Medi-Cal and programs" in terminal.prompt()


def test_value_in_a_case_cannot_drive_the_terminal(tmp_path: Path) -> None:
    """An escape in a case file is printed, not obeyed, and cannot be kept."""
    case = tmp_path / "case.toml"
    case.write_bytes(case_bytes(Case(member=Member(county="San\x1b[2JMateo"))))
    with Terminal("refer", "--plain", "--program", "ecm", "--from", case, *DAY) as terminal:
        assert "Enter to keep San\\x1b[2JMateo" in terminal.prompt()
        terminal.line("")
        assert "Please try again" in terminal.prompt()
    assert "\x1b" not in terminal.text


@pytest.mark.parametrize("way", ["lines", "menus"])
def test_turned_around_value_is_not_shown_as_it_is(tmp_path: Path, way: str) -> None:
    """What a case file holds to make a name look like another never reaches the screen, as a default neither."""
    case = tmp_path / "case.toml"
    case.write_bytes(case_bytes(Case(member=Member(county="San\u202eoetaM\u2066"))))
    words = ("refer", "--program", "ecm", "--from", case, *DAY)
    with Terminal(*words, *(["--plain"] if way == "lines" else [])) as terminal:
        terminal.wait("county or ZIP")
        terminal.wait(r"back[)\]]")
        terminal.type(ENTER)
        terminal.wait("Please try again")
        terminal.wait(r"back[)\]]")
    assert not {"\u202e", "\u2066"} & set(terminal.text)


@pytest.mark.parametrize("way", ["lines", "menus"])
@pytest.mark.parametrize("pasted", ["\x1b[2JSan Mateo", "San\x9b31mMateo"], ids=["ESC", "C1"])
def test_pasted_escape_sequence_is_neither_obeyed_nor_kept(tmp_path: Path, way: str, pasted: str) -> None:
    """A sequence in what is pasted is shown in signs and asked again; the plain text after it is taken."""
    save = tmp_path / "case.toml"
    words = ("refer", "--program", "ecm", "--save", save, *DAY)
    with Terminal(*words, *(["--plain"] if way == "lines" else [])) as terminal:
        terminal.wait("county or ZIP")
        terminal.wait(r"back[)\]]")
        text = f"\x1b[200~{pasted}\x1b[201~" if way == "menus" else pasted
        terminal.bytes(text.encode() + (b"\r" if way == "menus" else b"\n"))
        terminal.wait("Please try again: an arrow or control key was typed")
        terminal.wait(r"back[)\]]")
        assert "member" not in tomllib.loads(save.read_text("utf-8"))
        terminal.line("San Mateo") if way == "lines" else terminal.type("San Mateo", ENTER)
        terminal.wait("Medi-Cal plan")
    assert "\x1b[2JSan" not in terminal.text
    assert tomllib.loads(save.read_text("utf-8"))["member"]["county"] == "San Mateo"


def test_arrow_key_at_a_plain_line_is_asked_again(tmp_path: Path) -> None:
    """An arrow or another such key leaves a sequence in a plain line, which is never kept as part of an answer."""
    with Terminal("profile", "edit", "--plain") as terminal:
        terminal.prompt()
        terminal.line(f"Pat{UP} Example")
        assert "Please try again: an arrow or control key" in terminal.prompt()


def test_similar_choice_is_not_marked(write_profile: WriteProfile) -> None:
    """Only the choice given before is marked, not one whose name begins the same."""
    write_profile('schema = "calaim.profile/1"\n[referrer]\nsource = "other_community_provider"\n')
    with Terminal("profile", "edit", "--plain") as terminal:
        for line in ("Pat", "Clinic", "1234567893", "1 Example St", "415-555-0123", "pat@example.org", "1"):
            terminal.prompt()
            terminal.line(line)
        assert terminal.prompt().count("(given before)") == 1


def test_plain_refusal_says_how(tmp_path: Path) -> None:
    """A line that leaves rows open is answered by what is missing, without repeating what was typed."""
    with Terminal(*ECM, "--plain", "--from", known(tmp_path)) as terminal:
        terminal.prompt()
        terminal.line("99")
        said = terminal.prompt()
        assert "Please try again: there is no row of that number" in said
        assert "99" not in said.split("Please try again: ")[1]
        terminal.line("2")
        assert 'say what the others are: "2 no", or "2 not known"' in terminal.prompt()


ENDINGS: list[tuple[str, str, int, str]] = [
    ("keys", CTRL_C, 130, "stopped: "),
    ("keys", CTRL_D, 2, "input ended at question coverage"),
    ("text", CTRL_C, 130, "stopped: "),
    ("text", CTRL_D, 2, "input ended at question member.county"),
    ("lines", CTRL_C, 130, "stopped: "),
    ("lines", CTRL_D, 2, "input ended at question coverage"),
]


@pytest.mark.parametrize(("where", "key", "code", "said"), ENDINGS, ids=[f"{row[0]}-{row[2]}" for row in ENDINGS])
def test_ctrl_c_and_ctrl_d_are_no_answers(tmp_path: Path, where: str, key: str, code: int, said: str) -> None:
    """At every kind of prompt Ctrl-C leaves with 130 and Ctrl-D with 2, each in one line, and stdout stays empty."""
    out, save = tmp_path / "out", tmp_path / "saved.toml"
    words: list[str | Path] = [*ECM, "--save", save, *(["--plain"] if where == "lines" else [])]
    words += [] if where == "text" else ["--from", known(tmp_path)]
    with Terminal(*words, out=out) as terminal:
        terminal.wait({"lines": PLAIN_HINT, "keys": "save and leave", "text": r"back\)"}[where])
        terminal.type(key)
        assert terminal.end() == code
    assert said in terminal.words
    assert "Traceback" not in terminal.text
    assert out.read_bytes() == b""


WINDOWS_OF_ROWS = ((24, 80), (6, 40), (3, 200))


@pytest.mark.parametrize(("rows", "columns"), WINDOWS_OF_ROWS)
@given(text=st.text(st.sampled_from("ab \n\u1ea7"), max_size=2000))
def test_pages_hold_the_whole_text(rows: int, columns: int, text: str) -> None:
    """Whatever the window, every line is on one page, in order, and no page with several is higher than the window."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((columns, rows)))
        pages = terminal.pages(text)
    assert "\n".join(pages) == text.rstrip("\n")
    for page in pages:
        lines = page.split("\n")
        taken = sum(max(1, -(-len(line) // columns)) for line in lines)
        assert len(lines) == 1 or taken <= rows - terminal.ASKING


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("way", ["keys", "lines"])
def test_every_width_shows_everything(tmp_path: Path, columns: int, way: str) -> None:
    """At any width every word of a screen and of its help can be read, and no word is cut in two."""
    plain = ["--plain"] if way == "lines" else []
    with Terminal(*ECM, "--from", known(tmp_path), *plain, columns=columns, rows=300) as terminal:
        shown = terminal.see("where one center cares for an older person")
        terminal.type("?\n" if way == "lines" else f"{DOWN}?")
        shown += terminal.see("Source: ")
    assert "PACE, where one center cares for an older person" in shown
    assert people.policy().questions["excluded_programs"].help in shown


COLORS = re.compile(r"\x1b\[[0-9;]*?(?:3[0-9]|4[0-9]|9[0-9])[0-9;]*m")


@pytest.mark.parametrize("settings", [{}, {"NO_COLOR": "1"}], ids=["colors", "NO_COLOR"])
def test_screens_have_no_color(tmp_path: Path, settings: dict[str, str]) -> None:
    """A screen has no color at all: the arrow and the marks alone show where one is."""
    with Terminal(*ECM, "--from", known(tmp_path), settings=settings, rows=24, columns=80) as terminal:
        terminal.see("Screen 1,")
        terminal.type(DOWN, SPACE)
        terminal.see(">[x] e")
    assert not COLORS.search(terminal.text)


def test_prompts_have_no_color_where_none_is_wanted() -> None:
    """With NO_COLOR the typed lines before and after the screens have none either."""
    with Terminal("refer", "--program", "ecm", *DAY, settings={"NO_COLOR": "1"}) as terminal:
        terminal.wait("county or ZIP")
        terminal.type("san mateo", ENTER)
        terminal.wait("Type its name or id")
    assert not COLORS.search(terminal.text)


LOCALES = {
    "C": {"LC_ALL": "C"},
    "POSIX without UTF-8 mode": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
}


@pytest.mark.parametrize("settings", LOCALES.values(), ids=LOCALES)
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "as the terminal allows"])
def test_other_encodings(tmp_path: Path, settings: dict[str, str], plain: bool) -> None:
    """Whatever the locale, the interview goes through without a traceback and saves UTF-8."""
    save, start = tmp_path / "case.toml", known(tmp_path)
    words: list[str | Path] = [*ECM, "--from", start, "--save", save, *(["--plain"] if plain else [])]
    with Terminal(*words, settings=settings) as terminal:
        keys = terminal.child.expect(["save and leave", PLAIN_HINT]) == 0
        terminal.type("n" if keys else "none\n")
        terminal.see("Screen 2,")
        terminal.type("q" if keys else "quit\n")
        assert terminal.end() == 130
    assert "Traceback" not in terminal.text
    assert "internal error" not in terminal.text
    assert answers_in(save)["excluded_programs"] == ["none"]
    if plain or "ascii" in settings.values():
        assert not SAFE_LINES.search(terminal.text)


@pytest.mark.parametrize(
    ("system", "settings", "menus"),
    [
        pytest.param("win32", {}, True, id="Windows, which sets no TERM"),
        pytest.param("win32", {"TERM": "dumb"}, False, id="Windows, dumb"),
        pytest.param("win32", {"ACCESSIBLE": "1"}, False, id="Windows, ACCESSIBLE"),
        pytest.param("linux", {}, False, id="elsewhere, which TERM describes"),
    ],
)
def test_console_of_windows_has_menus(
    monkeypatch: pytest.MonkeyPatch, system: str, settings: dict[str, str], menus: bool
) -> None:
    """On Windows, where no terminal is described by TERM, menus are used as elsewhere, unless one asks for lines."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    monkeypatch.delenv("TERM", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert terminal.wants_lines(plain=False) is not menus
    assert terminal.wants_lines(plain=True)


def test_marks_that_cannot_be_drawn_give_plain_lines() -> None:
    """Where chosen and not chosen would look the same, numbered lines are used in place of a menu."""
    with Terminal("refer", settings={"PYTHONIOENCODING": "ascii"}) as terminal:
        assert "county" in terminal.prompt()


@pytest.mark.parametrize(
    ("name", "settings", "kept"),
    [
        pytest.param("Trần Thị Ánh".encode(), {}, "Trần Thị Ánh", id="UTF-8"),
        pytest.param("Trần Thị Ánh".encode(), {"PYTHONIOENCODING": "ascii"}, "Trần Thị Ánh", id="ascii"),
        pytest.param("Trần Thị Ánh".encode(), {"LC_ALL": "C"}, "Trần Thị Ánh", id="C"),
        pytest.param("José".encode("latin-1"), {"PYTHONIOENCODING": "latin-1"}, "José", id="Latin-1"),
    ],
)
def test_names_arrive_as_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes, settings: dict[str, str], kept: str
) -> None:
    """A name in any script is kept letter by letter, also on a terminal that cannot show it."""
    save = tmp_path / "case.toml"
    with Terminal("refer", "--plain", "--program", "ecm", "--save", save, *DAY, settings=settings) as terminal:
        for line in ("san mateo", "kp", "3/4/1980", "none", "1", "1"):
            terminal.prompt()
            terminal.line(line)
        assert "name" in terminal.prompt()
        terminal.bytes(name + b"\n")
        assert terminal.prompt()
    assert tomllib.loads(save.read_text("utf-8"))["referrer"]["name"] == kept


def test_bytes_that_are_no_text_are_asked_again(tmp_path: Path) -> None:
    """Keys that arrive as broken bytes are refused in words; nothing crashes and nothing broken is kept."""
    with Terminal("refer", "--plain", "--program", "ecm", *DAY) as terminal:
        terminal.prompt()
        terminal.bytes(b"San \xff\xfe Mateo\n")
        assert "Please try again: characters that cannot be read" in terminal.prompt()


@pytest.mark.parametrize("where", ["--plain", "--as-of=2026-11-22"], ids=["lines", "menus"])
def test_result_goes_to_stdout_alone(tmp_path: Path, where: str) -> None:
    """Whoever redirects stdout gets the result and nothing of the talk, not even a blank."""
    out = tmp_path / "result.txt"
    with Terminal(
        *ECM, where, "--save", tmp_path / "case.toml", out=out, rows=24, columns=80 if where != "--plain" else 200
    ) as terminal:
        if where == "--plain":
            terminal.answer(PLACE, PLACE_TEXTS, STREET)
        else:
            by_keys(terminal, turns_of("ecm"))
        assert terminal.end() == 0
    written = out.read_text("utf-8")
    assert "likely" in written
    assert "\x1b" not in written
    assert "Screen 1" not in written
