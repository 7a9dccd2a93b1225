"""A person at a terminal: what she says is kept from the first reply, and leaving tells the way to go on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from calaim_cli.base import files
from calaim_cli.base.errors import InputError, NotFound, OutputRefused, Stopped, UsageError
from calaim_cli.base.streams import leave_on_signals, say
from calaim_cli.base.system import typed_anew
from calaim_cli.base.values import Value
from calaim_cli.base.wording import word, yes_or_no
from calaim_cli.case import casefile
from calaim_cli.case.case import Case, Consent
from calaim_cli.decide.known import known_of
from calaim_cli.policy.policy import Policy, place_named
from calaim_cli.talk import terminal
from calaim_cli.talk.prompt import NO, Ask, Declined, Move, Prompt, Quit
from calaim_cli.talk.screen import Show
from calaim_cli.talk.terminal import INPUT_ENDED

EXAMPLE: Final = "case.toml"
ENDING: Final = ".toml"


def started(start: Path | None, county: str | None, policy: Policy, as_of: date) -> Case:
    """The case to go on with; a county given on the command line is kept in it.

    Raises InputError with every problem of its answers, before anything is asked.
    """
    case = casefile.read(str(start)) if start else Case()
    if problems := known_of(case, policy.answerable, as_of, plan="").problems:
        raise InputError(f"{start}: the answers are not valid; nothing was asked", problems)
    if county is None:
        return case
    found = place_named(county, policy)
    return replace(case, member=replace(case.member, county=found.city or found.county.name))


class Ways(NamedTuple):
    """The ways to a person at the terminal: a prompt, a screen, and where what she says is kept."""

    ask: Ask
    show: Show
    keep: Keeping


def ways(keep: Keeping, *, plain: bool) -> Ways:
    """Menus and keys, or plain lines."""
    return Ways(terminal.asker(plain=plain), terminal.shower(plain=plain), keep)


class Keeping:
    """Keeps the case as it stands: in its file in one step, readable by its owner alone; without a path, in memory.

    Raises OutputRefused when another case than the one to go on with is already there, also one that it has become
    since, and before anything is asked where saving would lose the remarks in it.
    """

    def __init__(self, path: Path | None, start: Path | None) -> None:
        self.path, self.last = path, Case()
        self.begun: Case | None = None
        self._known, self._as_json = b"", path is not None and path.suffix.lower() == ".json"
        if path is None or not path.exists():
            return
        if not (start and start.exists() and path.samefile(start)):
            raise OutputRefused(f"{path}: exists: continue it with --from, or choose another name", code="exists")
        self._known = files.read_bytes(str(path), casefile.LARGEST)
        text = self._known.decode("utf-8-sig")
        self._as_json = casefile.is_json(text)
        if lost := () if self._as_json else casefile.remarks(text):
            words = f"saving would lose the {casefile.in_lines(lost)}; choose another name for --save"
            raise OutputRefused(f"{path}: {words}", code="remarks")

    def __call__(self, case: Case) -> None:
        """Keep the case, without what was said of consent, which counts for one referral alone."""
        self.last = replace(case, consent=Consent())
        self.begun = self.begun or self.last
        if self.path is not None:
            content = casefile.case_bytes(self.last, as_json=self._as_json)
            files.save(self.path, content, known=self._known)
            self._known = content


@contextmanager
def leaving(to: Ways) -> Iterator[None]:
    """Ctrl-C, "quit", a "no" to consent and the end of input leave with the way to go on; the replies are saved."""
    try:
        yield
    except (KeyboardInterrupt, Quit):
        leave_on_signals()  # the one before has given the next back to the system
        offer_to_keep(to)
        raise Stopped(f"stopped: {_left(to)}") from None
    except Declined as no:
        again = _go_on(to) or "start again: nothing was saved"
        raise Stopped(f"nothing was written. {no}, then {again}") from None
    except UsageError as error:
        if error.code != INPUT_ENDED:
            raise
        raise UsageError(f"{error.message}: {_left(to)}", code=error.code) from None
    except (InputError, NotFound):
        offer_to_keep(to)
        if to.keep.path:
            say(f"What was said is saved; {_go_on(to)}")
        raise


def _left(to: Ways) -> str:
    return f"saved; {_go_on(to)}" if to.keep.path else "nothing was saved"


def offer_to_keep(to: Ways) -> None:
    """Ask for a file for what was said, where none was given; until one can be written, or the person says no."""
    words = f"Keep what was said? Type a new file name, such as {EXAMPLE}, or no"
    asked = Prompt(where="save", text=words, check=new_file, alone=True)
    with suppress(KeyboardInterrupt, UsageError):
        while to.keep.path is None and to.keep.last != (to.keep.begun or to.keep.last):
            if (reply := to.ask(asked)) in {NO, Move.QUIT}:
                return
            path = with_ending(Path(str(reply)))
            added = "" if path == Path(str(reply)) else f" A name without an ending gets {ENDING}."
            try:
                keep = Keeping(path, None)
                keep(to.keep.last)
            except (OSError, OutputRefused) as error:
                say(f"{error}")
            else:
                to.keep.path = keep.path
                say(f"{path}: saved.{added}")
                for doubt in files.doubts_about([path.parent]):
                    say(doubt.warning)


def tell_what_is_next(to: Ways, tell: Callable[[str], None]) -> None:
    """Tell where what was said is saved, and the command that makes a referral of it; first a file is asked for."""
    given = to.keep.path
    offer_to_keep(to)
    if path := to.keep.path:
        told = f"{path}: saved. " if given else ""
        line = ["calaim", "refer", "--from", str(path), "--save", str(path), *own_data(sys.argv[1:])]
        tell(f"{told}For a referral from it: {typed_anew(line)}")


def noting(log: Path | None) -> tuple[str, ...] | None:
    """The options of the command that notes a sending, for the ledger that was named; None where nobody is there."""
    return None if not terminal.can_ask() else (*(("--log", str(log)) if log else ()), *own_data(sys.argv[1:]))


def own_data(words: Sequence[str]) -> tuple[str, ...]:
    """The option of a command line that names data of the user's own, if it is there: by it a mailbox may differ."""
    found = [n for n, one in enumerate(words) if one.partition("=")[0] == "--data"]
    return tuple(words[found[-1] : found[-1] + (1 if "=" in words[found[-1]] else 2)]) if found else ()


MEANS_NO: Final = frozenset({"no", "nope", "nah", "not", "don't", "none", "nothing", "cancel", "skip", "back"})
"""How an answer begins that names no file, and may be meant as a no."""
MEANS_YES: Final = frozenset(
    {
        "ok",
        "okay",
        "yeah",
        "yep",
        "sure",
        "ja",
        "of course",
        "please",
        "yes please",
        "save",
        "save it",
        "keep",
        "keep it",
    }
)
"""What says yes, and names no file; so does whatever is a yes elsewhere."""


def with_ending(path: Path) -> Path:
    """The path with the ending of a case file where its name has none."""
    return path if path.suffix else path.with_name(f"{path.name.rstrip('.')}{ENDING}")


def new_file(typed: str) -> Value:
    """The file that is named, or NO. A name that says yes is none."""
    plain = word(typed).rstrip(".!")
    said, declined = yes_or_no(plain), not Path(typed).suffix and plain.split(" ")[0] in MEANS_NO
    if said is False:
        return Value(NO)
    if said or declined or plain in MEANS_YES:
        return Value(typed, f"give the file a name, such as {EXAMPLE}, or type no")
    try:
        path = Path(typed).expanduser()
        there, folder = path.exists() or with_ending(path).exists(), path.absolute().parent.is_dir()
    except (OSError, RuntimeError, ValueError):
        return Value(typed, "no file can have this name: choose another")
    if there:
        return Value(typed, "this exists: choose another name")
    return Value(str(path)) if folder else Value(typed, "its folder does not exist: choose another")


def _go_on(to: Ways) -> str:
    return f"go on with: {way_on(sys.argv[1:], to.keep.path)}" if to.keep.path else ""


IN_THE_CASE: Final = ("--from", "--save", "--county")
"""Options that the saved case makes up for; a county may have been corrected in the talk."""


def way_on(words: Sequence[str], path: Path) -> str:
    """The command that goes on where these words of a command line stopped, with all else that was asked for."""
    line, rest = ["calaim"], iter(words)
    for typed in rest:
        if typed in IN_THE_CASE:
            next(rest, None)
        elif not typed.startswith(tuple(f"{option}=" for option in IN_THE_CASE)):
            line.append(typed)
    line += ["--from", str(path), "--save", str(path)]
    return typed_anew(line)
