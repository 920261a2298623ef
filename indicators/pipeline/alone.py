"""One process of a node at a time, for what several would only do in each other's way."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_TRY = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
_LET_GO = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether this process is the one of that name, until the end of the block or its own."""
    with connection.cursor() as cursor:
        cursor.execute(_TRY, [name])
        [mine] = cursor.fetchone() or [False]
        try:
            yield bool(mine)
        finally:
            if mine:
                cursor.execute(_LET_GO, [name])
