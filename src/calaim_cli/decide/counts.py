"""Counts of many members that tell nothing of few: a small count is withheld, and so is what would give it away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from calaim_cli.policy.programs import Outcome

FEWEST: Final = 11
"""The smallest count that is told, as in what CMS and DHCS publish of persons."""
NOT_KNOWN: Final = "not known"


class Row(Struct, frozen=True):
    """A row of counts with its total, which nobody needs to add up; None for what is withheld."""

    name: str
    counts: tuple[int | None, ...]
    total: int | None


class Counts(Struct, frozen=True):
    """How many members each result came to, and where those are for whom something is likely.

    `outcomes` has a row for each result, by outcome; `counties` and `plans` have a row each, of one count.
    """

    outcomes: tuple[Row, ...]
    counties: tuple[Row, ...]
    plans: tuple[Row, ...]
    likely: int | None
    rows: int | None


class Settled(Struct, frozen=True):
    """A question that alone is missing: for how many members, and for how many of them by result."""

    question: str
    members: int
    results: tuple[tuple[str, int], ...]


def withheld(counts: Sequence[int], also: Collection[int] = ()) -> frozenset[int]:
    """The places of the counts to withhold, where their sum is known: the small ones, `also`, and what gives them away.

    What is withheld can be worked out together, so it is two counts at least, which come to FEWEST or more.
    """
    hidden = {n for n, count in enumerate(counts) if count < FEWEST} | set(also)
    rest = sorted((n for n in range(len(counts)) if n not in hidden), key=lambda n: counts[n])
    while hidden and rest and (len(hidden) == 1 or sum(counts[n] for n in hidden) < FEWEST):
        hidden.add(rest.pop(0))
    return frozenset(hidden)


def told(
    outcomes: Mapping[str, Mapping[str, int]], counties: Mapping[str, int], plans: Mapping[str, int], rows: int
) -> Counts:
    """The counts that may be told of so many members: `outcomes` by result, likely ones by county and by plan.

    A county or plan of which none is likely has to be among them: by its absence it would be told.
    """
    if rows < FEWEST:
        return Counts((), (), (), None, None)
    likely, alone = sum(counties.values()), len(outcomes) == 1
    # Those for whom nothing is likely are what is left of all, so they are a count in each of these tables.
    places = [dict(sorted(one.items(), key=lambda pair: (pair[0] == NOT_KNOWN, pair[0]))) for one in (counties, plans)]
    whole = [(*one.values(), rows - likely) for one in places]
    # Of one result alone, the likely ones are a count of the first table, too.
    first = [tuple(by.get(one, 0) for one in Outcome) for by in outcomes.values()]
    none = False
    while True:
        hidden = [withheld(one, (len(one) - 1,) if none else ()) for one in whole]
        of_results = [_withheld(one, none=none, alone=alone) for one in first]
        now = none or any(len(one) - 1 in some for one, some in zip(whole, hidden, strict=True))
        now = now or (alone and 0 in of_results[0])
        if now == none:
            break
        none = now
    by_county, by_plan = (_rows(one, some) for one, some in zip(places, hidden, strict=True))
    results = zip(outcomes, first, of_results, strict=True)
    return Counts(
        tuple(Row(name, _shown(counts, some), rows) for name, counts, some in results),
        by_county,
        by_plan,
        None if none or likely < FEWEST else likely,
        rows,
    )


def _withheld(counts: Sequence[int], *, none: bool, alone: bool) -> frozenset[int]:
    """What is withheld of the outcomes of a result. That everybody is still to be asked tells nothing of anybody."""
    open_ = [*Outcome].index(Outcome.NEED_ANSWERS)
    if counts[open_] == sum(counts) and not alone:
        return frozenset()
    return withheld(counts, (0,) if alone and none else ())


def _rows(places: Mapping[str, int], hidden: Collection[int]) -> tuple[Row, ...]:
    shown = _shown(tuple(places.values()), hidden)
    return tuple(Row(name, (count,), count) for name, count in zip(places, shown, strict=True))


def _shown(counts: Sequence[int], hidden: Collection[int]) -> tuple[int | None, ...]:
    return tuple(None if n in hidden else count for n, count in enumerate(counts))


def settled(by_result: Mapping[str, Mapping[str, int]], members: Mapping[str, int], most: int) -> tuple[Settled, ...]:
    """The questions that settle most members, so many of them at most: `by_result` how many wait for each alone."""
    largest: Iterable[str] = sorted(members, key=lambda one: (-members[one], one))[:most]
    return tuple(
        Settled(one, members[one], tuple((name, by[one]) for name, by in by_result.items() if by.get(one)))
        for one in largest
    )
