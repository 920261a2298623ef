"""STIX timestamps (STIX 2.1 §2.16): RFC 3339 in UTC, written with T and Z."""

import re
from datetime import datetime
from functools import lru_cache

_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z", re.ASCII
)

_CACHED_CHARACTERS = 40

SENTENCE = "must be a timestamp in UTC such as 2026-01-31T09:30:00.000Z"


def parse_timestamp(text: str) -> datetime:
    """The aware UTC time that text denotes, to the microsecond; ValueError if it is none.

    Digits beyond the microsecond are cut; compare with `order_key` where they matter.
    """
    return _parse_cached(text) if len(text) <= _CACHED_CHARACTERS else _parse(text)


def _parse(text: str) -> datetime:
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError(SENTENCE)
    return datetime.fromisoformat(text)


# Every timestamp is read at least twice, to check it and to keep it, and many objects share theirs.
_parse_cached = lru_cache(maxsize=1024)(_parse)


def is_timestamp(text: str) -> bool:
    """Whether text is a STIX timestamp of a day and time that exist."""
    try:
        parse_timestamp(text)
    except ValueError:
        return False
    return True


def order_key(text: str) -> str:
    """A string that sorts as the instants sort, whatever number of digits text has."""
    whole, _, fraction = text[:-1].partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
