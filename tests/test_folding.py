"""One folding step: what is typed one way or another means the same at a prompt, in a case and in a sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from calaim_cli.base import values
from calaim_cli.base.wording import PLAIN, SIGNS, is_unknown, plain, unwrapped, yes_or_no
from calaim_cli.batch.row import reader
from calaim_cli.case.case import Case, read_case
from calaim_cli.case.form import BY_COLUMN, BY_KEY, FIELDS, FieldKind
from calaim_cli.decide.screening import county_of, membership_of, region_of
from calaim_cli.draft.fitness import check_case, requested
from calaim_cli.policy import load
from calaim_cli.policy.policy import place_named
from calaim_cli.policy.questions import DONT_KNOW, Kind, Question, read_answer
from calaim_cli.talk.conversation import field_step, place_steps
from calaim_cli.talk.prompt import Move, Refusal, read_reply
from conftest import AS_OF, COMPLETE, changed

CATALOG: Final = load.load()
FORM: Final = CATALOG.form_of("kp")
Fold = Callable[[str], str]

SIGNED: Final[dict[str, Fold]] = {
    "non-breaking hyphen": lambda text: text.replace("-", "\u2011"),
    "en dash": lambda text: text.replace("-", "\u2013"),
    "minus sign": lambda text: text.replace("-", "\u2212"),
    "full-width hyphen": lambda text: text.replace("-", "\uff0d"),
    "division slash": lambda text: text.replace("/", "\u2215"),
    "non-breaking blanks around": lambda text: f"\u00a0{text}\u00a0",
    "thin blanks around": lambda text: f"\u2009{text}\u202f",
    "ideographic blank after": lambda text: f"{text}\u3000",
    "byte-order mark before": lambda text: f"\ufeff{text}",
    "marks of an address book": lambda text: f"\u202a{text}\u202c",
    "full-width digits": lambda text: "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text),
    "formula": lambda text: f'="{text}"',
}
"""How signs are changed on the way."""
WORDS: Final[dict[str, Fold]] = {
    "capitals": str.upper,
    "first capital": str.capitalize,
    "blanks for underscores": lambda text: text.replace("_", " "),
    "non-breaking hyphens for underscores": lambda text: text.replace("_", "\u2011"),
    "non-breaking blanks around": lambda text: f"\u00a0{text}\u00a0",
    "formula": lambda text: f'="{text}"',
}
"""How a choice, a plan, a region or a place is written otherwise."""
DATES: Final[dict[str, Fold]] = {
    "midnight of Excel": lambda text: f"{text} 0:00",
    "midnight of a database": lambda text: f"{text}T00:00:00",
    "midnight in a formula": lambda text: f'="{text} 12:00:00 AM"',
    "midnight after a thin blank": lambda text: f"{text}\u202f12:00:00\u202fAM",
}
YES_NO_KINDS: Final = frozenset({FieldKind.YES_NO, FieldKind.YES_NO_UNKNOWN})
YES: Final = ("yes", "Y", "y", "YES", "Yes", " true ", "\u00a0yes", '="Y"')
NO: Final = ("no", "N", "n", "NO", "No", "False", "no\u00a0", '="n"')
UNKNOWN: Final = (
    "unknown", "Unknown", "DK", "dk", "Don't know", "don\u2019t  know", "Dont know", "do not know", "Not known",
    "don\u00b4t know", "not\u00a0known", '="unknown"',
)  # fmt: skip
GIVEN: Final[dict[str, tuple[str, ...]]] = {
    "member.phone": ("415-555-0123", "(415) 555-0123", "1-415-555-0123"),
    "referrer.phone": ("510-555-0100",),
    "member.mrn": ("00012345",),
    "member.cin": ("91234567A", "9123-4567 A"),
    "referrer.npi": ("1234567893",),
    "member.zip": ("94401", "94401-1234"),
    "referral.label": ("AB-17",),
    "member.date_of_birth": ("1988-03-04", "03/04/1988", "3/4/1988"),
    "member.county": ("San Mateo", "san-mateo"),
    "member.plan": ("kp", "kaiser", "Kaiser Permanente"),
    "member.kp_region": ("north",),
    "referral.program": ("ecm", "cs"),
    "referral.services": ("respite", "day_habilitation"),
    "referral.current_supports": ("respite", "day_habilitation"),
    "member.state": ("NV",),
}
"""Values of the fields that are numbers, dates, names of places or of what the data know."""
NUMBERS: Final = tuple(key for key in GIVEN if key.endswith(("phone", "mrn", "cin", "npi", "zip", "label")))
BESIDE: Final[dict[str, dict[str, Any]]] = {
    "referral.current_supports": {"referral.current_services": ["community_supports"]},
    "referral.ecm_provider": {"referral.current_services": ["ecm"]},
    "referral.expedited_why": {"referral.expedited": True},
}
"""What else a case has to say for a field to be one of it."""


def foldings() -> Iterator[Any]:
    """Every such field with each of its values, written in every way that suits it."""
    for field in FIELDS:
        listed = tuple(getattr(CATALOG.words, field.choices)) if field.key not in GIVEN and field.choices else ()
        ways = SIGNED if field.key in NUMBERS else SIGNED | DATES if field.kind is FieldKind.DATE else WORDS
        for value in (*GIVEN.get(field.key, ()), *listed):
            for name, fold in ways.items():
                yield pytest.param(field.key, value, fold(value), id=f"{field.key}-{value}-{name}")


def meant(case: Case, key: str) -> object:
    """What the field comes to, once it is checked. Fails where there is a problem with it."""
    if key == "member.county":
        return county_of(case, CATALOG)
    if key == "member.plan":
        return membership_of(case, CATALOG)
    if key == "member.kp_region":
        return region_of(case, place_named("Tulare", CATALOG).county, CATALOG)
    if key in {"referral.program", "referral.services"}:
        program, services, problems = requested(case, CATALOG)
        assert "unknown" not in "".join(problem.code for problem in problems)
        return program if key == "referral.program" else services
    checked = check_case(case, FORM, CATALOG, AS_OF)
    assert [problem for problem in checked.problems if problem.where == key] == []
    return attrgetter(key)(checked.case)


def by_case(key: str, typed: str) -> Case:
    """The field as a case file says it."""
    value: object = [typed] if BY_KEY[key].kind is FieldKind.CHOICES else typed
    case, problems = read_case(changed(COMPLETE, BESIDE.get(key, {}) | {key: value}))
    assert problems == ()
    return case


def by_sheet(key: str, typed: str) -> Case:
    """The field as a cell says it, beside the complete case."""
    column = BY_KEY[key].column
    case, problems = reader((column,), CATALOG.questions)((typed,))
    assert problems == ()
    said = attrgetter(key)(case)
    cells = {key: list(said) if isinstance(said, tuple) else said}
    return read_case(changed(COMPLETE, BESIDE.get(key, {}) | cells))[0]


def by_prompt(key: str, typed: str) -> Case:
    """The field as a person says it when she is asked."""
    place = "Tulare" if key == "member.kp_region" else "San Mateo"
    given = {key: None, "member.county": place, "member.kp_member": True} | BESIDE.get(key, {})
    case = read_case(changed(COMPLETE, given))[0]
    steps = {"member.county": 0, "member.plan": 1, "member.kp_region": 2}
    step = (
        place_steps(CATALOG, needed=True, again=True)[steps[key]]
        if key in steps
        else field_step(key, FORM, CATALOG, AS_OF)
    )
    prompt = step.prompt(case)
    assert prompt is not None
    reply = read_reply(prompt, typed)
    assert not isinstance(reply, Refusal | Move)
    return step.keep(case, reply)


@pytest.mark.parametrize(("key", "value", "typed"), [*foldings()])
def test_field_means_the_same_whichever_way_it_came(key: str, value: str, typed: str) -> None:
    """A number, date, place or choice as word processors, spreadsheets and people write it comes to one value."""
    case = by_case(key, value)
    wanted = meant(case, key)
    assert meant(by_case(key, typed), key) == wanted
    assert meant(by_sheet(key, typed), key) == wanted
    # The consent asks for whole words, by itself.
    if "talk" not in BY_KEY[key].absent and BY_KEY[key].part != "consent":
        said = by_prompt(key, typed)
        # The plan and the place are asked for by themselves, so that nothing else is in the case.
        assert meant(said, key) == (wanted if key != "member.county" else county_of(by_case(key, "San Mateo"), CATALOG))


@pytest.mark.parametrize("key", [field.key for field in FIELDS if field.kind in YES_NO_KINDS])
@pytest.mark.parametrize(("typed", "wanted"), [*((one, True) for one in YES), *((one, False) for one in NO)])
def test_yes_and_no_of_a_case_and_a_sheet(key: str, typed: str, wanted: bool) -> None:
    """Yes and no, by a word or its first letter; at a prompt the consent asks for the whole word, by itself."""
    assert attrgetter(key)(by_case(key, typed)) is wanted
    assert attrgetter(key)(by_sheet(key, typed)) is wanted


def answers() -> Iterator[Any]:
    """Every question with what may be said to it, and the answer that this is."""
    for question in CATALOG.questions.values():
        yield from ((question, typed, DONT_KNOW) for typed in UNKNOWN)
        if question.kind is Kind.YES_NO:
            yield from ((question, typed, True) for typed in YES)
            yield from ((question, typed, False) for typed in NO)
        for choice, words in question.choices.items():
            several = question.kind is Kind.CHOICES
            ways = [fold(choice) for fold in WORDS.values()] + ([] if several and {*words} & {*";,"} else [words])
            yield from ((question, typed, (choice,) if several else choice) for typed in ways)


@pytest.mark.parametrize("question", CATALOG.questions.values(), ids=lambda one: one.id)
def test_answer_means_the_same_whichever_way_it_came(question: Question) -> None:
    """Every choice, yes, no and not known are understood alike at a prompt, in a case and in a cell."""
    read = reader((question.id,), CATALOG.questions)
    tried = [one for one in answers() if one[0] is question]
    assert tried
    for _, typed, wanted in tried:
        listed = question.kind is Kind.CHOICES and wanted != DONT_KNOW
        assert read_answer(question, [typed] if listed else typed, "here") == wanted, typed
        if question.id not in BY_COLUMN:  # a column of that name is the form's
            case, problems = read((typed,))
            assert (read_answer(question, case.answers[question.id], "here"), problems) == (wanted, ()), typed


@pytest.mark.parametrize("typed", UNKNOWN)
def test_plan_that_is_not_known(typed: str) -> None:
    """Not known is no plan's name, in whatever words."""
    for case in (by_case("member.plan", typed), by_sheet("member.plan", typed), by_prompt("member.plan", typed)):
        assert membership_of(case, CATALOG).problems == ()
        assert is_unknown(case.member.plan)


@pytest.mark.parametrize("typed", UNKNOWN)
def test_part_2_that_is_not_known(typed: str) -> None:
    """Whoever does not know whether it is from a substance-use program says so in any of the words."""
    for case in (by_case("consent.part2", typed), by_sheet("consent.part2", typed)):
        assert case.consent.part2 == DONT_KNOW


KEPT: Final = ("Jean\u2011Luc O\u2019Neil", "Anne\u2013Marie", "Li\u00a0Wei", "\uff11 Example St")


@pytest.mark.parametrize("text", KEPT)
@pytest.mark.parametrize("check", [values.name, values.line, values.free_text])
def test_names_and_notes_are_not_folded(check: Callable[[str], values.Value], text: str) -> None:
    """A name is written as its bearer writes it, with whatever signs."""
    assert check(text).value == text


@pytest.mark.parametrize("key", [field.key for field in FIELDS if field.check and not field.check("Any words").error])
def test_formula_is_taken_off_every_text(key: str) -> None:
    """Some programs write every cell of a sheet as a formula: what it says is meant, not how it is written."""
    assert meant(by_case(key, '="Ex ""7"" ample"'), key) == 'Ex "7" ample'
    assert meant(by_sheet(key, '="Ex ""7"" ample"'), key) == 'Ex "7" ample'


def test_sheet_of_formulas_is_read_whole() -> None:
    """An empty formula is an empty cell, and notes come out of theirs."""
    cells = {"first_name": '=""', "notes": '="Call first"', "kp_member": '="yes"', "services": '="respite;asthma"'}
    case, problems = reader(tuple(cells), CATALOG.questions)(tuple(cells.values()))
    assert (case.member.first_name, case.referral.notes, case.member.kp_member, problems) == (
        "",
        "Call first",
        True,
        (),
    )
    assert case.referral.services == ("respite", "asthma")


@pytest.mark.parametrize("text", ['="', "=", "=1+1", '="a"&"b', '"a"', '=HYPERLINK("x")', "a"])
def test_other_formulas_stay(text: str) -> None:
    """What is no text in a formula is kept as it is; nothing is ever calculated."""
    assert unwrapped(text) == text


@given(st.text())
@example("\u2011")
def test_folding_twice_changes_nothing_more(text: str) -> None:
    """Plain signs are plain, whatever a person typed."""
    once = text.translate(PLAIN)
    assert once.translate(PLAIN) == once
    assert plain(once) == once or once.strip(" ").startswith('="')


def test_no_sign_is_folded_two_ways() -> None:
    """Each typographic sign has one plain one, which is itself left alone."""
    folded = "".join(SIGNS.values())
    assert len(folded) == len(set(folded))
    assert not set(folded) & set(SIGNS)
    assert not any(c.isascii() for c in folded)


@pytest.mark.parametrize("text", ["", " ", "maybe", "yess", "ja", "2", "yes no", "\u0443"])
def test_what_is_neither_yes_nor_no(text: str) -> None:
    """Nothing else is guessed at, and an empty text is not no."""
    assert yes_or_no(text) is None


def test_every_column_has_its_folding() -> None:
    """A new field that is a number, date, choice or place has to be tried here; other texts are kept as they are."""
    asked = [field for field in FIELDS if field.kind not in YES_NO_KINDS and "email" not in field.name]
    free = {field.key for field in asked if field.check and not field.check("Any words").error}
    assert {field.key for field in asked} - free == {param.values[0] for param in foldings()}
