"""Whether an object may go to a recipient, and in which form. Pure.

A marking says who may read. TLP:CLEAR and GREEN may leave the community as far as the recipient is
registered for it, and so may what is not marked, as GREEN. TLP:AMBER and stricter needs its
originator: it is ours, or they permitted it for this campaign and recipient. Nobody passes on
others' TLP:RED.
"""

from collections.abc import Collection
from dataclasses import dataclass

from indicators.stix import Tlp

_TLPS = tuple(Tlp)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is asked about. `identifiers`: what of it looks like somebody's identifier, "" if none.

    `originator`: the identity of whose word it is; `tlp`: its rank, None for an unmarked object.
    """

    stix_id: str
    type: str
    tlp: int | None
    originator: str
    originator_name: str
    is_own: bool
    is_revoked: bool = False
    is_erased: bool = False
    identifiers: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """Whom it would go to: up to which rank, and whose permission is recorded (identities)."""

    recipient: str
    max_tlp: int
    permitted: Collection[str] = ()


def reason_against(candidate: Candidate, terms: Terms) -> str:
    """Why it does not go, in a sentence; "" if it may."""
    rank = Tlp.GREEN.rank if candidate.tlp is None else candidate.tlp
    if candidate.is_erased:
        return "It was erased."
    if candidate.is_revoked:
        return "Its originator took it back."
    if rank > terms.max_tlp:
        return (
            f"{marking(candidate.tlp)} is stricter than what {terms.recipient} may get,"
            f" {marking(terms.max_tlp)}."
        )
    if reason := _without_originator(candidate, rank, terms):
        return reason
    if candidate.identifiers:
        return f"Its text {candidate.identifiers}."
    return ""


def _without_originator(candidate: Candidate, rank: int, terms: Terms) -> str:
    if candidate.is_own or rank < Tlp.AMBER.rank:
        return ""
    if rank >= Tlp.RED.rank:
        return "TLP:RED of others is not passed on."
    if candidate.originator in terms.permitted:
        return ""
    return (
        f"{marking(rank)} of another organization, which has not permitted it for this campaign"
        " and recipient."
    )


def marking(rank: int | None) -> str:
    """The marking in words: TLP:GREEN, or unmarked."""
    return "unmarked" if rank is None else f"TLP:{_TLPS[rank].value.upper()}"
