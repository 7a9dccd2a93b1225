"""Floor 5: shim until the drafting core is merged."""

from __future__ import annotations

from datetime import date

from calaim_cli.case import Case, Member, Profile, Referral
from calaim_cli.catalog import Catalog
from calaim_cli.errors import Problem
from calaim_cli.referral import Prepared, prepare
from calaim_cli.screening import Screening, screener


class Drafter:
    def __init__(self, policy: Catalog, profile: Profile, as_of: date) -> None:
        self.policy, self.profile, self.as_of = policy, profile, as_of
        self._screener = screener(policy.subjects, policy)

    def draft(self, case: Case, unread: tuple[Problem, ...] = ()) -> Prepared:
        screening = self._screener.screen(case, self.as_of)
        if unread:
            screening = Screening({}, (*unread, *screening.problems))
        return prepare(case, screening, self.policy, self.as_of, self.profile)


def numbers_of(member: Member) -> tuple[str, ...]:
    return tuple(one for one in (member.mrn, member.cin) if one)


def request_of(referral: Referral) -> str:
    return " ".join((referral.program, *sorted(referral.services)))
