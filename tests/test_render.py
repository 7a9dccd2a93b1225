"""Rendering: rich on a terminal, plain lines in a pipe; no value is cut, read as markup or told by color alone."""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.show.blocks import BAD, DOUBT, GOOD, PLAIN, Fact, Heading, Items, Points, Table, View
from calaim_cli.show.render import on_terminal, painted, plain, wants_color, wants_rich

ADDRESS = "a.very.long.address.that.nobody.should.ever.cut@intake.clinic.example.org"
VIEW: View = (
    Heading("Example County", GOOD),
    Fact("email", "Send to", ADDRESS, GOOD),
    Fact("kp_served", "Plan", "has members here", PLAIN, "yes"),
    Items(
        "offered", "A label that is longer than most labels are", ("Meals", "Respite Services", "Sobering Centers"), BAD
    ),
    Points(
        "note", "Notes", ("One sentence, which is long enough to need a second line in most windows.", "Two."), DOUBT
    ),
)
TABLE: View = (
    Heading("2 counties"),
    Table(("county", "kp_region"), (("Example", "north"), ("Another Example", ADDRESS))),
)
WIDTHS = pytest.mark.parametrize("width", [20, 40, 69, 70, 80, 200])


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[View, int], str]:
    """What a view looks like on a terminal of so many columns, without colors."""

    def show(view: View, width: int) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("NO_COLOR", "1")
        stream = io.StringIO()
        on_terminal(view, stream)
        return stream.getvalue()

    return show


Shown = Callable[[View, int], str]


def squeezed(text: str) -> str:
    """The text without white space, so that folding does not matter."""
    return "".join(text.split())


def test_plain_is_one_fact_a_line() -> None:
    """In a pipe each fact is a line of key and value; a title, which says nothing new, is left out."""
    assert plain(VIEW) == (
        f"email\t{ADDRESS}\n"
        "kp_served\tyes\n"
        "offered\tMeals\n"
        "offered\tRespite Services\n"
        "offered\tSobering Centers\n"
        "note\tOne sentence, which is long enough to need a second line in most windows.\n"
        "note\tTwo.\n"
    )


def test_plain_table_has_a_header_line() -> None:
    """In a pipe a list has its column names first, then one row a line."""
    assert plain(TABLE) == f"county\tkp_region\nExample\tnorth\nAnother Example\t{ADDRESS}\n"


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=4))
def test_plain_values_add_no_line_or_column(values: list[str]) -> None:
    """A tab or line break within a value never looks like a further column or fact."""
    view: View = (Fact("a", "A", values[0]), Items("b", "B", tuple(values)), Table(("c",), ((values[0],),)))
    lines = plain(view).split("\n")
    assert len(lines) == 1 + len(values) + 2 + 1
    assert [line.count("\t") for line in lines] == [1, *([1] * len(values)), 0, 0, 0]


@WIDTHS
def test_terminal_shows_every_value_whole(shown: Shown, width: int) -> None:
    """However narrow the window, each address, name and sentence can be read to its end."""
    text = squeezed(shown(VIEW, width))
    for value in (
        "Example County",
        ADDRESS,
        "has members here",
        "Meals",
        "Respite Services",
        "One sentence, which is long enough to need a second line in most windows.",
        "Two.",
    ):
        assert squeezed(value) in text
    assert "…" not in text


@WIDTHS
def test_terminal_table_loses_no_character(shown: Shown, width: int) -> None:
    """In a table, too, long cells are folded and never cut."""
    text = shown(TABLE, width)
    expected = Counter(squeezed("Example north Another Example" + ADDRESS))
    assert expected <= Counter(text)
    assert "…" not in text


@WIDTHS
def test_terminal_lines_fit_the_window(shown: Shown, width: int) -> None:
    """No line is longer than the window, so the terminal breaks none in an odd place."""
    for view in (VIEW, TABLE):
        assert max(len(line) for line in shown(view, width).splitlines()) <= width


HOSTILE = ["[/x]", "[bold]x[/bold]", "[a@b.co]", ":smile:", "[link=https://example.org]x", "\\[x]", "{x} %s"]


@pytest.mark.parametrize("value", HOSTILE)
def test_values_are_printed_literally(shown: Shown, value: str) -> None:
    """Nothing in the data is read as markup or emoji: brackets and colons arrive as they are."""
    view: View = (
        Heading(f"title {value}"),
        Fact("fact", f"label {value}", value),
        Items("items", "Items", (value,)),
        Points("points", "Points", (value,)),
        Table(("id", f"column {value}"), (("1", value), (value, "2"))),
    )
    for width in (60, 200):
        assert shown(view, width).count(value) == 8 + (width == 60)
    assert plain(view).count(value) == 6


@pytest.mark.parametrize(
    ("setting", "escapes"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)],
    ids=["-", "empty", "set"],
)
def test_no_color_turns_off_all_escapes(
    monkeypatch: pytest.MonkeyPatch,
    setting: dict[str, str],
    escapes: bool,
) -> None:
    """With NO_COLOR there is no color, no bold, no escape at all; set to nothing it counts as unset."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    on_terminal((*VIEW, *TABLE), stream)
    assert ("\x1b" in stream.getvalue()) is escapes


def test_ascii_terminal_gets_ascii_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal without UTF-8 tables are drawn with characters it has."""
    monkeypatch.setenv("COLUMNS", "100")
    content = io.BytesIO()
    stream = io.TextIOWrapper(content, encoding="ascii")
    on_terminal(TABLE, stream)
    stream.flush()
    assert content.getvalue().isascii()


def test_color_is_never_alone(shown: Shown) -> None:
    """What a color says is said in words too: without colors no line is lost."""
    assert "Meals" in shown((Items("not_offered", "Not offered", ("Meals",), BAD),), 80)
    assert "Not offered" in shown((Items("not_offered", "Not offered", ("Meals",), BAD),), 80)


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A stream on a real pseudo-terminal of 80 columns."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield stream
    os.close(ours)


@pytest.mark.unix("a pseudo-terminal")
def test_terminal_gets_rich(terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at a terminal gets the layout made for reading."""
    monkeypatch.setenv("TERM", "xterm")
    assert wants_rich(terminal, plain_wanted=False)


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize(
    ("setting", "plain_wanted"),
    [
        pytest.param({"TERM": "dumb"}, False, id="dumb terminal"),
        pytest.param({"ACCESSIBLE": "1"}, False, id="ACCESSIBLE"),
        pytest.param({}, True, id="--plain"),
    ],
)
def test_plain_lines_when_asked_for(
    terminal: TextIO,
    monkeypatch: pytest.MonkeyPatch,
    setting: dict[str, str],
    plain_wanted: bool,
) -> None:
    """Who cannot use boxes and colors gets plain lines: by option, by variable, on a dumb terminal."""
    monkeypatch.setenv("TERM", "xterm")
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    assert not wants_rich(terminal, plain_wanted=plain_wanted)


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("value", ["", "0"])
def test_accessible_can_be_switched_off(terminal: TextIO, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """ACCESSIBLE set to nothing or 0 asks for nothing."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("ACCESSIBLE", value)
    assert wants_rich(terminal, plain_wanted=False)


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize(("columns", "rich"), [(39, False), (40, True)])
def test_narrow_window_gets_plain_lines(
    terminal: TextIO,
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    rich: bool,
) -> None:
    """Below forty columns nothing is laid out: the lines are left to the terminal."""
    import termios

    monkeypatch.setenv("TERM", "xterm")
    termios.tcsetwinsize(terminal.fileno(), (24, columns))
    assert wants_rich(terminal, plain_wanted=False) is rich


@pytest.mark.parametrize("stream", [None, io.StringIO()], ids=["closed", "pipe"])
def test_no_terminal_gets_plain_lines(stream: TextIO | None) -> None:
    """Whatever is not a terminal gets plain lines."""
    assert not wants_rich(stream, plain_wanted=False)


@pytest.mark.parametrize("control", ["\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\r", "\x08", "\x7f"])
def test_control_characters_do_not_drive_the_terminal(shown: Shown, control: str) -> None:
    """A case file with an escape sequence in its name is shown by the numbers of its characters, in every block."""
    bad = f"a{control}b"
    view: View = (
        Heading(bad),
        Fact("a", bad, bad),
        Items("b", bad, (bad,)),
        Points("c", bad, (bad, bad)),
        Table((bad, "x"), ((bad, bad),)),
    )
    for width in (60, 100):
        text = shown(view, width)
        assert not {"\x1b", "\x07", "\x9b", "\r", "\x08", "\x7f"} & set(text)
        assert text.count("\\x") >= 8
    assert "\x1b" not in painted(view).replace("\x1b[0m", "")


def test_painted_lines_are_the_plain_ones_with_colors() -> None:
    """Forced colors change nothing but the colors: without the escapes the lines are those of a pipe."""
    lines = painted((*VIEW, *TABLE))
    assert re.sub(r"\x1b\[[0-9]+m", "", lines) == plain((*VIEW, *TABLE))
    assert lines.startswith(f"\x1b[32memail\t{ADDRESS}\x1b[0m\nkp_served\tyes\n")


@pytest.mark.parametrize(
    ("settings", "plain_wanted", "color"),
    [
        pytest.param({}, False, False, id="nothing set"),
        pytest.param({"FORCE_COLOR": "1"}, False, True, id="FORCE_COLOR"),
        pytest.param({"CLICOLOR_FORCE": "1"}, False, True, id="CLICOLOR_FORCE"),
        pytest.param({"FORCE_COLOR": "0"}, False, False, id="FORCE_COLOR is 0"),
        pytest.param({"FORCE_COLOR": "", "CLICOLOR_FORCE": ""}, False, False, id="both empty"),
        pytest.param({"FORCE_COLOR": "0", "CLICOLOR_FORCE": "1"}, False, True, id="one of them"),
        pytest.param({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False, id="NO_COLOR wins"),
        pytest.param({"FORCE_COLOR": "1", "NO_COLOR": ""}, False, True, id="NO_COLOR empty"),
        pytest.param({"FORCE_COLOR": "1", "TERM": "dumb"}, False, False, id="dumb wins"),
        pytest.param({"FORCE_COLOR": "1", "ACCESSIBLE": "1"}, False, False, id="ACCESSIBLE wins"),
        pytest.param({"FORCE_COLOR": "1", "ACCESSIBLE": "0"}, False, True, id="ACCESSIBLE is 0"),
        pytest.param({"FORCE_COLOR": "1"}, True, False, id="--plain wins"),
    ],
)
def test_colors_can_be_forced(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], plain_wanted: bool, color: bool
) -> None:
    """Colors in a pipe are there for who forces them, and whatever turns colors off wins."""
    monkeypatch.delenv("TERM", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert wants_color(plain_wanted=plain_wanted) is color
