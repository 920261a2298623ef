"""Django's own connection, through psycopg's server-side cursor: COPY, arrays, binary results."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from psycopg.pq import Format

Cursor = psycopg.Cursor[tuple[Any, ...]]


@contextmanager
def open_cursor(*, binary: bool = False) -> Iterator[Cursor]:
    """A cursor in the current transaction; `binary` results spare bytea its hex form."""
    connection.ensure_connection()
    assert isinstance(connection.connection, psycopg.Connection)  # noqa: S101 - the only engine
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.format = Format.BINARY if binary else Format.TEXT
        yield cursor
