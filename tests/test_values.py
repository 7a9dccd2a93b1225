"""Fields: what a name, number, date or address may look like, and what is said about one that does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.base import values
from calaim_cli.base.errors import CAUTIONS
from calaim_cli.base.values import MESSAGES, Value
from conftest import AS_OF


def born(text: str) -> Value:
    """A date of birth, checked on the day the tests are decided for."""
    return values.date_of_birth(text, AS_OF)


CHECKS: dict[str, Callable[[str], Value]] = {
    "name": values.name,
    "line": values.line,
    "free_text": values.free_text,
    "cin": values.cin,
    "mrn": values.mrn,
    "npi": values.npi,
    "phone": values.phone,
    "state": values.state,
    "date_of_birth": born,
    "zip_code": values.zip_code,
    "email": values.email,
}
ANY_CHECK = pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
ANYTHING = st.text(st.characters(), max_size=60)
"""Any code points at all, lone surrogates among them."""
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
MATHEMATICAL = {ord("0") + n: 0x1D7CE + n for n in range(10)}
ACCEPTED = {
    "cin": "91234567A",
    "mrn": "00012345",
    "npi": "1234567893",
    "phone": "415-555-0123",
    "date_of_birth": "1980-03-04",
    "zip_code": "94401",
    "email": "pat@example.org",
}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("91234567A", "91234567A", id="nine characters"),
        pytest.param("91234567a", "91234567A", id="small letter"),
        pytest.param(" 9123-4567 A ", "91234567A", id="blanks and hyphens"),
        pytest.param("91234567A2", "91234567A", id="with check digit"),
        pytest.param("91234567A26001", "91234567A", id="card, first day of the year"),
        pytest.param("91234567A26099", "91234567A", id="card, day 99"),
        pytest.param("91234567A26100", "91234567A", id="card, day 100"),
        pytest.param("91234567A26299", "91234567A", id="card, day 299"),
        pytest.param("91234567A26366", "91234567A", id="card, last day of a leap year"),
    ],
)
def test_cin_is_kept_as_nine_characters(typed: str, kept: str) -> None:
    """A client index number may be copied from the card in any of its forms; nine characters are sent."""
    assert values.cin(typed) == Value(kept)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param("81234567A", "cin-format", id="does not begin with 9"),
        pytest.param("9123456A", "cin-format", id="a digit too few"),
        pytest.param("912345678A", "cin-format", id="a digit too many"),
        pytest.param("91234567", "cin-format", id="no letter"),
        pytest.param("91234567AB", "cin-format", id="two letters"),
        pytest.param("91234567A123", "cin-format", id="half a card number"),
        pytest.param("91234567A26000", "cin-format", id="card, day 0"),
        pytest.param("91234567A26367", "cin-format", id="card, day 367"),
        pytest.param("91234567A26400", "cin-format", id="card, day 400"),
        pytest.param("91234567\u017f", "cin-format", id="long s, which upper() makes an S"),
        pytest.param("91234567\u0131", "cin-format", id="dotless i, which upper() makes an I"),
        pytest.param("91234567\u0410", "cin-format", id="Cyrillic letter A"),
        pytest.param("912-34-5678", "cin-format", id="taxpayer number, not an SSN"),
        pytest.param("", "cin-format", id="empty"),
        pytest.param("9.12E+09", "id-excel", id="spreadsheet exponent"),
        pytest.param("9e9", "id-excel", id="spreadsheet short exponent"),
        pytest.param("9123456700.0", "id-excel", id="spreadsheet float"),
        pytest.param("9123456700", "id-excel", id="ten digits: a letter E was read as an exponent"),
        pytest.param("123-45-6789", "id-ssn", id="SSN with hyphens"),
        pytest.param("123456789", "id-ssn", id="SSN in digits"),
        pytest.param("123 45 6789", "id-ssn", id="SSN with blanks"),
        pytest.param("123.45.6789", "id-ssn", id="SSN with dots"),
        pytest.param("123\u201345\u20136789", "id-ssn", id="SSN with en dashes"),
    ],
)
def test_cin_is_refused(typed: str, code: str) -> None:
    """A damaged number, a look-alike letter or a Social Security number is never taken for a CIN."""
    assert values.cin(typed).error == code


@pytest.mark.parametrize("letter", "BIJKLOPQRS")
def test_unusual_cin_letter_is_only_a_doubt(letter: str) -> None:
    """The list of letters rests on one county's bulletin, so another letter warns and does not stop."""
    assert values.cin(f"91234567{letter}") == Value(f"91234567{letter}", warning="cin-letter")


@pytest.mark.parametrize(
    ("typed", "error", "warning"),
    [
        pytest.param("00012345", "", "", id="usual length, zeros kept"),
        pytest.param("012345", "", "mrn-length", id="shortest"),
        pytest.param("012345678901", "", "mrn-length", id="longest"),
        pytest.param("12345", "mrn-format", "", id="too short"),
        pytest.param("0123456789012", "mrn-format", "", id="too long"),
        pytest.param("1234 5678", "mrn-format", "", id="blank inside"),
        pytest.param("A1234567", "mrn-format", "", id="letter"),
        pytest.param("123456789", "id-ssn", "", id="SSN in digits"),
        pytest.param("000123456", "", "mrn-length", id="nine digits that are no SSN: zeros before it"),
        pytest.param("123-45-6789", "id-ssn", "", id="SSN with hyphens"),
        pytest.param("123 45 6789", "id-ssn", "", id="SSN with blanks"),
        pytest.param("123.45.6789", "id-ssn", "", id="SSN with dots"),
        pytest.param("1.2345E+7", "id-excel", "", id="spreadsheet exponent"),
        pytest.param("12345678.0", "id-excel", "", id="spreadsheet float"),
    ],
)
def test_mrn(typed: str, error: str, warning: str) -> None:
    """A record number is text: leading zeros stay, a length other than eight is doubted, a damaged one refused."""
    assert values.mrn(typed) == Value(typed, error, warning)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param("1234567893", "", id="check digit fits"),
        pytest.param("1234567890", "npi-check", id="check digit does not fit"),
        pytest.param("1234567983", "npi-check", id="two digits changed places"),
        pytest.param("3234567893", "npi-format", id="begins with 3"),
        pytest.param("123456789", "npi-format", id="nine digits"),
        pytest.param("12345678931", "npi-format", id="eleven digits"),
        pytest.param("1234567893.0", "npi-format", id="spreadsheet float"),
    ],
)
def test_npi(typed: str, code: str) -> None:
    """A mistyped NPI is caught by its check digit."""
    assert values.npi(typed) == Value(typed, code)


@given(st.from_regex(r"[12][0-9]{8}", fullmatch=True))
def test_npi_has_one_check_digit(nine: str) -> None:
    """Of the ten numbers with the same first nine digits exactly one is an NPI."""
    assert sum(values.npi(f"{nine}{digit}").error == "" for digit in range(10)) == 1


@pytest.mark.parametrize(
    "typed",
    [
        "415-555-0123",
        "(415) 555-0123",
        "415.555.0123",
        "415 555 0123",
        "4155550123",
        "1-415-555-0123",
        "+1 (415) 555-0123",
        "+14155550123",
        " 415-555-0123\n",
    ],
)
def test_phone_is_printed_one_way(typed: str) -> None:
    """However a US number is typed, the draft prints it as (415) 555-0123."""
    assert values.phone(typed) == Value("(415) 555-0123")


@pytest.mark.parametrize(
    "typed",
    [
        *("415-555-0123 x12", "415-555-0123, ext. 12", "415-555-0123EXT12", "415-555-0123 X 12"),
        *("415-555-0123 #12", "415-555-0123 extension 12", "(415) 555-0123; Extension 12", "415-555-0123#12"),
    ],
)
def test_phone_keeps_the_extension(typed: str) -> None:
    """An extension is part of the number: without it nobody reaches the referrer."""
    assert values.phone(typed) == Value("(415) 555-0123 x12")


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("911", id="emergency"),
        pytest.param("911-555-0123", id="911 as area code"),
        pytest.param("415-911-0123", id="911 as office code"),
        pytest.param("411-555-0123", id="411 as area code"),
        pytest.param("115-555-0123", id="area code begins with 1"),
        pytest.param("415-055-0123", id="office code begins with 0"),
        pytest.param("555-0123", id="no area code"),
        pytest.param("415-555-012", id="a digit too few"),
        pytest.param("415-555-01234", id="a digit too many"),
        pytest.param("52 55 5555 0100", id="no plus before the country"),
        pytest.param("+1 52 55 5555 0100", id="country of North America, and too long for it"),
        pytest.param("+1 911 555 0123", id="911 as area code, with country"),
        pytest.param("+52 5555", id="too short for another country"),
        pytest.param("+52 55 5555 0100 0100 01", id="too long for another country"),
        pytest.param("+052 55 5555 0100", id="no country begins with 0"),
        pytest.param("+52 55 5555 0100\nBcc: x@example.org", id="header after one of another country"),
        pytest.param("415-555-0123 x1234567", id="extension of seven digits"),
        pytest.param("415-555-0123\nBcc: x@example.org", id="header after it"),
        pytest.param("415-555-0123 or 415-555-0124", id="two numbers"),
        pytest.param("4.155550123E9", id="spreadsheet exponent"),
    ],
)
def test_phone_is_refused(typed: str) -> None:
    """What can be neither a US number with area code nor one with a country is refused; no digit is guessed."""
    assert values.phone(typed).error == "phone-format"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+52 55 5555 0100", "+525555550100"),
        ("+52 (55) 5555-0100", "+525555550100"),
        ("+525555550100", "+525555550100"),
        ("+44 20 7946 0123 ext. 12", "+442079460123 x12"),
        ("+63 2 8555 0100#7", "+63285550100 x7"),
    ],
)
def test_phone_of_another_country_is_taken(typed: str, kept: str) -> None:
    """A member may be reached by a family phone abroad: with its country it is kept in one form."""
    assert values.phone(typed) == Value(kept)


@pytest.mark.parametrize(("typed", "kept"), [("CA", "CA"), (" nv ", "NV"), ("pr", "PR"), ("Dc", "DC"), ("AE", "AE")])
def test_state_is_two_letters(typed: str, kept: str) -> None:
    """A state or territory is known by its two letters, in any case."""
    assert values.state(typed) == Value(kept)


@pytest.mark.parametrize("typed", ["XX", "Nevada", "N", "N.V.", "\u017fd", "C\u0410", "BC", "CA, NV"])
def test_what_is_no_state_is_refused(typed: str) -> None:
    """Other letters, or those that only look like a state's, get into no address."""
    assert values.state(typed).error == "state-format"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("1980-03-04", "1980-03-04", id="ISO"),
        pytest.param("03/04/1980", "1980-03-04", id="as the form writes it"),
        pytest.param("3/4/1980", "1980-03-04", id="without zeros"),
        pytest.param("12/31/1980", "1980-12-31", id="month first"),
        pytest.param("2000-02-29", "2000-02-29", id="leap day of a century that has one"),
        pytest.param("02/29/2024", "2024-02-29", id="leap day"),
        pytest.param(AS_OF.isoformat(), AS_OF.isoformat(), id="born on the day itself"),
        pytest.param("1905-11-23", "1905-11-23", id="120 years, 121 tomorrow"),
        pytest.param(" 1980-03-04\n", "1980-03-04", id="blanks and a line break around it"),
        pytest.param("3/4/1980 0:00", "1980-03-04", id="midnight, as Excel writes it"),
        pytest.param("03/04/1980 12:00:00 AM", "1980-03-04", id="midnight of a twelve-hour clock"),
        pytest.param("1980-03-04T00:00:00", "1980-03-04", id="midnight, as a database writes it"),
        pytest.param("1980-03-04 00:00:00.000", "1980-03-04", id="midnight to the millisecond"),
        pytest.param("1980-03-04T00:00:00Z", "1980-03-04", id="midnight, universal time"),
    ],
)
def test_date_of_birth_is_kept_as_iso(typed: str, kept: str) -> None:
    """Both ways of writing a date mean one day, and the month comes first between slashes."""
    assert born(typed) == Value(kept)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param("2023-02-29", "dob-range", id="no leap year"),
        pytest.param("1900-02-29", "dob-range", id="1900 had no leap day"),
        pytest.param("1980-13-01", "dob-range", id="month 13"),
        pytest.param("31/12/1980", "dob-range", id="day first"),
        pytest.param("04/31/1980", "dob-range", id="31 April"),
        pytest.param("0000-01-01", "dob-range", id="year 0"),
        pytest.param((AS_OF + timedelta(days=1)).isoformat(), "dob-range", id="born tomorrow"),
        pytest.param("1905-11-22", "dob-range", id="121 years today"),
        pytest.param("3/4/80", "dob-century", id="two-digit year"),
        pytest.param("01-01-30", "dob-century", id="two-digit year with hyphens"),
        pytest.param("80-03-04", "dob-century", id="two-digit year first"),
        pytest.param("29284", "dob-excel", id="days since 1900"),
        pytest.param("29284.0", "dob-excel", id="days since 1900 as a float"),
        pytest.param("19800304", "dob-format", id="no separators"),
        pytest.param("1980-W10-2", "dob-format", id="ISO week"),
        pytest.param("1980-3-4", "dob-format", id="ISO without zeros"),
        pytest.param("1980/03/04", "dob-format", id="year first with slashes"),
        pytest.param("March 4, 1980", "dob-format", id="in words"),
        pytest.param("1980-03-04 at noon", "dob-format", id="with more words"),
        pytest.param("1980-03-04\nBcc: x@example.org", "dob-format", id="header after it"),
    ],
)
def test_date_of_birth_is_refused(typed: str, code: str) -> None:
    """No century, month or spreadsheet number is ever guessed into a date of birth."""
    assert born(typed) == Value(typed, code)


@pytest.mark.parametrize(
    "time", [" 8:00", "T00:00:01", " 12:00", " 12:00 PM", "T24:00:00", "T23:59:59Z", "T00:00:00-08:00", " 0:00 x"]
)
def test_time_of_day_is_not_dropped(time: str) -> None:
    """Only midnight says nothing: with another time of day the date may be that of an event, or of another zone."""
    assert born(f"1980-03-04{time}").error == "dob-time"


@pytest.mark.parametrize(
    ("day", "age"),
    [
        pytest.param(date(2026, 2, 28), 21, id="the day before 1 March"),
        pytest.param(date(2026, 3, 1), 22, id="1 March"),
        pytest.param(date(2028, 2, 28), 23, id="leap year, the day before"),
        pytest.param(date(2028, 2, 29), 24, id="leap year, the day"),
    ],
)
def test_age_of_somebody_born_on_a_leap_day(day: date, age: int) -> None:
    """Age is in completed years; a leap-day child turns a year older on 1 March of other years."""
    assert values.age_on(date(2004, 2, 29), day) == age


@pytest.mark.parametrize(
    ("typed", "error", "warning"),
    [
        pytest.param("90001", "", "", id="first of California"),
        pytest.param("96162", "", "", id="last of California"),
        pytest.param("94401-1234", "", "", id="with four more"),
        pytest.param("90000", "", "zip-state", id="before California"),
        pytest.param("96163", "", "zip-state", id="after California"),
        pytest.param("02139", "", "zip-state", id="another state"),
        pytest.param("2139", "zip-format", "", id="leading zero lost"),
        pytest.param("944011234", "zip-format", "", id="nine digits without hyphen"),
        pytest.param("94401-12", "zip-format", "", id="hyphen and two"),
        pytest.param("94401.0", "zip-format", "", id="spreadsheet float"),
        pytest.param("SW1A 1AA", "zip-format", "", id="British"),
    ],
)
def test_zip_code(typed: str, error: str, warning: str) -> None:
    """A ZIP code is kept as typed; one outside California is doubted, one with a lost zero refused."""
    assert values.zip_code(typed) == Value(typed, error, warning)


def test_short_zip_code_asks_for_the_lost_zero() -> None:
    """The usual cause of a four-digit ZIP code is named."""
    assert "leading zero" in MESSAGES["zip-format"]


@pytest.mark.parametrize(
    "typed",
    [
        "pat@example.org",
        "pat.o'example+test@clinic.example.org",
        "REGION-KPNC@example.org",
        "a@b.co",
        pytest.param("a" * 64 + "@example.org", id="longest local part"),
        pytest.param("a@" + "b" * 63 + ".org", id="longest label"),
        pytest.param("a@" + "b." * 124 + "org", id="253 characters"),
    ],
)
def test_email_is_kept(typed: str) -> None:
    """A plain address is kept exactly as typed, letter case too."""
    assert values.email(typed) == Value(typed)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("pat", id="no domain"),
        pytest.param("pat@localhost", id="no top domain"),
        pytest.param("pat@@example.org", id="two at signs"),
        pytest.param("pat@example.org\n", id="trailing line break"),
        pytest.param("pat@example.org\r\nBcc: x@example.org", id="injected Bcc"),
        pytest.param("pat@example.org,x@example.org", id="two addresses"),
        pytest.param("pat@example.org x@example.org", id="two addresses, blank"),
        pytest.param("Pat Example <pat@example.org>", id="display name"),
        pytest.param('"pat example"@example.org', id="quoted local part"),
        pytest.param("pat@exämple.org", id="international domain"),
        pytest.param("pät@example.org", id="international local part"),
        pytest.param("=?utf-8?q?pat=0D=0ABcc:_x?=@example.org.", id="encoded word"),
        pytest.param(".pat@example.org", id="leading dot"),
        pytest.param("pat.@example.org", id="dot before the at sign"),
        pytest.param("pat..e@example.org", id="two dots"),
        pytest.param("pat@-example.org", id="label begins with a hyphen"),
        pytest.param("pat@[192.0.2.1]", id="address literal"),
        pytest.param("pat@192.0.2.1", id="bare number"),
        pytest.param("a" * 65 + "@example.org", id="local part too long"),
        pytest.param("a@" + "b" * 64 + ".org", id="label too long"),
        pytest.param("a@" + "b." * 125 + "org", id="255 characters"),
    ],
)
def test_email_is_refused(typed: str) -> None:
    """Only one bare ASCII address passes, so nothing can add a recipient or a header."""
    assert values.email(typed).error == "email-format"


NAMES = {
    "Latin": "José Núñez-O’Brien",  # noqa: RUF001 a real apostrophe
    "Vietnamese": "Trần Thị Ánh",
    "Chinese": "王小明",
    "Arabic": "فاطمة الزهراء",
    "Persian": "علی‌رضا",  # with a zero-width non-joiner, as it is written
    "Hebrew": "שרה לוי",
    "Hindi": "क्‍षमा देवी",  # with a zero-width joiner
    "Khmer": "សុខា",
    "Korean": "김영희",
    "Armenian": "Անահիտ",
    "Cyrillic": "Наталья",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_names_of_every_script_pass(name: str) -> None:
    """Nobody's name is refused for its script, and no letter of it is changed."""
    assert values.name(name) == Value(name)


def test_names_are_composed_and_keep_their_case() -> None:
    """Two ways of typing one letter give one name; case is never changed."""
    assert values.name(" de la Cruz-Mun\u0303oz ") == Value("de la Cruz-Mu\u00f1oz")


HOSTILE = {
    "line feed": "a\nb",
    "trailing line feed": "ab\n",
    "carriage return": "a\rb",
    "tab": "a\tb",
    "NUL": "a\0b",
    "escape": "a\x1b[2Jb",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "paragraph separator": "a\u2029b",
    "override to the left": "a\u202eb",
    "isolate": "a\u2066b",
    "byte-order mark": "\ufeffab",
    "tag character": "a\U000e0041b",
    "private use": "a\ue000b",
    "noncharacter": "a\uffffb",
    "lone surrogate": "a\ud800b",
    "zero-width space": "a\u200bb",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize(("check", "code"), [(values.name, "name-char"), (values.line, "line-char")])
def test_lines_refuse_what_a_reader_cannot_see(check: Callable[[str], Value], code: str, text: str) -> None:
    """A line break, control or direction override never reaches a draft through a name or address."""
    assert check(text).error == code


ALSO_FINE_IN_TEXT = {"line feed", "trailing line feed", "carriage return", "tab"}


@pytest.mark.parametrize("text", [text for name, text in HOSTILE.items() if name not in ALSO_FINE_IN_TEXT])
def test_text_refuses_what_a_reader_cannot_see(text: str) -> None:
    """Notes may have lines and tabs, and nothing else that is invisible."""
    assert values.free_text(f"note: {text}.").error == "text-char"


def test_text_keeps_lines_and_tabs() -> None:
    """Line breaks of any system become one kind, and tabs stay."""
    assert values.free_text("one\r\ntwo\rthree\n\tfour\n") == Value("one\ntwo\nthree\n\tfour")


@pytest.mark.parametrize(
    ("check", "longest", "code"),
    [
        pytest.param(values.name, 100, "name-length", id="name"),
        pytest.param(values.line, 200, "line-length", id="line"),
        pytest.param(values.free_text, 1000, "text-length", id="text"),
    ],
)
def test_lengths(check: Callable[[str], Value], longest: int, code: str) -> None:
    """The longest text passes whole, one character more is refused: nothing is ever cut."""
    assert check("x" * longest) == Value("x" * longest)
    assert check("x" * (longest + 1)).error == code


@pytest.mark.parametrize("check", [values.name, values.line])
def test_empty_line_is_refused(check: Callable[[str], Value]) -> None:
    """Blanks alone are no name and no address."""
    assert check("   ").error.endswith("-length")


TEXTS = pytest.mark.parametrize(
    "check", [values.name, values.line, values.free_text], ids=["name", "line", "free text"]
)


@TEXTS
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SSN 123-45-6789.", id="hyphens"),
        pytest.param("SSN-123-45-6789", id="hyphen before it"),
        pytest.param("ssn:123456789", id="digits"),
        pytest.param("is 123 45 6789 5 times", id="blanks"),
        pytest.param("123.45.6789", id="dots"),
        pytest.param("123 - 45 - 6789", id="hyphens between blanks"),
        pytest.param("123-45 6789", id="hyphen and blank"),
        pytest.param("123\u201145\u20116789", id="non-breaking hyphens"),
        pytest.param("123\u201345\u20136789", id="en dashes"),
        pytest.param("123\u00a045\u00a06789", id="non-breaking blanks"),
        pytest.param("call +1 415 555 0123, 123-45-6789", id="beside a telephone number"),
    ],
)
def test_text_with_a_social_security_number_warns(check: Callable[[str], Value], text: str) -> None:
    """A Social Security number is pointed out before it is sent, wherever it stands and however it is written."""
    assert check(text) == Value(text, warning="text-ssn")


@TEXTS
@pytest.mark.parametrize(
    "text",
    [
        "call 415-555-0123",
        "(415) 555-0123 x123",
        "415.555.0123",
        "1 415 555 0123",
        "+1 (415) 555-0123",
        "+52 555 55 0123",
        "NPI 1234567893",
        "CIN 91234567A",
        "CIN 91234567A26001",
        "MRN 00012345",
        "MRN 000123456",
        "Oakland, CA 94601-1234",
        "Reno, NV 89501-1234",
        "Boston, MA 02108-1234",
        "born 1988-03-04",
        "born 03-04-1988",
        "912-34-5678",
    ],
)
def test_other_numbers_are_no_social_security_numbers(check: Callable[[str], Value], text: str) -> None:
    """Telephones, ZIP+4, NPIs, CINs and dates raise no false alarm: it would teach to pass over a true one."""
    assert check(text) == Value(text)


def test_email_with_a_social_security_number_warns() -> None:
    """An address is a text, too."""
    assert values.email("123-45-6789@example.org").warning == "text-ssn"


def doubled(text: str) -> str:
    """The text as it looks when its UTF-8 was read as Windows-1252."""
    return text.encode().decode("cp1252", "replace")


@TEXTS
@pytest.mark.parametrize(
    "text", ["Mu\u00f1oz", "MU\u00d1OZ", "Jos\u00e9", "O\u2019Brien", "\u00c9lan", "\u0160koda", "Zo\u00eb 1"]
)
def test_double_encoding_is_pointed_out(check: Callable[[str], Value], text: str) -> None:
    """A name that was garbled between two programs is not the member's name: somebody has to look."""
    broken = doubled(text)
    assert check(broken) == Value(broken, warning="double-encoding")
    assert check(text) == Value(text)
    assert check(doubled(broken)).warning == "double-encoding"


@pytest.mark.parametrize("text", ["\u0418\u0432\u0430\u043d", "\u5f20\u4f1f", "\u0646\u0648\u0631"])
def test_double_encoding_of_other_scripts(text: str) -> None:
    """Cyrillic, Chinese and Arabic look worse still when encoded twice."""
    assert values.name(text.encode().decode("cp1252", "ignore")).warning == "double-encoding"


def test_lost_character_is_refused() -> None:
    """What was lost on the way is told in a case as in a sheet: nobody can know which letter it was."""
    for check in (values.name, values.line, values.free_text):
        assert check("Nu\ufffdez").error == "lost-character"


@pytest.mark.parametrize(("kind", "good"), ACCEPTED.items(), ids=ACCEPTED.keys())
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text.translate(ARABIC), id="Arabic-Indic digits"),
        pytest.param(lambda text: text.translate(MATHEMATICAL), id="digits of mathematics"),
        pytest.param(lambda text: f"{text}\nBcc: x@example.org", id="line after it"),
        pytest.param(lambda text: f"{text[:3]}\n{text[3:]}", id="line break inside"),
        pytest.param(lambda text: f"{text}\0", id="NUL"),
        pytest.param(lambda text: f"{text}\u202e", id="direction override"),
        pytest.param(lambda text: f"{text}\ud800", id="lone surrogate"),
    ],
)
def test_foreign_digits_and_hidden_characters_are_refused(kind: str, good: str, damage: Callable[[str], str]) -> None:
    """Only plain ASCII fits a number, date or address; its look-alikes are refused, not read."""
    damaged = damage(good)
    assert CHECKS[kind](good).error == ""
    assert damaged == good or CHECKS[kind](damaged).error


@ANY_CHECK
def test_empty_text_never_raises(check: Callable[[str], Value]) -> None:
    """A field that is there but empty is answered with a code, or kept empty."""
    assert check("").value == ""


@ANY_CHECK
@given(text=ANYTHING)
def test_every_check_answers_with_known_codes(check: Callable[[str], Value], text: str) -> None:
    """No text whatever makes a check fail; each code it gives has a sentence that says what to do."""
    checked = check(text)
    assert checked.error in {"", *MESSAGES}
    assert checked.warning in {"", *CAUTIONS}


LIKE = st.one_of(
    ANYTHING,
    st.text("0123456789/-", max_size=11),
    st.from_regex(values.DATE, fullmatch=True),
    st.from_regex(values.PHONE, fullmatch=True),
    st.from_regex(values.PHONE_ABROAD, fullmatch=True),
    st.dates(date(1900, 1, 1), AS_OF).map(lambda day: f"{day.month}/{day.day}/{day.year}"),
)


@given(LIKE)
def test_accepted_dates_are_iso(text: str) -> None:
    """Whatever was typed, an accepted date of birth is a real day written YYYY-MM-DD, not in the future."""
    checked = born(text)
    if not checked.error:
        assert date.fromisoformat(checked.value).isoformat() == checked.value
        assert checked.value <= AS_OF.isoformat()


@given(LIKE)
def test_accepted_phones_are_printed_one_way(text: str) -> None:
    """Whatever was typed, an accepted number is printed as (ddd) ddd-dddd or +digits, with x for an extension."""
    checked = values.phone(text)
    if not checked.error:
        one = r"(?:\([2-9][0-9]{2}\) [2-9][0-9]{2}-[0-9]{4}|\+[2-9][0-9]{6,14})(?: x[0-9]{1,6})?"
        assert re.fullmatch(one, checked.value)


@given(st.one_of(ANYTHING, st.text("ab\n\r\t\u200d\u202e\ud800é ", max_size=20)))
def test_accepted_lines_are_one_line_of_encodable_text(text: str) -> None:
    """An accepted name or line can be printed in a draft: one line, and encodable as UTF-8."""
    for checked in (values.name(text), values.line(text)):
        if not checked.error:
            assert checked.value.splitlines() == [checked.value]
            assert checked.value.encode("utf-8")


@ANY_CHECK
@given(text=st.one_of(ANYTHING, LIKE, st.sampled_from(sorted(ACCEPTED.values()))))
def test_accepted_values_are_accepted_again_unchanged(check: Callable[[str], Value], text: str) -> None:
    """A value as kept may be checked again, from a saved case or a mended CSV, and stays the same."""
    checked = check(text)
    if not checked.error:
        assert check(checked.value) == checked


@pytest.mark.parametrize(
    "text",
    ["call +1 415-555-0123 123-45-6789", "+14155550123 123 45 6789", "123-45-\n6789", "123_45_6789", "123/45/6789"],
)
def test_social_security_number_is_seen_after_a_telephone(text: str) -> None:
    """A telephone number before it hides no Social Security number, nor does a line break or a slash in it."""
    assert values.free_text(text).warning == "text-ssn"


@pytest.mark.parametrize(
    "text", ["+1 415-555-0123", "+52 55 5555 0100", "+14155550123 x12", "94401-1234", "415/555/0123"]
)
def test_telephone_alone_is_no_social_security_number(text: str) -> None:
    """A number for a call, or a ZIP code, is no false alarm."""
    assert values.free_text(text).warning == ""
