"""This node as its administrators look at it: its keys, its token epochs, what it keeps and how
long. Nothing secret is among it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings

from federation import node_keys
from federation.models import NodeKey
from federation.pseudonyms import epochs, remote
from federation.pseudonyms.epochs import EpochKey
from indicators.models import DataKey, KeyPurpose, Member


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key of this node: what it signs, its thumbprint, and when it was replaced."""

    purpose: str
    signs: str
    kid: str
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Epoch:
    """A token key and where it stands: "in use", "overlap" or "dropped"."""

    key: EpochKey
    state: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How long something stays, and the variable that says so."""

    what: str
    how_long: str
    variable: str


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node is and keeps. `holder`: the address of its key-holder, "" for itself."""

    own: Member | None
    address: str
    host: str
    keys: Sequence[OwnKey]
    data_key_since: datetime | None
    holder: str
    group: str
    epochs: Sequence[Epoch]
    kept: Sequence[Kept]


def node_facts() -> NodeFacts:
    """As the settings page shows them."""
    current = DataKey.objects.filter(purpose=KeyPurpose.IDENTIFIERS, retired_at=None).first()
    return NodeFacts(
        own=Member.objects.filter(is_self=True).first(),
        address=settings.PUBLIC_URL,
        host=settings.NODE_HOST,
        keys=[
            OwnKey(purpose.value, purpose.label, key.kid, key.created_at, key.retired_at)
            for purpose in NodeKey.Purpose
            for key in node_keys.public_keys(purpose)
        ],
        data_key_since=current.created_at if current else None,
        holder=settings.KEYHOLDER_URL,
        group=settings.TOKEN_GROUP,
        epochs=_epochs(),
        kept=_kept(),
    )


def _epochs() -> list[Epoch]:
    holder, now = settings.KEYHOLDER_URL, datetime.now(UTC)
    found = remote.pinned_keys(holder) if holder else epochs.all_keys()
    return [Epoch(key, _state(key, now)) for key in found if now < key.dropped_at]


def _state(key: EpochKey, now: datetime) -> str:
    return "overlap" if now >= key.not_after else "in use"


def _kept() -> list[Kept]:
    """Every limit that says how long something stays, and the variable that sets it."""
    days = {
        "IDENTIFIER_DAYS": "Identifiers of detections",
        "INDICATOR_DAYS": "Token indicators, since their last change",
        "TOKEN_EPOCH_DAYS": "A token epoch",
        "TOKEN_OVERLAP_DAYS": "Its overlap with the next one",
    }
    limits = [Kept(what, f"{getattr(settings, name)} days", name) for name, what in days.items()]
    hours = Kept("The status of a TAXII POST", f"{settings.STATUS_HOURS} hours", "STATUS_HOURS")
    return [*limits, hours]
