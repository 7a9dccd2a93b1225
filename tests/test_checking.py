"""`calaim check`: the promises of its JSON document, and what it refuses."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import subject_id
from conftest import AS_OF, COMPLETE, Run, WriteCase, changed

HOUSED_TEEN = '[answers]\nage = 15\nhousing = ["none"]\n'
CANARY = "zq7canary"


def documents(out: str) -> list[dict[str, Any]]:
    """The JSON documents of an output, one a line; the last line is ended too."""
    assert out.endswith("\n")
    return [json.loads(line) for line in out.splitlines()]


def checked(run: Run, *arguments: str | Path, stdin: str = "") -> dict[str, Any]:
    """The one document that a check which went well prints."""
    ran = run("check", *arguments, "--json", "--as-of", AS_OF, stdin=stdin)
    assert (ran.code, ran.err) == (0, "")
    [document] = documents(ran.out)
    return document


def subject_of(result: dict[str, Any]) -> str:
    """The id of what a result is about."""
    return str(result["population"] or result["service"] or result["program"])


# The document


def test_document_has_the_keys_of_the_contract(run: Run, write_case: WriteCase, catalog: Policy) -> None:
    """Scripts find every key of `calaim.determination/1`, in the order of the contract."""
    document = checked(run, write_case())
    assert list(document) == ["schema", "as_of", "edition", "county", "results", "warnings", "plan", "send", "ask_next"]
    assert document["schema"] == "calaim.determination/1"
    assert (document["as_of"], document["edition"]) == ("2026-11-22", catalog.edition)
    assert document["county"] == "San Mateo"
    wanted = ["program", "population", "service", "name", "outcome", "offered"]
    wanted += ["because", "missing", "next_steps", "notes"]
    assert all(list(result) == wanted for result in document["results"])


def test_reasons_and_missing_answers_have_the_keys_of_the_contract(
    run: Run, write_case: WriteCase, catalog: Policy
) -> None:
    """Each reason carries its criterion, text, source and date; each missing answer its question and text."""
    results = {subject_of(result): result for result in checked(run, write_case())["results"]}
    [reason] = [one for one in results["ecm"]["because"] if one["criterion"] == "five_ed_visits_6_months"]
    assert {key: reason[key] for key in ("criterion", "text", "source", "as_of")} == {
        "criterion": "five_ed_visits_6_months",
        "text": catalog.criteria["five_ed_visits_6_months"].text,
        "source": "G26 p.19-21, S0",
        "as_of": "2026-01",
    }
    asked = catalog.questions["chw_triggers"].ask
    assert {"question": "chw_triggers", "text": asked} in results["chw"]["missing"]


def test_results_come_in_policy_order(run: Run, write_case: WriteCase, catalog: Policy) -> None:
    """Without a program named, everything is decided: ECM, its populations, CHW, the services, always in this order."""
    results = checked(run, write_case())["results"]
    assert [subject_of(result) for result in results] == [subject_id(one) for one in catalog.subjects]
    assert len(results) == 1 + 9 + 1 + 15


def test_missing_is_empty_unless_answers_are_needed(run: Run, write_case: WriteCase, catalog: Policy) -> None:
    """A result lists missing answers exactly when it needs them, in the order of the questions."""
    order = list(catalog.questions)
    outcomes = set()
    for result in checked(run, write_case())["results"]:
        missing = [order.index(one["question"]) for one in result["missing"]]
        assert bool(missing) is (result["outcome"] == "need-answers"), subject_of(result)
        assert missing == sorted(set(missing)), subject_of(result)
        outcomes.add(result["outcome"])
    assert {"likely", "need-answers", "unlikely"} <= outcomes


@pytest.mark.parametrize(
    ("county", "offered"),
    [("San Mateo", False), ("Alameda", True), ("Shasta", None), (None, None)],
    ids=["not-offered", "offered", "kp-does-not-serve", "no-county"],
)
def test_offered_is_apart_from_the_outcome(
    run: Run, write_case: WriteCase, county: str | None, offered: bool | None
) -> None:
    """Whether a county has a service is yes, no or not known, and never changes the outcome."""
    case = write_case(
        {
            "member.county": county,
            "member.zip": None,
            "answers": {"managed_care": True, "needs_recovery_place": True, "at_risk_of_homelessness": True}
            | {"room_and_board_months_used": 0},
        }
    )
    [result] = checked(run, case, "--program", "recuperative_care")["results"]
    assert (result["outcome"], result["offered"]) == ("likely", offered)


def test_ecm_and_chw_are_no_matter_of_counties(run: Run, write_case: WriteCase) -> None:
    """Only services are offered by county: for ECM, its populations and CHW `offered` is null."""
    results = checked(run, write_case(), "--program", "ecm", "--program", "chw")["results"]
    assert {result["offered"] for result in results} == {None}


def test_several_cases_are_one_document_a_line(run: Run, write_case: WriteCase) -> None:
    """Several cases give as many lines as cases, in the order they were named."""
    names = ["Marin", "Alameda", "Sonoma"]
    cases = [write_case({"member.county": name, "member.zip": None}, f"{name}.toml") for name in names]
    ran = run("check", *cases, "--json", "--as-of", AS_OF)
    assert ran.code == 0
    assert [document["county"] for document in documents(ran.out)] == names


def test_same_input_gives_the_same_bytes(run: Run, write_case: WriteCase) -> None:
    """A check can be compared with an earlier one byte by byte."""
    case = write_case()
    first = run("check", case, "--json", "--as-of", AS_OF)
    assert run("check", case, "--json", "--as-of", AS_OF) == first


@pytest.mark.parametrize("form", ["--json", "--plain"])
def test_no_member_data_is_printed(run: Run, write_case: WriteCase, form: str) -> None:
    """A determination can be shown around: it holds nothing that names the member, and no answer given."""
    fields = ("first_name", "last_name", "address", "preferred_language", "caregiver_name", "mrn")
    case = write_case({f"member.{field}": f"{CANARY}{field}" for field in fields} | {"answers.stays_6_months": 817})
    ran = run("check", case, form, "--as-of", AS_OF)
    assert ran.code == 0
    for private in (CANARY, "1980", "555-0123", "94401", "817"):
        assert private not in ran.out + ran.err


def test_plain_output_is_tab_separated_and_names_the_edition(run: Run, write_case: WriteCase, catalog: Policy) -> None:
    """A pipe gets one fact a line with tabs, the outcome in the contract's word, and the data edition."""
    ran = run("check", write_case(), "--program", "ecm", "--all", "--as-of", AS_OF)
    assert ran.code == 0
    assert all("\t" in line for line in ran.out.splitlines())
    assert "ecm\toutcome\tlikely" in ran.out.splitlines()
    assert f"edition\t{catalog.edition}" in ran.out.splitlines()
    assert "the plan decides" in ran.out


# The answer, one result, all of them


def test_pipe_gets_the_answer_first(run: Run, write_case: WriteCase) -> None:
    """Without an option a pipe gets the short answer: ECM in the first line, no reason with its source behind it."""
    lines = run("check", write_case(), "--as-of", AS_OF).out.splitlines()
    assert lines[0].startswith("ecm\tlikely\t")
    assert {line.split("\t")[0] for line in lines} == SHAPES
    assert lines[-1].startswith("remember\t")


SHAPES = {"ecm", "population", "chw", "support", "ask_next", "send", "phone", "remember"}


def test_all_is_the_answer_and_then_everything(run: Run, write_case: WriteCase) -> None:
    """`--all` takes nothing away: the short answer, then every result with its reasons."""
    case = write_case()
    short, whole = (run("check", case, *more, "--as-of", AS_OF).out for more in ((), ("--all",)))
    assert whole.startswith(short)
    assert "ecm\toutcome\tlikely\n" in whole.removeprefix(short)


@pytest.mark.parametrize("typed", ["recuperative_care", "Medical respite", "recuperative-care"])
def test_why_tells_one_result(run: Run, write_case: WriteCase, typed: str) -> None:
    """`--why` takes any name of a program, population or service, and tells that result alone."""
    out = run("check", write_case(), "--why", typed, "--as-of", AS_OF).out
    assert {line.split("\t")[0] for line in out.splitlines()} == {"recuperative_care"}


def test_why_of_several_cases_names_each(run: Run, write_case: WriteCase) -> None:
    """With several cases each result stands below the name of its case."""
    cases = [write_case(name=name) for name in ("a.toml", "b.toml")]
    out = run("check", *cases, "--why", "ecm", "--as-of", AS_OF).out
    assert [line for line in out.splitlines() if line.startswith("case\t")] == [f"case\t{one}" for one in cases]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--why", "homelesness"), 5, "did you mean homelessness"),
        (("--why", "respite", "--program", "ecm"), 2, "--why respite: it is not among the results shown here"),
        (("--why", "cs"), 2, "--why cs: it is not among"),
        (("--why", "ecm", "--all"), 2, "--all shows every result"),
        (("--why", "ecm", "--expect"), 2, "--expect compares"),
        (("--all", "--expect"), 2, "--expect compares"),
    ],
)
def test_wishes_that_would_go_unheard_are_refused(
    run: Run, write_case: WriteCase, options: tuple[str, ...], code: int, words: str
) -> None:
    """A result that is none, was not decided, or would not be shown is refused in one sentence, and nothing shown."""
    ran = run("check", write_case({"expect.ecm": "likely"}), *options, "--as-of", AS_OF)
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1)
    assert words in ran.err


@pytest.mark.parametrize("option", [("--all",), ("--why", "ecm")])
def test_document_is_whole_already(run: Run, write_case: WriteCase, option: tuple[str, ...]) -> None:
    """`--json` holds every result: an option that picks some is refused."""
    ran = run("check", write_case(), *option, "--json", "--as-of", AS_OF)
    assert (ran.code, ran.out) == (2, "")
    assert "leave out --why and --all" in ran.err


def test_document_names_the_questions_to_ask_next(run: Run, write_case: WriteCase, catalog: Policy) -> None:
    """A script gets the same questions as a person, with how many results wait for each."""
    case = write_case()
    asked = checked(run, case)["ask_next"]
    rows = [line.split("\t")[1:] for line in run("check", case).out.splitlines() if line.startswith("ask_next")]
    assert [[one["question"], str(one["results"])] for one in asked] == rows
    assert [one["ask"] for one in asked] == [catalog.questions[one["question"]].ask for one in asked]


def test_several_cases_are_a_line_each_and_totals(run: Run, write_case: WriteCase) -> None:
    """Several cases: name, outcome of ECM and CHW, supports that seem to fit, populations; then how many of each."""
    cases = [write_case(name="a.toml"), write_case({"answers.excluded_programs": ["hospice"]}, "b.toml")]
    rows = [line.split("\t") for line in run("check", *cases, "--as-of", AS_OF).out.splitlines()]
    assert [row[:4] for row in rows[:2]] == [
        ["case", str(cases[0]), "likely", "need-answers"],
        ["case", str(cases[1]), "unlikely", "need-answers"],
    ]
    assert rows[2:5] == [["total", "cases", "2"], ["total", "ecm", "likely", "1"], ["total", "ecm", "unlikely", "1"]]


def test_at_most_three_warnings_stand_beside_the_answer(run: Run, write_case: WriteCase) -> None:
    """The answer is not lost among warnings: three, and how many more there are; `--all` tells them all."""
    case = write_case({"member.zip": "94601", "answers.age": 30, "member.date_of_birth": "1950-03-04"})
    short, whole = (run("check", case, *more, "--as-of", "2030-01-01").err for more in ((), ("--all",)))
    warnings = whole.splitlines()
    assert len(warnings) > 4
    assert short.splitlines() == [*warnings[:3], f"calaim: and {len(warnings) - 3} more warnings: --all"]


# What is read


def test_standard_input_is_read(run: Run) -> None:
    """`-` takes the case from a pipe, in TOML or in JSON, with the same result."""
    from_toml = checked(run, "-", stdin=HOUSED_TEEN)
    from_json = checked(run, "-", stdin='{"answers": {"age": 15, "housing": ["none"]}}')
    assert from_toml == from_json
    assert from_toml["county"] is None


def test_json_case_decides_as_its_toml(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """A case in JSON is as good as the same case in TOML."""
    as_json = tmp_path / "case.json"
    as_json.write_text(json.dumps(COMPLETE), encoding="utf-8")
    assert checked(run, as_json) == checked(run, write_case())


def test_age_follows_date_of_birth_and_day(run: Run, write_case: WriteCase) -> None:
    """The day given with --as-of is the day the member's age is worked out for."""
    case = write_case(
        {"member.date_of_birth": date(2005, 11, 22), "answers": {"ccs_enrolled": True, "complex_social_factor": True}}
    )
    for day, outcome in (("2026-11-21", "likely"), ("2026-11-22", "unlikely")):
        ran = run("check", case, "--program", "ccs", "--json", "--as-of", day)
        [document] = documents(ran.out)
        assert (document["as_of"], document["results"][0]["outcome"]) == (day, outcome)


def test_an_age_that_contradicts_is_a_warning(run: Run, write_case: WriteCase) -> None:
    """A stated age that contradicts the date of birth is named on stderr without a value; the check goes on."""
    ran = run("check", write_case({"answers.age": 17}), "--program", "ecm", "--as-of", AS_OF)
    assert ran.code == 0
    assert "answers.age" in ran.err
    assert "17" not in ran.err


def test_data_past_review_are_a_warning(run: Run, write_case: WriteCase, catalog: Policy) -> None:
    """Until the day of review no review is spoken of; from that day on stderr warns and the check still decides."""
    case, last = write_case(), catalog.review_by
    on_time = run("check", case, "--program", "ecm", "--as-of", last - timedelta(days=30))
    late = run("check", case, "--program", "ecm", "--as-of", last)
    assert (on_time.code, "past-review" in on_time.err) == (0, False)
    assert late.code == 0
    assert "warning" in late.err
    assert last.isoformat() in late.err


# --program


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("recuperative_care", "recuperative_care"),
        ("recuperative-care", "recuperative_care"),
        ("Recuperative Care", "recuperative_care"),
        ("medical respite", "recuperative_care"),
        ("Home Modifications", "home_modifications"),
        ("smi-sud", "smi_sud"),
        ("Birth equity", "birth_equity"),
        ("CHW", "chw"),
    ],
)
def test_a_program_is_found_by_any_of_its_names(run: Run, typed: str, found: str) -> None:
    """`--program` takes ids with `-` or `_`, names and older names, in any case."""
    results = checked(run, "-", "--program", typed, stdin=HOUSED_TEEN)["results"]
    assert [subject_of(result) for result in results] == [found]


@pytest.mark.parametrize(("program", "count"), [("ecm", 10), ("cs", 15), ("chw", 1)])
def test_a_whole_program_brings_all_its_parts(run: Run, program: str, count: int) -> None:
    """`ecm` brings its nine populations, `cs` the fifteen services."""
    results = checked(run, "-", "--program", program, stdin=HOUSED_TEEN)["results"]
    assert len(results) == count
    assert {result["program"] for result in results} == {program}


def test_programs_named_twice_are_decided_once(run: Run) -> None:
    """Several programs come in policy order, each once, however they were named."""
    wanted = ("--program", "respite", "--program", "chw", "--program", "Respite", "--program", "ccs")
    results = checked(run, "-", *wanted, stdin=HOUSED_TEEN)["results"]
    assert [subject_of(result) for result in results] == ["ccs", "chw", "respite"]


def test_unknown_program_is_refused_with_a_suggestion(run: Run) -> None:
    """A misspelled program is exit 5 with the name that was probably meant, and decides nothing."""
    ran = run("check", "-", "--program", "asthma-remediatoin", "--as-of", AS_OF, stdin=HOUSED_TEEN)
    assert (ran.code, ran.out) == (5, "")
    assert "did you mean asthma_remediation" in ran.err


def test_several_programs_in_one_word_are_not_taken_for_one(run: Run) -> None:
    """A near name of the first would drop the second without a word."""
    ran = run("check", "-", "--program", "ecm,chw", "--as-of", AS_OF, stdin=HOUSED_TEEN)
    assert (ran.code, ran.out, "did you mean" in ran.err) == (5, "", False)
    assert '"ecm,chw": several at once: give one at a time' in ran.err


def test_unknown_program_is_one_error_document(run: Run) -> None:
    """With --json an unknown program is one `calaim.error/1` document on stderr."""
    ran = run("check", "-", "--program", "zzz", "--json", "--as-of", AS_OF, stdin=HOUSED_TEEN)
    assert (ran.code, ran.out) == (5, "")
    [document] = documents(ran.err)
    assert list(document) == ["schema", "code", "message", "problems"]
    assert (document["schema"], document["code"]) == ("calaim.error/1", "unknown-program")


# Answers that are not valid


BAD_ANSWERS = [
    pytest.param({f"{CANARY}": True}, f"answers.{CANARY}", "unknown-question", id="unknown-question"),
    pytest.param({"housing": [CANARY]}, "answers.housing", "unknown-choice", id="unknown-choice-of-several"),
    pytest.param({"ihss_status": CANARY}, "answers.ihss_status", "unknown-choice", id="unknown-choice"),
    pytest.param({"age": CANARY}, "answers.age", "answer-kind", id="text-for-number"),
    pytest.param({"stays_6_months": 31415}, "answers.stays_6_months", "answer-range", id="number-out-of-range"),
    pytest.param({"visits_avoidable": 31415}, "answers.visits_avoidable", "answer-kind", id="number-for-yes-no"),
    pytest.param({"housing": CANARY}, "answers.housing", "answer-kind", id="text-for-several"),
    pytest.param({"age": {CANARY: 31415}}, "answers.age", "answer-kind", id="table-for-number"),
]


@pytest.mark.parametrize(("answers", "where", "code"), BAD_ANSWERS)
def test_a_bad_answer_is_named_but_never_quoted(
    run: Run, write_case: WriteCase, answers: dict[str, Any], where: str, code: str
) -> None:
    """An answer that does not fit is exit 4: the question is named, the answer is not, and nothing is decided."""
    case = write_case({"answers": answers})
    ran = run("check", case, "--as-of", AS_OF)
    assert (ran.code, ran.out) == (4, "")
    assert where in ran.err
    assert ran.err.count(CANARY) == where.count(CANARY)
    assert "31415" not in ran.err


@pytest.mark.parametrize(("answers", "where", "code"), BAD_ANSWERS)
def test_a_bad_answer_is_one_error_document(
    run: Run, write_case: WriteCase, answers: dict[str, Any], where: str, code: str
) -> None:
    """With --json a bad answer is one `calaim.error/1` document that says where, with a stable code."""
    ran = run("check", write_case({"answers": answers}), "--json", "--as-of", AS_OF)
    assert (ran.code, ran.out) == (4, "")
    [document] = documents(ran.err)
    [problem] = document["problems"]
    assert list(problem) == ["where", "code", "message"]
    assert (problem["where"], problem["code"]) == (where, code)
    assert CANARY not in problem["message"]


def test_all_bad_answers_are_listed(run: Run) -> None:
    """A case is mended in one go: every bad answer is listed."""
    ran = run("check", "-", "--as-of", AS_OF, stdin="[answers]\nage = true\nhousing = 3\nagee = 4\n")
    assert ran.code == 4
    assert all(where in ran.err for where in ("answers.age:", "answers.housing:", "answers.agee:"))


def test_one_bad_case_stops_them_all(run: Run, write_case: WriteCase) -> None:
    """Among several cases a bad one is named, and nothing is printed for the others."""
    good, bad = write_case(), write_case({"answers": {"age": "old"}}, "bad.toml")
    ran = run("check", good, bad, "--json", "--as-of", AS_OF)
    assert (ran.code, ran.out) == (4, "")
    assert "bad.toml" in ran.err


@pytest.mark.parametrize("answer", ["\u001b[31m", "\u0007", "\r", "\u009b2J"], ids=["color", "bell", "return", "c1"])
def test_no_case_can_steer_the_terminal(run: Run, answer: str) -> None:
    """A control character in a question's name is not sent to the terminal that shows the error."""
    ran = run("check", "-", "--as-of", AS_OF, stdin=json.dumps({"answers": {f"a{answer}b": True}}))
    assert ran.code == 4
    assert answer not in ran.err


def test_a_number_beyond_measure_is_no_internal_error(run: Run) -> None:
    """A key held down by mistake is a problem of the case, exit 4, not a bug of the program."""
    ran = run("check", "-", "--as-of", AS_OF, stdin=f"[answers]\nage = {'9' * 5000}\n")
    assert (ran.code, ran.out) == (4, "")


# Where the member lives


def test_stated_county_wins(run: Run, write_case: WriteCase) -> None:
    """`--county` decides for that county, whatever the case says; aliases and ZIP codes will do."""
    case = write_case()
    assert checked(run, case, "--county", "alameda")["county"] == "Alameda"
    assert checked(run, case, "--county", "SF")["county"] == "San Francisco"


def test_county_comes_from_the_zip_code_when_not_given(run: Run, write_case: WriteCase) -> None:
    """A case without a county is decided for the one its ZIP code lies in."""
    assert checked(run, write_case({"member.county": None}))["county"] == "San Mateo"


def test_a_zip_code_that_decides_nothing_is_a_warning(run: Run, write_case: WriteCase) -> None:
    """A ZIP code outside California leaves the county open: a warning without the code, and a decision."""
    case = write_case({"member.county": None, "member.zip": "10001"})
    ran = run("check", case, "--program", "ecm", "--json", "--as-of", AS_OF)
    assert (ran.code, ran.err) == (0, "")
    [document] = documents(ran.out)
    assert document["county"] is None
    assert "member.zip" in [warning["where"] for warning in document["warnings"]]
    assert "10001" not in ran.out


def test_a_zip_code_of_another_county_is_a_warning(run: Run, write_case: WriteCase) -> None:
    """A check points out what `refer` will point out: the ZIP code does not lie in the county that was used."""
    case = write_case({"member.zip": "94601"})
    ran = run("check", case, "--program", "ecm", "--plain", "--as-of", AS_OF)
    referred = run("refer", case, "--as-of", AS_OF)
    [warning] = [line for line in referred.err.splitlines() if "zip-county" in line]
    assert (ran.code, ran.err) == (0, f"{warning}\n")


def test_warnings_are_in_the_document(run: Run, write_case: WriteCase) -> None:
    """A script finds in the document what a person reads on stderr; a case without doubts has an empty list."""
    assert checked(run, write_case())["warnings"] == []
    ran = run("check", write_case({"member.zip": "94601", "answers.age": 30}), "--json", "--as-of", AS_OF)
    [document] = documents(ran.out)
    found = [(warning["where"], warning["code"]) for warning in document["warnings"]]
    assert found == [("answers.age", "age-differs"), ("member.zip", "zip-county")]


def test_a_county_that_is_none_is_refused(run: Run, write_case: WriteCase) -> None:
    """A county that does not exist is exit 5, named by its place in the case and not by its content."""
    ran = run("check", write_case({"member.county": CANARY}), "--as-of", AS_OF)
    assert (ran.code, ran.out) == (5, "")
    assert "case.toml: member.county: " in ran.err
    assert ran.err.count("\n") == 1
    assert CANARY not in ran.err


# Expectations


@pytest.mark.parametrize(
    ("expect", "where"),
    [
        pytest.param({"ecmm": "likely"}, "expect.ecmm", id="unknown-program"),
        pytest.param({"cs": "likely"}, "expect.cs", id="program-that-has-no-outcome"),
        pytest.param({"ecm": "eligible"}, "expect.ecm", id="unknown-outcome"),
        pytest.param({"ecm": ["likely"]}, "expect.ecm", id="list-of-outcomes"),
        pytest.param({}, "expect", id="empty-table"),
        pytest.param(None, "expect", id="no-table"),
    ],
)
def test_expectations_must_be_sound(run: Run, tmp_path: Path, expect: dict[str, Any] | None, where: str) -> None:
    """A reviewer's case that expects nothing, or what cannot be, is refused and never counted as met."""
    case = tmp_path / "case.json"
    case.write_text(json.dumps(changed({"answers": {}}, {"expect": expect})), encoding="utf-8")
    ran = run("check", case, "--expect", "--as-of", AS_OF)
    assert (ran.code, ran.out) == (4, "")
    assert f"{where}:" in ran.err


@pytest.mark.parametrize("option", [("--program", "ecm"), ("--county", "alameda")], ids=lambda option: option[0])
def test_expectations_are_compared_whole(run: Run, write_case: WriteCase, option: tuple[str, str]) -> None:
    """An option that --expect would not heed is refused, so that nobody takes the answer for a narrower one."""
    ran = run("check", write_case({"expect.ecm": "likely"}), "--expect", *option, "--as-of", AS_OF)
    assert (ran.code, ran.out) == (2, "")
    assert "leave out --program and --county" in ran.err


def test_expectations_are_no_matter_without_the_option(run: Run, write_case: WriteCase) -> None:
    """A wrong expectation does not disturb an ordinary check."""
    ran = run("check", write_case({"expect.ecm": "unlikely"}), "--program", "ecm", "--as-of", AS_OF)
    assert ran.code == 0


def test_warning_of_one_of_several_cases_names_it(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """With several cases each warning says of which it is; what is so for all of them is said once."""
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_bytes(write_case({"answers.ed_visits_6_months": 4, "answers.ed_visits_12_months": 2}).read_bytes())
    second.write_bytes(write_case({}).read_bytes())
    ran = run("check", first, second, "--program", "ecm", "--as-of", date(2027, 1, 1))
    assert f"calaim: warning: {first}: answers.ed_visits_6_months, answers.ed_visits_12_months: " in ran.err
    assert str(second) not in ran.err
    assert ran.err.count("waivers-end") == 1
