"""Whether criteria and rules fit their questions, can be met and missed, and say in their words what they test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Final

from calaim_cli.base.errors import Problem
from calaim_cli.case.case import AGE
from calaim_cli.decide.known import asked_by
from calaim_cli.decide.plausible import absent
from calaim_cli.policy.policy import PROGRAMS, Policy
from calaim_cli.policy.programs import Grade, rules_of, source_id
from calaim_cli.policy.questions import NONE_OF_THESE, Answer, Condition, Criterion, Kind, Question, truths_of
from calaim_cli.policy.rules import Rule, Truth, criteria_of, evaluator

MOST_CRITERIA: Final = 12  # 4,096 ways to answer at most
LONGEST_BRIEF: Final = 40  # two of them stand on a line of a result
Ways = frozenset[frozenset[str]]
"""For each kind of answer, the criteria of a question that it meets together."""

TURNED: Final = re.compile(r"\bno(?:t|) (?:more than|over|fewer than|less than|under) ", re.IGNORECASE)
ABOVE: Final = r"(?:more than|over|above|older than)"
BELOW: Final = r"(?:fewer than|less than|under|below|younger than|before|before the|before age|until the)"


NUMBERED: Final = r"[0-9][0-9,]*(?<!,)"
"""A number in a text, with commas inside it."""

TESTS: Final = {
    Kind.YES_NO: (),
    Kind.NUMBER: ("at_least", "at_most"),
    Kind.CHOICE: ("any_choice", "one_of"),
    Kind.CHOICES: ("any_choice", "has_any_of"),
}
"""The tests of a criterion that suit each kind of question."""
DECIDING: Final = frozenset({"rule", "discretion", "excluded"})
"""The parts that can make an outcome unlikely, or likely; the others only choose between what may be had."""
PAIR: Final = 2


def unfit(policy: Policy) -> Iterator[Problem]:
    """Problems of rules and criteria as they are written, whether or not what they name is there."""
    for check in (_rules, _unsure, _criteria, _briefs):
        yield from check(policy)


def _rules(policy: Policy) -> Iterator[Problem]:
    for entry in policy.entries:
        for part, rule in rules_of(entry).items():
            yield from empty_rules(rule, f'{PROGRAMS}: "{entry.id}": {part}')
        # ECM is decided by its populations, Community Supports service by service.
        if entry.rule is None and entry.id not in {"ecm", "cs"}:
            yield Problem(f'{PROGRAMS}: "{entry.id}": rule', "no-rule", "add a rule: without one nothing is decided")


def empty_rules(rule: Rule, where: str) -> Iterator[Problem]:
    """A problem for the rule, and for each one inside it, that has no parts."""
    for one in rule.rules:
        if not one.parts:
            yield Problem(where, "empty-rule", "has no criteria and would match everyone; name at least one")


def _unsure(policy: Policy) -> Iterator[Problem]:
    """Problems of facts that no document says, where they would make an outcome likely or unlikely."""
    sure = {tag for tag, source in policy.sources.items() if source.grade is not Grade.UNVERIFIED}
    unsure = {one for one, test in policy.criteria.items() if sure.isdisjoint(map(source_id, test.source))}
    for entry in policy.entries:
        for part, rule in rules_of(entry).items():
            for criterion in sorted(unsure.intersection(criteria_of(rule))) if part in DECIDING else ():
                words = f'"{criterion}" is of grade U, so no outcome may be likely or unlikely by it: make it a limit'
                yield Problem(f'{PROGRAMS}: "{entry.id}": {part}', "unsure", words)


def _criteria(policy: Policy) -> Iterator[Problem]:
    used = policy.rule_criteria.union(*map(criteria_of, policy.programs_file.contradiction))
    for criterion in policy.programs_file.criterion:
        where = f'{PROGRAMS}: criterion "{criterion.id}"'
        if question := policy.questions.get(criterion.question):
            yield from misfits(criterion, question, where)
        if criterion.id not in used:
            yield Problem(where, "unused-criterion", "no rule or contradiction uses it; use it or remove it")


def _briefs(policy: Policy) -> Iterator[Problem]:
    """Problems of the few words that say a criterion in a result: none, too many, or those of another one."""
    owner: dict[str, str] = {}
    # A folder that was made before there were any goes on to be used.
    wanted = any(one.brief for one in policy.programs_file.criterion)
    for criterion in policy.programs_file.criterion if wanted else ():
        where, brief = f'{PROGRAMS}: criterion "{criterion.id}": brief', criterion.brief
        if not brief:
            words = f'describe a member in at most {LONGEST_BRIEF} characters, such as "hospice care"'
            yield Problem(where, "no-brief", words)
        elif len(brief) > LONGEST_BRIEF:
            yield Problem(where, "long", f"is longer than {LONGEST_BRIEF} characters: shorten it")
        elif (first := owner.setdefault(brief.casefold(), criterion.id)) != criterion.id:
            yield Problem(where, "duplicate-brief", f'"{first}" has the same words: tell the two apart')


def misfits(criterion: Condition, question: Question, where: str) -> Iterator[Problem]:
    """Problems of a test that does not suit the kind of its question, or names choices that it has not."""
    values = {key: getattr(criterion, key) for keys in TESTS.values() for key in keys}
    given = {key for key, value in values.items() if value is not False and value not in (None, ())}  # zero is a limit
    allowed = TESTS[question.kind]
    for key in sorted(given.difference(allowed)):
        yield Problem(f"{where}: {key}", "test-kind", f"does not suit a {question.kind} question; remove it")
    if allowed and not given:
        yield Problem(where, "no-test", f"no answer can meet it: add {' or '.join(allowed)}")
    yield from absent(where, "choice", (*criterion.one_of, *criterion.has_any_of), question.choices)


def unmeetable(policy: Policy) -> Iterator[Problem]:
    """Problems of criteria and rules whose questions and criteria are all there."""
    by_question: dict[str, list[Criterion]] = {}
    for criterion in policy.programs_file.criterion:
        by_question.setdefault(criterion.question, []).append(criterion)
    ways = {name: ways_of(policy.questions[name], several) for name, several in by_question.items()}
    for criterion in policy.programs_file.criterion:
        yield from _criterion(criterion, ways[criterion.question])
        where = f'{PROGRAMS}: criterion "{criterion.id}"'
        yield from unsaid(criterion, policy.questions[criterion.question], where)
    for entry in policy.entries:
        for part, rule in rules_of(entry).items():
            where = f'{PROGRAMS}: "{entry.id}": {part}'
            yield from _rule(rule, where, policy, ways)
            yield from _met_by_zero(rule, part, where, policy)
    yield from _contradictions(policy)
    for one in policy.programs_file.contradiction:
        if not one.above:
            yield from _rule(one, f'{PROGRAMS}: contradiction "{one.id}"', policy, ways)


def ways_of(question: Question, criteria: Iterable[Criterion]) -> Ways:
    """What any known answer to the question can meet."""
    several = tuple(criteria)
    truths = truths_of(several)

    def met(answer: Answer) -> frozenset[str]:
        return frozenset(one for one, truth in truths({question.id: answer}).items() if truth is Truth.YES)

    most = question.at_most
    told = telling_answers(question, several)
    apart = {one: met(one) for one in told if not isinstance(one, int) or most is None or one <= most}
    none = frozenset(apart.pop(one) for one in ((NONE_OF_THESE,),) if one in apart)
    found = alone = frozenset(apart.values())
    for _ in several:  # choices together meet what each of them does
        found |= {one | other for one in found for other in alone if question.kind is Kind.CHOICES}
    return found | none


def _contradictions(policy: Policy) -> Iterator[Problem]:
    """Problems of contradictions: each compares two questions, so that both can be named."""
    for one in policy.programs_file.contradiction:
        counts = [question for question in one.above if policy.questions[question].kind is Kind.NUMBER]
        both_ways = one.above and [*criteria_of(one)]
        if len(asked_by(one, policy)) != PAIR or len(one.above) > PAIR or len(one.above) != len(counts) or both_ways:
            words = "compare two questions: by criteria, or by two counts in `above`"
            yield Problem(f'{PROGRAMS}: contradiction "{one.id}"', "contradiction", words)


def _criterion(criterion: Criterion, ways: Ways) -> Iterator[Problem]:
    where = f'{PROGRAMS}: criterion "{criterion.id}"'
    if not any(criterion.id in met for met in ways):
        yield Problem(where, "unreachable", "no answer can meet it: look at its test, and at the question's own limits")
    elif all(criterion.id in met for met in ways):
        yield Problem(where, "always-met", "every answer meets it, so it tests nothing: look at its test")


def unsaid(criterion: Criterion, question: Question, where: str) -> Iterator[Problem]:
    """Problems of a criterion whose words do not name the number of its test."""
    for key, number in (("at_least", criterion.at_least), ("at_most", criterion.at_most)):
        for name, text in (("text", criterion.text), ("brief", criterion.brief), ("letter", criterion.letter)):
            if number is not None and text and not _says(_without(question.ask, text), key, number):
                words = (
                    f"the {name} does not name {number:,}: people read the {name}, so make both say the same, in digits"
                )
                yield Problem(f"{where}: {key}", "not-in-text", words)


def _without(asked: str, text: str) -> str:
    """The text without the numbers of its question, each once: of "6 in 6 months" the first is of the test."""
    found = re.findall(NUMBERED, text)
    for number in re.findall(NUMBERED, asked):
        if found.count(number) and len(found) > 1:
            found.remove(number)
            text = re.sub(rf"(.*)\b{re.escape(number)}\b", r"\1", text, count=1, flags=re.DOTALL)
    return text


def _says(text: str, key: str, number: int) -> bool:
    """Whether a text names the number of a test, or the next one as in "under 21" for at most 20."""
    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", TURNED.sub("", text))
    beyond, beside = (ABOVE, number - 1) if key == "at_least" else (BELOW, number + 1)
    after, next_to, named = (
        set(re.findall(rf"{word}(?<![0-9])([0-9]+)", plain, re.IGNORECASE))
        for word in (rf"\b(?:{ABOVE}|{BELOW}) \$?", rf"\b{beyond} \$?", "")
    )
    # "Had a stay" is one stay or more. The number after "under" is not the one that is tested, but the next.
    return str(number) in named - after or str(beside) in next_to or (number <= 1 and key == "at_least" and not named)


def _rule(rule: Rule, where: str, policy: Policy, ways: dict[str, Ways]) -> Iterator[Problem]:
    """Problems of a rule, or one inside it, that comes out the same whatever is answered, as far as can be tried."""
    names = frozenset(criteria_of(rule))
    if len(names) <= MOST_CRITERIA:
        asked = dict.fromkeys(policy.criteria[name].question for name in names)
        each = ({met & names for met in ways[question]} for question in asked)
        holds, found = evaluator(rule), set[bool]()
        for several in product(*each):
            met_by_all = frozenset[str]().union(*several)
            found.add(holds({one: Truth.YES if one in met_by_all else Truth.NO for one in names}).value is Truth.YES)
            if len(found) > 1:
                break
        else:
            words = "is met by every answer, and decides nothing" if True in found else "can be met by no answers"
            yield Problem(where, "always-met" if True in found else "unreachable", f"{words}: look at its criteria")
            return
    for part in rule.parts:
        if isinstance(part, Rule):
            yield from _rule(part, where, policy, ways)


def _met_by_zero(rule: Rule, part: str, where: str, policy: Policy) -> Iterator[Problem]:
    """Problems of counts: 0 has to be within every limit, and must not meet any other rule."""
    for name in _wanted(rule):
        criterion = policy.criteria[name]
        of_count = policy.questions[criterion.question].kind is Kind.NUMBER and criterion.question != AGE
        if of_count and (not criterion.at_least) is not (part == "limit"):
            words = "0 is not within it: use at_most" if part == "limit" else "0 meets it: use at_least"
            yield Problem(where, "zero", f'"{name}": {words}, or another part (a limit is what 0 is always within)')


def _wanted(rule: Rule, *, positive: bool = True) -> Iterator[str]:
    """The criteria that the rule wants to be met; a none-of turns them round."""
    for parts, wanted in ((rule.all_of, positive), (rule.any_of, positive), (rule.none_of, not positive)):
        for part in parts:
            if isinstance(part, Rule):
                yield from _wanted(part, positive=wanted)
            elif wanted:
                yield part


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
