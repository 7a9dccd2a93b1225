"""The quick path: whatever it answers, Typer would have answered with the same bytes and the same exit status."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pexpect  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli import quick
from calaim_cli.__main__ import write
from calaim_cli.policy import load
from calaim_cli.policy.places import Place, find_place
from calaim_cli.policy.policy import Policy
from conftest import Ran, Run

pytestmark = pytest.mark.thorough

SHIPPED = load.load()
COUNTIES = SHIPPED.counties_file.county
ZIPS = SHIPPED.gazetteer.zips()
CITIES = [city.name for city in SHIPPED.gazetteer.cities().values()]
SEVERAL = [code for code, shares in ZIPS.items() if len(shares) > 1]
ONE = [code for code, shares in ZIPS.items() if len(shares) == 1]

Answer = Callable[..., Ran | None]


@pytest.fixture
def answer(answers_folder: Path, capfd: pytest.CaptureFixture[str]) -> Answer:
    """Ask the quick path in this process; gives what it printed, or None when it left the question to Typer."""

    def ask(*arguments: str) -> Ran | None:
        capfd.readouterr()
        text = quick.quick_text([*arguments])
        return None if text is None else Ran(write(text), *capfd.readouterr())

    return ask


@pytest.fixture
def own_answers(answers_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The answers of an installed package, in use and to be changed at will."""
    folder = tmp_path / "answers"
    shutil.copytree(answers_folder, folder)
    monkeypatch.setattr(quick, "FOLDER", str(folder))
    return folder


@pytest.fixture
def by_typer(run: Run, catalog: Policy, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Ask Typer, with the data at hand."""
    monkeypatch.setattr(load, "load", lambda folder=None: catalog)
    return run


Form = Callable[[str], list[str]]
FORMS: dict[str, Form] = {
    "lines": lambda place: ["county", *place.split(" ")],
    "document": lambda place: ["county", *place.split(" "), "--json"],
    "document, option first": lambda place: ["county", "--json", place],
    "services": lambda place: ["services", "--county", place],
}
FORM = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@FORM
def test_every_county_is_answered_as_by_typer(answer: Answer, by_typer: Run, form: Form) -> None:
    """Who asks for any of the 58 counties gets, much faster, the very same bytes."""
    assert len(COUNTIES) == 58
    for county in COUNTIES:
        assert answer(*form(county.name.lower())) == by_typer(*form(county.name.lower()))


@FORM
def test_every_alias_and_code_is_answered_as_by_typer(answer: Answer, by_typer: Run, form: Form) -> None:
    """The same for each alias and FIPS code."""
    for typed in (word for county in COUNTIES for word in (*county.aliases, county.fips)):
        assert answer(*form(typed)) == by_typer(*form(typed)), typed


@FORM
def test_zip_codes_are_answered_as_by_typer(answer: Answer, by_typer: Run, form: Form) -> None:
    """The same for ZIP codes in one county; every thirtieth is tried."""
    for code in ONE[::30]:
        found = answer(*form(code))
        told = by_typer(*form(code))
        assert found == told if told.code == 0 else found is None, code


@FORM
def test_cities_are_answered_as_by_typer(answer: Answer, by_typer: Run, form: Form) -> None:
    """The same for cities in one county, with and without addresses in another; every fortieth is tried."""
    for city in CITIES[::40]:
        found, told = answer(*form(city.lower())), by_typer(*form(city.lower()))
        assert found == told if told.code == 0 else found is None, city


@pytest.mark.parametrize(
    "typed",
    [
        *("ALAMEDA", "San Mateo County", "san mateo county, ca", "San-Mateo", "county of marin", "SAN  MATEO"),
        *("oakland", "St. Helena, CA", "La Cañada Flintridge", "carmel by the sea"),
        *("City and County of San Francisco", "sán mateo", "s.f.", "l.a.", "alameda ca", "06075"),
    ],
)
def test_spellings_are_answered_as_by_typer(answer: Answer, by_typer: Run, typed: str) -> None:
    """Capitals, accents, hyphens and the word county make no difference; the document quotes what was typed."""
    for form in FORMS.values():
        found = answer(*form(typed))
        assert found is not None
        assert found == by_typer(*form(typed))


def test_every_zip_code_leads_to_its_county_or_to_typer(answers_folder: Path) -> None:
    """No ZIP code in several counties, or partly in another state, ever gets a quick answer."""
    for code in ZIPS:
        place = find_place(code, SHIPPED.gazetteer)
        document = quick._about(code, "json")
        if isinstance(place, Place):
            assert document is not None
            assert f'"county": "{place.county.name}"' in document
        else:
            assert document is None, code
    assert SEVERAL


def test_every_city_leads_to_its_county_or_to_typer(answers_folder: Path) -> None:
    """No city in several counties ever gets a quick answer, and none that is called a county."""
    for city in CITIES:
        place, document = find_place(city, SHIPPED.gazetteer), quick._about(city, "json")
        assert (document is not None) == isinstance(place, Place), city
        assert document is None or not isinstance(place, Place) or f'"county": "{place.county.name}"' in document
        assert not (isinstance(place, Place) and place.city and quick._about(f"{city} County", "json")), city


REFUSED = [
    "atlantis",
    "sb",
    "san",
    "alamedaa",
    "",
    "9440",
    "944011",
    "94401-1234",
    "00000",
    "96156",
    "brentwood",
    "Oakland County",
    "sonora co",
    "10001",
    "06",
    "٩٤٤٠١",
]


@pytest.mark.parametrize("typed", [*REFUSED, *SEVERAL[::25]])
def test_what_is_refused_is_left_to_typer(answer: Answer, by_typer: Run, typed: str) -> None:
    """Unknown, ambiguous and unlisted places: the words and the exit status are Typer's, for nothing else has any."""
    for form in FORMS.values():
        assert answer(*form(typed)) is None
    if not typed.startswith("94401-") and typed:
        assert by_typer("county", typed).code == 5


@given(st.text(max_size=30) | st.sampled_from([one.name for one in COUNTIES]).map(lambda name: f" {name}\t"))
def test_no_text_is_answered_that_typer_refuses(typed: str) -> None:
    """Whatever is typed, a quick answer is about the county that the look-up finds."""
    numbers = {quick.key(name): name for name in (one.name for one in COUNTIES)}
    found = numbers.get(quick.key(typed)) if typed.isprintable() and typed == typed.strip() else None
    if found:
        place = find_place(typed, SHIPPED.gazetteer)
        assert isinstance(place, Place)
        assert place.county.name == found


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["county"], ["county", "--json"], ["county", "--help"], ["county", "alameda", "--plain"], ["--help"]),
        *(["county", "--alameda"], ["county", "--", "alameda"], ["county", "-", "alameda"], ["county", "- alameda"]),
        *(["county", "alameda", "--data", "."], ["county", "alameda\n"], ["county", "ala\tmeda"], ["county", "\udce4"]),
        *(
            ["services"],
            ["services", "--county=marin"],
            ["services", "--county", "marin", "--json"],
            ["--version", "x"],
        ),
        *(["services", "--county", "--json"], ["counties"], ["Alameda"], ["county", " alameda"], ["county", '"la"']),
    ],
    ids=repr,
)
def test_any_other_question_is_left_to_typer(answer: Answer, arguments: list[str]) -> None:
    """The quick path answers its few questions and has no opinion on options."""
    assert answer(*arguments) is None


@pytest.mark.parametrize("name", ["CALAIM_NO_QUICK", "CALAIM_DATA", "FORCE_COLOR", "CLICOLOR_FORCE"])
def test_variables_leave_everything_to_typer(answer: Answer, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Other data, forced colors and the switch are never overlooked."""
    assert answer("county", "alameda") is not None
    monkeypatch.setenv(name, "1")
    assert answer("county", "alameda") is None
    assert answer("--version") is None


def test_version_is_that_of_typer(answer: Answer, run: Run) -> None:
    """`--version` tells program and data edition either way."""
    assert answer("--version") == run("--version")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("edition", ["--version"]),
        ("places", ["county", "alameda"]),
        ("county/alameda", ["county", "alameda"]),
        ("zip/sanmateo", ["county", "94401"]),
        ("json/alameda", ["county", "alameda", "--json"]),
        ("services/marin", ["services", "--county", "marin"]),
    ],
)
@pytest.mark.parametrize(
    "content", [None, b"", b"cut sho", b"\xff\n"], ids=["missing", "empty", "cut short", "garbled"]
)
def test_spoiled_answer_is_left_to_typer(
    answer: Answer, own_answers: Path, name: str, arguments: list[str], content: bytes | None
) -> None:
    """A file that an installation left out or broke costs time, not an answer."""
    assert answer(*arguments) is not None
    (own_answers / name).unlink()
    if content is not None:
        (own_answers / name).write_bytes(content)
    assert answer(*arguments) is None


def test_data_past_their_review_are_left_to_typer(answer: Answer, own_answers: Path) -> None:
    """From the first review date on, Typer answers, with a warning; until then nothing is slower."""
    first, _, places = (own_answers / "places").read_text("utf-8").partition("\n")
    sources, entries = ([one.review_by for one in several] for several in (SHIPPED.sources.values(), SHIPPED.entries))
    dates = [day for day in (SHIPPED.review_by, *sources, *entries) if day]
    assert first == min(dates).isoformat()
    today = date.today()  # noqa: DTZ011 the user's own day counts
    for day, quickly in ((today + timedelta(days=1), True), (today, False)):
        (own_answers / "places").write_text(f"{day}\n{places}", "utf-8")
        for form in FORMS.values():
            assert (answer(*form("alameda")) is not None) == quickly


# As programs of their own

START = """
import sys
from calaim_cli import __main__, quick
quick.FOLDER = sys.argv.pop(1)
__main__.run()
"""


class Installed(NamedTuple):
    """The command with the answers of a wheel, as a program of its own."""

    folder: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", START, str(self.folder), *arguments]

    def ran(self, *arguments: str, redirection: str = "", **settings: str) -> tuple[int, bytes, bytes]:
        """Exit status, stdout and stderr; run by a shell where streams are redirected."""
        shell = ["sh", "-c", f'exec "$@" {redirection}', "sh"] if redirection else []
        done = subprocess.run(
            [*shell, *self.command(*arguments)],
            capture_output=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **settings},
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def both(self, *arguments: str, redirection: str = "", **settings: str) -> tuple[int, bytes, bytes]:
        """The same with and without the quick path."""
        ran = self.ran(*arguments, redirection=redirection, **settings)
        assert self.ran(*arguments, redirection=redirection, **settings, CALAIM_NO_QUICK="1") == ran
        return ran


@pytest.fixture
def installed(answers_folder: Path) -> Installed:
    """The command with the answers of a wheel, as a program of its own."""
    return Installed(answers_folder)


LINES_OR_DOCUMENT = pytest.mark.parametrize(
    "arguments", [["services", "--county", "94401"], ["county", "alameda", "--json"]], ids=" ".join
)


@LINES_OR_DOCUMENT
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "utf-16"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=str,
)
def test_bytes_are_the_same_in_every_locale(
    installed: Installed, arguments: list[str], settings: dict[str, str]
) -> None:
    """In a program of its own, both ways give the same bytes, whatever the terminal's encoding is."""
    code, out, err = installed.both(*arguments, **settings)
    assert (code, err) == (0, b"")
    assert out


@pytest.mark.unix("a shell that closes streams, and the device /dev/full")
@LINES_OR_DOCUMENT
@pytest.mark.parametrize(
    ("redirection", "code"), [(">&-", 0), ("<&- >&- 2>&-", 0), (">/dev/full", 6), (">/dev/full 2>&-", 6)]
)
def test_streams_fail_the_same(installed: Installed, arguments: list[str], redirection: str, code: int) -> None:
    """A closed or full stdout ends both ways with the same status and message."""
    assert installed.both(*arguments, redirection=redirection)[0] == code


@LINES_OR_DOCUMENT
def test_reader_that_left_ends_both_ways_quietly(installed: Installed, arguments: list[str]) -> None:
    """When the reader of a pipe goes away the status is 141 and nothing is said."""
    for setting in ("", "1"):
        theirs, ours = os.pipe()
        os.close(theirs)
        env = {"PATH": os.environ["PATH"], "CALAIM_NO_QUICK": setting}
        command = installed.command(*arguments)
        done = subprocess.run(command, stdout=ours, stderr=subprocess.PIPE, env=env, timeout=60, check=False)
        os.close(ours)
        assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.unix("a pseudo-terminal")
def test_terminal_gets_its_table(installed: Installed) -> None:
    """On a terminal a county is a table as ever: the quick path is for pipes."""
    shown = {}
    for setting in ("", "1"):
        env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "CALAIM_NO_QUICK": setting, "LC_ALL": "C.UTF-8"}
        command = pexpect.spawn(sys.executable, installed.command("county", "alameda")[1:], env=env, timeout=60)
        command.expect(pexpect.EOF)
        shown[setting] = command.before
    assert shown[""] == shown["1"]
    assert b"\x1b[" in shown[""]


LINES = [
    *(
        "county ",
        "county al",
        "county San ",
        "county san m",
        "county san mateo ",
        "county zz",
        "county los",
        "county Al",
    ),
    *("services ", "services me", "services --county san-m", "services medical ", "services respite --county al"),
    *("programs ", "programs home", "counties --plan ", "counties --region n", "counties --service so", "counties "),
    *("check ", "check ca", "check sub/", "check case.toml ca", "check case.toml --program ho", "check --county los"),
    *("refer ", "refer c", "refer --service me", "refer --program ", "refer case.toml ", "interview --from c"),
    *("interview --program ", "interview ", "", "c", "county --j", "county al --", "data ", "data so", "county 'san m"),
    *("county a=", "county =", "check no/such/", "check $HOME", "services --county=al", "county san\tm"),
]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("line", LINES, ids=repr)
def test_completion_is_that_of_typer(
    answer: Answer, by_typer: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, shell: str
) -> None:
    """The tab key offers the same either way: places, services, programs, case files; and says nothing on stderr."""
    (tmp_path / "sub").mkdir()
    for name in ("case.toml", "case two.toml", "cases.json", "calendar.txt", ".case.toml", "sub/other.toml"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    words = f"calaim {line}"
    monkeypatch.setenv("_CALAIM_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", words.replace(" ", "\n"))
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", words)
    told = by_typer()
    assert (told.code, told.err) == (0, "")
    assert answer() in {told, None}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("county al", "alameda alpine"),
        ("county San ", "Benito Bernardino Diego Francisco Joaquin Luis Mateo"),
        ("county san luis o", "obispo"),
        ("services --county san-m", "san-mateo"),
        ("services med", "medically-tailored-meals"),
        ("check ca", "case.toml"),
        ("county zz", ""),
    ],
)
def test_completion_is_quick(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, offered: str
) -> None:
    """Places word by word, services and case files are offered without loading Typer."""
    (tmp_path / "case.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("_CALAIM_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"calaim\n{line.replace(' ', chr(10))}")
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" "))))
    found = answer()
    assert found is not None
    assert found.out.split() == offered.split()
