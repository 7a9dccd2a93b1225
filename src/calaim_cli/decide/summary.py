"""A case's results as one answer: what fits, what to ask next, where to send. Pure; `show` lays it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.case.case import AGE
from calaim_cli.decide.advice import GATES, REFER_NOW, Send, instead_of_sending
from calaim_cli.decide.determination import POSITIVE, Determination
from calaim_cli.decide.screening import Decided
from calaim_cli.decide.wanted import ALL, wanted_for
from calaim_cli.policy import dates
from calaim_cli.policy.places import KP
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome, subject_id
from calaim_cli.policy.questions import Criterion, truths_of
from calaim_cli.policy.routes import Channel, Route

MOST_ASKED = 3
OF_ECM = 2
"""How many of the questions to ask next are ECM's own, where ECM is not settled."""


class Ask(Struct, frozen=True):
    """An open question; `of_ecm`: ECM waits for it; `others`: how many other results do."""

    question: str
    of_ecm: bool
    others: int

    @property
    def results(self) -> int:
        """How many results wait for it."""
        return self.of_ecm + self.others


class Summary(Struct, frozen=True):
    """The answer to a case. A program that was not asked for is None; `supports` come with their offer, best first."""

    ecm: Determination | None
    populations: tuple[Determination, ...]  # that fit; without ECM all that were asked for
    chw: Determination | None
    supports: tuple[tuple[Determination, bool | None], ...]
    ask_next: tuple[Ask, ...]
    send: tuple[Send, ...]  # for what seems to fit, else for what is open
    phones: tuple[Route, ...]  # of the member's plan, beside `send`
    instead: tuple[str, ...]  # what to do where a referral is worth while and cannot be sent
    warning: str  # the county's, of its region of the member's plan
    cards: str  # that a card may name another plan in the county

    @property
    def chw_is_in_ecm(self) -> bool:
        """Whether both seem to fit, of which the member gets one."""
        return bool(self.ecm and self.chw and {self.ecm.outcome, self.chw.outcome} <= REFER_NOW)


def summary_of(decided: Decided, policy: Policy) -> Summary:
    """The results of a case, put in order."""
    by_outcome = list(Outcome)
    found = sorted(decided.results, key=lambda result: by_outcome.index(result[0].outcome))
    alone = {subject_id(one.subject): one for one, _ in found if not one.subject.service and not one.subject.population}
    ecm, chw = alone.get("ecm"), alone.get("chw")
    populations = [one for one, _ in found if one.subject.population and (ecm is None or _fits_through(one, ecm))]
    likely = [one for one in populations if one.outcome is Outcome.LIKELY]
    sent = _worth_sending(decided, but="chw" if ecm and ecm.outcome in REFER_NOW else "")
    phones = tuple(_phones(decided, sent, policy))
    send = tuple(_as_taken(one, sent[one.program], phones) for one in decided.send if one.program in sent)
    county, told = decided.county, {one.route.address for one in send}
    return Summary(
        ecm,
        tuple(likely if ecm and likely else populations),
        chw,
        tuple((one, advice.offered) for one, advice in found if one.subject.service),
        tuple(ask_next(decided, policy)),
        send,
        tuple(one for one in phones if one.address not in told),
        tuple(instead_of_sending(decided.door, policy)) if sent and not send else (),
        county.kp.warning if county and county.kp and decided.door.plan == KP else "",
        county.note if county and any(county.name in plan.works_for for plan in policy.plans.values()) else "",
    )


def _fits_through(population: Determination, ecm: Determination) -> bool:
    """Whether ECM fits, or may yet, through a population that does."""
    return population.outcome in POSITIVE and ecm.outcome is not Outcome.UNLIKELY


def _worth_sending(decided: Decided, but: str) -> dict[str, set[str | None]]:
    """The programs of which something seems to fit, with their services that do; where nothing does, what is open."""
    offered = [one for one, advice in decided.results if advice.offered is not False and one.subject.program != but]
    for outcomes in (REFER_NOW, set(Outcome) - {Outcome.UNLIKELY}):
        found: dict[str, set[str | None]] = {}
        for one in offered:
            if one.outcome in outcomes:
                found.setdefault(one.subject.program, set()).add(one.subject.service)
        if found:
            return found
    return {}


def _as_taken(send: Send, services: set[str | None], phones: Sequence[Route]) -> Send:
    """By phone what the best way does not take."""
    if phones and services <= {*send.route.services_except}:
        return replace(send, route=phones[0], subject="")
    return send


def ask_next(decided: Decided, policy: Policy) -> Iterator[Ask]:
    """Two questions of ECM's in the order of the talk, then those that most others wait for; asked in vain: last.

    Where ECM is decided its populations count for nothing of their own.
    """
    in_talk = dict.fromkeys((*(one for screen in policy.talk_file.screen for one in screen.answers), *policy.questions))
    order = {question: (question in decided.answers, number) for number, question in enumerate(in_talk)}
    of_all = {subject_id(one.subject): one for one, _ in decided.results}
    own = [name for name, one in of_all.items() if "ecm" not in of_all or not one.subject.population]
    waiting = {name: sum(waits_for(of_all[name], decided, policy), ()) for name in own}
    of_ecm = waiting.pop("ecm", ())
    others = Counter(one for several in waiting.values() for one in several)
    first = sorted(of_ecm, key=order.__getitem__)[:OF_ECM]
    rest = {*of_ecm, *others}.difference(first)
    rest_in_order = sorted(rest, key=lambda one: (order[one][0], -others[one], order[one]))
    for question in (*first, *rest_in_order)[:MOST_ASKED]:
        yield Ask(question, question in of_ecm, others[question])


class Waits(NamedTuple):
    """The questions that can still change an unsettled result, and those that were asked of it in vain."""

    still_open: tuple[str, ...]
    in_vain: tuple[str, ...]


def waits_for(one: Determination, decided: Decided, policy: Policy) -> Waits:
    """What a result waits for. "Not known" is an answer: what could only matter together with it is not open."""
    if one.outcome is not Outcome.NEED_ANSWERS:
        return Waits((), ())
    known = truths_of(policy.criteria.values())(decided.answers)
    spans = {
        name: frozenset({known[name]}) if criterion.question in decided.answers else ALL
        for name, criterion in policy.criteria.items()
    }
    in_vain = tuple(question for question in policy.questions_of(one.missing) if question in decided.answers)
    return Waits(policy.questions_of(wanted_for(one.subject)(spans)), in_vain)


def _phones(decided: Decided, programs: Iterable[str], policy: Policy) -> Iterator[Route]:
    door = decided.door
    ways = (policy.way_to(door.plan, door.county, one, door.region) for one in programs if door.county and door.plan)
    routes = dict.fromkeys(route for way in ways for route in way.routes)
    yield from (route for route in routes if route.channel is Channel.PHONE)


def reasons(determination: Determination, policy: Policy) -> tuple[str, ...]:
    """What the outcome rests on in a few words, the age last; nothing where only a rule is not met."""
    outcome, entry = determination.outcome, determination.subject.entry
    gate = next((part for part, comes in GATES.items() if comes is outcome), "")
    of_gate = [one for one in determination.because if one.part in {gate, "from"}]
    met = [one for one in determination.because if one.met and one.part not in GATES]
    deciding = of_gate or (met if outcome in REFER_NOW else [])
    stated = [(dates.statement(one.criterion, entry, policy), one) for one in deciding]
    said = sorted(stated, key=lambda one: one[0].question == AGE)
    # What is to become true, or what a day brings, is said as it is.
    return tuple(f"{brief(one)}{'' if why.met or why.part in {'first', 'from'} else NOT_SO}" for one, why in said)


NOT_SO = " (not so)"


def brief(criterion: Criterion) -> str:
    """The criterion in a few words."""
    return criterion.brief or f"{criterion.text[:1].lower()}{criterion.text[1:]}"
