"""The answer to a case in words: for one screen, for a pipe, and in one row for each of several cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec.structs import replace

from calaim_cli.base.wording import counted, one_of
from calaim_cli.decide.advice import REFER_NOW, Door
from calaim_cli.decide.determination import POSITIVE, Determination
from calaim_cli.decide.screening import Decided
from calaim_cli.decide.summary import Ask, Summary, reasons, summary_of, unknown_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome, subject_id
from calaim_cli.policy.questions import Kind
from calaim_cli.policy.routes import Channel, lines
from calaim_cli.show.blocks import DOUBT, GOOD, RANKS, Fact, Gives, Line, Screenful, few_of
from calaim_cli.show.views import PROGRAM_WORDS, REMEMBER, TONES

NAMES, GROUPS, REASONS, PLANS = 6, 2, 2, 3
"""How many supports, populations, reasons and plans are named before the others are counted or give way."""
FEW = 3
"""So many supports are few enough to name those that do not match, or are not sure."""
COUNTED = {
    Outcome.LIKELY: ("seems to fit", "seem to fit"),
    Outcome.PLAN_DISCRETION: ("is up to the plan", "are up to the plan"),
    Outcome.CHOOSE_ONE: ("is a choice to make", "are a choice to make"),
    Outcome.NOT_YET: ("after a first step", "after a first step"),
    Outcome.NEED_ANSWERS: ("not sure yet", "not sure yet"),
    Outcome.UNLIKELY: ("does not match", "do not match"),
}
OFFERS = {True: "offered", False: "not-offered", None: "not-known"}
IN_ECM = "ECM includes it: refer for one of the two"
ASK_ECM = "ECM includes it: settle ECM first"
SUBJECT_OF = {"cs": "for the supports ", "chw": "for CHW "}


def screenful(decided: Decided, policy: Policy) -> Screenful:
    """The answer to one case, to be laid out on a screen or printed in a pipe."""
    summary = summary_of(decided, policy)
    more = f"More: --why {subject_id(decided.results[0][0].subject)}, --all"
    whole, short = f"A screening, not a decision: the plan decides. {more}", f"The plan decides. {more}"
    shown = (
        *_program_lines(summary, policy),
        *_support_lines(summary, decided.door, policy),
        *_ask_lines(summary.ask_next, policy),
        *(_instead(summary) if summary.instead else _send_lines(summary, policy)),
        Line("Take care", summary.warning, tone=DOUBT),
        Line("Take care", summary.cards, Gives.SECOND, tone=DOUBT),
        Line("", whole, Gives.SECOND, short),
    )
    return Screenful(tuple(line for line in shown if line.text), tuple(_plain(summary, policy)))


def _program_lines(summary: Summary, policy: Policy) -> Iterator[Line]:
    if summary.ecm:
        outcome, why = summary.ecm.outcome, _why(summary.ecm, summary, policy)
        label = policy.outcomes[outcome].label.lower()
        texts = [": ".join(filter(None, (label, ", and ".join(why[:most])))) for most in (REASONS, 1)]
        yield Line("ECM", texts[0], Gives.REASON, texts[1], tone=TONES[outcome])
        if names := [one.subject.entry.name for one in summary.populations]:
            yield Line("ECM", f"as: {few_of(names, GROUPS)}", Gives.GROUPS)
    else:
        for number, one in enumerate(summary.populations):
            text = f"{one.subject.entry.name}: {policy.outcomes[one.outcome].label.lower()}"
            yield Line("Group", text, Gives.NAMES if number >= FEW else Gives.NEVER, tone=TONES[one.outcome])
    if summary.chw:
        label, why = policy.outcomes[summary.chw.outcome].label.lower(), _why(summary.chw, summary, policy)
        waits = f", but {ASK_ECM}" if summary.chw_waits_for_ecm else ""
        short = f"{label} too, but {IN_ECM}" if summary.chw_is_in_ecm else f"{label}{waits}"
        said = f"{label}: {why[0]}" if why and summary.chw.outcome not in REFER_NOW else short
        yield Line("CHW", said, Gives.REASON, short, tone=TONES[summary.chw.outcome])


def _why(one: Determination, summary: Summary, policy: Policy) -> tuple[str, ...]:
    """What the outcome rests on, or waits for, in a few words."""
    if one.outcome is Outcome.NEED_ANSWERS:
        waits = summary.waits[subject_id(one.subject)]
        if number := len(waits.still_open):
            return (f"{counted(number, 'answer')} {'is' if number == 1 else 'are'} missing",)
        return (f"nobody knows: {few_of(unknown_of(one, waits.in_vain, policy), REASONS)}",)
    found = reasons(one, policy)[:REASONS]
    if not found and one.outcome is Outcome.UNLIKELY:
        of_ecm, groups = one.subject.program == "ecm", len(policy.programs_file.population)
        return (f"none of the {groups} groups fits the answers" if of_ecm else "the answers do not meet its rule",)
    return found


def _support_lines(summary: Summary, door: Door, policy: Policy) -> Iterator[Line]:
    """The supports by outcome: how many, how many of them are offered, and their names."""
    total, listed = len(summary.supports), list[Line]()
    for outcome, group in groupby(summary.supports, key=lambda one: one[0].outcome):
        found = list(group)
        count = f"{len(found)} {COUNTED[outcome][len(found) > 1]}{_offered(found, outcome, door)}"
        named = outcome in POSITIVE or len(found) <= FEW
        shown = [one for one, offered in found if named and (offered is not False or outcome is Outcome.UNLIKELY)]
        names = [_named(one, policy) for one in shown]
        text = f"{count}: {few_of(names, NAMES)}" if names else count
        if outcome is not Outcome.UNLIKELY:
            one_named = f"{count}: {few_of(names, 1)}" if names and outcome is Outcome.LIKELY else count
            listed.append(Line("Supports", text, Gives.NAMES, one_named, count, TONES[outcome]))
        elif listed:  # what does not match today ends the line before it: it is no news by itself
            last, more = listed.pop(), f". {count} today"
            listed.append(replace(last, text=last.text + more, short=last.short + more, least=last.least + more))
        else:
            few = f"{'; '.join(names)}: {policy.outcomes[outcome].label.lower()}"
            listed.append(Line("Supports", few if total <= FEW else f"none of the {total} matches today"))
    yield from listed
    absent = [
        one.subject.entry.name for one, offered in summary.supports if offered is False and one.outcome in POSITIVE
    ]
    if absent:
        yield Line("Supports", f"not offered there: {few_of(absent, NAMES)}", Gives.NOT_OFFERED)


def _named(one: Determination, policy: Policy) -> str:
    """The name of a support, with the step that comes first."""
    steps = reasons(one, policy) if one.outcome is Outcome.NOT_YET else ()
    return f"{one.subject.entry.name} (first: {steps[0]})" if steps else one.subject.entry.name


def _offered(found: Sequence[tuple[Determination, bool | None]], outcome: Outcome, door: Door) -> str:
    """How many of the supports the member's plan offers; of those that do not fit yet only how many it does not."""
    offers = Counter(offered for _, offered in found)
    if not door.plan or door.county is None or outcome is Outcome.UNLIKELY:
        return ""
    if outcome is not Outcome.LIKELY:
        return f", {offers[False]} not offered" if offers[False] else ""
    ask = "ask the plan what it offers" if offers[None] == len(found) else "ask the plan about the others"
    some = "" if len(found) == 1 else "all " if offers[True] == len(found) else f"{offers[True] or 'none'} "
    said = f", {some or ('' if offers[True] else 'not ')}offered in {door.county.name} County"
    return f"{said if offers[None] < len(found) else ''}{f'; {ask}' if offers[None] else ''}"


def _ask_lines(asked: Sequence[Ask], policy: Policy) -> Iterator[Line]:
    """What to ask next, each question with what waits for it."""
    if not asked:
        yield Line("Ask next", "nothing: every result is settled")
    for number, one in enumerate(asked, 1):
        others = counted(one.others, "other" if one.of_ecm else "result")
        settles = " and ".join(filter(None, ("ECM" if one.of_ecm else "", others if one.others else "")))
        question = policy.questions[one.question]
        # Where its words point to a list of choices, it is said what it is about.
        titles = [topic.title for topic in policy.programs_file.topic if topic.id == question.topic]
        about = f"{titles[0]}: " if question.kind is Kind.CHOICES else ""
        text = f"{f'{number} ' if len(asked) > 1 else ''}{about}{question.ask} (for {settles})"
        yield Line("Ask next", text, RANKS[number - 1], tone=DOUBT)


def _send_lines(summary: Summary, policy: Policy) -> Iterator[Line]:
    """Where to send the referral, and how fast the plan answers."""
    # Programs that the same address takes share its lines.
    for number, (route, group) in enumerate(groupby(summary.send, key=lambda one: one.route)):
        several = list(group)
        named = f"{'' if summary.fits else 'you may still refer: '}{policy.plans[route.plan].name}"
        if route.channel is Channel.EMAIL:
            subjects = "; ".join(
                f'{SUBJECT_OF[one.program] if place else ""}"{one.subject}"' for place, one in enumerate(several)
            )
            phones = "".join(f" or call {one.address}" for one in summary.phones)
            yield Line("Send", f"{named}: {route.address}{phones}", tone=GOOD)
            yield Line("Send", f"by secure e-mail, subject {subjects}", tone=GOOD)
        else:
            programs = " and ".join(PROGRAM_WORDS[one.program] for one in several)
            how = f"{'ask there how to refer: ' if several[0].ask else ''}{next(lines(route))}"
            to = programs if number else f"{named}, {programs}"
            yield Line("Send", f"{to}: {how}", RANKS[number], tone=GOOD)
        for words in dict.fromkeys(one.how_fast for one in several if one.how_fast):
            yield Line("Send", words, Gives.FAST)
    by_phone = (one.route for one in summary.send if one.route.channel is Channel.PHONE)
    # The line with the number may have given way: hours of nobody's phone help nobody.
    lines_open = [one for one in (*by_phone, *summary.phones) if one.hours]
    for hours in dict.fromkeys(one.hours for one in lines_open):
        numbers = one_of(dict.fromkeys(one.address for one in lines_open if one.hours == hours))
        yield Line("Send", f"{numbers}: {hours}", Gives.HOURS)
    if any(one.route.channel is Channel.EMAIL for one in summary.send):
        yield Line("Send", "'calaim refer CASE' writes the draft; nothing is sent", Gives.COMMAND)


def _instead(summary: Summary) -> Iterator[Line]:
    """What to find out first: a question with the plans that may be meant, and whom to call."""
    first, *plans = summary.instead
    if plans:
        *plans, last = plans
        texts = [f"{first} {few_of(plans, most)}" for most in (len(plans), PLANS)]
        yield Line("Send", texts[0], Gives.PLANS, texts[1], tone=DOUBT)
        yield Line("Send", last)
    else:
        yield Line("Send", first, tone=DOUBT)
    if summary.phones:
        yield Line("Send", f"Call {one_of(one.address for one in summary.phones)}")


def _plain(summary: Summary, policy: Policy) -> Iterator[Fact]:
    """The answer as rows for a script; what has nothing to say has no row."""
    if summary.ecm:
        yield row("ecm", summary.ecm.outcome, ", and ".join(_why(summary.ecm, summary, policy)))
    for one in summary.populations:
        yield row("population", subject_id(one.subject), one.outcome, one.subject.entry.name)
    if summary.chw:
        why = IN_ECM if summary.chw_is_in_ecm else ", and ".join(_why(summary.chw, summary, policy))
        yield row("chw", summary.chw.outcome, why)
    # A script that wants what does not match asks for --all or --json.
    fitting = [one for one in summary.supports if one[0].outcome is not Outcome.UNLIKELY]
    for one, offered in fitting:
        step = reasons(one, policy)[:1] if one.outcome is Outcome.NOT_YET else ()
        yield row("support", subject_id(one.subject), one.outcome, OFFERS[offered], *step)
    if summary.supports and not fitting:
        yield row("supports", "none", f"0 of {len(summary.supports)} match today")
    yield from (row("ask_next", one.question, str(one.results)) for one in summary.ask_next)
    yield from (row("send", one.program, one.route.address, one.subject) for one in summary.send)
    yield from (row("phone", one.address) for one in summary.phones)
    yield from (row("warning", words) for words in (summary.warning, summary.cards) if words)
    yield from (row("instead", words) for words in summary.instead)
    yield row("remember", REMEMBER)


def row(*cells: str) -> Fact:
    """The row of a script that has these cells, of which the empty ones are left out."""
    *keys, last = [cell for cell in cells if cell]
    return Fact("\t".join(keys), "", last)


def several(results: Sequence[Decided], policy: Policy) -> Screenful:
    """One line a case: what ECM and CHW come to and how many supports seem to fit; then how many cases each has."""
    summaries = [summary_of(one, policy) for one in results]
    shown, rows = list[Line](), list[Fact]()
    for decided, one in zip(results, summaries, strict=True):
        shown.append(Line("", f"{decided.name}: {'; '.join(_said_of_one(one, policy))}"))
        programs = [found.outcome if found else "-" for found in (one.ecm, one.chw)]
        fitting = str(_fitting(one)) if one.supports else "-"
        groups = ", ".join(f"{subject_id(group.subject)} {group.outcome}" for group in one.populations) or "-"
        rows.append(row("case", decided.name, *programs, fitting, groups))
    rows.append(row("total", "cases", str(len(results))))
    for program in ("ecm", "chw"):
        counts = Counter(found.outcome for one in summaries if (found := getattr(one, program)))
        ranked = [one for one in Outcome if one in counts]
        rows += [row("total", program, one, str(counts[one])) for one in ranked]
        if ranked:
            said = ", ".join(f"{counts[one]} {policy.outcomes[one].label.lower()}" for one in ranked)
            shown.append(Line("", f"{PROGRAM_WORDS[program]} of {len(results)} cases: {said}"))
    # Lines of cases never give way: whoever decides many wants each.
    last = Line("", "A screening, not a decision: the plan decides. More: --all, or one case at a time")
    return Screenful((*shown, last), (*rows, row("remember", REMEMBER)))


def _said_of_one(summary: Summary, policy: Policy) -> Iterator[str]:
    """What each program of a case comes to, in a few words."""
    groups = () if summary.ecm else summary.populations
    for one in (summary.ecm, *groups, summary.chw):
        if one:
            name = one.subject.entry.name if one.subject.population else PROGRAM_WORDS[one.subject.program]
            yield f"{name} {policy.outcomes[one.outcome].label.lower()}"
    if summary.supports:
        yield f"supports that seem to fit: {_fitting(summary)} of {len(summary.supports)}"


def _fitting(summary: Summary) -> int:
    """How many supports seem to fit and are not known to be missing from the member's plan."""
    return sum(one.outcome is Outcome.LIKELY and offered is not False for one, offered in summary.supports)
