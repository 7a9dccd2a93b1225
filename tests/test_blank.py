"""A case to fill in: it has every key, is a case as it stands, and has nothing answered, agreed or attested to."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from calaim_cli.case.case import PARTS, Case, read_case
from calaim_cli.case.form import FIELDS, FieldKind
from calaim_cli.policy.policy import Policy, questions_named
from calaim_cli.show.blank import accepted, choices_of
from conftest import Run, is_private

DAY = ("--as-of", "2026-11-22")
MISSING = {"missing", "member-id-missing", "agreement-missing", "attestation-missing"}
PROGRAMS = [(), ("--program", "ecm"), ("--program", "homelessness"), ("--program", "asthma-remediation")]
EACH = pytest.mark.parametrize("words", PROGRAMS, ids=" ".join)


@EACH
def test_blank_case_is_a_case_that_only_lacks(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """As it stands `check` reads it, and `refer` names only what is missing, never something wrong."""
    path = tmp_path / "case.toml"
    path.write_text(run("case", "new", *words).out, encoding="utf-8")
    checked = run("check", path, *DAY)
    assert (checked.code, checked.err) == (0, "")
    refused = run("refer", path, "--json", *DAY)
    assert refused.code == 4
    assert {one["code"] for one in json.loads(refused.err)["problems"]} <= MISSING


@EACH
def test_nothing_is_said_in_a_blank_case(run: Run, words: tuple[str, ...]) -> None:
    """But for what is asked for nothing is given in it: no yes, no consent, no choice that is only the first."""
    case, problems = read_case(tomllib.loads(run("case", "new", *words).out))
    assert problems == ()
    said = [part for part in PARTS if part != "referral" and getattr(case, part) != getattr(Case(), part)]
    assert (said, case.answers, case.expect) == ([], {}, None)
    assert (case.referral.program, case.referral.services) == {
        "": ("", ()),
        "ecm": ("ecm", ()),
        "homelessness": ("ecm", ()),
        "asthma-remediation": ("cs", ("asthma_remediation",)),
    }["".join(words[1:])]


def test_blank_case_has_every_key_and_question(run: Run, catalog: Policy) -> None:
    """Whoever fills it in finds each key of the table and each question, each once and with what is accepted."""
    text = run("case", "new").out
    for field in FIELDS:
        assert bool(choices_of(field, catalog)) is (field.kind in {FieldKind.CHOICE, FieldKind.CHOICES}), field.key
        assert (
            len(re.findall(rf"^(?:# )?{field.name} = .*{re.escape(accepted(field, catalog))}", text, re.MULTILINE)) >= 1
        )
    for question in catalog.questions:
        assert len(re.findall(rf"^# {question} = ", text, re.MULTILINE)) == 1
    assert '\n# renewal_month = "YYYY-MM"\n' in text


def test_questions_of_one_program_are_those_it_rests_on(run: Run, catalog: Policy) -> None:
    """A case for one service asks nothing else, and `calaim questions` lists the same."""
    wanted = [one.id for one in questions_named("asthma_remediation", catalog)]
    assert 1 < len(wanted) < len(catalog.questions)
    text = run("case", "new", "--program", "asthma-remediation").out
    assert re.findall(r"^# (\w+) = ", text.partition("[answers]")[2], re.MULTILINE) == wanted
    listed = run("questions", "asthma-remediation").out.splitlines()[1:]
    assert [line.split("\t")[0] for line in listed] == wanted


def test_one_question_is_shown_with_its_choices(run: Run, catalog: Policy) -> None:
    """A question alone has its help and each choice in words; an unknown one is told with near names."""
    shown = run("questions", "housing").out
    question = catalog.questions["housing"]
    assert question.help in shown
    assert all(f"choice\t{choice}: {words}\n" in shown for choice, words in question.choices.items())
    missed = run("questions", "housin")
    assert (missed.code, "did you mean housing?" in missed.err) == (5, True)


def test_blank_case_is_written_once(run: Run, tmp_path: Path) -> None:
    """A new file is for its owner alone, and one that is there is never written over."""
    path = tmp_path / "case.toml"
    assert run("case", "new", "--out", path).code == 0
    assert is_private(path)
    path.write_bytes(b"precious")
    again = run("case", "new", "--out", path)
    assert (again.code, path.read_bytes()) == (6, b"precious")
    assert "choose another name" in again.err


def test_what_is_no_text_is_not_told_as_one(catalog: Policy) -> None:
    """What may be true or false, or not known, is never said to be a text of so many characters."""
    kinds = {FieldKind.YES_NO, FieldKind.YES_NO_UNKNOWN}
    assert [one.key for one in FIELDS if one.kind in kinds and "characters" in accepted(one, catalog)] == []
