"""Everything that a node has written down, to search it for what must not be there.

Tables column by column, with what is compressed unpacked; the broker's keys, with what is base64
decoded; files. Encrypted columns are searched too: nothing that is sealed can be found.
"""

import base64
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import redis
import zstandard
from psycopg import sql

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{40,}={0,2}")
_ZSTD = b"\x28\xb5\x2f\xfd"


def rows(database_url: str) -> Iterator[tuple[str, bytes]]:
    """(table.column, everything in it) of every table of the database."""
    with psycopg.connect(database_url) as connection:
        for table, column, kind in connection.execute(_COLUMNS).fetchall():
            wanted = sql.Identifier(column)
            if kind != "bytea":
                wanted = sql.SQL("convert_to({}::text, 'UTF8')").format(wanted)
            query = sql.SQL("SELECT {} FROM {} WHERE {} IS NOT NULL").format(
                wanted, sql.Identifier(table), sql.Identifier(column)
            )
            with connection.cursor(binary=True) as cursor:
                found = [plain(bytes(row[0])) for row in cursor.execute(query)]
            yield f"{table}.{column}", b"\n".join(found)


_COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1, 2
"""


def plain(content: bytes) -> bytes:
    """The content, and behind it what it unpacks to, if it is compressed."""
    if not content.startswith(_ZSTD):
        return content
    return content + b"\n" + zstandard.ZstdDecompressor().decompressobj().decompress(content)


def broker(socket: Path) -> bytes:
    """Every key of the broker with its content: queues, unacknowledged tasks, bindings."""
    found: list[bytes] = []
    with redis.Redis(unix_socket_path=str(socket)) as client:
        for key in client.keys("*"):
            found += [key, *_content(client, key)]
    text = b"\n".join(found)
    decoded = (_unbase64(each) for each in _BASE64.findall(text))
    return b"\n".join([text, *decoded])


def _content(client: Any, key: bytes) -> list[bytes]:
    match client.type(key):
        case b"list":
            return list(client.lrange(key, 0, -1))
        case b"hash":
            return [part for pair in client.hgetall(key).items() for part in pair]
        case b"zset":
            return list(client.zrange(key, 0, -1))
        case b"set":
            return list(client.smembers(key))
    return [client.get(key) or b""]


def _unbase64(text: bytes) -> bytes:
    body = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    return base64.b64decode(body[: len(body) // 4 * 4])


def files(*places: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below these places."""
    for place in places:
        found = [place] if place.is_file() else sorted(place.rglob("*"))
        for path in found:
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()


def disguises(value: str) -> set[bytes]:
    """A value as it is and as programs like to write it: escaped, encoded, digested without key."""
    raw = value.encode()
    whole = len(raw) // 3 * 3
    return {
        raw,
        raw.lower(),
        raw.upper(),
        value.encode("unicode_escape"),
        raw.hex().encode(),
        base64.b64encode(raw[:whole]),
        sha256(raw).digest(),
        sha256(raw).hexdigest().encode(),
    }
