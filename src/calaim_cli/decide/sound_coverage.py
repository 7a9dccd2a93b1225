"""Whether what is known of keeping Medi-Cal is sound: ids of its own, rules that learning more never turns back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from calaim_cli.base.errors import Problem
from calaim_cli.base.values import Value, month
from calaim_cli.decide.criteria import empty_rules, misfits
from calaim_cli.decide.plausible import repeated
from calaim_cli.policy.coverage import CoverageOutcome
from calaim_cli.policy.policy import COVERAGE, Policy


def unsound_coverage(policy: Policy) -> Iterator[Problem]:
    """Problems of the entries of `coverage.toml`, whose references are all there."""
    yield from _repeated_ids(policy)
    # What no rule uses any more may stay: a court's word is then a matter of one line.
    for criterion in policy.coverage_file.criterion:
        where = f'{COVERAGE}: criterion "{criterion.id}"'
        yield from misfits(criterion, policy.answerable[criterion.question], where)
    for entry in policy.coverage_file.coverage:
        where = f'{COVERAGE}: coverage "{entry.id}"'
        if any(one.none_of for one in entry.rule.rules):
            words = "a reason must not go away by learning more: say it without"
            yield Problem(f"{where}: rule: none_of", "none-of", words)
        yield from empty_rules(entry.rule, f"{where}: rule")
        if entry.outcome is CoverageOutcome.ASK:
            yield Problem(f"{where}: outcome", "outcome", "no reason leads to ask: choose another")
    for outcome in CoverageOutcome:
        if outcome not in policy.coverage_words:
            yield Problem(f'{COVERAGE}: outcome "{outcome}"', "missing-outcome", "has no words: add it")
    renewals = policy.coverage_file.renewal
    for one in renewals:
        if one.before and month(one.before) != Value(one.before):
            yield Problem(f'{COVERAGE}: renewal "{one.id}": before', "month", 'give a month, such as "2027-03"')
    if not renewals or renewals[-1].yearly or renewals[-1].before or renewals[-1].month_known:
        yield Problem(f"{COVERAGE}: renewal", "renewal", "the last one has to fit everybody: give it no condition")


def _repeated_ids(policy: Policy) -> Iterator[Problem]:
    own, others = policy.coverage_file, policy.of_programs.values()
    taken: dict[str, Iterable[str]] = {
        "source": (one.id for file in others for one in file.source),
        "question": policy.questions,
        "criterion": policy.criteria,
    }
    for kind in ("source", "question", "criterion", "outcome", "coverage", "renewal", "contact", "fact", "conflict"):
        for name, _ in repeated(chain(set(taken.get(kind, ())), (one.id for one in getattr(own, kind)))):
            yield Problem(f'{COVERAGE}: {kind} "{name}"', "duplicate-id", "is taken already; give each its own id")
