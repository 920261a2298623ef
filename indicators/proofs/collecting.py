"""Proofs from the tables: where an object stands in this node's logs, and all that shows it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from federation import node_keys
from federation.errors import FederationError
from federation.keys import Verifier
from federation.models import NodeKey, Peer, PeerKey
from federation.node_keys import PublicKey
from federation.peers import descriptor
from federation.transparency import log, merkle, tile_rows
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


# The same of many objects: the newest version of each, in this node's collections before inboxes.
_NEWEST_PLACES = """
SELECT DISTINCT ON (asked.id) asked.id, collection.id, collection.title, collection.is_inbox,
       entry.seq, entry.version, entry.date_added, entry.object_version_id
FROM unnest(%s::text[]) AS asked(id)
CROSS JOIN indicators_collection collection
CROSS JOIN LATERAL (
    SELECT seq, version, date_added, object_version_id FROM indicators_entry
    WHERE collection_id = collection.id AND stix_id = asked.id ORDER BY version DESC LIMIT 1
) entry
ORDER BY asked.id, entry.version DESC, collection.is_inbox, collection.title
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


@dataclass(frozen=True, slots=True)
class _ReadLog:
    """A log's newest checkpoint that a witness signed, or its newest; and paths to it, by index."""

    verifier: Verifier
    note: bytes
    witnesses: tuple[str, ...]
    paths: Mapping[int, tuple[bytes, ...]]


def places(stix_id: str) -> list[Place]:
    """Where the object stands: newest versions first, this node's collections before inboxes."""
    with open_cursor() as cursor:
        cursor.execute(_PLACES, (stix_id, MOST_PLACES))
        return [Place(*row) for row in cursor.fetchall()]


def newest_places(stix_ids: Iterable[str]) -> dict[str, Place]:
    """Where the newest version of each object stands, in one statement; others are not in it."""
    with open_cursor() as cursor:
        cursor.execute(_NEWEST_PLACES, (sorted(set(stix_ids)),))
        return {stix_id: Place(*rest) for stix_id, *rest in cursor.fetchall()}


def collect(place: Place) -> Proof:
    """The proof of what stands at a place. Raises NothingToProve if it was erased meanwhile."""
    [proof] = collect_all([place])
    return proof


def collect_all(wanted: Sequence[Place]) -> list[Proof]:
    """The proofs of what stands at these places, in order; statements by log and key, not by place.

    Raises NothingToProve if one was erased meanwhile.
    """
    held = ObjectVersion.objects.in_bulk([each.object_version for each in wanted])
    signers = {kid: signer_of(kid) for kid in {each.signed_by for each in held.values()}}
    logs: dict[UUID, list[int]] = {}
    for place in wanted:
        logs.setdefault(place.collection, []).append(place.index)
    read = {collection: _read_log(collection, indices) for collection, indices in logs.items()}
    return [
        _proof(place, row := held[place.object_version], signers[row.signed_by], read)
        for place in wanted
    ]


def _proof(
    place: Place, held: ObjectVersion, signer: Signer | None, read: Mapping[UUID, _ReadLog]
) -> Proof:
    if held.body is None:
        raise NothingToProve(f"{held.stix_id} was erased; only its digest is left in the log.")
    source = read[place.collection]
    return Proof(
        body=bytes(held.body),
        sha256=bytes(held.sha256),
        signer=signer,
        origin=source.verifier.name,
        vkey=source.verifier.vkey,
        index=place.index,
        path=source.paths[place.index],
        note=source.note,
        witnesses=source.witnesses,
    )


def _read_log(collection: UUID, indices: Sequence[int]) -> _ReadLog:
    """A log's checkpoint with the paths of some entries to it, all of their hashes read at once."""
    note, witnesses = _checkpoint(collection, max(indices))
    size = parse_checkpoint(parse(note).text).size
    asked: dict[merkle.Node, bytes] = {}

    def remember(nodes: Sequence[merkle.Node]) -> Sequence[bytes]:
        asked.update(dict.fromkeys(nodes, bytes(merkle.HASH_BYTES)))
        return [asked[node] for node in nodes]

    for index in indices:
        merkle.inclusion_proof(index, size, remember)
    nodes = list(asked)
    hashes = dict(zip(nodes, tile_rows.read_nodes(collection, nodes), strict=True))
    paths = {
        index: tuple(merkle.inclusion_proof(index, size, lambda each: [hashes[n] for n in each]))
        for index in indices
    }
    return _ReadLog(log.verifier(collection), note, witnesses, paths)


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
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINT, {"log": log_id, "index": index, "most": MAX_SIGNATURES - 1})
        row = cursor.fetchone()
    if row is None:
        raise NothingToProve(f"The log {log_id} has no checkpoint.")
    note, lines, witnesses = row
    return (note + lines).encode(), tuple(witnesses)
