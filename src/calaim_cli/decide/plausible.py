"""Whether the values of the data can be what they are meant to be: texts, ids, phones, days, links."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from calaim_cli.base.errors import Problem
from calaim_cli.base.values import all_printable, email, zip_code
from calaim_cli.base.wording import did_you_mean, name_key
from calaim_cli.case.form import FIELDS
from calaim_cli.policy.leaves import Leaf
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.questions import DONT_KNOW, NONE_OF_THESE
from calaim_cli.policy.routes import Channel, Route

# Area code and exchange begin with 2 to 9 and are no service code (211, 911); 555 is in no area, and only films have
# it as an exchange, but for the invented numbers of examples: North American Numbering Plan.
NUMBER: Final = (
    r"(?:\+?1[-. ]?)?\(?(?!555)[2-9](?!11)[0-9]{2}\)?[-. ]?(?!555[-. ]?(?!01|[-. ]))[2-9](?!11)[0-9]{2}[-. ]?[0-9]{4}"
    r"(?:,? (?:option|ext\.?|x) ?[0-9]{1,6})?"
)
PHONE: Final = re.compile(rf"{NUMBER}(?: or {NUMBER})*")
TTY: Final = re.compile(rf"(?:711|{NUMBER})(?: or (?:711|{NUMBER}))*")  # 711 is the relay service
LINK: Final = re.compile(r"(?:https?://)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?:[/?#][!-~]*)?")
DAY: Final = re.compile(r"(?:19|20)[0-9]{2}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?")
ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

LINKS: Final = frozenset({"link", "website", "forms", "eligibility"})
UNDATED: Final = frozenset({"date", "as_of"})  # as texts, as exact as the document's own, "" where it has none
LOOKED_AT: Final = UNDATED | {"checked"}
CALLED: Final = frozenset({"id", "name", "aliases"})
IDS: Final = frozenset(
    {"id", *(f"{table}:name" for table in ("choices", "relationships", "referral_sources", "vendors", "kinds"))}
)
# The column that a sheet of refused rows gets, and the one of the day of the answers.
COLUMNS: Final = frozenset({"problem", "problem_2", "answered_on"}).union(
    *((field.column, *field.aliases) for field in FIELDS)
)
BOTH: Final = frozenset({"current_services"})  # one fact of the referral and of the answers
PLAIN_ADDRESS: Final = "give one plain e-mail address without blanks or accents, such as name@example.org"


def implausible(policy: Policy, leaves: Iterable[Leaf]) -> Iterator[Problem]:
    """Problems of single values, whatever the entry they are of."""
    checked = {name: file.as_of for name, file in policy.files.items()}
    for leaf in leaves:
        if isinstance(leaf.value, str):
            yield from _text(leaf, leaf.value)
            yield from _shape(leaf, leaf.value)
        elif isinstance(leaf.value, float) and not 0 <= leaf.value <= 1:
            yield Problem(leaf.where, "share", "give a share from 0 to 1")
        elif isinstance(leaf.value, int) and leaf.value < 0:
            yield Problem(leaf.where, "below-zero", "is below zero: give 0 or more")
        if leaf.key in LOOKED_AT and leaf.value:
            day, last = str(leaf.value), checked[leaf.where.partition(":")[0]].isoformat()
            if _is_day(day) and day > last[: len(day)]:  # compared as exactly as it is given: a year with a year
                yield Problem(leaf.where, "dates", f"is after the file's own as_of, {last}: correct one of them")


def _text(leaf: Leaf, text: str) -> Iterator[Problem]:
    if not text.strip() and not (text == "" and leaf.key in UNDATED):
        yield Problem(leaf.where, "empty-text", "is empty: write it, or remove the key")
    elif text != text.strip():
        yield Problem(leaf.where, "blank", "starts or ends with a space or a line break: remove it")
    if not all_printable(text, "\n"):
        yield Problem(leaf.where, "text-char", "contains a control character or another invisible one: type it again")
    # By ids and names one entry points at another, and a person at both.
    if leaf.key in IDS and not ID.fullmatch(text):
        yield Problem(leaf.where, "id-char", "an id has only letters, digits, - and _: choose another")
    if leaf.key in CALLED and name_key(text) in {"", DONT_KNOW, NONE_OF_THESE}:
        words = f'"{DONT_KNOW}" and "{NONE_OF_THESE}" are answers, and cannot be an id or a name: choose another'
        yield Problem(leaf.where, "id-word", words)
    if leaf.key == "id" and ": question " in leaf.where and (text in COLUMNS - BOTH or text != text.lower()):
        yield Problem(leaf.where, "id-column", "is also a column of a sheet, or has a capital letter: choose another")


def _shape(leaf: Leaf, text: str) -> Iterator[Problem]:
    """Problems of what is dialed, followed, dated or looked up."""
    route = leaf.entry if leaf.key in {"address", "also"} and isinstance(leaf.entry, Route) else None
    dialed = route and route.channel in {Channel.PHONE, Channel.FAX}
    if (leaf.key == "phone" or dialed) and not PHONE.fullmatch(text):
        yield Problem(leaf.where, "phone", "give a telephone number of ten digits, such as 1-800-430-4263")
    if leaf.key == "tty" and not TTY.fullmatch(text):
        yield Problem(leaf.where, "phone", "give 711 or a telephone number of ten digits, such as 1-800-430-7077")
    if leaf.key == "email" and email(text) != (text, "", ""):
        yield Problem(leaf.where, "address", PLAIN_ADDRESS)
    link = text.partition(" ")[0] if route and text.startswith("http") else text if leaf.key in LINKS else ""
    if link and not LINK.fullmatch(link):
        yield Problem(leaf.where, "link", "give a link such as https://www.dhcs.ca.gov/calaim")
    if leaf.key == "by_zip:name" and (zip_code(text) != (text, "", "") or "-" in text):
        yield Problem(leaf.where, "zip", "give ZIP codes of California, five digits in quotes")
    if leaf.key in UNDATED and text and not _is_day(text):
        yield Problem(leaf.where, "dates", 'give a year, month or day such as "2026", "2026-01" or "2026-01-05"')


def absent(where: str, kind: str, names: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    """A problem for each of the names that is not known, with the one that may be meant."""
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"add it, or use a {kind} that is there"
            yield Problem(where, f"unknown-{kind}", f'there is no {kind} "{name}": {hint}')


def repeated(names: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each name that appears more than once, with how often."""
    return ((name, times) for name, times in Counter(names).items() if times > 1)


def _is_day(text: str) -> bool:
    try:
        return bool(DAY.fullmatch(text) and dt.date.fromisoformat(f"{text}-01-01"[: len("2026-01-01")]))
    except ValueError:
        return False
