"""Floor 6: asks a person on a terminal. The only importer of questionary; nothing here decides anything.

Two ways with the same prompts, order and replies: menus with questionary, and numbered lines that are only ever
appended, for screen readers, dumb terminals and whoever asks for `--plain`. Both write to stderr.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from calaim_cli.errors import UsageError
from calaim_cli.prompt import Ask, Move, Prompt, Refusal, Reply, exclusive, read_reply
from calaim_cli.terminal import say

if TYPE_CHECKING:
    from questionary import Question


def can_ask() -> bool:
    """Whether a person can be asked: stdin and stderr are both terminals."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def asker(*, plain: bool) -> Ask:
    """Menus on a full terminal; numbered lines with `plain`, ACCESSIBLE or TERM=dumb."""
    accessible = os.environ.get("ACCESSIBLE", "0") not in {"", "0"}
    if plain or accessible or os.environ.get("TERM", "dumb") == "dumb":
        return ask_by_lines
    return ask_by_menus


def ask_by_lines(prompt: Prompt) -> Reply:
    """Ask with numbered choices and one typed line, again in full until the reply fits."""
    while True:
        say("")
        say(prompt.text)
        for number, (name, words) in enumerate(prompt.options.items(), 1):
            say(f"  {number}) {words}" + (" (given before)" if name in prompt.given and prompt.given else ""))
        reply = read_reply(prompt, _typed(_line_hint(prompt), prompt.where))
        if isinstance(reply, Refusal):
            say(f"Not taken: {reply.message}.")
        elif reply is Move.HELP:
            say(filled(prompt.help or "There is no more to say about this one."))
        else:
            return reply


def _line_hint(prompt: Prompt) -> str:
    count = len(prompt.options)
    what = f"Choices, such as 1,{count}" if prompt.several else f"Choice (1-{count})" if count else "Answer"
    also = [
        *(["Enter to skip"] if prompt.optional and not prompt.given else []),
        *(["Enter to keep"] if prompt.given else []),
        *(["don't know"] if prompt.dont_know else []),
        *(["?"] if prompt.help else []),
        "back",
    ]
    return f"{what} [{', '.join(also)}]: "


def _typed(hint: str, where: str) -> str:
    sys.stderr.write(hint)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise UsageError(f"input ended at question {where}", code="input-ended")
    return line


def ask_by_menus(prompt: Prompt) -> Reply:
    """Ask with questionary: arrows and Enter, or a typed line."""
    while True:
        reply: Reply | Refusal = _menu(prompt) if prompt.options else read_reply(prompt, _text(prompt))
        if isinstance(reply, tuple):
            reply = exclusive(prompt, reply)
        if isinstance(reply, Refusal):
            say(f"Not taken: {reply.message}.")
        elif reply is Move.HELP:
            say(filled(prompt.help or "There is no more to say about this one."))
        else:
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
        _bind(question, key, move)
    reply: Reply | list[str] = question.unsafe_ask()
    return tuple(reply) if isinstance(reply, list) else reply


def _bind(question: Question, key: str, move: Move) -> None:
    def leave(event: Any) -> None:  # noqa: ANN401 prompt_toolkit's own type is not exported by questionary
        event.app.exit(result=move)

    bindings: Any = question.application.key_bindings
    bindings.add(key, eager=True)(leave)


def _folded(words: str) -> str:
    """The words on as many lines as the window needs, beside the mark that questionary draws."""
    return "\n     ".join(textwrap.wrap(words, max(20, shutil.get_terminal_size().columns - 7)))


def filled(text: str) -> str:
    """The paragraphs on lines that fit the window, cut between words only."""
    width = shutil.get_terminal_size().columns - 1
    return "\n".join(textwrap.fill(one, width, break_long_words=False) for one in text.split("\n"))


def _text(prompt: Prompt) -> str:
    os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")
    import questionary

    given = prompt.given if isinstance(prompt.given, str) else ""
    hint = f"({_line_hint(prompt).removeprefix('Answer [').removesuffix(']: ')})"
    typed: str = questionary.text(_folded(f"{prompt.text} {hint}"), default=given, output=_stderr()).unsafe_ask()
    return typed


def _stderr() -> Any:  # noqa: ANN401 the type lives in prompt_toolkit, which is loaded here and not before
    from prompt_toolkit.output import create_output

    return create_output(stdout=sys.stderr)
