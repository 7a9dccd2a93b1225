"""Asks a person on a terminal. The only importer of questionary; nothing here decides anything.

Two ways with the same prompts, order and replies: menus with questionary, and numbered lines that are only ever
appended, for screen readers, dumb terminals and whoever asks for `--plain`. Both write to stderr.
"""

from __future__ import annotations

import os
import sys
import textwrap
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from calaim_cli.base.errors import UsageError
from calaim_cli.base.streams import is_on, say, tamed
from calaim_cli.talk.prompt import NO_MORE, Ask, Move, Prompt, Refusal, Reply, exclusive, read_reply

if TYPE_CHECKING:
    from questionary import Question


# What questionary draws beside a choice (its constants.py): where the arrow is, not chosen, chosen.
MARKS: Final = "\u00bb\u25cb\u25cf"
INPUT_ENDED: Final = "input-ended"
# Some terminals, such as a serial line, do not say how large they are.
FALLBACK: Final = os.terminal_size((80, 24))
# Rows that a question under a page takes, folded in a narrow window.
ASKING: Final = 5


def can_ask() -> bool:
    """True where a person can be asked: stdin and stderr are both terminals."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def asker(*, plain: bool) -> Ask:
    """Menus on a full terminal; numbered lines with `plain`, ACCESSIBLE, TERM=dumb, or where marks cannot be drawn."""
    unsaid = "console" if sys.platform == "win32" else "dumb"  # Windows sets no TERM
    by_lines = (
        plain
        or is_on("ACCESSIBLE")
        or os.environ.get("TERM", unsaid) == "dumb"
        # Without the marks, chosen and not chosen look alike.
        or MARKS.encode(sys.stderr.encoding, "ignore").decode(sys.stderr.encoding) != MARKS
    )
    ask_once = _by_lines if by_lines else _by_menu

    def ask(prompt: Prompt) -> Reply:
        while True:
            reply = ask_once(prompt)
            if isinstance(reply, Refusal):
                say(f"Please try again: {reply.message}.")
            elif reply is Move.HELP:
                say(filled(prompt.help or "No further help for this question."))
            else:
                return reply

    return ask


def _by_lines(prompt: Prompt) -> Reply | Refusal:
    """The reply to numbered choices and one typed line, as UTF-8 or as the locale has it."""
    say("")
    say(prompt.text)
    earlier = (prompt.earlier,) if isinstance(prompt.earlier, str) else prompt.earlier
    for number, (name, words) in enumerate(prompt.options.items(), 1):
        say(f"  {number}) {words}" + (" (given before)" if name in earlier else ""))
    # What Enter keeps is said here; choices are marked in their list.
    keeping = "" if prompt.options else " ".join(str(prompt.earlier).split())
    count = len(prompt.options)
    what = f"Choices, such as 1,{count}" if prompt.several else f"Choice (1-{count})" if count else "Answer"
    sys.stderr.write(tamed(f"{what} [{_ways(prompt, keeping)}]: "))
    sys.stderr.flush()
    line = sys.stdin.buffer.readline()
    if not line:
        raise _ended(prompt.where)
    for encoding in ("utf-8", sys.stdin.encoding):
        with suppress(UnicodeDecodeError):
            return read_reply(prompt, line.decode(encoding))
    return Refusal("characters that cannot be read")


def _ways(prompt: Prompt, keeping: str = "") -> str:
    """The ways to reply without an answer."""
    ways = {
        f"Enter {prompt.enter}": prompt.optional and not prompt.earlier,
        f"Enter to keep {keeping}".rstrip(): bool(prompt.earlier),
        f"{NO_MORE} to remove": prompt.optional and bool(prompt.earlier),
        "don't know": prompt.dont_know,
        "?": bool(prompt.help),
        "back": True,
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
        asked = questionary.text(_folded(f"{prompt.text} ({_ways(prompt)})"), default=earlier, output=on_stderr)
        return read_reply(prompt, asked.unsafe_ask())
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
    for key, move in moves.items():
        _bind(menu, key, result=move)
    _bind(menu, "c-d", exception=EOFError)
    return menu


def _bind(menu: Question, key: str, **outcome: Move | type[EOFError]) -> None:
    def leave(event: Any) -> None:  # noqa: ANN401 prompt_toolkit's own type is not exported by questionary
        event.app.exit(**outcome)

    bindings: Any = menu.application.key_bindings
    bindings.add(key, eager=True)(leave)


def _folded(words: str) -> str:
    """The words on as many lines as the window needs, beside the mark that questionary draws."""
    return "\n     ".join(_wrapped(words, 7))


def filled(text: str) -> str:
    """The paragraphs on lines that fit the window, cut between words only."""
    return "\n".join(line for paragraph in text.split("\n") for line in _wrapped(paragraph, 1))


def pages(text: str) -> list[str]:
    """The text from its first line as the pages that fit the window, one at least."""
    columns, rows = _window()
    full: list[list[str]] = [[]]
    height = 0
    for line in text.rstrip("\n").split("\n"):
        taken = sum(max(1, -(-len(one) // columns)) for one in _wrapped(line, 0))
        if height + taken > max(rows - ASKING, 1) and full[-1]:
            full.append([])
            height = 0
        full[-1].append(line)
        height += taken
    return ["\n".join(page) for page in full]


def _window() -> tuple[int, int]:
    """Columns and rows of the terminal that shows the questions, wherever the result goes."""
    with suppress(OSError, ValueError):
        size = os.get_terminal_size(sys.stderr.fileno())
        return size.columns or FALLBACK.columns, size.lines or FALLBACK.lines
    return FALLBACK


def _wrapped(text: str, margin: int) -> list[str]:
    width = max(20, _window()[0] - margin)
    return textwrap.wrap(tamed(text), width, break_long_words=False, break_on_hyphens=False) or [""]
