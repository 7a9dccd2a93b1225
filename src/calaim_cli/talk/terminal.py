"""Asks a person on a terminal. The only importer of questionary and prompt_toolkit; nothing here decides anything.

Two ways with the same prompts, order and replies: menus with questionary, and numbered lines that are only ever
appended, for screen readers, dumb terminals and whoever asks for `--plain`. Both write to stderr.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from calaim_cli.base.errors import UsageError
from calaim_cli.base.streams import is_on, say, tamed
from calaim_cli.base.wording import folded, word
from calaim_cli.talk.prompt import MOVES, NO_MORE, Ask, Move, Prompt, Refusal, Reply, exclusive, read_reply
from calaim_cli.talk.screen import Ended, Sheet, Show, as_lines, asked_by_line, drawn, parted, pressed, read_line

if TYPE_CHECKING:
    from questionary import Question


# What questionary draws beside a choice (its constants.py): where the arrow is, not chosen, chosen.
MARKS: Final = "\u00bb\u25cb\u25cf"
NAMED_KEYS: Final = {"up": "up", "down": "down", "c-m": "enter", "c-h": "backspace", " ": "space", "c-i": "down"}
SMALLEST: Final = os.terminal_size((38, 16))
"""A window that is smaller has no room for a screen with its keys."""
DEAF: Final = 0.05
"""Seconds."""
NO_PASTE: Final = "Pasting does not work here: press the keys."
INPUT_ENDED: Final = "input-ended"
# Some terminals, such as a serial line, do not say how large they are.
FALLBACK: Final = os.terminal_size((80, 24))
# Rows that a question under a page takes, folded in a narrow window.
ASKING: Final = 5


def can_ask(*, no_input: bool = False) -> bool:
    """True where a person can be asked, and may be: stdin and stderr are both terminals."""
    return not no_input and all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def wants_lines(*, plain: bool) -> bool:
    """Whether lines are only to be appended: with `plain`, ACCESSIBLE, TERM=dumb, or where marks cannot be drawn."""
    unsaid = "console" if sys.platform == "win32" else "dumb"  # Windows sets no TERM
    return (
        plain
        or is_on("ACCESSIBLE")
        or os.environ.get("TERM", unsaid) == "dumb"
        # Without the marks, chosen and not chosen look alike.
        or MARKS.encode(sys.stderr.encoding, "ignore").decode(sys.stderr.encoding) != MARKS
    )


def asker(*, plain: bool) -> Ask:
    """Asks by menus on a full terminal, else by numbered lines."""
    ask_once = _by_lines if wants_lines(plain=plain) else _by_menu

    def ask(prompt: Prompt) -> Reply:
        while True:
            reply = ask_once(prompt)
            if isinstance(reply, Refusal):
                say(f"Please try again: {reply.message}" + ("" if reply.message.endswith(("?", ".")) else "."))
            elif reply is Move.HELP:
                say(filled(prompt.help or "No further help for this question."))
            else:
                return reply

    return ask


def shower(*, plain: bool) -> Show:
    """Shows screens of the interview: rows to mark by keys on a full terminal, else lines and one typed line."""
    return _screen_by_lines if wants_lines(plain=plain) else _screen_by_keys


def _screen_by_lines(sheet: Sheet) -> Ended:
    say("")
    for line in as_lines(sheet):
        say(filled(line))
    while True:
        typed = _line(asked_by_line(sheet), sheet.shown.screen.id)
        ended = typed if isinstance(typed, Refusal) else read_line(sheet, typed)
        if isinstance(ended, Ended):
            return ended
        say(filled(f"Please try again: {ended.message}."))


def _screen_by_keys(sheet: Sheet) -> Ended:
    """The marks that are set by keys. What is pasted is no key, and nothing is answered by what was typed ahead."""
    if _window().columns < SMALLEST.columns or _window().lines < SMALLEST.lines:
        return _screen_by_lines(sheet)
    os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")
    from prompt_toolkit.application import Application
    from prompt_toolkit.data_structures import Point
    from prompt_toolkit.input.typeahead import clear_typeahead
    from prompt_toolkit.layout import FormattedTextControl, Layout, Window
    from prompt_toolkit.output import create_output

    state = [sheet]

    def lines() -> str:
        return tamed("\n".join(drawn(state[0], _window())))

    def at_the_arrow() -> Point:
        return Point(0, next((n for n, line in enumerate(lines().split("\n")) if line.startswith(">")), 0))

    screen: Application[Ended] = Application(
        Layout(Window(FormattedTextControl(lines, get_cursor_position=at_the_arrow))),
        key_bindings=_keys_of(state),
        output=create_output(stdout=sys.stderr),
        erase_when_done=True,
    )
    clear_typeahead(screen.input)
    try:
        return screen.run()
    except EOFError:
        raise _ended(sheet.shown.screen.id) from None


def _keys_of(state: list[Sheet]) -> Any:  # noqa: ANN401 its type lives in prompt_toolkit, loaded late
    """What each key does to the screen in `state`."""
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.keys import Keys

    keys, deaf_until = KeyBindings(), [0.0]

    @keys.add(Keys.Any)
    def _(event: Any) -> None:  # noqa: ANN401 prompt_toolkit's own type
        key = event.key_sequence[-1].key
        name = NAMED_KEYS.get(key, key if len(key) == 1 else "")
        if not name or time.monotonic() < deaf_until[0]:
            return
        after = pressed(state[0], name, _window())
        if isinstance(after, Ended):
            event.app.exit(result=after)
        else:
            state[0] = after

    @keys.add("escape", eager=True)
    def _(_: Any) -> None:  # noqa: ANN401 the same
        # The letters of a key that is not known here come with the escape, and are no keys of their own.
        deaf_until[0] = time.monotonic() + DEAF

    keys.add(Keys.BracketedPaste)(lambda _: state.append(replace(state.pop(), note=NO_PASTE)))
    keys.add("c-c")(lambda event: event.app.exit(exception=KeyboardInterrupt))
    keys.add("c-d")(lambda event: event.app.exit(exception=EOFError))
    return keys


def _by_lines(prompt: Prompt) -> Reply | Refusal:
    say("")
    say(prompt.text)
    earlier = (prompt.earlier,) if isinstance(prompt.earlier, str) else prompt.earlier
    for number, (name, words) in enumerate(prompt.options.items(), 1):
        say(f"  {number}) {words}" + (" (given before)" if name in earlier else ""))
    # What Enter keeps is said here; choices are marked in their list.
    keeping = "" if prompt.options else " ".join(str(prompt.earlier).split())
    count = len(prompt.options)
    what = f"Choices, such as 1,{count}" if prompt.several else f"Choice (1-{count})" if count else "Answer"
    ways = _ways(prompt, keeping)
    typed = _line(f"{what} [{ways}]: " if ways else f"{what}: ", prompt.where)
    return typed if isinstance(typed, Refusal) else read_reply(prompt, typed)


def _line(before: str, where: str) -> str | Refusal:
    """The line that is typed, as UTF-8 or as the locale has it."""
    sys.stderr.write(tamed(before))
    sys.stderr.flush()
    line = sys.stdin.buffer.readline()
    if not line:
        raise _ended(where)
    for encoding in ("utf-8", sys.stdin.encoding):
        with suppress(UnicodeDecodeError):
            return line.decode(encoding)
    return Refusal("characters that cannot be read")


def _ways(prompt: Prompt, keeping: str = "") -> str:
    """The ways to reply without an answer."""
    ways = {
        f"Enter {prompt.enter}": prompt.optional and not prompt.earlier,
        f"Enter to keep {keeping}".rstrip(): bool(prompt.earlier),
        f"{NO_MORE} to remove": prompt.optional and bool(prompt.earlier),
        "don't know": prompt.dont_know,
        "?": bool(prompt.help),
        "back": not prompt.alone,
    }
    return ", ".join(words for words, there in ways.items() if there)


def _ended(where: str) -> UsageError:
    say("")
    return UsageError(f"input ended at question {where}", code=INPUT_ENDED)


def _by_menu(prompt: Prompt) -> Reply | Refusal:
    """The reply to a menu of questionary (arrows and Enter), or to a line typed in it."""
    os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")
    import questionary
    from prompt_toolkit.output import create_output

    on_stderr = create_output(stdout=sys.stderr)
    try:
        if prompt.options:
            reply = _menu(prompt, on_stderr).unsafe_ask()
            return exclusive(prompt, tuple(reply)) if isinstance(reply, list) else reply
        # What a file gave may drive the terminal, and its number would be no such text.
        earlier = prompt.earlier if isinstance(prompt.earlier, str) and tamed(prompt.earlier) == prompt.earlier else ""
        ways = f" ({_ways(prompt)})" if _ways(prompt) else ""
        asked = questionary.text(_folded(f"{prompt.text}{ways}"), default=earlier, output=on_stderr)
        typed = asked.unsafe_ask()
        # The former reply is on the line: whoever deletes it does not want to keep it, and "back" is typed behind it.
        behind = typed.removeprefix(earlier) if earlier else ""
        if earlier and (not typed.strip() or (typed != behind and word(behind) in {NO_MORE, *MOVES})):
            typed = behind or NO_MORE
        return read_reply(prompt, typed)
    except EOFError:
        raise _ended(prompt.where) from None


def _menu(prompt: Prompt, on_stderr: Any) -> Question:  # noqa: ANN401 its type lives in prompt_toolkit, loaded late
    """The menu of a prompt's choices; besides arrows and Enter, a letter each says don't know, back or help."""
    import questionary

    choices = [
        questionary.Choice(_folded(words), value=name, checked=prompt.several and name in prompt.earlier)
        for name, words in prompt.options.items()
    ]
    keys = "d don't know, b back, ? help" if prompt.dont_know else "b back, ? help"
    text = _folded(prompt.text)
    if prompt.several:
        hint = f"(space chooses, Enter goes on; {keys})"
        menu = questionary.checkbox(text, choices, instruction=hint, output=on_stderr)
    else:
        if prompt.dont_know:
            choices.append(questionary.Choice("Don't know", value=Move.DONT_KNOW))
        earlier = prompt.earlier if isinstance(prompt.earlier, str) and prompt.earlier in prompt.options else None
        hint = f"(arrows, Enter; {keys})"
        menu = questionary.select(text, choices, default=earlier, instruction=hint, output=on_stderr)
    moves = {"b": Move.BACK, "?": Move.HELP} | ({"d": Move.DONT_KNOW} if prompt.dont_know else {})
    bindings: Any = menu.application.key_bindings

    def leave_by(key: str, **outcome: Move | type[EOFError]) -> None:
        bindings.add(key, eager=True)(lambda event: event.app.exit(**outcome))

    for key, move in moves.items():
        leave_by(key, result=move)
    leave_by("c-d", exception=EOFError)
    return menu


def _folded(words: str) -> str:
    """The words on as many lines as the window needs, beside the mark that questionary draws."""
    return "\n     ".join(_wrapped(words, 7))


def filled(text: str) -> str:
    """The paragraphs on lines that fit the window, cut between words only."""
    return "\n".join(line for paragraph in text.split("\n") for line in _wrapped(paragraph, 1))


def pages(text: str) -> list[str]:
    """The text from its first line as the pages that fit the window, one at least."""
    (columns, rows), lines = _window(), text.rstrip("\n").split("\n")
    heights = [sum(max(1, -(-len(one) // columns)) for one in _wrapped(line, 0)) for line in lines]
    return ["\n".join(lines[page.start : page.stop]) for page in parted(heights, max(rows - ASKING, 1))]


def _window() -> os.terminal_size:
    """Columns and rows of the terminal that shows the questions, wherever the result goes."""
    with suppress(OSError, ValueError):
        size = os.get_terminal_size(sys.stderr.fileno())
        return os.terminal_size((size.columns or FALLBACK.columns, size.lines or FALLBACK.lines))
    return FALLBACK


def _wrapped(text: str, margin: int) -> list[str]:
    width = max(20, _window()[0] - margin)
    return folded(tamed(text), width)
