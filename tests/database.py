"""The one PostgreSQL of a test run: the embedded one, or the server that DATABASE_URL names."""

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection
from psycopg import sql

from indicators.local import database_url
from indicators.local.places import run_directory
from indicators.local.postgres import Postgres
from indicators.local.service import running

_numbers = itertools.count(1)
_KEPT = {"django_content_type", "auth_permission"}


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server on which the tests make databases. `address` names its first one."""

    address: str

    def url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.address)._replace(path=f"/{name}"))

    def create(self, name: str, template: str | None = None) -> None:
        """A new database in place of any old one, with everything that `template` holds."""
        self.drop(name)
        copied = (
            sql.SQL("TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        )
        self._execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), copied))

    def drop(self, name: str) -> None:
        gone = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
        forced = gone + sql.SQL(" WITH (FORCE)")
        try:
            self._execute(forced)
        except psycopg.errors.InsufficientPrivilege:
            # The server's own autovacuum is there: we may not end it, but a drop asks it to leave.
            with contextlib.suppress(psycopg.errors.ObjectInUse):
                self._execute(gone)
            self._execute(forced)

    @contextlib.contextmanager
    def copy(self, template: str) -> Iterator[str]:
        """The URL of a database that is the block's alone and starts as a copy of `template`."""
        name = f"{template}_{next(_numbers)}"
        self.create(name, template)
        yield self.url(name)
        self.drop(name)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def embedded_server() -> Iterator[Server]:
    """An embedded PostgreSQL that forgets everything, and hurries because of it."""
    with place_for_data("retort-tests-") as data_dir:
        log = data_dir.with_name("database.log")
        with running(Postgres(data_dir, for_tests=True), log):
            yield Server(database_url(data_dir))


def empty_tables() -> None:
    """What a test committed is gone; what tells content types and permissions stays.

    Django's own way empties every table and then makes those anew, which takes far longer.
    """
    tables = [
        name
        for name in connection.introspection.django_table_names(True, include_views=False)
        if name not in _KEPT
    ]
    filled = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(filled)
        if found := [name for (name,) in cursor.fetchall()]:
            cursor.execute(f"TRUNCATE {', '.join(found)} CASCADE")


@contextlib.contextmanager
def place_for_data(prefix: str) -> Iterator[Path]:
    """A data directory to be, where the servers' account can get at it; removed afterwards.

    Not pytest's tmp_path: that is closed to every other user, so that each node started by root
    would keep its files in /var/lib.
    """
    parent = Path(tempfile.mkdtemp(prefix=prefix))
    parent.chmod(0o711)
    data_dir = parent / "data"
    try:
        yield data_dir
    finally:
        remove_data(data_dir)
        shutil.rmtree(parent)


def remove_data(data_dir: Path) -> None:
    """A node's files, wherever they had to be kept."""
    for pointer in data_dir.glob("*.location"):
        shutil.rmtree(Path(pointer.read_text().strip()).parent, ignore_errors=True)
    shutil.rmtree(run_directory(data_dir), ignore_errors=True)
    shutil.rmtree(data_dir, ignore_errors=True)
