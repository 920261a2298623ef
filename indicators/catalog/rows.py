"""Rows of the catalog, made from what the feeds hold of an object now."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import structlog

from indicators.catalog import words
from indicators.catalog.described import Described, describe
from indicators.models import Standing
from indicators.store.sql import Cursor
from indicators.telemetry import places

log = structlog.get_logger("retort.catalog")

#: What bodies that are read at once may weigh together.
_MOST_BYTES = 8 << 20

# The newest version of each object that any feed has, and which feeds have one. A look-up an object
# and collection on entry_by_object; collections are few. Bodies come as long as they are not too
# many bytes together; the first always.
_HELD = """
SELECT place, stix_id, newest, type, version, origin, is_own, is_signed, tlp, revoked, received_at,
       collections, body, number, version_before
FROM (
    SELECT asked.place, asked.stix_id, feeds.newest, v.type, v.version, v.contributor_id AS origin,
           m.is_self AS is_own, v.signed_by IS NOT NULL AS is_signed, v.tlp, v.revoked,
           v.received_at, feeds.collections, v.body, before.number,
           before.object_version_id AS version_before, octet_length(v.body) AS bytes,
           sum(octet_length(v.body)) OVER (ORDER BY asked.place) AS all_bytes
    FROM unnest(%(ids)b::text[]) WITH ORDINALITY AS asked(stix_id, place)
    CROSS JOIN LATERAL (
        SELECT array_agg(c.id ORDER BY c.id) AS collections,
               (array_agg(e.object_version_id ORDER BY e.version DESC))[1] AS newest
        FROM indicators_collection c
        CROSS JOIN LATERAL (
            SELECT version, object_version_id FROM indicators_entry
            WHERE collection_id = c.id AND stix_id = asked.stix_id ORDER BY version DESC LIMIT 1
        ) e
    ) feeds
    JOIN indicators_objectversion v ON v.id = feeds.newest
    JOIN indicators_member m ON m.id = v.contributor_id
    LEFT JOIN indicators_catalogrow before ON before.stix_id = asked.stix_id
    WHERE v.body IS NOT NULL
) held
WHERE all_bytes - bytes < %(most)s ORDER BY place
"""
_NUMBERS = "SELECT nextval('indicators_catalog_number') FROM generate_series(1, %s)"
_FORGET = "DELETE FROM indicators_catalogrow WHERE stix_id = ANY(%b)"
_UNSAY = "DELETE FROM indicators_reference WHERE stix_id = ANY(%b)"
_SAY = """
INSERT INTO indicators_reference (stix_id, source, relation, target)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[])
"""
_COLUMNS = (
    ("stix_id", "text"),
    ("number", "bigint"),
    ("type", "text"),
    ("name", "text"),
    ("summary", "text"),
    ("object_version_id", "bigint"),
    ("version", "timestamptz"),
    ("received_at", "timestamptz"),
    ("origin_id", "uuid"),
    ("is_own", "boolean"),
    ("is_signed", "boolean"),
    ("tlp", "smallint"),
    ("confidence", "smallint"),
    ("standing", "text"),
    ("ends_at", "timestamptz"),
    ("kinds", "text[]"),
    ("terms", "text[]"),
    ("token_count", "integer"),
    ("collections", "uuid[]"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)
_WRITE = f"""
INSERT INTO indicators_catalogrow ({_NAMES}, words)
SELECT {_NAMES}, to_tsvector('simple', text) || filters::tsvector
FROM jsonb_to_recordset(%s::jsonb) AS new(
    {", ".join(f"{name} {kind}" for name, kind in _COLUMNS)}, text text, filters text
)
ON CONFLICT (stix_id) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name, _ in _COLUMNS[1:])}, words = excluded.words
"""


class Held(NamedTuple):
    """What the feeds hold of an object, and the row that there was of it.

    `place`: which of those that were asked for, from 1.
    """

    place: int
    stix_id: str
    object_version: int
    type: str
    version: datetime
    origin: UUID
    is_own: bool
    is_signed: bool
    tlp: int | None
    is_revoked: bool
    received_at: datetime
    collections: Sequence[UUID]
    body: bytes
    number: int | None
    version_before: int | None


def refresh(cursor: Cursor, ids: Sequence[str], now: datetime) -> int:
    """Make the rows of these objects anew; those that are in no feed any more go. How many stay."""
    left, stay = list(ids), 0
    while left:
        held, read = _read(cursor, left)
        asked = left[:read]
        cursor.execute(_FORGET, (sorted(set(asked) - {each.stix_id for each in held}),))
        cursor.execute(_UNSAY, (asked,))
        if held:
            _write(cursor, held, now)
        left, stay = left[read:], stay + len(held)
    return stay


def _read(cursor: Cursor, ids: Sequence[str]) -> tuple[list[Held], int]:
    """What is held of the first of these objects, and how many of them that is of."""
    asked = {"ids": list(ids), "most": _MOST_BYTES}
    held = [Held._make(row) for row in cursor.execute(_HELD, asked, binary=True).fetchall()]
    is_cut = sum(len(each.body) for each in held) >= _MOST_BYTES
    return held, held[-1].place if is_cut else len(ids)


def _write(cursor: Cursor, held: Sequence[Held], now: datetime) -> None:
    described = [(each, _described(each)) for each in held]
    numbers = _numbers(cursor, held)
    new = [_row(each, told, numbers[each.stix_id], now) for each, told in described]
    cursor.execute(_WRITE, (orjson.dumps(new).decode(),))
    said = [(each.stix_id, *one) for each, told in described for one in told.said]
    if said:
        cursor.execute(_SAY, [list(column) for column in zip(*said, strict=True)])


def _described(each: Held) -> Described:
    """What it says. Of what nobody foresaw only the type is kept, so that all others are found."""
    try:
        return describe(orjson.loads(each.body), each.version)
    except Exception as error:
        log.error("an object can't be catalogued", object=each.stix_id, at=places(error))
        return describe({"type": each.type, "id": each.stix_id}, each.version)


def _numbers(cursor: Cursor, held: Sequence[Held]) -> Mapping[str, int]:
    """The number of each: a new one if another version took the place, in the order of arrival."""
    kept = {
        each.stix_id: each.number
        for each in held
        if each.number is not None and each.version_before == each.object_version
    }
    fresh = [each for each in held if each.stix_id not in kept]
    fresh.sort(key=lambda each: (each.received_at, each.object_version))
    drawn = sorted(number for (number,) in cursor.execute(_NUMBERS, (len(fresh),)).fetchall())
    return kept | {each.stix_id: number for each, number in zip(fresh, drawn, strict=True)}


def _row(each: Held, told: Described, number: int, now: datetime) -> dict[str, Any]:
    standing = _standing(each, told, now)
    return {
        "stix_id": each.stix_id,
        "number": number,
        "type": each.type,
        "name": told.name,
        "summary": told.summary,
        "object_version_id": each.object_version,
        "version": each.version,
        "received_at": each.received_at,
        "origin_id": each.origin,
        "is_own": each.is_own,
        "is_signed": each.is_signed,
        "tlp": each.tlp,
        "confidence": told.confidence,
        "standing": standing,
        "ends_at": told.ends_at,
        "kinds": told.kinds,
        "terms": told.terms,
        "token_count": told.token_count,
        "collections": each.collections,
        "text": told.text,
        "filters": words.quoted(_filters(each, told, number, standing)),
    }


def _filters(each: Held, told: Described, number: int, standing: Standing) -> list[str]:
    return [
        words.EVERY,
        f"B/{words.bucket_of(number)}",
        f"T/{each.type}",
        f"M/{'-' if each.tlp is None else each.tlp}",
        f"O/{each.origin}",
        "W/own" if each.is_own else "W/peers",
        f"S/{standing.value}",
        "G/yes" if each.is_signed else "G/no",
        *(f"K/{kind}" for kind in told.kinds),
        *(f"V/{term}" for term in told.terms),
        *(f"L/{collection}" for collection in each.collections),
        *words.confidence_words(told.confidence),
        *words.day_words(each.version.astimezone(UTC).date()),
    ]


def _standing(each: Held, told: Described, now: datetime) -> Standing:
    if each.is_revoked:
        return Standing.REVOKED
    return Standing.EXPIRED if told.ends_at and told.ends_at <= now else Standing.LIVE
