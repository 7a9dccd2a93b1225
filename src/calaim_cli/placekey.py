"""Floor 0: how typed places are compared. Imports next to nothing, for the quick path."""

LEADING = (["city", "and", "county", "of"], ["county", "of"])
TRAILING = frozenset({"county", "co", "cnty", "ca", "calif", "california"})


def place_key(typed: str) -> str:
    """A place without case, accents, periods, commas, blanks, hyphens and the word county."""
    plain = typed.casefold()
    if not plain.isascii():
        plain = _without_accents(plain)
    words = plain.replace(".", " ").replace(",", " ").split()
    for lead in LEADING:
        if words[: len(lead)] == lead:
            words = words[len(lead) :]
            break
    while len(words) > 1 and words[-1] in TRAILING:
        words.pop()
    return "".join(words).replace("-", "")


def _without_accents(text: str) -> str:
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
