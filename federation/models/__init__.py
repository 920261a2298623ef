"""The protocol's tables, a noun a file."""

from federation.models.exchange import (
    Cosignature,
    Delivery,
    Gap,
    Push,
    Quarantined,
    Subscription,
)
from federation.models.keys import NodeKey
from federation.models.logs import Log, SignedCheckpoint, Tile
from federation.models.nonces import SeenNonce
from federation.models.peers import (
    Evidence,
    EvidenceKind,
    Peer,
    PeerKey,
    PeerLog,
    PeerState,
)
from federation.models.tokens import Evaluation, PinnedTokenKey, QuotaUse, TokenKey

__all__ = [
    "Cosignature",
    "Delivery",
    "Evaluation",
    "Evidence",
    "EvidenceKind",
    "Gap",
    "Log",
    "NodeKey",
    "Peer",
    "PeerKey",
    "PeerLog",
    "PeerState",
    "PinnedTokenKey",
    "Push",
    "Quarantined",
    "QuotaUse",
    "SeenNonce",
    "SignedCheckpoint",
    "Subscription",
    "Tile",
    "TokenKey",
]
