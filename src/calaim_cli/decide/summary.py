"""A case's results as one answer: what fits, what to ask next, where to send. Pure; `show` lays it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.case.case import AGE
from calaim_cli.decide.advice import GATE_OF, GATES, REFER_NOW, Advice, Send, instead_of_sending
from calaim_cli.decide.determination import POSITIVE, Determination
from calaim_cli.decide.screening import Decided
from calaim_cli.decide.wanted import spans_of, wanted_for
from calaim_cli.policy import dates
from calaim_cli.policy.places import KP
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome, subject_id
from calaim_cli.policy.questions import Criterion, truths_of
from calaim_cli.policy.routes import Channel, Route
from calaim_cli.policy.rules import criteria_of

NOT_SO = " (not so)"
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


class Waits(NamedTuple):
    """The questions that can still change an unsettled result, and those that were asked of it in vain."""

    still_open: tuple[str, ...]
    in_vain: tuple[str, ...]


class Summary(Struct, frozen=True):
    """The answer to a case. A program that was not asked for is None; `supports` come with their offer, best first."""

    ecm: Determination | None
    populations: tuple[Determination, ...]  # that fit; without ECM all that were asked for
    chw: Determination | None
    supports: tuple[tuple[Determination, bool | None], ...]
    ask_next: tuple[Ask, ...]
    send: tuple[Send, ...]  # for what seems to fit, else for what is open
    fits: bool  # whether what is sent for seems to fit
    waits: Mapping[str, Waits]  # by result, what it waits for
    phones: tuple[Route, ...]  # of the member's plan, beside `send`
    instead: tuple[str, ...]  # what to do where a referral is worth while and cannot be sent
    warning: str  # the county's, of its region of the member's plan
    cards: str  # that a card may name another plan in the county

    @property
    def chw_is_in_ecm(self) -> bool:
        """Whether both seem to fit, of which the member gets one."""
        return bool(self.ecm and self.chw and {self.ecm.outcome, self.chw.outcome} <= REFER_NOW)

    @property
    def chw_waits_for_ecm(self) -> bool:
        """Whether CHW services seem to fit, and ECM, which includes them, may fit as well."""
        open_yet = self.ecm is not None and self.ecm.outcome is Outcome.NEED_ANSWERS
        return bool(open_yet and self.chw and self.chw.outcome in REFER_NOW)


def summary_of(decided: Decided, policy: Policy) -> Summary:
    """The results of a case, put in order."""
    found = sorted(decided.results, key=_rank)
    alone = {subject_id(one.subject): one for one, _ in found if not one.subject.service and not one.subject.population}
    ecm, chw = alone.get("ecm"), alone.get("chw")
    groups = [one for one, _ in found if one.subject.population]
    # What stands against ECM stands against each of its populations, so none is shown as one that fits.
    populations = [one for one in groups if ecm is None or {one.outcome, ecm.outcome} <= POSITIVE]
    likely = [one for one in populations if one.outcome is Outcome.LIKELY]
    waits = waits_for(decided, policy)
    sent, fits = _worth_sending(decided, but="chw" if ecm and ecm.outcome in REFER_NOW else "")
    door, county = decided.door, decided.county
    # There is no way to a plan that is not known, or does not serve the county.
    ways = [policy.way_to(door.plan, county, one, door.region) for one in sent] if county else []
    routes = dict.fromkeys(route for way in ways for route in way.routes)
    phones = [route for route in routes if route.channel is Channel.PHONE]
    send = []
    for one in decided.send:
        if services := sent.get(one.program):
            # By phone what the best way does not take.
            by_phone = phones and services <= {*one.route.services_except}
            send.append(replace(one, route=phones[0], subject="") if by_phone else one)
    told = {one.route.address for one in send}
    return Summary(
        ecm,
        tuple(likely if ecm and likely else populations),
        chw,
        tuple((one, advice.offered) for one, advice in found if one.subject.service),
        tuple(ask_next(decided, waits, policy)),
        tuple(send),
        fits,
        waits,
        tuple(one for one in phones if one.address not in told),
        tuple(instead_of_sending(door, policy)) if sent and not send else (),
        county.kp.warning if county and county.kp and door.plan == KP else "",
        county.note if county and any(county.name in plan.works_for for plan in policy.plans.values()) else "",
    )


def _rank(result: tuple[Determination, Advice]) -> tuple[int, bool, int]:
    """What fits first, then what is offered, then what rests on the most answers: it is the most about this member."""
    one, advice = result
    return list(Outcome).index(one.outcome), advice.offered is False, -sum(reason.met for reason in one.because)


def _worth_sending(decided: Decided, but: str) -> tuple[dict[str, set[str | None]], bool]:
    """The programs of which something seems to fit, with their services that do; where nothing does, what is open.

    With them whether it fits.
    """
    own = _of_their_own(decided)
    offered = [one for one, advice in own if advice.offered is not False and one.subject.program != but]
    for outcomes in (REFER_NOW, set(Outcome) - {Outcome.UNLIKELY}):
        found: dict[str, set[str | None]] = {}
        for one in offered:
            if one.outcome in outcomes:
                found.setdefault(one.subject.program, set()).add(one.subject.service)
        if found:
            return found, outcomes is REFER_NOW
    return {}, False


def _of_their_own(decided: Decided) -> list[tuple[Determination, Advice]]:
    """The results without ECM's populations where ECM itself is among them: beside it they count for nothing."""
    whole = {subject_id(one.subject) for one, _ in decided.results}
    return [(one, advice) for one, advice in decided.results if "ecm" not in whole or not one.subject.population]


def ask_next(decided: Decided, waits: Mapping[str, Waits], policy: Policy) -> Iterator[Ask]:
    """Two questions of ECM's in the order of the talk, then those that most others wait for; asked in vain: last.

    What the plan does not offer counts only if nothing else was asked for.
    """
    in_talk = dict.fromkeys((*(one for screen in policy.talk_file.screen for one in screen.answers), *policy.questions))
    order = {question: (question in decided.answers, number) for number, question in enumerate(in_talk)}
    own = {subject_id(one.subject): advice.offered for one, advice in _of_their_own(decided)}
    worth = {name for name, offered in own.items() if offered is not False} or set(own)
    waiting = {name: (*one.still_open, *one.in_vain) for name, one in waits.items() if name in worth}
    of_ecm = waiting.pop("ecm", ())
    others = Counter(one for several in waiting.values() for one in several)
    first = sorted(of_ecm, key=order.__getitem__)[:OF_ECM]
    rest = {*of_ecm, *others}.difference(first)
    rest_in_order = sorted(rest, key=lambda one: (order[one][0], -others[one], order[one]))
    for question in (*first, *rest_in_order)[:MOST_ASKED]:
        yield Ask(question, question in of_ecm, others[question])


def waits_for(decided: Decided, policy: Policy) -> dict[str, Waits]:
    """What each unsettled result waits for. "Not known" is an answer: what could only matter with it is not open."""
    spans = spans_of(policy.criteria, decided.answers, truths_of(policy.criteria.values())(decided.answers))
    return {
        subject_id(one.subject): Waits(
            policy.questions_of(wanted_for(one.subject)(spans)),
            tuple(question for question in policy.questions_of(one.missing) if question in decided.answers),
        )
        for one, _ in decided.results
        if one.outcome is Outcome.NEED_ANSWERS
    }


def unknown_of(one: Determination, in_vain: Container[str], policy: Policy) -> tuple[str, ...]:
    """What nobody knew of a result, in a few words; what would rule it out comes first."""
    gates = {name for part, rule in one.subject.parts.items() if part in GATES for name in criteria_of(rule)}
    asked = [policy.criteria[name] for name in sorted(one.missing, key=lambda name: name not in gates)]
    return tuple(dict.fromkeys(brief(each) for each in asked if each.question in in_vain))


def reasons(determination: Determination, policy: Policy) -> tuple[str, ...]:
    """The reasons for the outcome in a few words, age last; empty where only a rule is not met."""
    outcome, entry = determination.outcome, determination.subject.entry
    deciding = [one for one in determination.because if one.part in {GATE_OF.get(outcome), "from"}]
    if not deciding and outcome in REFER_NOW:
        deciding = [one for one in determination.because if one.met and one.part not in GATES]
    stated = [(dates.statement(one.criterion, entry, policy), one) for one in deciding]
    said = sorted(stated, key=lambda one: one[0].question == AGE)
    # What is to become true, or what a day brings, is said as it is.
    return tuple(f"{brief(one)}{'' if why.met or why.part in {'first', 'from'} else NOT_SO}" for one, why in said)


def brief(criterion: Criterion) -> str:
    """The criterion in a few words."""
    return criterion.brief or f"{criterion.text[:1].lower()}{criterion.text[1:]}"
