"""One screen of the interview: what each key and line does to its marks; nothing is cut, or answered by chance."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import people
from calaim_cli.decide.screens import Mark, Shown
from calaim_cli.policy.rules import Truth
from calaim_cli.policy.talk import Screen
from calaim_cli.talk.interview import Seen, sheet_of
from calaim_cli.talk.prompt import Move, Refusal
from calaim_cli.talk.screen import (
    ENDS,
    LETTERS,
    MOVES,
    Ended,
    Sheet,
    as_lines,
    asked_by_line,
    drawn,
    echo,
    pages,
    pressed,
    read_line,
)
from seated import SIZE, interview_of, is_number, keys_for, line_for, press

SCREENS = {one.id: one for one in people.policy().talk_file.screen}
VOICES = [one.id for one in people.policy().talk_file.voice]
NARROW = os.terminal_size((40, 24))


def sheet(screen: str, *rows: str, voice: str = "you", marks: dict[str, Mark] | None = None) -> Sheet:
    """A screen of the shipped data with these of its rows, or all."""
    interview = interview_of()
    interview.voice = voice
    whole: Screen = SCREENS[screen]
    some = tuple(row for row in whole.rows if not rows or row.id in rows)
    return sheet_of(interview, Seen(Shown(whole, some), dict(marks or {})))


ALL = [sheet(one) for one in SCREENS]
YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN


@pytest.mark.parametrize(
    ("screen", "title"),
    [("custody", "Health after jail or prison"), ("family", "Family"), ("rent_plan", "Rent"), ("birth", "Health")],
)
def test_follow_up_about_something_else_has_a_title_of_its_own(screen: str, title: str) -> None:
    """A mental illness is not asked about, and summed up, as a matter of the home: the title says what it is about."""
    shown = sheet(screen)
    assert drawn(shown, SIZE)[0].endswith(f" {title}")
    assert f"{title}." in as_lines(shown)
    assert echo(shown, dict.fromkeys([row.id for row in shown.shown.rows], NO)).startswith(f"{title}: No")


@pytest.mark.parametrize("shown", ALL, ids=list(SCREENS))
def test_enter_answers_nothing(shown: Sheet) -> None:
    """Forty bare Enters on any screen leave it as it is, without a mark, and say what to press."""
    state = press(shown, "\r" * 40)
    assert isinstance(state, Sheet)
    assert state.marks == {}
    assert state.note


@pytest.mark.parametrize("shown", ALL, ids=list(SCREENS))
def test_no_key_but_an_ending_ends_a_screen(shown: Sheet) -> None:
    """Of all keys only those that say so end a screen with an answer; the moves lead elsewhere without one."""
    every = [*(chr(code) for code in range(33, 127)), "up", "down", "enter", "space", "backspace", "\x1b[15~"]
    for key in every:
        after = pressed(shown, key, SIZE)
        if key in MOVES:
            assert after == Ended(shown.marks, MOVES[key], 0)
        elif isinstance(after, Ended):
            assert key in {"rows": "nu", "one": "yndu", "numbers": "un", "choice": LETTERS + "ud"}[shown.way] or (
                shown.way == "numbers" and key == "d" and len(shown.shown.rows) == 1
            )


def test_marks_turn_from_empty_to_true_to_not_known() -> None:
    """Letter or space turn a row: true, not known, empty again; d: not known. The arrow is where the last mark was."""
    health = sheet("health")
    row = health.shown.rows[2].id
    down = "\u2193\u2193"
    marks = {"e": YES, "ee": UNKNOWN, "eee": None, f"{down} ": YES, f"{down}  ": UNKNOWN, f"{down}d": UNKNOWN}
    for keys, mark in marks.items():
        state = press(health, keys)
        assert isinstance(state, Sheet)
        assert (state.marks.get(row), state.at) == (mark, 2)


@pytest.mark.parametrize(("key", "rest"), ENDS.items())
def test_endings_say_what_the_empty_rows_are(key: str, rest: Truth) -> None:
    """n: the empty ones are no. u: they are not known. What was ticked or doubted stays, and the two differ."""
    health = sheet("health")
    first, second, *others = (row.id for row in health.shown.rows)
    ended = press(health, f"acc{key}")
    assert isinstance(ended, Ended)
    assert ended.move is None
    assert ended.marks == {first: YES, second: UNKNOWN, **dict.fromkeys(others, rest)}
    nothing = press(health, key)
    assert isinstance(nothing, Ended)
    assert set(nothing.marks.values()) == {rest}


def test_number_that_is_missing_is_asked_for_on_the_spot() -> None:
    """No to the rest answers no number: the screen stays, and does not come again with that row alone."""
    facility = sheet("facility")
    state = press(facility, "an")
    assert isinstance(state, Sheet)
    assert (state.marks, state.at, state.note[:15]) == ({"nursing_facility_resident": YES}, 1, "Give the number")
    ended = press(state, "61n")
    assert isinstance(ended, Ended)
    assert ended.marks == {"nursing_facility_resident": YES, "nursing_facility_days": 61}
    assert read_line(facility, "1 2=61") == read_line(facility, "1 2=61 no") == ended
    assert isinstance(read_line(facility, "1 no"), Refusal)
    assert isinstance(read_line(facility, "1 not known"), Ended)


@pytest.mark.parametrize(("key", "move"), [("s", Move.STOP), ("q", Move.QUIT)])
@pytest.mark.parametrize(
    ("kept", "keys", "asked"),
    [
        ({}, "a", True),
        ({"asthma": YES}, "", False),
        ({"asthma": YES}, "h", True),
        ({"asthma": YES}, "hh", True),
        ({}, "", False),
    ],
    ids=["new mark", "as it was", "changed", "taken away", "nothing"],
)
def test_marks_are_not_lost_by_leaving(key: str, move: Move, kept: dict[str, Mark], keys: str, asked: bool) -> None:
    """Marks that no ending has confirmed would be lost by stop or quit: it is told once, and a second press leaves."""
    shown = replace(sheet("health", marks=kept), kept=kept or None)
    state = press(shown, keys)
    assert isinstance(state, Sheet)
    first = pressed(state, key, SIZE)
    assert isinstance(first, Sheet) is asked
    last = pressed(first, key, SIZE) if isinstance(first, Sheet) else first
    assert isinstance(last, Ended)
    assert last.move is move


def test_letters_stay_with_their_rows() -> None:
    """A row has the same letter whatever rows are left out before it, so that a hand that knows it does not slip."""
    whole, some = sheet("health"), sheet("health", "asthma", "pregnant_or_postpartum")
    of_whole = {whole.shown.rows[n].id: letter for letter, n in whole.letters.items()}
    assert {some.shown.rows[n].id: letter for letter, n in some.letters.items()} == {
        one: of_whole[one] for one in ("asthma", "pregnant_or_postpartum")
    }
    assert "d" not in LETTERS


def test_question_mark_explains_the_row_on_the_screen() -> None:
    """? shows what the row under the arrow means, page by page where it is long; any key leads back to the same row."""
    for size in (SIZE, NARROW, os.terminal_size((40, 12))):
        state: Sheet | Ended = press(sheet("home"), "\u2193\u2193?", size)
        shown = list[str]()
        while isinstance(state, Sheet) and state.explained:
            lines = drawn(state, size)
            assert len(lines) <= size.lines
            shown += lines[:-2]
            state = pressed(state, "n", size)
        assert isinstance(state, Sheet)
        assert (state.at, state.marks) == (2, {})
        text = " ".join(" ".join(shown).split())
        assert people.policy().questions["housing"].help in text
        assert "Source: " in text


def test_row_is_named_once_in_a_line() -> None:
    """A row that is called true and not known at once is asked about again."""
    assert isinstance(read_line(sheet("health"), "1 ?1 no"), Refusal)


def test_numbers_go_from_one_to_the_next() -> None:
    """Digits and Enter fill one number after the other; d is not known; after the last the screen ends."""
    counts = sheet("counts_6")
    first, second = (row.id for row in counts.shown.rows)
    assert press(counts, "5\r0\r") == Ended({first: 5, second: 0})
    assert press(counts, "d12\r") == Ended({first: UNKNOWN, second: 12})
    assert press(counts, "u") == Ended({first: UNKNOWN, second: UNKNOWN})
    state = press(counts, "51\x7f".replace("\x7f", "\u2190"))
    assert isinstance(state, Sheet)
    corrected = pressed(state, "backspace", SIZE)
    assert isinstance(corrected, Sheet)
    assert corrected.marks == {first: "5"}


def test_number_that_cannot_be_is_told_at_once() -> None:
    """A number out of range keeps the screen, with the reason; the typed text is there to be corrected."""
    state = press(sheet("counts_6"), "1000\r")
    assert isinstance(state, Sheet)
    assert "from 0 to 999" in state.note
    assert list(state.marks.values()) == ["1000"]
    refused = read_line(sheet("counts_6"), "1000, 2")
    assert isinstance(refused, Refusal)
    assert "1000" not in refused.message


@pytest.mark.parametrize(
    ("typed", "mark"), [("46", 46), ("0", 0), ("120", 120), ("3/4/1980", "1980-03-04"), ("1980-03-04", "1980-03-04")]
)
def test_age_or_date_of_birth(typed: str, mark: Mark) -> None:
    """The age is a number, or a date of birth, which is kept as such; by keys and by lines alike."""
    age = sheet("age")
    assert press(age, f"{typed}\r") == read_line(age, typed) == Ended({"age": mark})


@pytest.mark.parametrize("typed", ["121", "1980", "4o", "03/04/80", "2999-01-01", "-1", "", "9" * 5000])
def test_age_that_cannot_be_is_refused(typed: str) -> None:
    """What is no age and no date of birth is asked again with what is accepted, and not repeated."""
    refused = read_line(sheet("age"), typed)
    assert isinstance(refused, Refusal)
    assert not typed or typed not in refused.message


def test_number_among_rows() -> None:
    """A number among rows to tick is typed on its row, or not known."""
    facility = sheet("facility")
    resident, days = (row.id for row in facility.shown.rows)
    assert press(facility, "ac30n") == Ended({resident: YES, days: 30})
    assert press(facility, "c n") == Ended({resident: NO, days: UNKNOWN})
    assert press(facility, "u") == Ended({resident: UNKNOWN, days: UNKNOWN})


def test_one_row_is_one_key() -> None:
    """A screen with one row is a question with y, n or d, and no key stands for another."""
    family = sheet("family")
    (row,) = (one.id for one in family.shown.rows)
    for key, mark in (("y", YES), ("n", NO), ("d", UNKNOWN), ("u", UNKNOWN)):
        assert press(family, key) == Ended({row: mark})
    for typed, mark in (("yes", YES), ("N", NO), ("not known", UNKNOWN), ("don't know", UNKNOWN)):
        assert read_line(family, typed) == Ended({row: mark})
    assert isinstance(read_line(family, ""), Refusal)


def test_one_choice_is_one_letter() -> None:
    """A question with one choice of several is answered by its letter or number; nothing is chosen beforehand."""
    ihss = sheet("ihss")
    choices = list(ihss.questions["ihss_status"].choices)
    assert press(ihss, "a") == read_line(ihss, "1") == Ended({"ihss_status": choices[0]})
    assert press(ihss, "d") == read_line(ihss, "not known") == Ended({"ihss_status": UNKNOWN})
    assert isinstance(read_line(ihss, "99"), Refusal)
    assert isinstance(read_line(ihss, ""), Refusal)


LINES: list[tuple[str, dict[int, Truth], Truth]] = [
    ("none", {}, NO),
    ("no", {}, NO),
    ("not known", {}, UNKNOWN),
    ("1,3 no", {1: YES, 3: YES}, NO),
    ("1 3 none", {1: YES, 3: YES}, NO),
    ("1,3 ?7 no", {1: YES, 3: YES, 7: UNKNOWN}, NO),
    ("2; ?4 not known", {2: YES, 4: UNKNOWN}, UNKNOWN),
    ("2 don't know", {2: YES}, UNKNOWN),
    ("1, 2, NO", {1: YES, 2: YES}, NO),
]


@pytest.mark.parametrize(("typed", "marks", "rest"), LINES, ids=[row[0] for row in LINES])
def test_line_says_ticks_and_the_rest(typed: str, marks: dict[int, Truth], rest: Truth) -> None:
    """One typed line holds what is true, what is not known, and what the rest is."""
    health = sheet("health")
    rows = {n: row.id for n, row in enumerate(health.shown.rows, 1)}
    assert read_line(health, typed) == Ended({row: marks.get(n, rest) for n, row in rows.items()})


@pytest.mark.parametrize("typed", ["", "1,3", "1 yes", "99 no", "0 no", "x no", "1=3 no", "??", "1-3 no", "no 1"])
def test_line_that_leaves_rows_open_is_refused(typed: str) -> None:
    """A line that does not say what the rest is, or names what is not there, answers nothing."""
    refused = read_line(sheet("health"), typed)
    assert isinstance(refused, Refusal)
    assert "no" in refused.message


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("1 99 no", "there is no row of that number: they are 1 to 9"),
        ("?0 no", "there is no row of that number"),
        ("1 1 no", "row 1 is there twice"),
        ("1=3 no", "row 1 takes no number"),
        ("? 99", "there is no row of that number"),
    ],
)
def test_line_with_a_slip_is_told_which(typed: str, told: str) -> None:
    """Whoever listens to a screen hears what was wrong in the line, and not how to type one all over again."""
    refused = read_line(sheet("health"), typed)
    assert isinstance(refused, Refusal)
    assert refused.message.startswith(told)
    facility = read_line(sheet("facility"), "1 2 no")
    assert isinstance(facility, Refusal)
    assert facility.message.startswith("row 2 asks for a number, such as 2=3")


def test_help_on_one_row() -> None:
    """By lines one row can be asked about alone; among numbers a question mark is an answer, and the word help asks."""
    health, counts = sheet("health"), sheet("counts_6")
    assert read_line(health, "? 3") == read_line(health, "help 3") == Ended({}, Move.HELP, 2, one=True)
    assert read_line(counts, "help 2") == Ended({}, Move.HELP, 1, one=True)
    assert read_line(counts, "? 2") == Ended({"ed_visits_6_months": UNKNOWN, "stays_6_months": 2})
    assert "? 2 on row 2" in asked_by_line(health)


def test_line_that_marks_every_row_needs_no_rest() -> None:
    """Where every row is named nothing is left to say."""
    mind = sheet("mind")
    assert read_line(mind, "1 ?2 3") == Ended(
        dict(zip((row.id for row in mind.shown.rows), (YES, UNKNOWN, YES), strict=True))
    )


@pytest.mark.parametrize(
    ("typed", "move"),
    [("back", Move.BACK), ("?", Move.HELP), ("stop", Move.STOP), ("Quit", Move.QUIT), ("voice", Move.VOICE)],
)
@pytest.mark.parametrize("shown", ALL, ids=list(SCREENS))
def test_words_lead_elsewhere(shown: Sheet, typed: str, move: Move) -> None:
    """The same moves as by keys, by words, on every screen."""
    assert read_line(shown, typed) == Ended(shown.marks, move)


@pytest.mark.parametrize("shown", ALL, ids=list(SCREENS))
def test_keys_and_lines_say_the_same(shown: Sheet) -> None:
    """Whatever is true of the rows, keys on any window and a typed line end a screen with the same marks."""
    chance = random.Random(7)  # noqa: S311 nothing secret is drawn
    for _ in range(40):
        rows: dict[str, Mark] = {}
        for row in shown.shown.rows:
            truths: list[Mark] = [YES, NO, UNKNOWN]
            if row.asks:
                choices = list(shown.questions[row.asks].choices)
                truths = [UNKNOWN, chance.choice(choices) if choices else chance.randrange(12)]
            rows[row.id] = chance.choice(truths)
        line = read_line(shown, line_for(shown, rows))
        assert line == press(shown, keys_for(shown, rows), SIZE) == press(shown, keys_for(shown, rows, NARROW), NARROW)
        assert isinstance(line, Ended)
        assert line.marks == rows


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_fits_a_window(screen: str, voice: str) -> None:
    """At 80x24 each screen shows all its rows at once; no line is longer than the window or cut in a word."""
    known = ("managed_care",)  # the card tells it, and it is asked before
    shown = sheet(screen, *(row.id for row in SCREENS[screen].rows if row.id not in known), voice=voice)
    lines = drawn(shown, SIZE)
    assert len(lines) <= 24
    assert len(pages(shown, SIZE)) == 1
    assert max(map(len, lines)) <= 80
    words = " ".join(" ".join(lines).split())
    for row in shown.shown.rows:
        assert " ".join(shown.says(row).split()) in words


sizes = st.builds(lambda columns, lines: os.terminal_size((columns, lines)), st.integers(38, 200), st.integers(16, 60))


@settings(deadline=None)
@given(size=sizes, screen=st.sampled_from(sorted(SCREENS)), voice=st.sampled_from(VOICES), data=st.data())
def test_pages_hold_every_row(size: os.terminal_size, screen: str, voice: str, data: st.DataObject) -> None:
    """Whatever the window: each row is on one page, in order, whole, and no page is higher than the window."""
    shown = sheet(screen, voice=voice)
    several = pages(shown, size)
    assert [n for page in several for n in page] == list(range(len(shown.shown.rows)))
    at = data.draw(st.integers(0, len(shown.shown.rows) - 1))
    state: Sheet | Ended = shown
    for _ in range(at):
        assert isinstance(state, Sheet)
        state = pressed(state, "down", size)
    assert isinstance(state, Sheet)
    lines = drawn(state, size)
    assert max(map(len, lines)) <= size.columns
    assert len(lines) <= size.lines or len(several) == len(shown.shown.rows) or shown.way != "rows"
    assert " ".join(shown.says(state.row).split()) in " ".join(" ".join(lines).split())


def test_screen_ends_on_its_last_page_alone() -> None:
    """In a narrow window rows that were not seen are not answered: n and u work on the last page only."""
    home = sheet("home")
    assert len(pages(home, NARROW)) > 1
    for key in ENDS:
        early = press(home, key, NARROW)
        assert isinstance(early, Sheet)
        assert "last page" in early.note
        assert isinstance(press(home, "\u2193" * len(home.shown.rows) + key, NARROW), Ended)


def test_page_is_named() -> None:
    """Each page says which it is, and the keys that end the screen stand on the last one."""
    home = sheet("home")
    several = pages(home, NARROW)
    for n, page in enumerate(several, 1):
        state = press(home, "\u2193" * page.start, NARROW)
        assert isinstance(state, Sheet)
        text = " ".join(" ".join(drawn(state, NARROW)).split())
        assert f"page {n} of {len(several)}" in text
        assert ("the empty ones are not known" in text) is (n == len(several))


@pytest.mark.parametrize("shown", ALL, ids=list(SCREENS))
def test_lines_hold_every_row(shown: Sheet) -> None:
    """In lines every row or choice has its number, and what to type stands at the end."""
    text = "\n".join(as_lines(shown))
    assert all(shown.says(row) in text for row in shown.shown.rows)
    if shown.way in {"rows", "numbers"}:
        assert f"  {len(shown.shown.rows)}) " in text
    assert asked_by_line(shown).endswith("quit]: ")


def test_lines_show_what_was_marked_before() -> None:
    """Come back to in lines, a screen says how its rows were marked, as a line says all of them anew."""
    mind = sheet("mind", marks={"complex_social_factor": YES, "crisis_care_primary_source": UNKNOWN})
    first, second, third = [line for line in as_lines(mind) if line.startswith("  ")]
    assert first.endswith("(yes before)")
    assert "before" not in second
    assert third.endswith("(not known before)")


def echoes() -> Iterator[tuple[Sheet, dict[str, Mark], str]]:
    """Screens with marks, and what is said of them afterwards."""
    mind = sheet("mind")
    first, second, third = (row.id for row in mind.shown.rows)
    says = [mind.voice.says(row.say) for row in mind.shown.rows]
    yield (
        mind,
        {first: YES, second: UNKNOWN, third: NO},
        f"Health: Yes: {says[0]}. Not known: {says[1]}. No to the other 1.",
    )
    yield mind, dict.fromkeys((first, second, third), NO), "Health: No to all 3."
    yield sheet("age"), {"age": 46}, "Age: 46."


@pytest.mark.parametrize(("shown", "marks", "said"), list(echoes()))
def test_what_was_said_stays_to_be_read(shown: Sheet, marks: dict[str, Mark], said: str) -> None:
    """After a screen one sentence tells what was marked, so that a slip is seen."""
    assert echo(shown, marks) == said


def test_sensitive_rows_say_so() -> None:
    """Rows about violence, overdose, drugs or race say that they are asked in private."""
    for shown in ALL:
        for row in shown.shown.rows:
            assert ("in private" in shown.says(row)) is row.private


def test_numbers_are_known() -> None:
    """The fake person knows which rows ask for a number, as the screens do."""
    assert [one for one, shown in zip(SCREENS, ALL, strict=True) if is_number(shown)] == [
        one for one, shown in zip(SCREENS, ALL, strict=True) if shown.way == "numbers"
    ]
