"""The rules as one SELECT, for an engine that holds many members: each outcome with its reasons or what is missing.

DuckDB, SQLite and Spark read it (Spark with `spark.sql.ansi.doubleQuotedIdentifiers`). NULL is unknown, and SQL's own
"and", "or" and "not" are those of the rules. A cell that holds no answer to its question is unknown, too, never no.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from functools import reduce
from itertools import product
from typing import Final

from msgspec import Struct

from calaim_cli.decide.coverage import RANK, SETTLED
from calaim_cli.decide.determination import Parts, decisive, outcome_of, still_open
from calaim_cli.policy import dates
from calaim_cli.policy.coverage import CoverageOutcome
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome, Subject, subject_id
from calaim_cli.policy.questions import NONE_OF_THESE, Criterion, Kind, Question, answered_by
from calaim_cli.policy.rules import Rule, Truth, criteria_of

OUTCOME, BECAUSE, MISSING = RESULTS = ("outcome", "because", "missing")
COVERAGE_COLUMNS: Final = tuple(f"coverage__{what}" for what in RESULTS)
"""The columns of keeping Medi-Cal, which the SELECT gives behind all others."""
SEPARATOR: Final = ";"
"""Stands between the choices of a cell, between reasons, and between the questions that are missing."""
NOT: Final = "not "
"""Stands before a criterion that is a reason by not being met."""
MAPPED: Final = "calaim mapped"
"""The table with our columns, made of the one that holds the members."""
MEMBERS: Final = "calaim_members"
"""What the table is called in the SELECT, whatever its own name is."""
NEVER: Final = "9999"
"""The number of reasons of a part that settles nothing: never the fewest."""
ANSWERS, LISTS, CRITERIA, RULES = range(4)
"""The levels of columns; rules that rest on rules are on further ones."""
YES, NO = "TRUE", "FALSE"


Pairs = Iterable[tuple[str, str]]
"""Criteria or questions, each with when it counts."""


class Node(Struct, frozen=True):
    """Parts that all have to hold, or, with `either`, of which one has to; True beside a part turns it round."""

    parts: tuple[tuple[str | Node, bool], ...]
    either: bool = False


def quoted(name: str) -> str:
    """The name of a table or column as SQL writes it, whatever the name holds."""
    return '"' + name.replace('"', '""') + '"'


def qualified(name: str) -> str:
    """The name of a table as SQL writes it, with dots between it and its schema and database."""
    return ".".join(map(quoted, name.split(".")))


def own(column: str) -> str:
    """A column, qualified by its table: SQLite would read the bare name of a missing column as a text."""
    return f"{MEMBERS}.{quoted(column)}"


def literal(text: str) -> str:
    """A text as SQL writes it, whatever the text holds."""
    return "'" + text.replace("'", "''") + "'"


def result_column(subject: Subject, what: str) -> str:
    """The name of a column that the SELECT gives for a subject."""
    return f"{subject_id(subject)}__{what}"


def questions_asked(subjects: Iterable[Subject], policy: Policy) -> tuple[str, ...]:
    """The questions that these subjects rest on, each of them a column of the table."""
    return policy.questions_of(criteria_of(*(rule for one in subjects for rule in one.parts.values())))


def coverage_questions(policy: Policy) -> tuple[str, ...]:
    """The questions that keeping Medi-Cal rests on, each of them a column of the table."""
    rules = (one.rule for one in policy.coverage_file.coverage)
    asked = {policy.coverage_criteria[one].question for one in criteria_of(*rules)}
    return tuple(one for one in policy.answerable if one in asked)


def select(
    subjects: Sequence[Subject],
    policy: Policy,
    as_of: date,
    table: str,
    keep: Sequence[str] = (),
    absent: Collection[str] = (),
    *,
    coverage: bool = False,
    wanted: Collection[str] = RESULTS,
) -> str:
    """The SELECT for these subjects on that day: the columns to keep, those of RESULTS `wanted`, last of `coverage`.

    What is not wanted is not worked out: the outcomes alone take a quarter of the SQL. The table has a column for each
    question, named by its id, but for those that are `absent`: nobody knows them.
    """
    levels = _Levels(policy, absent)
    columns = [(levels.column(ANSWERS, own(name)), name) for name in keep]
    for subject in subjects:
        results = {OUTCOME: literal(Outcome.UNLIKELY), BECAUSE: literal(NOT + dates.BEGINS), MISSING: literal("")}
        if not dates.not_begun(subject.entry, policy, as_of):
            results = levels.decided(subject, wanted)
        columns += ((results[what], result_column(subject, what)) for what in RESULTS if what in wanted)
    if coverage:
        columns += zip(levels.covered(), COVERAGE_COLUMNS, strict=True)
    return levels.written(table, [f"{value} AS {quoted(name)}" for value, name in columns])


def script(
    subjects: Sequence[Subject],
    policy: Policy,
    as_of: date,
    source: str,
    keep: Sequence[str] = (),
    absent: Collection[str] = (),
    *,
    coverage: bool = False,
) -> str:
    """The SELECT with remarks before it: which rules of which day, and what the columns have to hold.

    `absent` as in `select`. `source` is a query that gives our columns, whatever they are called where they are.
    """
    of_coverage = coverage_questions(policy) if coverage else ()
    asked = [policy.answerable[one] for one in dict.fromkeys((*questions_asked(subjects, policy), *of_coverage))]
    unknown = ", ".join(one.id for one in asked if one.id in absent)
    remarks = (
        f"CalAIM rules of data edition {policy.edition}, as of {as_of}. A screening: the plan decides.",
        "NULL is not known. Yes is 1 and no is 0, or texts such as yes and no; numbers are no texts. Choices are texts",
        "by their ids, several with ; between them, the word unknown among them where not all are known. There are no",
        "columns for what a plan offers. For DuckDB, SQLite and Spark; for Spark first",
        "SET spark.sql.ansi.enabled = true and SET spark.sql.ansi.doubleQuotedIdentifiers = true",
        *([f"Not in the map, so not known: {unknown}"] if unknown else []),
        *(
            f"{one.id}: {'1 or 0' if one.kind is Kind.YES_NO else answered_by(one)}"
            for one in asked
            if one.id not in absent
        ),
    )
    # A line break in a remark would end it.
    written = "".join(f"-- {' '.join(one.split())}\n" for one in remarks)
    rules = select(subjects, policy, as_of, MAPPED, keep, absent, coverage=coverage)
    return f"{written}WITH {quoted(MAPPED)} AS (\n  {source}\n), {rules.removeprefix('WITH ')}"


def contradicting(policy: Policy, table: str, absent: Collection[str]) -> str:
    """The SELECT that counts the rows in which answers contradict, in the order of the data's contradictions.

    `absent` as in `select`: what nobody knows contradicts nothing.
    """
    levels = _Levels(policy, absent)
    holding = []
    for one in policy.programs_file.contradiction:
        pair = [levels.number(question) for question in one.above if question not in absent]
        holds = (" > ".join(pair) if len(pair) > 1 else NO) if one.above else levels.truth(_node(one))
        holding.append(f"sum(CASE WHEN {holds} THEN 1 ELSE 0 END)")
    return levels.written(table, holding)


class _Levels:
    """Columns that rest on those of the levels before them, so that what several results rest on is worked out once."""

    def __init__(self, policy: Policy, absent: Collection[str]) -> None:
        self.policy, self.absent = policy, absent
        self.levels: dict[int, dict[str, str]] = {ANSWERS: {}}
        self.level_of: dict[str, int] = {}

    def column(self, level: int, expression: str) -> str:
        """The column of the level that holds what the expression gives."""
        there = self.levels.setdefault(level, {})
        name = there.setdefault(expression, quoted(f"calaim {level}.{len(there) + 1}"))
        self.level_of[name] = level
        return name

    def above(self, columns: Iterable[str]) -> int:
        """The first level on which a column can rest on all of these."""
        return max((self.level_of.get(one, CRITERIA) for one in columns), default=CRITERIA) + 1

    def written(self, table: str, results: Sequence[str]) -> str:
        """The whole SELECT of the results from the table."""
        tables, passed, source = [], list[str](), f"{qualified(table)} AS {MEMBERS}"
        for level in sorted(self.levels):
            new = [f"{expression} AS {name}" for expression, name in self.levels[level].items()]
            name = quoted(f"calaim {level}")
            columns = [*passed, *new] or [f"NULL AS {quoted('calaim nothing')}"]
            # SQLite would put each expression wherever its column is read; beside no rows without a table it does not.
            nothing = f"UNION ALL SELECT {', '.join(['NULL'] * len(columns))} WHERE {NO}"
            tables.append(f"{name} AS (\n  SELECT {_lines(columns)}\n  FROM {source}\n  {nothing}\n)")  # noqa: S608 quoted
            passed, source = [*passed, *self.levels[level].values()], name
        return f"WITH {', '.join(tables)}\nSELECT {_lines(results)}\nFROM {source}\n"

    def decided(self, subject: Subject, wanted: Collection[str]) -> dict[str, str]:
        """What gives the subject's outcome and, where wanted, the criteria that decided and the questions open."""
        nodes = {part: _node(rule) for part, rule in subject.parts.items()}
        parts = {part: self.truth(node) for part, node in nodes.items()}
        level = self.above(parts.values())
        outcome = self.column(level, _by_case(parts, lambda known: literal(outcome_of(known))))
        waits = f"{outcome} = {literal(Outcome.NEED_ANSWERS)}"

        def where(of: Callable[[Parts], tuple[str, ...]], below: Callable[[Node], Pairs]) -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for part in (one for one in Parts._fields if one in nodes):
                holds = self.column(level, _by_case(parts, _holds(part, of)))
                for name, tells in below(nodes[part]):
                    found.setdefault(name, []).append(f"{holds} AND {tells}")
            return found

        results = {OUTCOME: outcome}
        if BECAUSE in wanted:
            told = where(decisive, lambda node: self.reasons(node).items())
            because = _told((told[one], self.worded(one)) for one in self.policy.criteria if one in told)
            results[BECAUSE] = f"CASE WHEN {waits} THEN '' ELSE {because} END"
        if MISSING in wanted:
            asked = where(still_open, self.paths)
            missing = _told((asked[one], literal(SEPARATOR + one)) for one in self.policy.questions if one in asked)
            results[MISSING] = f"CASE WHEN {waits} THEN {missing} ELSE '' END"
        return results

    def covered(self) -> tuple[str, str, str]:
        """What gives the outcome of keeping Medi-Cal, the reasons for it, and the questions that may better it."""
        entries = self.policy.coverage_file.coverage
        nodes = {one.id: _node(one.rule) for one in entries}
        holds = {name: self.truth(node) for name, node in nodes.items()}
        of = {outcome: [one for one in entries if one.outcome is outcome] for outcome in CoverageOutcome}
        some = {outcome: " OR ".join(holds[one.id] for one in several) for outcome, several in of.items() if several}
        first = " ".join(f"WHEN {any_of} THEN {literal(outcome)}" for outcome, any_of in some.items())
        case = f"CASE {first} ELSE {literal(CoverageOutcome.ASK)} END"
        outcome = self.column(self.above(holds.values()), case)
        told = [([f"{outcome} = {literal(one.outcome)} AND {holds[one.id]}"], one) for one in entries]
        asked: dict[str, list[str]] = {}
        for one in entries:
            worse = [
                literal(other) for other in CoverageOutcome if RANK[other] > RANK[one.outcome] and other not in SETTLED
            ]
            for question, path in self.paths(nodes[one.id]):
                open_to = f"{outcome} IN ({', '.join(worse)}) AND {holds[one.id]} IS NULL AND {path}"
                asked.setdefault(question, []).append(open_to)
        asks = self.policy.coverage_file.asks
        because = _told((any_of, literal(SEPARATOR + one.id)) for any_of, one in told)
        return outcome, because, _told((asked[one], literal(SEPARATOR + one)) for one in asks if one in asked)

    def worded(self, criterion: str) -> str:
        """What gives the criterion as a reason: whether it is met is known."""
        met, missed = literal(SEPARATOR + criterion), literal(SEPARATOR + NOT + criterion)
        return f"CASE WHEN {self.truth(criterion)} THEN {met} ELSE {missed} END"

    def reasons(self, part: str | Node) -> dict[str, str]:
        """Each criterion below, and whether the truth of a settled node rests on it: of one part the fewest, or all."""
        if isinstance(part, str):
            return {part: YES}
        if len(part.parts) == 1:
            return self.reasons(part.parts[0][0])
        found: dict[str, list[str]] = {}
        settles = self.settles(part)
        for number, (one, _) in enumerate(part.parts, 1):
            for criterion, tells in self.reasons(one).items():
                found.setdefault(criterion, []).append(f"{settles} IN (0, {number}) AND {tells}")
        level = self.above([settles, *(tells for one, _ in part.parts for tells in self.reasons(one).values())])
        return {criterion: self.column(level, " OR ".join(any_of)) for criterion, any_of in found.items()}

    def settles(self, node: Node) -> str:
        """The column that holds the number of the part that alone settles the node, by the fewest; 0: all together."""
        alone = [f"NOT {self.truth(one)}" if turned is node.either else self.truth(one) for one, turned in node.parts]
        if all(isinstance(one, str) for one, _ in node.parts):
            level = self.above(self.truth(one) for one, _ in node.parts)
            first = (f"WHEN {one} THEN {number}" for number, one in enumerate(alone, 1))
            return self.column(level, f"CASE {' '.join(first)} ELSE 0 END")
        counts = []
        for one, (part, _) in zip(alone, node.parts, strict=True):
            reasons = self.reasons(part).values()
            count = " + ".join(f"CASE WHEN {tells} THEN 1 ELSE 0 END" for tells in reasons)
            level = self.above([self.truth(part), *reasons])
            counts.append(self.column(level, f"CASE WHEN {one} THEN {count} ELSE {NEVER} END"))
        fewest = []
        for number, (one, count) in enumerate(zip(alone, counts, strict=True), 1):
            no_more = (f"{count} <= {other}" for other in counts if other != count)
            fewest.append(f"WHEN {' AND '.join((one, *no_more))} THEN {number}")
        return self.column(self.above(counts), f"CASE {' '.join(fewest)} ELSE 0 END")

    def truth(self, part: str | Node) -> str:
        """The column that holds the truth of a criterion or node."""
        if isinstance(part, str):
            return self.criterion(self.policy.coverage_criteria[part])
        truths = [(self.truth(one), turned) for one, turned in part.parts]
        joined = (" OR " if part.either else " AND ").join(f"NOT {one}" if turned else one for one, turned in truths)
        return self.column(self.above(one for one, _ in truths), joined)

    def paths(self, node: Node) -> Iterator[tuple[str, str]]:
        """Each question below an unknown node, and when its answer is missing: all nodes on the way are unknown."""
        for part, _ in node.parts:
            unknown = f"{self.truth(part)} IS NULL"
            if isinstance(part, str):
                yield self.policy.coverage_criteria[part].question, unknown
            else:
                yield from ((question, f"{unknown} AND {path}") for question, path in self.paths(part))

    def criterion(self, one: Criterion) -> str:
        """The column that holds whether the criterion is met."""
        question = self.policy.answerable[one.question]
        if question.id in self.absent:
            return self.column(CRITERIA, "CAST(NULL AS BOOLEAN)")
        if question.kind is Kind.CHOICES:
            met, missed = self._of_list(one, question)
        else:
            number = question.kind is Kind.NUMBER
            cell = self.number(question.id) if number else self.column(ANSWERS, own(question.id))
            met, missed = _of_cell(cell, one, question)
        return self.column(CRITERIA, f"CASE WHEN {met} THEN {YES} WHEN {missed} THEN {NO} END")

    def number(self, question: str) -> str:
        """The column that holds a number, NULL for what is none: SQLite would compare the text '10' as less than 5."""
        cell = own(question)
        return self.column(ANSWERS, f"CASE WHEN {cell} = {cell} + 0 THEN {cell} + 0 END")

    def _of_list(self, one: Criterion, question: Question) -> tuple[str, str]:
        """Whether a list has one of the choices, and whether all that it names are choices."""
        ends = literal(SEPARATOR)
        cell = self.column(ANSWERS, f"{ends} || {own(question.id)} || {ends}")
        entries = [literal(f"{SEPARATOR}{choice}{SEPARATOR}") for choice in question.choices]
        left = reduce(lambda rest, entry: f"REPLACE({rest}, {entry}, {ends})", entries, cell)
        known = self.column(LISTS, f"CASE WHEN {cell} IN ({', '.join(entries)}) THEN {YES} ELSE {left} = {ends} END")
        met = (f"INSTR({cell}, {literal(f'{SEPARATOR}{one}{SEPARATOR}')}) > 0" for one in _choices(one, question)[0])
        return " OR ".join(met), known


def _node(rule: Rule) -> Node:
    parts = [(one if isinstance(one, str) else _node(one), False) for one in rule.all_of]
    if some := tuple((one if isinstance(one, str) else _node(one), False) for one in rule.any_of):
        parts.append((Node(some, either=True), False))
    parts += [(one if isinstance(one, str) else _node(one), True) for one in rule.none_of]
    return Node(tuple(parts))


def _by_case(columns: dict[str, str], value: Callable[[Parts], str], **known: Truth) -> str:
    """What gives the value for the parts in these columns, by its own table of truths; other parts are absent."""
    ways = product(Truth, repeat=len(columns))
    values = {value(Parts(**{**known, **dict(zip(columns, way, strict=True))})) for way in ways}
    if len(values) == 1:
        return values.pop()
    part, *others = columns
    rest = {one: columns[one] for one in others}
    no, unknown, yes = (_by_case(rest, value, **known, **{part: truth}) for truth in Truth)
    if no == unknown == yes:
        return yes
    return f"CASE WHEN {columns[part]} THEN {yes} WHEN NOT {columns[part]} THEN {no} ELSE {unknown} END"


def _holds(part: str, parts_of: Callable[[Parts], tuple[str, ...]]) -> Callable[[Parts], str]:
    """Whether the part is among those that the function gives, as SQL says it."""
    return lambda known: YES if part in parts_of(known) else NO


def _told(several: Iterable[tuple[list[str], str]]) -> str:
    """What gives the texts of which any condition holds, without what stands before the first."""
    texts = (f"CASE WHEN {' OR '.join(any_of)} THEN {text} ELSE '' END" for any_of, text in several)
    return f"SUBSTR({' || '.join(texts)}, {len(SEPARATOR) + 1})"


def _of_cell(cell: str, one: Criterion, question: Question) -> tuple[str, str]:
    """Whether the one answer in a cell meets the criterion, and whether it is an answer at all."""
    if question.kind is Kind.YES_NO:
        return f"{cell} = 1", f"{cell} = 0"
    if question.kind is Kind.NUMBER:
        most = question.at_most if one.at_most is None else one.at_most
        return _within(cell, one.at_least or 0, most), _within(cell, 0, question.at_most)
    met, missed = (f"{cell} IN ({', '.join(map(literal, several))})" for several in _choices(one, question))
    return met, missed


def _choices(one: Criterion, question: Question) -> tuple[list[str], list[str]]:
    """The choices that meet the criterion, and the others."""
    some = one.has_any_of or one.one_of
    wanted = [choice for choice in question.choices if (choice != NONE_OF_THESE if one.any_choice else choice in some)]
    return wanted, [choice for choice in question.choices if choice not in wanted]


def _within(column: str, least: int, most: int | None) -> str:
    return f"{column} >= {least:d}" + ("" if most is None else f" AND {column} <= {most:d}")


def _lines(columns: Iterable[str]) -> str:
    return ",\n    ".join(columns)
