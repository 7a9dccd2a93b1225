"""Floor 0: three-valued rules. Knows criteria by id only and nothing of CalAIM.

The logic is strong Kleene, as in SQL: no < unknown < yes; all-of is the minimum, any-of the maximum,
none-of the maximum turned round. Unknown never becomes no.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from enum import IntEnum
from itertools import chain
from operator import itemgetter
from typing import Any, Final, TypeVar

from msgspec import Struct

K = TypeVar("K")
Found = TypeVar("Found")
MOST_REMEMBERED: Final = 2048
MANY_CRITERIA: Final = 12
UNSEEN: Final[Any] = object()
"""What a `Memory` gives for a key that was not looked for yet, where None is something that was found."""


class Truth(IntEnum):
    """What is known of a criterion, ordered so that minimum and maximum are "and" and "or"."""

    NO = 0
    UNKNOWN = 1
    YES = 2

    @property
    def opposite(self) -> Truth:
        """Yes for no, no for yes; unknown stays unknown."""
        return Truth(2 - self)


class Truths(dict[str, Truth]):
    """One truth per criterion id. A criterion that is not in it is unknown, never no."""

    def __missing__(self, criterion: str) -> Truth:
        """Unknown: nobody has said."""
        return Truth.UNKNOWN


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """All of these *and* any of these *and* none of these; a part is a criterion id or a further rule.

    A rule without any part is refused when the data are read: no criteria must not mean everyone.
    """

    all_of: tuple[str | Rule, ...] = ()
    any_of: tuple[str | Rule, ...] = ()
    none_of: tuple[str | Rule, ...] = ()


class Finding(Struct, frozen=True):
    """A truth with the criteria it rests on, each once.

    `deciding` alone settle it (enough, though not always the fewest; empty while it is unknown). `missing` can still
    settle it, and is empty exactly when it is settled.
    """

    value: Truth
    deciding: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


Evaluate = Callable[[Mapping[str, Truth]], Finding]


def criteria_of(*rules: Rule) -> Iterator[str]:
    """Every criterion id that the rules name, in the order written, repeats included."""
    for rule in rules:
        for part in (*rule.all_of, *rule.any_of, *rule.none_of):
            if isinstance(part, str):
                yield part
            else:
                yield from criteria_of(part)


def evaluator(rule: Rule) -> Evaluate:
    """A function that gives the finding for the rule on `Truths`, in which what is not told is unknown, never no.

    Each part remembers its findings by the truths it rests on.
    """
    clauses: list[tuple[Callable[[list[Finding]], Finding], list[Evaluate]]] = [
        (clause, [_part(part) for part in parts])
        for clause, parts in ((_all_of, rule.all_of), (_any_of, rule.any_of), (_none_of, rule.none_of))
        if parts
    ]

    def evaluate_rule(truths: Mapping[str, Truth]) -> Finding:
        return _all_of([clause([part(truths) for part in parts]) for clause, parts in clauses])

    return remembered(criteria_of(rule), evaluate_rule)


def _part(part: str | Rule) -> Evaluate:
    if isinstance(part, Rule):
        return evaluator(part)
    known = {
        Truth.NO: Finding(Truth.NO, deciding=(part,)),
        Truth.UNKNOWN: Finding(Truth.UNKNOWN, missing=(part,)),
        Truth.YES: Finding(Truth.YES, deciding=(part,)),
    }
    return lambda truths: known[truths[part]]


class Memory(dict[K, Found]):
    """What was found before; all of it is forgotten once it is too much."""

    def keep(self, key: K, found: Found) -> Found:
        """Remember what was found, and give it."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[key] = found
        return found


def remembered(
    criteria: Iterable[str], compute: Callable[[Mapping[str, Truth]], Found], *, always: bool = False
) -> Callable[[Mapping[str, Truth]], Found]:
    """`compute`, which looks at nothing but these criteria, with its results remembered up to a bound.

    Unless `always`, what rests on many criteria is computed anew, from parts that are remembered: to look for the same
    truths of so many costs nearly as much, and they are seldom met twice.
    """
    names = tuple(dict.fromkeys(criteria))
    if len(names) > MANY_CRITERIA and not always:
        return compute
    pick: Callable[[Mapping[str, Truth]], Hashable] = itemgetter(*names)
    known = Memory[Hashable, Found]()

    def look_up(truths: Mapping[str, Truth]) -> Found:
        key = pick(truths)
        found = known.get(key)
        return known.keep(key, compute(truths)) if found is None else found

    return look_up


def _all_of(parts: list[Finding]) -> Finding:
    return _settled(parts, Truth.NO, Truth.YES)


def _any_of(parts: list[Finding]) -> Finding:
    return _settled(parts, Truth.YES, Truth.NO)


def _none_of(parts: list[Finding]) -> Finding:
    return _not(_any_of(parts))


def _settled(parts: list[Finding], alone: Truth, together: Truth) -> Finding:
    """The finding for parts of which one may settle `alone`, and which have to agree to settle `together`."""
    enough = [part for part in parts if part.value is alone]
    if enough:
        return min(enough, key=lambda part: len(part.deciding))
    missing = _each_once(part.missing for part in parts)
    if missing:
        return Finding(Truth.UNKNOWN, missing=missing)
    return Finding(together, deciding=_each_once(part.deciding for part in parts))


def _not(finding: Finding) -> Finding:
    return Finding(finding.value.opposite, finding.deciding, finding.missing)


def _each_once(several: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(several)))
