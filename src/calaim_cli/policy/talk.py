"""The screens of the interview: rows that are ticked together, what their marks answer, and the facts that follow.

Beside them the situations that people tell of, each with the rows to ask first.
"""

from collections import defaultdict
from typing import Final

from msgspec import Struct

from calaim_cli.policy.programs import DataFile
from calaim_cli.policy.questions import Condition

Answered = dict[str, bool | int | str]
"""What a mark answers, by question: yes or no, a number, or a choice, which in a list is one more."""

MEMBER: Final = "member"  # the voice that speaks of the member
IN_PRIVATE = " (ask in private)"
"""Behind the words of a row that nobody else is to hear."""


class Voice(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is spoken to or of, with the words that stand for the names in braces."""

    id: str
    words: dict[str, str]

    def says(self, text: str) -> str:
        """The text in this voice. A word that it lacks is nothing: "you" has no ending where "your child" has an s."""
        return text.format_map(defaultdict(str, self.words))


class Row(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A statement to be marked true, not known or no, or one question whose number or choice is asked for (`asks`).

    `no` is what a row answers by itself when it is confirmed as no; with `no_needs` only if that row is no as well.
    """

    id: str
    say: str
    yes: Answered = {}
    asks: str = ""
    no: Answered = {}
    no_needs: str = ""
    not_known: tuple[str, ...] = ()  # the questions that nobody can answer then
    part_of: str = ""  # the question that all such rows settle together: "none" if all are no
    may_be: str = ""  # a criterion: shown unless that is not met
    must_be: str = ""  # a criterion: shown only if that is met
    after: str = ""  # a row: not shown once that one is no
    rules_out: tuple[str, ...] = ()  # rows that cannot be true once this one is no
    names: tuple[str, ...] = ()  # of programs and conditions, which are said as they are
    private: bool = False

    @property
    def questions(self) -> frozenset[str]:
        """Every question that some mark of the row answers."""
        return frozenset({*self.yes, *self.no, *([self.asks] if self.asks else ())})


class Screen(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rows that are ticked together. Only the questions in `answers` are fully answered: with no where nothing is true.

    One that `follows` another is asked right after it, and has its title, or its own where it is about something else.
    """

    id: str
    answers: tuple[str, ...]
    rows: tuple[Row, ...]
    title: str = ""
    follows: str = ""
    say: str = ""
    note: str = ""
    may_be: str = ""
    after: str = ""


class Implied(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"when": "if"}):
    """A fact that follows from answers by the words of the questions; the interview writes it where nothing is said."""

    id: str
    when: tuple[Condition, ...]
    then: Answered
    because: str
    source: tuple[str, ...]


class Thought(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A program, population or service that a situation makes one think of, and why."""

    id: str
    why: str


class Situation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people tell of: what to think of, likeliest first, the rows to ask first, the contacts to call."""

    id: str
    name: str
    think_of: tuple[Thought, ...]
    asked_first: tuple[str, ...]
    source: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    call: tuple[str, ...] = ()
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All that finds it: its id, its name and what else people say."""
        return (self.id, self.name, *self.aliases)


class TalkFile(DataFile, frozen=True, forbid_unknown_fields=True):
    """What `talk.toml` holds."""

    private_say: str = ""
    voice: tuple[Voice, ...] = ()
    screen: tuple[Screen, ...] = ()
    implied: tuple[Implied, ...] = ()
    situation: tuple[Situation, ...] = ()
