"""Proofs from the tables: where an object stands in this node's logs, and all that shows it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from federation import node_keys
from federation.errors import FederationError
from federation.models import NodeKey, Peer, PeerKey
from federation.node_keys import PublicKey
from federation.peers import descriptor
from federation.transparency import log
from federation.transparency.checkpoint import parse as parse_checkpoint
from federation.transparency.note import MAX_SIGNATURES, parse
from indicators.models import Member, ObjectVersion
from indicators.proofs.errors import NothingToProve
from indicators.proofs.proof import LineKey, Proof, Signer
from indicators.store.sql import open_cursor

MOST_PLACES = 100

# A look-up in each collection, on entry_by_object, the newest versions first.
_PLACES = """
SELECT collection.id, collection.title, collection.is_inbox, entry.seq, entry.version,
       entry.date_added, entry.object_version_id
FROM indicators_collection collection
CROSS JOIN LATERAL (
    SELECT seq, version, date_added, object_version_id FROM indicators_entry
    WHERE collection_id = collection.id AND stix_id = %s ORDER BY version DESC LIMIT 20
) entry
ORDER BY entry.version DESC, collection.is_inbox, collection.title LIMIT %s
"""
# The newest checkpoint that a witness signed and that has the entry, or else the newest one: both
# by their primary key, the witnesses' lines on one_cosignature_a_witness.
_CHECKPOINT = """
SELECT signed.note, COALESCE(lines.lines, ''), COALESCE(lines.witnesses, '{}')
FROM federation_signedcheckpoint signed
LEFT JOIN LATERAL (
    SELECT string_agg(line, '' ORDER BY witness) AS lines,
           array_agg(witness ORDER BY witness) AS witnesses
    FROM (SELECT line, witness FROM federation_cosignature
          WHERE log_id = signed.log_id AND size = signed.size ORDER BY witness LIMIT %(most)s) one
) lines ON true
WHERE signed.log_id = %(log)s AND signed.size = COALESCE(
    (SELECT max(size) FROM federation_cosignature WHERE log_id = %(log)s AND size > %(index)s),
    (SELECT max(size) FROM federation_signedcheckpoint WHERE log_id = %(log)s))
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A version of an object in one collection's log; an inbox holds what a peer published."""

    collection: UUID
    title: str
    is_inbox: bool
    index: int
    version: datetime
    date_added: datetime
    object_version: int


def places(stix_id: str) -> list[Place]:
    """Where the object stands: newest versions first, this node's collections before inboxes."""
    with open_cursor() as cursor:
        cursor.execute(_PLACES, (stix_id, MOST_PLACES))
        return [Place(*row) for row in cursor.fetchall()]


def collect(place: Place) -> Proof:
    """The proof of what stands at a place. Raises NothingToProve if it was erased meanwhile."""
    held = ObjectVersion.objects.select_related("contributor").get(pk=place.object_version)
    if held.body is None:
        raise NothingToProve(f"{held.stix_id} was erased; only its digest is left in the log.")
    note, witnesses = _checkpoint(place.collection, place.index)
    size = parse_checkpoint(parse(note).text).size
    verifier = log.verifier(place.collection)
    return Proof(
        body=bytes(held.body),
        sha256=bytes(held.sha256),
        signer=signer_of(held.signed_by),
        origin=verifier.name,
        vkey=verifier.vkey,
        index=place.index,
        path=tuple(log.inclusion(place.collection, place.index, size)),
        note=note,
        witnesses=witnesses,
    )


def signer_of(kid: str | None) -> Signer | None:
    """Whose key it is, with the line it belongs to; None for nobody's that is known here."""
    if not kid:
        return None
    row = PeerKey.objects.select_related("peer").filter(kid=kid).first()
    if row is not None:
        return Signer(row.peer.identity_id, row.peer.name, _peers_line(row))
    own = [_line_key(key) for key in _own_line(kid)]
    if not own:
        return None
    this = Member.objects.get(is_self=True)
    return Signer(this.identity_id, this.name, tuple(own))


def _own_line(kid: str) -> list[PublicKey]:
    """This node's line of object keys; or a key that was lost on the way, alone."""
    line = node_keys.endorsed_keys(NodeKey.Purpose.OBJECT)
    if any(key.kid == kid for key in line):
        return line
    return [key for key in node_keys.public_keys(NodeKey.Purpose.OBJECT) if key.kid == kid]


def _line_key(key: PublicKey) -> LineKey:
    return LineKey(key.public_key, key.since, key.endorsement)


def _peers_line(row: PeerKey) -> tuple[LineKey, ...]:
    """A peer's line as it describes it; the key alone if it describes it no longer."""
    described = _described_line(row.peer)
    if any(key.kid == row.kid for key in described):
        return described
    return (LineKey(bytes(row.public_key), row.since),)


def _described_line(peer: Peer) -> tuple[LineKey, ...]:
    try:
        read = descriptor.read(bytes(peer.descriptor or b""))
    except FederationError:
        return ()  # a plain server, or one that was never described
    # From the first key to the current one: each names the one before it.
    following = {key.endorsed_by: key for key in read.of_use("object")}
    line, kid = [], ""
    while (key := following.get(kid)) is not None:
        line.append(LineKey(key.public_key, key.since, key.endorsement))
        kid = key.kid
    return tuple(line)


def _checkpoint(log_id: UUID, index: int) -> tuple[bytes, tuple[str, ...]]:
    asked = {"log": log_id, "index": index, "most": MAX_SIGNATURES - 1}
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINT, asked)
        row = cursor.fetchone()
    if row is None:
        raise NothingToProve(f"The log {log_id} has no checkpoint.")
    note, lines, witnesses = row
    return (note + lines).encode(), tuple(witnesses)
