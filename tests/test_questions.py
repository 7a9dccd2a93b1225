"""Answers: read with every problem and no value quoted, then turned into truths."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.base.errors import Problem
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.questions import Answer, Criterion, Kind, Question, read_answer, read_answers, truths_of
from calaim_cli.policy.rules import Truth
from grades import HARDEST, grade, names_apart
from strategies import unhurried

LIKES_TEA = Question(id="likes_tea", topic="t", kind=Kind.YES_NO, ask="Tea?", help="Or not.")
CUPS = Question(id="cups", topic="t", kind=Kind.NUMBER, ask="Cups?", help="A day.", unit="cups", at_most=20)
STEPS = Question(id="steps", topic="t", kind=Kind.NUMBER, ask="Steps?", help="A day.", unit="steps")
COLOR = Question(
    id="color", topic="t", kind=Kind.CHOICE, ask="Color?", help="One.", choices={"red": "Red", "none": "None"}
)
FRUIT = Question(
    id="fruit",
    topic="t",
    kind=Kind.CHOICES,
    ask="Fruit?",
    help="Several.",
    choices={"apple": "Apple", "pear": "Pear", "plum": "Plum", "none": "None"},
)
QUESTIONS = {question.id: question for question in (LIKES_TEA, CUPS, STEPS, COLOR, FRUIT)}


def criterion(question: str, **test: Any) -> Criterion:  # noqa: ANN401 the tests of criteria differ in type
    """An invented criterion on a question."""
    return Criterion(id="it", text="It is so", question=question, source=("S",), **test)


@pytest.mark.parametrize(
    ("asked", "value", "answer"),
    [
        pytest.param(LIKES_TEA, True, True, id="yes"),
        pytest.param(LIKES_TEA, False, False, id="no"),
        pytest.param(CUPS, 0, 0, id="lowest"),
        pytest.param(CUPS, 20, 20, id="highest"),
        pytest.param(STEPS, 10**9, 10**9, id="no-highest"),
        pytest.param(COLOR, "red", "red", id="choice"),
        pytest.param(COLOR, "none", "none", id="choice-none"),
        pytest.param(FRUIT, ["plum"], ("plum",), id="one-of-several"),
        pytest.param(FRUIT, ["plum", "apple", "plum"], ("apple", "plum"), id="in-question-order-each-once"),
        pytest.param(FRUIT, ["none"], ("none",), id="none-of-these"),
        pytest.param(FRUIT, ["unknown", "plum"], ("plum", "unknown"), id="half-known"),
        pytest.param(FRUIT, ["unknown"], "unknown", id="nothing-known"),
        pytest.param(FRUIT, [], (), id="not-answered"),
        pytest.param(LIKES_TEA, "yes", True, id="yes-in-quotes"),
        pytest.param(LIKES_TEA, "N", False, id="first-letter-of-no"),
        pytest.param(COLOR, "Red", "red", id="words-of-a-choice"),
        pytest.param(FRUIT, ["PLUM", "Apple"], ("apple", "plum"), id="capitals"),
        pytest.param(FRUIT, ["None"], ("none",), id="none-with-a-capital"),
    ],
)
def test_good_answers_are_kept(asked: Question, value: object, answer: Answer) -> None:
    """An answer that fits its question is taken as given; several choices come in the order of the question."""
    assert read_answer(asked, value, "here") == answer


@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=list(QUESTIONS))
def test_every_question_takes_dont_know(asked: Question) -> None:
    """Nobody is made to guess: "unknown" answers a question of any kind."""
    assert read_answer(asked, "unknown", "here") == "unknown"


@pytest.mark.parametrize(
    ("asked", "value", "code"),
    [
        pytest.param(LIKES_TEA, "perhaps", "answer-kind", id="text-for-yes-no"),
        pytest.param(LIKES_TEA, 1, "answer-kind", id="number-for-yes-no"),
        pytest.param(LIKES_TEA, None, "answer-kind", id="null-for-yes-no"),
        pytest.param(CUPS, True, "answer-kind", id="yes-for-number"),
        pytest.param(CUPS, 2.0, "answer-kind", id="fraction-for-number"),
        pytest.param(CUPS, "two", "answer-kind", id="text-for-number"),
        pytest.param(CUPS, date(2026, 1, 2), "answer-kind", id="date-for-number"),
        pytest.param(CUPS, -1, "answer-range", id="below-zero"),
        pytest.param(CUPS, 21, "answer-range", id="above-highest"),
        pytest.param(COLOR, ["red"], "answer-kind", id="list-for-choice"),
        pytest.param(COLOR, "Reddish", "unknown-choice", id="near-word-for-choice"),
        pytest.param(FRUIT, ["apple, pear"], "not-separated", id="several-in-one"),
        pytest.param(COLOR, "", "unknown-choice", id="empty-choice"),
        pytest.param(FRUIT, "apple", "answer-kind", id="choice-for-several"),
        pytest.param(FRUIT, ["apple", 3], "answer-kind", id="number-among-choices"),
        pytest.param(FRUIT, {"apple": True}, "answer-kind", id="table-for-several"),
        pytest.param(FRUIT, ["apple", "fig"], "unknown-choice", id="unknown-among-choices"),
        pytest.param(FRUIT, ["none", "apple"], "choice-none", id="none-beside-another"),
        pytest.param(FRUIT, ["none", "unknown"], "choice-none", id="none-beside-not-known"),
        pytest.param(FRUIT, ["fig", "unknown"], "unknown-choice", id="unknown-choice-beside-not-known"),
    ],
)
def test_bad_answers_are_refused(asked: Question, value: object, code: str) -> None:
    """An answer of the wrong kind, out of range or with an unknown choice is a problem that names its place."""
    found = read_answer(asked, value, "answers.it")
    assert isinstance(found, Problem)
    assert (found.where, found.code) == ("answers.it", code)


def test_a_near_choice_is_suggested() -> None:
    """A misspelled choice is answered with the one that was probably meant; otherwise the choices are listed."""
    near, far = read_answer(FRUIT, ["aple"], "here"), read_answer(FRUIT, ["zzz"], "here")
    assert isinstance(near, Problem)
    assert isinstance(far, Problem)
    assert "did you mean apple?" in near.message
    assert "apple, pear, plum or none" in far.message


@pytest.mark.parametrize("typed", ["apple, pear", "apple/pear", "apple and pear", "apple; figs", "aple or plumm"])
def test_several_in_one_text_are_not_taken_for_one(typed: str) -> None:
    """A near name of one would lose the other, so that somebody is told how to give several."""
    found = read_answer(FRUIT, [typed], "here")
    assert isinstance(found, Problem)
    assert (found.code, "did you mean" in found.message) == ("not-separated", False)
    assert '["one", "two"]' in found.message


@pytest.mark.parametrize(("kind", "value"), [(Kind.CHOICE, "red"), (Kind.CHOICES, ["red"]), (Kind.CHOICES, "red")])
def test_question_that_lost_its_choices_is_a_problem_and_no_crash(kind: Kind, value: object) -> None:
    """`data check` asks for the answers of rows before anybody has seen that a question has no choices."""
    bare = Question(id="color", topic="t", kind=kind, ask="Color?", help="Any.")
    assert isinstance(read_answer(bare, value, "here"), Problem)


def test_one_choice_of_several_is_not_picked() -> None:
    """Where one choice is wanted and two are given, neither is suggested."""
    found = read_answer(COLOR, "red and none", "here")
    assert isinstance(found, Problem)
    assert (found.code, found.message) == ("unknown-choice", "unknown choice: the choices are red or none")


def test_range_is_told_in_its_unit() -> None:
    """A number out of range is met with the range and what is counted."""
    found = read_answer(CUPS, 21, "here")
    assert isinstance(found, Problem)
    assert "cups from 0 to 20" in found.message


def test_all_problems_are_found_at_once() -> None:
    """A case is mended in one go: every bad answer is listed, and the good ones are still read."""
    given_answers = {"likes_tea": "perhaps", "cups": 3, "fruit": ["fig"], "colour": "red"}
    answers, problems = read_answers(given_answers, QUESTIONS)
    assert answers == {"cups": 3}
    assert [(problem.where, problem.code) for problem in problems] == [
        ("answers.likes_tea", "answer-kind"),
        ("answers.fruit", "unknown-choice"),
        ("answers.colour", "unknown-question"),
    ]
    assert "did you mean color?" in problems[-1].message


def test_an_empty_list_means_not_answered() -> None:
    """No choice made is not the same as none of these: the question stays open."""
    assert read_answers({"fruit": []}, QUESTIONS) == ({}, ())


CANARY = "zq7canary"


@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=list(QUESTIONS))
@pytest.mark.parametrize("value", [CANARY, [CANARY], {CANARY: CANARY}], ids=["text", "list", "table"])
def test_no_problem_quotes_the_answer(asked: Question, value: object) -> None:
    """What was answered about a member never stands in an error message."""
    _, problems = read_answers({asked.id: value}, QUESTIONS)
    assert len(problems) == 1
    assert CANARY not in repr(problems)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@unhurried
@given(values=st.fixed_dictionaries({}, optional=dict.fromkeys(QUESTIONS, ANYTHING)))
def test_whatever_is_given_is_answer_or_problem(values: dict[str, object]) -> None:
    """No content of a case file breaks the reading: each value is kept, left out as empty, or refused."""
    answers, problems = read_answers(values, QUESTIONS)
    refused = {problem.where.removeprefix("answers.") for problem in problems}
    empty = {key for key, value in values.items() if value == []}
    assert answers.keys() | refused | empty == values.keys()
    assert not answers.keys() & refused


@pytest.mark.parametrize(
    ("tested", "answer", "truth"),
    [
        pytest.param(criterion("likes_tea"), True, Truth.YES, id="yes"),
        pytest.param(criterion("likes_tea"), False, Truth.NO, id="no"),
        pytest.param(criterion("cups", at_least=3), 2, Truth.NO, id="below-least"),
        pytest.param(criterion("cups", at_least=3), 3, Truth.YES, id="at-least"),
        pytest.param(criterion("cups", at_least=3), 4, Truth.YES, id="above-least"),
        pytest.param(criterion("cups", at_most=3), 2, Truth.YES, id="below-most"),
        pytest.param(criterion("cups", at_most=3), 3, Truth.YES, id="at-most"),
        pytest.param(criterion("cups", at_most=3), 4, Truth.NO, id="above-most"),
        pytest.param(criterion("cups", at_least=3, at_most=5), 2, Truth.NO, id="below-span"),
        pytest.param(criterion("cups", at_least=3, at_most=5), 3, Truth.YES, id="low-end-of-span"),
        pytest.param(criterion("cups", at_least=3, at_most=5), 5, Truth.YES, id="high-end-of-span"),
        pytest.param(criterion("cups", at_least=3, at_most=5), 6, Truth.NO, id="above-span"),
        pytest.param(criterion("cups", at_most=0), 0, Truth.YES, id="none-allowed"),
        pytest.param(criterion("color", one_of=("red", "blue")), "red", Truth.YES, id="one-of"),
        pytest.param(criterion("color", one_of=("red", "blue")), "none", Truth.NO, id="not-one-of"),
        pytest.param(criterion("color", any_choice=True), "red", Truth.YES, id="any-choice"),
        pytest.param(criterion("color", any_choice=True), "none", Truth.NO, id="no-choice"),
        pytest.param(criterion("fruit", has_any_of=("plum",)), ("apple", "plum"), Truth.YES, id="has"),
        pytest.param(criterion("fruit", has_any_of=("plum",)), ("apple",), Truth.NO, id="has-not"),
        pytest.param(criterion("fruit", any_choice=True), ("apple",), Truth.YES, id="any-of-several"),
        pytest.param(criterion("fruit", any_choice=True), ("none",), Truth.NO, id="none-of-several"),
        pytest.param(criterion("fruit", has_any_of=("plum",)), ("plum", "unknown"), Truth.YES, id="half-known-has"),
        pytest.param(criterion("fruit", has_any_of=("plum",)), ("apple", "unknown"), Truth.UNKNOWN, id="half-known"),
        pytest.param(criterion("fruit", any_choice=True), ("apple", "unknown"), Truth.YES, id="half-known-any"),
    ],
)
def test_criteria_test_answers(tested: Criterion, answer: Answer, truth: Truth) -> None:
    """A criterion is met exactly where the policy draws the line, the limit itself included."""
    assert truths_of([tested])({tested.question: answer}) == {"it": truth}


@pytest.mark.parametrize("answers", [{}, {"cups": "unknown"}], ids=["not-asked", "not-known"])
def test_unknown_never_becomes_no(answers: dict[str, Answer]) -> None:
    """A criterion whose question has no answer, or "unknown", is unknown, never no."""
    assert truths_of([criterion("cups", at_least=3)])(answers)["it"] is Truth.UNKNOWN


@unhurried
@given(
    ticked=st.sets(st.sampled_from(("apple", "pear", "plum"))),
    true=st.sets(st.sampled_from(("apple", "pear", "plum"))),
    tested=st.sets(st.sampled_from(("apple", "pear", "plum")), min_size=1),
)
def test_half_known_list_is_never_wrong(ticked: set[str], true: set[str], tested: set[str]) -> None:
    """What a half-known list settles holds whatever the choices that nobody knows of turn out to be."""
    tell = truths_of([criterion("fruit", has_any_of=tuple(tested))])
    half = read_answer(FRUIT, [*ticked, "unknown"], "here")
    whole = read_answer(FRUIT, list(ticked | true) or ["none"], "here")
    assert not isinstance(half, Problem)
    assert not isinstance(whole, Problem)
    assert tell({"fruit": half})["it"] in {Truth.UNKNOWN, tell({"fruit": whole})["it"]}


@unhurried
@given(cups=st.integers(0, 20), edge=st.integers(1, 20))
def test_two_sides_of_a_line_never_overlap(cups: int, edge: int) -> None:
    """Somebody counts as below the line or as above it: never as both, never as neither."""
    below = truths_of([criterion("cups", at_most=edge - 1)])({"cups": cups})["it"]
    above = truths_of([criterion("cups", at_least=edge)])({"cups": cups})["it"]
    assert below is above.opposite is not Truth.UNKNOWN


def test_many_members_are_told_apart() -> None:
    """The same question answered by one member after the other gives each her own truth, and none to the silent."""
    tell = truths_of([criterion("cups", at_least=3)])
    told = [tell(answers)["it"] for answers in ({"cups": 3}, {"cups": 2}, {}, {"cups": "unknown"}, {"cups": 3})]
    assert told == [Truth.YES, Truth.NO, Truth.UNKNOWN, Truth.UNKNOWN, Truth.YES]


# The words of the shipped questions and criteria

LONGEST = 90
NAMES = (
    "American Indian, Alaska Native or Pacific Islander",
    "California Children's Services (CCS)",
    "Adoption Assistance",
    "Community Health Worker",
    "Community Supports",
    "Coordinated Entry System",
    "Recuperative Care",
    "Community or Home Transition Services",
    "Home Modifications",
    "subacute",
)
"""Names of programs, places and peoples in questions: whoever put them in plainer words would ask something else."""


def test_questions_are_plain_to_hear(catalog: Policy) -> None:
    """Each question can be read aloud and is understood at once: short, and eighth grade or easier, names apart."""
    asked = {one.id: one.ask for one in catalog.questions.values()}
    assert {one: ask for one, ask in asked.items() if grade(names_apart(ask, NAMES)) > HARDEST} == {}
    assert {one: ask for one, ask in asked.items() if len(ask) > LONGEST} == {}
    assert [name for name in NAMES if not any(name in ask for ask in asked.values())] == []


def test_plain_questions_keep_their_window(catalog: Policy) -> None:
    """However plainly it is asked, a question that looks back some months names them."""
    for one in catalog.questions.values():
        words = " ".join((one.ask, one.help, *one.choices.values()))
        assert not one.months or re.search(rf"\b{one.months} months", words), one.id


SENSITIVE = re.compile(
    r"violence|overdose|suicide|drunk|substance use|\bdrugs\b|detox|HIV|Black|\bpartner\b", re.IGNORECASE
)


def test_what_is_hard_to_say_before_others_is_asked_in_private(catalog: Policy) -> None:
    """The help of a question about violence, overdose, drugs, HIV or descent says how to ask it, as its rows do."""
    rows = [row for screen in catalog.talk_file.screen for row in screen.rows if row.private]
    asked = {question for row in rows for question in row.yes}
    for one in catalog.questions.values():
        if one.id in asked or SENSITIVE.search(" ".join((one.ask, *one.choices.values()))):
            assert catalog.talk_file.private_say in one.help, one.id


def test_briefs_go_together_in_a_sentence(catalog: Policy) -> None:
    """What criteria say in brief can stand one beside the other in a result, and names nobody's race or ethnicity."""
    names = {word for one in catalog.criteria.values() for word in re.findall(r"(?<=\w )[A-Z]\S*", one.text)}
    for one in catalog.criteria.values():
        first = one.brief.split()[0]
        assert first[0] == first[0].lower() or first.isupper() or first in names, one.brief
        assert not re.search(r"[.:;]|\b(?:he|she|they|member|rac\w+|ethnic\w*|Black|Indian|Native)\b", one.brief), (
            one.brief
        )
