"""What `doctor` looks at. Each check answers with one finding, and never raises."""

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.connection import Connection

from federation.errors import FederationError
from federation.keys import SigningKey
from federation.models import Log, NodeKey, Peer, PeerState, Subscription
from indicators.local import borrowed_database
from indicators.local.borrow import is_server_named
from indicators.local.errors import LocalError
from indicators.local.lock import NODE, holder
from indicators.local.places import server_directory
from indicators.models import Collection, Reconciled

OLDEST_POSTGRES = 170000
LEAST_FREE = 1_000_000_000
#: A checkpoint carries no time, but readers page by `date_added`: clocks must roughly agree.
MOST_CLOCK_ERROR = timedelta(seconds=2)

MOST_UNMATCHED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and, if that is a problem, the cure (unless the finding names it)."""

    check: str
    ok: bool
    found: str
    cure: str = ""

    def as_json(self) -> dict[str, str | bool]:
        return asdict(self)


class Problem(Exception):
    """Raised inside a check: what is wrong, and the cure."""

    def __init__(self, found: str, cure: str = "") -> None:
        super().__init__(found, cure)
        self.found, self.cure = found, cure


def findings() -> Iterator[Finding]:
    """All checks in the order in which one rests on another."""
    yield _finding("configuration", configuration)
    yield _finding("secrets", secrets)
    yield _finding("sign-in", sign_in)
    with contextlib.ExitStack() as stack:
        database_up = _finding("database", lambda: _borrow(stack))
        if database_up.ok:
            database_up = _finding("database", database)
        yield database_up
        for check in (keys, clock, peers, matching):
            if database_up.ok:
                yield _finding(check.__name__, check)
            else:
                yield Finding(check.__name__, False, "cannot be checked without the database")
    yield _finding("broker", broker)
    yield _finding("disk", disk)


def configuration() -> str:
    """Django's own checks, with the strict ones in production."""
    messages = checks.run_checks(include_deployment_checks=settings.PRODUCTION)
    worst = [message for message in messages if message.level >= checks.WARNING]
    if worst:
        raise Problem("; ".join(message.msg for message in worst), worst[0].hint or "see settings")
    if settings.PRODUCTION:
        return f"production, reached at {settings.PUBLIC_URL}"
    return "development; for a node that others reach, set RETORT_ENV=production"


def secrets() -> str:
    """Secrets that the node made for itself must be nobody else's to read."""
    made = [settings.DATA / name for name in ("secret_key", "key_encryption_key")]
    present = [file for file in made if file.exists()]
    for file in present:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise Problem(f"{file} can be read by others", f"chmod 600 {file}")
    if not present:
        return "given by the environment"
    return f"in {settings.DATA}; a backup without them opens nothing"


def sign_in() -> str:
    """Whoever guesses is kept out by name and address: behind a proxy all have one address."""
    if settings.PRODUCTION and not settings.TRUSTED_PROXIES:
        raise Problem(
            "everybody comes from the proxy's address: who guesses at a name keeps its owner out",
            "set TRUSTED_PROXIES to the networks of the proxies in front of this node",
        )
    return "failures are counted by name and address"


def _borrow(stack: contextlib.ExitStack) -> str:
    if not is_server_named("DATABASE_URL"):
        try:
            stack.enter_context(borrowed_database(settings.DATA))
        except LocalError as error:
            raise Problem(str(error).rstrip(".")) from error
    stack.callback(connection.close)
    return "up"


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version')")
            version = cursor.fetchone()[0]
        number = connection.cursor().connection.info.server_version
        executor = MigrationExecutor(connection)
        waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except (DatabaseError, OperationalError) as error:
        raise Problem(f"does not answer: {error}", "check DATABASE_URL, and the server") from error
    if number < OLDEST_POSTGRES:
        raise Problem(f"PostgreSQL {version} is too old", "upgrade it to 17 or newer")
    if waiting:
        raise Problem(f"{waiting} migrations are missing", "run python manage.py migrate")
    where = "server" if is_server_named("DATABASE_URL") else "embedded"
    return f"PostgreSQL {version} ({where}), all migrations applied"


def keys() -> str:
    """The key-encryption key must open every key that was ever sealed with it."""
    sealed = list(NodeKey.objects.all())
    if not sealed:
        raise Problem("there is no node key yet", "run python manage.py up once")
    try:
        for key in sealed:
            SigningKey.open(
                bytes(key.sealed_private),
                settings.KEY_ENCRYPTION_KEY,
                purpose=key.purpose,
                public_key=bytes(key.public_key),
            )
    except FederationError as error:
        raise Problem(str(error).rstrip(".")) from error
    return f"{len(sealed)} opened with the key-encryption key"


def clock() -> str:
    """Ours against the database's, and against what was logged before."""
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs: datetime = cursor.fetchone()[0]
    error = max(before - theirs, theirs - datetime.now(UTC), timedelta())
    if error > MOST_CLOCK_ERROR:
        raise Problem(
            f"ours and the database's differ by {error.total_seconds():.1f} s",
            "synchronize both machines' clocks (NTP)",
        )
    last = Log.objects.exclude(last_added=None).order_by("-last_added").first()
    if last and last.last_added and last.last_added > theirs + MOST_CLOCK_ERROR:
        raise Problem(
            f"the log {last.origin} has an entry of {last.last_added:%Y-%m-%d %H:%M:%S} UTC, "
            f"and now it is {theirs:%Y-%m-%d %H:%M:%S} UTC",
            "synchronize the clock (NTP); until it has caught up, new objects get later times",
        )
    return f"{theirs:%Y-%m-%d %H:%M:%S} UTC, as the database says"


def peers() -> str:
    """Whether what is pulled from peers arrives; who is held off has a reason that people know."""
    told = [each for each in Peer.objects.exclude(state=PeerState.LEFT) if each.alarm]
    if told:
        raise Problem(f"{told[0].name}: {told[0].alarm}".rstrip("."), "ask its operator")
    stuck = Subscription.objects.select_related("peer").exclude(failure="")
    for each in stuck.order_by("-failures")[:1]:
        raise Problem(
            f"{each.title} of {each.peer.name} ({each.state}): {each.failure}".rstrip("."),
            "see `peer show`; a frozen peer goes on after `peer unfreeze`",
        )
    active = Peer.objects.filter(state=PeerState.ACTIVE).count()
    return f"{active} active, {Subscription.objects.count()} subscriptions"


def matching() -> str:
    """Whether what came in was held against what was found here; that takes seconds."""
    reached = dict(Reconciled.objects.values_list("collection_id", "size"))
    late = datetime.now(UTC) - MOST_UNMATCHED
    titles = dict(Collection.objects.values_list("pk", "title"))
    for log in Log.objects.filter(pk__in=titles, last_added__lt=late):
        if log.size > reached.get(log.pk, 0):
            raise Problem(
                f"{titles[log.pk]} has {log.size} entries, and {reached.get(log.pk, 0)} were looked"
                " at",
                "see the worker's log, and whether a worker takes the queue reconcile",
            )
    return f"up to date in {len(titles)} collections"


def broker() -> str:
    if not is_server_named("BROKER_URL"):
        who = holder(settings.DATA)
        if who is None or who.kind != NODE:
            return "embedded Valkey, which runs with the node; no node runs now"
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=2) as link:  # type: ignore[no-untyped-call]
            link.ensure_connection(max_retries=1, timeout=2)
    except Exception as error:  # each transport has exceptions of its own
        raise Problem(f"does not answer: {error}", "check BROKER_URL, and the server") from error
    return "answers" if is_server_named("BROKER_URL") else "embedded Valkey answers"


def disk() -> str:
    """Where the embedded database is; a server looks after its own disk."""
    place = _existing(server_directory(settings.DATA, "postgres"))
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE:
        raise Problem(
            f"{free / 1e9:.1f} GB are free on the disk of {place}",
            "make room: without it, nothing more can be stored",
        )
    return f"{free / 1e9:.0f} GB are free on the disk of {place}"


def _existing(place: Path) -> Path:
    return next(parent for parent in (place, *place.parents) if os.access(parent, os.F_OK))


def _finding(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except Problem as problem:
        return Finding(name, False, problem.found, problem.cure)
    except (OSError, DatabaseError) as error:
        return Finding(name, False, f"could not be checked: {error}")
