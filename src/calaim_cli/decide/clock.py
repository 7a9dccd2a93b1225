"""Working days: Monday to Friday but state holidays. A year without holidays in the data is counted without them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

SATURDAY: Final = 5
ONE_DAY: Final = timedelta(days=1)


def working_days_from(day: date, count: int, holidays: Collection[date]) -> date:
    """The day so many working days after that one, or before it where the count is negative."""
    step = ONE_DAY if count > 0 else -ONE_DAY
    left = abs(count)
    while left:
        day += step
        left -= day.weekday() < SATURDAY and day not in holidays
    return day
