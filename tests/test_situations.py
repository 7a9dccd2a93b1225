"""Situations that people tell of: each is found by what people say, says what the rules say, and fits a screen."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from calaim_cli.base.errors import NotFound
from calaim_cli.decide.soundness import find_problems
from calaim_cli.policy import load
from calaim_cli.policy.policy import TALK, Policy, situation_named
from calaim_cli.policy.programs import source_id
from calaim_cli.policy.routes import Channel
from calaim_cli.policy.talk import Situation
from calaim_cli.show.render import on_terminal, plain
from calaim_cli.show.situations import situation_view, situations_view
from conftest import Run
from people import policy

SITUATIONS = policy().talk_file.situation
EACH = pytest.mark.parametrize("situation", SITUATIONS, ids=[one.id for one in SITUATIONS])


# By name


@EACH
def test_situation_is_found_by_each_of_its_names(situation: Situation, catalog: Policy) -> None:
    """Its id, its name and whatever else people say find it, in any spelling."""
    for name in situation.names:
        for typed in (name, name.upper(), name.replace("_", "-"), f"  {name} "):
            assert situation_named(typed, catalog).id == situation.id


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("leaving the hospital", "leaving_hospital"),
        ("hospital discharge", "leaving_hospital"),
        ("release from jail", "leaving_jail"),
        ("notice, eviction", "losing_home"),
        ("a car", "sleeping_outdoors"),
        ("homeless", "sleeping_outdoors"),
        ("nursing home", "leaving_nursing_home"),
        ("the ER", "often_in_er"),
    ],
)
def test_situation_is_found_by_its_own_words(catalog: Policy, typed: str, found: str) -> None:
    """Words that only one situation has are enough, in any order and with any small words between."""
    assert situation_named(typed, catalog).id == found


@pytest.mark.parametrize("typed", ["home", "hospital", "the hospital", "child home"])
def test_words_of_several_situations_or_of_none_are_refused(catalog: Policy, typed: str) -> None:
    """Nobody is given one situation for another: words of several are refused with all of them."""
    with pytest.raises(NotFound) as refused:
        situation_named(typed, catalog)
    candidates = [one.message for one in refused.value.problems if one.code == "candidate"]
    assert all(one in refused.value.message for one in candidates)
    assert (len(candidates) > 1) is (refused.value.code == "ambiguous-situation") is (typed != "child home")


def test_candidates_are_in_the_error_document(run: Run) -> None:
    """A script that gets no situation for its words gets those that it may mean."""
    ran = run("when", "hospital", "--json")
    assert (ran.code, ran.out) == (5, "")
    problems = json.loads(ran.err)["problems"]
    assert {"leaving_hospital", "often_in_er"} <= {one["message"] for one in problems}


# What is told


@EACH
def test_situation_rests_on_what_its_programs_rest_on(situation: Situation, catalog: Policy) -> None:
    """Each source of a situation is one of a rule that it makes one think of: nothing is said beside the rules."""
    entries = [entry for entry in catalog.entries if entry.id in [one.id for one in situation.think_of]]
    rules = {source_id(one) for entry in entries for one in entry.source}
    assert {source_id(one) for one in situation.source} <= rules
    assert all(
        {source_id(one) for one in entry.source} & {source_id(one) for one in situation.source} for entry in entries
    )


def lines_of(situation: Situation, catalog: Policy) -> list[str]:
    """The lines of a situation on a terminal of 80 columns."""
    stream = io.StringIO()
    on_terminal(situation_view(situation, catalog), stream)
    return stream.getvalue().splitlines()


@EACH
def test_situation_fits_a_screen(situation: Situation, catalog: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it is seen at once, on a terminal of 24 lines and 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    assert len(lines_of(situation, catalog)) <= 24


@EACH
def test_situation_tells_nothing_of_one_plan(situation: Situation, catalog: Policy) -> None:
    """No mailbox and no number of a single plan is told: the member's own plan is the one to call."""
    told = plain(situation_view(situation, catalog))
    own = {one.phone for one in catalog.counties_file.contact if one.plan}
    own |= {one.address for one in catalog.routes_file.route if one.channel in {Channel.EMAIL, Channel.PHONE}}
    assert [address for address in own if address and address in told] == []
    assert "@" not in told
    assert "call\tThe member's plan" in told


def test_situation_in_lines(run: Run) -> None:
    """In a pipe there is one fact a line: what to think of and why, what to ask, whom to call, how to go on."""
    ran = run("when", "got", "out", "of", "jail")
    assert (ran.code, ran.err) == (0, "")
    lines = [line.split("\t") for line in ran.out.splitlines()]
    assert list(dict.fromkeys(key for key, _ in lines)) == [
        *("situation", "name", "think_of", "asked_first", "note", "call", "source", "next")
    ]
    said = {key: [text for one, text in lines if one == key] for key, _ in lines}
    assert said["think_of"][0].startswith("Transitioning from incarceration (ECM): ")
    assert "Trouble with alcohol or drugs (ask in private)" in said["asked_first"]
    assert said["call"][1].startswith("Health Care Options: 1-800-430-4263.")
    assert said["next"] == ["calaim interview --when leaving_jail"]


def test_alone_all_are_listed(run: Run, catalog: Policy) -> None:
    """Whoever does not know the situations sees each with its id."""
    ran = run("when")
    assert ran.out == plain(situations_view(SITUATIONS))
    assert [line.split("\t")[0] for line in ran.out.splitlines()[1:]] == [one.id for one in SITUATIONS]


def test_document_has_all_that_is_told(run: Run) -> None:
    """A program that reads JSON gets the ids behind the words."""
    document = json.loads(run("when", "sleeping-outdoors", "--json").out)
    (one,) = document["situations"]
    assert [(about["id"], about["kind"]) for about in one["think_of"]][:2] == [
        ("homelessness", "population"),
        ("housing_transition_navigation", "service"),
    ]
    assert one["asked_first"][0] == {
        "id": "complex_need",
        "text": "The member has a health need that is too hard to handle alone",
        "private": False,
    }
    assert [contact["phone"] for contact in one["call"]] == ["1-800-430-4263"]
    assert (one["as_of"], one["grade"]) == ("2026-01", "B")


# What the check of the data says of situations


def problems_after(change: Callable[[dict[str, Any]], object]) -> list[tuple[str, str]]:
    """Where and what is wrong after a change of the talk's first situation, which gets the talk as well."""
    folder = load.shipped()
    tables = {name: load.read_toml(folder / name) for name in load.SHAPES}
    change(tables[TALK])
    return [(one.where, one.code) for one in find_problems(load.policy_of(tables, folder))]


def first(talk: dict[str, Any]) -> dict[str, Any]:
    """The table of the first situation."""
    table: dict[str, Any] = talk["situation"][0]
    return table


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "unknown program": (lambda talk: first(talk)["think_of"][0].update(id="recuperativ_care"), "unknown-program"),
    "unknown row": (lambda talk: first(talk)["asked_first"].append("hom"), "unknown-row"),
    "unknown contact": (lambda talk: first(talk).update(call=["health_care_option"]), "unknown-contact"),
    "unknown source": (lambda talk: first(talk).update(source=["G62 p.1"]), "unknown-source"),
    "no source": (lambda talk: first(talk).update(source=[]), "no-source"),
    "no reason": (lambda talk: first(talk)["think_of"][0].update(why=""), "empty-text"),
    "contact of one plan": (lambda talk: first(talk).update(call=["health_net_justice_line"]), "one-plan"),
    "nothing to think of": (lambda talk: first(talk).update(think_of=[]), "length"),
    "nothing to ask": (lambda talk: first(talk).update(asked_first=[]), "length"),
    "more than people take in": (
        lambda talk: first(talk)["think_of"].append({"id": "respite", "why": "a break"}),
        "length",
    ),
    "thought twice": (lambda talk: first(talk)["think_of"][1].update(id="recuperative_care"), "duplicate-id"),
    "asked twice": (
        lambda talk: first(talk).update(asked_first=["complex_need", "complex_need"]),
        "duplicate-id",
    ),
    "row beside the point": (lambda talk: first(talk).update(asked_first=["asthma"]), "row"),
    "long reason": (lambda talk: first(talk)["think_of"][0].update(why="a long reason " * 6 + "ends"), "long"),
    "long name": (lambda talk: first(talk).update(name="Leaving the hospital without a home to go to"), "long"),
    "long note": (lambda talk: first(talk).update(note="a long note " * 12 + "ends"), "long"),
    "id twice": (lambda talk: talk["situation"][1].update(id="leaving_hospital"), "duplicate-id"),
    "name of another": (lambda talk: talk["situation"][1]["aliases"].append("Discharge"), "duplicate-name"),
    "no such voice": (lambda talk: talk.update(voice=talk["voice"][:-1]), "voice"),
}


@pytest.mark.thorough
@pytest.mark.parametrize(("change", "code"), WRONG.values(), ids=list(WRONG))
def test_faults_of_situations_are_found(change: Callable[[dict[str, Any]], object], code: str) -> None:
    """Who edits a situation learns of what is not there, not said, said twice, of one plan or too long to be read."""
    found = problems_after(change)
    assert code in [said for _, said in found]
    assert all(TALK in where for where, _ in found), found


def test_shipped_situations_are_sound() -> None:
    """Untouched, the situations pass the check."""
    assert problems_after(lambda _: None) == []


def test_own_talk_without_situations_is_sound() -> None:
    """A talk of one's own from before there were situations, or without any, is still taken."""
    assert problems_after(lambda talk: talk.pop("situation")) == []
