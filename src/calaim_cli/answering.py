"""Floor 5: the answers in a row's cells: what they decide for a request, and the section of the draft that says so.

Few things of a policy rest on any one answer. So each cell, each determination and each line is worked out once and
remembered, and a row with answers that nobody gave before is put together from them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from calaim_cli.body import Said, requested, said
from calaim_cli.case import AGE
from calaim_cli.catalog import Catalog
from calaim_cli.determination import decider
from calaim_cli.errors import Problem
from calaim_cli.message import quoted_printable
from calaim_cli.programs import Subject, subject_id
from calaim_cli.questions import Answer, Question, Teller, read_answer
from calaim_cli.rowcase import answer, picker, questions_of
from calaim_cli.rules import Truth, Truths, criteria_of, remembered
from calaim_cli.screening import with_age

MOST_REMEMBERED: Final = 2048
BETWEEN: Final = "\x1f"
"""Joins cells to one key. No answer that can be read holds it, so that equal keys mean equal cells."""


class Answered(Struct, frozen=True):
    """The section on what is requested as it stands in a message, and the warnings that rest on the answers."""

    section: bytes
    warnings: tuple[Problem, ...]


class _Given(Struct, frozen=True):
    """What a cell says: an answer, () for none, with the truths that follow."""

    answer: Answer
    truths: dict[str, Truth]


Say = Callable[[Truths], Said]
Read = Callable[[str], _Given | None]


class Answering:
    """Decides rows of one header for what they request."""

    def __init__(self, columns: Sequence[str], catalog: Catalog) -> None:
        self._catalog, self._teller = catalog, Teller(catalog.criteria.values())
        self._cells: list[tuple[int, str, Read]] = [
            (n, question.id, self._reader(question)) for n, question in questions_of(columns, catalog.questions).items()
        ]
        self._pick = picker(n for n, _, _ in self._cells)
        self._requests: dict[Hashable, tuple[list[Say], list[Say]]] = {}
        self._known: dict[Hashable, Answered | None] = {}

    def decided(self, cells: Sequence[str], program: str, services: tuple[str, ...], age: int) -> Answered | None:
        """What the answers of a row decide for a request, for somebody of this age; None if one cannot be read."""
        key = (program, services, age, BETWEEN.join(self._pick(cells)))
        if key not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = self._decide(cells, program, services, age)
        return self._known[key]

    def _decide(self, cells: Sequence[str], program: str, services: tuple[str, ...], age: int) -> Answered | None:
        answers: dict[str, Answer] = {}
        truths = self._teller({})
        for n, question, read in self._cells:
            given = read(cells[n])
            if given is None:
                return None
            if given.answer != ():
                answers[question] = given.answer
                truths.update(given.truths)
        answers, warnings = with_age(answers, age)
        truths.update(self._teller.told(AGE, age))
        wanted, populations = ([say(truths) for say in several] for several in self._sayers(program, services))
        lines = requested(wanted, populations, answers, self._catalog)
        return Answered(b"".join(map(_encoded, lines)), warnings)

    def _reader(self, question: Question) -> Read:
        @lru_cache(MOST_REMEMBERED)
        def read(cell: str) -> _Given | None:
            value = answer(cell, question) if cell.strip() else ()
            if value == ():
                return _Given((), {})
            given = read_answer(question, value, "") if value is not None else None
            if given is None or isinstance(given, Problem):
                return None
            return _Given(given, self._teller.told(question.id, given))

        return read

    def _sayers(self, program: str, services: tuple[str, ...]) -> tuple[list[Say], list[Say]]:
        """What says something of the program or services asked for, and of the program's populations."""
        key = (program, services)
        if key not in self._requests:
            by_id = {subject_id(one): one for one in self._catalog.subjects}
            populations = [one for one in by_id.values() if one.population and one.program == program]
            wanted = [by_id[one] for one in services or (program,)]
            self._requests[key] = ([self._sayer(one) for one in wanted], [self._sayer(one) for one in populations])
        return self._requests[key]

    def _sayer(self, subject: Subject) -> Say:
        decide = decider(subject)
        names = (name for rule in subject.parts.values() for name in criteria_of(rule))
        return remembered(names, lambda truths: said(decide(truths), self._catalog))


@lru_cache(4 * MOST_REMEMBERED)
def _encoded(line: str) -> bytes:
    return quoted_printable(f"{line}\n")
