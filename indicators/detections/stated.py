"""What a person states of a campaign beside counts and terms: words, claims, conditions.

Detectors state none of it. All of it is read by another person before it leaves.
"""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from indicators.detections.finding import Short, Strict, Term, Terms, Time, Tlp

AllegationStatus = Literal[
    "alleged", "corroborated", "disputed", "acknowledged", "adjudicated", "retracted"
]
ClaimStatus = Literal["alleged", "disputed", "retracted"]
CountName = Literal["interaction_count", "account_count", "output_token_count"]
Grade = Annotated[str, Meta(pattern=r"^[A-F][1-6](?!\n)$")]
Words = Annotated[str, Meta(max_length=500)]
Date = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\n)$")]
Address = Annotated[str, Meta(pattern=r"^https?://", max_length=2000)]


class Party(Strict, frozen=True):
    """An organization; `identity_id` if it is a member, or this node's own."""

    name: Short
    identity_id: str | None = None


class Claim(Strict, frozen=True):
    """That somebody says who is behind it: an allegation with its source, never a finding.

    grade: the Admiralty code of the source, A1 to F6; confidence: as the claimant states it.
    """

    organization: Short
    claimed_by: Party
    status: ClaimStatus
    basis: Annotated[tuple[Term, ...], Meta(min_length=1, max_length=20)]
    source: Short | None = None
    address: Address | None = None
    confidence: Annotated[int, Meta(ge=0, le=100)] | None = None
    confidence_as_reported: Words | None = None
    grade: Grade | None = None
    claimed_on: Date | None = None


class Stated(Strict, frozen=True):
    """Everything a submission says that its findings don't; `legal_basis` stays on the node.

    as_reported: the words of a source beside a count; hold_until: peers do not act before.
    """

    tlp: Tlp
    collection: UUID | None = None
    name: Short | None = None
    description: Annotated[str, Meta(max_length=4000)] | None = None
    allegation_status: AllegationStatus = "alleged"
    as_reported: dict[CountName, Words] = {}
    claims: Annotated[tuple[Claim, ...], Meta(max_length=20)] = ()
    hold_until: Time | None = None
    legal_basis: Terms = ()
