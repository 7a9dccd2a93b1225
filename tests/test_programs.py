"""Programs, populations and services: what can be decided, and how it is named."""

from __future__ import annotations

from typing import Any

from calaim_cli.policy.programs import Gate, Program, rules_of, subject_id, subjects
from calaim_cli.policy.rules import Rule


def entry(name: str, **more: Any) -> Program:  # noqa: ANN401 the parts of an entry differ in type
    """An invented program, population or service."""
    return Program(id=name, name=name.title(), summary="It helps.", who="Everybody.", source=("S",), **more)


COVERED = Gate(none_of=("covered",), say="It needs coverage.")
ELSEWHERE = Gate(any_of=("elsewhere",), say="Another program does it.")
ECM = entry("ecm", excluded=ELSEWHERE)
CS = entry("cs", excluded=COVERED)
CHW = entry("chw", rule=Rule(all_of=("wants_help",)))
OLD = entry("old_people", rule=Rule(all_of=("old",)), discretion=Rule(all_of=("nearly_old",)))
YOUNG = entry("young_people", rule=Rule(all_of=("young",)))
SHOPPING = entry("shopping_help", aliases=("Errands", "Market Run"), rule=Rule(all_of=("hungry",)))
GARDEN = entry("garden_help", rule=Rule(all_of=("has_garden",)), excluded=ELSEWHERE)
KNOWN = subjects((ECM, CS, CHW), (OLD, YOUNG), (SHOPPING, GARDEN))


def test_subjects_come_in_report_order() -> None:
    """Results always come in one order: ECM, its populations, CHW, the services, each under its own program."""
    assert [(one.program, one.population, one.service) for one in KNOWN] == [
        ("ecm", None, None),
        ("ecm", "old_people", None),
        ("ecm", "young_people", None),
        ("chw", None, None),
        ("cs", None, "shopping_help"),
        ("cs", None, "garden_help"),
    ]
    assert [subject_id(one) for one in KNOWN] == [
        "ecm",
        "old_people",
        "young_people",
        "chw",
        "shopping_help",
        "garden_help",
    ]


def test_ecm_is_any_of_its_populations() -> None:
    """ECM takes whoever belongs to one population, and keeps its own gates."""
    parts = KNOWN[0].parts
    assert parts["rule"] == Rule(any_of=(Rule(all_of=("old",)), Rule(all_of=("young",))))
    assert parts["discretion"] == Rule(any_of=(Rule(all_of=("nearly_old",)),))
    assert parts["excluded"] is ELSEWHERE


def test_ecm_has_no_discretion_where_no_population_has() -> None:
    """A policy in which no population is open to the plan's discretion is read as one without, not as a broken one."""
    [ecm, *_] = subjects((ECM, CS, CHW), (YOUNG,), ())
    assert ecm.parts.keys() == {"rule", "excluded"}


def test_a_population_is_decided_by_its_own_rules_alone() -> None:
    """What excludes from ECM does not change whether somebody belongs to a population."""
    assert KNOWN[1].parts == {"rule": OLD.rule, "discretion": OLD.discretion}


def test_what_excludes_from_the_program_excludes_from_each_service() -> None:
    """A service has its program's exclusions as well as its own."""
    assert KNOWN[4].parts["excluded"] == Rule(any_of=(COVERED,))
    assert KNOWN[5].parts["excluded"] == Rule(any_of=(COVERED, ELSEWHERE))


def test_only_written_rules_count() -> None:
    """A part that the policy leaves out is absent, and so stands in nobody's way."""
    assert rules_of(OLD) == {"rule": OLD.rule, "discretion": OLD.discretion}
    assert rules_of(CS) == {"excluded": COVERED}
