"""What a telephone number, a day and a link in the data may look like: near misses are found, and real ones pass."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from calaim_cli.decide.plausible import implausible
from calaim_cli.policy.leaves import leaves
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.routes import Offer, Route

PHONES = {
    "1-800-430-4263": True,
    "800-456-2387": True,
    "(209) 942-6350": True,
    "+1 415 555 0123": True,
    "1-877-661-6230, option 2": True,
    "1-855-266-4584 or 1-888-310-7347": True,
    "415-555-0199": True,
    "711": False,
    "911": False,
    "911-430-4263": False,
    "800-911-4263": False,
    "800-555-1212": False,
    "555-430-4263": False,
    "1-800-430-426": False,
    "1-800-430-42631": False,
    "100-430-4263": False,
    "1-800-MEDICAL": False,
    "1-800-430-4263 or call": False,
}
TTYS = {
    **PHONES,
    "711": True,
    "711 or 1-800-735-2929": True,
    "1-855-266-4584 or 711": True,
    "771": False,
    "7 1 1": False,
}
DAYS = {
    **dict.fromkeys(("2024", "2024-10", "2024-10-31", "2024-02-29"), True),
    **dict.fromkeys(("24-10", "2024-13", "2024-00", "2023-02-29", "10/2024", "2024-1", "2024-10-32", "2099"), False),
}
LINKS = {
    "https://www.dhcs.ca.gov/calaim?a=b#c": True,
    "http://partnershiphp.org/MembersSpanish/Medi-Cal/Pages/Frequently-Asked-Questions.aspx": True,
    "www.healthcareoptions.dhcs.ca.gov": True,
    "htps://www.dhcs.ca.gov": False,
    "https:/www.dhcs.ca.gov": False,
    "https://www.dhcs.ca.gov/a b": False,
    "https://dhcs": False,
    "javascript:alert(1)": False,
    "see the plan's page": False,
}


def is_fine(catalog: Policy, **own: str) -> bool:
    """Whether nothing is said of a telephone route, and of an offer, with these values."""
    routes, offers = catalog.routes_file.route, catalog.routes_file.offer
    keys: dict[str, object] = dict(own)
    route = replace(routes[2], **{key: one for key, one in keys.items() if key in Route.__struct_fields__})
    offer = replace(offers[0], **{key: one for key, one in keys.items() if key in Offer.__struct_fields__})
    changed = replace(catalog.routes_file, route=(route,), offer=(offer,))
    policy = replace(catalog, routes_file=changed)
    return list(implausible(policy, leaves(policy))) == []


@pytest.mark.parametrize(("phone", "fine"), PHONES.items())
def test_phone(catalog: Policy, phone: str, *, fine: bool) -> None:
    """Ten digits that can be dialed, as they are written, and not an emergency or a film."""
    assert is_fine(catalog, address=phone) is fine


@pytest.mark.parametrize(("tty", "fine"), TTYS.items())
def test_tty(catalog: Policy, tty: str, *, fine: bool) -> None:
    """A TTY number is one, or the relay service, or both."""
    assert is_fine(catalog, tty=tty) is fine


@pytest.mark.parametrize(("day", "fine"), DAYS.items())
def test_day(catalog: Policy, day: str, *, fine: bool) -> None:
    """A day is as exact as its document: a year, a month or a day of the calendar, not after the file was checked."""
    assert is_fine(catalog, as_of=day) is fine


def test_undated_is_said_by_an_empty_text(catalog: Policy) -> None:
    """A document without a date has none, and that is no empty text."""
    assert is_fine(catalog, as_of="")
    assert not is_fine(catalog, note=" ")


@pytest.mark.parametrize(("link", "fine"), LINKS.items())
def test_link(catalog: Policy, link: str, *, fine: bool) -> None:
    """A link can be opened as it is written."""
    plan = replace(catalog.counties_file.plan[0], website=link)
    policy = replace(catalog, counties_file=replace(catalog.counties_file, plan=(plan,)))
    assert (list(implausible(policy, leaves(policy))) == []) is fine


def test_day_of_the_file_itself_is_not_after_it(catalog: Policy) -> None:
    """What was looked at on the day that the file was checked is fine, and a day later is not."""
    checked = catalog.routes_file.as_of
    for day, fine in ((checked, True), (date(checked.year + 1, 1, 1), False)):
        route = replace(catalog.routes_file.route[0], checked=day)
        policy = replace(catalog, routes_file=replace(catalog.routes_file, route=(route,)))
        assert (list(implausible(policy, leaves(policy))) == []) is fine
