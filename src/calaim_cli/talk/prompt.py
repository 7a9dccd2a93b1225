"""One thing to ask a person, and what the reply to it may be. How it is asked is the business of `terminal`."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.values import MESSAGES, Value


class Move(Enum):
    """Replies that are no answer."""

    BACK = "back"
    DONT_KNOW = "don't know"
    HELP = "?"
    QUIT = "quit"


class Prompt(Struct, frozen=True, kw_only=True):
    """One thing to ask. With `options` (id and words) one of them is chosen, or `several`; without, a line is typed.

    `check` says what a typed line must be; `explain` gives the words for its error code. `earlier` is the former reply.
    """

    where: str
    text: str
    help: str = ""
    options: dict[str, str] = {}
    several: bool = False
    check: Callable[[str], Value] = Value
    explain: Callable[[str], str] = lambda code: MESSAGES.get(code, code)
    optional: bool = False
    dont_know: bool = False
    earlier: str | tuple[str, ...] = ""


Reply = str | tuple[str, ...] | Move
Ask = Callable[[Prompt], Reply]
"""Asks a person and gives a reply that fits the prompt; HELP and wrong replies are dealt with on the way."""

MOVES: Final = {"back": Move.BACK, "?": Move.HELP, "help": Move.HELP, "quit": Move.QUIT}
DONT_KNOW_WORDS: Final = frozenset({"dk", "don't know", "dont know", "don\u2019t know", "unknown"})
NONE_OF_THESE: Final = "none"
NO_MORE: Final = "-"
"""Typed, it removes what was given before where nothing has to be."""


class Refusal(Struct, frozen=True):
    """The reason why a typed reply cannot be used, and what can."""

    message: str


def read_reply(prompt: Prompt, typed: str) -> Reply | Refusal:
    """The reply that a typed line gives: a move, the number or words of a choice, several of them, or a checked text.

    An empty line keeps the reply given before, if that passes its check, or skips what is optional; NO_MORE removes it.
    """
    text = typed.strip()
    folded = " ".join(text.casefold().split())
    moves = MOVES | dict.fromkeys(DONT_KNOW_WORDS if prompt.dont_know else (), Move.DONT_KNOW)
    if folded in moves:
        return moves[folded]
    if text == NO_MORE and prompt.optional:
        text, prompt = "", replace(prompt, earlier="")
    if not text and not prompt.earlier and not prompt.optional:
        return Refusal("an answer is needed here" + (', or "don\'t know"' if prompt.dont_know else ""))
    if not text and (prompt.options or not prompt.earlier):
        return prompt.earlier
    if prompt.several:
        return _several(prompt, text)
    if prompt.options:
        return _one(prompt, text) or Refusal(f"give a number from 1 to {len(prompt.options)}, or the words of a choice")
    # What a file gave may be wrong, and Enter does not make it right.
    checked = prompt.check(text or str(prompt.earlier))
    return Refusal(prompt.explain(checked.error)) if checked.error else checked.value


def _one(prompt: Prompt, text: str) -> str | None:
    if re.fullmatch(r"[0-9]{1,2}", text) and 1 <= int(text) <= len(prompt.options):
        return list(prompt.options)[int(text) - 1]
    folded = text.casefold()
    fits = (name for name, words in prompt.options.items() if folded in (name.casefold(), words.casefold()))
    return next(fits, None)


def _several(prompt: Prompt, text: str) -> tuple[str, ...] | Refusal:
    parts = [text] if _one(prompt, text) else re.split(r"[,;]|\s+(?=[0-9])", text)
    chosen = [_one(prompt, part.strip()) for part in parts if part.strip()]
    if not chosen or None in chosen:
        return Refusal(f"give numbers from 1 to {len(prompt.options)}, such as 1,3")
    return exclusive(prompt, tuple(one for one in prompt.options if one in chosen))


def exclusive(prompt: Prompt, chosen: tuple[str, ...]) -> tuple[str, ...] | Refusal:
    """The choices, unless nothing was chosen or "none of these" was chosen beside something else."""
    if not chosen and not prompt.optional:
        return Refusal("choose at least one")
    if NONE_OF_THESE in chosen and len(chosen) > 1:
        return Refusal(f'"{prompt.options[NONE_OF_THESE]}" cannot be combined with another choice')
    return chosen
