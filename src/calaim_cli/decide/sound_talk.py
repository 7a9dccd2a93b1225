"""Is what is asked and said sound? The interview's screens, situations, keeping Medi-Cal, what follows a referral."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from calaim_cli.base.errors import Problem
from calaim_cli.base.values import Value, month
from calaim_cli.decide.criteria import empty_rules, misfits, unsaid
from calaim_cli.decide.follow_up import NUDGE_PLACES, PAGE_PLACES
from calaim_cli.decide.plausible import absent, repeated
from calaim_cli.policy.coverage import CoverageOutcome
from calaim_cli.policy.follow_up import ENGLISH, KNOWN_STATUSES, REASON, UNTIL, Clock, Page
from calaim_cli.policy.policy import COVERAGE, FOLLOW_UP, TALK, Policy, subjects_named
from calaim_cli.policy.questions import NONE_OF_THESE, Kind, Question, read_answer
from calaim_cli.policy.rules import criteria_of
from calaim_cli.policy.talk import Answered, Row, Situation

MOST_ROWS: Final = 19  # with the keys below them they fill a terminal of 24 lines
LONGEST: Final = {"row": 80, "name": 40, "why": 80, "note": 140}
MOST_NAMED: Final = 5
VOICES: Final = ("you", "member", "child", "foster")
"""Who is spoken to or of; the interview chooses among these by the age."""
PLACE: Final = re.compile(r"{[^{}]*}?|}")
"""A place in a sentence for what is filled in, or half of one."""


def unfilled(text: str, known: Iterable[str]) -> list[str]:
    """The places in a text that are none of those known, each with its braces; half a place is one."""
    return sorted({*PLACE.findall(text)}.difference(known))


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
        yield Problem(where, "rows", f"has {len(screen.rows)} rows, and at most {MOST_ROWS} fit: split it in two")
    if not screen.rows or not (screen.title or screen.follows):
        yield Problem(where, "screen", "give it rows, and a `title` or the screen that it `follows`")
    groups = [one.id for one in screens[:n] if not one.follows]
    if screen.follows and screen.follows not in groups[-1:]:
        yield Problem(f"{where}: follows", "order", "does not come right after that screen: move it there")
    for text in (screen.title, screen.say, screen.note):
        yield from _voiced(text, where, policy)
    for row in screen.rows:
        at = f'{where}: row "{row.id}"'
        yield from _row(row, at, policy)
        if any(place[one] >= n for one in (row.after, screen.after) if one):
            yield Problem(f"{at}: after", "order", "is on this screen or a later one: name a row that is asked earlier")
        choices = policy.questions[row.asks].choices if row.asks else {}
        if choices and (len(screen.rows) > 1 or len(choices) > MOST_ROWS):
            yield Problem(f"{at}: asks", "row", f"choices need a screen of their own, and fit {MOST_ROWS} at most")


def _row(row: Row, where: str, policy: Policy) -> Iterator[Problem]:
    yield from _values(row.yes, f"{where}: yes", policy, Kind.NUMBER)
    yield from _values(row.no, f"{where}: no", policy)
    yield from _voiced(row.say, where, policy)
    part_of, asks = (policy.questions[name].kind if name else None for name in (row.part_of, row.asks))
    missing = ", ".join(name for name in row.names if name not in row.say)
    checks = (
        (": yes", False in row.yes.values(), "a mark means yes: put `false` in `no`"),
        (": part_of", part_of not in {None, Kind.CHOICE}, "is not a question with one choice"),
        (": asks", asks in {Kind.YES_NO, Kind.CHOICES}, "`asks` is only for a number or one choice: use `yes`"),
        ("", not (row.questions or row.part_of), "its marks answer nothing: add `yes`, `no` or `asks`"),
        (": rules_out", row.id in row.rules_out, "rules out itself"),
        (": names", missing, f'"{missing}" is not in the words of the row'),
        ("", (row.may_be or row.must_be) and row.no, "a row that is not for everyone cannot close others: remove `no`"),
    )
    yield from (Problem(f"{where}{key}", "row", words) for key, wrong, words in checks if wrong)


def _voiced(text: str, where: str, policy: Policy) -> Iterator[Problem]:
    """Problems of a text in its voices: braces that no voice fills, and lines that are too long."""
    voices = policy.talk_file.voice
    filled = {f"{{{name}}}" for voice in voices for name in voice.words if name.isidentifier()}
    if unknown := unfilled(text, filled):
        lone = "a brace is not closed, or not opened"
        words = lone if unknown[0] in "{}" else f"no voice has a word for {unknown[0]}: see [[voice]]"
        yield Problem(where, "braces", words)
    elif longest := [voice.id for voice in voices if len(voice.says(text)) > LONGEST["row"]]:
        most = LONGEST["row"]
        yield Problem(where, "long", f'is longer than {most} characters in the voice "{longest[0]}": say it shorter')


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
    about = [[row for row in screen.rows if question.id in {*row.questions, row.part_of}] for screen in full]
    if not full:
        yield Problem(where, "not-asked", "no screen has it in `answers`: nobody could be asked")
    for screen, rows in zip(full, about, strict=True):
        if not rows:
            yield Problem(where, "not-asked", f'no row of screen "{screen.id}" answers it: add one')
    parted = [all(row.may_be or row.must_be for row in rows) for rows in about]
    if any(not one and not other for one, other in combinations(parted, 2)):
        yield Problem(where, "asked-twice", "two screens answer it for the same members: remove one")
    rows = [row for screen in screens for row in screen.rows]
    if not any(row.asks == question.id for row in rows):
        for choice in question.choices.keys() - {NONE_OF_THESE} - {row.yes.get(question.id) for row in rows}:
            yield Problem(where, "not-asked", f'no row ticks "{choice}": add one')
    ticked = [screen for screen in screens if any(question.id in row.yes for row in screen.rows)]
    if question.kind is Kind.CHOICES and len(ticked) > 1 and not _any_counts(question, policy):
        yield _not_any(question.id, where)


def _any_counts(question: Question, policy: Policy) -> bool:
    """Whether an incomplete list is safe: any choice of it counts, so the unknown ones cannot change the result."""
    tests = [one for one in policy.criteria.values() if one.question == question.id]
    return question.kind is not Kind.CHOICES or all(one.any_choice for one in tests)


def _not_any(question: str, where: str) -> Problem:
    words = f'an incomplete list would answer no to the rest of "{question}": keep it on one screen'
    return Problem(where, "list", words)


def unsound_situations(policy: Policy) -> Iterator[Problem]:
    """Problems of situations: what they name is there, rests on the rules, is of no single plan, and fits a screen."""
    for situation in policy.talk_file.situation:
        where, thoughts = f'{TALK}: situation "{situation.id}"', [one.id for one in situation.think_of]
        # Empty, longer than people take in, or with something twice.
        for key, ids in (("think_of", thoughts), ("asked_first", situation.asked_first)):
            if not 1 <= len(ids) <= MOST_NAMED:
                words = f"has {len(ids)}: give 1 to {MOST_NAMED}, the ones that matter most"
                yield Problem(f"{where}: {key}", "length", words)
            for name, _ in repeated(ids):
                yield Problem(f"{where}: {key}", "duplicate-id", f'"{name}" appears twice: keep one')
        texts = [("name", situation.name), ("note", situation.note)]
        texts += [(f'think_of "{one.id}": why', one.why) for one in situation.think_of]
        for key, text in texts:
            if len(text) > (most := LONGEST[key.rpartition(" ")[2]]):
                yield Problem(f"{where}: {key}", "long", f"is longer than {most} characters: say it shorter")
        for contact in policy.counties_file.contact:
            if contact.id in situation.call and contact.plan:
                words = f'"{contact.id}" is for members of one plan, and the member\'s own plan is named anyway'
                yield Problem(f"{where}: call", "one-plan", f"{words}: remove it")
        unknown = tuple(absent(f"{where}: think_of", "program", thoughts, [one.id for one in policy.entries]))
        yield from unknown or _beside_the_point(situation, where, policy)


def _beside_the_point(situation: Situation, where: str, policy: Policy) -> Iterator[Problem]:
    """A problem for each row to ask first that answers nothing on which a thought rests."""
    subjects = subjects_named([one.id for one in situation.think_of], policy)
    asked = policy.questions_of(criteria_of(*(rule for one in subjects for rule in one.parts.values())))
    for row in (row for screen in policy.talk_file.screen for row in screen.rows):
        if row.id in situation.asked_first and row.questions.isdisjoint(asked):
            words = f'row "{row.id}" answers nothing that the programs of think_of rest on: remove it, or add one'
            yield Problem(f"{where}: asked_first", "row", words)


def unsound_coverage(policy: Policy) -> Iterator[Problem]:
    """Problems of keeping Medi-Cal, whose references are all there: learning more never turns a reason back."""
    # What no rule uses any more may stay: a court's word is then a matter of one line.
    for criterion in policy.coverage_file.criterion:
        where = f'{COVERAGE}: criterion "{criterion.id}"'
        for check in (misfits, unsaid):
            yield from check(criterion, policy.answerable[criterion.question], where)
    for entry in policy.coverage_file.coverage:
        where = f'{COVERAGE}: coverage "{entry.id}"'
        if any(one.none_of for one in entry.rule.rules):
            words = "a reason must not disappear when more is known: write it without"
            yield Problem(f"{where}: rule: none_of", "none-of", words)
        yield from empty_rules(entry.rule, f"{where}: rule")
        if entry.outcome is CoverageOutcome.ASK:
            yield Problem(f"{where}: outcome", "outcome", "no reason leads to ask: choose another")
    day, renewals = policy.coverage_file.in_force, policy.coverage_file.renewal
    if (named := f"{day:%B} {day.day}, {day.year}") not in policy.coverage_file.not_yet:
        words = f"does not name {named}, which is the day of `in_force`: let both say the same"
        yield Problem(f"{COVERAGE}: not_yet", "not-in-text", words)
    for one in renewals:
        if one.before and month(one.before) != Value(one.before):
            yield Problem(f'{COVERAGE}: renewal "{one.id}": before', "month", 'give a month, such as "2027-03"')
    if not renewals or renewals[-1].yearly or renewals[-1].before or renewals[-1].month_known:
        yield Problem(f"{COVERAGE}: renewal", "renewal", "the last one has to fit everyone: give it no condition")


def unsound_follow_up(policy: Policy) -> Iterator[Problem]:
    """Problems of statuses, clocks, reminders and pages."""
    data = policy.follow_up_file
    for known in KNOWN_STATUSES:
        if known not in data.statuses:
            yield Problem(f'{FOLLOW_UP}: status "{known}"', "missing-status", "the program knows it by name: add it")
    if data.status and data.status[0].id != KNOWN_STATUSES[0]:
        yield Problem(f"{FOLLOW_UP}: status", "first-status", f'"{KNOWN_STATUSES[0]}" has to be the first')
    for one in data.status:
        if one.takes not in {"", REASON, UNTIL}:
            yield Problem(f'{FOLLOW_UP}: status "{one.id}": takes', "takes", f'give "{REASON}" or "{UNTIL}"')
    for clock in data.clock:
        yield from _clock(clock, f'{FOLLOW_UP}: clock "{clock.id}"')
    yield from _filled(data.nudge.lines, NUDGE_PLACES, f"{FOLLOW_UP}: nudge: lines")
    languages = [page.language for page in data.page]
    if ENGLISH not in languages:
        words = f'there is no page in English (language "{ENGLISH}"): add it'
        yield Problem(f"{FOLLOW_UP}: page", "missing-page", words)
    for language, number in repeated(languages):
        yield Problem(f'{FOLLOW_UP}: page "{language}"', "duplicate-id", f"appears {number} times; keep one")
    for page in data.page:
        yield from _page(page, f'{FOLLOW_UP}: page "{page.name}"', policy)


HOURS: Final = 24  # of a day


def _clock(clock: Clock, where: str) -> Iterator[Problem]:
    if [clock.working_days, clock.days, clock.months_before_renewal].count(None) != 2:  # noqa: PLR2004 of three
        yield Problem(where, "clock", "give one of working_days, days and months_before_renewal")
    if clock.before_end and clock.working_days is None:
        yield Problem(f"{where}: before_end", "clock", "only working days are counted backward: give working_days")
    if clock.before_end != bool(clock.ask_after_end):
        yield Problem(f"{where}: ask_after_end", "clock", "before_end goes with ask_after_end, for the time after it")
    said = re.findall(r"\b([0-9]+) (?:(?:working|business|calendar) )?(day|hour)s?\b", f"{clock.text} {clock.ask}")
    days = {int(number) // (HOURS if unit == "hour" else 1) for number, unit in said}
    lasts = clock.working_days or clock.days
    # Other numbers beside the clock's own are no slip: an appeal has days of its own.
    if lasts and days and lasts not in days:
        words = f"text and ask name other numbers than {lasts}, its days: let them say the same"
        yield Problem(where, "not-in-text", words)
    if not clock.own and clock.grade is None:
        yield Problem(f"{where}: grade", "missing-key", "say how well it is known: A, B, C or U")


def _page(page: Page, where: str, policy: Policy) -> Iterator[Problem]:
    if page.language != ENGLISH and not page.reviewed_by:
        words = "name the person who has read it for members who speak the language, or leave the page out"
        yield Problem(f"{where}: reviewed_by", "not-reviewed", words)
    lines = [line for section in page.sections for line in section.lines]
    yield from _filled(lines, {*PAGE_PLACES, *(one.id for one in policy.counties_file.contact)}, f"{where}: lines")
    for one in ("ecm", "chw", *policy.services):
        if one not in page.asked:
            yield Problem(f"{where}: asked.{one}", "missing-key", "say in plain words what is asked for")
    if sum(section.lists_asked for section in page.sections) != 1:
        yield Problem(f"{where}: sections", "lists-asked", "one section has to list what is asked for: lists_asked")


def _filled(lines: Iterable[str], names: Iterable[str], where: str) -> Iterator[Problem]:
    known = {f"{{{name}}}" for name in names}
    for place in (place for line in lines for place in unfilled(line, known)):
        yield Problem(where, "place", f"nothing fills {place}: remove it, or use a place that is known")
