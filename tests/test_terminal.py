"""Asking on a real pseudo-terminal: menus by arrow keys, plain numbered lines, and terminals of every sort."""

from __future__ import annotations

import io
import os
import re
import sys
import tomllib
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

import people
from calaim_cli.case.case import Case, Member
from calaim_cli.case.casefile import case_bytes
from calaim_cli.policy.questions import Answer
from calaim_cli.talk import terminal
from calaim_cli.talk.prompt import Prompt
from conftest import WriteProfile
from terminals import CTRL_C, CTRL_D, DOWN, ENTER, PLAIN_HINT, SPACE, UP, Terminal, pressed, question_texts, typed

pytestmark = pytest.mark.unix("a pseudo-terminal")

DAY = ("--as-of", "2026-11-22")
CHW = ("interview", "--program", "chw", *DAY)
ECM = ("interview", "--program", "ecm", *DAY)
STREET = people.whole("homeless adult with a complex need")
PLAIN = {"option": ("--plain", {}), "ACCESSIBLE": ("", {"ACCESSIBLE": "1"}), "dumb": ("", {"TERM": "dumb"})}
SAFE_LINES = re.compile(r"\x1b|\x08|\r(?!\r*\n)")
"""What never appears where lines are only appended: an escape, a backspace, a return that goes over a line again."""


def answers_in(path: Path) -> dict[str, object]:
    """The answers of a saved case."""
    answers = tomllib.loads(path.read_text("utf-8"))["answers"]
    assert isinstance(answers, dict)
    return answers


def by_menus(terminal: Terminal, answers: dict[str, Answer]) -> list[str]:
    """Answer every menu of an interview by keys; gives the questions in order."""
    texts, keys = question_texts(), pressed(answers)
    names, asked = list(texts), list[str]()
    while terminal.child.expect([r"Question \d+, at most \d+ to go", pexpect.EOF]) == 0:
        asked.append(names[terminal.child.expect_exact([texts[name] for name in names])])
        terminal.type(*keys[asked[-1]])
    return asked


def aged(folder: Path, **answers: Answer) -> Path:
    """A case in which the age and some more is known, to go on with."""
    path = folder / "aged.toml"
    path.write_bytes(case_bytes(Case(answers={"age": 47, **answers})))
    return path


def test_arrow_keys_and_enter(tmp_path: Path) -> None:
    """A number is typed, a menu answered with arrows and Enter, and several are chosen with space."""
    save = tmp_path / "case.toml"
    with Terminal(*ECM, "--save", save) as terminal:
        terminal.wait("How old")
        terminal.type("47", ENTER)
        terminal.wait("stably housed")
        terminal.type(DOWN, DOWN, UP, SPACE, DOWN, SPACE, ENTER)
        terminal.wait("too much to manage")
        terminal.wait("Don't know")
        terminal.type(DOWN, ENTER)
        terminal.wait("Question 4")
    answers = answers_in(save)
    assert answers == {"age": 47, "housing": ["place_not_for_sleeping", "shelter"], "complex_need": False}


def test_letters_of_a_menu(tmp_path: Path) -> None:
    """In a menu, d means don't know, b goes back to the question before, and ? explains it with its source."""
    save = tmp_path / "case.toml"
    with Terminal(*CHW, "--save", save) as terminal:
        terminal.wait("None of these")
        terminal.type("?")
        terminal.wait("Source: ")
        terminal.wait("None of these")
        terminal.type("d")
        terminal.wait("Question 2")
        terminal.wait("None of these")
        first = answers_in(save)
        terminal.type("b")
        terminal.wait("Question 3")
        terminal.wait("None of these")
        terminal.type(SPACE, ENTER)
        terminal.wait("Question 4")
    assert first == {"chw_triggers": "unknown"}
    assert answers_in(save) == {"chw_triggers": ["chronic_condition"]}


def test_menu_shows_what_was_said_before(tmp_path: Path) -> None:
    """Back in a menu the earlier choice is marked, back at a line the earlier number stands in it; Enter keeps both."""
    save = tmp_path / "case.toml"
    with Terminal(*ECM, "--save", save) as terminal:
        terminal.wait("How old")
        terminal.type("31", ENTER)
        terminal.wait("stably housed")
        terminal.type(DOWN, DOWN, SPACE, ENTER)
        terminal.wait("Question 3")
        terminal.wait("b back")
        terminal.type("b")
        terminal.wait("Question 4")
        terminal.wait("\u25cf A shelter")
        terminal.type("b")
        terminal.wait("Question 5")
        terminal.wait("31")
        terminal.type(ENTER)
        terminal.wait("Question 6")
        terminal.wait("b back")
        terminal.type("b")
        terminal.wait("Question 7")
        terminal.wait("\u25cf A shelter")
        terminal.type(ENTER)
        terminal.wait("Question 8")
    assert answers_in(save) == {"age": 31, "housing": ["shelter"]}


def test_menu_refuses_what_does_not_go_together(tmp_path: Path) -> None:
    """Nothing chosen, or none of these beside something, is asked again with the reason."""
    with Terminal(*CHW) as terminal:
        terminal.wait("None of these")
        terminal.type(ENTER)
        terminal.wait("Please try again: choose at least one")
        terminal.wait("None of these")
        terminal.type(SPACE, UP, SPACE, ENTER)
        terminal.wait("cannot be combined")


def test_typed_line_in_a_menu_is_checked() -> None:
    """A number that cannot be is refused in words, without repeating it, and asked again."""
    with Terminal(*ECM) as terminal:
        terminal.wait("How old")
        terminal.type("1999", ENTER)
        terminal.wait("Please try again: ")
        said = terminal.wait(r"\n")
        assert "years" in said
        assert "1999" not in said
        terminal.wait("How old")


@pytest.mark.parametrize(("word", "settings"), PLAIN.values(), ids=PLAIN)
def test_plain_lines_are_only_appended(tmp_path: Path, word: str, settings: dict[str, str]) -> None:
    """For a screen reader every way to plain lines gives numbered text: no escape, no line drawn over, no box."""
    save = tmp_path / "case.toml"
    with Terminal(*ECM, "--save", save, *([word] if word else []), settings=settings) as terminal:
        asked = terminal.answer(typed(STREET), question_texts())
        assert terminal.end() == 0
    assert not SAFE_LINES.search(terminal.text)
    assert not re.search("[\u2500-\u25ff\u00bb]", terminal.text)
    assert "  1) Yes\r\n  2) No\r\n" in terminal.text
    assert list(answers_in(save)) == asked
    assert "Question 1, at most" in terminal.text


def test_menus_and_lines_save_the_same(tmp_path: Path) -> None:
    """Whoever needs plain lines gets the same questions in the same order, and the same bytes in the saved case."""
    one, other = tmp_path / "lines.toml", tmp_path / "menus.toml"
    with Terminal(*ECM, "--save", one, "--plain") as terminal:
        by_lines = terminal.answer(typed(STREET), question_texts())
        assert terminal.end() == 0
    with Terminal(*ECM, "--save", other) as terminal:
        assert by_menus(terminal, STREET) == by_lines
        assert terminal.end() == 0
    assert one.read_bytes() == other.read_bytes()


def test_dont_know_is_the_same_both_ways(tmp_path: Path) -> None:
    """Not knowing, by d or by words, is kept as the same answer."""
    one, other = tmp_path / "lines.toml", tmp_path / "menus.toml"
    unsure: dict[str, Answer] = dict.fromkeys(STREET, "unknown")
    with Terminal(*CHW, "--save", one, "--plain") as terminal:
        terminal.answer(dict.fromkeys(STREET, "Don't know"), question_texts())
        assert terminal.end() == 0
    with Terminal(*CHW, "--save", other) as terminal:
        by_menus(terminal, unsure)
        assert terminal.end() == 0
    assert one.read_bytes() == other.read_bytes()
    assert set(answers_in(one).values()) == {"unknown"}


def test_plain_help_and_back(tmp_path: Path) -> None:
    """At a plain prompt ? explains with the source, and back shows the choices with those given before."""
    with Terminal(*ECM, "--plain", "--from", aged(tmp_path)) as terminal:
        terminal.prompt()
        terminal.line("?")
        assert "Source: " in terminal.prompt()
        terminal.line("3,2")
        assert "too much to manage" in terminal.prompt()
        terminal.line("back")
        again = terminal.prompt()
        assert "3) A shelter or another temporary place for people without a home (given before)" in again
        assert again.count("(given before)") == 2
        terminal.line("")
        assert "too much to manage" in terminal.prompt()


def test_plain_enter_says_what_it_keeps(tmp_path: Path) -> None:
    """Where Enter keeps a line that was typed before, the prompt spells it out: nobody keeps what she cannot see."""
    with Terminal(*ECM, "--plain") as terminal:
        terminal.prompt()
        terminal.line("03/04/1979")
        terminal.prompt()
        terminal.line("back")
        assert terminal.prompt().endswith("[Enter to keep 1979-03-04, don't know, ?, ")


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
        terminal.wait("Please try again: a key such as an arrow, or a control character")
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
        assert "Please try again: a key such as an arrow" in terminal.prompt()


def test_letters_for_yes_and_no_save_the_same(tmp_path: Path) -> None:
    """At plain prompts of the interview y and n are yes and no: the saved case is the same, byte for byte."""
    words, letters = typed(STREET), {"yes": "y", "no": "n"}
    saved = [tmp_path / "words.toml", tmp_path / "letters.toml"]
    for save, lines in zip(saved, (words, {one: letters.get(said, said) for one, said in words.items()}), strict=True):
        with Terminal(*ECM, "--save", save, "--plain") as terminal:
            terminal.answer(lines, question_texts())
            assert terminal.end() == 0
    assert saved[0].read_bytes() == saved[1].read_bytes()
    assert True in answers_in(saved[1]).values()


def test_similar_choice_is_not_marked(write_profile: WriteProfile) -> None:
    """Only the choice given before is marked, not one whose name begins the same."""
    write_profile('schema = "calaim.profile/1"\n[referrer]\nsource = "other_community_provider"\n')
    with Terminal("profile", "edit", "--plain") as terminal:
        for line in ("Pat", "Clinic", "1234567893", "1 Example St", "415-555-0123", "pat@example.org", "1"):
            terminal.prompt()
            terminal.line(line)
        assert terminal.prompt().count("(given before)") == 1


def test_plain_refusal_repeats_the_question(tmp_path: Path) -> None:
    """A reply that does not fit is answered by what is accepted, and the whole question comes again."""
    with Terminal(*CHW, "--plain") as terminal:
        first = terminal.prompt()
        terminal.line("99")
        said = terminal.prompt()
        assert "Please try again: " in said
        assert "99" not in said.split("Please try again: ")[1]
        choices = [line for line in first.splitlines() if line.startswith("  ")]
        assert len(choices) == len(people.policy().questions["chw_triggers"].choices)
        assert [line for line in said.splitlines() if line.startswith("  ")] == choices


ENDINGS: list[tuple[str, str, int, str]] = [
    ("menu", CTRL_C, 130, "stopped: "),
    ("menu", CTRL_D, 2, "input ended at question chw_triggers"),
    ("text", CTRL_C, 130, "stopped: "),
    ("text", CTRL_D, 2, "input ended at question age"),
    ("lines", CTRL_C, 130, "stopped: "),
    ("lines", CTRL_D, 2, "input ended at question chw_triggers"),
]


@pytest.mark.parametrize(("where", "key", "code", "said"), ENDINGS, ids=[f"{row[0]}-{row[2]}" for row in ENDINGS])
def test_ctrl_c_and_ctrl_d_are_no_answers(tmp_path: Path, where: str, key: str, code: int, said: str) -> None:
    """At every kind of prompt Ctrl-C leaves with 130 and Ctrl-D with 2, each in one line, and stdout stays empty."""
    out = tmp_path / "out"
    words = ECM if where == "text" else CHW
    with Terminal(*words, *(["--plain"] if where == "lines" else []), out=out) as terminal:
        terminal.wait({"lines": PLAIN_HINT, "menu": "None of these", "text": r"back\)"}[where])
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
@pytest.mark.parametrize("way", ["menus", "lines"])
def test_narrow_windows_show_everything(tmp_path: Path, columns: int, way: str) -> None:
    """At any width every word of question, choices, help and result can be read, and no word is cut in two."""
    out = tmp_path / "out.txt"
    question = people.policy().questions["chw_triggers"]
    with Terminal(*CHW, *(["--plain"] if way == "lines" else []), columns=columns, out=out) as terminal:
        terminal.wait(question.choices["none"].split()[-1])
        terminal.type("?\n" if way == "lines" else "?")
        terminal.wait("Source: ")
        terminal.wait(question.choices["none"].split()[-1])
        terminal.type(*(["2,3\n"] if way == "lines" else [DOWN, SPACE, DOWN, SPACE, ENTER]))
        terminal.wait(r"Question\s+2")
        terminal.wait("None of these")
        terminal.type(*(["5\n"] if way == "lines" else [UP, SPACE, ENTER]))
        assert terminal.end() == 0
    shown = terminal.words
    for text in (question.ask, question.help, *question.choices.values()):
        assert text in shown
    assert "likely" in out.read_text("utf-8")


def test_menus_fold_to_the_window_that_shows_them(tmp_path: Path) -> None:
    """With the result going to a file, questions still fit the window: no line of a menu is longer than it."""
    with Terminal(*CHW, columns=40, out=tmp_path / "out.json") as terminal:
        terminal.wait("None of these")
    text = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", terminal.text)
    assert max(len(line.strip("\r")) for line in text.split("\n")) <= 40 + len(
        " (space chooses, Enter goes on; d don't know"
    )


COLORS = re.compile(r"\x1b\[[0-9;]*?(?:3[0-9]|4[0-9]|9[0-9])[0-9;]*m")


@pytest.mark.parametrize(("settings", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_no_color(settings: dict[str, str], colored: bool) -> None:
    """With NO_COLOR a menu has no color; the arrow and the marks alone show where one is."""
    with Terminal(*CHW, settings=settings) as terminal:
        terminal.wait("None of these")
        terminal.type(SPACE, DOWN)
        terminal.wait("\u25cf")
    assert bool(COLORS.search(terminal.text)) is colored
    assert "\u00bb" in terminal.text


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
    save = tmp_path / "case.toml"
    with Terminal(*CHW, "--save", save, *(["--plain"] if plain else []), settings=settings) as terminal:
        menus = terminal.child.expect([r"space chooses", PLAIN_HINT]) == 0
        terminal.type(*([SPACE, ENTER] if menus else ["1\n"]))
        terminal.wait("Question 2")
        terminal.child.expect([r"space chooses", PLAIN_HINT])
        terminal.type(*([UP, SPACE, ENTER] if menus else ["5\n"]))
        assert terminal.end() == 0
    assert "Traceback" not in terminal.text
    assert "internal error" not in terminal.text
    assert answers_in(save) == {"chw_triggers": ["chronic_condition"], "current_services": ["none"]}
    if plain or "ascii" in settings.values():
        assert not SAFE_LINES.search(terminal.text.split("Question 2")[0])


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
    monkeypatch.setattr(terminal, "_by_menu", lambda _: "menu")
    monkeypatch.setattr(terminal, "_by_lines", lambda _: "lines")
    anything = Prompt(where="anything", text="Anything?")
    assert terminal.asker(plain=False)(anything) == ("menu" if menus else "lines")
    assert terminal.asker(plain=True)(anything) == "lines"


def test_marks_that_cannot_be_drawn_give_plain_lines() -> None:
    """Where chosen and not chosen would look the same, numbered lines are used in place of a menu."""
    with Terminal(*CHW, settings={"PYTHONIOENCODING": "ascii"}) as terminal:
        assert "1) A chronic health condition" in terminal.prompt()


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
        for line in ("san mateo", "kp", "none", "1", "1"):
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
    with Terminal(*CHW, where, out=out) as terminal:
        if where == "--plain":
            terminal.answer(typed(STREET), question_texts())
        else:
            terminal.wait("None of these")
            terminal.type(SPACE, ENTER)
            terminal.wait("Question 2")
            terminal.wait("None of these")
            terminal.type(UP, SPACE, ENTER)
        assert terminal.end() == 0
    written = out.read_text("utf-8")
    assert "chw\toutcome\tlikely\n" in written
    assert "\x1b" not in written
    assert "Question" not in written
