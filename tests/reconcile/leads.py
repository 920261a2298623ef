"""A cluster of this node, an indicator that Birch shared, and the match of both."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from indicators import pipeline
from indicators.models import (
    Cluster,
    Collection,
    Draft,
    KnownIndicator,
    Match,
    MatchState,
    Member,
    Person,
    Role,
    Semantics,
)
from indicators.reconcile.triage import Decision
from indicators.stix import Tlp
from indicators.store.custody import open_collection
from tests.contributing.detector import Contributor, account, finding
from tests.objects import id_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Leads:
    """This node's detector and collections; Birch's indicators come by `inbox`."""

    detector: Contributor
    shared: Collection
    inbox: Collection
    birch: Member

    @classmethod
    def begin(cls, **sharing: Any) -> "Leads":
        """One published cluster of 12 accounts; answers go where it is shared."""
        shared = open_collection(title="Members", alias="members", audience="members")
        inbox = open_collection(title="From Birch", audience="named", is_inbox=True, answers=shared)
        detector = Contributor.trusted(shared)
        accounts = [account(f"a{n}", device=f"serial-{n}-kappa") for n in range(12)]
        detector.send(finding(accounts=accounts, confidence=70, **sharing))
        detector.work()
        birch = Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
        return cls(detector, shared, inbox, birch)

    def match(
        self,
        key: str = "one",
        *,
        accounts: int = 12,
        tlp: Tlp | None = Tlp.GREEN,
        cluster: Cluster | None = None,
    ) -> Match:
        """Birch's indicator `key` on the cluster."""
        indicator = id_of("indicator", key)
        KnownIndicator.objects.create(
            stix_id=indicator,
            version=NOW,
            modified=NOW,
            origin=self.birch,
            is_own=False,
            is_live=True,
            is_first_party=True,
            semantics=Semantics.EXACT,
            tlp=None if tlp is None else tlp.rank,
            subject=indicator,
            inbox=self.inbox.pk,
        )
        return Match.objects.create(
            cluster=cluster or Cluster.objects.get(),
            stix_id=indicator,
            semantics=Semantics.EXACT,
            token_count=accounts,
            account_count=accounts,
            found_at=NOW,
            changed_at=NOW,
        )

    def decide(
        self, match: Match, state: MatchState, person: User, note: str = "", **said: Any
    ) -> list[UUID]:
        """What a person finds of it, and all that follows by itself."""
        approved = pipeline.decide_matches(Decision((match.uuid,), state, note, **said), person)
        self.detector.work()
        return approved


def live_answer(match: Match) -> Draft:
    """The one that is neither published nor over."""
    return Draft.objects.get(match=match, state__in=["review", "approved", "failed"])


def analyst(name: str, *more: Role) -> User:
    """Who decides on matches, and has more roles where they are named."""
    user, _ = User.objects.get_or_create(username=name)
    Person.objects.update_or_create(user=user, defaults={"roles": [Role.ANALYST, *more]})
    return User.objects.get(pk=user.pk)
