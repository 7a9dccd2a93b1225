"""What a typed reply means: a move, a choice, several, or a checked line; and what is refused, without an echo."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.base.values import MESSAGES, Value, phone
from calaim_cli.talk.prompt import Move, Prompt, Refusal, exclusive, read_reply

COLORS = {"red": "Red", "dark_blue": "Dark blue, as the sea", "green": "Green", "none": "None of these"}


def short(text: str) -> Value:
    """A word of at most five letters, kept in lower case."""
    return Value(text.lower()) if len(text) <= 5 else Value(text, "at most five letters")


asked = partial(Prompt, where="color", text="Which color?")
ONE = asked(options=COLORS)
SEVERAL = asked(options=COLORS, several=True)
LINE = asked(check=short)
WORD = asked(words=("yes", "no", "change"))
KINDS = {"one": ONE, "several": SEVERAL, "line": LINE, "word": WORD}


@pytest.mark.parametrize("prompt", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(
    ("typed", "move"),
    [
        ("back", Move.BACK),
        ("  BACK \n", Move.BACK),
        ("?", Move.HELP),
        ("Help", Move.HELP),
        ("quit", Move.QUIT),
        ("Quit\r\n", Move.QUIT),
    ],
)
def test_moves_are_always_understood(prompt: Prompt, typed: str, move: Move) -> None:
    """Back, help and quit work at every question, however they are written."""
    assert read_reply(prompt, typed) is move


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "word"])
@pytest.mark.parametrize("typed", ["dk", "DK\n", "don't know", "Don\u2019t  know", "dont know", "unknown"])
def test_dont_know_is_understood_where_it_is_a_reply(kind: str, typed: str) -> None:
    """Nobody has to invent an answer, with a straight or a curly apostrophe."""
    settings: dict[str, dict[str, Any]] = {
        "one": {"options": COLORS},
        "several": {"options": COLORS, "several": True},
        "line": {},
    }
    assert read_reply(asked(dont_know=True, **settings[kind]), typed) is Move.DONT_KNOW


@pytest.mark.parametrize("typed", ["dk", "don't know"])
def test_dont_know_is_no_consent(typed: str) -> None:
    """Where a person has to say yes or no, not knowing is refused and never kept as an answer."""
    assert isinstance(read_reply(WORD, typed), Refusal)


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("1", "red"),
        (" 2 \n", "dark_blue"),
        ("02", "dark_blue"),
        ("4", "none"),
        ("red", "red"),
        ("Dark Blue, as the SEA", "dark_blue"),
        ("dark_blue", "dark_blue"),
        ("none of these", "none"),
    ],
)
def test_choice_is_a_number_or_its_words(typed: str, reply: str) -> None:
    """A choice is taken by its number, its words or its id, in any case."""
    assert read_reply(ONE, typed) == reply


@pytest.mark.parametrize("typed", ["0", "5", "-1", "1.0", "1,2", "re", "blue", "100", "\u0661", "\u00b2"])
def test_anything_else_is_no_choice(typed: str) -> None:
    """A number out of range, half a word or a digit of another script is asked again, never guessed."""
    refused = read_reply(ONE, typed)
    assert isinstance(refused, Refusal)
    assert "1 to 4" in refused.message


@pytest.mark.parametrize("typed", ["y", "Y", "n", "true", "1"])
def test_first_letter_is_no_choice_elsewhere(typed: str) -> None:
    """Where other things are chosen among, a letter stands for none of them; a 1 is the first."""
    reply = read_reply(ONE, typed)
    assert reply == "red" if typed == "1" else isinstance(reply, Refusal)


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("yes", "yes"),
        (" Yes \n", "yes"),
        ("YES", "yes"),
        ("no", "no"),
        ("NO", "no"),
        ("n", "no"),
        ("N\n", "no"),
        ("change", "change"),
        ("y", "type the whole word, yes, no or change"),
        ("ye", "type the whole word, yes, no or change"),
        ("Chang", "type the whole word, yes, no or change"),
        ("", "type yes, no or change"),
        ("1", "type yes, no or change"),
        ("yes.", "type yes, no or change"),
        ("yes yes", "type yes, no or change"),
        ("ok", "type yes, no or change"),
        ("don't know", "type yes, no or change"),
    ],
)
def test_consent_is_a_whole_word(typed: str, reply: str) -> None:
    """Only the whole word is a yes; a single n is a no, as that stops; whatever else is typed is asked again."""
    given = read_reply(WORD, typed)
    assert (given.message if isinstance(given, Refusal) else given) == reply


@pytest.mark.parametrize("typed", ["not known", "Not  Known", "unknown", "don't know", "dk"])
def test_not_known_is_a_word_where_it_is_one(typed: str) -> None:
    """Whoever does not know may say it in other words, where not knowing is among the replies."""
    assert read_reply(asked(words=("yes", "no", "not known")), typed) == "not known"


@given(typed=st.text(max_size=12))
def test_nothing_else_is_a_yes(typed: str) -> None:
    """Whatever is typed, it is a yes only if it says so in full."""
    assert (read_reply(WORD, typed) == "yes") == (typed.strip().casefold() == "yes")


@pytest.mark.parametrize("prompt", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("typed", ["\x1b[A", "red\x1b[2J", "yes\x1b[D", "\x9b31mred", "re\x7fd", "1\x00", "a\x85b"])
def test_escape_sequences_are_not_kept(prompt: Prompt, typed: str) -> None:
    """Arrow keys at a plain line, and sequences in what is pasted, are no part of an answer: it is asked again."""
    refused = read_reply(prompt, typed)
    assert isinstance(refused, Refusal)
    assert refused.message.isprintable()


def test_pasted_line_is_kept_without_its_marks() -> None:
    """What a terminal puts around a pasted text is not taken for a part of it, in no prompt."""
    assert read_reply(asked(), "\x1b[200~Ann\x1b[201~\n") == "Ann"
    assert read_reply(ONE, "\x1b[200~red\x1b[201~") == "red"


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("1,3", ("red", "green")),
        ("3, 1", ("red", "green")),
        ("3 , 1", ("red", "green")),
        ("1 3", ("red", "green")),
        ("1;3", ("red", "green")),
        ("1,1,3,", ("red", "green")),
        ("red, GREEN", ("red", "green")),
        ("2", ("dark_blue",)),
        ("Dark blue, as the sea", ("dark_blue",)),
        ("dark_blue,1", ("red", "dark_blue")),
        ("4", ("none",)),
        ("none", ("none",)),
    ],
)
def test_several_are_listed(typed: str, reply: tuple[str, ...]) -> None:
    """Several choices come as numbers or words, in any order, each kept once in the order shown."""
    assert read_reply(SEVERAL, typed) == reply


@pytest.mark.parametrize("typed", ["1,5", "0", "1,x", "1-3", ",", "red green"])
def test_one_bad_choice_refuses_all(typed: str) -> None:
    """With one choice that is none, nothing is kept: half an answer would look like a whole one."""
    refused = read_reply(SEVERAL, typed)
    assert isinstance(refused, Refusal)
    assert "such as 1,3" in refused.message


@pytest.mark.parametrize("typed", ["1,4", "none, red"])
def test_none_of_these_is_chosen_alone(typed: str) -> None:
    """None of these together with something is a contradiction, and is asked again."""
    refused = read_reply(SEVERAL, typed)
    assert isinstance(refused, Refusal)
    assert "cannot be combined" in refused.message


def test_menu_choices_follow_the_same_rules() -> None:
    """What a menu gives is held to the rules of a typed line: something is chosen, and "none" alone."""
    assert exclusive(SEVERAL, ("red", "green")) == ("red", "green")
    assert exclusive(SEVERAL, ("none",)) == ("none",)
    nothing = exclusive(SEVERAL, ())
    assert isinstance(nothing, Refusal)
    assert "press Space" in nothing.message, "Enter alone chooses nothing, and says what does"
    assert isinstance(exclusive(SEVERAL, ("red", "none")), Refusal)
    assert exclusive(asked(options=COLORS, several=True, optional=True), ()) == ()


@pytest.mark.parametrize(
    ("settings", "reply"),
    [
        pytest.param({"earlier": "ann"}, "ann", id="keeps a line"),
        pytest.param({"earlier": "green", "options": COLORS}, "green", id="keeps a choice"),
        pytest.param({"earlier": ("red",), "options": COLORS, "several": True}, ("red",), id="keeps several"),
        pytest.param({"optional": True}, "", id="skips"),
        pytest.param({"optional": True, "earlier": "ann"}, "ann", id="keeps rather than skips"),
    ],
)
def test_enter_keeps_or_skips(settings: dict[str, Any], reply: str | tuple[str, ...]) -> None:
    """Enter alone keeps what was said before, or skips what may be left out."""
    assert read_reply(asked(**settings), " \n") == reply


@pytest.mark.parametrize("prompt", KINDS.values(), ids=KINDS)
def test_enter_alone_is_no_answer(prompt: Prompt) -> None:
    """Where an answer is needed and none was given, Enter is refused: there is no hidden default."""
    refused = read_reply(prompt, "\n")
    assert isinstance(refused, Refusal)
    assert "needed" in refused.message or prompt.words
    assert "don't know" not in refused.message


def test_enter_points_to_dont_know() -> None:
    """Who presses Enter for want of an answer learns that not knowing is one."""
    refused = read_reply(asked(dont_know=True), "")
    assert isinstance(refused, Refusal)
    assert "don't know" in refused.message


def test_enter_keeps_nothing_that_is_wrong() -> None:
    """A value of a file that does not pass its check cannot be kept by Enter: the person is told while she is there."""
    kept = read_reply(asked(earlier="12345", check=phone), "")
    assert isinstance(kept, Refusal)
    assert kept.message == MESSAGES["phone-format"]


@pytest.mark.parametrize(("typed", "reply"), [("Ann\n", "ann"), ("  Bo  ", "bo"), ("dk", "dk"), ("1", "1")])
def test_line_is_checked_and_kept(typed: str, reply: str) -> None:
    """A typed line is kept as its check keeps it, without the spaces around it."""
    assert read_reply(LINE, typed) == reply


def test_line_without_check_is_kept() -> None:
    """Where anything may be said, it is kept as typed."""
    assert read_reply(asked(), " As it is \n") == "As it is"


def test_refusal_says_what_is_accepted() -> None:
    """A wrong line is answered by what is wanted, in the words of its check."""
    assert read_reply(LINE, "Alexander") == Refusal("at most five letters")


@given(typed=st.from_regex(r"[A-Z]{3}7[A-Z]{4}", fullmatch=True))
@pytest.mark.parametrize("prompt", KINDS.values(), ids=KINDS)
def test_wrong_reply_is_not_echoed(prompt: Prompt, typed: str) -> None:
    """What was typed by mistake, perhaps a name or a number, is never repeated on the screen."""
    refused = read_reply(prompt, typed)
    assert isinstance(refused, Refusal)
    assert typed not in refused.message


@given(typed=st.text(max_size=30))
@pytest.mark.parametrize("prompt", KINDS.values(), ids=KINDS)
def test_any_line_is_a_reply_or_refused(prompt: Prompt, typed: str) -> None:
    """Whatever is typed, the answer is a move, one of the choices, a checked line, or a refusal; never a crash."""
    reply = read_reply(prompt, typed)
    if isinstance(reply, tuple):
        assert prompt.several
        assert set(reply) <= set(prompt.options)
    elif isinstance(reply, str):
        assert reply in (prompt.options or prompt.words or (reply,))
    else:
        assert isinstance(reply, Move | Refusal)


@pytest.mark.parametrize("options", [{}, {"a": "One", "b": "Two"}], ids=["text", "choice"])
def test_hyphen_removes_what_may_be_left_out(options: dict[str, str]) -> None:
    """What was given before and need not be is removed by a hyphen; where something is needed it is a wrong reply."""
    prompt = partial(Prompt, where="x", text="X?", options=options, check=short, earlier="a")
    assert read_reply(prompt(optional=True), " - ") == ""
    assert isinstance(read_reply(prompt(check=lambda typed: Value(typed, "bad")), "-"), Refusal)
