"""Are the screens of the interview sound? Every question can be answered on them, in words that fit a screen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from string import Formatter
from typing import Final

from calaim_cli.base.errors import Problem
from calaim_cli.decide.criteria import misfits
from calaim_cli.policy.policy import TALK, Policy
from calaim_cli.policy.questions import NONE_OF_THESE, Kind, Question, read_answer
from calaim_cli.policy.talk import Answered, Row, Screen

MOST_ROWS: Final = 19  # with the keys below them they fill a terminal of 24 lines
LONGEST: Final = 80
VOICES: Final = ("you", "member", "child", "foster")
"""Who is spoken to or of; the interview chooses among these by the age."""


def unsound_talk(policy: Policy) -> Iterator[Problem]:
    """Problems of screens, rows and facts that follow; ids, criteria and questions that they name are there."""
    screens = policy.talk_file.screen
    for n in range(len(screens)):
        yield from _screen(n, policy)
    lacking = [one for one in VOICES if one not in {voice.id for voice in policy.talk_file.voice}]
    if lacking:
        yield Problem(f"{TALK}: voice", "voice", f'there is none with the id "{lacking[0]}": add it')
    for question in policy.questions.values():
        yield from _asked(question, policy)
    for fact in policy.talk_file.implied:
        for one in fact.when:
            yield from misfits(one, policy.questions[one.question], f'{TALK}: implied "{fact.id}": if')
        where = f'{TALK}: implied "{fact.id}": then'
        yield from _values(fact.then, where, policy)
        yield from (_not_any(one, where) for one in fact.then if not _any_counts(policy.questions[one], policy))


def _screen(n: int, policy: Policy) -> Iterator[Problem]:
    """Problems of a screen, by its number, and of its rows."""
    screens = policy.talk_file.screen
    screen, place = screens[n], {row.id: n for n, screen in enumerate(screens) for row in screen.rows}
    where = f'{TALK}: screen "{screen.id}"'
    if len(screen.rows) > MOST_ROWS:
        yield Problem(where, "rows", f"has {len(screen.rows)} rows: at most {MOST_ROWS} fit, so make it two")
    if not screen.rows or not (screen.title or screen.follows):
        yield Problem(where, "screen", "give it rows, and a `title` or the screen that it `follows`")
    groups = [one.id for one in screens[:n] if not one.follows]
    if screen.follows and screen.follows not in groups[-1:]:
        yield Problem(f"{where}: follows", "order", "stands behind another screen: put it right after this one")
    for text in (screen.title, screen.say, screen.note):
        yield from _voiced(text, where, policy)
    for row in screen.rows:
        at = f'{where}: row "{row.id}"'
        yield from _row(row, at, policy)
        if any(place[one] >= n for one in (row.after, screen.after) if one):
            yield Problem(f"{at}: after", "order", "is of this screen or a later one: name a row asked before")
        choices = policy.questions[row.asks].choices if row.asks else {}
        if choices and (len(screen.rows) > 1 or len(choices) > MOST_ROWS):
            yield Problem(f"{at}: asks", "row", f"one choice of several stands alone, and is of {MOST_ROWS} at most")


def _row(row: Row, where: str, policy: Policy) -> Iterator[Problem]:
    yield from _values(row.yes, f"{where}: yes", policy, Kind.NUMBER)
    yield from _values(row.no, f"{where}: no", policy)
    if False in row.yes.values():
        yield Problem(f"{where}: yes", "row", "a tick says yes: `false` belongs in `no`")
    if row.part_of and policy.questions[row.part_of].kind is not Kind.CHOICE:
        yield Problem(f"{where}: part_of", "row", "is no question with one choice")
    yield from _voiced(row.say, where, policy)
    if row.asks and policy.questions[row.asks].kind not in {Kind.NUMBER, Kind.CHOICE}:
        yield Problem(f"{where}: asks", "row", "only a number or one choice is asked for: use `yes`")
    if not (row.questions or row.part_of):
        yield Problem(where, "row", "its marks answer nothing: add `yes`, `no` or `asks`")
    if row.id in row.rules_out:
        yield Problem(f"{where}: rules_out", "row", "rules out itself")
    if missing := [name for name in row.names if name not in row.say]:
        yield Problem(f"{where}: names", "row", f'"{missing[0]}" is not in the words of the row')
    if (row.may_be or row.must_be) and row.no:
        yield Problem(where, "row", "a row that is not for everyone cannot close others: remove `no`")


def _voiced(text: str, where: str, policy: Policy) -> Iterator[Problem]:
    """Problems of a text in its voices: braces that no voice fills, and lines that are too long."""
    try:
        parts = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError:
        yield Problem(where, "braces", "a brace is not closed, or not opened")
        return
    if any(form or turned for _, _, form, turned in parts):
        yield Problem(where, "braces", "in braces stands a word of a voice alone")
        return
    braces = {str(name) for _, name, _, _ in parts}
    unknown = braces.difference(*(voice.words for voice in policy.talk_file.voice))
    if unknown:
        yield Problem(where, "braces", f"no voice has a word for {{{min(unknown)}}}: see [[voice]]")
    elif longest := [v.id for v in policy.talk_file.voice if len(v.says(text)) > LONGEST]:
        yield Problem(where, "long", f'is longer than {LONGEST} characters in the voice "{longest[0]}": say it shorter')


def _values(answered: Answered, where: str, policy: Policy, never: Kind | None = None) -> Iterator[Problem]:
    for name, value in answered.items():
        question = policy.questions[name]
        given = [value] if question.kind is Kind.CHOICES else value
        if question.kind is never or isinstance(read_answer(question, given, where), Problem):
            yield Problem(f"{where}.{name}", "row", "is no answer to this question that a row can give")


def _asked(question: Question, policy: Policy) -> Iterator[Problem]:
    """Problems of a question on the screens: it can be answered in full, each choice too, and in one place."""
    where, screens = f'{TALK}: question "{question.id}"', policy.talk_file.screen
    full = [screen for screen in screens if question.id in screen.answers]
    if not full:
        yield Problem(where, "not-asked", "no screen has it in `answers`: nobody could be asked")
    for screen in full:
        if not _rows_about(question, screen):
            yield Problem(where, "not-asked", f'no row of screen "{screen.id}" answers it: add one')
    parted = [all(row.may_be or row.must_be for row in _rows_about(question, screen)) for screen in full]
    if any(not one and not other for one, other in combinations(parted, 2)):
        yield Problem(where, "asked-twice", "two screens answer it for the same members: remove one")
    rows = [row for screen in screens for row in screen.rows]
    if not any(row.asks == question.id for row in rows):
        for choice in question.choices.keys() - {NONE_OF_THESE} - {row.yes.get(question.id) for row in rows}:
            yield Problem(where, "not-asked", f'no row ticks "{choice}": add one')
    ticked = [screen for screen in screens if any(question.id in row.yes for row in screen.rows)]
    if question.kind is Kind.CHOICES and len(ticked) > 1 and not _any_counts(question, policy):
        yield _not_any(question.id, where)


def _rows_about(question: Question, screen: Screen) -> list[Row]:
    return [row for row in screen.rows if question.id in {*row.questions, row.part_of}]


def _any_counts(question: Question, policy: Policy) -> bool:
    """Whether a list that may hold more than is known misleads nobody: of such a one any choice counts."""
    tests = [one for one in policy.criteria.values() if one.question == question.id]
    return question.kind is not Kind.CHOICES or all(one.any_choice for one in tests)


def _not_any(question: str, where: str) -> Problem:
    words = f'a list that is not whole would answer no to the rest of "{question}": keep it on one screen'
    return Problem(where, "list", words)
