"""The words and the sense of the interview's screens: plain to hear, and nothing left out or answered twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from calaim_cli.base.errors import Problem
from calaim_cli.decide.soundness import find_problems
from calaim_cli.policy import load
from calaim_cli.policy.policy import TALK, Policy
from calaim_cli.policy.talk import Row, Screen, Voice
from grades import HARDEST, grade, names_apart
from people import policy

SCREENS = policy().talk_file.screen
VOICES = policy().talk_file.voice
ROWS = [(screen, row) for screen in SCREENS for row in screen.rows]


def said(row: Row, voice: Voice) -> str:
    """The words of a row in a voice, with names that are short to read."""
    return names_apart(voice.says(row.say), row.names)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The cat sat on the mat.", -2.0, 1.0),
        ("How many times were you in an emergency room in the last 6 months?", 3.5, 7.0),
        ("The Australian platypus is seemingly a hybrid of a mammal and reptilian creature.", 10.0, 13.0),
    ],
)
def test_measure_tells_plain_from_hard(text: str, least: float, most: float) -> None:
    """The measure by which words are called plain gives known sentences about the grade that others give them."""
    assert least <= grade(text) <= most


@pytest.mark.parametrize("voice", VOICES, ids=[voice.id for voice in VOICES])
@pytest.mark.parametrize(("screen", "row"), ROWS, ids=[row.id for _, row in ROWS])
def test_rows_are_plain_to_hear(screen: Screen, row: Row, voice: Voice) -> None:
    """Somebody on the phone understands each row at once, in every voice: eighth grade or easier, names apart."""
    assert grade(said(row, voice)) <= HARDEST, said(row, voice)


def test_screens_open_in_plain_words() -> None:
    """What opens a screen, and what goes with it, is as plain as its rows."""
    texts = [text for screen in SCREENS for text in (screen.say, screen.note) if text]
    for voice in VOICES:
        for text in (*texts, policy().talk_file.private_say):
            assert grade(voice.says(text)) <= HARDEST, text


BANNED = re.compile(
    r"\b(?:complex|factors?|behavioral|criteria|eligib\w+|admission|qualif\w+|the member)\b", re.IGNORECASE
)


def test_rows_speak_to_the_member() -> None:
    """No row speaks in the terms of a manual, or of the member to the member; names are apart."""
    for _, row in ROWS:
        assert not BANNED.search(said(row, VOICES[0])), row.say


def test_rows_stand_on_their_own() -> None:
    """A row may be alone on its screen, or first where a situation wants it: it points to no other row."""
    pointing = re.compile(r"\b(?:those(?! that)|these|otherwise)\b|^If \S+ leaves?,", re.IGNORECASE)
    for _, row in ROWS:
        assert not pointing.search(said(row, VOICES[0])), row.say


def test_what_is_hard_to_say_before_others_is_marked() -> None:
    """Whoever asks about violence, overdose, drink, drugs or descent is told to do so in private."""
    sensitive = re.compile(r"violence|overdose|suicide|drunk|Black|\bpartner\b|detox|HIV|with alcohol", re.IGNORECASE)
    for _, row in ROWS:
        assert row.private or not sensitive.search(row.say), row.say


@pytest.mark.parametrize(
    ("voice", "words"),
    [
        ("you", "You do not want to go into a nursing home"),
        ("child", "Your child does not want to go into a nursing home"),
        ("member", "The member does not want to go into a nursing home"),
    ],
)
def test_voices(voice: str, words: str) -> None:
    """The same row speaks to the member, to a parent, and of somebody whose record is read."""
    row = next(row for _, row in ROWS if row.id == "wants_to_stay_in_community")
    assert next(one for one in VOICES if one.id == voice).says(row.say) == words


# What the check of the data says of screens


def changed(change: Callable[[dict[str, Any]], object]) -> Policy:
    """The policy with another talk."""
    folder = load.shipped()
    tables = {name: load.read_toml(folder / name) for name in load.SHAPES}
    change(tables[TALK])
    return load.policy_of(tables, folder)


def found(change: Callable[[dict[str, Any]], object]) -> set[str]:
    """The codes of what is wrong with the talk after a change."""
    problems: tuple[Problem, ...] = find_problems(changed(change))
    assert all(one.where.startswith(TALK) or TALK in one.where or "row" in one.where for one in problems), problems
    return {one.code for one in problems}


def screen_of(talk: dict[str, Any], name: str) -> dict[str, Any]:
    """The table of a screen."""
    return next(one for one in talk["screen"] if one["id"] == name)


def row_of(talk: dict[str, Any], name: str) -> dict[str, Any]:
    """The table of a row."""
    return next(row for one in talk["screen"] for row in one["rows"] if row["id"] == name)


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "question on no screen": (lambda talk: screen_of(talk, "home")["answers"].remove("housing"), "not-asked"),
    "choice on no row": (lambda talk: screen_of(talk, "home")["rows"].pop(1), "not-asked"),
    "answered without a row": (lambda talk: screen_of(talk, "birth")["answers"].append("is_tenant"), "not-asked"),
    "answered by two screens": (lambda talk: screen_of(talk, "chw")["answers"].append("ccs_enrolled"), "not-asked"),
    "asked of everyone twice": (lambda talk: row_of(talk, "can_live_in_community_r").pop("must_be"), "asked-twice"),
    "too many rows": (
        lambda talk: screen_of(talk, "coverage")["rows"].append(
            {"id": "more", "say": "More", "yes": {"is_tenant": True}}
        ),
        "rows",
    ),
    "too long": (lambda talk: row_of(talk, "asthma").update(say="{You} {have} asthma " * 5 + "now"), "long"),
    "brace not closed": (lambda talk: row_of(talk, "asthma").update(say="{You {have} asthma"), "braces"),
    "brace of no voice": (lambda talk: row_of(talk, "asthma").update(say="{Youse} {have} asthma"), "braces"),
    "name not said": (lambda talk: row_of(talk, "pace").update(names=["PEACE"]), "row"),
    "a mark that answers nothing": (lambda talk: row_of(talk, "asthma").update(no={}), "row"),
    "yes to a number": (lambda talk: row_of(talk, "is_tenant").update(yes={"age": True}), "row"),
    "choice of another list": (lambda talk: row_of(talk, "shelter").update(yes={"housing": "ghpp"}), "row"),
    "number for yes or no": (
        lambda talk: row_of(talk, "in_facility").update(no={"nursing_facility_resident": 0}),
        "row",
    ),
    "asks for a list": (lambda talk: row_of(talk, "ihss_status").update(asks="housing"), "row"),
    "id twice": (lambda talk: row_of(talk, "shelter").update(id="pace"), "duplicate-id"),
    "unknown question": (lambda talk: row_of(talk, "shelter").update(yes={"hosing": "shelter"}), "unknown-question"),
    "unknown row": (lambda talk: screen_of(talk, "limits").update(after="supports_never"), "unknown-row"),
    "unknown criterion": (lambda talk: row_of(talk, "ghpp").update(may_be="kid"), "unknown-criterion"),
    "unknown screen": (lambda talk: screen_of(talk, "birth").update(follows="house"), "unknown-screen"),
    "opened by a later row": (lambda talk: row_of(talk, "pace").update(after="asthma"), "order"),
    "follow-up elsewhere": (lambda talk: screen_of(talk, "birth").update(follows="home"), "order"),
    "gate for some": (lambda talk: row_of(talk, "asthma").update(may_be="child"), "row"),
    "list over two screens": (
        lambda talk: row_of(talk, "is_tenant")["yes"].update(housing="shelter"),
        "list",
    ),
    "fact about a part of a list": (lambda talk: talk["implied"][0].update(then={"housing": "shelter"}), "list"),
    "fact that is no answer": (lambda talk: talk["implied"][0].update(then={"is_tenant": "maybe"}), "row"),
    "fact from a test that does not suit": (
        lambda talk: talk["implied"][0].update({"if": [{"question": "housing", "at_least": 1}]}),
        "test-kind",
    ),
    "no voice for a child": (lambda talk: talk["voice"].__delitem__(2), "voice"),
    "screen without a title": (lambda talk: talk["screen"][0].pop("title"), "screen"),
    "word with a conversion": (lambda talk: row_of(talk, "is_tenant").update(say="{You!z} rent"), "braces"),
    "word with a format": (lambda talk: row_of(talk, "is_tenant").update(say="{You:d} rent"), "braces"),
    "choice among other rows": (
        lambda talk: row_of(talk, "nursing_facility_days").update(asks="ihss_status"),
        "row",
    ),
    "number out of range": (
        lambda talk: row_of(talk, "room_and_board_months_used")["no"].update(room_and_board_months_used=9999),
        "row",
    ),
    "tick that says no": (lambda talk: row_of(talk, "is_tenant")["yes"].update(is_tenant=False), "row"),
    "tick of a number": (lambda talk: row_of(talk, "is_tenant")["yes"].update(ed_visits_6_months=3), "row"),
    "row that rules out itself": (lambda talk: row_of(talk, "is_tenant").update(rules_out=["is_tenant"]), "row"),
    "part of a list": (lambda talk: row_of(talk, "ihss_has").update(part_of="housing"), "row"),
    "fact from no source": (lambda talk: talk["implied"][0].update(source=[]), "no-source"),
}


@pytest.mark.thorough
@pytest.mark.parametrize(("change", "code"), WRONG.values(), ids=list(WRONG))
def test_screens_that_would_ask_wrongly_are_refused(change: Callable[[dict[str, Any]], object], code: str) -> None:
    """Who edits the screens learns of what could not be asked, is asked twice, or answers what was not said."""
    assert code in found(change)


def test_shipped_screens_are_sound(catalog: Policy) -> None:
    """The screens that ship pass the check, and every question of the policy is on them."""
    assert find_problems(catalog) == ()
    assert {question for screen in SCREENS for question in screen.answers} == set(catalog.questions)
