"""Near names: suggested, never taken; and what a person typed, made safe to print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.base.wording import LONGEST_SHOWN, did_you_mean, name_key, near_names, one_of, shown, telling_words
from strategies import unhurried

KNOWN = ("asthma_remediation", "day_habilitation", "housing_deposits", "respite")


@pytest.mark.parametrize("typed", ["day_habilitation", "day-habilitation", "Day  Habilitation", " DAY HABILITATION "])
def test_spelling_of_an_id_does_not_matter(typed: str) -> None:
    """Case, blanks, hyphens and underscores are no reason to refuse a name."""
    assert name_key(typed) == name_key("day_habilitation")


def test_different_names_stay_different() -> None:
    """A letter more or less makes another name."""
    assert name_key("respite") != name_key("respites")


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        pytest.param("respit", ("respite",), id="letter-lost"),
        pytest.param("HOUSING-DEPOSIT", ("housing_deposits",), id="other-spelling"),
        pytest.param("zzz", (), id="nothing-near"),
        pytest.param("", (), id="nothing-typed"),
    ],
)
def test_near_names_come_as_they_are_known(typed: str, names: tuple[str, ...]) -> None:
    """A suggestion is a known name as it is written in the policy, and nothing when none is near."""
    assert near_names(typed, KNOWN) == names


def test_nearest_name_comes_first_and_few_are_given() -> None:
    """At most three suggestions are made, the best one first."""
    assert near_names("abcd", ("abcx", "abcd", "abc", "abcde", "abce")) == ("abcd", "abcde", "abc")
    assert len(near_names("abcd", ("abcx", "abcd", "abc", "abcde"), most=1)) == 1


def test_how_alike_names_have_to_be_can_be_asked_for() -> None:
    """Where a wrong hint does harm, only names that differ in little are suggested."""
    assert near_names("respected", KNOWN) == ("respite",)
    assert near_names("respected", KNOWN, least=0.8) == ()
    assert near_names("respit", KNOWN, least=0.8) == ("respite",)


@unhurried
@given(st.text(max_size=30))
def test_only_known_names_are_suggested(typed: str) -> None:
    """Whatever is typed, a suggestion is one of the known names."""
    assert set(near_names(typed, KNOWN)) <= set(KNOWN)


def test_suggestion_is_a_question_or_nothing() -> None:
    """A near name is asked about; without one there is no empty question."""
    assert did_you_mean("respit", KNOWN) == "did you mean respite?"
    assert did_you_mean("zzz", KNOWN) == ""


@pytest.mark.parametrize(
    ("names", "words"), [(("a",), "a"), (("a", "b"), "a or b"), (("a", "b", "c"), "a, b or c")], ids=["1", "2", "3"]
)
def test_choices_in_words(names: tuple[str, ...], words: str) -> None:
    """A list of choices reads as a person would say it."""
    assert one_of(names) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Leaving the hospital", {"leaving", "hospital"}),
        ("leaving_hospital, LEAVING-Hospital!", {"leaving", "hospital"}),
        ("out of the home", {"out", "home"}),
        ("of the", set()),
        ("", set()),
    ],
)
def test_words_that_tell_something(text: str, words: set[str]) -> None:
    """Two texts are compared by their words, however they are joined, and not by "the" or "of"."""
    assert telling_words(text) == words


def test_typed_text_is_shown_in_quotes() -> None:
    """Ordinary text comes back as typed, accents too, so that the person knows it again."""
    assert shown("Peña Street") == '"Peña Street"'


def test_long_text_is_cut() -> None:
    """Text pasted by mistake does not flood the screen: it is cut where it gets too long, and not before."""
    assert shown("x" * LONGEST_SHOWN) == f'"{"x" * LONGEST_SHOWN}"'
    assert shown("x" * (LONGEST_SHOWN + 1)) == f'"{"x" * LONGEST_SHOWN}..."'


@unhurried
@given(st.text(alphabet=st.characters(), max_size=80))
def test_nothing_shown_can_steer_a_terminal(typed: str) -> None:
    """No control character, line break or direction mark that was typed reaches the terminal."""
    assert shown(typed).isprintable()
