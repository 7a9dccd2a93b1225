"""Invented members as a table: one row each, a column per question, cells as `decide/sql.py` reads them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import people
from calaim_cli.policy.questions import DONT_KNOW, NONE_OF_THESE, Answer, Kind
from strategies import telling_values

Answers = dict[str, Answer]
Cell = str | int | None
QUESTIONS = tuple(people.policy().questions)
NUMBERS = {Kind.YES_NO, Kind.NUMBER}
TYPES = {one.id: "INTEGER" if one.kind in NUMBERS else "VARCHAR" for one in people.policy().questions.values()}


def members(count: int, seed: int = 2026) -> Iterator[Answers]:
    """The answers of so many members: likely ones and such at every step of the rules, partly or half known."""
    chance = random.Random(seed)  # noqa: S311 nothing secret is drawn
    policy = people.policy()
    edges = {one.id: telling_values(one, policy.criteria.values()) for one in policy.questions.values()}
    for number, person in enumerate(people.people(count, seed)):
        answers = dict(person.answers)
        for question in QUESTIONS:
            if chance.random() < (0.0, 0.1, 0.4)[number % 3]:
                answers[question] = chance.choice(edges[question])
            if chance.random() < (0.0, 0.05, 0.3, 0.8)[number // 3 % 4]:
                answers[question] = _less(answers[question], chance)
        yield answers


def _less(answer: Answer, chance: random.Random) -> Answer:
    """Less of the answer: a list without one of its choices and half known, all else not known."""
    if not isinstance(answer, tuple) or NONE_OF_THESE in answer or chance.random() < 0.3:
        return DONT_KNOW
    kept = [one for one in answer if len(answer) == 1 or one != chance.choice(answer)]
    return (*kept, DONT_KNOW)


def row_of(answers: Answers) -> tuple[Cell, ...]:
    """The cells of a member, in question order."""
    return tuple(cell_of(answers.get(question, DONT_KNOW)) for question in QUESTIONS)


def cell_of(answer: Answer) -> Cell:
    """The cell that holds an answer."""
    if answer == DONT_KNOW:
        return None
    return ";".join(answer) if isinstance(answer, tuple) else int(answer) if isinstance(answer, bool) else answer
