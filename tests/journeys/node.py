"""A whole real node as a tree of processes: `manage.py up`, with its parts within a test's reach.

    with place_for_data("retort-alder-") as data_dir, running_node(data_dir) as alder:
        alder.run("import", str(bundle))
        requests.get(f"{alder.base_url}/taxii2/")
        alder.kill("database")
        alder.await_served()

Give `database_url` (fixture `journey_database`) to share the test run's PostgreSQL: faster, but
then there is no "database" part to kill. Without it the node runs a PostgreSQL of its own.
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from indicators.local.places import CHECKOUT

ROLES = ("database", "broker", "web", "worker", "courier", "scheduler")
PATIENCE = 90.0


@dataclass
class Node:
    """A started node. `process` is the supervisor; `log` is what it printed."""

    data_dir: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    environment: dict[str, str]
    checkout: Path = CHECKOUT
    python: str = sys.executable
    user: int | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a management command on this node, e.g. `run("import", "atlas.json")`."""
        return subprocess.run(
            [self.python, "manage.py", *arguments],
            cwd=self.checkout,
            env=self.environment,
            user=self.user,
            capture_output=True,
            text=True,
            check=check,
        )

    def pids(self) -> dict[str, int]:
        """The running parts' main processes by role."""
        return {
            role: child.pid
            for child in psutil.Process(self.process.pid).children()
            if (role := _role(child))
        }

    def family(self) -> list[psutil.Process]:
        """The supervisor and all its descendants."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def kill(self, role: str) -> None:
        """kill -9 one part's main process."""
        os.kill(self.pids()[role], signal.SIGKILL)

    def kill_everything(self) -> None:
        """kill -9 the supervisor and every process below it, as a power cut would."""
        family = self.family()
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        self.process.wait()
        psutil.wait_procs(family, timeout=10)

    def stop(self) -> int:
        """Ask for a clean stop, as Ctrl-C does, and await it. Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill_everything()
            raise AssertionError(f"The node did not stop:\n{self.printed()}") from None

    def await_served(self) -> float:
        """Wait until a page is served; the seconds since the node was started."""
        self._await(self._is_served, "a page was served")
        return time.monotonic() - self.began

    def await_parts(self, *roles: str) -> dict[str, int]:
        """Wait until these parts run; their process ids."""
        self._await(lambda: self.pids().keys() >= set(roles), f"{', '.join(roles)} ran")
        return self.pids()

    def await_printed(self, text: str) -> None:
        self._await(lambda: text in self.printed(), f"it printed {text!r}")

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(
                    f"The node ended or was too slow before {what}:\n{self.printed()}"
                )
            time.sleep(0.05)

    def _is_served(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz/live")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def start_node(
    data_dir: Path,
    *,
    database_url: str | None = None,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    checkout: Path = CHECKOUT,
    python: str = sys.executable,
    user: int | None = None,
) -> Node:
    """Start `manage.py up` on a data directory, without waiting for it; the caller stops it."""
    port = port or free_port()
    variables = {name: value for name, value in os.environ.items() if name not in _OURS}
    variables |= {"RETORT_DATA": str(data_dir), **(environment or {})}
    if database_url:
        variables["DATABASE_URL"] = database_url
    handle, log = tempfile.mkstemp(prefix="node-", suffix=".log", dir=data_dir.parent)
    process = subprocess.Popen(
        [python, "manage.py", "up", "--data", str(data_dir), "--port", str(port)],
        cwd=checkout,
        env=variables,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        stdout=handle,
        stderr=handle,
    )
    os.close(handle)
    return Node(data_dir, port, process, Path(log), variables, checkout, python, user)


@contextlib.contextmanager
def running_node(data_dir: Path, **options: object) -> Iterator[Node]:
    """A node that serves; stopped at the end, whatever happened to it."""
    node = start_node(data_dir, **options)  # type: ignore[arg-type]
    try:
        node.await_served()
        yield node
    finally:
        end(node)


def end(node: Node) -> None:
    """Stop a node and forget what it printed; afterwards nothing of it runs."""
    if node.process.poll() is None:
        node.stop()
    node.log.unlink(missing_ok=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# What a test run sets for itself must not leak into a node.
_OURS = {"DATABASE_URL", "BROKER_URL", "RETORT_DATA", "DJANGO_SETTINGS_MODULE"}


def _role(process: psutil.Process) -> str | None:
    """Which part a child of the supervisor is."""
    try:
        program, words = process.name(), process.cmdline()
    except psutil.Error:
        return None
    if program in _SERVERS:
        return _SERVERS[program]
    return next((role for word, role in _MODULES.items() if word in words), None)


_SERVERS = {"postgres": "database", "valkey-server": "broker"}
_MODULES = {
    "indicators.config.serving": "web",
    "courier@%h": "courier",
    "worker": "worker",
    "beat": "scheduler",
}
