"""Whether criteria and rules can be met and missed, and the text of a criterion says what it tests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import product
from typing import Final

from calaim_cli.base.errors import Problem
from calaim_cli.case.case import AGE
from calaim_cli.policy.policy import PROGRAMS, Policy
from calaim_cli.policy.programs import rules_of
from calaim_cli.policy.questions import NONE_OF_THESE, Answer, Criterion, Kind, Question, truths_of
from calaim_cli.policy.rules import Rule, Truth, criteria_of

MOST_CRITERIA: Final = 12  # 4,096 ways to answer at most
Ways = frozenset[frozenset[str]]
"""The criteria of a question that are met together, for each kind of answer."""

ONES: Final = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
WORDS: Final = {
    **{word: number for number, word in enumerate(ONES)},
    **{word: 10 * number for number, word in enumerate(TENS, 2)},
    "once": 1,
    "twice": 2,
    "no": 0,
}
SPELLED: Final = re.compile(rf"\b(?:({'|'.join(TENS)})-)?({'|'.join(WORDS)})\b", re.IGNORECASE)
TURNED: Final = re.compile(r"\bno(?:t|) (?:more than|over|fewer than|less than|under) ", re.IGNORECASE)
ABOVE: Final = r"(?:more than|over|above|older than)"
BELOW: Final = r"(?:fewer than|less than|under|below|younger than|before|before the|before age|until the)"


def unmeetable(policy: Policy) -> Iterator[Problem]:
    """Problems of criteria and rules whose questions and criteria are all there."""
    by_question: dict[str, list[Criterion]] = {}
    for criterion in policy.programs_file.criterion:
        by_question.setdefault(criterion.question, []).append(criterion)
    ways = {name: ways_of(policy.questions[name], several) for name, several in by_question.items()}
    for criterion in policy.programs_file.criterion:
        yield from _criterion(criterion, ways[criterion.question])
    for entry in policy.entries:
        for part, rule in rules_of(entry).items():
            where = f'{PROGRAMS}: "{entry.id}": {part}'
            yield from _rule(rule, where, policy, ways)
            yield from _met_by_zero(rule, part, where, policy)


def ways_of(question: Question, criteria: Iterable[Criterion]) -> Ways:
    """What any known answer to the question can meet."""
    several = tuple(criteria)
    truths = truths_of(several)

    def met(answer: Answer) -> frozenset[str]:
        return frozenset(one for one, truth in truths({question.id: answer}).items() if truth is Truth.YES)

    if question.kind is Kind.YES_NO:
        return frozenset({met(answer=True), met(answer=False)})
    if question.kind is Kind.NUMBER:
        limits = [(one.at_least or 0, one.at_most) for one in several]
        edges = {0, *(low - 1 for low, _ in limits), *(low for low, _ in limits)}
        edges |= {edge for _, high in limits if high is not None for edge in (high, high + 1)}
        most = max(edges) if question.at_most is None else question.at_most
        return frozenset(met(edge) for edge in edges if 0 <= edge <= most)
    alone = frozenset(met((choice,)) for choice in question.choices if choice != NONE_OF_THESE)
    found = alone
    while (
        question.kind is Kind.CHOICES and (wider := found | {one | other for one in found for other in alone}) != found
    ):
        found = wider
    return found | ({met((NONE_OF_THESE,))} if NONE_OF_THESE in question.choices else frozenset())


def _criterion(criterion: Criterion, ways: Ways) -> Iterator[Problem]:
    where = f'{PROGRAMS}: criterion "{criterion.id}"'
    if not any(criterion.id in met for met in ways):
        yield Problem(where, "unreachable", "no answer can meet it: look at its test, and at the question's own limits")
    elif all(criterion.id in met for met in ways):
        yield Problem(where, "always-met", "every answer meets it, so it tests nothing: look at its test")
    for key, number in (("at_least", criterion.at_least), ("at_most", criterion.at_most)):
        if number is not None and not _says(criterion.text, key, number):
            words = f"the text does not name {number:,}: people read the text, so let both say the same"
            yield Problem(f"{where}: {key}", "not-in-text", words)


def _says(text: str, key: str, number: int) -> bool:
    """Whether a text names the number of a test, or the next one as in "under 21" for at most 20."""

    def counted(found: re.Match[str]) -> str:
        return str(WORDS.get((found[1] or "").lower(), 0) + WORDS[found[2].lower()])

    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", SPELLED.sub(counted, TURNED.sub("", text)))
    beyond, beside = (ABOVE, number - 1) if key == "at_least" else (BELOW, number + 1)
    # The number after "under" is not the one that is tested, but the next.
    after = {int(found[1]) for found in re.finditer(rf"\b(?:{ABOVE}|{BELOW}) \$?([0-9]+)", plain, re.IGNORECASE)}
    next_to = {int(found[1]) for found in re.finditer(rf"\b{beyond} \$?([0-9]+)", plain, re.IGNORECASE)}
    named = {int(found) for found in re.findall("[0-9]+", plain)}
    # "Had a stay" is one stay or more.
    return number in named - after or beside in next_to or (number <= 1 and key == "at_least" and not named)


def _rule(rule: Rule, where: str, policy: Policy, ways: dict[str, Ways]) -> Iterator[Problem]:
    """Problems of a rule, or one inside it, that comes out the same whatever is answered, as far as can be tried."""
    names = frozenset(criteria_of(rule))
    if len(names) <= MOST_CRITERIA:
        asked = dict.fromkeys(policy.criteria[name].question for name in names)
        each = ({met & names for met in ways[question]} for question in asked)
        found = set[bool]()
        for several in product(*each):
            found.add(_holds(rule, frozenset().union(*several)))
            if len(found) > 1:
                break
        else:
            words = "is met by every answer, and decides nothing" if True in found else "can be met by no answers"
            yield Problem(where, "always-met" if True in found else "unreachable", f"{words}: look at its criteria")
            return
    for part in (*rule.all_of, *rule.any_of, *rule.none_of):
        if isinstance(part, Rule):
            yield from _rule(part, where, policy, ways)


def _holds(rule: Rule | str, met: Collection[str]) -> bool:
    if isinstance(rule, str):
        return rule in met
    some = not rule.any_of or any(_holds(part, met) for part in rule.any_of)
    every = all(_holds(part, met) for part in rule.all_of)
    return every and some and not any(_holds(part, met) for part in rule.none_of)


def _met_by_zero(rule: Rule, part: str, where: str, policy: Policy) -> Iterator[Problem]:
    """Problems of counts: who has had none fits by no rule for that, and is within every limit."""
    for name in _wanted(rule):
        criterion = policy.criteria[name]
        of_count = policy.questions[criterion.question].kind is Kind.NUMBER and criterion.question != AGE
        if of_count and (not criterion.at_least) is not (part == "limit"):
            words = "0 is not within it: use at_most" if part == "limit" else "0 meets it: use at_least"
            yield Problem(where, "zero", f'"{name}": {words}, or another part (a limit is what 0 is always within)')


def _wanted(rule: Rule, *, positive: bool = True) -> Iterator[str]:
    """The criteria that the rule wants to be met: none of none of them."""
    for parts, wanted in ((rule.all_of, positive), (rule.any_of, positive), (rule.none_of, not positive)):
        for part in parts:
            if isinstance(part, Rule):
                yield from _wanted(part, positive=wanted)
            elif wanted:
                yield part
