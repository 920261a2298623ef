"""Tiles as rows of `federation_tile`: how they grow, and how nodes of the tree are found in them.

At level 0 the content is the log's entries, not their leaf hashes; see `models.Tile`.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from django.db import connection

from federation.errors import LogDamaged
from federation.transparency import merkle
from federation.transparency.merkle import HASH_BYTES, Node
from federation.transparency.tiles import WIDTH, width_at


def grow(log_id: UUID, old_size: int, size: int, levels: Mapping[int, Sequence[bytes]]) -> None:
    """Append to each level what takes the log from `old_size` to `size` entries.

    One statement writes only the tiles that grew; the last tile of a level grows in place, unread.
    Raises LogDamaged if the rows that were there are not those of `old_size`.
    """
    rows = [
        (log_id, level, index, content)
        for level, hashes in levels.items()
        for index, content in _cut(hashes, old_size >> (8 * level))
    ]
    values = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO federation_tile AS tile (log_id, level, "index", content)'
            f" VALUES {values} ON CONFLICT (log_id, level, index)"
            " DO UPDATE SET content = tile.content || excluded.content"
            ' RETURNING level, "index", octet_length(content)',
            [value for row in rows for value in row],
        )
        for level, index, length in cursor.fetchall():
            if length != width_at(level, index, size) * HASH_BYTES:
                raise LogDamaged(
                    f"Tile {level}/{index} of log {log_id} would have {length} bytes at size "
                    f"{size}. The tables were changed by hand; restore them from a backup."
                )


def _cut(hashes: Sequence[bytes], start: int) -> Iterator[tuple[int, bytes]]:
    """Divide hashes that begin at position `start` of their level among tiles."""
    offset = 0
    while offset < len(hashes):
        index, used = divmod(start + offset, WIDTH)
        yield index, b"".join(hashes[offset : offset + WIDTH - used])
        offset += WIDTH - used


def read(log_id: UUID, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Stored content by (level, index); at level 0 that is entries. Raises LogDamaged if missing.

    One query: look-ups on the primary key of federation_tile.
    """
    if not wanted:
        return {}
    levels, indexes = zip(*sorted(set(wanted)), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT level, "index", content'
            " FROM unnest(%s::smallint[], %s::bigint[]) AS wanted (level, index)"
            " JOIN federation_tile USING (level, index) WHERE log_id = %s",
            [list(levels), list(indexes), log_id],
        )
        found = {(level, index): bytes(content) for level, index, content in cursor.fetchall()}
    if missing := set(wanted) - set(found):
        level, index = min(missing)
        raise LogDamaged(f"Tile {level}/{index} of log {log_id} is missing.")
    return found


def read_nodes(log_id: UUID, nodes: Sequence[Node]) -> list[bytes]:
    """Hash of each node, from the tile level at or below it; one query for all."""
    places = [(node.level // 8, (node.position << node.level % 8) >> 8) for node in nodes]
    contents = read(log_id, places)
    return [
        _node_in_tile(contents[place], place[0], node)
        for place, node in zip(places, nodes, strict=True)
    ]


def _node_in_tile(content: bytes, level: int, node: Node) -> bytes:
    count = 1 << node.level % 8
    first = (node.position << node.level % 8) % WIDTH
    hashes = merkle.split(content[first * HASH_BYTES : (first + count) * HASH_BYTES])
    if len(hashes) != count:
        raise LogDamaged(f"Node {node.level}/{node.position} is missing from its tile.")
    return merkle.subtree_hash(hashes if level else merkle.leaf_hashes(hashes))
