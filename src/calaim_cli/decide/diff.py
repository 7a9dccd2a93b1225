"""The changes between two editions of the policy, in words, and the cases that come out differently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import product
from typing import Final

from msgspec import Struct, msgpack
from msgspec.structs import replace

from calaim_cli.base.errors import Problem, caution
from calaim_cli.case.case import Case
from calaim_cli.decide.advice import Door, offered_at, sends
from calaim_cli.decide.screening import Screener, county_of, membership_of, region_of, screener
from calaim_cli.policy.leaves import entry_name
from calaim_cli.policy.places import plans_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import THREE_PROGRAMS, Gate
from calaim_cli.policy.routes import Channel, OfferKind, Route
from calaim_cli.policy.rules import Rule


class Change(Struct, frozen=True):
    """One thing that differs, before and after; `key` is "" where it is the whole entry."""

    entry: str
    key: str
    was: str
    now: str


class Shift(Struct, frozen=True):
    """A program, population or service that a case comes out differently for, or keeping Medi-Cal as `coverage`."""

    case: str
    subject: str
    was: str
    now: str


SAFETY: Final = {
    "route": ("", "subject", "services_except", "programs", "counties", "region"),
    "county": ("kp", "plans"),
    "form": (
        *("", "plans", "required", "required_if", "required_unless", "sections", "numbers", "initials"),
        *("attestation", "before_agreement"),
    ),
    "rejected": ("", "address", "plan"),
    "criterion": ("in_letter",),
    "question": ("letter",),
}
"""The keys that keep drafts from going to the wrong place, or without consent; "" is a whole entry."""


def changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Whatever differs: each key of the files in their order, then the tables of ZIP codes and cities by name."""
    found: list[Change] = []
    for name, was in old.files.items():
        now = new.files[name]
        for key in was.__struct_fields__:  # a table, a list of entries, or a value of the file itself
            before, after = getattr(was, key), getattr(now, key)
            if isinstance(before, Struct):
                found += _keys(key, before, after, before.__struct_fields__)
            elif isinstance(before, tuple) and any(isinstance(one, Struct) for one in (*before, *after)):
                found += _between(key, before, after)
            else:
                found += _keys(name, was, now, (key,))
    there, here = _places(old), _places(new)
    for kind, name in sorted(there.keys() | here.keys()):
        before, after = there.get((kind, name)), here.get((kind, name))
        if before != after:
            found.append(Change(f'{kind} "{name}"', "", in_words(before), in_words(after)))
    return tuple(found)


def _places(policy: Policy) -> dict[tuple[str, str], dict[str, object]]:
    """For each ZIP code its counties with their shares, for each city those it is in, and those with some of it."""
    names = {fips: county.name for fips, county in policy.gazetteer.by_fips.items()}
    found: dict[tuple[str, str], dict[str, object]] = {}
    for code, shares in policy.gazetteer.zips().items():
        found["ZIP code", code] = {names[fips]: share for fips, share in shares}
    for city in policy.gazetteer.cities().values():
        some = dict.fromkeys((names[fips] for fips in city.some), "some")
        found["city", city.name] = {**dict.fromkeys((names[fips] for fips in city.counties), "in"), **some}
    return found


def own_mailboxes(policy: Policy, shipped: Policy, used: Collection[str] | None = None) -> Iterator[Problem]:
    """A warning for each mailbox to which the user's own data send members whom the shipped data send elsewhere.

    Of the addresses in use alone, where they are known.
    """
    known = _reached(shipped)
    other = (route for to, route in _reached(policy).items() if to not in known or known[to].address != route.address)
    for route in dict.fromkeys(other):
        if used is None or route.address in used:
            yield caution("own-mailbox", f'route "{route.id}"', edition=shipped.edition)


def _reached(policy: Policy) -> dict[tuple[str, ...], Route]:
    """The mailbox for each program of each plan, for members of each county and, where ZIP codes split it, of each."""
    found: dict[tuple[str, ...], Route] = {}
    for county in policy.counties_file.county:
        codes = ("", *(county.kp.by_zip if county.kp else ()))
        for plan, program, code in product(plans_of(county), THREE_PROGRAMS, codes):
            way = policy.way_to(plan, county, program, policy.region_in(county, code))
            mailbox = next((one for one in way.routes if one.channel is Channel.EMAIL), None)
            if mailbox:
                found[plan, county.name, program, code] = mailbox
    return found


def own_words(policy: Policy, shipped: Policy) -> Iterator[Problem]:
    """A warning for each other difference from the shipped data that safety depends on, with both values.

    These are subjects, what is not sent by e-mail, what a form asks and attests, addresses not to be used, what is kept
    out of letters, and all that every letter and every consent says. That a folder has no `brief` at all is told, too.
    """
    was, now = _watched(shipped), _watched(policy)
    found = [one for kind, keys in SAFETY.items() for one in _between(kind, was[kind], now[kind]) if one.key in keys]
    # Of a mailbox that is added, as of another address, `own_mailboxes` tells.
    said = [one for one in found if not one.entry.startswith("route ") or one.now != ADDED]
    said += _keys("referral", shipped.words, policy.words, policy.words.__struct_fields__)
    if not any(one.brief for one in policy.programs_file.criterion):
        said.append(Change("criterion", "brief", "few words for each", "none, so that results show the text"))
    both, encoded = ((name, file, shipped.files[name]) for name, file in policy.files.items()), msgpack.encode
    changed = [name for name, own, was in both if own.edition == was.edition and encoded(own) != encoded(was)]
    if changed:
        yield caution("same-edition", ", ".join(changed))
    listed = any(one.kind is OfferKind.ALL_BUT for one in policy.offers.values())
    for name in policy.services.keys() - shipped.services.keys() if listed else ():
        if not policy.services[name].starts:
            yield caution("offered-by-all", f'service "{name}"')
    for one in said:
        where = f"{one.entry}: {one.key}" if one.key else one.entry
        yield caution("own-words", where, edition=shipped.edition, was=one.was, now=one.now)


def _watched(policy: Policy) -> dict[str, tuple[Struct, ...]]:
    """The entries that safety depends on, by kind; of the routes the mailboxes that referrals go to."""
    programs, routes = policy.programs_file, policy.routes_file
    mailboxes = tuple(one for one in routes.route if one.channel is Channel.EMAIL and one.takes_referrals)
    found = {"route": mailboxes, "county": policy.counties_file.county, "form": routes.form}
    return {**found, "rejected": routes.rejected, "criterion": programs.criterion, "question": programs.question}


OFFERED: Final = {True: "yes", False: "no", None: "not known"}
THERE, REMOVED, ADDED = "there", "removed", "added"


def _between(kind: str, old: Iterable[Struct], new: Iterable[Struct]) -> Iterator[Change]:
    """What differs between two lists of entries: those removed, those changed or added, then the order of the rest."""
    was, now = _named(old), _named(new)
    yield from (Change(f'{kind} "{name}"', "", THERE, REMOVED) for name in was if name not in now)
    for name, entry in now.items():
        if name in was:
            yield from _keys(f'{kind} "{name}"', was[name], entry, entry.__struct_fields__)
        else:
            yield Change(f'{kind} "{name}"', "", "not there", ADDED)
    before, after = (tuple(name for name in one if name in other) for one, other in ((was, now), (now, was)))
    if before != after:
        yield Change(kind, "order", in_words(before), in_words(after))


def _named(entries: Iterable[Struct]) -> dict[str, Struct]:
    """The entries by their names; the second of one name is "name (2)"."""
    found: dict[str, Struct] = {}
    times: Counter[str] = Counter()
    for entry in entries:
        name = entry_name(entry)
        times[name] += 1
        found[f"{name} ({times[name]})" if times[name] > 1 else name] = entry
    return found


def _keys(where: str, was: Struct, now: Struct, keys: Iterable[str]) -> Iterator[Change]:
    for key in keys:
        before, after = getattr(was, key), getattr(now, key)
        inner = (*before, *after) if isinstance(before, tuple) else ()
        if any(hasattr(one, "id") for one in inner):  # the rows of a screen, each by itself
            yield from _between(f"{where}: {key}", before, after)
        # The choices of a question are shown in their order.
        elif before != after or (isinstance(before, dict) and [*before] != [*after]):
            if inner and all(isinstance(one, Struct) for one in inner):  # of the sections of a form those that differ
                gone, new = (tuple(one for one in a if one not in b) for a, b in ((before, after), (after, before)))
                before, after = (gone, new) if gone or new else (before, after)
            yield Change(where, "from" if key == "starts" else key, in_words(before), in_words(after))


def in_words(value: object) -> str:
    """A value of the data as a reader would write it; "nothing" for what is absent or empty."""
    if isinstance(value, Rule):
        clauses = ((clause.replace("_", " "), parts) for clause, parts in value.clauses.items() if parts)
        said = [f"{clause} ({', '.join(map(in_words, parts))})" for clause, parts in clauses]
        return "; ".join([*said, f"say {value.say}"] if isinstance(value, Gate) else said)
    if isinstance(value, Struct):
        pairs = ((key, getattr(value, key)) for key in value.__struct_fields__)
        return "; ".join(f"{key} {in_words(one)}" for key, one in pairs if one not in (None, "", (), {}))
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {in_words(one)}" for key, one in value.items()) or "nothing"
    if isinstance(value, tuple):
        return ", ".join(map(in_words, value)) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in (None, "") else "nothing"


def shifts(cases: Iterable[tuple[str, Case]], old: Policy, new: Policy, as_of: date) -> tuple[Shift, ...]:
    """For each case, what comes out differently. Answers that only one edition asks for count there alone.

    Compared are the outcomes, what the member's plan offers, and where a referral to each program goes.
    """
    found: list[Shift] = []
    both = [(policy, screener(policy.subjects, policy)) for policy in (old, new)]
    for name, case in cases:
        was, now = ({**_outcomes(case, own, as_of), **_places_for(case, policy, as_of)} for policy, own in both)
        for subject in was | now:
            before, after = (outcomes.get(subject, "not decided") for outcomes in (was, now))
            found += [Shift(name, subject, before, after)] if before != after else []
    return tuple(found)


def _outcomes(case: Case, screener: Screener, as_of: date) -> dict[str, str]:
    # An answer that an edition does not ask for would be refused as unknown.
    answers = {key: value for key, value in case.answers.items() if key in screener.questions}
    screening = screener.screen(replace(case, answers=answers), as_of)
    found = {subject: one.outcome.value for subject, one in screening.determinations.items()}
    return found | {"coverage": screener.stand(screening.answers).outcome.value}


def _places_for(case: Case, policy: Policy, as_of: date) -> dict[str, str]:
    """Whether the member's plan offers each service, and where each program's referral goes, under which subject."""
    county = county_of(case, policy).county
    region = region_of(case, county, policy)[0] if county else ""
    door = Door(county, membership_of(case, policy), region, as_of)
    services = [subject for subject in policy.subjects if subject.service]
    offered = {f"{one.service} offered": OFFERED[offered_at(one, policy, door)] for one in services}
    send = {f"send {one.program}": f"{one.route.address} {one.subject}" for one in sends(THREE_PROGRAMS, door, policy)}
    return offered | {program: to.rstrip() for program, to in send.items()}
