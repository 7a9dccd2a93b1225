"""The topics of `calaim help`; the one place that lists the exit codes in words."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from calaim_cli.base.errors import UsageError
from calaim_cli.base.wording import did_you_mean, name_key, one_of, shown
from calaim_cli.show.blocks import Fact, Heading, Items, Points, Table, View
from calaim_cli.show.first import SIX_THINGS, WHERE_TO_READ_ON

NO_ROUTE: Final = (
    "unknown or ambiguous place or situation, unknown program, a plan that is not known or has no way to refer, "
    "county not served, service not offered, no Network Lead Entity configured"
)
EXIT_CODES: Final = (
    (0, 'Done. Warnings are allowed, and "unlikely" is a result, not an error.'),
    (1, "Internal error: a bug. Please report the line that was printed."),
    (2, "Wrong usage, or answers are missing and there is no one to ask (no terminal, or --no-input)."),
    (3, "Some rows of a table were done, others refused (--keep-going)."),
    (4, "The input (case, CSV, profile, data) is not valid and nothing was written, or --expect found a difference."),
    (5, f"Not found or no route: {NO_ROUTE}."),
    (6, "Output refused: a file exists and differs, is not writable, or there is no space; a batch left stale drafts."),
    (7, "Another run is using the output folder."),
    # From here on 128 and the number of the signal, as shells give it.
    (129, "Stopped because the terminal closed."),
    (130, 'Stopped by Ctrl-C, or by "quit" at a question.'),
    (141, "Whatever was reading standard output closed it."),
    (143, "Stopped by a request to end (SIGTERM)."),
)
"""Every exit code with its meaning, in order."""


class HelpPage(Struct, frozen=True):
    """Something to explain: its topic on the command line, one line on it, and the whole."""

    name: str
    summary: str
    view: View


PROMISES: Final = (
    "Nothing is ever sent, and no other computer is contacted. A draft is a file or a text for you to send.",
    "Nothing is written that you did not ask for: no log, no cache, no history.",
    "Case files, drafts and the profile can be read only by you (mode 0600 on Linux and macOS).",
    "No option takes a member's name, number or answers, because shells keep what is typed there.",
    "Subjects, file names, messages and errors say nothing about the member.",
    "The program never checks the boxes for agreement and attestation. A person does, each time.",
)
TO_MIND: Final = (
    "A draft contains protected health information. Send it by your organization's secure e-mail.",
    "Typed answers stay in the scrollback of the terminal. Clear it, or close the window.",
    "Deleting a file does not wipe it. Use full-disk encryption, and keep files out of synced folders.",
    "Information from a substance use program under 42 CFR Part 2 needs the member's written consent.",
)
PRIVACY: Final = (
    Heading("Privacy"),
    Points("promise", "Promises", PROMISES),
    Points("mind", "What to watch for", TO_MIND),
    Fact("more", "More", "the Privacy page of the documentation (docs/privacy.md)"),
)
CODES: Final = (
    Heading("Exit codes"),
    Table(("code", "meaning"), tuple((str(one), meaning) for one, meaning in EXIT_CODES)),
)
ENVIRONMENT: Final = (
    ("CALAIM_DATA", "the folder with your own data files, like --data"),
    ("CALAIM_PROFILE", "the file with your own details"),
    ("ACCESSIBLE=1", "plain lines and numbered choices, for screen readers"),
    ("NO_COLOR=1", "no colors"),
)
"""What is taken from the environment: the variable, and what it does."""
SETTINGS: Final = (Heading("Settings"), Table(("variable", "does"), ENVIRONMENT))
PAGES: Final = (
    HelpPage("settings", "what can be set for all commands", SETTINGS),
    HelpPage("exit-codes", "what each exit code means, for scripts", CODES),
    HelpPage("privacy", "what is kept where, and what to watch for", PRIVACY),
    HelpPage("calaim", "how long the programs are authorized, what is new, and some background", ()),
)


def overview() -> View:
    """What people do with it, then the topics, one a row."""
    return (
        Heading("What you can do"),
        Table(("to", "type"), SIX_THINGS),
        Items("more", "More", WHERE_TO_READ_ON),
        Heading("Topics: calaim help TOPIC"),
        Table(("topic", "explains"), tuple((page.name, page.summary) for page in PAGES)),
    )


def page_named(typed: str) -> HelpPage:
    """The page on this topic. Raises UsageError with a near name, or the topics there are."""
    pages = {name_key(page.name): page for page in PAGES}
    if name_key(typed) in pages:
        return pages[name_key(typed)]
    names = [page.name for page in PAGES]
    hint = did_you_mean(typed, names) or f"the topics are {one_of(names)}; a command explains itself with --help"
    raise UsageError(f"{shown(typed)}: no such topic: {hint}", code="unknown-topic")
