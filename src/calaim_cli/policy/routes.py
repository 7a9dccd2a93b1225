"""Where the plans take referrals, on which form, and what each offers: all of it is data, and nothing is guessed."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from typing import Final

from msgspec import Struct

from calaim_cli.policy.places import County
from calaim_cli.policy.programs import DataFile, Grade, Program

KNOWN: Final = frozenset({Grade.OFFICIAL, Grade.COPY})
"""The grades of a route that is shown as one; an inferred one is none (DHCS, ECM Policy Guide of 2026-01, p.101)."""


class RouteKind(StrEnum):
    """What an address is for."""

    REFERRAL = "referral"
    MEMBER_LINE = "member_line"
    PAGE = "page"
    QUESTION = "question"


class Channel(StrEnum):
    """How an address is reached."""

    EMAIL = "email"
    PHONE = "phone"
    PORTAL = "portal"
    FAX = "fax"
    FORM = "form"
    DIRECTORY = "directory"
    WEB = "web"


class Route(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """One address of a plan. No `counties`: all of the plan's; `region`: those of that region of the plan."""

    id: str
    plan: str
    programs: tuple[str, ...]
    kind: RouteKind
    channel: Channel
    address: str
    source: tuple[str, ...]
    grade: Grade
    checked: dt.date
    counties: tuple[str, ...] = ()
    region: str = ""
    own_organization: bool = False  # for a provider that refers to its own organization; the profile has the address
    also: str = ""
    subject: dict[str, str] = {}  # by program, exactly
    secure_email: bool = False
    services_except: tuple[str, ...] = ()
    ask_first: tuple[str, ...] = ()
    form_name: str = ""
    who: str = ""
    tty: str = ""
    hours: str = ""
    turnaround: str = ""
    note: str = ""
    date: str = ""  # "" is undated

    @property
    def takes_referrals(self) -> bool:
        """Whether anything about a member may go there; to questions and pages nothing ever does."""
        return self.kind in {RouteKind.REFERRAL, RouteKind.MEMBER_LINE} and self.grade in KNOWN


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What DHCS asks of every plan about referrals to some programs."""

    id: str
    text: str
    programs: tuple[str, ...]
    source: tuple[str, ...]
    grade: Grade
    urgent: bool = False  # how fast the plan has to answer


class OfferKind(StrEnum):
    """How a list of services is meant."""

    ALL_BUT = "all_but"
    AT_LEAST = "at_least"
    UNKNOWN = "unknown"


class Offer(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """Which Community Supports a plan offers, as far as a dated list tells; `not_in`: counties by service."""

    plan: str
    kind: OfferKind
    as_of: str
    source: tuple[str, ...]
    services: tuple[str, ...] = ()
    not_in: dict[str, tuple[str, ...]] = {}
    grade: Grade = Grade.OFFICIAL
    note: str = ""


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A section of a form and of the letter: its title, and the keys of its fields in order."""

    title: str
    fields: tuple[str, ...] = ()


class Form(Struct, frozen=True, eq=False, dict=True, forbid_unknown_fields=True, kw_only=True):
    """The form of some plans, or our own sheet, which names none: sections, labels, what is needed, attestation.

    `required_if` and `required_unless` name, by field, the texts of other fields with which it is needed, or is not.
    """

    id: str
    name: str
    sections: tuple[Section, ...]
    required: tuple[str, ...]
    required_if: dict[str, dict[str, tuple[str, ...]]] = {}
    required_unless: dict[str, dict[str, tuple[str, ...]]] = {}
    numbers: tuple[str, ...]  # of the member, those that may leave to the plan: the first that is given
    source: tuple[str, ...]
    plans: tuple[str, ...] = ()
    initials: tuple[str, ...] = ()  # names of which the initial alone leaves
    opening: str = ""
    labels: dict[str, str] = {}  # those that differ from a field's own, by its key
    before_agreement: dict[str, str] = {}  # said before the member's agreement is asked for, by program
    attestation: tuple[str, ...] = ()
    reminders: tuple[str, ...] = ()
    reminders_for: dict[str, tuple[str, ...]] = {}  # those of one program

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys of all fields, in the form's order."""
        return tuple(key for section in self.sections for key in section.fields)

    def needed(self, said: Callable[[str], str]) -> tuple[str, ...]:
        """The keys of the fields that are needed where the others have these texts, by key."""

        def met(conditions: Mapping[str, tuple[str, ...]]) -> bool:
            return any(said(key) in texts for key, texts in conditions.items())

        left_out = [key for key, conditions in self.required_unless.items() if met(conditions)]
        always = [key for key in self.required if key not in left_out]
        return (*always, *(key for key, conditions in self.required_if.items() if met(conditions)))


class ReferralWords(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """What every referral may say, whatever the plan: the choices of a case, and the words that all letters share."""

    relationships: dict[str, str]
    referral_sources: dict[str, str]
    vendors: dict[str, str]
    current_services: dict[str, str]
    agreed_by: dict[str, str]
    kinds: dict[str, str]  # of organization, for a profile
    closed_loop: str
    part2_notice: str
    part2_consent: str = ""  # what goes with the notice
    part2_phrases: tuple[str, ...] = ()
    ecm_or_chw: str
    both: str
    watch_words: tuple[str, ...] = ()
    source: tuple[str, ...]


class AtOnce(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Kinds of ECM provider that may begin with members of a population before the plan decides."""

    population: str
    kinds: tuple[str, ...]
    source: tuple[str, ...]


class Rejected(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An address that some source has and that is not to be used, with the reason."""

    address: str
    why: str
    plan: str = ""


class RoutesFile(DataFile, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `routes.toml` holds."""

    referral: ReferralWords
    rule: tuple[Rule, ...] = ()
    route: tuple[Route, ...] = ()
    form: tuple[Form, ...] = ()
    offer: tuple[Offer, ...] = ()
    at_once: tuple[AtOnce, ...] = ()
    holidays: tuple[dt.date, ...] = ()
    rejected: tuple[Rejected, ...] = ()


class Way(Struct, frozen=True):
    """How a plan is asked for a program in a county: its routes, best first; `ask` is a line where none is a phone."""

    routes: tuple[Route, ...] = ()
    ask: Route | None = None


def serves(route: Route, county: County, region: str) -> bool:
    """Whether a member in the county can be referred by the route. `region` is "" where the plan's is not settled."""
    if not route.takes_referrals or route.own_organization:
        return False
    if not route.region:
        return not route.counties or county.name in route.counties
    if region:
        return route.region == region
    # Of several mailboxes one would be a guess; each line can say which region it is.
    return route.channel is Channel.PHONE and route.region in regions_of(county)


def regions_of(county: County) -> tuple[str, ...]:
    """The regions that the county is served from: several where ZIP codes split it, or none."""
    if county.kp is None:
        return ()
    return (county.kp.region,) if county.kp.region else tuple(dict.fromkeys(county.kp.by_zip.values()))


def own_route(plan: str, routes: Iterable[Route]) -> Route | None:
    """The route of a plan for a provider that refers to its own organization; None where it has no such rule."""
    return next((one for one in routes if one.plan == plan and one.own_organization), None)


def offers(offer: Offer | None, service: Program, county: County, as_of: dt.date) -> bool | None:
    """Whether a plan offers the service in the county on that day; None where that is not known.

    A list says nothing of a service that began after it was made.
    """
    if service.required_from and as_of >= service.required_from:
        return True
    if offer is None or (service.starts and offer.as_of < service.starts.isoformat()):
        return None
    if county.name in offer.not_in.get(service.id, ()):
        return False
    match offer.kind:
        case OfferKind.ALL_BUT:
            return service.id not in offer.services
        case OfferKind.AT_LEAST:
            return True if service.id in offer.services else None
        case OfferKind.UNKNOWN:
            return None


def lines(route: Route) -> Iterator[str]:
    """A route as a person is told it: how and where, then when, who, how fast."""
    also = f" or {route.also}" if route.also else ""
    tty = f" (TTY {route.tty})" if route.tty else ""
    named = f"{route.form_name}: " if route.form_name and route.channel is Channel.FORM else ""
    how = CHANNEL_WORDS[route.channel] if route.takes_referrals else "Ask:"
    # A copy of a handbook may be years old, and its number with it.
    verify = "" if route.grade is Grade.OFFICIAL else f" (as of {route.date or 'an undated page'}: verify)"
    yield f"{how} {named}{route.address}{also}{tty}{verify}"
    if route.form_name and route.channel is not Channel.FORM:
        yield f"Form: {route.form_name}"
    for label, text in (("Hours", route.hours), ("Who may refer", route.who), ("Answer within", route.turnaround)):
        if text:
            yield f"{label}: {text}"
    if route.note:
        yield route.note


CHANNEL_WORDS: Final = {
    Channel.EMAIL: "Send secure e-mail to",
    Channel.PHONE: "Call",
    Channel.PORTAL: "Enter it in",
    Channel.FAX: "Fax it to",
    Channel.FORM: "Fill in the plan's form:",
    Channel.DIRECTORY: "Go to",
    Channel.WEB: "Look at",
}
"""What is done with an address."""
