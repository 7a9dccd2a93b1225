"""Laying out: labels, folding between words, and what gives way first."""

from __future__ import annotations

import pytest

from calaim_cli.show.blocks import HEIGHT, HEIGHT_NARROW, WIDE, Gives, Line, laid_out


def screen(lines: list[Line], columns: int = WIDE) -> list[str]:
    """The lines of the screen as a person sees them."""
    return [one.label + one.text for one in laid_out(lines, columns)]


def test_label_is_said_once_in_a_column_of_its_own() -> None:
    """In a wide window the eye runs down the labels; what belongs to one stands below it."""
    lines = [Line("ECM", "seems to fit"), Line("ECM", "as: one"), Line("CHW", "not sure yet"), Line("", "last")]
    assert screen(lines) == ["ECM       seems to fit", "          as: one", "CHW       not sure yet", "last"]


def test_narrow_window_has_no_column_for_labels() -> None:
    """In a narrow window the label begins the line, and what belongs to it is indented."""
    lines = [Line("ECM", "seems to fit"), Line("ECM", "as: one"), Line("", "last")]
    assert screen(lines, 40) == ["ECM: seems to fit", "  as: one", "last"]


@pytest.mark.parametrize("columns", [40, 60, WIDE, 100, 200])
def test_lines_are_folded_between_words(columns: int) -> None:
    """Whatever the width, no word is cut and none is lost; no line is longer than is easily read."""
    words = "REGMCDURNS-KPNC@kp.org or call 1-833-721-6012 by secure e-mail, subject " * 4
    shown = screen([Line("Send", words)], columns)
    assert " ".join(" ".join(shown).replace("Send:", "Send").split()) == f"Send {words.strip()}"
    assert max(map(len, shown)) <= min(columns, 100)


def test_a_word_longer_than_the_window_is_left_whole() -> None:
    """An address is copied as it is: the window breaks it, and the lines that it takes are counted."""
    address = "https://plan.example.org/providers/referrals/ecm"
    lines = [Line("Send", address), *(Line(str(one), "x") for one in range(20)), Line("", "y", Gives.COMMAND)]
    assert f"  {address}" in screen(lines, 40)
    assert "y" not in screen(lines, 40)


@pytest.mark.parametrize(("columns", "height"), [(WIDE, HEIGHT), (40, HEIGHT_NARROW)])
def test_what_gives_way_goes_in_its_order(columns: int, height: int) -> None:
    """One line too many, and the first to give way goes; with each further one the next, down to what stays."""
    giving = [Line(one.name, one.name, one) for one in Gives if one is not Gives.NEVER]
    for extra in range(1, len(giving) + 1):
        fixed = [Line(str(number), "stays") for number in range(height - len(giving) + extra)]
        left = screen([*fixed, *giving], columns)
        assert len(left) == height
        assert [one.name in " ".join(left) for one in reversed(Gives) if one is not Gives.NEVER] == [
            number >= extra for number in range(len(giving))
        ]


def test_a_line_may_give_way_in_part() -> None:
    """Names go and their count stays; in the last resort a shorter one does."""
    line = Line("Supports", "2 fit: one; two", Gives.NAMES, "2 fit: one and 1 more", "2 fit")
    crowd = [Line(str(number), "stays") for number in range(HEIGHT)]
    assert screen([line])[0] == "Supports  2 fit: one; two"
    assert "Supports  2 fit" in screen([line, *crowd])
    long = Line("Supports", "a word " * 20, Gives.NAMES, "2 fit: one and 1 more", "2 fit")
    assert screen([long, *crowd[:-1]])[0] == "Supports  2 fit: one and 1 more"
