"""The commands, and the one place where an error becomes a message and an exit code.

The only importer of Typer, and the only reader of today's date. What a command works with is imported in it, so that
each starts with no more than it needs. Annotations are no texts here: Typer would have to evaluate hundreds of them.
"""

import gc
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import copy
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from calaim_cli import __version__
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
    from calaim_cli.decide.follow_up import Step, Story, Waiting
    from calaim_cli.draft import draft
    from calaim_cli.policy.policy import Policy
    from calaim_cli.show import blocks, documents

Command = TypeVar("Command", bound=Callable[..., int])
LONGEST_SUMMARY = 64
MOST_WARNED = 3
"""So many warnings stand beside the short answer to a case."""
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
    """Commands, in their help each under what it is for."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 Typer's own
        """Write them in the order of the groups and, in a group, of this file."""
        sections: dict[str, list[tuple[str, str]]] = {heading: [] for heading in GROUPS}
        for name, command in self.commands.items():
            group = getattr(command, "rich_help_panel", None)
            sections[group or YOURS].append((name, command.get_short_help_str(LONGEST_SUMMARY)))
        _write_sections(sections, formatter)


class _Command(TyperCommand):
    """A command, in its help the options that few need under a heading of their own."""

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
data_app = typer.Typer(help="Check the policy data, and see where they come from.", no_args_is_help=True)
profile_app = typer.Typer()
case_app = typer.Typer(help="A member's case as a file.", no_args_is_help=True)
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
        from calaim_cli import quick
        from calaim_cli.policy import load
        from calaim_cli.policy.policy import names

        known = [] if kind == "case" else names(load.load())[kind]
        return quick.candidates(kind, list(context.params.get("place") or ()), incomplete, known)

    return suggest if kind else None


def _option(name: str, metavar: str, words: str, kind: str = "", **more: Any) -> object:  # noqa: ANN401 Typer's own
    return typer.Option(name, metavar=metavar, help=words, autocompletion=_suggesting(kind), **more)


def _rare(name: str, metavar: str, words: str, **more: Any) -> object:  # noqa: ANN401 Typer's own
    return _option(name, metavar, words, rich_help_panel=RARE, **more)


def _argument(metavar: str, words: str, kind: str = "") -> object:
    return typer.Argument(metavar=metavar, help=words, autocompletion=_suggesting(kind))


def _not_both(context: typer.Context, given: bool) -> bool:
    """Whether the one is given. Raises UsageError where --plain and --json both are: one would go unheard."""
    if given and (context.params.get("as_json") or context.params.get("plain")):
        raise UsageError("choose --json or --plain, not both (for plain questions set ACCESSIBLE=1)")
    return given


Text = str | None
Several = list[str] | None
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.", callback=_not_both)]
LINES = "Plain lines, no colors, no tables."
Plain = Annotated[bool, typer.Option("--plain", help=LINES, callback=_not_both, rich_help_panel=RARE)]
OWN_DATA = "Read the data files from DIR."
Data = Annotated[Path | None, _rare("--data", "DIR", OWN_DATA, envvar="CALAIM_DATA")]
AsOf = Annotated[date | None, _rare("--as-of", "YYYY-MM-DD", "The day to decide for (today).", parser=_calendar_day)]
DECIDED = "ecm, cs, chw, a population or a service. May be repeated."
Programs = Annotated[Several, _option("--program", "ID", DECIDED, "program")]
Start = Annotated[Path | None, _option("--from", "CASE", "Go on with a saved case.", "case")]
Save = Annotated[Path | None, _option("--save", "CASE", "Save the case after every reply, for you alone to read.")]
NEVER_ASK = "Never ask; list what is missing instead."
NoInput = Annotated[bool, typer.Option("--no-input", help=NEVER_ASK, rich_help_panel=RARE)]
InCounty = Annotated[Text, _option("--county", "PLACE", "The member's county, city or ZIP code.", "county")]
OneService = Annotated[Text, _argument("[SERVICE]", "One service: id, name or alias.", "service")]
OneProgram = Annotated[Text, _argument("[ID]", "A program, population or service.", "program")]
EXPECTED = "Compare with the [expect] tables; not with --program or --county."
TEMPLATE = "Print the header line of a spreadsheet, or write it to --out as .xlsx."
TO_OURSELVES = "To the referrer's own organization."
REPLACE = "Replace a file that differs."
SCREENED = "Write the table with its results (.csv, .xlsx, .parquet)."
LIKELY = "Write a sheet for batch of whom it is likely for. May be repeated."
SETTLED = "Show the questions that settle most members, nothing withheld: not to be passed on."
KEPT = "With --likely or --sql: give this column, too. May be repeated."
OWN_COLUMN = "Pass a column of your own to the report. May be repeated."
OFFERING = "Only where the plan (without --plan: KP) offers it."
Why = Annotated[Text, _option("--why", "ID", "Only this result, with all that it rests on.", "program")]
Log = Annotated[Path | None, _option("--log", "LEDGER", "Keep track of it in this file, never of the member.")]
Everything = Annotated[bool, typer.Option("--all", help="All results in full, after the short answer.")]
NOT_OFFERED = "Only where that plan serves and does not offer it."
PlaceWords = Annotated[list[str], _argument("PLACE...", "A county, an alias, a city or a ZIP code.", "place")]
SAID = "A situation: id, name, or words that people use."
SituationWords = Annotated[Several, _argument("[WORDS...]", SAID, "situation")]
PlanWords = Annotated[Several, _argument("[PLAN...]", "One plan: id, name or alias.", "plan")]


def _command(
    example: str, of: typer.Typer = app, name: str | None = None, group: str = YOURS
) -> Callable[[Command], Command]:
    """A decorator that makes a command of a function; its help is the docstring with an example."""

    def made(function: Command) -> Command:
        words = f"{function.__doc__}\n\nExample: calaim {example}"
        return of.command(name, cls=_Command, help=words, rich_help_panel=group)(function)

    return made


UNDO = "undo"
STATUS_WORDS = (
    "References to tell the story of, or after a STATUS to give it to, or after undo to take the last one back."
)


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
        words = "input ended before the question was answered. Run it again or pass a case file"
        return failed(UsageError(words, code="input-ended"))
    except Exception as error:  # noqa: BLE001 the boundary
        # Where it arose is told, and never its message, which may quote an answer.
        innermost = traceback.extract_tb(error.__traceback__, -1)[0]
        where = f"{type(error).__name__} at {Path(innermost.filename).name}:{innermost.lineno}"
        return failed(CalaimError(f"internal error {where} (calaim {__version__}). Please report this line."))


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
    hint = f"did you mean {one_of(meant.rstrip('?).').split(', '))}?" if meant else f"'{command} --help' tells more"
    return failed(UsageError(f"{said[:1].lower()}{said[1:]}".rstrip(".") + f": {hint}"))


class _Asked(NamedTuple):
    """The policy and the day to decide by, and the way to show it: --data, --as-of, --json and --plain."""

    policy: "Policy"
    as_of: date
    as_json: bool
    plain: bool
    why: str = ""  # of the results of a case only this one
    everything: bool = False  # and all of them in full

    def respond(self, view: "blocks.View", *printed: "documents.Document", warnings: Iterable[Problem] = ()) -> int:
        """Show the view after what is due for a review and other warnings, or the documents with it; gives exit code 0.

        Documents hold the other warnings themselves.
        """
        due = self.policy.past_review(self.as_of)
        if self.as_json:
            return _show_json(printed, due)
        warn((*due, *warnings))
        return self.show(view)

    def show(self, view: "blocks.View", *printed: "documents.Document") -> int:
        """Print the documents as JSON, else the view for whoever reads it; gives exit code 0."""
        if self.as_json:
            return _show_json(printed)
        from calaim_cli.show import render

        render.show(view, plain_wanted=self.plain)
        return 0


def _show_json(wanted: "Iterable[documents.Document]", warnings: Iterable[Problem] | None = None) -> int:
    """Print the documents, each with these warnings among its own: with --json nothing is said beside them."""
    from calaim_cli.show import documents

    if warnings is not None:
        wanted = [documents.with_warnings(one, warnings) for one in wanted]
    emit_utf8("".join(f"{documents.written(one)}\n" for one in wanted))
    return 0


def _refuse(*contradictions: tuple[object, str]) -> None:
    """Raises UsageError for the first that is so: nothing on a command line is ever ignored."""
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


def _of_the_data(
    policy: "Policy", as_of: date, folder: Path | None, used: set[str] | None = None
) -> tuple[Problem, ...]:
    """What is due for a review that day, and each address of a folder of the user's own, of those used, that is new."""
    from calaim_cli.decide import diff
    from calaim_cli.policy import load

    own = diff.own_mailboxes(policy, load.load(), used) if folder is not None else ()
    return (*policy.past_review(as_of), *own)


def _doubts_about(*written: Path | None) -> tuple[Problem, ...]:
    """A warning for each folder to write into that others may read."""
    from calaim_cli.base import files

    return tuple(files.doubts_about(dict.fromkeys(path.parent for path in written if path)))


def _today() -> date:
    return datetime.now().astimezone().date()


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print version and data edition.")] = False,
    data: Annotated[Path | None, typer.Option("--data", envvar="CALAIM_DATA", hidden=True)] = None,
) -> int:
    """Who may be helped by CalAIM, what the county offers, where the referral goes."""
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


@_command("county san mateo", group=LOOK_UP)
def county(place: PlaceWords, as_json: Json = False, plain: Plain = False, data: Data = None) -> int:
    """One county: where referrals go, whom to call, what is offered."""
    from calaim_cli.policy.policy import place_named
    from calaim_cli.show import documents, views

    asked, typed = _Asked(_policy(data), _today(), as_json, plain), " ".join(place)
    found = place_named(typed, asked.policy)
    document = documents.county_document(found, typed, asked.policy)
    return asked.respond(views.county_view(found, asked.policy), document)


@_command("counties --without sobering-centers", group=LOOK_UP)
def counties(
    service: Annotated[Text, _option("--service", "ID", OFFERING, "service")] = None,
    without: Annotated[Text, _option("--without", "ID", NOT_OFFERED, "service")] = None,
    region: Annotated[Text, _option("--region", "north|south", "Only this region.", "region")] = None,
    plan: Annotated[Text, _option("--plan", "ID", "Only where this plan serves.", "plan")] = None,
    as_json: Json = False,
    plain: Plain = False,
    data: Data = None,
) -> int:
    """List counties, by service offered or not, region or plan."""
    from calaim_cli.policy.places import KP
    from calaim_cli.policy.policy import counties_with, plan_named, region_named, service_named
    from calaim_cli.show import documents, views

    asked = _Asked(_policy(data), _today(), as_json, plain)
    offering, lacking = (service_named(one, asked.policy) if one else None for one in (service, without))
    within = region_named(region, asked.policy) if region else None
    serving = plan_named(plan, asked.policy) if plan else None
    found = counties_with(asked.policy, offering, lacking, within, serving)
    document = documents.counties_document(found, asked.policy)
    return asked.respond(
        views.counties_view(found, (serving or asked.policy.plans[KP]).name, offering, lacking), document
    )


@_command("plan health-net", group=LOOK_UP)
def plan(plan: PlanWords = None, as_json: Json = False, plain: Plain = False, data: Data = None) -> int:
    """List the Medi-Cal plans, or tell all about one."""
    from calaim_cli.policy.policy import plan_named
    from calaim_cli.show import documents, views

    asked = _Asked(_policy(data), _today(), as_json, plain)
    wanted = (plan_named(" ".join(plan), asked.policy),) if plan else tuple(asked.policy.plans.values())
    view = views.plan_view(wanted[0], asked.policy) if plan else views.plans_view(wanted, asked.policy)
    return asked.respond(view, documents.plans_document(wanted, asked.policy))


@_command("contacts", group=LOOK_UP)
def contacts(as_json: Json = False, plain: Plain = False, data: Data = None) -> int:
    """Whom to call beside the plans: number, TTY, hours, when."""
    from calaim_cli.show import documents, views

    asked = _Asked(_policy(data), _today(), as_json, plain)
    listed = asked.policy.counties_file.contact
    return asked.respond(views.contacts_view(listed, asked.policy), documents.contacts_document(listed, asked.policy))


@_command("when leaving the hospital", group=LOOK_UP)
def when(words: SituationWords = None, as_json: Json = False, plain: Plain = False, data: Data = None) -> int:
    """By situation: what to think of, and what to ask first."""
    from calaim_cli.policy.policy import situation_named
    from calaim_cli.show import situations

    asked = _Asked(_policy(data), _today(), as_json, plain)
    wanted = (situation_named(" ".join(words), asked.policy),) if words else asked.policy.talk_file.situation
    view = situations.situation_view(wanted[0], asked.policy) if words else situations.situations_view(wanted)
    return asked.respond(view, situations.situations_document(wanted, asked.policy))


@_command("services sobering-centers", group=LOOK_UP)
def services(
    service: OneService = None,
    county: InCounty = None,
    as_of: AsOf = None,
    as_json: Json = False,
    plain: Plain = False,
    data: Data = None,
) -> int:
    """List the Community Supports, or tell all about one."""
    from calaim_cli.policy import dates
    from calaim_cli.policy.policy import place_named, service_named
    from calaim_cli.show import documents, views

    asked = _Asked(_policy(data), as_of or _today(), as_json, plain)
    found = place_named(county, asked.policy).county if county else None
    wanted = (service_named(service, asked.policy),) if service else asked.policy.programs_file.service
    view = views.service_view(wanted[0], found, asked.policy) if service else None
    notices = tuple(dates.notices(wanted, asked.policy, asked.as_of)) if service else ()
    document = documents.services_document(wanted, found, asked.policy, notices)
    return asked.respond(view or views.services_view(wanted, found, asked.policy), document, warnings=notices)


@_command("programs homelessness", group=LOOK_UP)
def programs(
    program: OneProgram = None, as_of: AsOf = None, as_json: Json = False, plain: Plain = False, data: Data = None
) -> int:
    """The rules in plain words, each with source, date and grade."""
    from calaim_cli.policy import dates
    from calaim_cli.policy.policy import entry_named, kinds
    from calaim_cli.show import documents, views

    asked = _Asked(_policy(data), as_of or _today(), as_json, plain)
    wanted = kinds(asked.policy)
    if program:
        entry = entry_named(program, asked.policy)
        wanted = tuple(one for one in wanted if one[1] is entry)
    view = views.program_view(*wanted[0], asked.policy) if program else views.programs_view(wanted)
    notices = tuple(dates.notices((entry for _, entry in wanted), asked.policy, asked.as_of))
    return asked.respond(view, documents.programs_document(wanted, asked.policy, notices), warnings=notices)


@_command("questions asthma_remediation", group=LOOK_UP)
def questions(
    program: Annotated[Text, _argument("[ID]", "A question, program, population or service.", "program")] = None,
    as_json: Json = False,
    plain: Plain = False,
    data: Data = None,
) -> int:
    """List the questions of a case with what answers them."""
    from calaim_cli.policy.policy import questions_named
    from calaim_cli.show import documents, views

    asked = _Asked(_policy(data), _today(), as_json, plain)
    wanted = questions_named(program, asked.policy) if program else tuple(asked.policy.questions.values())
    return asked.respond(views.questions_view(wanted), documents.questions_document(wanted, asked.policy))


@_command("case new --program ecm --out case.toml", case_app, "new")
def case_new(
    program: Annotated[
        Text, _option("--program", "ID", "Only the questions of a program or service.", "program")
    ] = None,
    out: Annotated[Path | None, _option("--out", "FILE", "Write to a new FILE, for you alone to read.")] = None,
    data: Data = None,
) -> int:
    """Print a case to fill in, with every key and what is accepted."""
    from calaim_cli.base import files
    from calaim_cli.policy.policy import questions_named, subjects_named
    from calaim_cli.show import blank

    policy = _policy(data)
    about = subjects_named([program], policy)[0] if program else None
    questions = questions_named(program, policy) if program else policy.questions.values()
    text = blank.blank_case(questions, about, policy)
    if out is None:
        emit_utf8(text)
        return 0
    if out.exists():
        raise OutputRefused(f"{out}: exists; choose another name", code="exists")
    warn(_doubts_about(out))
    say(f"{out}: {files.save(out, text.encode())}")
    return 0


@_command("check examples/case.toml --program ecm", group=ONE_MEMBER)
def check(
    cases: Annotated[list[str], _argument("CASE...|-", "Case files, or - for standard input.", "case")],
    program: Programs = None,
    county: InCounty = None,
    as_of: AsOf = None,
    expect: Annotated[bool, typer.Option("--expect", help=EXPECTED)] = False,
    why: Why = None,
    everything: Everything = False,
    as_json: Json = False,
    plain: Plain = False,
    data: Data = None,
) -> int:
    """Decide cases: what seems to fit, why, and what is missing."""
    from calaim_cli.case import casefile
    from calaim_cli.decide import screening
    from calaim_cli.policy.policy import place_named, subjects_named

    whole = "--expect compares with the whole [expect] table; do not combine it with --program or --county"
    shown = "--expect compares and shows no results: leave out --why and --all"
    _refuse((expect and (program or county), whole), (expect and (why or everything), shown))
    asked = _asked_for_results(_policy(data), as_of, as_json, plain, why, everything, program)
    policy, as_of = asked.policy, asked.as_of
    screener = screening.screener(subjects_named(program or [], policy), policy)
    stated = place_named(county, policy).county if county else None
    # All are read before the first is decided: a bad file ends the command before anything is shown.
    read = [(name, casefile.read(name)) for name in cases]
    if not expect:
        kind = _profile(policy).kind
        decided = [screening.decide(name, case, screener, policy, as_of, stated, kind) for name, case in read]
        return _show_decided(decided, asked)
    differing = [found for name, case in read for found in screening.compare(name, case, screener, policy, as_of)]
    if as_json:
        from calaim_cli.show import documents

        _show_json([documents.expectations_document(len(read), differing)], policy.past_review(as_of))
    else:
        warn(policy.past_review(as_of))
        emit("".join(f"{one.case}\t{one.subject}\texpected {one.expected}\tfound {one.found}\n" for one in differing))
        say(f"{counted(len(read), 'case')}, {counted(len(differing), 'difference')}")
    return InputError.exit_code if differing else 0


def _profile(policy: "Policy") -> "Profile":
    """The user's own details. Raises InputError that names the profile where one of them is not fit for a letter."""
    from msgspec.structs import replace

    from calaim_cli.case import casefile

    path = casefile.profile_path()
    profile = casefile.read_profile(path)
    if problems := tuple(casefile.unfit(profile, lambda name: getattr(policy.words, name))):
        raise casefile.bad_profile(path, problems)
    return replace(profile, kind=choice_of(profile.kind, policy.words.kinds))


def _asked_for_results(
    policy: "Policy", as_of: date | None, as_json: bool, plain: bool, why: Text, everything: bool, programs: Several
) -> _Asked:
    """How the results of a case are wanted.

    Raises UsageError for what would go unheard or was not to be decided, and NotFound for an id that is none.
    """
    from calaim_cli.policy.policy import entry_named, subjects_named

    whole = "--json holds every result in full: leave out --why and --all"
    _refuse((as_json and (why or everything), whole), (why and everything, "--all shows every result: leave out --why"))
    about = entry_named(why, policy) if why else None
    if about and about not in [one.entry for one in subjects_named(programs or [], policy)]:
        raise UsageError(f"--why {about.id}: that is not among what is decided here", code="not-decided")
    return _Asked(policy, as_of or _today(), as_json, plain, about.id if about else "", everything)


def _show_decided(results: "list[screening.Decided]", asked: _Asked, places: tuple[Problem, ...] = ()) -> int:
    from msgspec.structs import replace

    warned = [replace(one, warnings=(*places, *one.warnings)) for one in results]
    if asked.as_json:
        from calaim_cli.show import documents

        written = (documents.determination_document(one, asked.policy, asked.as_of) for one in warned)
        return _show_json(written, asked.policy.past_review(asked.as_of))
    # The long form says the reminders itself; the short one says them first, before warnings are left out.
    told = warned if asked.everything else [replace(one, warnings=(*one.reminders, *one.warnings)) for one in warned]
    warnings = (*(_of_cases(told) if len(told) > 1 else told[0].warnings), *asked.policy.past_review(asked.as_of))
    warn(warnings if asked.everything else warnings[:MOST_WARNED])
    if (left := len(warnings) - MOST_WARNED) > 0 and not asked.everything:
        say(f"calaim: and {counted(left, 'more warning')}: --all")
    return asked.show(tuple(block for view in _views_of(results, asked) for block in view))


def _views_of(results: "list[screening.Decided]", asked: _Asked) -> "Iterable[blocks.View]":
    """What is shown of the results: the answer to each case, or a row for each of several; the one result, or all."""
    from calaim_cli.show import blocks, summary, views

    if asked.why:
        heads = [(blocks.Fact("case", "Case", one.name),) if len(results) > 1 else () for one in results]
        why = [views.why_view(one, asked.why, asked.policy) for one in results]
        return [(*head, *view) for head, view in zip(heads, why, strict=True)]
    if len(results) > 1 and not asked.everything:
        return [(summary.several(results, asked.policy),)]
    long = [views.determination_view(one, asked.policy) if asked.everything else () for one in results]
    short = [summary.screenful(one, asked.policy) for one in results]
    return [(one, *view) for one, view in zip(short, long, strict=True)]


@_command("coverage examples/case.toml", group=ONE_MEMBER)
def coverage(
    cases: Annotated[Several, _argument("[CASE...|-]", "Case files, or - for standard input.", "case")] = None,
    as_of: AsOf = None,
    why: Annotated[bool, typer.Option("--why", help="Whom each reason is for, with its sources.")] = False,
    as_json: Json = False,
    plain: Plain = False,
    data: Data = None,
) -> int:
    """Keep Medi-Cal in 2027: what may exempt a member from the work rule. Without CASE, ask."""
    from calaim_cli.case import casefile
    from calaim_cli.decide.coverage import cover, stander
    from calaim_cli.show import coverage as shown
    from calaim_cli.talk import coverage as talk
    from calaim_cli.talk import session

    _refuse((as_json and why, "--json holds every reason in full: leave out --why"))
    policy, as_of = _policy(data), as_of or _today()
    stand = stander(policy)
    read = [(name, casefile.read(name)) for name in cases or []]
    to = None if read else session.ways(session.Keeping(None, None), plain=plain)
    if to:
        talk.need_a_person()
        with session.leaving(to):
            read = [("coverage", talk.asked(stand, policy, as_of, to.ask, to.keep))]
    found = [cover(name, case, stand, policy, as_of) for name, case in read]
    due = policy.coverage_past_review(as_of)
    if as_json:
        return _show_json([shown.coverage_document(one, policy, as_of) for one in found], due)
    warn((*due, *dict.fromkeys(warning for one in found for warning in one.warnings)))
    views = [shown.coverage_view(one, policy, as_of, why=why, named=len(found) > 1) for one in found]
    code = _Asked(policy, as_of, as_json, plain).show(tuple(block for view in views for block in view))
    if to:
        session.offer_to_keep(to)
    return code


def _of_cases(results: "list[screening.Decided]") -> Iterable[Problem]:
    """What is warned of several cases, each by its name, but what is to be said of all of them."""
    of_all = set.intersection(*(set(one.warnings) for one in results))
    yield from dict.fromkeys(warning for one in results for warning in one.warnings if warning in of_all)
    for one in results:
        own = (warning for warning in one.warnings if warning not in of_all)
        yield from (Problem(f"{one.name}: {warning.where}", warning.code, warning.message) for warning in own)


@_command("interview --program ecm --county alameda --save case.toml", group=ONE_MEMBER)
def interview(
    program: Programs = None,
    county: InCounty = None,
    when: Annotated[
        Text, _option("--when", "ID", "A situation of 'calaim when': its rows come first.", "situation")
    ] = None,
    start: Start = None,
    save: Save = None,
    no_input: NoInput = False,
    as_of: AsOf = None,
    why: Why = None,
    everything: Everything = False,
    as_json: Json = False,
    plain: Plain = False,
    data: Data = None,
) -> int:
    """Ask only what can still change the result. Ends with what `check` says of the saved case."""
    from msgspec.structs import replace

    from calaim_cli.decide import screening
    from calaim_cli.policy.policy import situation_named, subjects_named
    from calaim_cli.talk import interview as talk
    from calaim_cli.talk import session, terminal

    asked = _asked_for_results(_policy(data), as_of, as_json, plain, why, everything, program)
    policy, as_of = asked.policy, asked.as_of
    first = situation_named(when, policy).asked_first if when else ()
    case = session.started(start, county, policy, as_of)
    talk.need_a_person(program or [], case, policy, as_of, no_input=no_input)
    # Whatever can be refused is, before an answer could be lost.
    kind, places = _profile(policy).kind, _doubts_about(save)
    if not as_json:
        warn(places)
    to, followed = session.ways(session.Keeping(save, start), plain=plain), dict[str, str]()
    to.keep(case)
    if terminal.can_ask(no_input=no_input):
        with session.leaving(to):
            case, followed = talk.interviewed(program or [], case, policy, as_of, to, first)
    screener = screening.screener(subjects_named(program or [], policy), policy)
    decided = screening.decide("interview", case, screener, policy, as_of, None, kind)
    code = _show_decided([replace(decided, followed=followed)], asked, places if as_json else ())
    if terminal.can_ask(no_input=no_input):
        session.offer_to_keep(to)
    return code


@_command("refer examples/case.toml --out draft.eml", group=ONE_MEMBER)
def refer(
    case: Annotated[Text, _argument("[CASE|-]", "A case file, or - for stdin.", "case")] = None,
    program: Annotated[Text, _option("--program", "ID", "The program: ecm, cs or chw.")] = None,
    service: Annotated[Several, _option("--service", "ID", "A service, for cs. May be repeated.", "service")] = None,
    form: Annotated[Format | None, typer.Option("--format", help="How to write the draft.")] = None,
    out: Annotated[Path | None, _option("--out", "PATH", "Write to PATH (.eml, .txt, .html, .json).")] = None,
    self_referral: Annotated[bool, typer.Option("--self-referral", help=TO_OURSELVES, rich_help_panel=RARE)] = False,
    expedited: Annotated[bool, typer.Option("--expedited", help="Waiting would do harm: the case says why.")] = False,
    for_member: Annotated[Path | None, _option("--for-member", "PAGE", "A page for the member (.html, .txt).")] = None,
    log: Log = None,
    redact: Annotated[bool, typer.Option("--redact", help="Only show the draft, with member data masked.")] = False,
    force: Annotated[bool, typer.Option("--force", help=REPLACE, rich_help_panel=RARE)] = False,
    start: Start = None,
    save: Save = None,
    no_input: NoInput = False,
    as_of: AsOf = None,
    as_json: Json = False,
    plain: Plain = False,
    data: Data = None,
) -> int:
    """Write a referral draft. Without CASE, ask for everything first. Nothing is ever sent."""
    from calaim_cli import delivery
    from calaim_cli.case import casefile
    from calaim_cli.draft import draft
    from calaim_cli.talk import referral, session

    _refuse(
        (redact and (out or for_member), "--redact only shows a draft; do not combine it with --out or --for-member"),
        (case is not None and (start or save), "with a case file nothing is asked: leave out --from and --save"),
        (as_json and form not in {None, Format.JSON}, "--json prints JSON: leave out --format, or --json"),
        (force and out is None, "--force replaces the file of --out: give that too"),
        (log and out is None, "--log keeps track of a draft in a file: give --out too"),
        (for_member and delivery.unfit_for_a_page(for_member), "--for-member: give a name that ends in .html or .txt"),
    )
    policy, as_of = _policy(data), as_of or _today()
    profile, given = _profile(policy), Path(case) if case and case != "-" else None
    ledger, begins = delivery.ledger_for(log, profile, out)
    named = {"CASE": given, "--out": out, "--for-member": for_member, "--save": save, delivery.THE_LEDGER: ledger}
    delivery.each_its_own(named, several=case is None)
    drafter = draft.Drafter(policy, profile, as_of, delivery.one_a_request(ledger))
    wanted = draft.format_for(Format.JSON if as_json and form is None and out is None else form, out)
    written = session.started(start, None, policy, as_of) if case is None else casefile.read(case)
    begins += delivery.unread_month(written) if ledger else ()
    asked = draft.asked_for(written, program, service or [], own=self_referral, expedited=expedited)
    places = _doubts_about(out, save, for_member)
    if case is not None:
        drafts, left_out = [drafter.draft_file(case, written, asked)], list[str]()
    else:
        warn(places)  # before anything is asked and saved there
        delivery.must_be_free(out, for_member, force=force)
        places, mail = (), wanted in {Format.EML, Format.MAILTO}
        ways = session.ways(session.Keeping(save, start), plain=plain)
        drafts, left_out = referral.referred(asked, drafter, ways, redact=redact, no_input=no_input, by_email=mail)
    drafts = _with_warnings(drafts, drafter, data, places)
    drafts = [*map(drafter.redacted, drafts)] if redact else drafts
    tell: Callable[[str], None] = (lambda _: None) if as_json else say
    warn(begins, tell)
    drafts = delivery.deliver(drafts, drafter, delivery.Delivery(wanted, out, for_member, ledger, force, tell))
    for words in delivery.last_words(drafts, left_out, policy, masked=redact):
        tell(words)
    return _show_json((draft.referral_document(one, policy) for one in drafts), begins) if as_json and out else 0


def _with_warnings(
    drafts: "list[draft.Drafted]", drafter: "draft.Drafter", data: Path | None, places: tuple[Problem, ...]
) -> "list[draft.Drafted]":
    """The drafts with what is to be warned of about the data and the places beside their own warnings."""
    from msgspec.structs import replace

    used = {address for one in drafts for address in one.draft.to}
    warnings = (*_of_the_data(drafter.policy, drafter.as_of, data, used), *places)
    return [replace(one, warnings=(*warnings, *one.warnings)) for one in drafts]


@_command("help exit-codes", name="help")
def help_on(
    topic: Annotated[Text, _argument("[TOPIC]", "settings, exit-codes, privacy, json, data, calaim.")] = None,
    plain: Plain = False,
    data: Data = None,
) -> int:
    """Where to begin; exit codes, privacy, JSON, the data, CalAIM."""
    from calaim_cli.show import help as pages
    from calaim_cli.show import render, views

    view = pages.overview() if topic is None else pages.page_named(topic).view
    # The one page that the data tell.
    render.show(view or views.calaim_view(_policy(data)), plain_wanted=plain)
    return 0


@_command("batch examples/members.csv --out drafts", name="batch", group=MANY)
def batch_rows(
    source: Annotated[Text, _argument("[CSV|XLSX|-]", "A spreadsheet as CSV or .xlsx, or - for stdin.")] = None,
    out: Annotated[Text, _option("--out", "DIR|FILE", "A folder, a .zip or a .mbox file.")] = None,
    sheet: Annotated[Text, _option("--sheet", "NAME", "A sheet of a workbook (the first).")] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Draft the good rows, list the others.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and write nothing.")] = False,
    encoding: Annotated[Text, _rare("--encoding", "NAME", "Such as cp1252 (UTF-8).")] = None,
    limit: Annotated[int, _rare("--limit", "N", "Only the first N rows (0: all).", min=0)] = 0,
    keep: Annotated[Several, _rare("--keep", "COLUMN", OWN_COLUMN)] = None,
    template: Annotated[bool, typer.Option("--template", help=TEMPLATE)] = False,
    log: Log = None,
    as_of: AsOf = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Write a draft for every row of a spreadsheet. Nothing is ever sent."""
    from calaim_cli import delivery
    from calaim_cli.base import files, streams
    from calaim_cli.batch import batch
    from calaim_cli.batch.sheet import REJECTS, REJECTS_BOOK
    from calaim_cli.draft import draft

    if template:
        return _new_sheet(out, data, source, sheet, keep_going, dry_run, encoding, limit, keep, as_of, as_json, log)
    if source is None or (out is None and not dry_run):
        raise UsageError(
            "give a CSV or a workbook, or - for standard input, and --out with a folder, a .zip or a .mbox"
        )
    kept, place = tuple(keep or ()), batch.output_named(out)
    order = batch.Order(
        source, place, keep_going=keep_going, dry_run=dry_run, encoding=encoding, limit=limit, keep=kept, sheet=sheet
    )
    policy, as_of, tally = _policy(data), as_of or _today(), batch.Tally()
    profile = _profile(policy)
    ledger, begins = delivery.ledger_for(log, profile, None if dry_run else out)
    lists = {name: order.list_of(name) for name in (batch.REPORT, REJECTS, REJECTS_BOOK)}
    delivery.each_its_own({"--out": order.out, delivery.THE_LEDGER: ledger, **(lists if ledger else {})})
    warnings = (*_of_the_data(policy, as_of, data), *files.doubts_about(order.folders), *begins)
    drafter = draft.Drafter(policy, profile, as_of, delivery.one_a_row(ledger))
    if not as_json:
        warn(warnings)
    _drafted(order, drafter, tally, quiet=as_json)
    asked_before = delivery.keep_track(ledger, tally.stories, policy)
    left = (*batch.left_to_do(order, tally), *asked_before)
    if as_json:
        with streams.code_wins(tally.exit_code):
            _show_json([tally.document(order.out)], (*warnings, *left))
    else:
        warn(left)
        say(tally.text(order.list_of(batch.REPORT).name))
    return tally.exit_code


def _drafted(order: "batch.Order", drafter: "draft.Drafter", tally: "batch.Tally", *, quiet: bool) -> None:
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


def _new_sheet(out: str | None, data: Path | None, *asked: object) -> int:
    """Print the header line of a new sheet, or write it as a workbook that offers choices; gives exit code 0.

    Raises UsageError where anything else is asked for.
    """
    from calaim_cli.base import files
    from calaim_cli.batch import row, sheet, workbook
    from calaim_cli.case import form
    from calaim_cli.show import blank

    _refuse((any(asked), "--template gives the header line of a new sheet: it goes alone, or with --out x.xlsx"))
    fields = [field for field in form.FIELDS if "template" not in field.absent]
    columns = [field.column for field in fields]
    if out is None:
        emit_utf8(sheet.template(columns))
        return 0
    if not out.lower().endswith(".xlsx"):
        raise UsageError("--template --out: give the name of a workbook, one that ends in .xlsx")
    policy = _policy(data)
    choices = {field.column: row.offered(field.kind, blank.choices_of(field, policy)) for field in fields}
    content = workbook.template(columns, choices)
    say(f"{out}: {files.save(Path(out), content)}.")
    return 0


@_command("referrals --log referrals.ledger --due", group=MANY)
def referrals(
    words: Annotated[Several, _argument("[STATUS] [REF...]", STATUS_WORDS)] = None,
    due: Annotated[bool, typer.Option("--due", help="Only those to ask about now.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Those that are closed, too.")] = False,
    plan: Annotated[Text, _option("--plan", "ID", "Only of this plan.", "plan")] = None,
    counts: Annotated[bool, typer.Option("--counts", help="How many, by plan, status and closing reason.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table to join with the plan's own.")] = False,
    on: Annotated[date | None, _option("--on", "DAY", "The day of the status (today).", parser=_calendar_day)] = None,
    reason: Annotated[Text, _option("--reason", "ID", "Why it is closed.")] = None,
    until: Annotated[
        date | None, _option("--until", "DAY", "The last day authorized, by the letter.", parser=_calendar_day)
    ] = None,
    nudge: Annotated[Text, _option("--nudge", "REF", "Write a reminder to the plan.")] = None,
    out: Annotated[Path | None, _option("--out", "PATH", "With --nudge: write to PATH (.eml, .txt).")] = None,
    log: Annotated[Path | None, _option("--log", "LEDGER", "The ledger (that of your profile).")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
    plain: Plain = False,
    data: Data = None,
) -> int:
    """What became of referrals, and what to ask about now.

    STATUS is sent, received, authorized, not-authorized, assigned, started, closed or bounced, or undo.
    """
    from calaim_cli import delivery

    asked = _Asked(_policy(data), as_of or _today(), as_json, plain)
    act, references = _act_and_references(words or [], asked.policy)
    listing, details = (due, everything, plan, counts, as_csv), (on, reason, until)
    _refuse(
        (nudge and (words or any(listing) or any(details)), "--nudge goes alone, or with --out"),
        (out and not nudge, "--out is where --nudge writes the reminder: give that too"),
        (nudge and as_json, "--nudge writes a reminder: leave out --json"),
        (references and any(listing), "with a reference leave out --due, --all, --plan, --counts and --csv"),
        (any(details) and act in {"", UNDO}, "--on, --reason and --until go with a status, as in 'closed REF'"),
        (as_csv and (as_json or counts), "--csv is a table of its own: leave out --json and --counts"),
    )
    profile = _profile(asked.policy) if nudge or log is None else None
    path = delivery.ledger_named(log, profile)
    if path is None:
        raise UsageError('no ledger: give --log LEDGER, or write ledger = "NAME" into your profile', code="no-ledger")
    delivery.each_its_own({"--out": out, delivery.THE_LEDGER: path})
    if nudge and profile:
        return _nudge(nudge.upper(), path, profile, asked, out)
    if act:
        return _record(act, references, path, asked, (on or asked.as_of, reason or "", until))
    gc.disable()  # a list makes no cycles, and the collector would look at each of its rows again and again
    try:
        return _show_referrals(references, path, asked, (due, everything, plan or "", counts, as_csv))
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
    act: str, references: tuple[str, ...], path: Path, asked: _Asked, said: tuple[date, str, date | None]
) -> int:
    """Put the status into the ledger for all of them or, where one cannot have it, for none; show what they are now."""
    from calaim_cli.decide import follow_up
    from calaim_cli.follow import ledger
    from calaim_cli.show import referrals as shown

    policy, (day, reason, until) = asked.policy, said
    data = policy.follow_up_file

    def decide(story: "Story") -> "Step | None":
        step = follow_up.Step(act, day, reason, until)
        if act != UNDO and (wrong := follow_up.misstep(story, step, asked.as_of, data)):
            raise InputError(f"{wrong.where}: {wrong.message}; nothing was changed", (wrong,), code=wrong.code)
        return None if act == UNDO else step

    if act != UNDO and (wrong := follow_up.unfit_details(act, reason, until, data)):
        raise UsageError(wrong.message, code=wrong.code)
    stories = ledger.change(path, references, decide)
    found = follow_up.waiting(stories, asked.as_of, policy)
    view = (*shown.list_view(found, policy), *shown.rights_view(stories, policy))
    document, warnings = shown.referrals_document(found, asked.as_of, policy), _uncounted(found, policy)
    if asked.as_json:
        return _show_json([document], (*policy.past_review(asked.as_of), *warnings))
    return asked.respond(view, warnings=warnings)


def _uncounted(found: "Iterable[Waiting]", policy: "Policy") -> tuple[Problem, ...]:
    from calaim_cli.decide.follow_up import uncounted_holidays

    return tuple(uncounted_holidays((due for one in found for due in one.dues), policy))


def _show_referrals(
    references: tuple[str, ...], path: Path, asked: _Asked, how: tuple[bool, bool, str, bool, bool]
) -> int:
    """The story of each reference, or the list that is asked for."""
    from calaim_cli.base import files
    from calaim_cli.decide import follow_up
    from calaim_cli.follow import ledger
    from calaim_cli.policy.policy import plan_named
    from calaim_cli.show import referrals as shown

    policy, (due, everything, plan, counts, as_csv) = asked.policy, how
    only = plan_named(plan, policy).id if plan else ""
    kept = [one for one in ledger.stories(path, references) if not only or one.plan == only]
    if not references and not (everything or counts or as_csv):
        kept = [one for one in kept if follow_up.is_open(one, policy.follow_up_file)]
    if as_csv:  # it goes to the plan, which is to learn nothing of Medi-Cal's renewal
        kept = [one._replace(renewal=None) for one in kept]
    found = follow_up.waiting(kept, asked.as_of, policy)
    found = [one for one in found if one.ask_now or not due]
    if as_csv:
        from calaim_cli.batch.sheet import records

        emit_utf8(records(shown.csv_rows(one.story for one in found)))
        return 0
    view = shown.list_view(found, policy)
    if references:
        view = tuple(block for one in found for block in shown.story_view(one, asked.as_of, policy))
    view = shown.counts_view(one.story for one in found) if counts else view
    warnings = (
        *files.doubts_about([path.parent]),
        *_uncounted(found, policy),
    )
    if asked.as_json:
        document = shown.referrals_document(found, asked.as_of, policy)
        return _show_json([document], (*policy.past_review(asked.as_of), *warnings))
    return asked.respond(view, warnings=warnings)


def _nudge(reference: str, path: Path, profile: "Profile", asked: _Asked, out: Path | None) -> int:
    """Write the reminder of a referral to its file, or to stdout; gives exit code 0."""
    from calaim_cli.base import files
    from calaim_cli.draft import draft
    from calaim_cli.draft.message import eml, sheet
    from calaim_cli.draft.route import not_by_email
    from calaim_cli.follow import ledger, nudge

    wanted = draft.format_for(None, out)
    _refuse((wanted not in {Format.TEXT, Format.EML}, "--out: a reminder is written as .eml or .txt"))
    (story,) = ledger.stories(path, (reference,))
    written = nudge.reminder(story, profile, asked.policy, asked.as_of)
    if wanted is Format.EML and not written.to:
        raise not_by_email(asked.policy.plans[story.plan])
    checked = eml(written) if written.to else sheet(written)
    content = checked if wanted is Format.EML else draft.as_text(written).encode()
    warn(_doubts_about(out))
    if out is None:
        emit_utf8(content.decode())
    else:
        say(f"{out}: {files.save(out, content)}.")
    say("Nothing has been sent.")
    return 0


@_command("screen examples/panel.csv --counts --as-of 2026-11-22", group=MANY)
def screen(
    table: Annotated[Text, _argument("[TABLE|-]", "A table of members: .csv, .xlsx, .parquet, or - for stdin.")] = None,
    out: Annotated[Text, _option("--out", "FILE", SCREENED)] = None,
    program: Programs = None,
    likely: Annotated[Several, _option("--likely", "ID", LIKELY, "program")] = None,
    counts: Annotated[
        bool, typer.Option("--counts", help="Show how many each result came to, where. May be passed on.")
    ] = False,
    settle: Annotated[bool, typer.Option("--settle", help=SETTLED)] = False,
    columns: Annotated[Text, _option("--columns", "MAP", "A map from your columns and codes to ours.")] = None,
    template: Annotated[bool, typer.Option("--template", help="Print such a map to fill in, or write it.")] = False,
    sheet: Annotated[Text, _option("--sheet", "NAME", "A sheet of a workbook (the first).")] = None,
    keep: Annotated[Several, _option("--keep", "COLUMN", KEPT)] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Decide the good rows, name the others.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the rules as SQL, for where your table is.")] = False,
    name: Annotated[Text, _option("--table", "NAME", "With --sql: the table to read (members).")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
    plain: Plain = False,
    data: Data = None,
) -> int:
    """Decide a table of members: whom to ask, and what."""
    shown = counts or settle
    of_table = table or likely or shown or sheet or keep_going or as_json or plain
    others = of_table or program or columns or keep or sql or name or as_of
    _refuse(
        (template and others, "--template goes alone, or with --out"),
        (
            sql and (of_table or out),
            "--sql takes --program, --columns, --table, --keep and --as-of: leave out the rest",
        ),
        (not sql and name, "--table goes with --sql: a table to read is given by its name alone"),
        (not (sql or table or template), "give TABLE (a file or -) and --out, --counts or --settle; or give --sql"),
        (not (sql or out or shown or template), "give --out, --counts or --settle, or --sql"),
        (likely and (program or not out), "--likely needs --out, and takes the place of --program"),
        (keep and not (sql or likely), "--keep goes with --sql or --likely: --out keeps every column"),
        (counts and settle, "counts may be passed on, and --settle is for whoever holds the panel: give one of them"),
        (plain and not shown, "--plain goes with --counts or --settle"),
    )
    if template:
        return _new_map(out, data)
    from calaim_cli.batch import columns as maps
    from calaim_cli.policy.policy import subjects_alone, subjects_named

    policy, as_of = _policy(data), as_of or _today()
    subjects = subjects_alone(likely, policy) if likely else subjects_named(program or [], policy)
    by = maps.read(columns, policy) if columns else None
    if sql:
        if by and (names := maps.unread(by)):
            warn((caution("not-in-sql", columns or "", names=", ".join(names)),))
        emit_utf8(maps.script(by, subjects, policy, as_of, name or "members", keep or (), coverage=not program))
        return 0
    from calaim_cli.batch import panel

    order = panel.Order(table or "", panel.output_named(out) if out else None, subjects, policy, as_of)
    kept, own = tuple(keep or ()), _profile(policy).referrer
    order = order._replace(sheet=sheet, map=by or maps.Columns(), keep=kept, likely=bool(likely), referrer=own)
    order = order._replace(counts=counts, settle=settle, keep_going=keep_going, coverage=not (program or likely))
    return _screened(order, _Asked(policy, as_of, as_json, plain))


def _screened(order: "panel.Order", asked: _Asked) -> int:
    """Screen a table and tell what became of it; gives the exit code, as of a batch."""
    from calaim_cli.base import streams
    from calaim_cli.batch import panel
    from calaim_cli.show import panel as shown

    before = (*asked.policy.past_review(asked.as_of), *_doubts_about(order.out))
    if not asked.as_json:
        warn(before)
    done = panel.run(order)
    code = panel.LEFT_OUT if done.refused else 0
    if asked.as_json:
        about = panel.about(order, done)
        document = shown.screen_document(about, done.counts, done.settled, asked.policy, order.ask_by)
        with streams.code_wins(code):
            _show_json([document], (*before, *done.warnings))
        return code
    warn(done.warnings)
    with streams.code_wins(code):
        if done.counts is not None:
            asked.show(shown.counts_view(done.counts, asked.policy, order.ask_by))
        if done.settled is not None:
            asked.show(shown.settled_view(done.settled, asked.policy))
    for words in panel.last_words(order, done):
        say(words)
    return code


def _new_map(out: str | None, data: Path | None) -> int:
    """Print a map of columns and codes to fill in, or write it; gives exit code 0."""
    from calaim_cli.base import files
    from calaim_cli.batch import columns as maps

    text = maps.template(_policy(data))
    if out is None:
        emit_utf8(text)
    else:
        say(f"{out}: {files.save(Path(out), text.encode())}.")
    return 0


@profile_app.callback(invoke_without_command=True)
def profile_alone(context: typer.Context, as_json: Json = False) -> int:
    """The referrer's own details, kept on this computer. Alone, it prints them."""
    if context.invoked_subcommand is None:
        return profile_show(as_json=as_json)
    if as_json:
        raise UsageError("--json goes after the command, as in 'calaim profile show --json'")
    return 0


@_command("profile path", profile_app, "path")
def profile_path() -> int:
    """Print where the profile is kept."""
    from calaim_cli.case import casefile

    emit(f"{casefile.profile_path()}\n")
    return 0


@_command("profile show", profile_app, "show")
def profile_show(as_json: Json = False) -> int:
    """Print the profile."""
    from calaim_cli.case import casefile
    from calaim_cli.show import documents

    path = casefile.profile_path()
    profile = casefile.read_profile(path)
    if not path.exists() and not as_json:
        say("There is no profile yet: 'calaim profile edit' asks for your details.")
    if as_json:
        return _show_json([documents.profile_document(profile)])
    words = _policy(None).words
    warn(casefile.unfit(profile, lambda name: getattr(words, name)))
    emit_utf8(escaped(casefile.profile_bytes(profile).decode()))
    return 0


@_command("profile edit", profile_app, "edit")
def profile_edit(plain: Plain = False, no_input: NoInput = False, data: Data = None) -> int:
    """Ask for your details and your Network Lead Entity, and keep them."""
    from calaim_cli.base import files
    from calaim_cli.case import casefile
    from calaim_cli.talk import conversation, session, terminal

    path = casefile.profile_path()
    known = files.read_bytes(str(path), casefile.LARGEST) if path.exists() else b""
    profile, policy = casefile.read_profile(path), _policy(data)
    if not terminal.can_ask(no_input=no_input):
        words = f"nobody can be asked: write the profile by hand: {path}: {casefile.profile_form()}"
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


@_command("data check --data my-county", data_app, "check")
def data_check(as_of: AsOf = None, as_json: Json = False, data: Data = None) -> int:
    """Check the data files: shapes, references, sources, routes."""
    from calaim_cli.decide import diff
    from calaim_cli.policy import load
    from calaim_cli.show import documents

    policy, as_of = _policy(data or load.shipped()), as_of or _today()
    warnings, lacking = (
        (*policy.past_review(as_of), *policy.coverage_past_review(as_of)),
        load.taken_from_shipped(data) if data else (),
    )
    if data:
        shipped = load.load()
        warnings = (*warnings, *diff.own_mailboxes(policy, shipped), *diff.own_words(policy, shipped))
    if as_json:
        return _show_json([documents.data_check_document(warnings, lacking, policy, as_of)])
    warn(warnings)
    emit("".join(f"shipped\t{name}: not in the folder, the one that ships with calaim is used\n" for name in lacking))
    emit(f"ok\tdata edition {policy.edition}, nothing wrong\n")
    return 0


@_command("data sources", data_app, "sources")
def data_sources(as_of: AsOf = None, as_json: Json = False, plain: Plain = False, data: Data = None) -> int:
    """List every source: date, age in months, grade, what rests on it."""
    from calaim_cli.policy.policy import sources_with_uses
    from calaim_cli.show import documents, views

    asked = _Asked(_policy(data), as_of or _today(), as_json, plain)
    found = sources_with_uses(asked.policy)
    document = documents.sources_document(found, asked.policy, asked.as_of)
    return asked.show(views.sources_view(found, asked.as_of), document)


@_command("data diff data my-county examples/case.toml", data_app, "diff")
def data_diff(
    old: Annotated[Path, _argument("OLD", "A folder with data files.")],
    new: Annotated[Path, _argument("NEW", "Another one.")],
    cases: Annotated[Several, _argument("[CASE...]", "Saved cases to decide both ways.")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
    plain: Plain = False,
) -> int:
    """List what changed between two data folders, and for whom."""
    from calaim_cli.case import casefile
    from calaim_cli.decide import diff, screening
    from calaim_cli.show import documents, views

    _refuse((as_of and not cases, "--as-of is the day to decide cases for: give a CASE too"))
    before, after, as_of = _policy(old), _policy(new), as_of or _today()
    read = [(name, casefile.read(name)) for name in cases or []]
    changes = diff.changes(before, after)
    was, now = (screening.screener(one.subjects, one) for one in (before, after))
    shifts = diff.shifts(read, was, now, as_of)
    if not as_json:
        say(f"{counted(len(changes), 'change')}, {counted(len(shifts), 'case result')} decided differently")
    document = documents.data_diff_document(changes, shifts, before, after)
    return _Asked(after, as_of, as_json, plain).show(views.data_diff_view(changes, shifts, len(read)), document)
