"""A week in a care manager's life on a pseudo-terminal: it goes as docs/follow-up.md tells it."""

from __future__ import annotations

import pytest
import week

pytestmark = pytest.mark.thorough


@pytest.mark.unix("a pseudo-terminal")
def test_week_goes_as_the_page_tells_it() -> None:
    """Three drafts, two sent, one bounced, one answer, the week's list and a reminder: the page shows what happens."""
    page = week.TARGET.read_text("utf-8")
    assert week.document() == page
    friday = page[page.index("Friday: ") :]
    assert "3 referrals, 2 to ask about now" in friday
    assert friday.index("9KM8TD") < friday.index("7RCV43") < friday.index("4FJX73")
