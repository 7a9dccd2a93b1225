"""Questions, criteria and answers. Answers become truths here and nowhere else."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from calaim_cli.base.errors import Problem
from calaim_cli.base.wording import choice_of, did_you_mean, is_unknown, names_several, one_of, whole_number, yes_or_no
from calaim_cli.policy.rules import MOST_REMEMBERED, Rule, Truth, Truths

Answer = bool | int | str | tuple[str, ...]
"""What was given to a question: yes/no, a number, a choice id, or several choice ids; or DONT_KNOW.

Choice ids with DONT_KNOW behind them are a half-known list: these choices are true, and of the others nobody knows.
"""

DONT_KNOW: Final = "unknown"
NONE_OF_THESE: Final = "none"
ANSWER: Final = "{answer}"
"""The place in a criterion's sentence for a number, or for the choices made."""

TruthsOf = Callable[[Mapping[str, Answer]], Truths]


class Kind(StrEnum):
    """How a question is answered."""

    YES_NO = "yes_no"
    NUMBER = "number"
    CHOICE = "choice"
    CHOICES = "choices"


class Topic(Struct, frozen=True, forbid_unknown_fields=True):
    """A group of questions that belong together in a talk."""

    id: str
    title: str


class Question(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How we ask. `choices` gives each choice id its words, in the order shown; `none` excludes the others.

    `months` is how far back it looks, where it does: such an answer does not stay true.
    """

    id: str
    topic: str
    kind: Kind
    ask: str
    help: str
    unit: str = ""
    at_most: int | None = None
    choices: dict[str, str] = {}
    letter: dict[str, str] = {}  # of a choice, where a letter has other words than `choices`
    months: int = 0
    # Roughly the share that says yes, reaches a step or chooses any: it orders the interview and decides nothing.
    likely: float = 0.3  # how common a yes is: invented members are drawn by it


class Condition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A test of the answer to one question.

    One on a yes/no question is met by yes. Numbers are compared inclusively; `any_choice` is any choice but `none`.
    """

    question: str
    at_least: int | None = None
    at_most: int | None = None
    one_of: tuple[str, ...] = ()
    has_any_of: tuple[str, ...] = ()
    any_choice: bool = False


class Criterion(Condition, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the policy says, as a statement about a member that tests the answer to one question."""

    id: str
    text: str
    source: tuple[str, ...]
    brief: str = ""  # the same in a few words, for a result on one screen
    letter: str = ""
    in_letter: bool = True


class Contradiction(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Answers to two questions that cannot both be true: the rule is met, and the first count of `above` the larger.

    What is not known contradicts nothing.
    """

    id: str
    why: str
    source: tuple[str, ...]
    above: tuple[str, ...] = ()


def truths_of(criteria: Iterable[Criterion]) -> TruthsOf:
    """A function that turns answers into truths, one for each criterion id; it remembers what each answer comes to.

    A criterion whose question has no answer is unknown, never no.
    """
    by_question: dict[str, list[Criterion]] = {}
    for criterion in criteria:
        by_question.setdefault(criterion.question, []).append(criterion)
    unknown = Truths({one.id: Truth.UNKNOWN for several in by_question.values() for one in several})

    @lru_cache(MOST_REMEMBERED, typed=True)  # True equals 1
    def known(question: str, answer: Answer) -> dict[str, Truth]:
        return {one.id: truth_of(one, answer) for one in by_question.get(question, ())}

    def truths(answers: Mapping[str, Answer]) -> Truths:
        found = Truths(unknown)
        for question, answer in answers.items():
            found |= known(question, answer)
        return found

    return truths


def truth_of(condition: Condition, answer: Answer) -> Truth:
    """Whether the answer meets the condition: unknown by "don't know", and by a half-known list that does not."""
    if answer != DONT_KNOW and is_met(condition, answer):
        return Truth.YES
    return Truth.UNKNOWN if in_doubt(answer) else Truth.NO


def is_met(condition: Condition, answer: Answer) -> bool:
    """Whether the answer meets the condition as far as it is known; "don't know" alone is no such answer."""
    if isinstance(answer, bool):
        return answer
    if isinstance(answer, int):
        above = condition.at_least is None or answer >= condition.at_least
        return above and (condition.at_most is None or answer <= condition.at_most)
    chosen = {answer} if isinstance(answer, str) else set(answer)
    if condition.any_choice:
        return bool(chosen - {NONE_OF_THESE, DONT_KNOW})
    return not chosen.isdisjoint(condition.has_any_of or condition.one_of)


def in_doubt(answer: Answer) -> bool:
    """Whether the answer is "don't know", or a half-known list."""
    return DONT_KNOW in (answer if isinstance(answer, tuple) else (answer,))


def answered_by(question: Question) -> str:
    """What answers a question, in words; beside it "unknown" always does."""
    most = "" if question.at_most is None else f" to {question.at_most}"
    match question.kind:
        case Kind.YES_NO:
            return "true or false"
        case Kind.NUMBER:
            return f"a whole number of {question.unit} from 0{most}"
        case Kind.CHOICE | Kind.CHOICES:
            return f"{'any' if question.kind is Kind.CHOICES else 'one'} of {', '.join(question.choices)}"


def read_answers(
    given: Mapping[str, object], questions: Mapping[str, Question]
) -> tuple[dict[str, Answer], tuple[Problem, ...]]:
    """The answers of a case, checked against the questions, and every problem found; no value is quoted."""
    answers: dict[str, Answer] = {}
    problems: list[Problem] = []
    for key, value in given.items():
        question = questions.get(key)
        # Most answers are these.
        if isinstance(value, bool) and question and question.kind is Kind.YES_NO:
            answers[key] = value
            continue
        where = f"answers.{key}"
        if question is None:
            hint = did_you_mean(key, questions) or "'calaim questions' lists them"
            problems.append(Problem(where, "unknown-question", f"unknown question; {hint}"))
            continue
        answer = read_answer(question, value, where)
        if isinstance(answer, Problem):
            problems.append(answer)
        elif answer != ():  # an empty list means not answered
            answers[key] = answer
    return answers, tuple(problems)


def read_answer(question: Question, value: object, where: str) -> Answer | Problem:
    """The answer that `value` gives to the question, or the problem with it."""
    if isinstance(value, str) and is_unknown(value):
        return DONT_KNOW
    match question.kind:
        case Kind.YES_NO:
            flag = yes_or_no(value) if isinstance(value, str) else value
            return flag if isinstance(flag, bool) else _wrong_kind(where, "true, false")
        case Kind.NUMBER:
            return _number(question, value, where)
        case Kind.CHOICE:
            return _choice(question, value, where) if isinstance(value, str) else _wrong_kind(where, "one choice")
        case Kind.CHOICES:
            return _choices(question, value, where)


def _wrong_kind(where: str, wanted: str) -> Problem:
    return Problem(where, "answer-kind", f'wrong kind of answer: give {wanted} or "{DONT_KNOW}"')


def _number(question: Question, given: object, where: str) -> Answer | Problem:
    value = whole_number(given) if isinstance(given, str) else given
    if not isinstance(value, int) or isinstance(value, bool):
        return _wrong_kind(where, f"a whole number of {question.unit}")
    if value < 0 or (question.at_most is not None and value > question.at_most):
        return Problem(where, "answer-range", f"out of range: give {answered_by(question)}")
    return value


def _choice(question: Question, value: str, where: str) -> str | Problem:
    if chosen := choice_of(value, question.choices):
        return chosen
    several = names_several(value, (*question.choices, *question.choices.values()))
    if several and question.kind is Kind.CHOICES:
        return not_separated(where)
    hint = "" if several else did_you_mean(value, question.choices)
    # In data that are being written, or are not checked yet, a question may be without any.
    known = f"the choices are {one_of(question.choices)}" if question.choices else "the question has none"
    return Problem(where, "unknown-choice", f"unknown choice: {hint or known}")


def not_separated(where: str) -> Problem:
    """The problem with several choices in one text: a near name of one of them would lose the others."""
    return Problem(where, "not-separated", 'several in one text: list each one separately, such as ["one", "two"]')


def _choices(question: Question, value: object, where: str) -> Answer | Problem:
    if not isinstance(value, list | tuple) or not set(map(type, value)) <= {str}:
        return _wrong_kind(where, f'a list of choices, such as ["{next(iter(question.choices), NONE_OF_THESE)}"]')
    chosen = set()
    for one in value:
        choice = DONT_KNOW if is_unknown(one) else _choice(question, one, where)
        if isinstance(choice, Problem):
            return choice
        chosen.add(choice)
    if NONE_OF_THESE in chosen and len(chosen) > 1:
        return Problem(where, "choice-none", f'remove "{NONE_OF_THESE}", or remove the other choices')
    if chosen == {DONT_KNOW}:
        return DONT_KNOW
    return tuple(choice for choice in (*question.choices, DONT_KNOW) if choice in chosen)
