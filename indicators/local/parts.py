"""The parts of a node that are our own code: web, worker, courier and scheduler."""

import http.client
import os
import shutil
import signal
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from indicators.local.errors import LocalError
from indicators.local.places import CHECKOUT
from indicators.local.service import Launch

WEB_PROCESSES = 2
#: A thread keeps a database connection, and may wait for a log's lock while others serve pages.
WEB_THREADS = 16
WORKER_PROCESSES = 2
WORKER_KILOBYTES = 400_000
QUEUES = "default,pseudonymize,draft,publish,reconcile"
#: What waits for other organizations' nodes: a thread each, so that a slow one delays nobody.
COURIER_THREADS = 8
COURIER_QUEUES = "pull,wake"

# Said at every start, and no news: that a worker of root's is root (on one machine with an embedded
# default it is), and that nobody has collected static files (they are served from the packages).
_NO_NEWS = "ignore:You're running the worker with superuser privileges,ignore:No directory at"

#: What glibc keeps of freed memory for a process with many threads: one heap, not one a thread, and
#: of it a few megabytes, not twice the largest body ever read.
FRUGAL = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "4194304",
    "MALLOC_TRIM_THRESHOLD_": "8388608",
}


@dataclass(frozen=True, slots=True)
class PythonPart:
    """A Python module run as a part of the node."""

    name: str
    module: str
    arguments: tuple[str, ...]
    data_dir: Path
    stop_signals: tuple[tuple[int, float], ...]
    patience: float = 30.0
    tier: int = 2

    def prepare(self) -> None:
        """Nothing: what it needs is in the database and the broker."""

    def launch(self) -> Launch:
        return Launch(
            program=self.module,
            arguments=self.arguments,
            module=True,
            environment=part_environment(self.data_dir),
        )

    def is_ready(self, pid: int) -> bool:
        return True

    def settle(self) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Web(PythonPart):
    """Ready when it answers a request."""

    address: tuple[str, int] = ("127.0.0.1", 8000)

    def prepare(self) -> None:
        """Its processes share their counters in files, which must not outlive them."""
        shutil.rmtree(self._metrics, ignore_errors=True)
        self._metrics.mkdir(mode=0o700)

    def launch(self) -> Launch:
        plain = PythonPart.launch(self)
        shared = {"PROMETHEUS_MULTIPROC_DIR": str(self._metrics)}
        return replace(plain, environment={**plain.environment, **shared})

    @property
    def _metrics(self) -> Path:
        return self.data_dir / "metrics"

    def is_ready(self, pid: int) -> bool:
        host, port = self.address
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        connection = http.client.HTTPConnection(reachable, port, timeout=5)
        try:
            connection.request("GET", "/healthz/live", headers={"Host": "localhost"})
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def web(data_dir: Path, host: str, port: int, processes: int = WEB_PROCESSES) -> Web:
    """The web server. If one of its processes fails it ends as a whole, and is started again."""
    options = {
        "--interface": "wsgi",
        "--http": "1",
        "--host": host,
        "--port": str(port),
        "--workers": str(processes),
        "--blocking-threads": str(WEB_THREADS),
        "--workers-kill-timeout": "10",
        "--log-level": "warning",
    }
    arguments = ("--no-ws", *_flat(options), "indicators.config.wsgi:application")
    return Web(
        "web",
        "indicators.config.serving",
        arguments,
        data_dir,
        ((signal.SIGTERM, 15.0),),
        # Four nodes may start at once, on a machine that has other work.
        patience=120.0,
        address=(host, port),
    )


def worker(data_dir: Path, processes: int = WORKER_PROCESSES) -> PythonPart:
    """Runs tasks. What it can't finish when it is stopped is delivered again at the next start."""
    options = {
        "--queues": QUEUES,
        "--concurrency": str(processes),
        "--max-memory-per-child": str(WORKER_KILOBYTES),
        "--loglevel": "WARNING",
    }
    return _taking_tasks("worker", options, data_dir)


def courier(data_dir: Path) -> PythonPart:
    """A worker for what goes to and comes from peers."""
    options = {
        "--queues": COURIER_QUEUES,
        "--pool": "threads",
        "--concurrency": str(COURIER_THREADS),
        "--hostname": "courier@%h",
        "--loglevel": "WARNING",
    }
    return _taking_tasks("courier", options, data_dir)


def _taking_tasks(name: str, options: dict[str, str], data_dir: Path) -> PythonPart:
    # On one machine there is nobody to gossip with.
    flags = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    arguments = ("-q", "-A", "indicators.config.celery", "worker", *flags, *_flat(options))
    stop_signals = ((signal.SIGTERM, 10.0), (signal.SIGQUIT, 5.0))
    return PythonPart(name, "celery", arguments, data_dir, stop_signals)


def scheduler(data_dir: Path) -> PythonPart:
    """Puts recurring tasks into the queue. Its memory is in the database, so it needs no files."""
    arguments = (
        "-q",
        "-A",
        "indicators.config.celery",
        "beat",
        "--pidfile=",
        "--loglevel",
        "WARNING",
    )
    return PythonPart("scheduler", "celery", arguments, data_dir, ((signal.SIGTERM, 5.0),))


def refuse_taken_port(host: str, port: int) -> None:
    """Raises LocalError if something listens there already, or we may not."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        raise PortTaken(
            f"Nothing can be served on {host}:{port} ({error.strerror}); "
            "choose another port with --port, or another address with --host."
        ) from error


class PortTaken(LocalError):
    """The web server's port is not free."""


def part_environment(data_dir: Path) -> dict[str, str]:
    """Ours, so that a part reads the same settings as the supervisor."""
    paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **FRUGAL,
        **os.environ,
        "RETORT_DATA": str(data_dir),
        "DJANGO_SETTINGS_MODULE": "indicators.config.settings",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", _NO_NEWS),
    }


def _flat(options: dict[str, str]) -> tuple[str, ...]:
    return tuple(part for option in options.items() for part in option)
