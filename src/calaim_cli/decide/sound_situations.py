"""Are the situations sound? What they name is there, rests on the rules, is of no single plan, and fits a screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from calaim_cli.base.errors import Problem
from calaim_cli.decide.plausible import absent
from calaim_cli.policy.policy import TALK, Policy, subjects_named
from calaim_cli.policy.rules import criteria_of
from calaim_cli.policy.talk import Situation

MOST: Final = 5
LONGEST: Final = {"name": 40, "why": 80, "note": 140}


def unsound_situations(policy: Policy) -> Iterator[Problem]:
    """Problems of situations; the rows and contacts that they name are there."""
    situations = policy.talk_file.situation
    for situation in situations:
        where = f'{TALK}: situation "{situation.id}"'
        yield from _listed(situation, where)
        texts = [("name", situation.name), ("note", situation.note)]
        texts += [(f'think_of "{one.id}": why', one.why) for one in situation.think_of]
        for key, text in texts:
            most = LONGEST[key.rpartition(" ")[2]]
            if len(text) > most:
                yield Problem(f"{where}: {key}", "long", f"is longer than {most} characters: say it shorter")
        for contact in policy.counties_file.contact:
            if contact.id in situation.call and contact.plan:
                words = f'"{contact.id}" is for members of one plan, and the member\'s own plan is named anyway'
                yield Problem(f"{where}: call", "one-plan", f"{words}: remove it")
        thoughts = [one.id for one in situation.think_of]
        unknown = tuple(absent(f"{where}: think_of", "program", thoughts, [one.id for one in policy.entries]))
        yield from unknown or _beside_the_point(situation, where, policy)


def _listed(situation: Situation, where: str) -> Iterator[Problem]:
    """Problems of the two lists: one is empty, longer than people take in, or holds something twice."""
    for key, ids in (("think_of", [one.id for one in situation.think_of]), ("asked_first", situation.asked_first)):
        if not 1 <= len(ids) <= MOST:
            yield Problem(f"{where}: {key}", "length", f"holds {len(ids)}: give 1 to {MOST}, those that matter most")
        for repeated in (one for one, times in Counter(ids).items() if times > 1):
            yield Problem(f"{where}: {key}", "duplicate-id", f'"{repeated}" appears twice: leave it one')


def _beside_the_point(situation: Situation, where: str, policy: Policy) -> Iterator[Problem]:
    """A problem for each row to ask first that answers nothing on which a thought rests."""
    subjects = subjects_named([one.id for one in situation.think_of], policy)
    asked = policy.questions_of(criteria_of(*(rule for one in subjects for rule in one.parts.values())))
    for row in (row for screen in policy.talk_file.screen for row in screen.rows):
        if row.id in situation.asked_first and row.questions.isdisjoint(asked):
            words = f'row "{row.id}" answers nothing that the programs of think_of rest on: remove it, or add one'
            yield Problem(f"{where}: asked_first", "row", words)
