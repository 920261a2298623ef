"""What PostgreSQL does for a call: its statements are explained as they run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import psycopg
from django.db import connection

from indicators.store import sql

_PARTS_OF_INDEXES = """
SELECT part.relname, whole.relname FROM pg_inherits
JOIN pg_class part ON part.oid = inhrelid JOIN pg_class whole ON whole.oid = inhparent
WHERE whole.relkind = 'I'
"""
_EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "


@dataclass
class Plans:
    """`indexes` that were used; `scanned`: tables read to the end; `visited`: rows looked at."""

    indexes: set[str] = field(default_factory=set)
    scanned: set[str] = field(default_factory=set)
    visited: int = 0
    statements: int = 0
    milliseconds: float = 0.0

    def add(self, explained: dict[str, Any], wholes: dict[str, str]) -> None:
        self.statements += 1
        self.milliseconds += explained["Planning Time"] + explained["Execution Time"]
        self._walk(explained["Plan"], wholes)

    def _walk(self, node: dict[str, Any], wholes: dict[str, str]) -> None:
        name = node.get("Index Name")
        if name is not None:
            self.indexes.add(wholes.get(name, name))
        for part in node.get("Plans", ()):
            self._walk(part, wholes)
        if "Scan" not in node["Node Type"] or node["Actual Loops"] == 0:
            return
        table = node.get("Relation Name", "")
        if node["Node Type"] == "Seq Scan" and table.startswith(("indicators_", "federation_")):
            self.scanned.add(table)
        if table or name:
            removed = node.get("Rows Removed by Filter", 0)
            removed += node.get("Rows Removed by Index Recheck", 0)
            self.visited += round((node["Actual Rows"] + removed) * node["Actual Loops"])


def settle() -> None:
    """What was made is checked and counted: once, not after every test again."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; ANALYZE")


@contextmanager
def explained() -> Iterator[Plans]:
    """Every statement of the store in this block is explained; what it changes, it changes once."""
    plans = Plans()
    with connection.cursor() as cursor:
        cursor.execute(_PARTS_OF_INDEXES)
        wholes = dict(cursor.fetchall())

    def explain(execute: Callable[..., Any], statement: str, parameters: Any) -> None:
        if not statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            return
        execute("SAVEPOINT explained", None)
        try:
            row = execute(_EXPLAIN + statement, parameters).fetchone()
        finally:
            execute("ROLLBACK TO SAVEPOINT explained", None)
        plans.add(row[0][0], wholes)

    class Explaining(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
            explain(super().execute, query, params)
            return super().execute(query, params, **more)

    def through_django(run: Any, query: str, params: Any, many: bool, context: Any) -> Any:
        with psycopg.ClientCursor(connection.connection) as cursor:
            explain(cursor.execute, query, params)
        return run(query, params, many, context)

    with (
        mock.patch.object(sql.psycopg, "Cursor", Explaining),
        connection.execute_wrapper(through_django),
    ):
        yield plans
