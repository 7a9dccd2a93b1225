"""The interview as screens: what to show next, and what the marks on its rows answer. Pure; nothing is kept or printed.

A talk's state is the answers it started from and the marks so far. "Not known" is an answer that stays, so nobody is
asked for what could no longer change a result.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from calaim_cli.decide.determination import Decide, decider
from calaim_cli.decide.wanted import Wanted, spans_of, wanted_for
from calaim_cli.policy.places import County
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome, Program, Subject, subject_id
from calaim_cli.policy.questions import (
    DONT_KNOW,
    NONE_OF_THESE,
    Answer,
    Kind,
    Question,
    TruthsOf,
    in_doubt,
    truth_of,
    truths_of,
)
from calaim_cli.policy.rules import Truth
from calaim_cli.policy.talk import Implied, Row, Screen

Mark = Truth | int | str
"""How a row was left: true, not known or no; the number or the choice where one is asked for."""
Marks = Mapping[str, Mark]
"""Marks by row id. A row that has none was not asked yet: that is not a no."""
Answers = dict[str, Answer]


class Placed(NamedTuple):
    row: Row
    screen: Screen


class Talk(NamedTuple):
    """What a talk is to settle, and all that it may show; made once by `talk_about`."""

    screens: tuple[Screen, ...]
    policy: Policy
    truths_of: TruthsOf
    placed: dict[str, Placed]  # by row id
    answering: dict[str, tuple[Placed, ...]]  # by question, in the order of the screens
    wanted: dict[str, Wanted]
    deciders: dict[str, Decide]
    whole: frozenset[str]  # the lists that hold all their choices once they are answered


class Said(NamedTuple):
    """The answers of a talk so far; `followed` names for each that nobody gave the fact that it follows from."""

    answers: Answers
    followed: dict[str, Implied]


class Shown(NamedTuple):
    """A screen with those of its rows that can still change a result."""

    screen: Screen
    rows: tuple[Row, ...]


class Standing(NamedTuple):
    """How a subject stands: its outcome, the questions that can change it, and those that nobody could answer."""

    outcome: Outcome
    open: tuple[str, ...]
    not_known: tuple[str, ...]


def to_settle(named: Sequence[Program], policy: Policy, county: County | None, plan: str) -> tuple[Subject, ...]:
    """The subjects an interview settles: what was named, or ECM, CHW and the services.

    A whole program stands for itself: belonging to one population is enough for ECM, so the others are not pursued.
    Services that the plan does not offer in the county are left out unless they were named.
    """
    entries = named or policy.programs_file.program
    programs = {entry.id for entry in entries}
    services = [one.service for one in policy.subjects if one.service and one.program in programs]
    offered = {one for one in services if policy.offered(plan, one, county) is not False}
    return tuple(one for one in policy.subjects if one.entry in entries or one.service in offered)


def talk_about(subjects: Sequence[Subject], policy: Policy, first: Collection[str] = ()) -> Talk:
    """A talk that settles these subjects. Rows about questions that the policy does not have are never shown.

    The rows in `first`, by their ids, come before the others of their screens.
    """
    screens = policy.talk_file.screen
    placed = {row.id: Placed(row, screen) for screen in screens for row in screen.rows}
    return Talk(
        tuple(replace(one, rows=tuple(sorted(one.rows, key=lambda row: row.id not in first))) for one in screens),
        policy,
        truths_of(policy.criteria.values()),
        placed,
        {
            question: tuple(one for one in placed.values() if question in {*one.row.questions, one.row.part_of})
            for question in policy.questions
        },
        {subject_id(one): wanted_for(one) for one in subjects},
        {subject_id(one): decider(one) for one in subjects},
        # Of a list of which any choice counts, one may be all that was asked for.
        frozenset(one.question for one in policy.criteria.values() if one.has_any_of),
    )


def open_to(talk: Talk, answers: Mapping[str, Answer]) -> dict[str, frozenset[str]]:
    """For each subject the questions without an answer that can still change its outcome."""
    spans = spans_of(talk.policy.criteria, answers, talk.truths_of(answers))
    return {
        one: frozenset(talk.policy.criteria[name].question for name in wanted(spans))
        for one, wanted in talk.wanted.items()
    }


def standing(talk: Talk, subject: str, answers: Mapping[str, Answer]) -> Standing:
    """How far the talk has come for one subject."""
    found = talk.deciders[subject](talk.truths_of(answers))
    still_open = open_to(talk, answers)[subject]
    missing = {talk.policy.criteria[name].question for name in found.missing}
    return Standing(
        found.outcome,
        tuple(one for one in talk.policy.questions if one in still_open),
        tuple(one for one in talk.policy.questions if one in missing and one in answers),
    )


def not_known(talk: Talk, answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """The questions answered by "not known", wholly or in part, whose answer could still change a result."""
    doubtful = {one for one, answer in answers.items() if in_doubt(answer)}
    again = open_to(talk, {one: answer for one, answer in answers.items() if one not in doubtful})
    return tuple(
        one for one in talk.policy.questions if one in doubtful and any(one in several for several in again.values())
    )


# What is shown


def screen_after(talk: Talk, marks: Marks, start: Mapping[str, Answer]) -> Shown | None:
    """The screen to show next with its rows, or None when nothing that is still unknown can change a result."""
    return next(_screens_left(talk, marks, start), None)


def screens_left(talk: Talk, marks: Marks, start: Mapping[str, Answer]) -> int:
    """About how many screens are still to come: follow-ups are not counted before their screen was answered."""
    return sum(not shown.screen.follows for shown in _screens_left(talk, marks, start))


def _screens_left(talk: Talk, marks: Marks, start: Mapping[str, Answer]) -> Iterator[Shown]:
    answers = answers_of_marks(talk, marks, start).answers
    still_open = frozenset[str]().union(*open_to(talk, answers).values())

    def to_show(row: Row, screen: Screen) -> bool:
        # A row is there for the questions that its screen answers; where it has none of those, for any of its own.
        there_for = {*(row.questions.intersection(screen.answers) or row.questions), row.part_of}
        for other in screen.rows:
            if other.no_needs == row.id and _may_close(talk, other, marks, answers):
                there_for.update(other.no)
        asked = _truth(talk, row, marks, answers) is not None or not _may_close(talk, row, marks, answers)
        return not (there_for.isdisjoint(still_open) or asked) and _applies(talk, Placed(row, screen), marks, answers)

    for screen in talk.screens:
        if rows := tuple(row for row in screen.rows if to_show(row, screen)):
            yield Shown(screen, rows)


def _applies(talk: Talk, placed: Placed, marks: Marks, answers: Mapping[str, Answer]) -> bool:
    """Whether the row is for this member: by age and situation, and by the row that opens its screen."""
    row, screen = placed
    if any(_met(talk, one, answers) is Truth.NO for one in (row.may_be, screen.may_be) if one):
        return False
    if row.must_be and _met(talk, row.must_be, answers) is not Truth.YES:
        return False
    return not any(one and _closed(talk, one, marks, answers) for one in (row.after, screen.after))


def _met(talk: Talk, criterion: str, answers: Mapping[str, Answer]) -> Truth:
    test = talk.policy.criteria[criterion]
    return truth_of(test, answers[test.question]) if test.question in answers else Truth.UNKNOWN


def _closed(talk: Talk, gate: str, marks: Marks, answers: Mapping[str, Answer]) -> bool:
    """Whether a row is no, together with the one that it needs for that."""
    row = talk.placed[gate].row
    both = (row, talk.placed[row.no_needs].row) if row.no_needs else (row,)
    return all(_truth(talk, one, marks, answers) is Truth.NO for one in both)


def _may_close(talk: Talk, row: Row, marks: Marks, answers: Mapping[str, Answer]) -> bool:
    """Whether a no to the row can answer: not while the row that it needs is true, or nobody knows of it."""
    needed = talk.placed[row.no_needs].row if row.no_needs else row
    settled = needed is not row and not needed.yes.keys() - answers.keys()
    return not settled or _truth(talk, needed, marks, answers) is Truth.NO


def _truth(talk: Talk, row: Row, marks: Marks, answers: Mapping[str, Answer]) -> Truth | None:
    """Whether the row is true, as marked or as answers leave no other way; None: it has to be asked.

    What a tick would answer otherwise than it is answered is no; what a no would answer otherwise is true.
    """
    mark = marks.get(row.id)
    if mark is not None:
        return mark if isinstance(mark, Truth) else Truth.YES
    if any(one in answers and _rules_out(talk, one, value, answers[one]) for one, value in row.yes.items()):
        return Truth.NO
    given = ((answers.get(one, DONT_KNOW), _answer_from(talk, one, value)) for one, value in row.no.items())
    return Truth.YES if any(answer not in {DONT_KNOW, by_no} for answer, by_no in given) else None


def _rules_out(talk: Talk, question: str, value: Answer, answer: Answer) -> bool:
    """Whether an answer leaves no room for what a tick would answer."""
    if isinstance(answer, tuple) and question in talk.whole:
        return not {value, DONT_KNOW} & {*answer}
    return answer in {False, NONE_OF_THESE, (NONE_OF_THESE,)}


def _answer_from(talk: Talk, question: str, value: Answer) -> Answer:
    """A value of the data as an answer: a choice of a list is a list of one."""
    several = question in talk.policy.questions and talk.policy.questions[question].kind is Kind.CHOICES
    return (str(value),) if several else value


# What is answered


def marked(shown: Shown, ticks: Marks, rest: Truth) -> dict[str, Mark]:
    """A mark for each row of the screen when it is ended: the empty ones are no, or not known.

    A row that asks for a number or a choice, and has no "no", stays without a mark then and is shown again.
    """
    left = [row for row in shown.rows if row.id not in ticks and not (rest is Truth.NO and row.asks and not row.no)]
    return {**ticks, **{row.id: rest for row in left}}


def answers_of_marks(talk: Talk, marks: Marks, start: Mapping[str, Answer]) -> Said:
    """What was said before and what the marks answer, with the facts that follow from both.

    An answer that the talk started from stays as it is.
    """
    answers = dict(start)
    for screen in talk.screens:
        if any(row.id in marks for row in screen.rows):
            touched = dict.fromkeys(one for row in screen.rows for one in (*row.questions, row.part_of))
            for question in touched:
                if question in talk.policy.questions and question not in start:
                    answer = _answer(talk, question, marks, answers)
                    if answer is not None:
                        answers[question] = answer
    return _with_what_follows(talk, answers)


def _answer(talk: Talk, question: str, marks: Marks, answers: Mapping[str, Answer]) -> Answer | None:
    """What the marks so far answer to a question. A row that closes it goes before all that was said behind it."""
    rows = [one for one in talk.answering[question] if _applies(talk, one, marks, answers)]
    for row, _ in rows:
        if question in row.no and row.id in marks and _closed(talk, row.id, marks, answers):
            return _answer_from(talk, question, row.no[question])
    truths = {row.id: _truth(talk, row, marks, answers) for row, _ in rows}
    ticks = [one for one in rows if question in one.row.yes]
    found: Answer | None = None
    match talk.policy.questions[question].kind:
        case Kind.YES_NO:
            found = _yes_no(question, ticks, truths, marks)
        case Kind.CHOICES:
            found = _choices(talk.policy.questions[question], ticks, truths)
        case Kind.CHOICE:
            ticked = [row.yes[question] for row, _ in ticks if marks.get(row.id) is Truth.YES]
            together = {truths[row.id] for row, _ in rows if row.part_of == question}
            found = ticked[0] if ticked else NONE_OF_THESE if together == {Truth.NO} else None
        case Kind.NUMBER:  # is never ticked
            pass
    return _typed(question, rows, marks) if found is None else found


def _yes_no(question: str, ticks: Sequence[Placed], truths: Mapping[str, Truth | None], marks: Marks) -> Answer | None:
    """Yes by any tick; no or not known only from a screen that answers the question, once all its rows are marked."""
    for answering in dict.fromkeys(screen.id for _, screen in ticks if question in screen.answers):
        on_it = [truths[row.id] for row, screen in ticks if screen.id == answering]
        if None not in on_it:
            return True if Truth.YES in on_it else DONT_KNOW if Truth.UNKNOWN in on_it else False
    return True if any(marks.get(row.id) is Truth.YES for row, _ in ticks) else None


def _choices(question: Question, ticks: Sequence[Placed], truths: Mapping[str, Truth | None]) -> Answer | None:
    """The choices ticked, and "not known" beside them; none of these only when every row on any screen is no."""
    several = {truths[row.id] for row, _ in ticks}
    ticked = {row.yes[question.id] for row, _ in ticks if truths[row.id] is Truth.YES}
    chosen = [choice for choice in question.choices if choice in ticked]
    if not ticked and (None in several or not several):
        return None
    if Truth.UNKNOWN in several:
        return (*chosen, DONT_KNOW) if chosen else DONT_KNOW
    return tuple(chosen) or (NONE_OF_THESE,)


def _typed(question: str, rows: Sequence[Placed], marks: Marks) -> Answer | None:
    """The number or choice given on a row of its own, or "not known" where that or the row it hangs on is not known."""
    typed = [marks[row.id] for row, _ in rows if row.asks == question and row.id in marks]
    typed += [marks[row.id] for row, _ in rows if question in row.not_known and marks.get(row.id) is Truth.UNKNOWN]
    given = next((one for one in typed if not isinstance(one, Truth)), None)
    return DONT_KNOW if given is None and Truth.UNKNOWN in typed else given


def _with_what_follows(talk: Talk, answers: Answers) -> Said:
    """The answers with every fact that follows from them, and from such facts, where nothing was said."""
    followed: dict[str, Implied] = {}
    while True:
        found = {
            question: fact
            for fact in reversed(talk.policy.talk_file.implied)
            if all(one.question in answers and truth_of(one, answers[one.question]) is Truth.YES for one in fact.when)
            for question in fact.then
            if question in talk.policy.questions and question not in answers
        }
        if not found:
            return Said(answers, followed)
        answers |= {one: _answer_from(talk, one, fact.then[one]) for one, fact in found.items()}
        followed |= found
