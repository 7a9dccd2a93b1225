"""What a telephone number, a date of birth, an identifier may look like.

Each check gives the text as kept, with the code of what is wrong or doubtful; no message ever holds the value.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from calaim_cli.base.wording import plain, unwrapped


class Value(NamedTuple):
    """A field as kept and printed; `error` stops a draft, `warning` is listed beside it."""

    value: str
    error: str = ""
    warning: str = ""


MESSAGES = {
    "cin-format": "a Medi-Cal client index number is 9, seven digits and a letter, as on the card",
    "id-excel": "a spreadsheet has changed this number: type it as it is on the card",
    "id-ssn": "this looks like a Social Security number: do not send it; use the client index number (CIN) on the "
    "Medi-Cal card",
    "mrn-format": "a medical record number is 6 to 12 digits, leading zeros kept",
    "npi-format": "an NPI is ten digits and begins with 1 or 2",
    "npi-check": "the check digit is wrong: check the NPI in the registry",
    "phone-format": "give a telephone number with area code, such as 415-555-0123, or with country: +52 55 5555 0100",
    "not-a-value": "if there is none, write none, and say in reach_through how to reach the member (a shelter)",
    "state-format": "give the two letters of a state or territory of the United States, such as CA",
    "dob-format": "give the date as YYYY-MM-DD or MM/DD/YYYY",
    "dob-century": "the year needs four digits",
    "dob-excel": "a spreadsheet has turned this date into a number: type the date",
    "dob-time": "a date of birth has no time of day: give just the date",
    "dob-range": "not a real date, or not between 120 years ago and the referral date: check it",
    "month-format": "give year and month, such as 2027-03",
    "zip-format": "a ZIP code is five digits, or five and four; was a leading zero lost?",
    "email-format": "give one plain e-mail address, such as name@example.org",
    "lost-character": "a character was garbled (it shows as a question mark): type it again",
    "name-char": "a character that does not belong in a name, such as a line break: type it again",
    "name-length": "give 1 to 100 characters",
    "line-char": "a character that does not belong here, such as a line break: type it again on one line",
    "line-length": "give 1 to 200 characters on one line",
    "text-char": "a control character or another invisible one: type the text again",
    "text-length": "at most 1,000 characters",
    "label-format": "give 1 to 40 letters, digits and hyphens: a number of your own, never a name",
    "label-number": "this looks like one of the member's numbers: use one of your own",
}

# A day may follow: a spreadsheet makes one of a month.
MONTH = r"(20[0-9]{2})-(0?[1-9]|1[0-2])(?:-[0-9]{1,2})?|(0?[1-9]|1[0-2])/(20[0-9]{2})"
# The benefits identification card has the CIN, a check digit, the last digit of the year and the day of the year.
CIN = r"9[0-9]{7}[A-Z](?:[0-9](?:[0-9](?:00[1-9]|0[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6]))?)?"
SPREADSHEET_NUMBER = r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+|[0-9]+\.0+"
# With separators the shape tells. Nine bare digits may be another number, with zeros before it: never given out
# are area 000, 666 and 9xx, group 00 and serial 0000 (Social Security Administration, POMS RM 10201.035).
_SEPARATED = r"(?!9)[0-9]{3}(?:\s?[-._/]\s?|\s)[0-9]{2}(?:\s?[-._/]\s?|\s)[0-9]{4}"
SSN = rf"(?:{_SEPARATED}|(?!000|666|9)[0-9]{{3}}(?!00)[0-9]{{2}}(?!0000)[0-9]{{4}})"
# A number that begins with + is a telephone's: ten digits after the 1 of North America, else at most 15 (ITU-T E.164).
SSN_IN_TEXT = (
    rf"\+1(?:[ ().-]{{0,2}}[0-9]){{10}}|\+[2-9](?:[ ().-]{{0,2}}[0-9]){{6,14}}|(?<![0-9])(?<![0-9]-)({SSN})(?!-?[0-9])"
)
CIN_LETTERS = frozenset("ACDEFGHMNTUVWXYZ")  # one county's bulletin: LA County DMH NGA 12-041
PHONE = (
    r"(?i)(?:\+?1[-. ]?)?\(?([2-9](?!11)[0-9]{2})\)?[-. ]?([2-9](?!11)[0-9]{2})[-. ]?([0-9]{4})"
    r"(?:[ ,;]{0,2}(?:x|ext\.?|extension|#)[ ]?([0-9]{1,6}))?"
)
# A number abroad: a country code of ITU-T E.164 but that of North America, which PHONE knows, and at most 15 digits.
PHONE_ABROAD = r"(?i)\+(?=[2-9])((?:[-. ()]{0,2}[0-9]){7,15})(?:[ ,;]{0,2}(?:x|ext\.?|extension|#)[ ]?([0-9]{1,6}))?"
# Of the United States Postal Service: states, territories, freely associated states and the armed forces.
STATE = (
    "A[AEKLPRSZ]|C[AOT]|D[CE]|F[LM]|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEHINOPST]|N[CDEHJMVY]|O[HKR]|P[ARW]|RI|S[CD]|T[NX]|UT"
    "|V[AIT]|W[AIVY]"
)
DATE = r"(?:([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})|([0-9]{4})-([0-9]{2})-([0-9]{2}))"
# A spreadsheet writes a day with midnight, as 3/4/1988 0:00, and a database as 1988-03-04T00:00:00.
WITH_TIME = r"([0-9/-]+)[T ] ?([0-9]{1,2}:.*)"
MIDNIGHT = r"(?i)(?:00?:00(?::00(?:\.0+)?)?|12:00(?::00)? ?AM)(?:Z|\+00:?00)?"
ZIP = r"([0-9]{5})(?:-[0-9]{4})?"
EMAIL = (
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
# Printable ASCII without an encoded word: before CPython 3.13 one can hide a line break, and so a header.
SUBJECT = r"(?!.*=\?)[ -~]{1,69}"
# UTF-8 that was read as Windows-1252: a lead byte of two, three or four with the bytes that may follow it. Of the
# pairs, one is enough where it stands for a Latin letter or sign; two in a row for Greek, Cyrillic, Hebrew or Arabic.
_TAIL = "[" + re.escape(bytes(set(range(0x80, 0xC0)) - {0x81, 0x8D, 0x8F, 0x90, 0x9D}).decode("cp1252")) + "]"
DOUBLE_ENCODED = (
    rf"[\u00c2-\u00c5](?![\u2019\u201d]){_TAIL}|(?:[\u00c6-\u00df]{_TAIL}){{2}}|"
    rf"[\u00e0-\u00ef]{_TAIL}{{2}}|[\u00f0-\u00f4]{_TAIL}{{3}}"
)
JOINERS = "\u200c\u200d\u200e\u200f"  # needed in Persian, Hindi, Punjabi, Khmer and right-to-left names
REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Cf", "Zl", "Zp"})
OLDEST, USUAL_MRN = 120, 8
LONGEST_EMAIL, LONGEST_LOCAL_PART = 254, 64  # RFC 5321, 4.5.3.1
# Values of each field: the same referrer, city or language comes again and again in the rows of a sheet.
MOST_REMEMBERED = 2048


def all_printable(text: str, allowed: str = "") -> bool:
    """True where every character may be in a draft: no controls, surrogates, bidi overrides or private ones."""
    for c in allowed:
        text = text.replace(c, "")
    if text.isprintable():
        return True
    return all(c in JOINERS or unicodedata.category(c) not in REFUSED_CATEGORIES for c in set(text))


def name(text: str) -> Value:
    """A person's name: NFC, 1 to 100 characters of any script; case is never changed."""
    return _text(unwrapped(text).strip(" "), "name", 1, 100)


def line(text: str) -> Value:
    """An address, organization or other single line: NFC, 1 to 200 characters."""
    return _text(unwrapped(text).strip(" "), "line", 1, 200)


def free_text(text: str) -> Value:
    """A note: NFC, line breaks as LF, tabs and line breaks allowed, at most 1,000 characters."""
    return _text(unwrapped(text).replace("\r\n", "\n").replace("\r", "\n").strip(), "text", 0, 1000, "\t\n")


def _text(text: str, kind: str, least: int, most: int, allowed: str = "") -> Value:
    kept = unicodedata.normalize("NFC", text)
    if not all_printable(kept, allowed):
        return Value(kept, f"{kind}-char")
    return _doubted(kept) if least <= len(kept) <= most else Value(kept, f"{kind}-length")


def _doubted(kept: str) -> Value:
    """The text with what may be wrong with it, whatever it is about."""
    if any(found[1] for found in re.finditer(SSN_IN_TEXT, plain(kept))):
        return Value(kept, warning="text-ssn")
    if kept.isascii():
        return Value(kept)
    lost = "lost-character" if "\ufffd" in kept else ""
    return Value(kept, lost, "double-encoding" if re.search(DOUBLE_ENCODED, kept) else "")


def figures(text: str) -> str:
    """What was typed where a number is due, in plain signs."""
    return plain(text).strip()


def cin(text: str) -> Value:
    """A Medi-Cal client index number, also with check digit or as the whole card number; nine characters are kept."""
    given = figures(text)
    kept = given.upper().replace(" ", "").replace("-", "")
    if re.fullmatch(SPREADSHEET_NUMBER, kept) or re.fullmatch("[0-9]{10}", kept):
        return Value(kept, "id-excel")
    if re.fullmatch(SSN, given):
        return Value(kept, "id-ssn")
    if not re.fullmatch(CIN, kept) or not given.isascii():  # upper() turns a few foreign letters into A to Z
        return Value(kept, "cin-format")
    return Value(kept[:9], warning="" if kept[8] in CIN_LETTERS else "cin-letter")


def mrn(text: str) -> Value:
    """A medical record number: text, leading zeros kept. Its format is not public."""
    kept = figures(text)
    if re.fullmatch(SPREADSHEET_NUMBER, kept):
        return Value(kept, "id-excel")
    if re.fullmatch(SSN, kept):
        return Value(kept, "id-ssn")
    if not re.fullmatch("[0-9]{6,12}", kept):
        return Value(kept, "mrn-format")
    return Value(kept, warning="" if len(kept) == USUAL_MRN else "mrn-length")


def label(text: str) -> Value:
    """A number of the referrer's own for a member: letters, digits, hyphens; no nine digits in a row, and no CIN."""
    kept = figures(text)
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9-]{0,39}", kept):
        return Value(kept, "label-format" if kept else "")
    is_number = re.search("[0-9]{9}", kept.replace("-", "")) or not cin(kept).error
    return Value(kept, "label-number" if is_number else "")


def npi(text: str) -> Value:
    """A National Provider Identifier: ten digits with the Luhn check digit over 80840 and the number."""
    kept = figures(text)
    if not re.fullmatch("[12][0-9]{9}", kept):
        return Value(kept, "npi-format")
    digits = f"80840{kept}"
    doubled = (sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    fits = (sum(doubled) + sum(int(d) for d in digits[::-2])) % 10 == 0
    return Value(kept, "" if fits else "npi-check")


def phone(text: str) -> Value:
    """A telephone number, kept as (415) 555-0123, or +525555550100 of another country; x12 is an extension."""
    typed = figures(text)
    if found := re.fullmatch(PHONE, typed):
        area, office, digits, extension = found.groups()
        number = f"({area}) {office}-{digits}"
    elif found := re.fullmatch(PHONE_ABROAD, typed):
        digits, extension = found.groups()
        number = f"+{re.sub('[^0-9]', '', digits)}"
    else:
        return Value(text, "phone-format")
    return Value(f"{number} x{extension}" if extension else number)


def state(text: str) -> Value:
    """The two letters of a state or territory, in capitals."""
    given = figures(text)
    kept = given.upper()
    return Value(kept, "" if re.fullmatch(STATE, kept) and given.isascii() else "state-format")


@lru_cache(MOST_REMEMBERED)
def date_of_birth(text: str, as_of: date) -> Value:
    """A date of birth, kept as YYYY-MM-DD: a real day, not after `as_of`, at most 120 years before it."""
    given = figures(text)
    if timed := re.fullmatch(WITH_TIME, given):
        if not re.fullmatch(MIDNIGHT, timed[2]):
            return Value(given, "dob-time")
        given = timed[1]
    found = re.fullmatch(DATE, given)
    if not found and re.fullmatch("[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{2}", given):
        return Value(given, "dob-century")
    if not found:
        return Value(given, "dob-excel" if re.fullmatch(r"[0-9]{1,6}(\.0+)?", given) else "dob-format")
    month, day, year, *iso = found.groups()
    if iso[0]:
        year, month, day = iso
    try:
        born = date(int(year), int(month), int(day))
    except ValueError:
        return Value(given, "dob-range")
    return Value(born.isoformat()) if 0 <= age_on(born, as_of) <= OLDEST else Value(given, "dob-range")


def age_on(born: date, as_of: date) -> int:
    """Completed years on `as_of`; somebody born on 29 February turns a year older on 1 March."""
    return as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))


def month(text: str) -> Value:
    """A month of this century, kept as YYYY-MM; written so, as MM/YYYY, or as a day of it."""
    found = re.fullmatch(MONTH, figures(text))
    if not found:
        return Value(text, "month-format")
    year, number = found[1] or found[4], found[2] or found[3]
    return Value(f"{year}-{int(number):02}")


def zip_code(text: str) -> Value:
    """A ZIP code or ZIP+4, kept as typed."""
    kept = figures(text)
    if not re.fullmatch(ZIP, kept):
        return Value(kept, "zip-format")
    return Value(kept, warning="" if "90001" <= kept[:5] <= "96162" else "zip-state")


def email(text: str) -> Value:
    """One plain ASCII address: no display name, no quoted or international part."""
    kept = unwrapped(text).strip(" \u00a0")
    local = kept.partition("@")[0]
    fits = re.fullmatch(EMAIL, kept) and len(kept) <= LONGEST_EMAIL and len(local) <= LONGEST_LOCAL_PART
    return _doubted(kept) if fits else Value(kept, "email-format")
