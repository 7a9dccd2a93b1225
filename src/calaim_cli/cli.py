"""Floor 9: the commands, and the one place where an error becomes a message and an exit code.

The only importer of Typer, and the only reader of today's date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from calaim_cli import (
    __version__,
    casefile,
    checking,
    conversation,
    datacheck,
    datafiles,
    documents,
    interviewing,
    lookups,
    outbox,
    prompts,
    referring,
    screening,
    views,
)
from calaim_cli.case import Case
from calaim_cli.catalog import Catalog
from calaim_cli.checking import Decided
from calaim_cli.errors import CalaimError, InputError, Problem, UsageError
from calaim_cli.near import counted
from calaim_cli.referral import Prepared
from calaim_cli.referring import Format
from calaim_cli.render import on_terminal, plain, wants_rich
from calaim_cli.terminal import emit, emit_utf8, prepare_streams, say
from calaim_cli.views import View

app = typer.Typer(
    name="calaim",
    help="CalAIM at a care manager's terminal: who may be helped, what the county offers, where the referral goes.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
data_app = typer.Typer(help="Check the policy data, and see where they come from.", no_args_is_help=True)
app.add_typer(data_app, name="data")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Plain = Annotated[bool, typer.Option("--plain", help="Plain lines, no colors, no tables.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", envvar="CALAIM_DATA", help="Read programs.toml and counties.toml from DIR."),
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The day to decide for (today)."),
]
PlaceWords = Annotated[list[str], typer.Argument(metavar="PLACE...", help="A county, an alias or a ZIP code.")]
Programs = Annotated[
    list[str] | None,
    typer.Option("--program", metavar="ID", help="ecm, cs, chw, a population or a service. May be repeated."),
]
Save = Annotated[
    Path | None, typer.Option("--save", metavar="CASE", help="Save the case after every reply, for you alone to read.")
]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask; list what is missing instead.")]
InCounty = Annotated[str | None, typer.Option("--county", metavar="PLACE", help="The member's county or ZIP code.")]


def main() -> int:
    """Run the command line; gives the exit code. Errors end here, as one message, never as a traceback."""
    prepare_streams()
    as_json = "--json" in sys.argv[1:]
    try:
        return app(standalone_mode=False, prog_name="calaim") or 0
    except CalaimError as error:
        _report(error, as_json=as_json)
        return error.exit_code
    except typer.TyperException as error:
        return _report_usage(error, as_json=as_json)
    except typer.Abort:
        say("calaim: input ended before the question was answered")
        return 2
    except Exception as error:  # noqa: BLE001 the boundary: its text may hold a member's data
        bug = CalaimError(f"internal error {_place_of(error)} (calaim {__version__}). Please report this line.")
        _report(bug, as_json=as_json)
        return bug.exit_code


def _place_of(error: Exception) -> str:
    """The kind of an unexpected error and where it arose; never its message, which may quote an answer."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"


def _report(error: CalaimError, *, as_json: bool) -> None:
    if as_json:
        say(documents.written(documents.error_document(error)))
        return
    say(f"calaim: {error.message}")
    for problem in error.problems:
        say(f"  {problem.where}: {problem.code}: {problem.message}")


def _report_usage(error: typer.TyperException, *, as_json: bool) -> int:
    """A wrong option or argument, in one line; the bare command gets the help text."""
    text = error.format_message()
    if text.lstrip().startswith("Usage:"):
        say(text)
        return 2
    _report(UsageError(f"{text.rstrip('.')}: 'calaim --help' shows the commands and options"), as_json=as_json)
    return 2


def _show(view: View, *, plain_wanted: bool) -> int:
    """Print a view for whoever reads it: rich on a terminal, else plain lines."""
    if wants_rich(sys.stdout, plain_wanted=plain_wanted):
        on_terminal(view, sys.stdout)
    else:
        emit(plain(view))
    return 0


def _show_json(several: Iterable[dict[str, object]]) -> int:
    """One JSON document a line."""
    emit_utf8("".join(f"{documents.written(one)}\n" for one in several))
    return 0


def _policy(folder: Path | None) -> Catalog:
    """The policy to decide by. A folder of the user's own is checked whole; the shipped one was before release."""
    catalog = datafiles.load(folder)
    problems = datacheck.find_problems(catalog) if folder else ()
    if problems:
        raise InputError(f"{folder}: the data are not sound: 'calaim data check' tells more", problems)
    return catalog


def _warn(problems: Iterable[Problem]) -> None:
    for problem in problems:
        say(f"calaim: warning: {problem.where}: {problem.code}: {problem.message}")


def _day(as_of: datetime | None) -> date:
    """The day to decide for."""
    return as_of.date() if as_of else datetime.now().astimezone().date()


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print version and data edition.")] = False,
    data: Data = None,
) -> int:
    """CalAIM at a care manager's terminal: who may be helped, what the county offers, where the referral goes."""
    if version:
        emit(f"calaim {__version__}, data {datafiles.load(data).edition}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(context.get_help())
        raise typer.Exit(2)
    return 0


@app.command()
def county(place: PlaceWords, as_json: Json = False, plain_wanted: Plain = False, data: Data = None) -> int:
    """One county: where referrals go, whom to call, what is offered.

    Example: calaim county san mateo
    """
    catalog, typed = _policy(data), " ".join(place)
    found = lookups.place_named(typed, catalog)
    if as_json:
        return _show_json([documents.county_document(found, typed, catalog)])
    return _show(views.county_view(found, catalog), plain_wanted=plain_wanted)


@app.command()
def counties(
    service: Annotated[str | None, typer.Option("--service", metavar="ID", help="Only where KP offers it.")] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="north|south", help="Only this region.")] = None,
    plan: Annotated[str | None, typer.Option("--plan", metavar="ID", help="Only where this plan serves.")] = None,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """List counties, by service offered, region or plan.

    Example: calaim counties --service sobering-centers
    """
    catalog = _policy(data)
    found = lookups.counties_with(
        catalog,
        lookups.service_named(service, catalog) if service else None,
        lookups.region_named(region, catalog) if region else None,
        lookups.plan_named(plan, catalog) if plan else None,
    )
    if as_json:
        return _show_json([documents.counties_document(found, catalog)])
    return _show(views.counties_view(found), plain_wanted=plain_wanted)


@app.command()
def services(
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="One service: id, name or alias.")] = None,
    county: InCounty = None,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """List the Community Supports, or tell all about one.

    Example: calaim services sobering-centers
    """
    catalog = _policy(data)
    found = lookups.place_named(county, catalog).county if county else None
    wanted = (lookups.service_named(service, catalog),) if service else catalog.programs_file.service
    if as_json:
        return _show_json([documents.services_document(wanted, found, catalog)])
    if service:
        return _show(views.service_view(wanted[0], found, catalog), plain_wanted=plain_wanted)
    return _show(views.services_view(wanted, found, catalog), plain_wanted=plain_wanted)


@app.command()
def programs(
    program: Annotated[str | None, typer.Argument(metavar="[ID]", help="A program, population or service.")] = None,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """Show the rules in plain words, each with its source, date and grade.

    Example: calaim programs homelessness
    """
    catalog = _policy(data)
    wanted = lookups.kinds(catalog)
    if program:
        entry = lookups.entry_named(program, catalog)
        wanted = tuple(one for one in wanted if one[1] is entry)
    if as_json:
        return _show_json([documents.programs_document(wanted, catalog)])
    if program:
        return _show(views.program_view(*wanted[0], catalog), plain_wanted=plain_wanted)
    return _show(views.programs_view(wanted), plain_wanted=plain_wanted)


@app.command()
def check(
    cases: Annotated[list[str], typer.Argument(metavar="CASE...|-", help="Case files, or - for standard input.")],
    program: Programs = None,
    county: InCounty = None,
    as_of: AsOf = None,
    expect: Annotated[bool, typer.Option("--expect", help="Compare each case with its [expect] table.")] = False,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """Decide cases without asking: what seems to fit, why, and what is missing.

    Example: calaim check examples/case.toml --program ecm
    """
    catalog = _policy(data)
    day = _day(as_of)
    screener = screening.screener(lookups.subjects_named(program or [], catalog), catalog)
    stated = lookups.place_named(county, catalog).county if county else None
    read = [(name, casefile.read(name)) for name in cases]
    if expect:
        return _compare(read, catalog, day, as_json=as_json)
    results = [checking.decide(name, case, screener, catalog, day, stated) for name, case in read]
    return _show_results(results, catalog, day, as_json=as_json, plain_wanted=plain_wanted)


def _show_results(results: list[Decided], catalog: Catalog, day: date, *, as_json: bool, plain_wanted: bool) -> int:
    _warn((*datacheck.past_review(catalog, day), *(warning for one in results for warning in one.warnings)))
    if as_json:
        return _show_json(documents.determination_document(one.results, catalog, one.county, day) for one in results)
    full = not wants_rich(sys.stdout, plain_wanted=plain_wanted)
    for one in results:
        view = views.determination_view(one.results, catalog, one.county, one.name, full=full)
        _show(view, plain_wanted=plain_wanted)
    return 0


def _compare(read: list[tuple[str, Case]], catalog: Catalog, day: date, *, as_json: bool) -> int:
    everything = screening.screener(catalog.subjects, catalog)
    compared = [checking.compare(name, case, everything, catalog, day) for name, case in read]
    differing = [difference for one in compared for difference in one]
    _warn(datacheck.past_review(catalog, day))
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
    start: Annotated[Path | None, typer.Option("--from", metavar="CASE", help="Go on with a saved case.")] = None,
    save: Save = None,
    no_input: NoInput = False,
    as_of: AsOf = None,
    as_json: Json = False,
    plain_wanted: Plain = False,
    data: Data = None,
) -> int:
    """Ask only what can still change the result; ends with what `check` says of the saved case.

    Example: calaim interview --program ecm --county alameda --save case.toml
    """
    catalog = _policy(data)
    day = _day(as_of)
    case = interviewing.started(start, county, catalog)
    about = interviewing.inquiry_for(program or [], case, catalog)
    interviewing.need_a_person(about, conversation.answers_of(case, catalog, day), catalog, no_input=no_input)
    with interviewing.leaving(save, "interview"):
        case = interviewing.interviewed(
            about, case, catalog, day, prompts.asker(plain=plain_wanted), interviewing.keeper(save)
        )
    screener = screening.screener(lookups.subjects_named(program or [], catalog), catalog)
    result = checking.decide("interview", case, screener, catalog, day, None)
    return _show_results([result], catalog, day, as_json=as_json, plain_wanted=plain_wanted)


@app.command()
def refer(
    case: Annotated[str | None, typer.Argument(metavar="[CASE|-]", help="A case file, or - for stdin.")] = None,
    program: Annotated[str | None, typer.Option("--program", metavar="ID", help="ecm, cs or chw.")] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", metavar="ID", help="For cs; may be repeated.")
    ] = None,
    form: Annotated[Format | None, typer.Option("--format", help="How to write the draft.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="Write to PATH (.eml, .txt, .json).")
    ] = None,
    self_referral: Annotated[bool, typer.Option("--self-referral", help="To the referrer's own organization.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that differs.")] = False,
    start: Annotated[Path | None, typer.Option("--from", metavar="CASE", help="Go on with a saved case.")] = None,
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
    catalog = _policy(data)
    day = _day(as_of)
    profile = casefile.read_profile(casefile.profile_path())
    wanted = referring.format_for(Format.JSON if as_json and form is None else form, out)
    cases: tuple[Case, ...]
    if case is not None:
        cases = (referring.asked_for(casefile.read(case), program, service or [], own=self_referral),)
    else:
        first = referring.asked_for(
            interviewing.started(start, None, catalog), program, service or [], own=self_referral
        )
        cases = interviewing.talked(first, profile, catalog, day, save, no_input=no_input, plain_wanted=plain_wanted)
    drafts = [referring.prepare(one, profile.referrer, profile.network_lead_entity, catalog, day) for one in cases]
    if case is None:
        drafts = interviewing.previewed(drafts, prompts.asker(plain=plain_wanted))
    _warn(datacheck.past_review(catalog, day))
    _deliver(drafts, wanted, out, catalog, force=force)
    return 0


def _deliver(drafts: list[Prepared], wanted: Format, out: Path | None, catalog: Catalog, *, force: bool) -> None:
    """Write the drafts to their files, or to stdout; several get the program's id before the ending."""
    for prepared in drafts:
        written = referring.formatted(prepared, wanted, catalog)
        _warn(prepared.warnings)
        if out is None:
            emit_utf8(written.decode())
            continue
        path = out.with_stem(f"{out.stem}-{prepared.case.referral.program}") if len(drafts) > 1 else out
        say(f"{path}: {outbox.save(path, written, replace=force)}. {prepared.route.why}.")
    for reminder in catalog.counties_file.form.reminders if drafts else ("No draft was written.",):
        say(reminder)
    say("Nothing has been sent.")


profile_app = typer.Typer(help="The referrer's own details, kept on this computer.", no_args_is_help=True)
app.add_typer(profile_app, name="profile")


@profile_app.command("path")
def profile_path() -> int:
    """Print where the profile is kept.

    Example: calaim profile path
    """
    emit(f"{casefile.profile_path()}\n")
    return 0


@profile_app.command("show")
def profile_show() -> int:
    """Print the profile.

    Example: calaim profile show
    """
    emit_utf8(casefile.profile_bytes(casefile.read_profile(casefile.profile_path())).decode())
    return 0


@profile_app.command("edit")
def profile_edit(plain_wanted: Plain = False, no_input: NoInput = False, data: Data = None) -> int:
    """Ask for the referrer's details and the Network Lead Entity, and keep them.

    Example: calaim profile edit
    """
    path = casefile.profile_path()
    profile, catalog = casefile.read_profile(path), _policy(data)
    if no_input or not prompts.can_ask():
        raise UsageError(f"nobody can be asked: write the profile by hand: {path}", code="missing")
    with interviewing.leaving(None, "profile edit"):
        edited = referring.edited_profile(profile, catalog, prompts.asker(plain=plain_wanted))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    say(f"{path}: {outbox.save(path, casefile.profile_bytes(edited), replace=True)}")
    return 0


@data_app.command("check")
def data_check(data: Data = None, as_of: AsOf = None) -> int:
    """Check the data files: shapes, references, sources, routes.

    Example: calaim data check --data my-county
    """
    catalog = datafiles.load(data)
    problems = datacheck.find_problems(catalog)
    if problems:
        raise InputError(f"{data or 'the shipped data'}: not sound", problems)
    _warn(datacheck.past_review(catalog, _day(as_of)))
    emit(f"ok\tdata edition {catalog.edition}, nothing wrong\n")
    return 0


@data_app.command("sources")
def data_sources(as_json: Json = False, plain_wanted: Plain = False, data: Data = None) -> int:
    """List every source with its date, its grade and what rests on it.

    Example: calaim data sources
    """
    catalog = _policy(data)
    found = lookups.sources_with_uses(catalog)
    if as_json:
        return _show_json([documents.sources_document(found, catalog)])
    return _show(views.sources_view(found), plain_wanted=plain_wanted)
