"""The commands, and the one place where an error becomes a message and an exit code.

The only importer of Typer, and the only reader of today's date. What a command works with is imported in it, so that
each starts with no more than it needs. Annotations are no texts here: Typer would have to evaluate hundreds of them.
"""

import gc
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from datetime import date, datetime
from functools import cached_property, wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from calaim_cli import __version__, quick
from calaim_cli.base.errors import CalaimError, InputError, OutputRefused, Problem, Stopped, UsageError, caution
from calaim_cli.base.streams import (
    emit,
    emit_utf8,
    escaped,
    leave_on_signals,
    prepare_streams,
    say,
    warn,
    watched_stdout,
)
from calaim_cli.base.wording import choice_of, counted, one_of
from calaim_cli.draft.formats import Format

if TYPE_CHECKING:
    from calaim_cli.batch import batch, panel
    from calaim_cli.case.case import Profile
    from calaim_cli.decide import screening
    from calaim_cli.decide.follow_up import Step, Story
    from calaim_cli.draft.draft import Drafter
    from calaim_cli.policy.policy import Policy
    from calaim_cli.show import blocks, documents

Command = TypeVar("Command", bound=Callable[..., int])
LONGEST_SUMMARY = 64
MOST_WARNED = 3
"""How many warnings are shown with the short answer to a case."""
LAST_WORDS = "Where to begin, settings, exit codes and more: calaim help"

LOOK_UP, ONE_MEMBER, MANY = "Look something up", "One member", "Many members, and what became of referrals"
YOURS = "You, the data, help"
GROUPS = (LOOK_UP, ONE_MEMBER, MANY, YOURS)
RARE = "Rarely needed"


def _write_sections(sections: dict[str, list[tuple[str, str]]], formatter: Any) -> None:  # noqa: ANN401 Typer's own
    for heading, rows in sections.items():
        if rows:
            with formatter.section(heading):
                formatter.write_dl(rows)


class _Commands(TyperGroup):
    """The commands, grouped in the help by what they are for."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 Typer's own
        """Write them in the order of the groups and, in a group, of this file."""
        sections: dict[str, list[tuple[str, str]]] = {heading: [] for heading in GROUPS}
        for name, command in self.commands.items():
            group = getattr(command, "rich_help_panel", None)
            sections[group or YOURS].append((name, command.get_short_help_str(LONGEST_SUMMARY)))
        _write_sections(sections, formatter)


class _Command(TyperCommand):
    """A command whose help lists rarely needed options under their own heading."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 Typer's own
        """Write the arguments, the options, the rare ones."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], RARE: []}
        for one in self.get_params(ctx):
            heading = "Arguments" if one.param_type_name == "argument" else getattr(one, "rich_help_panel", None)
            if record := one.get_help_record(ctx):
                sections[heading or "Options"].append(record)
        _write_sections(sections, formatter)


app = typer.Typer(
    name="calaim",
    cls=_Commands,
    epilog=LAST_WORDS,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
data_app = typer.Typer(help="Check the policy data, and see where each fact comes from.", no_args_is_help=True)
profile_app = typer.Typer()
case_app = typer.Typer(help="Start a member's case as a file.", no_args_is_help=True)
app.add_typer(case_app, name="case", rich_help_panel=ONE_MEMBER)
app.add_typer(profile_app, name="profile")
app.add_typer(data_app, name="data")


def _calendar_day(text: str) -> date:
    # As a shell writes it, or as a plan's letter does.
    for shape in ("%Y-%m-%d", "%m/%d/%Y"):
        with suppress(ValueError):
            return datetime.strptime(text, shape).date()  # noqa: DTZ007 a day has no zone
    raise typer.BadParameter("give a day such as 2026-11-22")


def _suggesting(kind: str) -> Callable[[typer.Context, str], list[str]] | None:
    """The source of what the shell offers for a half-typed value: names of the shipped data, or case files."""

    def suggest(context: typer.Context, incomplete: str) -> list[str]:
        from calaim_cli.policy import load
        from calaim_cli.policy.policy import names

        known = [] if kind == "case" else names(load.load())[kind]
        return quick.candidates(kind, list(context.params.get("place") or ()), incomplete, known)

    return suggest if kind else None


def _option(name: str, words: str, metavar: str | None = None, kind: str = "", **more: Any) -> object:  # noqa: ANN401 Typer's own
    return typer.Option(name, help=words, metavar=metavar, autocompletion=_suggesting(kind), **more)


def _rare(name: str, words: str, metavar: str | None = None, **more: Any) -> object:  # noqa: ANN401 Typer's own
    return _option(name, words, metavar, rich_help_panel=RARE, **more)


def _argument(metavar: str, words: str, kind: str = "") -> object:
    return typer.Argument(metavar=metavar, help=words, autocompletion=_suggesting(kind))


def _not_both(context: typer.Context, given: bool) -> bool:
    """Whether the one is given. Raises UsageError if --plain and --json are both given: one would be ignored."""
    if given and (context.params.get("as_json") or context.params.get("plain")):
        raise UsageError("choose --json or --plain, not both (to be asked in plain lines, set ACCESSIBLE=1)")
    return given


Text = str | None
Several = list[str] | None
Json = Annotated[bool, _option("--json", "Print one JSON document.", callback=_not_both)]
Plain = Annotated[bool, _rare("--plain", "Print plain lines: no colors, no tables.", callback=_not_both)]
Data = Annotated[Path | None, _rare("--data", "Read the data files from DIR.", "DIR", envvar="CALAIM_DATA")]
AsOf = Annotated[date | None, _rare("--as-of", "The day to go by (today).", "YYYY-MM-DD", parser=_calendar_day)]
SHARED = {"as_of": (AsOf, None), "as_json": (Json, False), "plain": (Plain, False), "data": (Data, None)}
"""What most commands may be asked, in the order of their help: the type and the default of each. See `_command`."""
ALL = tuple(SHARED)
NOW = ALL[1:]

DECIDED = "ecm, cs, chw, a population or a service. May be repeated."
Programs = Annotated[Several, _option("--program", DECIDED, "ID", "program")]
Start = Annotated[Path | None, _option("--from", "Continue a saved case.", "CASE", "case")]
Save = Annotated[Path | None, _option("--save", "Save the case after every reply; only you can read it.", "CASE")]
NoInput = Annotated[bool, _rare("--no-input", "Never ask; list what is missing instead.")]
InCounty = Annotated[Text, _option("--county", "The member's county, city or ZIP code.", "PLACE", "county")]
Log = Annotated[Path | None, _option("--log", "Track the referral in this file, never by the member's name.", "LEDGER")]
Why = Annotated[Text, _option("--why", "Show only this result, with everything it rests on.", "ID", "program")]
Everything = Annotated[bool, _option("--all", "Show all results in full, after the short answer.")]
OneSheet = Annotated[Text, _option("--sheet", "The sheet of a workbook to read (default: the first).", "NAME")]

PlaceWords = Annotated[list[str], _argument("PLACE...", "A county, an alias, a city or a ZIP code.", "place")]
PlanWords = Annotated[Several, _argument("[PLAN...]", "One plan: id, name or alias.", "plan")]
SituationWords = Annotated[
    Several, _argument("[WORDS...]", "A situation: id, name, or words that people use.", "situation")
]
OneService = Annotated[Text, _argument("[SERVICE]", "One service: id, name or alias.", "service")]
OneProgram = Annotated[Text, _argument("[ID]", "A program, population or service.", "program")]
OneQuestion = Annotated[Text, _argument("[ID]", "A question, program, population or service.", "program")]
Offering = Annotated[Text, _option("--service", "Only where the plan (default: KP) offers it.", "ID", "service")]
Lacking = Annotated[Text, _option("--without", "Only where that plan serves but does not offer it.", "ID", "service")]
AskedAbout = Annotated[Text, _option("--program", "Only the questions for a program or service.", "ID", "program")]
Expect = Annotated[bool, _option("--expect", "Compare with the [expect] tables; not with --program or --county.")]
RowsFirst = Annotated[Text, _option("--when", "A situation: its rows come first ('calaim when').", "ID", "situation")]
NEW_SHEET = "Print the header line of a spreadsheet, or write it to --out as .xlsx."
OWN_COLUMN = "Copy a column of your own to the report. May be repeated."
LIKELY = "Write a sheet for batch, with the members it is likely for. May be repeated."
SETTLED = "Show the questions that settle most members. Nothing is withheld: do not pass it on."
KEPT = "With --likely or --sql: include this column, too. May be repeated."
UNDO = "undo"
STATUS_WORDS = (
    "References to show. After a STATUS, the ones to record it for; after undo, the ones to undo the last step of."
)
UNTIL = "The last day authorized, from the plan's letter."


def _today() -> date:
    return datetime.now().astimezone().date()


class Asked:
    """What a command was asked by --as-of, --json, --plain and --data, and the one way in which all of them answer."""

    def __init__(
        self, as_of: date | None = None, as_json: bool = False, plain: bool = False, data: Path | None = None
    ) -> None:
        self.day, self.as_json, self.plain, self.folder = as_of, as_json, plain, data
        self.as_of = as_of or _today()
        self._kept: list[Problem] = []

    @cached_property
    def policy(self) -> "Policy":
        """The policy to decide by, read when it is first asked for."""
        # Not before: what contradicts itself on a command line is told first, and a new sheet as CSV needs no data.
        return _policy(self.folder)

    def due(self) -> tuple[Problem, ...]:
        """Warnings about data that is due for review on that day."""
        return self.policy.past_review(self.as_of)

    def of_the_data(self, used: set[str] | None = None) -> tuple[Problem, ...]:
        """The same, and each address of a folder of the user's own, of those used, that is new."""
        from calaim_cli.decide import diff
        from calaim_cli.policy import load

        own = diff.own_mailboxes(self.policy, load.load(), used) if self.folder is not None else ()
        return (*self.due(), *own)

    def say(self, words: str) -> None:
        """Say it on stderr; with --json nothing is said beside the document."""
        if not self.as_json:
            say(words)

    def warn(self, problems: Iterable[Problem]) -> None:
        """Warn of them now, with --json in the documents."""
        if self.as_json:
            self._kept += problems
        else:
            warn(problems)

    def respond(self, view: "blocks.View", *printed: "documents.Document", warnings: Iterable[Problem] = ()) -> int:
        """Show the view after what is due for a review and other warnings, or the documents with both; exit code 0."""
        self.warn((*self.due(), *warnings))
        return self.show(view, *printed)

    def show(self, view: "blocks.View | str", *printed: "documents.Document") -> int:
        """Print the documents as JSON, else the view for whoever reads it, or lines as they are; gives exit code 0."""
        if self.as_json:
            from calaim_cli.show.documents import with_warnings, written

            # The schemas of profile, sources and differences have no such key.
            told = (with_warnings(one, self._kept) if "warnings" in one else one for one in printed)
            emit_utf8("".join(f"{written(one)}\n" for one in told))
        elif isinstance(view, str):
            emit(view)
        else:
            from calaim_cli.show import render

            render.show(view, plain_wanted=self.plain)
        return 0


def _command(
    example: str, group: str = YOURS, takes: Sequence[str] = NOW, *, of: typer.Typer = app, name: str | None = None
) -> Callable[[Command], Command]:
    """A decorator that makes a command of a function; its help is the docstring with an example.

    What it `takes` of the SHARED options comes behind its own, and reaches the function as its first argument, Asked.
    """

    def made(function: Command) -> Command:
        @wraps(function)
        def run(**given: Any) -> int:  # noqa: ANN401 whatever the options are
            asked = [Asked(**{one: given.pop(one) for one in takes})] if takes else []
            return function(*asked, **given)

        # A wrapper's own signature would be that of the function, Asked and all.
        written = signature(function)
        own = list(written.parameters.values())[bool(takes) :]
        shared = [
            Parameter(one, Parameter.KEYWORD_ONLY, annotation=SHARED[one][0], default=SHARED[one][1]) for one in takes
        ]
        # Typer reads the options of a command here.
        run.__signature__ = written.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
        words = f"{function.__doc__}\n\nExample: calaim {example}"
        of.command(name, cls=_Command, help=words, rich_help_panel=group)(run)
        return function

    return made


def main() -> int:
    """Run the command line; gives the exit code. Errors end here, as one message, never as a traceback."""
    prepare_streams()
    leave_on_signals()
    try:
        with watched_stdout():
            return _needed(sys.argv[1:])(standalone_mode=False, prog_name="calaim") or 0
    except CalaimError as error:
        return failed(error)
    except typer.TyperException as error:
        return _misused(error)
    except typer.Abort:
        words = "the input ended before the question was answered. Run it again, or pass a case file"
        return failed(UsageError(words, code="input-ended"))
    except Exception as error:  # noqa: BLE001 the boundary
        # Where it arose is told, and never its message, which may quote an answer.
        innermost = traceback.extract_tb(error.__traceback__, -1)[0]
        where = f"{type(error).__name__} at {Path(innermost.filename).name}:{innermost.lineno}"
        said = quick.quick_text(["--version"])
        versions = said.strip() if isinstance(said, str) else f"calaim {__version__}"
        return failed(CalaimError(f"internal error {where} ({versions}). Please report this line."))


def _needed(arguments: list[str]) -> typer.Typer:
    """The app with only the command that is named: to make all of them ready takes longer than a look-up."""
    name = arguments[0] if arguments else ""
    commands = [one for one in app.registered_commands if one.callback and name in {one.name, one.callback.__name__}]
    groups = [one for one in app.registered_groups if one.name == name]
    if not commands and not groups:
        return app
    only = copy(app)
    only.registered_commands, only.registered_groups = commands, groups
    return only


def failed(error: CalaimError) -> int:
    """Tell the error, with --json as a document, else without saying twice what its line says; gives its exit code."""
    # Asked of the words typed: an error may come before Typer has read them.
    if "--json" in sys.argv[1:]:
        from calaim_cli.show import documents

        say(documents.written(documents.error_document(error)))
        return error.exit_code
    say(f"calaim: {error.message}")
    for problem in error.problems:
        if problem.message not in error.message:
            say(f"  {problem.where}: {problem.code}: {problem.message}")
    return error.exit_code


def _misused(error: typer.TyperException) -> int:
    """Tell in one line what is wrong with the command line, and what was meant or where to look; gives the exit code.

    The bare command gets the help text.
    """
    text = error.format_message()
    if text.lstrip().startswith("Usage:"):
        say(text)
        return 2
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "calaim"
    if text.startswith("Got unexpected extra argument"):
        said = "unexpected argument; quote values that contain spaces, as in --county 'san mateo'"
        return failed(UsageError(f"{said}: '{command} --help'"))
    # Typer's own words for what was meant: an option that is near, or several (their parsers, `NoSuchOption`)
    said, _, meant = text.replace(" (Possible options: ", " Did you mean ").partition(" Did you mean ")
    hint = f"did you mean {one_of(meant.rstrip('?).').split(', '))}?" if meant else f"'{command} --help' says more"
    return failed(UsageError(f"{said[:1].lower()}{said[1:]}".rstrip(".") + f": {hint}"))


def _refuse(*contradictions: tuple[object, str]) -> None:
    """Raises UsageError for the first condition that is true: nothing on a command line is ever ignored."""
    for is_so, words in contradictions:
        if is_so:
            raise UsageError(words)


def _policy(folder: Path | None) -> "Policy":
    """The policy to decide by. A folder of the user's own is checked whole; the shipped one was before release."""
    from calaim_cli.policy import load

    policy = load.load(folder)
    if folder is not None:
        from calaim_cli.decide import soundness

        if problems := soundness.find_problems(policy):
            raise InputError(f"{folder}: the data files have errors; fix those listed below", problems)
    return policy


def _profile(policy: "Policy") -> "Profile":
    """The user's own details. Raises InputError that names the profile where one of them is not fit for a letter."""
    from msgspec.structs import replace

    from calaim_cli.case import casefile

    path = casefile.profile_path()
    profile = casefile.read_profile(path)
    if problems := tuple(casefile.unfit(profile, lambda name: getattr(policy.words, name))):
        raise casefile.bad_profile(path, problems)
    return replace(profile, kind=choice_of(profile.kind, policy.words.kinds))


def _doubts_about(*written: Path | None) -> tuple[Problem, ...]:
    """A warning for each folder to write into that others may read."""
    from calaim_cli.base import files

    return tuple(files.doubts_about(dict.fromkeys(path.parent for path in written if path)))


def _hand_over(out: Path | None, content: bytes, *, end: str = ".") -> int:
    """Write the content to a new file and say so, or print it; gives exit code 0."""
    from calaim_cli.base import files

    if out is None:
        emit_utf8(content.decode())
    else:
        say(f"{out}: {files.save(out, content)}{end}")
    return 0


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context,
    version: Annotated[bool, _option("--version", "Print version and data edition.")] = False,
    data: Annotated[Path | None, typer.Option("--data", envvar="CALAIM_DATA", hidden=True)] = None,
) -> int:
    """Whom CalAIM may help, what the county offers, and where the referral goes."""
    if version:
        from calaim_cli.policy import load

        emit(f"calaim {__version__}, data {load.load(data).edition}\n")
        raise typer.Exit
    # From the environment it is for every command; typed before the command it would reach none.
    if data is not None and context.get_parameter_source("data").name == "COMMANDLINE":  # type: ignore[union-attr]
        raise UsageError("--data goes after the command, as in 'calaim county alameda --data DIR'")
    if context.invoked_subcommand is None:
        from calaim_cli.show.first import first_words

        say(first_words())
        raise typer.Exit(2)
    return 0


@_command("county san mateo", LOOK_UP)
def county(asked: Asked, place: PlaceWords) -> int:
    """Show one county: where to refer, whom to call, what is offered."""
    from calaim_cli.policy.policy import place_named
    from calaim_cli.show import documents, views

    typed = " ".join(place)
    found = place_named(typed, asked.policy)
    document = documents.county_document(found, typed, asked.policy)
    return asked.respond(views.county_view(found, asked.policy), document)


@_command("counties --without sobering-centers", LOOK_UP)
def counties(
    asked: Asked,
    service: Offering = None,
    without: Lacking = None,
    region: Annotated[Text, _option("--region", "Only counties in this region.", "north|south", "region")] = None,
    plan: Annotated[Text, _option("--plan", "Only counties this plan serves.", "ID", "plan")] = None,
) -> int:
    """List counties by service (offered or not), region or plan."""
    from calaim_cli.policy.places import KP
    from calaim_cli.policy.policy import counties_with, plan_named, region_named, service_named
    from calaim_cli.show import documents, views

    policy = asked.policy
    offering, lacking = (service_named(one, policy) if one else None for one in (service, without))
    within = region_named(region, policy) if region else None
    serving = plan_named(plan, policy) if plan else None
    found = counties_with(policy, offering, lacking, within, serving)
    view = views.counties_view(found, (serving or policy.plans[KP]).name, offering, lacking)
    return asked.respond(view, documents.counties_document(found, policy))


@_command("plan health-net", LOOK_UP)
def plan(asked: Asked, plan: PlanWords = None) -> int:
    """List the Medi-Cal plans, or show one in full."""
    from calaim_cli.policy.policy import plan_named
    from calaim_cli.show import documents, views

    policy = asked.policy
    wanted = (plan_named(" ".join(plan), policy),) if plan else tuple(policy.plans.values())
    view = views.plan_view(wanted[0], policy) if plan else views.plans_view(wanted, policy)
    return asked.respond(view, documents.plans_document(wanted, policy))


@_command("contacts", LOOK_UP)
def contacts(asked: Asked) -> int:
    """List whom to call besides the plans: phone, TTY, hours, purpose."""
    from calaim_cli.show import documents, views

    listed = asked.policy.counties_file.contact
    return asked.respond(views.contacts_view(listed, asked.policy), documents.contacts_document(listed, asked.policy))


@_command("when leaving the hospital", LOOK_UP)
def when(asked: Asked, words: SituationWords = None) -> int:
    """Look up a situation: what to think of, and what to ask first."""
    from calaim_cli.policy.policy import situation_named
    from calaim_cli.show import situations

    policy = asked.policy
    wanted = (situation_named(" ".join(words), policy),) if words else policy.talk_file.situation
    view = situations.situation_view(wanted[0], policy) if words else situations.situations_view(wanted)
    return asked.respond(view, situations.situations_document(wanted, policy))


@_command("services sobering-centers", LOOK_UP, ALL)
def services(asked: Asked, service: OneService = None, county: InCounty = None) -> int:
    """List the Community Supports, or show one in full."""
    from calaim_cli.policy import dates
    from calaim_cli.policy.policy import place_named, service_named
    from calaim_cli.show import documents, views

    policy = asked.policy
    found = place_named(county, policy).county if county else None
    wanted = (service_named(service, policy),) if service else policy.programs_file.service
    view = views.service_view(wanted[0], found, policy) if service else views.services_view(wanted, found, policy)
    notices = dates.notices(wanted, policy, asked.as_of) if service else ()
    return asked.respond(view, documents.services_document(wanted, found, policy), warnings=notices)


@_command("programs homelessness", LOOK_UP, ALL)
def programs(asked: Asked, program: OneProgram = None) -> int:
    """Show the rules in plain words, with source, date and grade."""
    from calaim_cli.policy import dates
    from calaim_cli.policy.policy import entry_named, kinds
    from calaim_cli.show import documents, views

    policy = asked.policy
    wanted = kinds(policy)
    if program:
        entry = entry_named(program, policy)
        wanted = tuple(one for one in wanted if one[1] is entry)
    view = views.program_view(*wanted[0], policy) if program else views.programs_view(wanted)
    notices = dates.notices((entry for _, entry in wanted), policy, asked.as_of)
    return asked.respond(view, documents.programs_document(wanted, policy), warnings=notices)


@_command("questions asthma_remediation", LOOK_UP)
def questions(asked: Asked, program: OneQuestion = None) -> int:
    """List the questions in a case, and what each one accepts."""
    from calaim_cli.policy.policy import questions_named
    from calaim_cli.show import documents, views

    policy = asked.policy
    wanted = questions_named(program, policy) if program else tuple(policy.questions.values())
    return asked.respond(views.questions_view(wanted), documents.questions_document(wanted, policy))


@_command("case new --program ecm --out case.toml", takes=("data",), of=case_app, name="new")
def case_new(
    asked: Asked,
    program: AskedAbout = None,
    out: Annotated[Path | None, _option("--out", "Write to a new FILE that only you can read.", "FILE")] = None,
) -> int:
    """Print a blank case to fill in: every key, and what it accepts."""
    from calaim_cli.policy.policy import questions_named, subjects_named
    from calaim_cli.show import blank

    policy = asked.policy
    about = subjects_named([program], policy)[0] if program else None
    questions = questions_named(program, policy) if program else policy.questions.values()
    text = blank.blank_case(questions, about, policy)
    if out is not None and out.exists():
        raise OutputRefused(f"{out}: exists; choose another name", code="exists")
    warn(_doubts_about(out))
    return _hand_over(out, text.encode(), end="")


@_command("check examples/case.toml --program ecm", ONE_MEMBER, ALL)
def check(
    asked: Asked,
    cases: Annotated[list[str], _argument("CASE...|-", "Case files, or - for standard input.", "case")],
    program: Programs = None,
    county: InCounty = None,
    expect: Expect = False,
    why: Why = None,
    everything: Everything = False,
) -> int:
    """Screen cases: what seems to fit, why, and what is missing."""
    from calaim_cli.case import casefile
    from calaim_cli.decide import screening
    from calaim_cli.policy.policy import place_named, subjects_named
    from calaim_cli.show import documents

    whole = "--expect compares with the whole [expect] table: leave out --program and --county"
    shown = "--expect compares and shows no results: leave out --why and --all"
    _refuse((expect and (program or county), whole), (expect and (why or everything), shown))
    only, policy, as_of = _only_result(asked, why, everything, program), asked.policy, asked.as_of
    screener = screening.screener(subjects_named(program or [], policy), policy)
    stated = place_named(county, policy).county if county else None
    # All are read before the first is decided: a bad file ends the command before anything is shown.
    read = [(name, casefile.read(name)) for name in cases]
    if not expect:
        kind = _profile(policy).kind
        decided = [screening.decide(name, case, screener, policy, as_of, stated, kind) for name, case in read]
        return _show_decided(decided, asked, only, everything=everything)
    differing = [found for name, case in read for found in screening.compare(name, case, screener, policy, as_of)]
    lines = (f"{one.case}\t{one.subject}\texpected {one.expected}\tfound {one.found}\n" for one in differing)
    asked.warn(asked.due())
    asked.show("".join(lines), documents.expectations_document(len(read), differing))
    asked.say(f"{counted(len(read), 'case')}, {counted(len(differing), 'difference')}")
    return InputError.exit_code if differing else 0


def _only_result(asked: Asked, why: Text, everything: bool, programs: Several) -> str:
    """The id of the one result of a case that is wanted; "" for all.

    Raises UsageError for what would go unheard or was not to be decided, and NotFound for an id that is none.
    """
    from calaim_cli.policy.policy import entry_named, subjects_named

    whole = "--json has every result in full: leave out --why and --all"
    both = "--all shows every result: leave out --why"
    _refuse((asked.as_json and (why or everything), whole), (why and everything, both))
    if not why:
        return ""
    about = entry_named(why, asked.policy)
    if about not in [one.entry for one in subjects_named(programs or [], asked.policy)]:
        raise UsageError(f"--why {about.id}: it is not among the results shown here", code="not-decided")
    return about.id


def _show_decided(results: "list[screening.Decided]", asked: Asked, only: str, *, everything: bool) -> int:
    """Show the short answer to each case with the first warnings, or what else is wanted; gives exit code 0."""
    from msgspec.structs import replace

    if asked.as_json:
        from calaim_cli.show import documents

        asked.warn(asked.due())
        return asked.show("", *(documents.determination_document(one, asked.policy, asked.as_of) for one in results))
    # The long form says the reminders itself; the short one says them first, before warnings are left out.
    told = results if everything else [replace(one, warnings=(*one.reminders, *one.warnings)) for one in results]
    warnings = (*_of_cases(told), *asked.due())
    warn(warnings if everything else warnings[:MOST_WARNED])
    if (left := len(warnings) - MOST_WARNED) > 0 and not everything:
        say(f"calaim: and {counted(left, 'more warning')}: --all")
    return asked.show(tuple(_blocks_of(results, asked.policy, only, everything=everything)))


def _of_cases(results: "list[screening.Decided]") -> Iterable[Problem]:
    """What is warned of several cases, each by its name, but what is to be said of all of them."""
    of_all = set.intersection(*(set(one.warnings) for one in results))
    yield from dict.fromkeys(warning for one in results for warning in one.warnings if warning in of_all)
    for one in results:
        own = (warning for warning in one.warnings if warning not in of_all)
        yield from (Problem(f"{one.name}: {warning.where}", warning.code, warning.message) for warning in own)


def _blocks_of(
    results: "list[screening.Decided]", policy: "Policy", only: str, *, everything: bool
) -> "Iterable[blocks.Block]":
    """What is shown of the results: the answer to each case, or a row for each of several; the one result, or all."""
    from calaim_cli.show import blocks, summary, views

    if len(results) > 1 and not (only or everything):
        yield summary.several(results, policy)
        return
    for one in results:
        if only:
            yield from [blocks.Fact("case", "Case", one.name)] if len(results) > 1 else []
            yield from views.why_view(one, only, policy)
        else:
            yield summary.screenful(one, policy)
            yield from views.determination_view(one, policy) if everything else ()


@_command("coverage examples/case.toml", ONE_MEMBER, ALL)
def coverage(
    asked: Asked,
    cases: Annotated[Several, _argument("[CASE...|-]", "Case files, or - for standard input.", "case")] = None,
    why: Annotated[bool, _option("--why", "Show whom each reason is for, with its sources.")] = False,
) -> int:
    """Keep Medi-Cal in 2027: what may exempt a member from the work rule. Without CASE, it asks."""
    from calaim_cli.case import casefile
    from calaim_cli.decide.coverage import cover, stander
    from calaim_cli.show import coverage as shown
    from calaim_cli.talk import coverage as talk
    from calaim_cli.talk import session

    _refuse((asked.as_json and why, "--json has every reason in full: leave out --why"))
    policy, as_of = asked.policy, asked.as_of
    stand = stander(policy)
    read = [(name, casefile.read(name)) for name in cases or []]
    to = None if read else session.ways(session.Keeping(None, None), plain=asked.plain)
    if to:
        talk.need_a_person()
        with session.leaving(to):
            read = [("coverage", talk.asked(stand, policy, as_of, to.ask, to.keep))]
    found = [cover(name, case, stand, policy, as_of) for name, case in read]
    asked.warn(policy.coverage_past_review(as_of))
    if asked.as_json:
        return asked.show("", *(shown.coverage_document(one, policy, as_of) for one in found))
    warn(dict.fromkeys(warning for one in found for warning in one.warnings))
    views = [shown.coverage_view(one, policy, as_of, why=why, named=len(found) > 1) for one in found]
    asked.show(tuple(block for view in views for block in view))
    if to:
        session.offer_to_keep(to)
    return 0


@_command("interview --program ecm --county alameda --save case.toml", ONE_MEMBER, ALL)
def interview(
    asked: Asked,
    program: Programs = None,
    county: InCounty = None,
    when: RowsFirst = None,
    start: Start = None,
    save: Save = None,
    no_input: NoInput = False,
    why: Why = None,
    everything: Everything = False,
) -> int:
    """Ask only what can still change the result. Ends with what `check` says about the case."""
    from msgspec.structs import replace

    from calaim_cli.decide import screening
    from calaim_cli.policy.policy import situation_named, subjects_named
    from calaim_cli.talk import interview as talk
    from calaim_cli.talk import session, terminal

    only, policy, as_of = _only_result(asked, why, everything, program), asked.policy, asked.as_of
    first = situation_named(when, policy).asked_first if when else ()
    case = session.started(start, county, policy, as_of)
    talk.need_a_person(program or [], case, policy, as_of, no_input=no_input)
    # Whatever can be refused is, before an answer could be lost.
    kind, places = _profile(policy).kind, _doubts_about(save)
    # Told before the talk; a document has them behind what is due for a review, so they wait for the result.
    if not asked.as_json:
        warn(places)
        places = ()
    to, followed = session.ways(session.Keeping(save, start), plain=asked.plain), dict[str, str]()
    to.keep(case)
    if terminal.can_ask(no_input=no_input):
        with session.leaving(to):
            case, followed = talk.interviewed(program or [], case, policy, as_of, to, first)
    screener = screening.screener(subjects_named(program or [], policy), policy)
    decided = screening.decide("interview", case, screener, policy, as_of, None, kind)
    decided = replace(decided, followed=followed, warnings=(*places, *decided.warnings))
    code = _show_decided([decided], asked, only, everything=everything)
    if terminal.can_ask(no_input=no_input):
        session.tell_what_is_next(to, asked.say)
    return code


@_command("refer examples/case.toml --out draft.eml", ONE_MEMBER, ALL)
def refer(
    asked: Asked,
    case: Annotated[Text, _argument("[CASE|-]", "A case file, or - for stdin.", "case")] = None,
    program: Annotated[Text, _option("--program", "The program: ecm, cs or chw.", "ID")] = None,
    service: Annotated[Several, _option("--service", "A service, for cs. May be repeated.", "ID", "service")] = None,
    form: Annotated[Format | None, _option("--format", "How to write the draft.")] = None,
    out: Annotated[Path | None, _option("--out", "Write to PATH (.eml, .txt, .html, .json).", "PATH")] = None,
    self_referral: Annotated[bool, _rare("--self-referral", "Address it to the referrer's own organization.")] = False,
    expedited: Annotated[bool, _option("--expedited", "Expedited: waiting would do harm; the case says why.")] = False,
    for_member: Annotated[Path | None, _option("--for-member", "A page for the member (.html, .txt).", "PAGE")] = None,
    log: Log = None,
    redact: Annotated[bool, _option("--redact", "Only show the draft, with member data masked.")] = False,
    force: Annotated[bool, _rare("--force", "Replace a file that differs.")] = False,
    start: Start = None,
    save: Save = None,
    no_input: NoInput = False,
) -> int:
    """Write a referral draft. Without CASE, it asks for everything first. Nothing is ever sent."""
    from calaim_cli import delivery
    from calaim_cli.case import casefile
    from calaim_cli.draft import draft
    from calaim_cli.talk import referral, session

    as_json = asked.as_json
    _refuse(
        (redact and (out or for_member), "--redact only shows a draft: leave out --out and --for-member"),
        (case is not None and (start or save), "a case file is not asked about: leave out --from and --save"),
        (as_json and form not in {None, Format.JSON}, "--json and --format exclude each other: leave out one of them"),
        (force and out is None, "--force replaces the file of --out: give --out too"),
        (log and out is None, "--log tracks a draft that is in a file: give --out too"),
        (
            for_member and for_member.suffix.lower() not in delivery.PAGES,
            "--for-member: give a name that ends in .html or .txt",
        ),
    )
    policy, profile, given = asked.policy, _profile(asked.policy), Path(case) if case and case != "-" else None
    ledger, begins = delivery.ledger_for(log, profile, out)
    named = {"CASE": given, "--out": out, "--for-member": for_member, "--save": save, delivery.THE_LEDGER: ledger}
    delivery.each_its_own(named, several=case is None)
    drafter = draft.Drafter(policy, profile, asked.as_of, delivery.references(ledger, one_a_request=True))
    wanted = draft.format_for(Format.JSON if as_json and form is None and out is None else form, out)
    written = session.started(start, None, policy, asked.as_of) if case is None else casefile.read(case)
    begins += delivery.unread_month(written) if ledger else ()
    asks = draft.asked_for(written, program, service or [], own=self_referral, expedited=expedited)
    places = _doubts_about(out, save, for_member)
    if case is not None:
        drafts, left_out = [drafter.draft_file(case, written, asks)], list[str]()
    else:
        warn(places)  # before anything is asked and saved there
        delivery.must_be_free(out, for_member, force=force)
        places, mail = (), wanted in {Format.EML, Format.MAILTO}
        ways = session.ways(session.Keeping(save, start), plain=asked.plain)
        drafts, left_out = referral.referred(asks, drafter, ways, redact=redact, no_input=no_input, by_email=mail)
    warnings = (*asked.of_the_data({address for one in drafts for address in one.draft.to}), *places)
    asked.warn(begins)
    to = delivery.Delivery(wanted, out, for_member, ledger, force, redact, asked.say, session.noting(log))
    drafts = delivery.deliver(drafts, left_out, warnings, drafter, to)
    return asked.show("", *(draft.referral_document(one, policy) for one in drafts)) if as_json and out else 0


@_command("help exit-codes", takes=("plain", "data"), name="help")
def help_on(
    asked: Asked,
    topic: Annotated[Text, _argument("[TOPIC]", "settings, exit-codes, privacy, calaim.")] = None,
) -> int:
    """Where to begin; settings, exit codes, privacy, CalAIM."""
    from calaim_cli.show import help as pages
    from calaim_cli.show import views

    view = pages.overview() if topic is None else pages.page_named(topic).view
    # The one page that the data tell.
    return asked.show(view or views.calaim_view(asked.policy))


@_command("batch examples/members.csv --out drafts", MANY, ("as_of", "as_json", "data"), name="batch")
def batch_rows(
    asked: Asked,
    source: Annotated[Text, _argument("[CSV|XLSX|-]", "A spreadsheet as CSV or .xlsx, or - for stdin.")] = None,
    out: Annotated[Text, _option("--out", "Where to write: a folder, a .zip or a .mbox file.", "DIR|FILE")] = None,
    sheet: OneSheet = None,
    keep_going: Annotated[bool, _option("--keep-going", "Draft the good rows, and list the others.")] = False,
    dry_run: Annotated[bool, _option("--dry-run", "Check every row and write nothing.")] = False,
    encoding: Annotated[Text, _rare("--encoding", "Text encoding, such as cp1252 (default: UTF-8).", "NAME")] = None,
    limit: Annotated[int, _rare("--limit", "Only the first N rows (0: all).", "N", min=0)] = 0,
    keep: Annotated[Several, _rare("--keep", OWN_COLUMN, "COLUMN")] = None,
    template: Annotated[bool, _option("--template", NEW_SHEET)] = False,
    log: Log = None,
) -> int:
    """Write a draft for every row of a spreadsheet. Nothing is ever sent."""
    from calaim_cli import delivery
    from calaim_cli.base import files, streams
    from calaim_cli.batch import batch
    from calaim_cli.batch.sheet import REJECTS, REJECTS_BOOK
    from calaim_cli.draft import draft

    if template:
        others = source or sheet or keep_going or dry_run or encoding or limit or keep or log
        alone = "--template gives the header line of a new sheet: use it alone, or with --out x.xlsx"
        _refuse((others or asked.day or asked.as_json, alone))
        return _new_sheet(out, asked)
    if source is None or (out is None and not dry_run):
        raise UsageError(
            "give a CSV file or a workbook (or - for standard input), and --out with a folder, a .zip or a .mbox"
        )
    place, kept = batch.output_named(out), tuple(keep or ())
    order = batch.Order(source, place, keep_going, dry_run, encoding, limit, kept, sheet)
    policy, tally = asked.policy, batch.Tally()
    profile = _profile(policy)
    ledger, begins = delivery.ledger_for(log, profile, None if dry_run else out)
    lists = {name: order.list_of(name) for name in (batch.REPORT, REJECTS, REJECTS_BOOK)}
    delivery.each_its_own({"--out": order.out, delivery.THE_LEDGER: ledger, **(lists if ledger else {})})
    warnings = (*asked.of_the_data(), *files.doubts_about(order.folders), *begins)
    drafter = draft.Drafter(policy, profile, asked.as_of, delivery.references(ledger, one_a_request=False))
    asked.warn(warnings)
    _draft_rows(order, drafter, tally, quiet=asked.as_json)
    asked_before = delivery.keep_track(ledger, tally.stories, policy) or ()
    asked.warn((*batch.left_to_do(order, tally), *asked_before))
    with streams.code_wins(tally.exit_code):
        asked.show("", tally.document(order.out))
    asked.say(tally.text(order.list_of(batch.REPORT).name))
    return tally.exit_code


def _draft_rows(order: "batch.Order", drafter: "Drafter", tally: "batch.Tally", *, quiet: bool) -> None:
    """Draft the rows under a bar. Raises SystemExit, once it is told how far it came, where a person stops it."""
    from calaim_cli.batch import batch
    from calaim_cli.show import render

    try:
        with render.progress(None if quiet else sys.stderr, batch.size_of(order.source)) as tally.watch:
            batch.run(order, drafter, tally)
    except (KeyboardInterrupt, SystemExit) as stopped:
        done = f"stopped: {tally.written} of {tally.rows - tally.refused} drafts written; run it again to go on."
        failed(Stopped(f"{done}\nNothing has been sent."))
        raise SystemExit(130 if isinstance(stopped, KeyboardInterrupt) else stopped.code) from None


def _new_sheet(out: str | None, asked: Asked) -> int:
    """Print the header line of a new sheet, or write it as a workbook that offers choices; gives exit code 0."""
    from calaim_cli.batch import row, sheet, workbook
    from calaim_cli.case import form
    from calaim_cli.show import blank

    fields = [field for field in form.FIELDS if "template" not in field.absent]
    columns = [field.column for field in fields]
    if out is None:
        return _hand_over(None, sheet.template(columns).encode())
    if not out.lower().endswith(".xlsx"):
        raise UsageError("--template --out: give the name of a workbook, ending in .xlsx")
    choices = {field.column: row.offered(field.kind, blank.choices_of(field, asked.policy)) for field in fields}
    return _hand_over(Path(out), workbook.template(columns, choices))


@_command("referrals --log referrals.ledger --due", MANY, ALL)
def referrals(
    asked: Asked,
    words: Annotated[Several, _argument("[STATUS] [REF...]", STATUS_WORDS)] = None,
    due: Annotated[bool, _option("--due", "Show only the ones to ask about now.")] = False,
    everything: Annotated[bool, _option("--all", "Include closed ones.")] = False,
    plan: Annotated[Text, _option("--plan", "Show only this plan's.", "ID", "plan")] = None,
    counts: Annotated[bool, _option("--counts", "Count them by plan, status and closing reason.")] = False,
    as_csv: Annotated[bool, _option("--csv", "Print a CSV table to match with the plan's own.")] = False,
    on: Annotated[date | None, _option("--on", "The day of the status (today).", "DAY", parser=_calendar_day)] = None,
    reason: Annotated[Text, _option("--reason", "Why it is closed.", "ID")] = None,
    until: Annotated[date | None, _option("--until", UNTIL, "DAY", parser=_calendar_day)] = None,
    nudge: Annotated[Text, _option("--nudge", "Write a reminder to the plan about this referral.", "REF")] = None,
    out: Annotated[Path | None, _option("--out", "With --nudge: write to PATH (.eml, .txt).", "PATH")] = None,
    log: Annotated[Path | None, _option("--log", "The ledger (default: the one in your profile).", "LEDGER")] = None,
) -> int:
    """Track referrals: what became of them, and what to ask about now.

    STATUS is sent, received, authorized, not-authorized, assigned, started, closed or bounced, or undo.
    """
    from calaim_cli import delivery

    act, references = _act_and_references(words or [], asked.policy)
    listing, details = due or everything or plan or counts or as_csv, on or reason or until
    _refuse(
        (nudge and (words or listing or details), "use --nudge alone, or with --out"),
        (out and not nudge, "--out is where --nudge writes the reminder: give --nudge too"),
        (nudge and asked.as_json, "--nudge writes a reminder: leave out --json"),
        (references and listing, "a reference is shown by itself: leave out --due, --all, --plan, --counts and --csv"),
        (details and act in {"", UNDO}, "--on, --reason and --until need a status, as in 'closed REF'"),
        (as_csv and (asked.as_json or counts), "--csv prints a table of its own: leave out --json and --counts"),
    )
    profile = _profile(asked.policy) if nudge or log is None else None
    path = delivery.ledger_named(log, profile)
    if path is None:
        raise UsageError('no ledger: give --log LEDGER, or write ledger = "NAME" in your profile', code="no-ledger")
    delivery.each_its_own({"--out": out, delivery.THE_LEDGER: path})
    if nudge and profile:
        return _nudge(nudge.upper(), path, profile, asked, out)
    if act:
        return _record(act, references, path, asked, on or asked.as_of, reason or "", until)
    gc.disable()  # a list makes no cycles, and the collector would look at each of its rows again and again
    try:
        return _show_referrals(references, path, asked, plan, due, everything, counts, as_csv)
    finally:
        gc.freeze()
        gc.enable()


def _act_and_references(words: list[str], policy: "Policy") -> tuple[str, tuple[str, ...]]:
    """What is to be done, a status or undo or nothing, and the references. Raises UsageError for neither."""
    from calaim_cli.base.wording import did_you_mean, shown
    from calaim_cli.policy.follow_up import is_reference

    if not words:
        return "", ()
    known = [*list(policy.follow_up_file.statuses)[1:], UNDO]
    first = words[0].lower().replace("_", "-")
    act, rest = (first, words[1:]) if first in known else ("", words)
    for word in rest:
        if not is_reference(word.upper()):
            meant = did_you_mean(word, known) or f"give a reference of six letters and digits, or first {one_of(known)}"
            raise UsageError(f"{shown(word)}: no reference: {meant}")
    if act and not rest:
        raise UsageError(f"say which: 'calaim referrals {act} REF'")
    return act, tuple(dict.fromkeys(word.upper() for word in rest))


def _record(
    act: str, references: tuple[str, ...], path: Path, asked: Asked, day: date, reason: str, until: date | None
) -> int:
    """Put the status into the ledger for all of them or, where one cannot have it, for none; show what they are now."""
    from calaim_cli.decide import follow_up
    from calaim_cli.follow import ledger
    from calaim_cli.show import referrals as shown

    policy, as_of, data = asked.policy, asked.as_of, asked.policy.follow_up_file
    step = None if act == UNDO else follow_up.Step(act, day, reason, until)

    def decide(story: "Story") -> "Step | None":
        if step and (wrong := follow_up.misstep(story, step, as_of, data)):
            raise InputError(f"{wrong.where}: {wrong.message}; nothing was changed", (wrong,), code=wrong.code)
        return step

    if step and (wrong := follow_up.unfit_details(act, reason, until, data)):
        raise UsageError(wrong.message, code=wrong.code)
    stories = ledger.change(path, references, decide)
    if gone := [one for one in references if one not in {story.reference for story in stories}]:
        asked.say(f"calaim: {', '.join(gone)}: removed from the ledger. The draft itself stays where it is.")
    found = follow_up.waiting(stories, as_of, policy)
    view = (*shown.list_view(found, policy), *shown.rights_view(stories, policy))
    uncounted = follow_up.uncounted_holidays((due for one in found for due in one.dues), policy)
    return asked.respond(view, shown.referrals_document(found, as_of, policy), warnings=uncounted)


def _show_referrals(
    references: tuple[str, ...],
    path: Path,
    asked: Asked,
    plan: Text,
    due: bool,
    everything: bool,
    counts: bool,
    as_csv: bool,
) -> int:
    """Show the story of each reference, or the list that is asked for; gives exit code 0."""
    from calaim_cli.decide import follow_up
    from calaim_cli.follow import ledger
    from calaim_cli.policy.policy import plan_named
    from calaim_cli.show import referrals as shown

    policy, as_of = asked.policy, asked.as_of
    only = plan_named(plan, policy).id if plan else ""
    closed_too = references or everything or counts or as_csv
    kept = [
        one
        for one in ledger.stories(path, references)
        if (not only or one.plan == only) and (closed_too or follow_up.is_open(one, policy.follow_up_file))
    ]
    if as_csv:  # it goes to the plan, which is to learn nothing of Medi-Cal's renewal
        kept = [one._replace(renewal=None) for one in kept]
    found = [one for one in follow_up.waiting(kept, as_of, policy) if one.ask_now or not due]
    if as_csv:
        from calaim_cli.batch.sheet import records

        emit_utf8(records(shown.csv_rows(one.story for one in found)))
        return 0
    uncounted = follow_up.uncounted_holidays((due for one in found for due in one.dues), policy)
    warnings = (*_doubts_about(path), *uncounted)
    if asked.as_json:
        return asked.respond((), shown.referrals_document(found, as_of, policy), warnings=warnings)
    if references:
        view = tuple(block for one in found for block in shown.story_view(one, as_of, policy))
    else:
        view = shown.counts_view(one.story for one in found) if counts else shown.list_view(found, policy)
    return asked.respond(view, warnings=warnings)


def _nudge(reference: str, path: Path, profile: "Profile", asked: Asked, out: Path | None) -> int:
    """Write the reminder of a referral to its file, or to stdout; gives exit code 0."""
    from calaim_cli.draft import draft
    from calaim_cli.draft.message import eml, sheet
    from calaim_cli.draft.route import not_by_email
    from calaim_cli.follow import ledger, nudge

    wanted = draft.format_for(None, out)
    _refuse((wanted not in {Format.TEXT, Format.EML}, "--out: give a name that ends in .eml or .txt"))
    (story,) = ledger.stories(path, (reference,))
    written = nudge.reminder(story, profile, asked.policy, asked.as_of)
    if wanted is Format.EML and not written.to:
        raise not_by_email(asked.policy.plans[story.plan])
    checked = eml(written) if written.to else sheet(written)
    warn(_doubts_about(out))
    _hand_over(out, checked if wanted is Format.EML else draft.as_text(written).encode())
    say("Nothing has been sent.")
    return 0


@_command("screen examples/panel.csv --counts --as-of 2026-11-22", MANY, ALL)
def screen(
    asked: Asked,
    table: Annotated[Text, _argument("[TABLE|-]", "A table of members: .csv, .xlsx, .parquet, or - for stdin.")] = None,
    out: Annotated[Text, _option("--out", "Write the table with its results (.csv, .xlsx, .parquet).", "FILE")] = None,
    program: Programs = None,
    likely: Annotated[Several, _option("--likely", LIKELY, "ID", "program")] = None,
    counts: Annotated[bool, _option("--counts", "Count members by result and place. May be passed on.")] = False,
    settle: Annotated[bool, _option("--settle", SETTLED)] = False,
    columns: Annotated[Text, _option("--columns", "A map from your columns and codes to calaim's.", "MAP")] = None,
    template: Annotated[bool, _option("--template", "Print a blank map to fill in, or write it to --out.")] = False,
    sheet: OneSheet = None,
    keep: Annotated[Several, _option("--keep", KEPT, "COLUMN")] = None,
    keep_going: Annotated[bool, _option("--keep-going", "Screen the good rows, and list the others.")] = False,
    sql: Annotated[bool, _option("--sql", "Print the rules as SQL, to run where your table is.")] = False,
    name: Annotated[Text, _option("--table", "With --sql: the table to read (default: members).", "NAME")] = None,
) -> int:
    """Screen a table of members: whom to ask, and about what."""
    from calaim_cli.batch import columns as maps
    from calaim_cli.policy.policy import subjects_alone, subjects_named

    shown = counts or settle
    of_table = table or likely or shown or sheet or keep_going or asked.as_json or asked.plain
    others = of_table or program or columns or keep or sql or name or asked.day
    only_sql = "--sql takes --program, --columns, --table, --keep and --as-of: leave out the rest"
    _refuse(
        (template and others, "use --template alone, or with --out"),
        (sql and (of_table or out), only_sql),
        (not sql and name, "--table needs --sql: to screen a file, give just its name"),
        (not (sql or table or template), "give TABLE (a file or -) and --out, --counts or --settle; or give --sql"),
        (not (sql or out or shown or template), "give --out, --counts or --settle, or --sql"),
        (likely and (program or not out), "--likely needs --out, and replaces --program: leave that out"),
        (keep and not (sql or likely), "--keep needs --sql or --likely: --out keeps every column anyway"),
        (counts and settle, "--counts may be passed on and --settle may not: give one of them"),
        (asked.plain and not shown, "--plain needs --counts or --settle"),
    )
    policy = asked.policy
    if template:
        return _hand_over(None if out is None else Path(out), maps.template(policy).encode())
    subjects = subjects_alone(likely, policy) if likely else subjects_named(program or [], policy)
    by, kept = maps.read(columns, policy) if columns else None, tuple(keep or ())
    if sql:
        if by and (names := maps.unread(by)):
            warn((caution("not-in-sql", columns or "", names=", ".join(names)),))
        emit_utf8(maps.script(by, subjects, policy, asked.as_of, name or "members", kept, coverage=not program))
        return 0
    from calaim_cli.batch import panel

    place, coverage = panel.output_named(out) if out else None, not (program or likely)
    order = panel.Order(table or "", place, subjects, policy, asked.as_of, sheet, by or maps.Columns(), kept)
    order = order._replace(likely=bool(likely), counts=counts, settle=settle, keep_going=keep_going, coverage=coverage)
    return _screened(order._replace(referrer=_profile(policy).referrer), asked)


def _screened(order: "panel.Order", asked: Asked) -> int:
    """Screen a table and tell what became of it; gives the exit code, as of a batch."""
    from calaim_cli.base import streams
    from calaim_cli.batch import panel
    from calaim_cli.batch.sheet import LEFT_OUT
    from calaim_cli.show import panel as shown

    policy = asked.policy
    asked.warn((*asked.due(), *_doubts_about(order.out)))
    done = panel.run(order)
    asked.warn(done.warnings)
    view: blocks.View | str = ""
    if done.counts is not None:
        view = shown.counts_view(done.counts, policy, order.ask_by)
    elif done.settled is not None:
        view = shown.settled_view(done.settled, policy)
    code = LEFT_OUT if done.refused else 0
    with streams.code_wins(code):
        about = panel.about(order, done)
        asked.show(view, shown.screen_document(about, done.counts, done.settled, policy, order.ask_by))
    for words in panel.last_words(order, done):
        asked.say(words)
    return code


@profile_app.callback(invoke_without_command=True)
def profile_alone(context: typer.Context, as_json: Json = False) -> int:
    """The referrer's own details, kept on this computer. Alone, it prints them."""
    if context.invoked_subcommand is None:
        return profile_show(Asked(as_json=as_json))
    if as_json:
        raise UsageError("--json goes after the command, as in 'calaim profile show --json'")
    return 0


@_command("profile path", takes=(), of=profile_app, name="path")
def profile_path() -> int:
    """Print where the profile is kept."""
    from calaim_cli.case import casefile

    emit(f"{casefile.profile_path()}\n")
    return 0


@_command("profile show", takes=("as_json",), of=profile_app, name="show")
def profile_show(asked: Asked) -> int:
    """Print the profile."""
    from calaim_cli.case import casefile
    from calaim_cli.show import documents

    path = casefile.profile_path()
    profile = casefile.read_profile(path)
    if asked.as_json:
        return asked.show("", documents.profile_document(profile))
    if not path.exists():
        say("There is no profile yet: 'calaim profile edit' asks for your details.")
    warn(casefile.unfit(profile, lambda name: getattr(asked.policy.words, name)))
    emit_utf8(escaped(casefile.profile_bytes(profile).decode()))
    return 0


@_command("profile edit", takes=(), of=profile_app, name="edit")
def profile_edit(plain: Plain = False, no_input: NoInput = False, data: Data = None) -> int:
    """Ask for your details and your Network Lead Entity, and keep them."""
    from calaim_cli.base import files
    from calaim_cli.case import casefile
    from calaim_cli.talk import conversation, session, terminal

    path = casefile.profile_path()
    known = files.read_bytes(str(path), casefile.LARGEST) if path.exists() else b""
    profile, policy = casefile.read_profile(path), _policy(data)
    if not terminal.can_ask(no_input=no_input):
        words = f"there is no one to ask: write the profile by hand: {path}: {casefile.profile_form()}"
        raise UsageError(words, code="missing")
    if lost := casefile.remarks(known.decode("utf-8-sig")):
        say(f"{path}: the {casefile.in_lines(lost)} will be lost when this is saved; Ctrl-C leaves the file as it is.")
    to = session.ways(session.Keeping(None, None), plain=plain)
    with session.leaving(to):
        edited = conversation.edited_profile(profile, policy, to.ask)
    # Only a folder made here is closed to others; one that is there was opened by its owner.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    say(f"{path}: {files.save(path, casefile.profile_bytes(edited), known=known)}")
    return 0


@_command("data check --data my-county", takes=("as_of", "as_json", "data"), of=data_app, name="check")
def data_check(asked: Asked) -> int:
    """Check the data files: shapes, references, sources, routes."""
    from calaim_cli.decide import diff
    from calaim_cli.policy import load
    from calaim_cli.show import documents

    policy = _policy(asked.folder or load.shipped())
    warnings = [*policy.past_review(asked.as_of), *policy.coverage_past_review(asked.as_of)]
    lacking = load.taken_from_shipped(asked.folder) if asked.folder else ()
    if asked.folder:
        shipped = load.load()
        warnings += (*diff.own_mailboxes(policy, shipped), *diff.own_words(policy, shipped))
    asked.warn(warnings)
    lines = [f"shipped\t{name}: not in the folder, so the one that ships with calaim is used\n" for name in lacking]
    view = "".join((*lines, f"ok\tdata edition {policy.edition}, nothing wrong\n"))
    return asked.show(view, documents.data_check_document((), lacking, policy, asked.as_of))


@_command("data sources", takes=ALL, of=data_app, name="sources")
def data_sources(asked: Asked) -> int:
    """List every source: date, age in months, grade, what rests on it."""
    from calaim_cli.policy.policy import sources_with_uses
    from calaim_cli.show import documents, views

    found = sources_with_uses(asked.policy)
    document = documents.sources_document(found, asked.policy, asked.as_of)
    return asked.show(views.sources_view(found, asked.as_of), document)


@_command("data diff data my-county examples/case.toml", takes=ALL[:3], of=data_app, name="diff")
def data_diff(
    asked: Asked,
    old: Annotated[Path, _argument("OLD", "The folder with the old data files.")],
    new: Annotated[Path, _argument("NEW", "The folder with the new ones.")],
    cases: Annotated[Several, _argument("[CASE...]", "Saved cases to screen with both.")] = None,
) -> int:
    """List what changed between two data folders, and for which cases."""
    from calaim_cli.case import casefile
    from calaim_cli.decide import diff
    from calaim_cli.show import documents, views

    _refuse((asked.day and not cases, "--as-of is the day to screen cases for: give a CASE too"))
    before, after = _policy(old), _policy(new)
    read = [(name, casefile.read(name)) for name in cases or []]
    changes = diff.changes(before, after)
    shifts = diff.shifts(read, before, after, asked.as_of)
    asked.say(f"{counted(len(changes), 'change')}, {counted(len(shifts), 'case result')} different")
    document = documents.data_diff_document(changes, shifts, before, after)
    return asked.show(views.data_diff_view(changes, shifts, len(read)), document)
