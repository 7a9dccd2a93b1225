"""Counts that reveal no one: a small count is withheld, and so is any count that would give it away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from calaim_cli.policy.programs import Outcome

FEWEST: Final = 11
"""The smallest count that is told, as in what CMS and DHCS publish of persons."""
NOT_KNOWN: Final = "not known"


def is_small(count: int) -> bool:
    """Whether a count tells of few, and so is not told."""
    return 0 < count < FEWEST


class Place(NamedTuple):
    """A county or a plan among the counts; without a name those for whom nothing is likely."""

    kind: str
    name: str = ""


NONE: Final = (Place("county"), Place("plan"))


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
    """The indexes of counts to withhold when their total is known: the small ones, `also`, and others that hide them.

    At least two counts are withheld, which add up to FEWEST or more. Equal counts are shown or withheld together, and
    those withheld are not all equal, so that nobody can tell which is which.
    """
    hidden = {n for n, count in enumerate(counts) if count < FEWEST} | set(also)
    rest = sorted({count for n, count in enumerate(counts) if n not in hidden})
    while hidden and rest and (len({counts[n] for n in hidden}) == 1 or sum(counts[n] for n in hidden) < FEWEST):
        least = rest.pop(0)
        hidden |= {n for n, count in enumerate(counts) if count == least}
    return frozenset(hidden)


def told(outcomes: Mapping[str, Mapping[str, int]], cells: Mapping[tuple[str, str], int], rows: int) -> Counts:
    """The counts that may be told of so many members: `outcomes` by result, `cells` the likely by county and plan.

    `cells` has to include those with a count of 0: leaving them out would reveal them.
    """
    if rows < FEWEST:
        return Counts((), (), (), None, None)
    likely, pairs = (
        sum(cells.values()),
        {(Place("county", one), Place("plan", two)): n for (one, two), n in cells.items()},
    )
    # Those for whom nothing is likely are what is left of all, so they are a count in each of these tables.
    tables = tuple(_margin(pairs, side) | {NONE[side]: rows - likely} for side in (0, 1))
    first = {name: tuple(by.get(one, 0) for one in Outcome) for name, by in outcomes.items()}
    # Where all other results are open, the likely ones of one result are a count of the first table, too.
    alone = sum(not _all_open(counts) for counts in first.values()) == 1
    also, none = {place for pair, many in pairs.items() if is_small(many) for place in pair}, False
    while True:
        hidden = frozenset[Place]().union(*(_hidden(one, also) for one in tables))
        with_likely = (0,) if alone and none else ()
        of_results = {
            name: frozenset() if _all_open(one) else withheld(one, with_likely) for name, one in first.items()
        }
        if not none and (not hidden.isdisjoint(NONE) or (alone and any(0 in some for some in of_results.values()))):
            none, more = True, {*NONE}
        else:
            more = _next(tables, hidden) if _given_away(pairs, tables, hidden) else set()
        if not more:
            break
        also |= more
    by_county, by_plan = (_rows(one, hidden) for one in tables)
    return Counts(
        tuple(Row(name, _shown(counts, of_results[name]), rows) for name, counts in first.items()),
        by_county,
        by_plan,
        None if none or likely < FEWEST else likely,
        rows,
    )


def _margin(pairs: Mapping[tuple[Place, Place], int], side: int) -> dict[Place, int]:
    """The counts of the counties (0) or plans (1), by name, those that are not known last."""
    found = Counter[Place]()
    for pair, many in pairs.items():
        found[pair[side]] += many
    return {one: found[one] for one in sorted(found, key=lambda one: (one.name == NOT_KNOWN, one.name))}


def _hidden(table: Mapping[Place, int], also: Collection[Place]) -> set[Place]:
    places = [*table]
    return {places[n] for n in withheld([*table.values()], [n for n, one in enumerate(places) if one in also])}


def _next(tables: Iterable[Mapping[Place, int]], hidden: Collection[Place]) -> set[Place]:
    """The place of the smallest count in each table that is not withheld yet."""
    left = ({one: many for one, many in table.items() if one not in hidden} for table in tables)
    return {min(one, key=one.__getitem__) for one in left if one}


def _given_away(
    pairs: Mapping[tuple[Place, Place], int], tables: Sequence[Mapping[Place, int]], hidden: Collection[Place]
) -> bool:
    """Whether both tables together reveal a withheld count, or the small count of a county and plan.

    Many plans are in only one county. A count is free where one more, or one less, is made up for along others that
    are: on a circle from place to place (D. Gusfield, SIAM Journal on Computing 17(3), 1988).
    """
    counties, plans = ([one for one in table if one in hidden and one not in NONE] for table in tables)
    margins = {(NONE[0], one): tables[0][one] for one in counties} | {(one, NONE[1]): tables[1][one] for one in plans}
    total = {(NONE[1], NONE[0]): sum(pairs.values())} if NONE[0] in hidden else {}
    ways: dict[Place, set[Place]] = {}
    for (one, two), many in {**pairs, **margins, **total}.items():
        ways.setdefault(one, set()).add(two)
        if many:
            ways.setdefault(two, set()).add(one)
    small = [pair for pair, many in pairs.items() if is_small(many)]
    return not all(_leads(ways, two, one) or _leads(ways, one, two) for one, two in (*small, *margins))


def _leads(ways: Mapping[Place, Collection[Place]], start: Place, end: Place) -> bool:
    """Whether a step leads from `end` to `start`, and a path other than a direct step from `start` back to `end`."""
    if start not in ways.get(end, ()):
        return False
    met, left = {start}, [start]
    while left:
        here = left.pop()
        new = {one for one in ways.get(here, ()) if one not in met and (here, one) != (start, end)}
        met |= new
        left += new
    return end in met


def _all_open(counts: Sequence[int]) -> bool:
    """Whether every member still needs answers, which says nothing about any of them."""
    return counts[[*Outcome].index(Outcome.NEED_ANSWERS)] == sum(counts)


def _rows(table: Mapping[Place, int], hidden: Collection[Place]) -> tuple[Row, ...]:
    shown = ((one.name, None if one in hidden else many) for one, many in table.items() if one not in NONE)
    return tuple(Row(name, (count,), count) for name, count in shown)


def _shown(counts: Sequence[int], hidden: Collection[int]) -> tuple[int | None, ...]:
    return tuple(None if n in hidden else count for n, count in enumerate(counts))


def settled(by_result: Mapping[str, Mapping[str, int]], members: Mapping[str, int], most: int) -> tuple[Settled, ...]:
    """The questions that settle most members, so many of them at most: `by_result` how many wait for each alone."""
    largest: Iterable[str] = sorted(members, key=lambda one: (-members[one], one))[:most]
    return tuple(
        Settled(one, members[one], tuple((name, by[one]) for name, by in by_result.items() if by.get(one)))
        for one in largest
    )
