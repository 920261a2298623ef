"""What this node knows of keys, logs and witnesses, for a proof that it looks at itself."""

import orjson

from federation.errors import FederationError
from federation.keys import Verifier
from federation.models import Peer, PeerLog, PeerState, Subscription
from federation.peers import registry
from federation.transparency import checkpoint, log
from federation.transparency.cosignature import Witness
from indicators.proofs.collecting import Place
from indicators.proofs.proof import Proof
from indicators.proofs.standing import Standing, Step
from indicators.proofs.trust import KnownKey, Trust
from indicators.store.custody import ensure_own_member


def pinned_trust(proof: Proof, place: Place) -> Trust:
    """What is pinned here, of all that the proof rests on."""
    return Trust(
        keys=_known_keys(proof),
        logs={log.verifier(place.collection).vkey: "It is this node's own log and key."},
        witnesses=_known_witnesses(proof),
    )


def _known_keys(proof: Proof) -> dict[str, KnownKey]:
    """The keys of the signer's line that are pinned for anybody."""
    if proof.signer is None:
        return {}
    own = ensure_own_member().identity_id
    ring = registry.key_ring(own)
    pinned = [found for key in proof.signer.keys if (found := ring.find(key.kid))]
    peer = Peer.objects.filter(identity_id=proof.signer.identity_id).first()
    why = _why(peer)
    return {
        key.kid: KnownKey("It is this node's own key." if key.identity_id == own else why, key)
        for key in pinned
    }


def _why(peer: Peer | None) -> str:
    if peer is None or not peer.confirmed_by:
        return "The key is pinned here."
    said = f"{peer.confirmed_by} compared {peer.name}'s fingerprint; its keys are pinned since."
    if peer.state != PeerState.ACTIVE:
        became = "has left" if peer.state == PeerState.LEFT else f"is {peer.state}"
        return f"{said} {peer.name} {became} since: nothing new of it is taken."
    return said


def _known_witnesses(proof: Proof) -> dict[str, str]:
    """Peers that witness, by vkey, as their accepted descriptors name them."""
    if not proof.witnesses:
        return {}
    rows = Peer.objects.exclude(confirmed_at=None).exclude(descriptor=None)
    known = {}
    for name, described in rows.values_list("name", "descriptor"):
        vkey = orjson.loads(bytes(described or b"{}")).get("witness", "")
        if vkey in proof.witnesses:
            known[Witness.parse(vkey).vkey] = name
    return known


def publishers_log(place: Place) -> Step | None:
    """Of what a peer published: what was checked of its own log when it was pulled."""
    if not place.is_inbox:
        return None
    rows = Subscription.objects.select_related("log", "peer").filter(inbox=place.collection)
    subscription = rows.first()
    if subscription is None or subscription.log is None:
        return Step(
            8,
            "The publisher's own log",
            Standing.ABSENT,
            "It came from a server without a log that could be checked.",
        )
    return _replayed(subscription)


def _replayed(subscription: Subscription) -> Step:
    assert subscription.log is not None  # noqa: S101 - the caller has looked
    title, row = "The publisher's own log", subscription.log
    try:
        head = checkpoint.verify(bytes(row.note or b""), row.origin, Verifier.parse(row.vkey))
    except FederationError as error:
        meaning = f"The last checkpoint of {row.origin} that was kept here does not hold."
        return Step(8, title, Standing.BROKEN, str(error), meaning)
    return Step(
        8,
        title,
        Standing.HOLDS if row.frozen_at is None else Standing.OPEN,
        f"When it was pulled from {subscription.peer.name}, it was among the entries of"
        f" {row.origin}, which this node replays. The publisher can give its own proof of it."
        f"{_since(row)}",
        facts=(
            ("Entries replayed", subscription.size),
            ("Entries of the last checkpoint", head.size),
            ("Root", head.root.hex()),
        ),
    )


def _since(row: PeerLog) -> str:
    if row.frozen_at is None:
        return ""
    return (
        f" The log contradicted itself on {row.frozen_at:%Y-%m-%d}, and nothing more of it is"
        f" taken: {row.frozen_because}"
    )
