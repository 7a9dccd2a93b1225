"""What was typed, as it was meant: plain signs for typographic ones, and the words for yes, no and not known.

One step before every check, the same at a prompt, in a case and in a sheet. Names and notes do not go through it.
"""

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
