"""The sealed pieces of submissions: everything that a person typed, pasted or uploaded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

import msgspec

from indicators.detections.finding import Finding
from indicators.detections.identifiers.sealing import Sealer, open_sealer, place
from indicators.detections.stated import Stated
from indicators.models import PieceRole
from indicators.store.sql import Cursor, open_cursor

#: Of a long text one piece holds so much.
PIECE_BYTES = 1 << 18

# one_piece_a_number: the same pieces are sealed anew, and what is shorter leaves no rest.
_WRITE = """
INSERT INTO indicators_piece (submission_id, role, number, data_key_id, sealed)
VALUES (%b, %b, %b, %b, %b)
ON CONFLICT (submission_id, role, number)
DO UPDATE SET data_key_id = excluded.data_key_id, sealed = excluded.sealed
"""
_DROP = "DELETE FROM indicators_piece WHERE submission_id = %s AND role = %s AND number >= %s"
_READ = """
SELECT number, data_key_id, sealed FROM indicators_piece
WHERE submission_id = %s AND role = %s ORDER BY number
"""
_FIRST = """
SELECT submission_id, data_key_id, sealed FROM indicators_piece
WHERE submission_id = ANY(%b::uuid[]) AND role = %b AND number = 0
"""
# submission's index on cluster, then one_piece_a_number.
_STATED = """
SELECT s.cluster_id, s.id, s.author_id, s.state, p.data_key_id, p.sealed
FROM indicators_submission s
JOIN indicators_piece p ON p.submission_id = s.id AND p.role = 'stated' AND p.number = 0
WHERE s.cluster_id = ANY(%b::bigint[])
"""


class Prepared(msgspec.Struct, frozen=True):
    """What a person prepared: words and claims, and the finding that their counts come to."""

    stated: Stated
    told: Finding


class Submitted(msgspec.Struct, frozen=True):
    """What drafts need of a submission: what it states, whose it is, and where it stands."""

    id: UUID
    author: int
    state: str
    stated: Stated


def write(submission: UUID, role: PieceRole, content: bytes) -> None:
    """Seal a content in place of the last one; nothing is left of what was longer."""
    parts = [content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES)]
    write_each(submission, role, parts)


def write_each(submission: UUID, role: PieceRole, contents: Iterable[bytes]) -> int:
    """Seal contents as they come, a piece each; how many bytes. In the caller's transaction."""
    sealer = open_sealer()
    count = total = 0
    with open_cursor(binary=True) as cursor:
        for count, content in enumerate(contents, 1):
            bound = place("piece", submission, role.value, count - 1)
            sealed = sealer.seal(content, bound)
            cursor.execute(_WRITE, (submission, role.value, count - 1, *sealed))
            total += len(content)
        cursor.execute(_DROP, (submission, role.value, count))
    return total


def drop(submission: UUID, role: PieceRole) -> None:
    """Destroy a content."""
    with open_cursor() as cursor:
        cursor.execute(_DROP, (submission, role.value, 0))


def read(submission: UUID, role: PieceRole) -> bytes:
    """A content whole; empty if there is none. Raises NotOpened."""
    return b"".join(stream(submission, role))


def stream(submission: UUID, role: PieceRole) -> Iterator[bytes]:
    """A content piece by piece, for what is large."""
    sealer = open_sealer()
    with open_cursor(binary=True) as cursor:
        cursor.execute(_READ, (submission, role.value))
        while rows := cursor.fetchmany(1):
            [(number, key, sealed)] = rows
            yield sealer.unseal(key, bytes(sealed), place("piece", submission, role.value, number))


def first_of_each(submissions: Sequence[UUID], role: PieceRole) -> dict[UUID, bytes]:
    """The first piece of a content of each of these submissions: two statements for all."""
    sealer = open_sealer()
    with open_cursor(binary=True) as cursor:
        rows = cursor.execute(_FIRST, (list(submissions), role.value)).fetchall()
    return {
        number: sealer.unseal(key, bytes(sealed), place("piece", number, role.value, 0))
        for number, key, sealed in rows
    }


def submitted(cursor: Cursor, clusters: Sequence[int], sealer: Sealer) -> Mapping[int, Submitted]:
    """What was submitted of these clusters, by cluster; nothing of a detector's own."""
    found = {}
    for cluster, number, author, state, key, sealed in cursor.execute(_STATED, (list(clusters),)):
        bound = place("piece", number, PieceRole.STATED.value, 0)
        prepared = PREPARED.decode(sealer.unseal(key, bytes(sealed), bound))
        found[cluster] = Submitted(number, author, state, prepared.stated)
    return found


PREPARED = msgspec.json.Decoder(Prepared)
