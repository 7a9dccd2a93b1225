"""What was typed, as it was meant, and how typed names are compared; near names, lists and plurals.

Typographic signs become plain ones in one step before every check, the same at a prompt, in a case and in a sheet.
Names and notes do not go through it.
"""

TYPE_CHECKING = False  # that of `typing` costs the quick path more than its whole answer
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_SHOWN = 60
LEADING = (["city", "and", "county", "of"], ["county", "of"])
COUNTY_WORDS = frozenset({"county", "co", "cnty"})
SMALL_WORDS = frozenset({"a", "an", "and", "at", "from", "in", "is", "of", "on", "or", "the", "to", "with"})
TRAILING = COUNTY_WORDS | {"ca", "calif", "california"}

YES_NO = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}
# Python reads 4,300 digits and TOML 64 bits, with errors of their own beyond; no count of anybody's has ten.
LONGEST_NUMBER = 9
DONT_KNOW_WORDS = frozenset({"unknown", "dk", "don't know", "dont know", "do not know", "not known"})
# Each sign with those that word processors, phones and East Asian keyboards put in its place. Digits of other scripts,
# letters that look like A to Z, and marks that turn the reading direction around are not among them.
SIGNS = {
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d",
    " ": "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "'": "\u00b4\u02bc\u2018\u2019\u201b\uff07",
    "/": "\u2044\u2215\uff0f",
    # Soft hyphens, blanks of no width, and the left-to-right marks around a number that is copied from an address book.
    "": "\u00ad\u200b\u200e\u202a\u202c\u2060\u2066\u2069\ufeff",
    **{sign: chr(ord(sign) + 0xFEE0) for sign in "()+,.:;0123456789"},  # full-width
}
PLAIN = {ord(typed): sign for sign, several in SIGNS.items() for typed in several}


def unwrapped(text: str) -> str:
    """The text inside a formula such as ="00012345", by which spreadsheets keep zeros; any other text as it is."""
    inner = text.strip(" ") if '="' in text else ""
    wraps = len(inner) > len('="') and inner.startswith('="') and inner.endswith('"')
    return inner[2:-1].replace('""', '"') if wraps else text


def plain(text: str) -> str:
    """The text in plain signs, unwrapped."""
    text = unwrapped(text)
    return text if text.isascii() else text.translate(PLAIN)


def word(text: str) -> str:
    """The text as a word to be recognized: in plain signs and small letters, with single blanks."""
    return " ".join(plain(text).casefold().split())


def yes_or_no(text: str) -> bool | None:
    """Yes or no, in any case or by the first letter; None for anything else."""
    return YES_NO[text] if text in YES_NO else YES_NO.get(word(text))


def is_unknown(text: str) -> bool:
    """Whether the text says that something is not known."""
    return word(text) in DONT_KNOW_WORDS


def whole_number(text: str) -> int | None:
    """The whole number that a text gives, also as spreadsheets write it (5.0); None for anything else."""
    number, _, decimals = plain(text).strip().partition(".")
    fits = number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER
    return int(number) if fits and not decimals.strip("0") else None


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


def did_you_mean(typed: str, known: "Iterable[str]", least: float = 0.6) -> str:
    """A question such as "did you mean a or b?"; empty when nothing known is near, as `near_names` tells."""
    names = near_names(typed, known, least=least)
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
