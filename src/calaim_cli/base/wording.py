"""Near names for "did you mean", lists and plurals, and how typed places and names are compared."""

from calaim_cli.base.folding import plain

TYPE_CHECKING = False  # that of `typing` costs the quick path more than its whole answer
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_SHOWN = 60
LEADING = (["city", "and", "county", "of"], ["county", "of"])
COUNTY_WORDS = frozenset({"county", "co", "cnty"})
SMALL_WORDS = frozenset({"a", "an", "and", "at", "from", "in", "is", "of", "on", "or", "the", "to", "with"})
TRAILING = COUNTY_WORDS | {"ca", "calif", "california"}


def name_key(text: str) -> str:
    """An id or name as it is compared: without case, blanks, hyphens and underscores."""
    return "".join(plain(text).casefold().replace("-", " ").replace("_", " ").split())


def telling_words(text: str) -> frozenset[str]:
    """The words of a text without case, but for those that tell nothing by themselves, such as "the"."""
    import re

    return frozenset(re.findall(r"[^\W_]+", plain(text).casefold())) - SMALL_WORDS


def choice_of(typed: str, choices: "Mapping[str, str]") -> str:
    """The id of the choice that is typed, by its id or its words; empty where it is none of them."""
    if typed in choices:
        return typed
    key = name_key(typed)
    return next((one for one, words in choices.items() if key in (name_key(one), name_key(words))), "")


def names_several(typed: str, known: "Iterable[str]") -> bool:
    """Whether one text holds several names, such as "a, b" or "a and b", of which at least one is known or near."""
    import re

    names, text = tuple(known), plain(typed).casefold()
    parts = [part for part in re.split(r"[,;/&+|\n]|\b(?:and|or)\b", text) if part.strip()]
    near = [part for part in parts if near_names(part, names, least=0.8)]
    # Many a name has "or" in it, and a part of it may be near another name.
    wanted = 1 if re.search(r"[,;/&+|\n]", text) or set(map(name_key, near)) & set(map(name_key, names)) else 2
    return len(parts) > 1 and len(near) >= wanted


def near_names(typed: str, known: "Iterable[str]", most: int = 3, least: float = 0.6) -> tuple[str, ...]:
    """Up to `most` of the known names that share at least `least` of the letters with what was typed, nearest first."""
    import difflib

    by_key = {name_key(name): name for name in known}
    keys = difflib.get_close_matches(name_key(typed), by_key, n=most, cutoff=least)
    return tuple(by_key[key] for key in keys)


def did_you_mean(typed: str, known: "Iterable[str]") -> str:
    """A question such as "did you mean a or b?"; empty when nothing known is near."""
    names = near_names(typed, known)
    return f"did you mean {one_of(names)}?" if names else ""


def folded(text: str, width: int, hanging: str = "") -> list[str]:
    """The text on lines of so many characters, one at least; no word, and so no phone number, is cut in two.

    `hanging` stands before all lines but the first.
    """
    import textwrap

    return textwrap.wrap(text, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False) or [""]


def one_of(names: "Iterable[str]") -> str:
    """The names as a list in words: "a", "a or b", "a, b or c"."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def counted(number: int, thing: str, things: str = "") -> str:
    """The number with its noun in the singular or plural: "1 case", "2 cases"; `things` is a plural without s."""
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"


def shown(typed: str) -> str:
    """What a person typed, safe to print: control characters escaped, at most LONGEST_SHOWN characters, in quotes."""
    text = typed if len(typed) <= LONGEST_SHOWN else f"{typed[:LONGEST_SHOWN]}..."
    printable = (c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
    return f'"{"".join(printable)}"'


def place_key(typed: str) -> str:
    """A place without case, accents, periods, commas, blanks, hyphens and the word county."""
    folded = plain(typed).casefold()
    if not folded.isascii():
        import unicodedata

        folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    words = _words(folded)
    for lead in LEADING:
        if words[: len(lead)] == lead:
            words = words[len(lead) :]
            break
    while len(words) > 1 and words[-1] in TRAILING:
        words.pop()
    return "".join(words).replace("-", "")


def is_called_county(typed: str) -> bool:
    """Whether the word county stands in what was typed, so that no city is meant."""
    return not COUNTY_WORDS.isdisjoint(_words(typed.casefold()))


def _words(text: str) -> "list[str]":
    return text.replace(".", " ").replace(",", " ").split()
