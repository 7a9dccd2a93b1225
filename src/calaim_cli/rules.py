"""Floor 0: three-valued rules. Knows criteria by id only and nothing of CalAIM.

The logic is strong Kleene, as in SQL: no < unknown < yes; all-of is the minimum, any-of the maximum,
none-of the maximum turned round. Unknown never becomes no.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum

from msgspec import Struct


class Truth(IntEnum):
    """What is known of a criterion, ordered so that minimum and maximum are "and" and "or"."""

    NO = 0
    UNKNOWN = 1
    YES = 2

    @property
    def opposite(self) -> Truth:
        """Yes for no, no for yes; unknown stays unknown."""
        return Truth(2 - self)


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """All of these *and* any of these *and* none of these; a part is a criterion id or a further rule.

    A rule without any part is refused when the data are read: no criteria must not mean everyone.
    """

    all_of: tuple[str | Rule, ...] = ()
    any_of: tuple[str | Rule, ...] = ()
    none_of: tuple[str | Rule, ...] = ()


class Finding(Struct, frozen=True):
    """A truth with the findings it rests on. `clause` is "criterion", "rule" or one of the rule's three keys."""

    value: Truth
    clause: str
    parts: tuple[Finding, ...] = ()
    criterion: str = ""


def criteria_of(rule: Rule) -> Iterator[str]:
    """Every criterion id that the rule names, in the order written, repeats included."""
    for part in (*rule.all_of, *rule.any_of, *rule.none_of):
        if isinstance(part, str):
            yield part
        else:
            yield from criteria_of(part)


def evaluate(rule: Rule, truths: Mapping[str, Truth]) -> Finding:
    """The finding for a rule. A criterion that `truths` does not hold is unknown, never no."""
    clauses = []
    if rule.all_of:
        parts = tuple(_part(part, truths) for part in rule.all_of)
        clauses.append(Finding(min(part.value for part in parts), "all_of", parts))
    if rule.any_of:
        parts = tuple(_part(part, truths) for part in rule.any_of)
        clauses.append(Finding(max(part.value for part in parts), "any_of", parts))
    if rule.none_of:
        parts = tuple(_part(part, truths) for part in rule.none_of)
        clauses.append(Finding(max(part.value for part in parts).opposite, "none_of", parts))
    if len(clauses) == 1:
        return clauses[0]
    return Finding(min(clause.value for clause in clauses), "rule", tuple(clauses))


def _part(part: str | Rule, truths: Mapping[str, Truth]) -> Finding:
    if isinstance(part, str):
        return Finding(truths.get(part, Truth.UNKNOWN), "criterion", (), part)
    return evaluate(part, truths)


def deciding(finding: Finding) -> tuple[str, ...]:
    """Criterion ids that alone settle the finding, each once; empty while it is unknown.

    Enough, though not always the fewest: where one part suffices, the one with the fewest criteria is taken.
    """
    return tuple(dict.fromkeys(_deciding(finding)))


def _deciding(finding: Finding) -> tuple[str, ...]:
    if finding.value is Truth.UNKNOWN:
        return ()
    if finding.clause == "criterion":
        return (finding.criterion,)
    settled = finding.value.opposite if finding.clause == "none_of" else finding.value
    every = [_deciding(part) for part in finding.parts if part.value is settled]
    one_is_enough = settled is (Truth.NO if finding.clause in {"all_of", "rule"} else Truth.YES)
    if one_is_enough:
        return min(every, key=len)
    return tuple(criterion for part in every for criterion in part)


def missing(finding: Finding) -> tuple[str, ...]:
    """Criterion ids that can still settle the finding, each once; empty exactly when it is settled."""
    return tuple(dict.fromkeys(_missing(finding)))


def _missing(finding: Finding) -> Iterator[str]:
    if finding.value is not Truth.UNKNOWN:
        return
    if finding.clause == "criterion":
        yield finding.criterion
    for part in finding.parts:
        yield from _missing(part)
