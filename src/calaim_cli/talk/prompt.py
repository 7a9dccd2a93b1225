"""Prompts: what to ask a person, which replies fit, and how a talk moves between them; `terminal` does the asking."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.values import MESSAGES, Value
from calaim_cli.base.wording import choice_of, is_unknown, one_of, plain, word
from calaim_cli.case.case import Case
from calaim_cli.policy.questions import NONE_OF_THESE


class Move(Enum):
    """Replies that are not answers, such as back and quit."""

    BACK = "back"
    DONT_KNOW = "don't know"
    HELP = "?"
    QUIT = "quit"
    STOP = "stop"
    VOICE = "voice"


class Prompt(Struct, frozen=True, kw_only=True):
    """One thing to ask. With `options` (id and words) one of them is chosen, or `several`; without, a line is typed.

    Of `words` one is typed in full, and nothing stands for it. `check` says what another line must be; its error is a
    code or in words. `earlier` is the former reply; `enter` says what an empty line does if `optional`.
    """

    where: str
    text: str
    help: str = ""
    options: dict[str, str] = {}
    several: bool = False
    words: tuple[str, ...] = ()
    check: Callable[[str], Value] = Value
    optional: bool = False
    enter: str = "to skip"
    dont_know: bool = False
    alone: bool = False  # nothing to go back to
    earlier: str | tuple[str, ...] = ""


Reply = str | tuple[str, ...] | Move
Ask = Callable[[Prompt], Reply]
"""Asks a person and gives a reply that fits the prompt; HELP and wrong replies are dealt with on the way."""

YES, NO, NOT_KNOWN = "yes", "no", "not known"
MOVES: Final = {"back": Move.BACK, "?": Move.HELP, "help": Move.HELP, "quit": Move.QUIT}
LONGEST_NUMBER: Final = 2
NO_MORE: Final = "-"
"""Typed, it removes an earlier reply to an optional question."""


class Refusal(Struct, frozen=True):
    """The reason why a typed reply cannot be used, and what can."""

    message: str


def read_reply(prompt: Prompt, typed: str) -> Reply | Refusal:
    """The reply that a typed line gives: a move, the number or words of a choice, several of them, or a checked text.

    An empty line keeps the reply given before, if that passes its check, or skips what is optional; NO_MORE removes it.
    """
    # Terminals put these around what is pasted, where a program has asked them to.
    text = typed.replace("\x1b[200~", "").replace("\x1b[201~", "").strip()
    if any(unicodedata.category(one) == "Cc" for one in set(text) - {"\t", "\n"}):
        return Refusal("an arrow or control key was typed: type the line again")
    unknown = Move.DONT_KNOW if prompt.dont_know and is_unknown(text) else None
    if move := MOVES.get(word(text), unknown):
        return Refusal("there is nothing to go back to") if prompt.alone and move is Move.BACK else move
    if prompt.words:
        return _whole_word(prompt.words, text)
    if text == NO_MORE and prompt.optional:
        text, prompt = "", replace(prompt, earlier="")
    if not text and (prompt.options or not prompt.earlier):
        return _left_empty(prompt)
    return _chosen(prompt, text) if prompt.options else _checked(prompt, text)


def _checked(prompt: Prompt, text: str) -> Reply | Refusal:
    # What a file gave may be wrong, and Enter does not make it right.
    checked = prompt.check(text or str(prompt.earlier))
    if checked.error:
        return Refusal(MESSAGES.get(checked.error, checked.error))
    # A way to say none keeps nothing of what was there.
    return checked.value or _left_empty(replace(prompt, earlier=""))


def _left_empty(prompt: Prompt) -> Reply | Refusal:
    if prompt.earlier or prompt.optional:
        return prompt.earlier
    instead = ', or "don\'t know"' if prompt.dont_know else '; "quit" leaves, to go on later'
    return Refusal(f"an answer is needed here{instead}")


def _whole_word(words: tuple[str, ...], text: str) -> str | Refusal:
    """One of the words, in any case; a slip of one key is a no at most, and never anything else."""
    typed = " ".join(text.casefold().split())
    said = NO if typed == NO[0] else NOT_KNOWN if is_unknown(typed) else typed
    if said in words:
        return said
    whole = "the whole word, " if typed and any(one.startswith(typed) for one in words) else ""
    return Refusal(f"type {whole}{one_of(words)}")


def _one(prompt: Prompt, typed: str) -> str | None:
    text = plain(typed)
    if re.fullmatch(r"[0-9]+", text):
        return dict(enumerate(prompt.options, 1)).get(int(text)) if len(text) <= LONGEST_NUMBER else None
    return choice_of(text, prompt.options) or None


def _chosen(prompt: Prompt, text: str) -> Reply | Refusal:
    one = _one(prompt, text)
    if not prompt.several:
        return one or Refusal(f"give a number from 1 to {len(prompt.options)}, or the words of a choice")
    # The words of a choice may hold a comma: they are one choice before they are several.
    parts = [text] if one else re.split(r"[,;]|\s+(?=[0-9])", plain(text))
    chosen = [_one(prompt, part.strip()) for part in parts if part.strip()]
    if not chosen or None in chosen:
        return Refusal(f"give numbers from 1 to {len(prompt.options)}, such as 1,3")
    return exclusive(prompt, tuple(one for one in prompt.options if one in chosen))


def exclusive(prompt: Prompt, chosen: tuple[str, ...]) -> tuple[str, ...] | Refusal:
    """The choices, unless nothing was chosen or "none of these" was chosen beside something else."""
    if not chosen and not prompt.optional:
        return Refusal("choose at least one: move to it, press Space, then Enter")
    if NONE_OF_THESE in chosen and len(chosen) > 1:
        return Refusal(f'"{prompt.options[NONE_OF_THESE]}" cannot be combined with another choice')
    return chosen


# How a talk goes on, and back

Save = Callable[[Case], None]
"""Takes the case after every reply, to save it."""


class Quit(Exception):
    """The person wants to stop here; what was said so far has been saved."""


class Declined(Exception):
    """The person said no where only a yes may go on; the text says why nothing is written, and what to do."""


class Change(Exception):
    """The person wants to change a detail: what was said about the draft no longer counts."""


class Back(Exception):
    """The person wants to go back to what was asked before; `case` holds what was said since, if anything was."""

    def __init__(self, case: Case | None = None) -> None:
        super().__init__()
        self.case = case


def ask_alone(ask: Ask, prompt: Prompt) -> str | tuple[str, ...]:
    """The answer to a prompt by itself. Raises Quit when the person wants to stop, Back to go back."""
    reply = ask(prompt)
    if reply is Move.QUIT:
        raise Quit
    if isinstance(reply, Move):
        raise Back
    return reply


Stage = Callable[[Case, bool], Case]
"""A part of a talk: the case with what was said in it; the flag says that the person came back to it on purpose."""


def through(stages: Sequence[Stage], case: Case, to_change: int | None = None) -> Case:
    """The case after all the stages, or from the one to change on; back before a stage leads to the one before."""
    at, again = to_change or 0, to_change is not None
    while at < len(stages):
        try:
            case, at, again = stages[at](case, again), at + 1, False
        except Back as back:
            case, at, again = back.case or case, max(at - 1, 0), True
    return case


class Step(Struct, frozen=True):
    """One prompt of a talk that goes through steps: what to ask (None: skip it), and how the reply is kept."""

    prompt: Callable[[Case], Prompt | None]
    keep: Callable[[Case, Reply], Case]


def walk(steps: Sequence[Step], case: Case, ask: Ask, save: Save) -> Case:
    """The case with every reply kept, after going through the steps. Raises Back before the first, Quit when left."""
    at, before = 0, None
    done: list[tuple[int, Prompt]] = []
    while at < len(steps):
        if prompt := steps[at].prompt(case) or before:
            reply = ask(prompt)
            if reply is Move.QUIT:
                raise Quit
            if reply is Move.BACK:
                # A step that was skipped is not gone back to; one that its own reply has made needless is.
                if not done:
                    raise Back(case)
                at, before = done.pop()
                continue
            case = steps[at].keep(case, reply)
            save(case)
            done.append((at, prompt if isinstance(reply, Move) else replace(prompt, earlier=reply)))
        at, before = at + 1, None
    return case
