"""Two editions of the policy side by side: what changed, in words, and for whom."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calaim_cli.decide.diff import in_words
from calaim_cli.policy.rules import Rule
from conftest import AS_OF, ROOT, Run, WriteCase

DATA = ROOT / "data"


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Change one text in a copy of the data."""
    path = folder / name
    text = path.read_text("utf-8")
    assert text.count(old) >= 1, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_same_data_differ_in_nothing(run: Run) -> None:
    """Comparing an edition with itself finds no change and no case that comes out differently."""
    ran = run("data", "diff", DATA, DATA, ROOT / "examples" / "case.toml", "--as-of", AS_OF)
    assert (ran.code, ran.out, ran.err) == (0, "", "0 changes, 0 case results decided differently\n")


def test_changed_phone_is_told_with_both_values(run: Run, data_copy: Path) -> None:
    """A reader of the comparison sees entry, key, the old value and the new one."""
    edit(data_copy, "routes.toml", "1-833-721-6012", "1-415-555-0100")
    ran = run("data", "diff", DATA, data_copy)
    assert ran.out == 'change\troute "kp-north-phone": address: was 1-833-721-6012, now 1-415-555-0100\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('as_of = "2024-10"', 'as_of = "2024-11"', 'offer "kp": as_of: was 2024-10, now 2024-11'),
        (
            'population = "homelessness"\nkinds = [',
            'population = "homelessness"\nkinds = ["x", ',
            'at_once "homelessness": kinds: was ',
        ),
        (
            'address = "CalAIMECMILOS@dhcs.ca.gov"',
            'address = "other@example.org"',
            'rejected "CalAIMECMILOS@dhcs.ca.gov": was there, now removed',
        ),
    ],
    ids=["offer", "at-once", "rejected"],
)
def test_entries_without_an_id_are_told_by_what_they_are_of(
    run: Run, data_copy: Path, old: str, new: str, said: str
) -> None:
    """What a plan offers, who may begin at once and what is not to be used are compared like everything else."""
    edit(data_copy, "routes.toml", old, new)
    assert f"change\t{said}" in run("data", "diff", DATA, data_copy).out


def test_changed_threshold_shows_who_is_decided_differently(run: Run, data_copy: Path, write_case: WriteCase) -> None:
    """A reviewer sees that a person with five emergency visits would no longer fit under a higher number."""
    edit(data_copy, "programs.toml", "at_least = 5", "at_least = 6")
    case = write_case({"answers.stays_6_months": 0, "answers.avoidable_use_risk": False})
    ran = run("data", "diff", DATA, data_copy, case, "--as-of", AS_OF, "--json")
    document = json.loads(ran.out)
    assert list(document) == ["schema", "old", "new", "changes", "cases"]
    assert [(one["key"], one["was"], one["now"]) for one in document["changes"]] == [("at_least", "5", "6")]
    assert {(one["subject"], one["was"], one["now"]) for one in document["cases"]} == {
        ("ecm", "likely", "need-answers"),
        ("avoidable_utilization", "likely", "unlikely"),
    }


def test_added_and_removed_entries_are_told(run: Run, data_copy: Path) -> None:
    """An entry that is new, and one that is gone, are named as such."""
    edit(data_copy, "counties.toml", 'id = "hpsj_nurse_line"', 'id = "hpsj_other_line"')
    out = run("data", "diff", DATA, data_copy).out
    assert 'contact "hpsj_nurse_line": was there, now removed' in out
    assert 'contact "hpsj_other_line": was not there, now added' in out


def test_answers_that_only_one_edition_asks_for_stop_nothing(run: Run, data_copy: Path, write_case: WriteCase) -> None:
    """A saved case is compared even when one edition does not know one of its questions."""
    text = (data_copy / "programs.toml").read_text("utf-8")
    renamed = text.replace("complex_need", "complex_needs_now")
    (data_copy / "programs.toml").write_text(renamed, "utf-8")
    ran = run("data", "diff", DATA, data_copy, write_case({"answers.complex_need": True}), "--as-of", AS_OF)
    assert ran.code == 0
    assert 'question "complex_needs_now": was not there, now added' in ran.out


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Rule(all_of=("a", Rule(any_of=("b", "c")))), "all of (a, any of (b, c))"),
        (("a", "b"), "a, b"),
        ({"x": "y"}, "x y"),
        ((), "nothing"),
        (None, "nothing"),
        (False, "no"),
        (0, "0"),
    ],
    ids=["rule", "list", "table", "empty", "absent", "no", "zero"],
)
def test_values_are_said_in_words(value: object, words: str) -> None:
    """A value of the data reads as a person would write it."""
    assert in_words(value) == words
