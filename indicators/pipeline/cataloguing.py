"""The catalog follows the feeds: what joined them, what left them, and what is over by now.

One process of a node does it at a time; who comes meanwhile goes away at once. Nothing is missed by
that: the work is in the tables before anybody is called, and whoever ends looks once more after
letting go.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import connection

from indicators.catalog import cataloguing

_TRY = "SELECT pg_try_advisory_lock(hashtextextended('retort/cataloguer', 0))"
_LET_GO = "SELECT pg_advisory_unlock(hashtextextended('retort/cataloguer', 0))"


def catalogue() -> None:
    """Everything that is new in the feeds becomes what people find. Safe to repeat and to kill."""
    now = datetime.now(UTC)
    while cataloguing.is_behind(now):
        with _alone() as mine:
            if not mine:
                return
            while cataloguing.catalogue_due(now):
                """There is more."""
            while cataloguing.catalogue_new(now):
                """There is more."""
            while cataloguing.expire(now):
                """There is more."""


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether this process is the one that does it, until the end of the block or its own."""
    with connection.cursor() as cursor:
        cursor.execute(_TRY)
        [mine] = cursor.fetchone() or [False]
        try:
            yield bool(mine)
        finally:
            if mine:
                cursor.execute(_LET_GO)
