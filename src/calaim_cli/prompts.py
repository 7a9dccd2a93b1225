"""Floor 2: asks a person on a terminal. The only importer of questionary; nothing here decides anything.

Two ways with the same prompts, order and replies: menus with questionary, and numbered lines that are only ever
appended, for screen readers, dumb terminals and whoever asks for `--plain`. Both write to stderr.
"""

from __future__ import annotations

import os
import sys
import textwrap
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from calaim_cli.errors import UsageError
from calaim_cli.prompt import Ask, Move, Prompt, Refusal, Reply, exclusive, read_reply
from calaim_cli.terminal import CONTROLS, is_on, say

if TYPE_CHECKING:
    from questionary import Question


MARKS: Final = "\u00bb\u25cb\u25cf"
"""What questionary draws beside a choice: where the arrow is, not chosen, chosen."""
FALLBACK: Final = 80
"""Columns of a terminal that does not say how wide it is."""


def can_ask() -> bool:
    """Whether a person can be asked: stdin and stderr are both terminals."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def asker(*, plain: bool) -> Ask:
    """Menus on a full terminal; numbered lines with `plain`, ACCESSIBLE, TERM=dumb, or where marks cannot be drawn."""
    unsaid = "console" if sys.platform == "win32" else "dumb"  # Windows sets no TERM
    if plain or is_on("ACCESSIBLE") or os.environ.get("TERM", unsaid) == "dumb" or not _draws_marks():
        return ask_by_lines
    return ask_by_menus


def _draws_marks() -> bool:
    """Whether the terminal's encoding has the marks of a menu: as question marks, chosen and not chosen look alike."""
    try:
        MARKS.encode(sys.stderr.encoding)
    except UnicodeEncodeError:
        return False
    return True


def ask_by_lines(prompt: Prompt) -> Reply:
    """Ask with numbered choices and one typed line, again in full until the reply fits."""
    while True:
        say("")
        say(prompt.text)
        given = (prompt.given,) if isinstance(prompt.given, str) else prompt.given
        for number, (name, words) in enumerate(prompt.options.items(), 1):
            say(f"  {number}) {words}" + (" (given before)" if name in given else ""))
        typed = _typed(_line_hint(prompt, _keeping(prompt)), prompt.where)
        reply = Refusal("characters that cannot be read") if typed is None else read_reply(prompt, typed)
        if _taken(reply, prompt):
            return reply


def _taken(reply: Reply | Refusal, prompt: Prompt) -> TypeGuard[Reply]:
    """Whether the reply will do; what is refused or asked for help is answered on the spot."""
    if isinstance(reply, Refusal):
        say(f"Not taken: {reply.message}.")
    elif reply is Move.HELP:
        say(filled(prompt.help or "There is no more to say about this one."))
    else:
        return True
    return False


def _line_hint(prompt: Prompt, keeping: str) -> str:
    count = len(prompt.options)
    what = f"Choices, such as 1,{count}" if prompt.several else f"Choice (1-{count})" if count else "Answer"
    also = [
        *(["Enter to skip"] if prompt.optional and not prompt.given else []),
        *([keeping] if prompt.given else []),
        *(["don't know"] if prompt.dont_know else []),
        *(["?"] if prompt.help else []),
        "back",
    ]
    return f"{what} [{', '.join(also)}]: "


def _keeping(prompt: Prompt) -> str:
    """What Enter keeps; choices are marked in their list."""
    return "Enter to keep" if prompt.options else f"Enter to keep {' '.join(str(prompt.given).split())}"


def _typed(hint: str, where: str) -> str | None:
    """The line typed, as UTF-8 or as the locale has it; None when it is neither."""
    sys.stderr.write(hint.translate(CONTROLS))
    sys.stderr.flush()
    line = sys.stdin.buffer.readline()
    if not line:
        raise _ended(where)
    for encoding in ("utf-8", sys.stdin.encoding):
        with suppress(UnicodeDecodeError):
            return line.decode(encoding)
    return None


def _ended(where: str) -> UsageError:
    say("")
    return UsageError(f"input ended at question {where}", code="input-ended")


def ask_by_menus(prompt: Prompt) -> Reply:
    """Ask with questionary: arrows and Enter, or a typed line."""
    while True:
        try:
            reply: Reply | Refusal = _menu(prompt) if prompt.options else read_reply(prompt, _text(prompt))
        except EOFError:
            raise _ended(prompt.where) from None
        if isinstance(reply, tuple):
            reply = exclusive(prompt, reply)
        if _taken(reply, prompt):
            return reply


def _menu(prompt: Prompt) -> Reply:
    os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")
    import questionary

    keys = "d don't know, b back, ? help" if prompt.dont_know else "b back, ? help"
    choices = [
        questionary.Choice(_folded(words), value=name, checked=prompt.several and name in prompt.given)
        for name, words in prompt.options.items()
    ]
    if prompt.several:
        question = questionary.checkbox(
            _folded(prompt.text), choices, instruction=f"(space chooses, Enter goes on; {keys})", output=_stderr()
        )
    else:
        if prompt.dont_know:
            choices.append(questionary.Choice("Don't know", value=Move.DONT_KNOW))
        given = prompt.given if isinstance(prompt.given, str) and prompt.given in prompt.options else None
        question = questionary.select(
            _folded(prompt.text), choices, default=given, instruction=f"(arrows, Enter; {keys})", output=_stderr()
        )
    moves = {"b": Move.BACK, "?": Move.HELP} | ({"d": Move.DONT_KNOW} if prompt.dont_know else {})
    for key, move in moves.items():
        _bind(question, key, result=move)
    _bind(question, "c-d", exception=EOFError)
    reply: Reply | list[str] = question.unsafe_ask()
    return tuple(reply) if isinstance(reply, list) else reply


def _bind(question: Question, key: str, **outcome: Move | type[EOFError]) -> None:
    def leave(event: Any) -> None:  # noqa: ANN401 prompt_toolkit's own type is not exported by questionary
        event.app.exit(**outcome)

    bindings: Any = question.application.key_bindings
    bindings.add(key, eager=True)(leave)


def _folded(words: str) -> str:
    """The words on as many lines as the window needs, beside the mark that questionary draws."""
    return "\n     ".join(_wrapped(words, max(20, _columns() - 7)))


def filled(text: str) -> str:
    """The paragraphs on lines that fit the window, cut between words only."""
    width = max(20, _columns() - 1)
    return "\n".join(line for paragraph in text.split("\n") for line in _wrapped(paragraph, width))


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _columns() -> int:
    """The width of the terminal that shows the questions, wherever the result goes."""
    with suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stderr.fileno()).columns or FALLBACK
    return FALLBACK


def _text(prompt: Prompt) -> str:
    os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")
    import questionary

    given = prompt.given if isinstance(prompt.given, str) else ""
    hint = f"({_line_hint(prompt, 'Enter to keep').removeprefix('Answer [').removesuffix(']: ')})"
    typed: str = questionary.text(_folded(f"{prompt.text} {hint}"), default=given, output=_stderr()).unsafe_ask()
    return typed


def _stderr() -> Any:  # noqa: ANN401 the type lives in prompt_toolkit, which is loaded here and not before
    from prompt_toolkit.output import create_output

    return create_output(stdout=sys.stderr)
