"""Floor 10: the commands, and the one place where an error becomes a message and an exit code.

The only importer of Typer, and the only reader of today's date. What a command works with is imported in it, so that
each starts with no more than it needs. Annotations are no texts here: Typer would have to evaluate hundreds of them.
"""

import sys
from collections.abc import Callable, Iterable
from copy import copy
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calaim_cli import __version__
from calaim_cli.errors import CalaimError, InputError, Problem, UsageError
from calaim_cli.formats import Format
from calaim_cli.terminal import (
    code_wins,
    emit,
    emit_utf8,
    leave_on_signals,
    prepare_streams,
    say,
    second_interrupt_ends,
    watched_stdout,
)
from calaim_cli.wording import counted, one_of

if TYPE_CHECKING:
    from calaim_cli.batch import Policy as BatchPolicy
    from calaim_cli.batch import Tally
    from calaim_cli.case import Case
    from calaim_cli.draft import Drafted, Drafter
    from calaim_cli.policy import Policy
    from calaim_cli.screening import Decided
    from calaim_cli.takes import Order
    from calaim_cli.views import View

LAST_WORDS = """\b
Environment:
  CALAIM_DATA     the folder of your own data files, as --data
  CALAIM_PROFILE  the file of your own details
  ACCESSIBLE=1    plain lines and numbered choices, for screen readers
  NO_COLOR=1      no colors

Exit codes: calaim help exit-codes. More: calaim help
"""

app = typer.Typer(
    name="calaim",
    help="CalAIM at a care manager's terminal: who may be helped, what the county offers, where the referral goes.",
    no_args_is_help=True,
    epilog=LAST_WORDS,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
data_app = typer.Typer(help="Check the policy data, and see where they come from.", no_args_is_help=True)
app.add_typer(data_app, name="data")


def _calendar_day(text: str) -> datetime:
    """A day as typed on the command line."""
    try:
        return datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 a day has no zone
    except ValueError:
        raise typer.BadParameter("give a day such as 2026-11-22") from None


def _suggesting(kind: str) -> Callable[[typer.Context, str], list[str]]:
    """What the shell offers for a half-typed value of this kind: names of the shipped data, or case files."""

    def suggest(context: typer.Context, incomplete: str) -> list[str]:
        from calaim_cli import completion, datafiles, policy

        known = [] if kind == "case" else policy.names(datafiles.load())[kind]
        return completion.candidates(kind, list(context.params.get("place") or ()), incomplete, known)

    return suggest


def _option(name: str, kind: str, metavar: str, words: str) -> object:
    """An option whose value the shell completes."""
    return typer.Option(name, metavar=metavar, help=words, autocompletion=_suggesting(kind))


def _argument(kind: str, metavar: str, words: str) -> object:
    """An argument that the shell completes."""
    return typer.Argument(metavar=metavar, help=words, autocompletion=_suggesting(kind))


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Plain = Annotated[bool, typer.Option("--plain", help="Plain lines, no colors, no tables.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", envvar="CALAIM_DATA", help="Read programs.toml and counties.toml from DIR."),
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", parser=_calendar_day, metavar="YYYY-MM-DD", help="The day to decide for (today)."),
]
PlaceWords = Annotated[list[str], _argument("place", "PLACE...", "A county, an alias or a ZIP code.")]
Programs = Annotated[
    list[str] | None,
    _option("--program", "program", "ID", "ecm, cs, chw, a population or a service. May be repeated."),
]
Start = Annotated[Path | None, _option("--from", "case", "CASE", "Go on with a saved case.")]
Save = Annotated[
    Path | None, typer.Option("--save", metavar="CASE", help="Save the case after every reply, for you alone to read.")
]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask; list what is missing instead.")]
InCounty = Annotated[str | None, _option("--county", "county", "PLACE", "The member's county or ZIP code.")]


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
        return _report_usage(error)
    except typer.Abort:
        say("calaim: input ended before the question was answered: run it again, or give a case file")
        return 2
    except Exception as error:  # noqa: BLE001 the boundary: its text may hold a member's data
        return failed(
            CalaimError(f"internal error {_place_of(error)} (calaim {__version__}). Please report this line.")
        )


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


def _place_of(error: Exception) -> str:
    """The kind of an unexpected error and where it arose; never its message, which may quote an answer."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"


def failed(error: CalaimError) -> int:
    """Tell the error, with --json as a document, else without saying twice what its line says; gives its exit code."""
    if "--json" in sys.argv[1:]:
        from calaim_cli import documents

        say(documents.written(documents.error_document(error)))
        return error.exit_code
    say(f"calaim: {error.message}")
    for problem in error.problems:
        if problem.message not in error.message:
            say(f"  {problem.where}: {problem.code}: {problem.message}")
    return error.exit_code


def _report_usage(error: typer.TyperException) -> int:
    """A wrong option or argument, in one line; the bare command gets the help text."""
    text = error.format_message()
    if text.lstrip().startswith("Usage:"):
        say(text)
        return 2
    context = getattr(error, "ctx", None)
    return failed(UsageError(_usage_words(text, context.command_path if context else "calaim")))


def _usage_words(text: str, command: str) -> str:
    """What Typer says of a wrong command line, in one line: what is wrong, and what was meant or where to look."""
    if text.startswith("Got unexpected extra argument"):
        return (
            f"one word too many: a value of several words needs quotes, as in --county 'san mateo': '{command} --help'"
        )
    said, _, meant = text.replace(" (Possible options: ", " Did you mean ").partition(" Did you mean ")
    said = f"{said[:1].lower()}{said[1:]}".rstrip(".")
    if meant:
        return f"{said}: did you mean {one_of(meant.rstrip('?).').split(', '))}?"
    return f"{said}: '{command} --help' tells more"


def _show(view: "View", *, plain_wanted: bool) -> int:
    """Print a view for whoever reads it: rich on a terminal, labelled lines by ear, tab-separated lines in a pipe."""
    from calaim_cli.render import labelled, on_terminal, painted, plain, wants_color, wants_labels, wants_rich

    if wants_rich(sys.stdout, plain_wanted=plain_wanted):
        on_terminal(view, sys.stdout)
    elif wants_color(plain_wanted=plain_wanted):
        emit(painted(view), painted=True)
    else:
        emit(labelled(view) if wants_labels(sys.stdout) else plain(view))
    return 0


def _show_json(several: Iterable[dict[str, object]]) -> int:
    """One JSON document a line."""
    from calaim_cli import documents

    emit_utf8("".join(f"{documents.written(one)}\n" for one in several))
    return 0


def _policy(folder: Path | None) -> "Policy":
    """The policy to decide by. A folder of the user's own is checked whole; the shipped one was before release."""
    from calaim_cli import datafiles

    catalog = datafiles.load(folder)
    if folder is not None:
        from calaim_cli import datacheck

        if problems := datacheck.find_problems(catalog):
            raise InputError(f"{folder}: the data are not sound: 'calaim data check' tells more", problems)
    return catalog


def _warn(problems: Iterable[Problem]) -> None:
    for problem in problems:
        say(f"calaim: warning: {problem.where}: {problem.code}: {problem.message}")


def _day(as_of: datetime | None) -> date:
    """The day to decide for."""
    return as_of.date() if as_of else _today()


def _today() -> date:
    return datetime.now().astimezone().date()


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print version and data edition.")] = False,
    data: Data = None,
) -> int:
    """CalAIM at a care manager's terminal: who may be helped, what the county offers, where the referral goes."""
    if version:
        from calaim_cli import datafiles

        emit(f"calaim {__version__}, data {datafiles.load(data).edition}\n")
        raise typer.Exit
    if data is not None and context.get_parameter_source("data").name == "COMMANDLINE":  # type: ignore[union-attr]
        raise UsageError("--data goes after the command, as in 'calaim county alameda --data DIR'")
    if context.invoked_subcommand is None:
        say(context.get_help())
        raise typer.Exit(2)
    return 0


@app.command()
def county(place: PlaceWords, as_json: Json = False, plain_wanted: Plain = False, data: Data = None) -> int:
    """One county: where referrals go, whom to call, what is offered.

    Example: calaim county san mateo
    """
    from calaim_cli import documents, policy, views

    catalog, typed = _policy(data), " ".join(place)
    found = policy.place_named(typed, catalog)
    _warn(catalog.past_review(_today()))
    if as_json:
        return _show_json([documents.county_document(found, typed, catalog)])
    return _show(views.county_view(found, catalog), plain_wanted=plain_wanted)


@app.command()
def counties(
    service: Annotated[
        str | None, _option("--service", "service", "ID", "Only where Kaiser Permanente offers it.")
    ] = None,
    without: Annotated[
        str | None, _option("--without", "service", "ID", "Only where Kaiser Permanente serves and does not offer it.")
    ] = None,
    region: Annotated[str | None, _option("--region", "region", "north|south", "Only this region.")] = None,
    plan: Annotated[str | None, _option("--plan", "plan", "ID", "Only where this plan serves.")] = None,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """List counties, by service offered or not, region or plan.

    Example: calaim counties --without sobering-centers
    """
    from calaim_cli import documents, policy, views

    catalog = _policy(data)
    offering = policy.service_named(service, catalog) if service else None
    lacking = policy.service_named(without, catalog) if without else None
    found = policy.counties_with(
        catalog,
        offering,
        lacking,
        policy.region_named(region, catalog) if region else None,
        policy.plan_named(plan, catalog) if plan else None,
    )
    _warn(catalog.past_review(_today()))
    if as_json:
        return _show_json([documents.counties_document(found, catalog)])
    return _show(views.counties_view(found, offering, lacking), plain_wanted=plain_wanted)


@app.command()
def services(
    service: Annotated[str | None, _argument("service", "[SERVICE]", "One service: id, name or alias.")] = None,
    county: InCounty = None,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """List the Community Supports, or tell all about one.

    Example: calaim services sobering-centers
    """
    from calaim_cli import documents, policy, views

    catalog = _policy(data)
    found = policy.place_named(county, catalog).county if county else None
    wanted = (policy.service_named(service, catalog),) if service else catalog.programs_file.service
    _warn(catalog.past_review(_today()))
    if as_json:
        return _show_json([documents.services_document(wanted, found, catalog)])
    if service:
        return _show(views.service_view(wanted[0], found, catalog), plain_wanted=plain_wanted)
    return _show(views.services_view(wanted, found, catalog), plain_wanted=plain_wanted)


@app.command()
def programs(
    program: Annotated[str | None, _argument("program", "[ID]", "A program, population or service.")] = None,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """The rules in plain words, each with source, date and grade.

    Example: calaim programs homelessness
    """
    from calaim_cli import documents, policy, views

    catalog = _policy(data)
    wanted = policy.kinds(catalog)
    if program:
        entry = policy.entry_named(program, catalog)
        wanted = tuple(one for one in wanted if one[1] is entry)
    _warn(catalog.past_review(_today()))
    if as_json:
        return _show_json([documents.programs_document(wanted, catalog)])
    if program:
        return _show(views.program_view(*wanted[0], catalog), plain_wanted=plain_wanted)
    return _show(views.programs_view(wanted), plain_wanted=plain_wanted)


@app.command()
def check(
    cases: Annotated[list[str], _argument("case", "CASE...|-", "Case files, or - for standard input.")],
    program: Programs = None,
    county: InCounty = None,
    as_of: AsOf = None,
    expect: Annotated[
        bool, typer.Option("--expect", help="Compare with the [expect] tables; not with --program or --county.")
    ] = False,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """Decide cases: what seems to fit, why, and what is missing.

    Example: calaim check examples/case.toml --program ecm
    """
    from calaim_cli import casefile, policy, screening

    if expect and (program or county):
        raise UsageError("--expect compares with the whole [expect] table: leave --program and --county away")
    catalog = _policy(data)
    day = _day(as_of)
    screener = screening.screener(policy.subjects_named(program or [], catalog), catalog)
    stated = policy.place_named(county, catalog).county if county else None
    read = [(name, casefile.read(name)) for name in cases]
    if expect:
        return _compare(read, catalog, day, as_json=as_json)
    results = [screening.decide(name, case, screener, catalog, day, stated) for name, case in read]
    return _show_results(results, catalog, day, as_json=as_json, plain_wanted=plain_wanted)


def _show_results(results: "list[Decided]", catalog: "Policy", day: date, *, as_json: bool, plain_wanted: bool) -> int:
    from calaim_cli import documents, views
    from calaim_cli.render import wants_rich

    _warn((*catalog.past_review(day), *(warning for one in results for warning in one.warnings)))
    if as_json:
        return _show_json(documents.determination_document(one, catalog, day) for one in results)
    full = not wants_rich(sys.stdout, plain_wanted=plain_wanted)
    for one in results:
        view = views.determination_view(one.results, catalog, one.county, one.name, full=full)
        _show(view, plain_wanted=plain_wanted)
    return 0


def _compare(read: "list[tuple[str, Case]]", catalog: "Policy", day: date, *, as_json: bool) -> int:
    from calaim_cli import documents, screening

    everything = screening.screener(catalog.subjects, catalog)
    compared = [screening.compare(name, case, everything, catalog, day) for name, case in read]
    differing = [difference for one in compared for difference in one]
    _warn(catalog.past_review(day))
    if as_json:
        _show_json([documents.expectations_document(len(read), differing)])
    else:
        emit("".join(f"{d.case}\t{d.subject}\texpected {d.expected}\tfound {d.found}\n" for d in differing))
        say(f"{counted(len(read), 'case')}, {counted(len(differing), 'difference')}")
    return InputError.exit_code if differing else 0


@app.command()
def interview(
    program: Programs = None,
    county: InCounty = None,
    start: Start = None,
    save: Save = None,
    no_input: NoInput = False,
    as_of: AsOf = None,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """Ask only what can still change the result. Ends with what `check` says of the saved case.

    Example: calaim interview --program ecm --county alameda --save case.toml
    """
    from calaim_cli import conversation, interviewing, policy, prompts, screening

    catalog = _policy(data)
    day = _day(as_of)
    case = interviewing.started(start, county, catalog)
    about = interviewing.inquiry_for(program or [], case, catalog)
    interviewing.need_a_person(about, conversation.answers_of(case, catalog, day), catalog, no_input=no_input)
    keep = interviewing.keeper(save, start)
    with interviewing.leaving(save):
        case = interviewing.interviewed(about, case, catalog, day, prompts.asker(plain=plain_wanted), keep)
    screener = screening.screener(policy.subjects_named(program or [], catalog), catalog)
    result = screening.decide("interview", case, screener, catalog, day, None)
    return _show_results([result], catalog, day, as_json=as_json, plain_wanted=plain_wanted)


@app.command()
def refer(
    case: Annotated[str | None, _argument("case", "[CASE|-]", "A case file, or - for stdin.")] = None,
    program: Annotated[str | None, typer.Option("--program", metavar="ID", help="The program: ecm, cs or chw.")] = None,
    service: Annotated[
        list[str] | None, _option("--service", "service", "ID", "A service, for cs. May be repeated.")
    ] = None,
    form: Annotated[Format | None, typer.Option("--format", help="How to write the draft.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="Write to PATH (.eml, .txt, .json).")
    ] = None,
    self_referral: Annotated[bool, typer.Option("--self-referral", help="To the referrer's own organization.")] = False,
    redact: Annotated[bool, typer.Option("--redact", help="Only show the draft, with member data masked.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that differs.")] = False,
    start: Start = None,
    save: Save = None,
    no_input: NoInput = False,
    as_of: AsOf = None,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """Write a referral draft. Without CASE, ask for everything first. Nothing is ever sent.

    Example: calaim refer examples/case.toml --out draft.eml
    """
    from calaim_cli import casefile, datafiles, draft, interviewing, prompts, referring, route

    if redact and out is not None:
        raise UsageError("--redact only shows a draft: leave --out away")
    catalog = _policy(data)
    day = _day(as_of)
    profile = casefile.read_profile(casefile.profile_path())
    wanted = draft.format_for(Format.JSON if as_json and form is None and out is None else form, out)
    written = interviewing.started(start, None, catalog) if case is None else casefile.read(case)
    asked = referring.asked_for(written, program, service or [], own=self_referral)
    if case is not None:
        referring.refuse_consent_for_another(written, asked, case, catalog)
        drafts = [referring.draft_of(asked, profile, catalog, day, case)]
    else:
        cases = interviewing.talked(
            asked, profile, catalog, day, save, start, no_input=no_input, plain_wanted=plain_wanted
        )
        if redact:
            drafts = [referring.draft_of(one, profile, catalog, day, preview=True) for one in cases]
        else:
            drafts = interviewing.previewed(cases, profile, catalog, day, prompts.asker(plain=plain_wanted), save)
    _warn(catalog.past_review(day))
    if data is not None:
        _warn(route.own_mailboxes((one.route.region for one in drafts), catalog, datafiles.load()))
    if redact:
        return _show_redacted(drafts, draft.Drafter(catalog, profile, day))
    _deliver(drafts, wanted, out, catalog, force=force)
    if as_json and out is not None:
        _show_json(draft.referral_document(one, catalog) for one in drafts)
    return 0


def _show_redacted(drafts: "list[Drafted]", drafter: "Drafter") -> int:
    """The drafts for a screen that others see: what identifies the member is masked, and nothing is written."""
    from msgspec.structs import replace

    from calaim_cli.draft import as_text

    for one in drafts:
        emit_utf8(as_text(replace(one.draft, body=drafter.redacted(one))))
    say("Member data are masked. Nothing was written, nothing has been sent.")
    return 0


def _deliver(drafts: "list[Drafted]", wanted: Format, out: Path | None, catalog: "Policy", *, force: bool) -> None:
    """Write the drafts to their files, or to stdout; several get the program's id before the ending."""
    from calaim_cli import outbox
    from calaim_cli.draft import formatted

    for one in drafts:
        written = formatted(one, wanted, catalog)
        _warn(one.warnings)
        if out is None:
            emit_utf8(written.decode())
            continue
        path = out.with_stem(f"{out.stem}-{one.case.referral.program}") if len(drafts) > 1 else out
        say(f"{path}: {outbox.save(path, written, replace=force)}. {one.route.why}.")
    for reminder in catalog.counties_file.form.reminders:
        say(reminder)
    say("Nothing has been sent.")


@app.command("help")
def help_on(
    topic: Annotated[str | None, typer.Argument(metavar="[TOPIC]", help="exit-codes, privacy, json or data.")] = None,
    plain_wanted: Plain = False,
) -> int:
    """Explain exit codes, privacy, the JSON documents or the data.

    Example: calaim help exit-codes
    """
    from calaim_cli import topics

    if topic is None:
        return _show(topics.overview(), plain_wanted=plain_wanted)
    return _show(topics.topic_named(topic).view, plain_wanted=plain_wanted)


@app.command("batch")
def batch_rows(
    source: Annotated[
        str | None, typer.Argument(metavar="[CSV|-]", help="A spreadsheet as CSV, or - for stdin.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR|FILE", help="A folder, a .zip or a .mbox file.")
    ] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Draft the good rows, list the others.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and write nothing.")] = False,
    encoding: Annotated[str | None, typer.Option("--encoding", metavar="NAME", help="Such as cp1252 (UTF-8).")] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="Only the first N rows (0: all).")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", min=0, max=64, metavar="N", help="Processes (0: as it pays).")] = 0,
    template: Annotated[bool, typer.Option("--template", help="Print the header line of a spreadsheet.")] = False,
    as_of: AsOf = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Write a draft for every row of a spreadsheet. Nothing is ever sent.

    Example: calaim batch examples/members.csv --out drafts
    """
    from calaim_cli import batch, casefile, datafiles, route, rowcase, spreadsheet, takes

    if template:
        emit_utf8(spreadsheet.template(rowcase.COLUMNS))
        return 0
    if source is None or (out is None and not dry_run):
        raise UsageError("give a CSV file, or - for standard input, and --out with a folder, a .zip or a .mbox file")
    catalog, day = _policy(data), _day(as_of)
    policy = batch.Policy(casefile.read_profile(casefile.profile_path()), catalog, day)
    order = takes.Order(
        source=source,
        out=out or Path(),
        keep_going=keep_going,
        dry_run=dry_run,
        encoding=encoding,
        limit=limit,
        jobs=jobs,
    )
    own = route.own_mailboxes(catalog.regions, catalog, datafiles.load()) if data is not None else ()
    _warn((*catalog.past_review(day), *own, *batch.doubts_about(order)))
    tally = _ran(order, policy)
    _warn(batch.left_to_do(order, tally))
    say(tally.text(dry=dry_run))
    if as_json:
        with code_wins(tally.exit_code):
            _show_json([batch.document(order, tally)])
    return tally.exit_code


def _ran(order: "Order", policy: "BatchPolicy") -> "Tally":
    """The batch, with a progress bar for whoever looks on. A stopped one says how far it came."""
    from calaim_cli import batch, render

    tally = batch.Tally()
    try:
        with second_interrupt_ends(), render.progress(sys.stderr, lambda: tally.expected) as tally.watch:
            batch.run(order, policy, tally)
    except (KeyboardInterrupt, SystemExit) as stopped:
        say(f"calaim: stopped: {tally.written} of {tally.rows - tally.refused} drafts written; run it again to go on.")
        say("Nothing has been sent.")
        raise SystemExit(130 if isinstance(stopped, KeyboardInterrupt) else stopped.code) from None
    return tally


profile_app = typer.Typer()
app.add_typer(profile_app, name="profile")


@profile_app.callback(invoke_without_command=True)
def profile_alone(context: typer.Context, as_json: Json = False) -> int:
    """The referrer's own details, kept on this computer. Alone, it prints them."""
    if context.invoked_subcommand is None:
        return profile_show(as_json=as_json)
    if as_json:
        raise UsageError("--json goes after the command, as in 'calaim profile show --json'")
    return 0


@profile_app.command("path")
def profile_path() -> int:
    """Print where the profile is kept.

    Example: calaim profile path
    """
    from calaim_cli import casefile

    emit(f"{casefile.profile_path()}\n")
    return 0


@profile_app.command("show")
def profile_show(as_json: Json = False) -> int:
    """Print the profile.

    Example: calaim profile show
    """
    from calaim_cli import casefile, documents

    path = casefile.profile_path()
    profile = casefile.read_profile(path)
    if not path.exists():
        say("There is no profile yet: 'calaim profile edit' asks for your details.")
    if as_json:
        parts = (profile.referrer, profile.network_lead_entity, profile.secure_email)
        return _show_json([documents.profile_document(*parts)])
    emit_utf8(casefile.profile_bytes(profile).decode())
    return 0


@profile_app.command("edit")
def profile_edit(plain_wanted: Plain = False, no_input: NoInput = False, data: Data = None) -> int:
    """Ask for your details and your Network Lead Entity, and keep them.

    Example: calaim profile edit
    """
    from calaim_cli import casefile, interviewing, outbox, prompts, referring

    path = casefile.profile_path()
    profile, catalog = casefile.read_profile(path), _policy(data)
    if no_input or not prompts.can_ask():
        raise UsageError(
            f"nobody can be asked: write the profile by hand: {path}: {casefile.profile_form()}", code="missing"
        )
    with interviewing.leaving(None):
        edited = referring.edited_profile(profile, catalog, prompts.asker(plain=plain_wanted))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    say(f"{path}: {outbox.save(path, casefile.profile_bytes(edited), replace=True)}")
    return 0


@data_app.command("check")
def data_check(as_of: AsOf = None, as_json: Json = False, data: Data = None) -> int:
    """Check the data files: shapes, references, sources, routes.

    Example: calaim data check --data my-county
    """
    from calaim_cli import datacheck, datafiles, documents

    catalog = datafiles.load(data or datafiles.shipped())
    problems = datacheck.find_problems(catalog)
    if problems:
        raise InputError(f"{data or 'the shipped data'}: the data are not sound: mend what is listed", problems)
    warnings = catalog.past_review(_day(as_of))
    _warn(warnings)
    if as_json:
        return _show_json([documents.data_check_document(warnings, catalog, _day(as_of))])
    emit(f"ok\tdata edition {catalog.edition}, nothing wrong\n")
    return 0


@data_app.command("sources")
def data_sources(as_of: AsOf = None, as_json: Json = False, plain_wanted: Plain = False, data: Data = None) -> int:
    """List every source: date, age in months, grade, what rests on it.

    Example: calaim data sources
    """
    from calaim_cli import documents, policy, views

    catalog = _policy(data)
    found = policy.sources_with_uses(catalog)
    if as_json:
        return _show_json([documents.sources_document(found, catalog, _day(as_of))])
    return _show(views.sources_view(found, _day(as_of)), plain_wanted=plain_wanted)


@data_app.command("diff")
def data_diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A folder with the two data files.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Another one.")],
    cases: Annotated[
        list[str] | None, typer.Argument(metavar="[CASE...]", help="Saved cases to decide both ways.")
    ] = None,
    as_of: AsOf = None,
    as_json: Json = False,
    plain_wanted: Plain = False,
) -> int:
    """What changed between two data folders, and for which cases.

    Example: calaim data diff data my-county examples/case.toml
    """
    from calaim_cli import casefile, datadiff, documents, screening, views

    before, after, day = _policy(old), _policy(new), _day(as_of)
    read = [(name, casefile.read(name)) for name in cases or []]
    changes = datadiff.changes(before, after)
    screeners = [screening.screener(one.subjects, one) for one in (before, after)]
    shifts = datadiff.shifts(read, screeners[0], screeners[1], day)
    if as_json:
        return _show_json([documents.data_diff_document(changes, shifts, before, after)])
    say(f"{counted(len(changes), 'change')}, {counted(len(shifts), 'case result')} decided differently")
    return _show(views.data_diff_view(changes, shifts, len(read)), plain_wanted=plain_wanted)
