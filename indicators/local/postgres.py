"""The embedded PostgreSQL: a cluster of our own, reachable through a socket only."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from indicators.local.errors import DidNotStart, LocalError
from indicators.local.places import (
    make_data_dir,
    make_run_directory,
    make_server_directory,
    run_directory,
    server_account,
    server_directory,
)
from indicators.local.programs import postgres_programs
from indicators.local.service import Launch, end_former, server_environment

OWNER = "retort"
ADMINISTRATOR = "postgres"

# Only this account of the operating system may connect, as the kernel vouches (peer): not even
# another process of the account that the server runs under.
HBA = "local all all peer map=node\n"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    # A two-core machine with a local disk.
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "1",
    "jit": "off",
    # Bulk imports: fewer checkpoints, smaller log.
    "wal_compression": "on",
    "min_wal_size": "160MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
}
# What was answered "stored" survives kill -9 and power loss.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
# For tests only: nothing is worth keeping there.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """One database cluster in a data directory. `for_tests` trades durability for speed."""

    name = "database"
    tier = 0
    # SIGTERM would wait for clients to leave. SIGQUIT recovers at the next start, like a crash.
    stop_signals = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))
    patience = 60.0

    def __init__(self, data_dir: Path, *, for_tests: bool = False) -> None:
        self.data_dir = data_dir
        self.run = run_directory(data_dir)
        self.for_tests = for_tests
        self.account = server_account()

    @property
    def cluster(self) -> Path:
        return server_directory(self.data_dir, "postgres") / "cluster"

    def exists(self) -> bool:
        return self.cluster.exists()

    def prepare(self) -> None:
        """Create the cluster if there is none; wait for a former server; say who may connect."""
        make_data_dir(self.data_dir)
        make_run_directory(self.data_dir)
        make_server_directory(self.data_dir, "postgres")
        if not self.exists():
            self._create()
        end_former("postgres", self.cluster, self.stop_signals)
        # Stale since a kill -9. PostgreSQL would see so, too, unless another process has been
        # given the same number since.
        for stale in (
            self.cluster / "postmaster.pid",
            self.run / ".s.PGSQL.5432.lock",
            self.run / ".s.PGSQL.5432",
        ):
            stale.unlink(missing_ok=True)
        self._write("pg_hba.conf", HBA)
        us = _our_name().replace('"', '""')
        roles = (OWNER, ADMINISTRATOR)
        self._write("pg_ident.conf", "".join(f'node "{us}" {role}\n' for role in roles))

    def launch(self) -> Launch:
        settings = SETTINGS | (FORGETFUL if self.for_tests else DURABLE)
        settings["unix_socket_directories"] = str(self.run)
        settings["shared_buffers"] = "64MB" if self.for_tests else f"{_shared_megabytes()}MB"
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Launch(
            program=str(postgres_programs(self.account) / "postgres"),
            arguments=("-D", str(self.cluster), *options),
            account=self.account,
            environment=server_environment(),
            death_signal=signal.SIGINT,
        )

    def is_ready(self, pid: int) -> bool:
        """PostgreSQL writes its state into its own lock file (line 8), as pg_ctl reads it."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def is_running(self) -> bool:
        """Whether it answers the node, wherever it was started from."""
        try:
            psycopg.connect(host=str(self.run), user=OWNER, dbname=OWNER).close()
        except psycopg.OperationalError:
            return False
        return True

    def settle(self) -> None:
        """The role and the database that the node works with; the role is no superuser."""
        with self.connect() as connection:
            roles = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [OWNER])
            if not roles.fetchall():
                ability = "CREATEDB" if self.for_tests else "NOCREATEDB"
                connection.execute(f"CREATE ROLE {OWNER} LOGIN {ability}")
            databases = connection.execute("SELECT FROM pg_database WHERE datname = %s", [OWNER])
            if not databases.fetchall():
                connection.execute(f"CREATE DATABASE {OWNER} OWNER {OWNER}")

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection as the cluster's administrator, autocommitting."""
        return psycopg.connect(
            host=str(self.run), user=ADMINISTRATOR, dbname="postgres", autocommit=True
        )

    def _create(self) -> None:
        """Appears complete or not at all: a start that is killed in between begins anew."""
        draft = self.cluster.with_name("cluster.new")
        shutil.rmtree(draft, ignore_errors=True)
        _our_name()
        options = [
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--encoding=UTF8",
            "--auth=peer",
            f"--username={ADMINISTRATOR}",
            "--no-instructions",
            *(["--no-sync"] if self.for_tests else []),
        ]
        account = self.account
        made = subprocess.run(
            [postgres_programs(account) / "initdb", "-D", draft, *options],
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            cwd="/",
            env=server_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise DidNotStart(f"The database could not be created. initdb said:\n{made.stderr}")
        draft.rename(self.cluster)

    def _write(self, name: str, text: str) -> None:
        """Readable to the server's account because the directory above lets nobody else in."""
        file = self.cluster / name
        file.write_text(text)
        with contextlib.suppress(PermissionError):
            file.chmod(0o644)


def _our_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as error:
        raise LocalError(
            f"User {os.geteuid()} has no name in /etc/passwd, which PostgreSQL needs to start; "
            "add one, or set DATABASE_URL to a server."
        ) from error


def _shared_megabytes() -> int:
    """A sixteenth of the memory, between 64 and 512 MB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(512, max(64, memory // (16 * 2**20)))
