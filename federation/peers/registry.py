"""The registry of peers: invited by a URL, confirmed by a person, followed from then on.

The only writer of peers, their keys and their logs' keys. A fingerprint that a person compared is
where trust begins; everything after follows from what is pinned (`pinning.accept`).
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction

from federation import node_keys
from federation.errors import (
    FederationError,
    KeyNotOpened,
    MalformedDescriptor,
    NotPinned,
    PeerUnknown,
)
from federation.models import EvidenceKind, NodeKey, Peer, PeerKey, PeerState
from federation.peers import descriptor, pinning, pins
from federation.peers.fingerprint import fingerprint, same
from federation.peers.pinning import Accepted
from federation.peers.ring import KeyRing, RingKey
from federation.transparency import evidence

log = structlog.get_logger("retort.peers")

_NONCE_BYTES = 12


def peer_named(name: str) -> Peer:
    """The peer of that name. Raises PeerUnknown."""
    found = Peer.objects.filter(name=name).first()
    if found is None:
        raise PeerUnknown(f"There is no peer {name!r}; `peer list` shows them.")
    return found


def invite(
    body: bytes, base_url: str, *, name: str = "", allow_private: bool = False, own: str = ""
) -> Peer:
    """Know a node by its descriptor, pinning nothing yet: a person compares the fingerprint.

    `base_url`: where the descriptor was read, "" for an organization whose objects only come
    through others. `own`: this node's identity. Raises MalformedDescriptor, NotPinned.
    """
    described = descriptor.read(body)
    if described.identity_id == own:
        raise NotPinned("The descriptor is this node's own; add the URL of another one.")
    peer = Peer.objects.filter(identity_id=described.identity_id).first()
    if peer is not None and is_confirmed(peer):
        raise NotPinned(
            f"{peer.name} is confirmed already; `peer refresh` reads its descriptor again."
        )
    peer = peer or Peer(identity_id=described.identity_id)
    peer.name = name or peer.name or described.name
    peer.base_url, peer.allow_private = base_url, allow_private
    pins.remember(peer, described)
    _check(peer)
    peer.save()
    return peer


def add_plain(name: str, url: str, *, allow_private: bool = False) -> Peer:
    """A TAXII 2.1 server that is no node: no keys, no logs; what it serves counts as unsigned."""
    now = datetime.now(UTC)
    peer = Peer(
        name=name,
        identity_id=f"identity--{uuid4()}",
        base_url=url,
        is_plain=True,
        state=PeerState.ACTIVE,
        state_since=now,
        allow_private=allow_private,
    )
    _check(peer)
    peer.save(force_insert=True)
    return peer


def _check(peer: Peer) -> None:
    peer.clean_fields(exclude=[each.name for each in Peer._meta.fields if each.null])
    peer.validate_unique()
    # It is shown in terminals, too.
    if not peer.name.isprintable():
        raise NotPinned("The peer's name has characters that can't be shown; give it another.")


def is_confirmed(peer: Peer) -> bool:
    """Whether a person has said who it is: by its fingerprint, or by adding a plain server."""
    return peer.is_plain or peer.confirmed_at is not None


def fingerprint_of(peer: Peer) -> str:
    """What a person compares with the peer's operator; "" for a plain server."""
    if peer.descriptor is None:
        return ""
    return fingerprint(descriptor.read(bytes(peer.descriptor)).keys)


def confirm(peer: Peer, given: str, by: str, body: bytes | None = None) -> Peer:
    """Pin an invited peer, whose operator told the fingerprint `given`.

    With `body`, a new descriptor, a confirmed peer that lost its keys is pinned anew: its old keys
    end where its logs were last seen, and what they signed up to there stays its own.
    Raises NotPinned if the fingerprint is another, or a key or log is another peer's.
    """
    if peer.is_plain or (body is None and peer.descriptor is None):
        raise NotPinned(f"{peer.name} is a plain TAXII server: it has no keys to confirm.")
    described = descriptor.read(bytes(peer.descriptor or b"") if body is None else body)
    if described.identity_id != peer.identity_id:
        raise NotPinned(f"The descriptor is of {described.identity_id}, not of {peer.name}.")
    if not same(fingerprint(described.keys), given):
        raise NotPinned(
            f"The fingerprint of {peer.name} is {fingerprint(described.keys)}, not the one given."
            " Compare it with its operator by another way than this connection; if they differ,"
            " somebody is in between."
        )
    with transaction.atomic():
        peer = Peer.objects.select_for_update().get(pk=peer.pk)
        pins.end_lost_keys(peer, described)
        pins.store(peer, pinning.accept_confirmed(pins.pinned(peer), described))
        peer.confirmed_by, peer.confirmed_at = by, datetime.now(UTC)
        if peer.state == PeerState.INVITED:
            peer.state, peer.state_since, peer.reason = PeerState.ACTIVE, peer.confirmed_at, ""
        peer.save()
    log.info("peer confirmed", peer=peer.name, by=by)
    return peer


def refresh(peer: Peer, body: bytes) -> Accepted:
    """Follow what a peer says of itself now, if a pinned key vouches for it.

    Otherwise the alarm is kept with the peer, what it showed as evidence, and nothing changes.
    To be called outside a transaction. Raises MalformedDescriptor, NotPinned.
    """
    if not peer.confirmed_at:
        raise NotPinned(f"{peer.name} is not confirmed yet; compare its fingerprint first.")
    try:
        return _follow(peer, body)
    except (MalformedDescriptor, NotPinned) as refusal:
        _raise_alarm(peer, body, refusal)
        raise


def _follow(peer: Peer, body: bytes) -> Accepted:
    described = descriptor.read(body)
    with transaction.atomic():
        # Two descriptions that come at once are compared one after the other.
        peer = Peer.objects.select_for_update().get(pk=peer.pk)
        accepted = pinning.accept(pins.pinned(peer), described)
        pins.store(peer, accepted)
        peer.save()
    if accepted.new_keys:
        log.info("peer's keys changed", peer=peer.name, kids=[k.kid for k in accepted.new_keys])
    return accepted


def _raise_alarm(peer: Peer, body: bytes, refusal: FederationError) -> None:
    now = datetime.now(UTC)
    Peer.objects.filter(pk=peer.pk).update(alarm=str(refusal), checked_at=now)
    # What is no descriptor at all may be a proxy's page; what is one, and not vouched for, is kept.
    if isinstance(refusal, NotPinned):
        pinned = bytes(peer.descriptor or b"")
        evidence.keep(peer.pk, EvidenceKind.MISCONDUCT, str(refusal), pinned, body)
    log.error("a peer's descriptor is not accepted", peer=peer.name, reason=str(refusal))


def set_state(identity_id: str, state: PeerState, reason: str = "") -> Peer | None:
    """Let a peer in again, hold it off, let it go; None if the organization is no peer.

    Raises NotPinned for one that is to be active and was never confirmed.
    """
    with transaction.atomic():
        peer = Peer.objects.select_for_update().filter(identity_id=identity_id).first()
        if peer is None:
            return None
        if state is PeerState.ACTIVE and not is_confirmed(peer):
            raise NotPinned(f"{peer.name} is not confirmed yet; compare its fingerprint first.")
        peer.state, peer.state_since, peer.reason = state, datetime.now(UTC), reason
        peer.save(update_fields=["state", "state_since", "reason"])
    return peer


def unfreeze(peer: Peer) -> int:
    """Look at a peer's logs again, once a person has looked at the evidence; how many were frozen.

    What is pinned of them stays: a log that still contradicts itself is frozen again.
    """
    return peer.logs.exclude(frozen_at=None).update(frozen_at=None, frozen_because="")


def key_ring(own: str = "") -> KeyRing:
    """The object keys of every organization that was ever confirmed; two statements.

    `own`: the identity of this node, whose keys are then in the ring too. Keys of peers that are
    not active verify what was signed before, and may sign nothing new.
    """
    rows = PeerKey.objects.filter(purpose=PeerKey.Purpose.OBJECT).values_list(
        "peer__identity_id", "kid", "public_key", "since", "until", "peer__state"
    )
    ring = [
        RingKey(owner, kid, bytes(public_key), since, until, state == PeerState.ACTIVE)
        for owner, kid, public_key, since, until, state in rows
    ]
    return KeyRing([*ring, *(_own_keys(own) if own else ())])


def _own_keys(own: str) -> Iterable[RingKey]:
    line = node_keys.endorsed_keys(NodeKey.Purpose.OBJECT)
    ends = [*(key.since for key in line[1:]), None]
    for key, until in zip(line, ends, strict=True):
        yield RingKey(own, key.kid, key.public_key, key.since, until)


def seal_credential(peer: Peer, user: str, key: str) -> None:
    """Keep what this node shows at the peer's doors; the key leaves memory only sealed."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(settings.KEY_ENCRYPTION_KEY).encrypt(nonce, key.encode(), _bound_to(peer, user))
    peer.user, peer.sealed_key = user, nonce + sealed
    peer.save(update_fields=["user", "sealed_key"])


def open_credential(peer: Peer) -> tuple[str, str] | None:
    """User name and key, None if this node has none there. Raises KeyNotOpened."""
    if peer.sealed_key is None:
        return None
    sealed = bytes(peer.sealed_key)
    try:
        key = AESGCM(settings.KEY_ENCRYPTION_KEY).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(peer, peer.user)
        )
    except InvalidTag as error:
        raise KeyNotOpened(
            f"The credential for {peer.name} cannot be opened: the key-encryption key is not the"
            " one it was sealed with. Restore that key file, or set it again (`peer credential`)."
        ) from error
    return peer.user, key.decode()


def _bound_to(peer: Peer, user: str) -> bytes:
    """A sealed key can't be moved to another peer or name."""
    return b"retort/peer-credential/1\0" + peer.pk.bytes + user.encode()
