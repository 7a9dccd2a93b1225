"""What to ask next. A pure function of the policy and the replies; nothing is kept between calls.

A subject is a tree of "all of" and "any of" over questions. Each open part of it has a likelihood of coming out yes and
an expected number of questions. Of "any of" the part most likely to say yes per question is tried first, of "all of"
the part most likely to say no. docs/decisions.md says why, and what it saves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Final, NamedTuple

from calaim_cli.case.case import AGE
from calaim_cli.decide.determination import Decide, decider
from calaim_cli.policy.places import County
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import PARTS, Outcome, Program, Subject, subject_id
from calaim_cli.policy.questions import NONE_OF_THESE, Answer, Criterion, Kind, Question, TruthsOf, truths_of
from calaim_cli.policy.rules import MOST_REMEMBERED, Rule, Truth, Truths, criteria_of

# A question of the topic under way is taken if it is worth at least this share of the best one.
STAY: Final = 0.5
# Nothing that is unknown is less likely than this, or surer than its opposite: it has to be asked.
RARE: Final = 0.001


class Prospect(NamedTuple):
    """How likely a part of a rule says yes, how many questions to expect for it, and the one to begin with."""

    likely: float
    questions: float
    first: str


class Inquiry(NamedTuple):
    """What an interview is to settle, and what that rests on; made once by `inquiry`."""

    subjects: dict[str, Subject]
    questions: dict[str, Question]
    tested: dict[str, str]
    likely: dict[str, float]
    costs: dict[str, float]  # a question is cheaper the more parts of the rules it serves
    truths_of: TruthsOf
    deciders: dict[str, Decide]
    rests_on: dict[str, tuple[str, ...]]
    prospects: dict[Hashable, Prospect]  # those worked out so far


def inquiry(
    subjects: Sequence[Subject], criteria: Mapping[str, Criterion], questions: Mapping[str, Question]
) -> Inquiry:
    """An inquiry into the subjects, by the policy's criteria and questions."""
    tested = {name: criterion.question for name, criterion in criteria.items()}
    pieces: list[Rule] = []
    for rule in [rule for subject in subjects for rule in subject.parts.values()]:
        # ECM's rule is any one of its populations', and each of those counts.
        several = tuple(one for one in rule.any_of if isinstance(one, Rule))
        pieces += several if rule == Rule(any_of=several) else (rule,)
    uses = Counter(question for piece in pieces for question in {tested[one] for one in criteria_of(piece)})
    return Inquiry(
        subjects={subject_id(one): one for one in subjects},
        questions=dict(questions),
        tested=tested,
        likely={name: _likelihood(criterion, questions[criterion.question]) for name, criterion in criteria.items()},
        costs={question: 1 / uses[question] for question in uses},
        truths_of=truths_of(criteria.values()),
        deciders={subject_id(one): decider(one) for one in subjects},
        rests_on={subject_id(one): tuple(dict.fromkeys(criteria_of(*one.parts.values()))) for one in subjects},
        prospects={},
    )


def open_questions(about: Inquiry, answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """The questions, in their order, that have no reply yet and can still change a subject."""
    wanted = set().union(*_open(about, answers).values())
    return tuple(question for question in about.questions if question in wanted)


def _open(about: Inquiry, answers: Mapping[str, Answer]) -> dict[str, set[str]]:
    """For each subject that is not settled, the questions without a reply that can still change it."""
    known = about.truths_of(answers)
    missing = {subject: decide(known).missing for subject, decide in about.deciders.items()}
    return {one: {about.tested[name] for name in names} - answers.keys() for one, names in missing.items()}


def next_question(about: Inquiry, answers: Mapping[str, Answer], last: str | None = None) -> str | None:
    """The question to ask after `last`, or None when nothing that is still unknown can change a subject.

    "Don't know" is a reply: what it leaves open is not asked again. An age that matters comes first: it decides which
    questions are for children and which for adults.
    """
    known = about.truths_of(answers)
    still_open = _open(about, answers)
    if any(AGE in wanted for wanted in still_open.values()):
        return AGE
    worth: dict[str, float] = {}
    for subject, wanted in still_open.items():
        prospect = _of_subject(about, subject, known, wanted)
        if prospect.questions:
            worth[prospect.first] = worth.get(prospect.first, 0.0) + 1 / prospect.questions
    if not worth:
        return None
    best = max(worth, key=worth.__getitem__)
    related = [one for one in worth if last and about.questions[one].topic == about.questions[last].topic]
    stay = max(related, key=worth.__getitem__, default=best)
    return stay if worth[stay] >= STAY * worth[best] else best


def _of_subject(about: Inquiry, subject: str, known: Truths, wanted: set[str]) -> Prospect:
    key = (subject, frozenset(wanted), tuple(known[one] for one in about.rests_on[subject]))
    if key not in about.prospects:
        costs = {one: about.costs[one] for one in wanted}
        if len(about.prospects) >= MOST_REMEMBERED:
            about.prospects.clear()
        about.prospects[key] = _of_parts(about, about.subjects[subject].parts, known, costs)
    return about.prospects[key]


def _of_parts(about: Inquiry, parts: Mapping[str, Rule], known: Truths, costs: Mapping[str, float]) -> Prospect:
    """The parts as one "all of": the rule, nothing that excludes, every step taken.

    Once that cannot come out yes any more, each part that can still change the outcome, in the order they decide.
    """
    gates = tuple(parts[part] for part in ("excluded", "choose_one") if part in parts)
    steps = tuple(parts[part] for part in ("first", "limit") if part in parts)
    whole = Rule(all_of=(parts["rule"], *steps), none_of=gates)
    in_turn = (whole, *(parts[part] for part in PARTS if part in parts))
    prospects = (_of_rule(about, part, known, costs) for part in in_turn)
    return next((prospect for prospect in prospects if prospect.questions), Prospect(0.0, 0.0, ""))


def _of_rule(about: Inquiry, part: Rule | str, known: Truths, costs: Mapping[str, float]) -> Prospect:
    """The prospect of a rule or criterion. What is settled, or was answered by "don't know", costs no question."""
    if isinstance(part, str):
        if known[part] is not Truth.UNKNOWN:
            return Prospect(1.0 if known[part] is Truth.YES else 0.0, 0.0, "")
        question = about.tested[part]
        return Prospect(about.likely[part], costs.get(question, 0.0), question)
    every = [_of_rule(about, one, known, costs) for one in part.all_of]
    some = [_turned(_of_rule(about, one, known, costs)) for one in part.any_of]
    none = [_turned(_of_rule(about, one, known, costs)) for one in part.none_of]
    return _all_of([*every, *([_turned(_all_of(some))] if some else []), *none])


def _turned(prospect: Prospect) -> Prospect:
    return prospect._replace(likely=1 - prospect.likely)


def _all_of(parts: Sequence[Prospect]) -> Prospect:
    # What says no soonest is asked first, and what comes after only as long as everything so far said yes.
    if any(one.likely == 0 for one in parts):
        return Prospect(0.0, 0.0, "")
    to_ask = sorted((one for one in parts if one.questions), key=lambda one: (one.likely - 1) / one.questions)
    likely, questions = 1.0, 0.0
    for one in to_ask:
        questions += likely * one.questions
        likely *= one.likely
    for one in parts:
        likely *= one.likely if not one.questions else 1.0
    return Prospect(likely, questions, to_ask[0].first if to_ask else "")


def _likelihood(criterion: Criterion, question: Question) -> float:
    # The share that says yes, reaches a step, or chooses one of its choices.
    answers = telling_answers(question, [criterion])
    truths = truths_of([criterion])
    met = [answer for answer in answers if truths({question.id: answer})[criterion.id] is Truth.YES]
    no = {False, NONE_OF_THESE, (NONE_OF_THESE,)}
    yes = [answer for answer in answers if answer not in no]
    likely = sum((1 - question.likely) if answer in no else question.likely / len(yes) for answer in met)
    return min(max(likely, RARE), 1 - RARE)


def telling_answers(question: Question, tests: Sequence[Criterion]) -> tuple[Answer, ...]:
    """One answer for each way in which the question's criteria can come out: steps, single choices, yes and no."""
    match question.kind:
        case Kind.YES_NO:
            return (True, False)
        case Kind.NUMBER:
            steps = {one.at_least for one in tests} | {one.at_most + 1 for one in tests if one.at_most is not None}
            return tuple(sorted({0, *(step for step in steps if step)}))
        case Kind.CHOICE:
            return tuple(question.choices)
        case Kind.CHOICES:
            return tuple((choice,) for choice in question.choices)


def to_settle(named: Sequence[Program], policy: Policy, county: County | None) -> tuple[Subject, ...]:
    """The subjects an interview settles: what was named, or ECM, CHW and the services.

    Belonging to one population is enough for ECM, so a whole program asks for itself and not for its populations.
    Services that the county does not offer are left out unless they were named.
    """
    entries = named or policy.programs_file.program
    programs = {entry.id for entry in entries}
    return tuple(
        one
        for one in policy.subjects
        if one.entry in entries
        or (one.service and one.program in programs and policy.offered(one.service, county) is not False)
    )


def standing(about: Inquiry, answers: Mapping[str, Answer]) -> tuple[dict[str, Outcome], int]:
    """How far the interview has come: the outcome of each subject, and at most how many questions are to go.

    It is an upper bound, as a reply can make other questions needless.
    """
    known = about.truths_of(answers)
    outcomes = {subject: decide(known).outcome for subject, decide in about.deciders.items()}
    return outcomes, len(open_questions(about, answers))
