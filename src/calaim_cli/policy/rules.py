"""Three-valued rules. Knows criteria by id only and nothing of CalAIM.

The logic is strong Kleene, as in SQL: no < unknown < yes; all-of is the minimum, any-of the maximum,
none-of the maximum turned round. Unknown never becomes no.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from functools import lru_cache
from operator import itemgetter
from typing import Final, TypeVar

from msgspec import Struct

Found = TypeVar("Found")
MOST_REMEMBERED: Final = 2048


class Truth(IntEnum):
    """Yes, no or unknown, ordered so that minimum and maximum are "and" and "or"."""

    NO = 0
    UNKNOWN = 1
    YES = 2

    @property
    def opposite(self) -> "Truth":
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

    all_of: tuple["str | Rule", ...] = ()
    any_of: tuple["str | Rule", ...] = ()
    none_of: tuple["str | Rule", ...] = ()

    @property
    def clauses(self) -> dict[str, tuple["str | Rule", ...]]:
        """The parts by clause."""
        return {"all_of": self.all_of, "any_of": self.any_of, "none_of": self.none_of}

    @property
    def parts(self) -> tuple["str | Rule", ...]:
        """Criterion ids and further rules, of whatever clause, in the order of the clauses."""
        return (*self.all_of, *self.any_of, *self.none_of)

    @property
    def rules(self) -> "Iterator[Rule]":
        """The rule itself, then every rule inside it."""
        yield self
        for part in self.parts:
            if isinstance(part, Rule):
                yield from part.rules


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
        for part in rule.parts:
            if isinstance(part, str):
                yield part
            else:
                yield from criteria_of(part)


def favoring(rule: Rule) -> Iterator[str]:
    """The criteria that speak for somebody who meets them: those of all-of and any-of, and never of none-of."""
    for part in (*rule.all_of, *rule.any_of):
        if isinstance(part, str):
            yield part
        else:
            yield from favoring(part)


def evaluator(rule: Rule | str) -> Evaluate:
    """A function that gives the finding for a rule or criterion on `Truths`; what is not told is unknown, never no."""
    if isinstance(rule, str):
        no, yes = (Finding(truth, deciding=(rule,)) for truth in (Truth.NO, Truth.YES))
        known = {Truth.NO: no, Truth.UNKNOWN: Finding(Truth.UNKNOWN, missing=(rule,)), Truth.YES: yes}
        return lambda truths: known[truths[rule]]
    every, some, none = (list(map(evaluator, parts)) for parts in (rule.all_of, rule.any_of, rule.none_of))

    def evaluate(truths: Mapping[str, Truth]) -> Finding:
        findings = [part(truths) for part in every]
        if some:
            findings.append(_settled([part(truths) for part in some], Truth.YES, Truth.NO))
        refused = [part(truths) for part in none]
        findings += [Finding(found.value.opposite, found.deciding, found.missing) for found in refused]
        return _settled(findings, Truth.NO, Truth.YES)

    return remembered(criteria_of(rule), evaluate)


def remembered(
    criteria: Iterable[str], compute: Callable[[Mapping[str, Truth]], Found]
) -> Callable[[Mapping[str, Truth]], Found]:
    """`compute` on nothing but the truths of these criteria, with its latest results remembered up to a bound."""
    names = tuple(dict.fromkeys(criteria))
    pick = itemgetter(*names, names[0]) if names else lambda _: ()  # of one name alone it would give no tuple

    @lru_cache(MOST_REMEMBERED)
    def known(picked: tuple[Truth, ...]) -> Found:
        return compute(Truths(zip(names, picked, strict=False)))

    return lambda truths: known(pick(truths))


def _settled(parts: list[Finding], alone: Truth, together: Truth) -> Finding:
    """The finding for parts of which one may settle `alone`, and which have to agree to settle `together`."""
    enough = [part for part in parts if part.value is alone]
    if enough:
        return min(enough, key=lambda part: len(part.deciding))
    missing = [criterion for part in parts for criterion in part.missing]
    if missing:
        return Finding(Truth.UNKNOWN, missing=tuple(dict.fromkeys(missing)))
    deciding = [criterion for part in parts for criterion in part.deciding]
    return Finding(together, deciding=tuple(dict.fromkeys(deciding)))
