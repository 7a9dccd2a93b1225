"""Floor 5: the answers in a row's cells: what they decide for a request, and the section of the draft that says so.

Few things of a policy rest on any one answer. So each cell, each determination and each line is worked out once and
remembered, and a row with answers that nobody gave before is put together from them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

from msgspec import Struct

from calaim_cli.body import Said, requested, said
from calaim_cli.case import AGE
from calaim_cli.catalog import Catalog
from calaim_cli.errors import Problem
from calaim_cli.message import quoted_printable
from calaim_cli.programs import Subject, subject_id
from calaim_cli.questions import Answer, Question, read_answer
from calaim_cli.rowcase import answer, keyer, picker, questions_of
from calaim_cli.rules import MOST_REMEMBERED, UNSEEN, Memory, Truth, criteria_of, remembered
from calaim_cli.screening import Screener, with_age


class Answered(Struct, frozen=True):
    """The section on what is requested as it stands in a message, and the warnings that rest on the answers."""

    section: bytes
    warnings: tuple[Problem, ...]


class _Given(Struct, frozen=True):
    """What some cells say: answers, with the truths that follow."""

    answers: dict[str, Answer]
    truths: dict[str, Truth]


Cells = Sequence[str]
Say = Callable[[Mapping[str, Truth]], Said]
Read = Callable[[Cells], _Given | None]
TOGETHER: Final = 4
"""So many cells are read at once: few enough that most have been met together before."""


class Answering:
    """Decides rows of one header for what they request, by a screener for all subjects of the policy."""

    def __init__(self, columns: Sequence[str], catalog: Catalog, screener: Screener) -> None:
        self._catalog, self._screener = catalog, screener
        asked = questions_of(columns, catalog.questions)
        places = list(asked)
        self._key = keyer(places)
        groups = [places[n : n + TOGETHER] for n in range(0, len(places), TOGETHER)]
        self._cells = [(picker(group), self._reader([asked[n] for n in group])) for group in groups]
        self._sayers = {subject_id(one): self._sayer(one) for one in catalog.subjects}
        self._populations: dict[str, list[Say]] = {}
        for one in catalog.subjects:
            if one.population:
                self._populations.setdefault(one.program, []).append(self._sayers[subject_id(one)])
        self._known = Memory[Hashable, Answered | None]()

    def decided(self, cells: Sequence[str], program: str, services: tuple[str, ...], age: int) -> Answered | None:
        """What the answers of a row decide for a request, for somebody of this age; None if one cannot be read."""
        key = (program, services, age, self._key(cells))
        known = self._known.get(key, UNSEEN)
        return self._known.keep(key, self._decide(cells, program, services, age)) if known is UNSEEN else known

    def _decide(self, cells: Sequence[str], program: str, services: tuple[str, ...], age: int) -> Answered | None:
        answers: dict[str, Answer] = {}
        truths = self._screener.tell({})
        for pick, read in self._cells:
            given = read(pick(cells))
            if given is None:
                return None
            answers.update(given.answers)
            truths.update(given.truths)
        answers, warnings = with_age(answers, age)
        truths.update(self._screener.tell.told(AGE, age))
        wanted = [self._sayers[one](truths) for one in services or (program,)]
        populations = [say(truths) for say in self._populations.get(program, ())]
        lines = requested(wanted, populations, answers)
        return Answered(b"".join(map(_encoded, lines)), warnings)

    def _reader(self, questions: Sequence[Question]) -> Read:
        """What reads the cells under these questions; it gives None where one of them cannot be read."""

        @lru_cache(MOST_REMEMBERED)
        def read(cells: Cells) -> _Given | None:
            answers: dict[str, Answer] = {}
            for question, cell in zip(questions, cells, strict=True):
                given = _answer(question, cell) if cell.strip() else ()
                if given is None:
                    return None
                if given != ():
                    answers[question.id] = given
            told = (self._screener.tell.told(question, given).items() for question, given in answers.items())
            return _Given(answers, dict(chain.from_iterable(told)))

        return read

    def _sayer(self, subject: Subject) -> Say:
        """What says for a row's truths what they come to for one program, population or service."""
        decide = self._screener.deciders[subject_id(subject)]
        return remembered(criteria_of(*subject.parts.values()), lambda truths: said(decide(truths), self._catalog))


def _answer(question: Question, cell: str) -> Answer | None:
    """What a cell answers, () for nothing; None where it cannot be read."""
    value = answer(cell, question)
    given = None if value is None else read_answer(question, value, "")
    return None if isinstance(given, Problem) else given


@lru_cache(4 * MOST_REMEMBERED)
def _encoded(line: str) -> bytes:
    return quoted_printable(f"{line}\n")
