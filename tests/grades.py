"""How hard words are to hear: the grade of school that a text takes, with the names in it apart."""

from __future__ import annotations

import re
from collections.abc import Iterable

HARDEST = 8.0
NAME = "Bob"
"""Stands in for a name of a program or a condition: that stays as it is, however hard it reads."""


def syllables(word: str) -> int:
    """About how many syllables a word has: its groups of vowels, without a silent e or ed."""
    word = re.sub(r"(?<![td])ed$|(?<![aeiouysxz])es$|(?<=[^aeiouyl])e$", "", word.lower())
    return max(1, len(re.findall(r"[aeiouy]+", word)))


def grade(text: str) -> float:
    """The grade of school that a text takes, by Flesch and Kincaid (1975): long sentences and long words are hard."""
    words = re.findall(r"[A-Za-z']+|[0-9]+", text)
    sentences = max(1, len(re.findall(r"[.?!:](?:\s|$)", text.strip() if text.strip()[-1] in ".?!" else f"{text}.")))
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def names_apart(text: str, names: Iterable[str]) -> str:
    """The text with names that are short to read."""
    for name in names:
        text = text.replace(name, NAME)
    return text
