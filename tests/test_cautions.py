"""The table of warnings: whoever adds a code is told what else it needs, and a report names nothing of a member."""

from __future__ import annotations

import re
from typing import Final

from calaim_cli.base.errors import CAUTIONS, GENERAL
from test_batch_again import WARNED

NOT_OF_A_MEMBER: Final = frozenset(
    {"what", "edition", "day", "row", "text", "was", "now", "year", "names", "reference"}
)
"""What the words of a warning may hold and a report may say."""
TESTED_ELSEWHERE: Final = {
    **dict.fromkeys(
        ("id-name", "id-zeros", "keep-format", "stale", "ecm-and-chw"), "of several rows: test_batch_again"
    ),
    **dict.fromkeys(("open-folder", "git-work-tree", "synced-folder"), "of the place of the output: test_system"),
    **dict.fromkeys(
        ("own-mailbox", "own-words", "offered-by-all", "same-edition", "past-review"),
        "of the data: test_diff, test_soundness",
    ),
    **dict.fromkeys(("coverage-past-review", "renewal-passed"), "of keeping Medi-Cal: test_coverage"),
    **dict.fromkeys(("waivers-end", "waiver-needed", "keep-medi-cal"), "from a day on: test_dates"),
    **dict.fromkeys(
        ("lost-zeros", "hidden-rows", "hidden-columns", "merged-cells", "other-sheets"), "of a workbook: test_workbook"
    ),
    **dict.fromkeys(
        (
            "ledger-begins",
            "ledger-place",
            "not-in-ledger",
            "not-followed",
            "no-holidays",
            "reference-replaced",
            "asked-before",
        ),
        "of a ledger: test_ledger",
    ),
    **dict.fromkeys(("unknown-columns", "batch-needs", "mostly-unknown"), "of the columns of a table: test_screened"),
    **dict.fromkeys(("map-column", "not-in-sql", "unmapped-codes"), "of a map of columns: test_screened"),
    **dict.fromkeys(("ask-how-to-refer", "not-on-the-form"), "of another plan: test_routes"),
    "plan-without-managed-care": "stops a referral: test_routes",
}


def test_every_warning_is_given_by_refer_and_batch_alike() -> None:
    """A new code asks for its row in the test that compares `refer` with `batch`, or says where else it is tried."""
    assert set(CAUTIONS) == set(WARNED) | set(TESTED_ELSEWHERE)
    assert not set(WARNED) & set(TESTED_ELSEWHERE)


def test_words_about_a_member_have_general_ones_for_a_report() -> None:
    """A warning whose words hold where a member lives or what she needs says so in general words in a report."""
    telling = {code for code, words in CAUTIONS.items() if set(re.findall(r"{(\w+)}", words)) - NOT_OF_A_MEMBER}
    assert telling <= set(GENERAL)
    assert not [words for words in GENERAL.values() if "{" in words]
