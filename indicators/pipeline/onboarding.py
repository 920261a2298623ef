"""Organizations as peers and as members: added, confirmed, followed, held off and let go.

Everything that the network has to say is read before a transaction begins.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import orjson
import structlog
from django.db import transaction

from federation.errors import FederationError, NotPinned, PeerUnknown
from federation.models import Peer, PeerLog, PeerState, Subscription
from federation.peers import registry
from federation.peers.pinning import Accepted
from federation.peers.source import WELL_KNOWN, Offered, collections, connect
from indicators.models import Collection, Member, Sector, State
from indicators.pipeline.peering import subscribe, unfreeze
from indicators.pipeline.rechecking import recheck_waiting
from indicators.store.custody import ensure_own_member, set_member_state
from indicators.store.errors import MemberExists

log = structlog.get_logger("retort.peers")

_REFRESHED = timedelta(seconds=60)
_SECTORS = {
    "ai-lab": Sector.LAB,
    "cloud-provider": Sector.CLOUD,
    "hub": Sector.HUB,
    "authority": Sector.AUTHORITY,
}


def add_peer(
    url: str,
    *,
    body: bytes | None = None,
    name: str = "",
    member: Member | None = None,
    sector: Sector | None = None,
    allow_private: bool = False,
) -> Peer:
    """Invite the node at `url`, as a peer and as a member; a person then compares its fingerprint.

    `body`: its descriptor, if it was brought by hand; with "" for `url` its objects come through
    others alone. `member`: the organization that it is, if that is known here under another
    identity. Raises what the descriptor is refused for, MemberExists.
    """
    base = url.strip().removesuffix(WELL_KNOWN)
    if body is None:
        body = read_descriptor(Peer(base_url=base, allow_private=allow_private))
    own = ensure_own_member().identity_id
    with transaction.atomic():
        peer = registry.invite(body, base, name=name, allow_private=allow_private, own=own)
        _join(peer, member, sector or _sector(peer), State.INVITED)
    return peer


def add_plain_peer(
    url: str, *, name: str = "", sector: Sector | None = None, allow_private: bool = False
) -> Peer:
    """A plain TAXII 2.1 server, by its discovery URL. It is pulled, and never served."""
    with transaction.atomic():
        title = name or urlsplit(url).hostname or url
        peer = registry.add_plain(title, url, allow_private=allow_private)
        _join(peer, None, sector or Sector.AUTHORITY, State.ACTIVE)
    return peer


def confirm_peer(peer: Peer, fingerprint: str, by: str) -> Peer:
    """Pin a peer whose operator told its fingerprint, and let it in.

    A confirmed one that lost its keys is read again, and pinned anew. Raises NotPinned.
    """
    body = read_descriptor(peer) if peer.confirmed_at and peer.base_url else None
    with transaction.atomic():
        confirmed = registry.confirm(peer, fingerprint, by, body)
        Member.objects.filter(identity_id=peer.identity_id, state=State.INVITED).update(
            state=State.ACTIVE
        )
    return confirmed


def refresh_peer(peer: Peer) -> Accepted | None:
    """Read again how a peer describes itself; None for one that was invited, shown anew."""
    if peer.is_plain or not peer.base_url:
        raise NotPinned(f"{peer.name} has no descriptor to read again.")
    body = read_descriptor(peer)
    if peer.confirmed_at:
        return registry.refresh(peer, body)
    registry.invite(body, peer.base_url, name=peer.name, allow_private=peer.allow_private)
    return None


def set_peer_state(peer: Peer, state: PeerState, reason: str) -> None:
    """Hold an organization off, let it in again or go: as a member and as a peer, at once."""
    if state is PeerState.ACTIVE and not registry.is_confirmed(peer):
        raise NotPinned(f"{peer.name} is not confirmed yet; compare its fingerprint first.")
    with transaction.atomic():
        member = Member.objects.get(identity_id=peer.identity_id)
        set_member_state(member, State(state), reason)


def offered_by(peer: Peer) -> list[Offered]:
    """What a peer's TAXII server offers this node. Raises PeerUnknown unless it is confirmed."""
    if peer.state != PeerState.ACTIVE:
        raise PeerUnknown(f"{peer.name} is {peer.state}; confirm its fingerprint first.")
    return collections(peer)


def subscribe_to(
    peer: Peer,
    offered: Offered,
    *,
    answers: Collection | None = None,
    signatures: str | None = None,
    interval: int | None = None,
) -> Subscription:
    """Pull a collection that a peer offers; a node's only with its log.

    `signatures`: "required" or "optional"; by default as the descriptor says, and a plain server's
    are optional. Raises NotPinned, PeerUnknown.
    """
    log = None if peer.is_plain else _pinned_log(peer, offered)
    required = log is not None and log.signatures_required
    if signatures is not None:
        required = signatures == "required"
    return subscribe(
        peer,
        offered.url,
        title=offered.title or offered.id,
        log=log,
        signatures_required=required,
        answers=answers,
        interval=interval,
    )


def _pinned_log(peer: Peer, offered: Offered) -> PeerLog:
    """The log of the collection, which may be younger than the descriptor as it was read last."""
    found = peer.logs.filter(collection=offered.id).first()
    if found is None and peer.base_url:
        refresh_peer(peer)
        found = peer.logs.filter(collection=offered.id).first()
    if found is None:
        raise NotPinned(
            f"{peer.name} describes no log of {offered.title!r}, so nothing that it serves there"
            " could be checked; ask its operator."
        )
    return found


def unfreeze_peer(peer: Peer) -> None:
    """Go on with a peer whose evidence a person has looked at."""
    with transaction.atomic():
        registry.unfreeze(peer)
        for frozen in peer.subscriptions.filter(state=Subscription.State.FROZEN):
            unfreeze(frozen)
        if peer.state == PeerState.SUSPENDED:
            set_peer_state(peer, PeerState.ACTIVE, "")


def read_descriptor(peer: Peer) -> bytes:
    """What the node at the peer's URL says of itself now.

    Raises AddressRefused, PeerUnavailable, PeerMisbehaved.
    """
    # Anybody may read it, so nothing is shown there of who asks.
    nobody = Peer(base_url=peer.base_url, allow_private=peer.allow_private)
    with connect(nobody) as connection:
        return connection.read(peer.base_url.rstrip("/") + WELL_KNOWN, "application/json")


def _join(peer: Peer, member: Member | None, sector: Sector, state: State) -> Member:
    """The member that the peer is: found by its identity, named, or new."""
    found = Member.objects.filter(identity_id=peer.identity_id).first()
    if found is not None:
        return found
    if member is not None:
        return _adopt(member, peer)
    if Member.objects.filter(name=peer.name).exists():
        raise MemberExists(
            f"There is a member {peer.name!r} with another identity. If it is the same"
            " organization, say so by --member; else give the peer another name by --name."
        )
    joined = Member(name=peer.name, identity_id=peer.identity_id, sector=sector, state=state)
    joined.full_clean()
    joined.save(force_insert=True)
    return joined


def _adopt(member: Member, peer: Peer) -> Member:
    """A member that was added before its node was known by its own identity."""
    if member.is_self or Peer.objects.filter(identity_id=member.identity_id).exists():
        raise MemberExists(f"{member.name} is another organization; name the one that it is.")
    member.identity_id = peer.identity_id
    member.save(update_fields=["identity_id"])
    return member


def _sector(peer: Peer) -> Sector:
    """As the organization labels itself in its identity."""
    identity = orjson.loads(bytes(peer.descriptor or b"{}")).get("identity", {})
    labels = identity.get("labels", [])
    named = [_SECTORS[label] for label in labels if isinstance(label, str) and label in _SECTORS]
    return named[0] if named else Sector.LAB


def refresh_peers() -> None:
    """Read again how peers describe themselves; what changed may let quarantined objects pass.

    A peer that was asked within the last minute is not asked again.
    """
    asked = datetime.now(UTC) - _REFRESHED
    known = Peer.objects.filter(state=PeerState.ACTIVE, is_plain=False).exclude(base_url="")
    for peer in known.exclude(checked_at__gt=asked):
        try:
            registry.refresh(peer, read_descriptor(peer))
        except FederationError as error:
            log.warning("a descriptor was not read", peer=peer.name, why=str(error))
    recheck_waiting()
