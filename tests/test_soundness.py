"""What `calaim data check` finds in somebody's own data: each mistake once made on purpose, in a copy of the files."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings

from calaim_cli.base.errors import CalaimError, InputError
from calaim_cli.case.case import read_case
from calaim_cli.decide.criteria import DECIDING
from calaim_cli.decide.determination import Parts, outcome_of
from calaim_cli.decide.screening import decide, screener
from calaim_cli.decide.soundness import find_problems
from calaim_cli.draft.draft import Drafter, formatted
from calaim_cli.draft.formats import Format
from calaim_cli.policy import load
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.rules import Truth
from conftest import AS_OF, COMPLETE, Ran, Run, changed
from drafts import GOLDEN, PROFILE
from mutants import Tables, mutants

PROGRAMS, COUNTIES, ROUTES, TALK = "programs.toml", "counties.toml", "routes.toml", "talk.toml"
END = r"\Z"
FIPS = r'fips = "06001"'

QUESTION = """
[[question]]
id = "invented_question"
topic = "person"
kind = "choices"
ask = "Invented?"
help = "Invented."
choices = { here = "Here", none = "None of these" }
"""
CRITERION = """
[[criterion]]
id = "invented_criterion"
text = "Is invented"
source = ["G26 p.1"]
"""
CONTRADICTION = """
[[contradiction]]
id = "invented"
why = "Invented."
source = ["G26 p.1"]
"""
POPULATION = """
[[population]]
id = "invented_population"
name = "Invented population"
summary = "Invented."
who = "Nobody."
"""
CONTACT = """
[[contact]]
id = "invented_contact"
name = "Invented contact"
purpose = "Invented"
"""


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Change the one place of a file that the pattern finds first, as an editor would."""
    text, times = re.subn(pattern, lambda _: replacement, path.read_text("utf-8"), count=1, flags=re.DOTALL)
    assert times == 1, f"{pattern} is not in {path.name}"
    path.write_text(text, "utf-8")


def check(run: Run, folder: Path) -> Ran:
    """The check of the folder's data, as of the day the shipped data are of."""
    return run("data", "check", "--data", folder, "--as-of", AS_OF.isoformat())


def assert_refused(ran: Ran, *parts: str) -> None:
    """Exit 4, nothing on stdout, and one line that holds all the parts: file, entry, key, what to do."""
    assert (ran.code, ran.out) == (4, ""), ran
    assert [line for line in ran.err.splitlines() if all(part in line for part in parts)], ran.err


def test_sound_data_pass(run: Run, data_copy: Path) -> None:
    """Data without a mistake pass silently, and the edition that was checked is named."""
    assert check(run, data_copy) == (0, "ok\tdata edition 2026-11, nothing wrong\n", "")


IN_PROGRAMS = {
    "rule-names-unknown-criterion": (
        POPULATION + 'source = ["G26"]\nrule = { all_of = ["adlt"] }',
        ('"invented_population"', "rule", "unknown-criterion", '"adlt"', "did you mean adult"),
    ),
    "rule-nested-names-unknown-criterion": (
        POPULATION + 'source = ["G26"]\nrule = { any_of = ["adult", { none_of = ["zzzz"] }] }',
        ('"invented_population"', "rule", "unknown-criterion", '"zzzz"'),
    ),
    "rule-without-criteria": (
        POPULATION + 'source = ["G26"]\nrule = {}',
        ('"invented_population"', "rule", "empty-rule"),
    ),
    "rule-with-empty-part": (
        POPULATION + 'source = ["G26"]\nrule = { all_of = ["adult", {}] }',
        ('"invented_population"', "rule", "empty-rule"),
    ),
    "no-rule": (POPULATION + 'source = ["G26"]', ('"invented_population"', "rule", "no-rule")),
    "population-without-source": (
        POPULATION + 'source = []\nrule = { all_of = ["adult"] }',
        ('"invented_population"', "source", "no-source"),
    ),
    "population-with-source-for-codes-only": (
        POPULATION + 'source = []\ncodes_source = ["G26"]\nrule = { all_of = ["adult"] }',
        ('"invented_population"', "source", "no-source"),
    ),
    "source-key-missing": (POPULATION, ('population "invented_population"', "source", "missing-key")),
    "question-unused": (QUESTION, ('question "invented_question"', "unused-question")),
    "question-unknown": (
        CRITERION + 'question = "agee"',
        ('criterion "invented_criterion"', "question", "unknown-question", '"agee"', "did you mean age"),
    ),
    "criterion-unused": (
        CRITERION + 'question = "managed_care"',
        ('criterion "invented_criterion"', "unused-criterion"),
    ),
    "numbers-cross": (
        CRITERION + 'question = "age"\nat_least = 30\nat_most = 20',
        ('criterion "invented_criterion"', "unreachable"),
    ),
    "number-above-the-most-accepted": (
        CRITERION + 'question = "age"\nat_least = 121',
        ('criterion "invented_criterion"', "unreachable"),
    ),
    "number-below-zero": (
        CRITERION + 'question = "age"\nat_most = -1',
        ('criterion "invented_criterion"', "unreachable"),
    ),
    "choice-unknown": (
        QUESTION + CRITERION + 'question = "invented_question"\nhas_any_of = ["there"]',
        ('criterion "invented_criterion"', "unknown-choice", '"there"'),
    ),
    "no-test-of-a-number": (CRITERION + 'question = "age"', ('criterion "invented_criterion"', "no-test", "at_least")),
    "no-test-of-choices": (
        QUESTION + CRITERION + 'question = "invented_question"',
        ('criterion "invented_criterion"', "no-test", "has_any_of"),
    ),
    "test-of-another-kind": (
        CRITERION + 'question = "managed_care"\nat_least = 1',
        ('criterion "invented_criterion"', "at_least", "test-kind"),
    ),
    "criterion-without-source": (
        CRITERION.replace('["G26 p.1"]', "[]") + 'question = "managed_care"',
        ('criterion "invented_criterion"', "source", "no-source"),
    ),
    "source-unknown": (
        CRITERION.replace("G26 p.1", "NOPE p.1") + 'question = "managed_care"',
        ('criterion "invented_criterion"', "source", "unknown-source", '"NOPE"'),
    ),
    "unsure-in-the-rule": (
        POPULATION + 'source = ["G26"]\nrule = { any_of = [{ none_of = ["aged_18_or_older"] }] }',
        ('"invented_population"', "rule", "unsure", '"aged_18_or_older"', "limit"),
    ),
    "unsure-in-an-exclusion": (
        POPULATION
        + 'source = ["G26"]\nrule = { all_of = ["adult"] }\nexcluded = { say = "No.", all_of = ["aged_18_or_older"] }',
        ('"invented_population"', "excluded", "unsure", '"aged_18_or_older"'),
    ),
    "unsure-in-the-discretion": (
        POPULATION + 'source = ["G26"]\nrule = { all_of = ["adult"] }\ndiscretion = { all_of = ["aged_18_or_older"] }',
        ('"invented_population"', "discretion", "unsure", '"aged_18_or_older"'),
    ),
    "contradiction-of-an-unknown-criterion": (
        CONTRADICTION + 'all_of = ["adlt", "ccs_enrolled"]',
        ('contradiction "invented"', "unknown-criterion", '"adlt"', "did you mean adult"),
    ),
    "contradiction-of-an-unknown-count": (
        CONTRADICTION + 'above = ["age", "stay_6_months"]',
        ('contradiction "invented"', "above", '"stay_6_months"', "did you mean stays_6_months"),
    ),
    "contradiction-of-what-is-no-count": (
        CONTRADICTION + 'above = ["age", "housing"]',
        ('contradiction "invented"', "two counts"),
    ),
    "contradiction-of-one-question": (
        CONTRADICTION + 'all_of = ["adult", "child"]',
        ('contradiction "invented"', "two questions"),
    ),
    "contradiction-of-nothing": (CONTRADICTION, ('contradiction "invented"', "two questions")),
    "contradiction-of-a-count-with-itself": (
        CONTRADICTION + 'above = ["age", "age"]',
        ('contradiction "invented"', "two questions"),
    ),
    "contradiction-of-both-kinds": (
        CONTRADICTION + 'above = ["stays_6_months", "stays_12_months"]\nall_of = ["two_stays_12_months"]',
        ('contradiction "invented"', "two questions"),
    ),
    "contradiction-that-nobody-meets": (
        CONTRADICTION + 'all_of = ["adult", "child", "ccs_enrolled"]',
        ('contradiction "invented"', "can be met by no answers"),
    ),
    "contradiction-that-all-meet": (
        CONTRADICTION + 'any_of = ["adult", "child", "ccs_enrolled"]',
        ('contradiction "invented"', "met by every answer"),
    ),
    "contradiction-without-source": (
        CONTRADICTION.replace('["G26 p.1"]', "[]") + 'all_of = ["adult", "ccs_enrolled"]',
        ('contradiction "invented"', "source", "no-source"),
    ),
    "contradiction-twice": (
        2 * (CONTRADICTION + 'all_of = ["adult", "ccs_enrolled"]'),
        ('contradiction "invented"', "duplicate-id"),
    ),
    "id-twice": (2 * (CRITERION + 'question = "managed_care"'), ('criterion "invented_criterion"', "duplicate-id")),
    "letter-with-a-place-that-nothing-fills": (
        CRITERION + 'question = "managed_care"\nletter = "Has {answer} plans"',
        ('criterion "invented_criterion"', "letter", "nothing fills {answer}"),
    ),
    "letter-with-another-threshold": (
        CRITERION.replace("Is invented", "Is 30 or older")
        + 'question = "age"\nat_least = 30\nletter = "Is {answer}, over 20"',
        ('criterion "invented_criterion"', "at_least", "not-in-text", "the letter does not name 30"),
    ),
    "brief-missing": (
        CRITERION + 'question = "managed_care"',
        ('criterion "invented_criterion"', "brief", "no-brief", "at most 40"),
    ),
    "brief-too-long": (
        CRITERION + f'question = "managed_care"\nbrief = "{41 * "x"}"',
        ('criterion "invented_criterion"', "brief", "long", "40"),
    ),
    "brief-of-another-criterion": (
        CRITERION + 'question = "managed_care"\nbrief = "Hospice care"',
        ('criterion "invented_criterion"', "brief", "duplicate-brief", '"in_hospice"'),
    ),
    "brief-with-another-threshold": (
        CRITERION.replace("Is invented", "Is 30 or older") + 'question = "age"\nat_least = 30\nbrief = "over 20"',
        ('criterion "invented_criterion"', "at_least", "not-in-text", "the brief does not name 30"),
    ),
    "letter-with-half-a-place": (
        CRITERION + 'question = "age"\nat_least = 3\nletter = "Is {answer} years old {"',
        ('criterion "invented_criterion"', "letter", "nothing fills {:", "only {answer} is known"),
    ),
    "gate-with-a-place-of-a-criterion": (
        POPULATION
        + 'source = ["G26"]\nrule.all_of = ["adult"]\nlimit = { say = "x", letter = "{answer}", any_of = ["child"] }',
        ('"invented_population"', "limit: letter", "only {which} is known"),
    ),
    "letter-of-no-choice": (
        QUESTION + '[question.letter]\nthere = "x"\nhere = " "',
        ('question "invented_question"', "letter", "unknown-choice", '"there"'),
    ),
    "question-that-is-a-column": (
        QUESTION.replace("invented_question", "county"),
        ('question "county"', "id", "id-column"),
    ),
    "question-that-is-an-alias-of-a-column": (
        QUESTION.replace("invented_question", "dob"),
        ('question "dob"', "id", "id-column"),
    ),
    "question-that-is-the-column-of-rejects": (
        QUESTION.replace("invented_question", "problem"),
        ('question "problem"', "id", "id-column"),
    ),
    "id-that-is-an-answer": (
        POPULATION.replace("invented_population", "unknown") + 'source = ["G26"]\nrule = { all_of = ["adult"] }',
        ('population "unknown"', "id", "id-word"),
    ),
    "name-that-is-an-answer": (
        POPULATION + 'source = ["G26"]\naliases = ["None"]\nrule = { all_of = ["adult"] }',
        ('population "invented_population"', "aliases", "id-word"),
    ),
    "id-with-a-blank": (QUESTION.replace("invented_question", "invented question"), ("id", "id-char")),
    "choice-with-a-semicolon": (QUESTION.replace("here =", '"he;re" ='), ("choices", "id-char")),
    "text-empty": (QUESTION.replace('"Invented?"', '""'), ('question "invented_question"', "ask", "empty-text")),
    "text-of-blanks": (QUESTION.replace('"Invented."', '"  "'), ('question "invented_question"', "help", "empty-text")),
    "choice-without-words": (
        QUESTION.replace('"Here"', '""'),
        ('question "invented_question"', "choices.here", "empty-text"),
    ),
    "text-with-an-escape-sequence": (
        QUESTION.replace("Invented?", "Invented?\\u001b[2J"),
        ('question "invented_question"', "ask", "text-char"),
    ),
    "text-with-a-blank-at-the-end": (
        QUESTION.replace("Invented?", "Invented? "),
        ('question "invented_question"', "ask", "blank"),
    ),
    "number-without-unit": (
        QUESTION.replace('"choices"', '"number"').partition("choices = {")[0],
        ('question "invented_question"', "unit"),
    ),
    "share-above-one": (QUESTION + "likely = 1.5", ('question "invented_question"', "likely", "share")),
    "threshold-that-the-text-does-not-name": (
        CRITERION.replace("Is invented", "Is 18 or older") + 'question = "age"\nat_least = 21',
        ('criterion "invented_criterion"', "at_least", "not-in-text", "21"),
    ),
    "threshold-that-is-only-the-number-of-its-months": (
        CRITERION.replace("Is invented", "Had 5 or more visits in the last 6 months")
        + 'question = "ed_visits_6_months"\nat_least = 6',
        ('criterion "invented_criterion"', "at_least", "not-in-text", "6"),
    ),
    "limit-that-the-text-does-not-name": (
        CRITERION.replace("Is invented", "Is under 18") + 'question = "age"\nat_most = 18',
        ('criterion "invented_criterion"', "at_most", "not-in-text", "18"),
    ),
    "criterion-that-every-answer-meets": (
        CRITERION.replace("Is invented", "Is 0 or older") + 'question = "age"\nat_least = 0',
        ('criterion "invented_criterion"', "always-met"),
    ),
    "rule-always-met": (
        POPULATION + 'source = ["G26"]\nrule = { any_of = ["adult", "child"] }',
        ('"invented_population"', "rule", "always-met"),
    ),
    "rule-never-met": (
        POPULATION + 'source = ["G26"]\nrule = { all_of = ["adult", "managed_care", "child"] }',
        ('"invented_population"', "rule", "unreachable"),
    ),
    "rule-with-a-part-never-met": (
        POPULATION + 'source = ["G26"]\nrule = { any_of = ["managed_care", { all_of = ["under_18", "adult"] }] }',
        ('"invented_population"', "rule", "unreachable"),
    ),
    "rule-that-zero-meets": (
        POPULATION + 'source = ["G26"]\nrule = { all_of = ["respite_hours_left"] }',
        ('"invented_population"', "rule", "zero", "respite_hours_left", "at_least"),
    ),
    "limit-that-zero-does-not-meet": (
        POPULATION
        + 'source = ["G26"]\nrule = { all_of = ["adult"] }\n'
        + 'limit = { say = "x", all_of = ["five_ed_visits_6_months"] }',
        ('"invented_population"', "limit", "zero", "at_most"),
    ),
    "day-that-is-none": (
        '[[source]]\nid = "X1"\nname = "x"\ntitle = "x"\ndate = "2026-02-30"\ngrade = "A"',
        ('source "X1"', "date", "dates"),
    ),
    "day-in-words": (
        '[[source]]\nid = "X1"\nname = "x"\ntitle = "x"\ndate = "January 2026"\ngrade = "A"',
        ('source "X1"', "date", "dates"),
    ),
    "day-after-the-file-was-checked": (
        '[[source]]\nid = "X1"\nname = "x"\ntitle = "x"\ndate = "2026-12"\ngrade = "A"',
        ('source "X1"', "date", "dates", "2026-11-26"),
    ),
    "link-that-leads-nowhere": (
        '[[source]]\nid = "X1"\nname = "x"\ntitle = "x"\ndate = ""\ngrade = "A"\nlink = "https//www.dhcs.ca.gov"',
        ('source "X1"', "link"),
    ),
    "alias-of-another": (
        POPULATION + 'source = ["G26"]\naliases = ["Respite"]\nrule = { all_of = ["adult"] }',
        ("aliases", "duplicate-name", '"respite"'),
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize(("added", "parts"), IN_PROGRAMS.values(), ids=IN_PROGRAMS)
def test_mistake_in_the_programs_is_named(run: Run, data_copy: Path, added: str, parts: tuple[str, ...]) -> None:
    """A rule that would decide wrongly, or for everybody, never goes live: file, entry, key and what to do are told."""
    edit(data_copy / PROGRAMS, END, added)
    assert_refused(check(run, data_copy), PROGRAMS, *parts)


def test_parts_that_may_not_rest_on_a_rumor() -> None:
    """Exactly those parts in which a fact of grade U is refused can make an outcome unlikely."""
    ways = [Parts(*way) for way in product((Truth.NO, Truth.YES), repeat=len(Parts._fields))]
    turning = {
        part
        for part in Parts._fields
        for way in ways
        if (outcome_of(way._replace(**{part: Truth.NO})) is Outcome.UNLIKELY)
        != (outcome_of(way._replace(**{part: Truth.YES})) is Outcome.UNLIKELY)
    }
    assert turning == DECIDING


@pytest.mark.parametrize("part", ["first", "limit", "choose_one"])
def test_rumor_may_send_to_the_plan(run: Run, data_copy: Path, part: str) -> None:
    """A fact of grade U may stand where it leads to the plan's word, a step or a choice."""
    gate = f'{part} = {{ say = "Ask.", letter = "Decide.", all_of = ["aged_18_or_older"] }}'
    edit(data_copy / PROGRAMS, END, POPULATION + 'source = ["G26"]\nrule = { all_of = ["adult"] }\n' + gate)
    assert check(run, data_copy).code == 0


IN_COUNTIES = {
    "county-without-fips": (FIPS, "", ('county "Alameda"', "fips", "missing-key")),
    "fips-too-short": (FIPS, 'fips = "6001"', ('county "Alameda"', "fips")),
    "fips-of-another-county": (FIPS, 'fips = "06003"', ('"06003"', "duplicate-id")),
    "fips-as-a-number": (
        FIPS,
        "fips = 6001",
        ('county "Alameda"', "fips", "type", "expected text in quotes", "found a whole number"),
    ),
    "unknown-key": (
        FIPS,
        FIPS + '\nailases = ["x"]',
        ('county "Alameda"', "ailases", "unknown-key", "did you mean aliases"),
    ),
    "unknown-part": (END, '\n[[countie]]\nname = "x"', ("countie", "unknown-key", "did you mean county")),
    "unknown-plan": (r'plans = \["aah"\]', 'plans = ["aha"]', ('county "Alameda"', "plans", "unknown-plan", '"aha"')),
    "contact-of-an-unknown-plan": (
        r'plan = "kp"',
        'plan = "pk"',
        ('contact "kp_justice_involved_liaison"', "plan", "unknown-plan", '"pk"'),
    ),
    "conflict-of-an-unknown-plan": (
        r'touches = \["Tulare"\]',
        'touches = ["Tulare"]\nplan = "pk"',
        ('conflict "tulare_region"', "plan", "unknown-plan", '"pk"'),
    ),
    "unknown-region": (
        r'region = "north"',
        'region = "nort"',
        ('county "Alameda"', "kp", "unknown-region", '"nort"', "did you mean north"),
    ),
    "no-region": (r'region = "north"\n', "", ('county "Alameda"', "kp", "region", "by_zip")),
    "unknown-grade": (
        r'\[county.kp\]\nregion = "north"\ngrade = "B"',
        '[county.kp]\nregion = "north"\ngrade = "D"',
        ('county "Alameda"', "kp.grade", "value"),
    ),
    "alias-of-another-county": (FIPS, FIPS + '\naliases = ["SF"]', ('"sf"', "duplicate-place", '"Alameda"')),
    "alias-that-is-ambiguous": (FIPS, FIPS + '\naliases = ["sb"]', ('"sb"', "duplicate-place", '"Alameda"')),
    "fifty-seven-counties": (
        r'\[\[county\]\]\nname = "Yuba".*?(?=\n#)',
        "",
        ("county", "county-count", "58", "found 57"),
    ),
    "contact-without-source": (
        END,
        CONTACT + "source = []",
        ('contact "invented_contact"', "source", "no-source"),
    ),
    "unknown-source": (
        END,
        CONTACT + 'source = ["NOPE"]',
        ('contact "invented_contact"', "source", "unknown-source", '"NOPE"'),
    ),
    "contact-twice": (
        END,
        2 * (CONTACT + 'source = ["S1"]'),
        ('contact "invented_contact"', "duplicate-id"),
    ),
    "contact-address": (
        END,
        CONTACT + 'source = ["S1"]\nemail = "pat at example.org"',
        ('"invented_contact"', "email", "address"),
    ),
    "phone-of-nine-digits": (r'"1-800-430-4263"', '"1-800-430-426"', ('contact "health_care_options"', "phone")),
    "phone-that-is-a-service-code": (
        r'"1-800-430-4263"',
        '"911-430-4263"',
        ('contact "health_care_options"', "phone"),
    ),
    "phone-of-a-film": (r'"1-800-430-4263"', '"1-800-555-4263"', ('contact "health_care_options"', "phone")),
    "phone-missing": (r'phone = "1-800-430-4263"\n', "", ('contact "health_care_options"', "missing-contact", "phone")),
    "tty-that-is-no-number": (
        r'tty = "1-800-430-7077"',
        'tty = "771"',
        ('contact "health_care_options"', "tty", "phone"),
    ),
    "phone-that-was-rejected": (
        r'"1-800-430-4263"',
        '"(877) 814-1861"',
        ('contact "health_care_options"', "rejected-address"),
    ),
    "zip-of-another-state": (r'93238 = "south"', '89501 = "south"', ('county "Tulare"', "by_zip", "zip")),
    "zip-without-its-zero": (r'93238 = "south"', '9323 = "south"', ('county "Tulare"', "by_zip", "zip")),
    "county-without-a-plan": (r'plans = \["aah"\]', "plans = []", ('county "Alameda"', "plans", "no-plan")),
    "plan-twice": (r'plans = \["aah"\]', 'plans = ["aah", "aah"]', ('county "Alameda"', "plans", "plan-twice", "aah")),
    "key-of-the-county-below-a-table": (
        r'plans = \["aah"\]\n(.*?)\[county.kp\]\n',
        '[county.kp]\nplans = ["aah"]\n',
        ('county "Alameda"', "plans", "is a key of the whole entry: move it above"),
    ),
    "members-below-zero": (r"members = 77_?773", "members = -1", ('county "Alameda"', "members", "below-zero")),
    "plan-by-the-name-of-another": (
        r'aliases = \["Kaiser"\]',
        'aliases = ["Kaiser", "Alameda Alliance"]',
        ("aliases", "duplicate-name", '"alamedaalliance"'),
    ),
    "plan-that-works-for-none": (
        r'"Los Angeles" = "la_care"',
        '"Los Angeles" = "la_car"',
        ("works_for", "unknown-plan", '"la_car"'),
    ),
    "contact-to-call-instead-missing": (
        r'id = "health_care_options"',
        'id = "health_options"',
        ("contact", "health_care_options"),
    ),
    "source-defined-in-both-files": (
        END,
        '\n[[source]]\nid = "G26"\nname = "x"\ntitle = "x"\ndate = "2026"\ngrade = "A"',
        ('source "G26"', "duplicate-id"),
    ),
    "other-schema": (r"calaim.counties/1", "calaim.counties/2", ("schema", "calaim.counties/1")),
}


@pytest.mark.thorough
@pytest.mark.parametrize(("pattern", "replacement", "parts"), IN_COUNTIES.values(), ids=IN_COUNTIES)
def test_mistake_in_the_counties_is_named(
    run: Run, data_copy: Path, pattern: str, replacement: str, parts: tuple[str, ...]
) -> None:
    """A mistake that would misdirect a referral never goes live: file, entry, key and what to do are told."""
    edit(data_copy / COUNTIES, pattern, replacement)
    assert_refused(check(run, data_copy), COUNTIES, *parts)


MAILBOX = r'address = "REGMCDURNS'


@pytest.mark.parametrize("name", [TALK, "follow_up.toml"])
def test_source_is_described_once_in_all_files(run: Run, data_copy: Path, name: str) -> None:
    """Of two descriptions of one source only the last would be shown, whichever file it is in."""
    source = '\n[[source]]\nid = "G26"\nname = "x"\ntitle = "x"\ndate = "2026"\ngrade = "A"'
    edit(data_copy / name, END, source)
    assert_refused(check(run, data_copy), 'source "G26"', "duplicate-id")


IN_ROUTES = {
    "mailbox-with-an-accent": (
        MAILBOX,
        'address = "éREGMCDURNS',
        ('"kp-north-email"', "address", "without blanks or accents"),
    ),
    "two-addresses-in-a-mailbox": (
        MAILBOX,
        'address = "pat@example.org, REGMCDURNS',
        ('"kp-north-email"', "address", "one plain"),
    ),
    "mailbox-with-a-line-break": (
        MAILBOX,
        'address = "pat@example.org\\nREGMCDURNS',
        ('"kp-north-email"', "address"),
    ),
    "subject-over-two-lines": (
        r'ecm = "ECM Referral"',
        'ecm = "Extra\\nReferral"',
        ('"kp-north-email"', "subject.ecm", "subject"),
    ),
    "subject-missing": (
        r'ecm = "ECM Referral", ',
        "",
        ('"kp-north-email"', "subject.ecm", "exact subject"),
    ),
    "subject-of-one-region-missing": (
        r'(?<=KPNC@kp.org)(.*?)subject = \{ ecm = "ECM Referral", cs = "CS Referral", [^\n]*(?=\n.*?id = "kp-south)',
        '"\nsubject = { ecm = "ECM Referral", cs = "CS Referral" }',
        ('"kp-north-email"', "subject.chw", "exact subject"),
    ),
    "subject-that-a-mail-program-would-trim": (
        r'ecm = "ECM Referral"',
        'ecm = "ECM Referral "',
        ('"kp-north-email"', "subject.ecm", "blank"),
    ),
    "subject-for-own-organization-missing": (
        r"own_organization = true",
        'own_organization = true\nsubject = { ecm = "ECM\\tReferral" }',
        ('"kp-network-lead-entity"', "subject.ecm"),
    ),
    "phone-of-a-route-that-is-a-word": (
        r'"1-833-721-6012"',
        '"the plan"',
        ('route "kp-north-phone"', "address", "phone"),
    ),
    "checked-after-the-file": (r"checked = 2026-11-26", "checked = 2026-11-27", ("route", "checked", "dates")),
    "may-begin-of-an-unknown-kind": (
        r'kinds = \["street_medicine"',
        'kinds = ["street_medicin"',
        ('at_once "homelessness"', "kinds", "unknown-kind"),
    ),
    "may-begin-of-an-unknown-population": (
        r'population = "homelessness"',
        'population = "homeles"',
        ('at_once "homeles"', "population", "unknown-population"),
    ),
    "route-of-an-unknown-plan": (
        r'plan = "kp"',
        'plan = "pk"',
        ('route "kp-north-email"', "plan", "unknown-plan", '"pk"'),
    ),
    "route-of-an-unknown-region": (
        r'region = "north"',
        'region = "nort"',
        ('route "kp-north-email"', "region", "unknown-region", '"nort"', "did you mean north"),
    ),
    "route-for-an-unknown-program": (
        r'programs = \["ecm", "cs", "chw"\]\nkind = "referral"\nchannel = "email"',
        'programs = ["emc"]\nkind = "referral"\nchannel = "email"',
        ('route "kp-north-email"', "programs", "unknown-program", '"emc"'),
    ),
    "route-with-an-unknown-service": (
        r'services_except = \["sobering_centers"\]',
        'services_except = ["sobering_centres"]',
        ('route "kp-north-email"', "unknown-service", '"sobering_centres"', "did you mean sobering_centers"),
    ),
    "route-in-a-county-without-the-plan": (
        r'region = "north"\nprograms',
        'counties = ["Lassen"]\nprograms',
        ('route "kp-north-email"', "counties", "not-served", "Lassen"),
    ),
    "route-of-an-unknown-kind": (
        r'kind = "referral"',
        'kind = "referal"',
        ('route "kp-north-email"', "kind", "value"),
    ),
    "route-of-an-unknown-grade": (
        r'grade = "A"\nchecked',
        'grade = "D"\nchecked',
        ("route", "grade", "value"),
    ),
    "route-without-source": (
        r'source = \["S1"\](?=\ndate = "2024-10"\ngrade = "A"\nchecked)',
        "source = []",
        ('route "kp-north-email"', "source", "no-source"),
    ),
    "route-twice": (r'id = "kp-south-email"', 'id = "kp-north-email"', ('route "kp-north-email"', "duplicate-id")),
    "address-that-was-rejected": (
        r'address = "ECM@iehp.org"',
        'address = "help_referral@healthnet.com"',
        ('route "iehp-questions"', "address", "rejected-address", "not to be used"),
    ),
    "field-of-the-form-unknown": (
        r'"member.city",\n    "member.state"',
        '"member.town", "member.city", "member.state"',
        ('form "kp"', "sections", "member.town"),
    ),
    "required-field-that-is-no-text": (
        r'"member.city",\n    "member.zip",\n\]',
        '"member.city",\n    "member.zip",\n    "referral.services",\n]',
        ('form "kp"', "required", "field-kind", "referral.services"),
    ),
    "line-of-a-field-that-is-no-text": (
        r'    "member.mrn",\n    "member.cin"',
        '    "member.mrn",\n    "referral.self_referral",\n    "member.cin"',
        ('form "kp"', "sections", "field-kind", "referral.self_referral"),
    ),
    "member-among-the-lines-of-the-referrer": (
        r'title = "SOURCE OF REFERRAL"\nfields = \[',
        'title = "SOURCE OF REFERRAL"\nfields = ["referrer.name", "member.middle_name", ',
        ('form "kp"', "sections", "field-kind", "member.middle_name"),
    ),
    "field-of-the-form-twice": (
        r'"member.city",\n    "member.state"',
        '"member.city", "member.city", "member.state"',
        ('form "kp"', "member.city", "2 places"),
    ),
    "required-field-in-no-section": (
        r'"member.zip",\n    "member.reach_through"',
        '"member.reach_through"',
        ('form "kp"', "member.zip", "required"),
    ),
    "no-line-for-the-state": (
        r'"member.state",\n    "member.zip"',
        '"member.zip"',
        ('form "kp"', "sections", "field-missing", '"member.state"'),
    ),
    "no-line-for-who-has-no-phone": (
        r'"member.reach_through",\n    "member.county"',
        '"member.county"',
        ('form "kp"', "sections", "field-missing", '"member.reach_through"'),
    ),
    "condition-of-a-field-in-no-section": (
        r'required_if."referrer.npi"',
        'required_if."member.kp_region"',
        ('form "kp"', 'required_if."member.kp_region"', "condition", "in a section"),
    ),
    "condition-of-a-field-that-is-needed-anyway": (
        r'required_if."referrer.npi"',
        'required_if."referrer.phone"',
        ('form "kp"', 'required_if."referrer.phone"', "condition", "not in `required`"),
    ),
    "exception-of-a-field-that-is-not-needed": (
        r'"referrer.organization" = {',
        '"member.email" = {',
        ('form "kp"', 'required_unless."member.email"', "condition", "in `required`"),
    ),
    "condition-on-no-field": (
        r'"referrer.relationship" = \["medical_provider"\]',
        '"referrer.relation" = ["medical_provider"]',
        ('form "kp"', 'required_if."referrer.npi"', "unknown-field", "referrer.relation"),
    ),
    "condition-on-no-choice": (
        r'"referrer.relationship" = \["medical_provider"\]',
        '"referrer.relationship" = ["doctor"]',
        ('form "kp"', 'required_if."referrer.npi"', "unknown-choice", '"doctor"'),
    ),
    "condition-on-a-text": (
        r'"member.zip" = { "member.address" = \["none"\]',
        '"member.zip" = { "member.address" = ["homeless"]',
        ('form "kp"', 'required_unless."member.zip"', "unknown-text", '"homeless"'),
    ),
    "label-of-no-field": (r'"member.mrn" = ', '"member.record" = ', ('form "kp"', "labels", "member.record")),
    "note-on-no-program": (
        r"\[form.before_agreement\]\necm = ",
        "[form.before_agreement]\nemc = ",
        ('form "kp"', "before_agreement", "emc"),
    ),
    "no-attestation": (
        r'fields = \["consent.member_agreed", "consent.attested", "consent.agreed_by"\]',
        'fields = ["consent.attested"]',
        ('form "kp"', "sections", "consent.member_agreed"),
    ),
    "no-closing-words": (
        r'title = "DECISION"',
        'title = "DECISION"\nfields = ["referral.self_referral"]',
        ('form "kp"', "sections", "closed_loop"),
    ),
    "no-number-of-the-member": (r'numbers = \["mrn", "cin"\]', "numbers = []", ('form "kp"', "numbers", "mrn")),
    "number-that-is-none": (
        r'numbers = \["mrn", "cin"\]',
        'numbers = ["mrm", "cin"]',
        ('form "kp"', "numbers", '"mrm"', "did you mean mrn"),
    ),
    "initial-of-no-name": (
        r'initials = \["member.middle_name"\]',
        'initials = ["member.mrn"]',
        ('form "kp"', "initials", "unknown-name", '"member.mrn"'),
    ),
    "phrase-twice": (
        r'"drug court"',
        '"drug  Court", "drug court"',
        ("referral: part2_phrases", "phrase", '"drug court" appears 2'),
    ),
    "phrase-of-nothing": (r'"drug court"', '" - "', ("referral: part2_phrases", "phrase", "has no words")),
    "form-of-an-unknown-plan": (r'plans = \["kp"\]', 'plans = ["pk"]', ("form", "plans", "unknown-plan", '"pk"')),
    "plan-with-two-forms": (
        r'id = "sheet"',
        'id = "sheet"\nplans = ["kp"]',
        ("form", "plans", "form-twice", '"kp" has 2 forms'),
    ),
    "no-sheet": (r'id = "sheet"', 'id = "sheet"\nplans = ["aah"]', ("form", "sheet", "all others")),
    "form-missing": (r'(?=\[\[form\]\]\nid = "sheet").*?(?=\n\[\[offer)', "", ("form", "sheet", "all others")),
    "words-missing": (r"\[referral\].*?(?=\n\[\[|\n\[referral\.)", "", ("referral", "missing-key")),
    "offer-missing": (r'\[\[offer\]\]\nplan = "aah".*?(?=\n\[\[)', "", ('offer "aah"', "what it offers", "unknown")),
    "offer-of-an-unknown-plan": (
        r'\[\[offer\]\]\nplan = "aah"',
        '[[offer]]\nplan = "aha"',
        ('offer "aha"', "plan", "unknown-plan", '"aha"'),
    ),
    "offer-of-no-service": (
        r'services = \["asthma_remediation"',
        'services = ["asthma_remediatio"',
        ('offer "blue_shield_promise"', "unknown-service", "did you mean asthma_remediation"),
    ),
    "offer-of-nothing": (
        r'services = \["asthma_remediation".*?\]\n',
        "",
        ('offer "blue_shield_promise"', "services", "name the services"),
    ),
    "offer-not-known-of-a-service": (
        r'plan = "aah"\nkind = "unknown"',
        'plan = "aah"\nkind = "unknown"\nservices = ["respite"]',
        ('offer "aah"', "services", "unknown"),
    ),
    "not-offered-where-the-plan-is-not": (
        r'recuperative_care = \["San Mateo"\]',
        'recuperative_care = ["Modoc"]',
        ('offer "kp"', "not_in.recuperative_care", "not-served", "Modoc"),
    ),
    "key-below-a-table": (
        r"\[offer.not_in\]",
        '[offer.not_in]\nnote = "Call."',
        ('offer "kp": not_in: type', "expected a list", "a key of the whole entry goes above this table"),
    ),
    "not-offered-in-no-county": (
        r'recuperative_care = \["San Mateo"\]',
        'recuperative_care = ["San Matteo"]',
        ('offer "kp"', "unknown-county", '"San Matteo"', "did you mean San Mateo"),
    ),
    "other-schema": (r"calaim.routes/1", "calaim.routes/2", ("schema", "calaim.routes/1")),
}


@pytest.mark.thorough
@pytest.mark.parametrize(("pattern", "replacement", "parts"), IN_ROUTES.values(), ids=IN_ROUTES)
def test_mistake_in_the_routes_is_named(
    run: Run, data_copy: Path, pattern: str, replacement: str, parts: tuple[str, ...]
) -> None:
    """A mistake that would send a member's data astray never goes live: file, entry, key and what to do are told."""
    edit(data_copy / ROUTES, pattern, replacement)
    assert_refused(check(run, data_copy), ROUTES, *parts)


@pytest.mark.parametrize("program", ["ecm", "cs", "chw"])
def test_program_that_everything_rests_on_is_missed(run: Run, data_copy: Path, program: str) -> None:
    """Data without one of the three programs are refused in words, not by a crash."""
    edit(data_copy / PROGRAMS, rf'\[\[program\]\]\nid = "{program}"', '[[program]]\nid = "other_program"')
    assert_refused(check(run, data_copy), PROGRAMS, f'"{program}"')


def test_all_mistakes_are_told_at_once(run: Run, data_copy: Path) -> None:
    """One broken entry does not hide the next, nor one file the other: whoever edits mends everything in one go."""
    edit(data_copy / COUNTIES, FIPS, "fips = 6001")
    edit(data_copy / COUNTIES, r'fips = "06003"', "fips = 6003")
    edit(data_copy / PROGRAMS, END, POPULATION)
    ran = check(run, data_copy)
    assert_refused(ran, COUNTIES, 'county "Alameda"', "fips")
    assert_refused(ran, COUNTIES, 'county "Alpine"', "fips")
    assert_refused(ran, PROGRAMS, '"invented_population"', "source")


@pytest.mark.parametrize("name", [PROGRAMS, COUNTIES, ROUTES])
def test_broken_syntax_is_told_with_its_line_and_without_its_text(run: Run, data_copy: Path, name: str) -> None:
    """A forgotten quotation mark is found by file and line; what stands there is not repeated."""
    lines = (data_copy / name).read_text("utf-8").count("\n")
    edit(data_copy / name, END, '\n[[source]]\nid = "canary\nname = "x"\n')
    ran = check(run, data_copy)
    assert_refused(ran, str(data_copy / name), f"line {lines + 3}:", "not valid TOML")
    assert "canary" not in ran.err
    assert len(ran.err.splitlines()) == 1


def test_commands_refuse_unsound_data(run: Run, data_copy: Path) -> None:
    """Nobody looks up or decides by data that the check would refuse."""
    edit(data_copy / COUNTIES, r'region = "north"', 'region = "west"')
    for command in (["county", "alameda"], ["services"], ["programs"], ["counties"]):
        assert_refused(run(*command, "--data", data_copy), COUNTIES, 'county "Alameda"', '"west"')


@pytest.mark.parametrize(
    ("as_of", "warned"), [("2026-11-30", False), ("2026-12-30", False), ("2027-01-01", True), ("2027-02-01", True)]
)
def test_data_past_their_review_are_used_with_a_warning(
    run: Run,
    data_copy: Path,
    as_of: str,
    warned: bool,
) -> None:
    """Old data stop nobody, and nobody uses them unawares: from that day on, each file is named on stderr."""
    ran = run("data", "check", "--data", data_copy, "--as-of", as_of)
    assert (ran.code, ran.out) == (0, "ok\tdata edition 2026-11, nothing wrong\n")
    lines = [line for line in ran.err.splitlines() if "warning" in line and "past-review" in line]
    assert [any(name in line for line in lines) for name in (PROGRAMS, COUNTIES, ROUTES, TALK)] == [warned] * 4


def test_source_past_its_own_review_is_named(run: Run, data_copy: Path) -> None:
    """A document that is to be read again earlier than the rest is named when its day has passed."""
    edit(data_copy / COUNTIES, r'\[\[source\]\]\nid = "ENR"', '[[source]]\nreview_by = 2026-10-01\nid = "ENR"')
    ran = check(run, data_copy)
    assert ran.code == 0
    assert 'source "ENR"' in ran.err


# What passes the check


def passes(tables: Tables) -> Policy | None:
    """The policy of the tables, if the check has nothing against it."""
    try:
        policy = load.policy_of(tables, load.shipped())
    except InputError:
        return None
    return None if find_problems(policy) else policy


PEOPLE: Final = [
    *GOLDEN.values(),
    {"member.kp_member": None, "member.plan": "aah", "member.county": "Alameda", "member.cin": "91234567A"},
    {"member.kp_member": None, "member.plan": "unknown"},
    {"member.kp_member": False},
    {"member.county": "Tulare", "member.kp_region": "north"},
    {"referral.program": "cs", "referral.services": ["sobering_centers"]},
    {"member.county": "94401", "answers": {one.id: "unknown" for one in load.load().questions.values()}},
    {"member.county": "oakland", "referrer.relationship": "x", "referral.current_services": ["none", "x"]},
]


def uses(policy: Policy) -> None:
    """Draft and decide some cases by the policy, as `refer` and `check` do; whatever is refused is refused in words."""
    drafter, every = Drafter(policy, PROFILE, AS_OF), screener(policy.subjects, policy)
    for changes in PEOPLE:
        case, _ = read_case(changed(COMPLETE, changes))
        with suppress(CalaimError):
            drafted = drafter.draft(case)
            for wanted in Format:
                with suppress(CalaimError):
                    formatted(drafted, wanted, policy)
        with suppress(CalaimError):
            decide("case", case, every, policy, AS_OF, None, "street_medicine")


@pytest.mark.thorough
@given(tables=mutants())
@settings(max_examples=60)
def test_data_that_pass_the_check_crash_nothing(tables: Tables) -> None:
    """However the data are changed: if the check passes them, `refer` writes a draft or says in words why not."""
    policy = passes(tables)
    if policy is not None:
        uses(policy)
