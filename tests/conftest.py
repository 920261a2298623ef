"""What all tests share: a database server for the whole run, and nobody's real data directory."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from xdist.scheduler import LoadScopeScheduling

# Before Django reads its settings: tests must not touch the checkout's own node.
_HOME = tempfile.TemporaryDirectory(prefix="retort-tests-settings-")
os.environ["RETORT_DATA"] = str(Path(_HOME.name) / "data")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "indicators.config.settings")
os.environ.setdefault("MFA", "optional")  # tests of the door require it where they are about it

import django  # noqa: E402 - reads the environment, as the next lines do
from celery import current_app  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import TransactionTestCase  # noqa: E402

from tests.database import Server, embedded_server, empty_tables  # noqa: E402

# The conftests below import models; with one folder named on the command line, right after this.
django.setup()
# Hashed as fast as can be: no test is about how slow that is.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


JOURNEYS = "tests/journeys/"


class ByFile(LoadScopeScheduling):
    """A file's tests, whose fixtures are made once, stay with one worker; and so do all journeys,
    which start nodes of their own: two of them at a time would only wait for each other.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return JOURNEYS if file.startswith(JOURNEYS) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers for the whole suite, none for the few tests that somebody names."""
    return 2 if config.args in ([str(config.rootpath / "tests")], ["tests"]) else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys first: they take longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(JOURNEYS))


@pytest.fixture(scope="session")
def database_server() -> Iterator[Server]:
    """Started when the first test asks for it: tests of pure code need none."""
    address = os.environ.get("DATABASE_URL")
    if address:
        yield Server(address)
        return
    with embedded_server() as server:
        yield server


@pytest.fixture(scope="session")
def template_database(database_server: Server, django_db_blocker: Any) -> Iterator[str]:
    """The name of an empty, migrated database that others are copied from."""
    from django.core.management import call_command
    from django.db import connection

    name = f"retort_template_{os.getpid()}"
    database_server.create(name)
    default = settings.DATABASES["default"]
    default.update(_parts(database_server.url(name)))
    with django_db_blocker.unblock():
        call_command("migrate", interactive=False, verbosity=0)
        connection.close()
    default.update(_parts(database_server.address))
    yield name
    database_server.drop(name)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    database_server: Server,
    template_database: str,
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """Django's own tests run on a copy of the template, which costs a tenth of migrating."""
    default = settings.DATABASES["default"]
    default.update(_parts(database_server.address))
    default["TEST"]["TEMPLATE"] = template_database


@pytest.fixture(scope="session", autouse=True)
def emptying() -> Iterator[None]:
    """How tests that commit leave the database to the next."""
    with mock.patch.object(TransactionTestCase, "_fixture_teardown", lambda _: empty_tables()):
        yield


@pytest.fixture(scope="module")
def lasting(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What is made with it lasts as long as its module, in a transaction that is rolled back.

    Each test looks at it in a transaction within that one, and leaves it as it was.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def workers() -> Iterator[mock.Mock]:
    """They rest: nothing runs by itself, and what was sent can be looked at."""
    with mock.patch.object(current_app, "send_task") as sent:
        yield sent


@pytest.fixture
def journey_database(database_server: Server, template_database: str) -> Iterator[str]:
    """The URL of a database for one journey, migrated and empty."""
    with database_server.copy(template_database) as url:
        yield url


@pytest.fixture(scope="module")
def journey_database_of_module(database_server: Server, template_database: str) -> Iterator[str]:
    """The same for journeys that share a started node."""
    with database_server.copy(template_database) as url:
        yield url


def _parts(url: str) -> dict[str, Any]:
    """Django's names for the parts of a URL."""
    import dj_database_url

    parsed = dj_database_url.parse(url)
    return {key: parsed[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
