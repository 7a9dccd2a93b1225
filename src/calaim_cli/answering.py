"""Floor 5: the answers in a row's cells: what they decide for a request, and the section of the draft that says so.

Few things of a policy rest on any one answer. So each cell, each determination and each line is worked out once and
remembered, and a row with answers that nobody gave before is put together from them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from calaim_cli.body import Said, requested, said
from calaim_cli.case import AGE
from calaim_cli.catalog import Catalog
from calaim_cli.errors import Problem
from calaim_cli.message import quoted_printable
from calaim_cli.programs import Subject, subject_id
from calaim_cli.questions import Answer, Question, read_answer
from calaim_cli.rowcase import answer, keyer, questions_of
from calaim_cli.rules import MOST_REMEMBERED, UNSEEN, Memory, Truth, criteria_of, remembered
from calaim_cli.screening import Screener, with_age


class Answered(Struct, frozen=True):
    """The section on what is requested as it stands in a message, and the warnings that rest on the answers."""

    section: bytes
    warnings: tuple[Problem, ...]


class _Given(Struct, frozen=True):
    """What a cell says: an answer, () for none, with the truths that follow."""

    answer: Answer
    truths: dict[str, Truth]


Say = Callable[[Mapping[str, Truth]], Said]
Read = Callable[[str], _Given | None]


class Answering:
    """Decides rows of one header for what they request, by a screener for all subjects of the policy."""

    def __init__(self, columns: Sequence[str], catalog: Catalog, screener: Screener) -> None:
        self._catalog, self._screener = catalog, screener
        self._cells: list[tuple[int, str, Read]] = [
            (n, question.id, self._reader(question)) for n, question in questions_of(columns, catalog.questions).items()
        ]
        self._key = keyer(n for n, _, _ in self._cells)
        self._sayers = {subject_id(one): self._sayer(one) for one in catalog.subjects}
        self._populations = [(one.program, subject_id(one)) for one in catalog.subjects if one.population]
        self._known = Memory[Hashable, Answered | None]()

    def decided(self, cells: Sequence[str], program: str, services: tuple[str, ...], age: int) -> Answered | None:
        """What the answers of a row decide for a request, for somebody of this age; None if one cannot be read."""
        key = (program, services, age, self._key(cells))
        known = self._known.get(key, UNSEEN)
        return self._known.keep(key, self._decide(cells, program, services, age)) if known is UNSEEN else known

    def _decide(self, cells: Sequence[str], program: str, services: tuple[str, ...], age: int) -> Answered | None:
        answers: dict[str, Answer] = {}
        truths = self._screener.tell({})
        for n, question, read in self._cells:
            given = read(cells[n])
            if given is None:
                return None
            if given.answer != ():
                answers[question] = given.answer
                truths.update(given.truths)
        answers, warnings = with_age(answers, age)
        truths.update(self._screener.tell.told(AGE, age))
        wanted = [self._sayers[one](truths) for one in services or (program,)]
        populations = [self._sayers[one](truths) for whole, one in self._populations if whole == program]
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
            return _Given(given, self._screener.tell.told(question.id, given))

        return read

    def _sayer(self, subject: Subject) -> Say:
        """What says for a row's truths what they come to for one program, population or service."""
        decide = self._screener.deciders[subject_id(subject)]
        return remembered(criteria_of(*subject.parts.values()), lambda truths: said(decide(truths), self._catalog))


@lru_cache(4 * MOST_REMEMBERED)
def _encoded(line: str) -> bytes:
    return quoted_printable(f"{line}\n")
