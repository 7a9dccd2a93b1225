"""The generated parts of README and docs: real output of the command, and tables made from the data. Used by cog."""

from __future__ import annotations

import ast
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import tree
from shapes import SECURE

from calaim_cli.case.case import PARTS
from calaim_cli.case.form import FIELDS, PROFILE_FIELDS, Field
from calaim_cli.decide.follow_up import Step, Story
from calaim_cli.follow import ledger
from calaim_cli.policy import dates, load, policy
from calaim_cli.policy.coverage import TOPIC
from calaim_cli.policy.places import plans_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Program, rules_of
from calaim_cli.policy.questions import Kind
from calaim_cli.policy.rules import Rule
from calaim_cli.show.blank import accepted
from calaim_cli.show.blocks import Points
from calaim_cli.show.help import EXIT_CODES, PAGES
from calaim_cli.show.views import AUTHORITY, CLAUSE_WORDS, PART_WORDS

ROOT = Path(__file__).parents[1]


SENT = (Step("drafted", date(2026, 11, 10)), Step("sent", date(2026, 11, 12)))
STORIES = (Story("7RCV43", "A-17", "kp", "ecm", (), "kp-north-email", expedited=False, steps=SENT),)
"""What the ledger of a workspace holds."""
FIVE_VISITS = """\
text = "Had 5 or more emergency visits in the last 6 months"
brief = "5 or more ER visits in 6 months"
letter = "Had {answer} emergency visits in the last 6 months; the threshold is 5"
question = "ed_visits_6_months"
at_least = 5
"""
EDITS = {
    "new-mailbox": (
        "my-county/routes.toml",
        'address = "REGMCDURNS-KPNC@kp.org"',
        'address = "REGMCDURNS-KPNC @kp.org"',
    ),
    "no-such-plan": ("my-county/counties.toml", 'plans = ["aah"]', 'plans = ["ahh"]'),
    "no-quotes": ("my-county/counties.toml", 'fips = "06001"', "fips = 06001"),
    "lost-digits": ("examples/members.csv", ",95814,", ",958,"),
    "six-visits": (
        "my-county/programs.toml",
        FIVE_VISITS,
        FIVE_VISITS.replace("5", "6"),
    ),
}
"""Changes that the data guide shows: a file, what stands there first, and what is put in its place."""


def fields() -> None:
    """Print the table of the fields of a referral."""
    print("| key in a case and in the form | column of a sheet | label |")
    print("|---|---|---|")
    for field in FIELDS:
        print(f"| `{field.key}` | `{field.column}` | {field.label} |")


def case_keys() -> None:
    """Print every key of a case by its table: what it is, what is accepted, its column in a sheet."""
    for part in PARTS:
        print(f"\n### `[{part}]`\n")
        listed = (field for field in FIELDS if field.part == part)
        table(("key", "what", "accepted", "column"), (_key(one, one.name, f"`{one.column}`") for one in listed))


def profile_keys() -> None:
    """Print every key of a profile: what it is, what is accepted."""
    tag = (
        (f"`secure_email.{key}`", said["description"], ", ".join(said.get("enum", ()))) for key, said in SECURE.items()
    )
    table(("key", "what", "accepted"), (*(_key(one, one.key) for one in PROFILE_FIELDS), *tag))


def _key(field: Field, key: str, *more: str) -> tuple[str, ...]:
    """The cells of a key: its name, what it is, what is accepted, and more."""
    catalog = load.load()
    asked = field.ask.format(vendors=", ".join(catalog.words.vendors.values())) or field.label
    return f"`{key}`", asked, accepted(field, catalog), *more


@contextmanager
def workspace(edit: str = "") -> Iterator[Path]:
    """A folder as the documents assume it: examples, the data twice, a profile, a ledger; with one of EDITS."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "examples", folder / "examples")
        for copy in ("data", "my-county"):
            shutil.copytree(ROOT / "data", folder / copy)
        shutil.copy(ROOT / "examples" / "profile.toml", folder)
        ledger.add(folder / "referrals.ledger", STORIES)
        if edit:
            file, old, new = EDITS[edit]
            text = (folder / file).read_text("utf-8")
            if old not in text:
                raise LookupError(f"{edit}: {file} does not have {old!r}")
            (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        yield folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a command line that begins with calaim does in a workspace."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    settings = {"CALAIM_PROFILE": "profile.toml", "COLUMNS": "80", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-m", "calaim_cli", *shlex.split(command)[1:]]
    return subprocess.run(  # noqa: S603 the documents' own commands
        words,
        cwd=folder,
        env={**kept, **settings},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def ran(command: str, *, lines: int | None = None, width: int = 200, edit: str = "") -> None:
    """Print a command and what it wrote, as a block of Markdown; at most so many lines, and so much of each.

    An exit code other than 0 is shown as a shell would show it. `edit` names one of EDITS, done beforehand.
    """
    with workspace(edit) as folder:
        done = run(command, folder)
    written = (done.stdout + done.stderr).rstrip().expandtabs(4).splitlines()
    cut = [line if len(line) <= width else f"{line[:width].rstrip()}..." for line in written]
    shown = cut if lines is None or len(cut) <= lines else [*cut[:lines], "..."]
    code = ["$ echo $?", str(done.returncode)] if done.returncode else []
    if edit:
        print(f"<!-- edit: {edit} -->")
    print("```console", f"$ {command}", *shown, *code, "```", sep="\n")


def changed(edit: str) -> None:
    """Print one of EDITS: what stood in the file, and what stands there now."""
    file, old, new = EDITS[edit]
    lines = [f"{sign}{line}" for sign, text in (("-", old), ("+", new)) for line in text.strip().splitlines()]
    print(f"In `{file}`:", "", "```diff", *lines, "```", sep="\n")


def example(command: str) -> None:
    """Print the JSON document of a command with its lists cut to the first entry, as a block of Markdown."""
    with workspace() as folder:
        done = run(command, folder)
    document = _cut(json.loads(done.stdout or done.stderr))
    code = ["$ echo $?", str(done.returncode)] if done.returncode else []
    print("```console", f"$ {command}", *code, "```", "", "```json", sep="\n")
    print(json.dumps(document, indent=2, ensure_ascii=False), "```", sep="\n")


def _cut(value: object) -> object:
    if isinstance(value, dict):
        return {key: _cut(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_cut(one) for one in value[:1]]
    return f"{value[:200]}..." if isinstance(value, str) and len(value) > LONGEST else value


LONGEST = 300
DOCUMENTS = (
    ("calaim.county/1", "calaim county PLACE --json", "one county: mailbox, phone, services, plans"),
    ("calaim.counties/1", "calaim counties --json", "counties by service, region or plan"),
    ("calaim.plans/1", "calaim plan [PLAN] --json", "plans: counties, routes, what they offer"),
    ("calaim.contacts/1", "calaim contacts --json", "whom to call besides the plans"),
    ("calaim.situations/1", "calaim when [WORDS] --json", "situations: what to think of, what to ask first"),
    ("calaim.services/1", "calaim services --json", "Community Supports: limits, documents, codes, where offered"),
    ("calaim.programs/1", "calaim programs --json", "the rules, each criterion with source, date and grade"),
    ("calaim.questions/1", "calaim questions [ID] --json", "the questions of a case, with their choices"),
    ("calaim.determination/1", "calaim check CASE --json", "what a case comes to, why, and what is missing"),
    ("calaim.coverage/1", "calaim coverage CASE --json", "whether the work rule of 2027 exempts a member, and why"),
    ("calaim.expectations/1", "calaim check CASE --expect --json", "where cases differ from their [expect] table"),
    ("calaim.referral/1", "calaim refer CASE --json", "a draft or sheet with its route"),
    ("calaim.referrals/1", "calaim referrals --json", "what became of referrals, and what to ask about now"),
    ("calaim.batch/1", "calaim batch CSV --out PATH --json", "the counts of a batch"),
    (
        "calaim.screen/1",
        "calaim screen TABLE --counts --json",
        "what became of a table of members, and how many there are",
    ),
    ("calaim.case/1", "calaim case new", "a member's case as a file, in TOML or JSON: what you write"),
    ("calaim.profile/1", "calaim profile show --json", "the referrer's own details, never a member's"),
    ("calaim.data-check/1", "calaim data check --json", "that the data have no errors, and what is due for review"),
    ("calaim.sources/1", "calaim data sources --json", "every source with date, grade and what rests on it"),
    ("calaim.data-diff/1", "calaim data diff OLD NEW --json", "what changed between two data folders, and for whom"),
    ("calaim.error/1", "any command with --json", "what went wrong, on standard error"),
)
"""Every JSON document: its schema, the command that prints it, what it holds."""


def documents() -> None:
    """Print the JSON documents: schema, command, what they hold, the schema file."""
    names = {schema: schema.removeprefix("calaim.").removesuffix("/1") for schema, _, _ in DOCUMENTS}
    table(
        ("schema", "printed by", "holds", "JSON Schema"),
        (
            (f"`{schema}`", f"`{command}`" if "--json`" not in command else command, holds, _schema_link(names[schema]))
            for schema, command, holds in DOCUMENTS
        ),
    )


def _schema_link(name: str) -> str:
    return f"[{name}.schema.json](schemas/{name}.schema.json)"


def points(name: str, key: str) -> None:
    """Print the sentences that a help topic has under a key, as a list."""
    blocks = (block for page in PAGES if page.name == name for block in page.view)
    lines = (line for block in blocks if isinstance(block, Points) and block.key == key for line in block.values)
    print(*(f"- {line}" for line in lines), sep="\n")


def exit_codes() -> None:
    """Print every exit code with its meaning."""
    table(("code", "meaning"), ((str(code), meaning) for code, meaning in EXIT_CODES))


def commands() -> None:
    """Print every command with its arguments and options."""
    for command in tree.commands():
        print(f"\n## {command.name}\n")
        print(f"`{command.usage}`\n")
        print(*command.help, sep="\n\n")
        if command.example:
            print("\n```sh", command.example, "```", sep="\n")
        print()
        table(("", ""), ((f"`{name}`", text) for name, text in (*command.arguments, *command.options)))


def questions() -> None:
    """Print every question that a case may answer, by topic: its id, how it is answered, its words."""
    catalog = load.load()
    for topic in (*catalog.programs_file.topic, *catalog.coverage_file.topic):
        print(f"\n### {topic.title}\n")
        rows = (
            (f"`{one.id}`", ", ".join(f"`{choice}`" for choice in one.choices) or KINDS[one.kind], one.ask)
            for one in catalog.answerable.values()
            if one.topic == topic.id
        )
        table(("question", "answers", "in words"), rows)


KINDS = {Kind.YES_NO: "`true`, `false`", Kind.NUMBER: "a whole number"}


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table in Markdown."""
    heads = list(columns)
    print(f"| {' | '.join(heads)} |")
    print(f"|{'---|' * len(heads)}")
    for row in rows:
        print(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |")


def programs() -> None:
    """Print every program, population and service with its rule, criterion by criterion, each with its source."""
    catalog = load.load()
    for kind, entry in policy.kinds(catalog):
        print(f"\n## {entry.name}\n")
        print(f"`{entry.id}`, {kind}. {entry.summary}\n")
        print(f"**Who:** {entry.who}\n")
        for part, rule in rules_of(entry).items():
            print(f"**{PART_WORDS[part]}**\n")
            _rule(rule, catalog, "")
            print()
        papers = (
            ("Documents for the referral", entry.referral_papers),
            ("Documents for the authorization", entry.documents),
        )
        for label, texts in (("Limits", entry.limits), *papers, ("Documents to extend it", entry.extension_papers)):
            if texts:
                print(f"**{label}:** {' '.join(texts)}\n")
        _standing(entry, catalog)
        _last(entry, catalog)


def _rule(rule: Rule, catalog: Policy, indent: str) -> None:
    for clause, parts in (("all_of", rule.all_of), ("any_of", rule.any_of), ("none_of", rule.none_of)):
        if parts:
            print(f"{indent}- {CLAUSE_WORDS[clause]}:")
        for part in parts:
            if isinstance(part, Rule):
                _rule(part, catalog, f"{indent}  ")
            else:
                criterion = catalog.coverage_criteria[part]
                grade = catalog.grade(criterion.source)
                print(f"{indent}  - {criterion.text} ({', '.join(criterion.source)}; grade {grade})")


def _standing(entry: Program, catalog: Policy) -> None:
    """Print since when an entry runs and what it rests on, where it says so itself, and what else is known of it."""
    if entry.starts:
        print(f"**Since** {entry.starts} ({catalog.cite(entry.from_source)}).\n")
    if entry.authority:
        until = f", until {entry.authority_until}" if entry.authority_until else ""
        cited = f"{catalog.cite(entry.authority_source)}; grade {entry.authority_grade}"
        print(f"**Rests on** {AUTHORITY[entry.authority]}{until} ({cited}).\n")
    if facts := dates.facts_on(entry.id, catalog):
        print("**Also known**\n")
        print(*(f"- {dates.fact_line(fact, catalog)}" for fact in facts), "", sep="\n")


def _last(entry: Program, catalog: Policy) -> None:
    for conflict in catalog.conflicts_of(entry.id):
        print(f"**Sources differ** on {conflict.matter.lower()}: {conflict.older} {conflict.newer}\n")
    print(f"Source: {catalog.cite(entry.source)}. Review by {entry.review_by or catalog.review_by}.")


def coverage() -> None:
    """Print what is known of keeping Medi-Cal: each reason with its rule, what is asked, and where sources differ."""
    catalog, own = load.load(), load.load().coverage_file
    print(f"Edition {own.edition}, as of {own.as_of}, due for review by {own.review_by}. In force from {own.in_force}.")
    for one in own.coverage:
        print(f"\n## {one.name[0].upper()}{one.name[1:]}\n")
        print(f"`{one.id}`, leads to `{one.outcome}`.\n\n**For whom:** {one.who}\n\n**Rule**\n")
        _rule(one.rule, catalog, "")
        print(f"\n**Show it:** {' '.join(one.proof)}\n")
        _also_known(one.id, catalog)
        print(f"Source: {catalog.cite(one.source)}; grade {catalog.grade(one.source)}.")
    _coverage_beside(catalog)


def _coverage_beside(catalog: Policy) -> None:
    """Print what belongs to no single reason: questions, renewal, whom to call, the whole rule, sources."""
    own = catalog.coverage_file
    print("\n## What is asked, in this order\n")
    rows = ((f"`{one}`", catalog.answerable[one].ask) for one in own.asks)
    table(("question", "in words"), rows)
    print("\n## Renewal\n")
    table(
        ("id", "what is said", "grade", "source"),
        ((f"`{r.id}`", r.text, r.grade, catalog.cite(r.source)) for r in own.renewal),
    )
    print(f"\nAlways: {own.missed} ({catalog.cite(own.missed_source)})\n\n## Whom to call\n")
    ways = (
        (one, ", ".join(filter(None, (one.phone, one.tty and f"TTY {one.tty}", one.website)))) for one in own.contact
    )
    table(("who", "for", "how", "source"), ((c.name, c.purpose, way, catalog.cite(c.source)) for c, way in ways))
    print("\n## The rule as a whole\n")
    _also_known(TOPIC, catalog)
    print("## Sources\n")
    cells = (
        (f"`{s.id}`", f"[{s.title}]({s.link})" if s.link else s.title, s.date or s.dated, s.grade, s.note)
        for s in own.source
    )
    table(("id", "source", "date", "grade", "note"), cells)


def _also_known(touched: str, catalog: Policy) -> None:
    """Print the facts of keeping Medi-Cal that touch something, and both sides of what sources differ on."""
    own = catalog.coverage_file
    lines = [f"- {dates.fact_line(fact, catalog)}" for fact in own.fact if touched in fact.touches]
    lines += [
        f"- **Sources differ.** {one.matter}: {one.older} {one.newer} [{catalog.cite(one.source)}]"
        for one in own.conflict
        if touched in one.touches
    ]
    if lines:
        print(*lines, "", sep="\n")


def review() -> None:
    """Print until when the data are good."""
    catalog = load.load()
    print(
        f"Every fact has a source, a date and a grade. This edition, {catalog.edition}, is due for review by "
        f"{catalog.review_by}, because the CalAIM waivers end then; from that day on each decision and draft says so. "
        "`calaim data sources` lists the sources."
    )


CONTENTS = {
    "At work": ("drafts", "batch", "interview", "panel", "follow-up", "coverage", "windows", "privacy"),
    "Your own data": ("data-guide", "data-rules", "data-forms"),
    "To look up": ("commands", "programs", "counties", "glossary", "case", "json", "exit-codes"),
    "To verify or maintain it": ("promises", "decisions", "benchmarks"),
}
"""The pages of docs/, by what a reader wants."""


def pages() -> None:
    """Print the pages of docs/ by what a reader wants, with their titles. Raises LookupError where one is left out."""
    listed = {name for names in CONTENTS.values() for name in names}
    if listed != (there := {path.stem for path in (ROOT / "docs").glob("*.md")}):
        raise LookupError(f"CONTENTS and docs differ: {sorted(listed ^ there)}")
    for heading, names in CONTENTS.items():
        titles = (f"[{_title(name)}](docs/{name}.md)" for name in names)
        print(f"- {heading}: {', '.join(titles)}")


def _title(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8").partition("\n")[0].removeprefix("# ")


THEMES = {
    "Privacy": ("canary", "message", "hostile"),
    "Places, plans and where a referral goes": ("places", "route", "routes", "plan"),
    "Consent": ("consent",),
    "What a draft says": ("body", "golden"),
    "Files": ("files", "batch_again", "batch_faults", "refer"),
    "After the draft": ("follow_up", "ledger", "week", "member_page"),
    "Keeping Medi-Cal": ("coverage",),
    "Screening": ("rules", "determination", "policy_as_written", "screening", "cases", "panel", "counts", "sql"),
}
"""What is promised, by theme, and the files of tests that hold it."""


def promises() -> None:
    """Print the sentence of each test that holds a promise, by theme."""
    for theme, files in THEMES.items():
        print(f"\n## {theme}\n")
        for name in files:
            tree_ = ast.parse((ROOT / "tests" / f"test_{name}.py").read_text("utf-8"))
            tests = (one for one in tree_.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_"))
            for sentence in dict.fromkeys(_first_sentence(ast.get_docstring(one) or "") for one in tests):
                print(f"- {sentence}")


def _first_sentence(docstring: str) -> str:
    """The first paragraph of a docstring, on one line, with nothing in it that Markdown would read."""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("<", "&lt;").replace("*", r"\*").replace("[", r"\[")


def sources() -> None:
    """Print every source of the data."""
    found = load.load().sources.values()
    table(
        ("id", "source", "date", "grade"),
        (
            (one.id, f"[{one.title}]({one.link})" if one.link else one.title, one.date or one.dated, one.grade)
            for one in found
        ),
    )


def counties() -> None:
    """Print the 58 counties with Kaiser Permanente's region, its grade, and the other plans."""
    catalog = load.load()
    rows = (
        (
            county.name,
            county.fips,
            "not served" if county.kp is None else county.kp.region or "by ZIP code",
            "" if county.kp is None else county.kp.grade,
            ", ".join(catalog.plans[plan].name for plan in plans_of(county)),
        )
        for county in catalog.counties_file.county
    )
    table(("county", "FIPS", "KP region", "grade", "Medi-Cal plans"), rows)
