"""Which criteria can still change a result, where "not known" is an answer that stays.

Each criterion has a span: its truth where its question has an answer, unknown included, else every truth. The spans go
up a rule, and back down goes which two truths of a part would make the outcome differ. A criterion that can take both
is still wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from functools import cache, lru_cache, reduce
from itertools import product
from typing import Final

from calaim_cli.decide.determination import Parts, outcome_of
from calaim_cli.policy.programs import Subject
from calaim_cli.policy.questions import Criterion
from calaim_cli.policy.rules import MOST_REMEMBERED, Rule, Truth, criteria_of

Span = frozenset[Truth]
Pair = tuple[Truth, Truth]
Node = str | tuple[tuple["Node", bool], ...]
"""A criterion, or parts that all have to hold, each as it is or (True) turned round."""
Wanted = Callable[[Mapping[str, Span]], frozenset[str]]

ALL: Final[Span] = frozenset(Truth)
PAIRS: Final[tuple[Pair, ...]] = ((Truth.NO, Truth.UNKNOWN), (Truth.UNKNOWN, Truth.YES), (Truth.NO, Truth.YES))


def spans_of(
    criteria: Mapping[str, Criterion], answers: Container[str], truths: Mapping[str, Truth]
) -> dict[str, Span]:
    """The span of each criterion: its truth where its question has an answer, "not known" too, else every truth."""
    return {name: frozenset({truths[name]}) if one.question in answers else ALL for name, one in criteria.items()}


def wanted_for(subject: Subject) -> Wanted:
    """A function that gives the criteria that can change the subject's outcome; need-answers is one of the outcomes."""
    parts = {part: _node(rule) for part, rule in subject.parts.items()}
    names = tuple(dict.fromkeys(criteria_of(*subject.parts.values())))

    @lru_cache(MOST_REMEMBERED)
    def found(picked: tuple[Span, ...]) -> frozenset[str]:
        spans = dict(zip(names, picked, strict=True))
        telling = _telling(tuple((part, _span(node, spans)) for part, node in parts.items()))
        return frozenset(name for part, node in parts.items() for name in _open(node, spans, telling[part]))

    return lambda spans: found(tuple([spans[name] for name in names]))


def _node(part: Rule | str) -> Node:
    # Any of some parts is not none of them.
    if isinstance(part, str):
        return part
    some = ((_node(Rule(none_of=part.any_of)), True),) if part.any_of else ()
    return (*((_node(one), False) for one in part.all_of), *some, *((_node(one), True) for one in part.none_of))


@cache
def _telling(spans: tuple[tuple[str, Span], ...]) -> dict[str, frozenset[Pair]]:
    """For each part of a policy, the pairs of its truths that can lead to different outcomes."""
    names, sets = zip(*spans, strict=True)
    outcomes = {way: outcome_of(Parts(**dict(zip(names, way, strict=True)))) for way in product(*sets)}

    def differ(n: int, low: Truth, high: Truth) -> bool:
        ways = ((way, (*way[:n], high, *way[n + 1 :])) for way in outcomes if way[n] is low)
        return any(outcomes.get(other, outcomes[way]) is not outcomes[way] for way, other in ways)

    return {name: frozenset(pair for pair in PAIRS if differ(n, *pair)) for n, name in enumerate(names)}


def _open(node: Node, spans: Mapping[str, Span], telling: frozenset[Pair]) -> Iterator[str]:
    """The criteria that can move a node between two truths of one of these pairs."""
    if isinstance(node, str):
        if any(spans[node].issuperset(pair) for pair in telling):
            yield node
        return
    known = [_turned(_span(one, spans), turned) for one, turned in node]
    for n, (one, turned) in enumerate(node):
        beside = reduce(_least, (*known[:n], *known[n + 1 :]), frozenset({Truth.YES}))
        if own := _beside(telling, beside, turned):
            yield from _open(one, spans, own)


def _span(node: Node, spans: Mapping[str, Span]) -> Span:
    if isinstance(node, str):
        return spans[node]
    return reduce(_least, (_turned(_span(one, spans), turned) for one, turned in node))


@cache
def _beside(telling: frozenset[Pair], beside: Span, turned: bool) -> frozenset[Pair]:
    """The pairs of a part's truths that give the node such a pair, for some truth of the other parts."""
    own = [(low, high) for low, high in PAIRS for other in beside if (min(low, other), min(high, other)) in telling]
    return frozenset((high.opposite, low.opposite) if turned else (low, high) for low, high in own)


@cache
def _least(one: Span, other: Span) -> Span:
    return frozenset(min(pair) for pair in product(one, other))


@cache
def _turned(span: Span, turned: bool) -> Span:
    return frozenset(truth.opposite for truth in span) if turned else span
