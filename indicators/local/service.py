"""A program that runs as long as we do: how it is launched, awaited and stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from indicators.local.errors import DidNotStart
from indicators.local.places import CHECKOUT, Account

LAUNCHER = Path(__file__).with_name("launch.py")
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run: a program (absolute path) or a Python module, and as whom.

    `death_signal` is what it gets when its parent dies, however that dies.
    """

    program: str
    arguments: tuple[str, ...]
    module: bool = False
    account: Account | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    death_signal: int = signal.SIGTERM


class Service(Protocol):
    """A long-running part of a node."""

    @property
    def name(self) -> str: ...

    @property
    def tier(self) -> int:
        """0 for the database, 1 for the broker, 2 for our own parts: stopped from the top down."""

    @property
    def stop_signals(self) -> tuple[tuple[int, float], ...]:
        """In turn: a signal, and the seconds to wait for its effect. SIGKILL follows by itself."""

    @property
    def patience(self) -> float:
        """Seconds until it must be ready."""

    def prepare(self) -> None:
        """Everything that must be true before each launch; also after a crash."""

    def launch(self) -> Launch: ...

    def is_ready(self, pid: int) -> bool: ...

    def settle(self) -> None:
        """What is done once it is ready."""


def spawn(launch: Launch, output: int) -> subprocess.Popen[bytes]:
    """Start in a session of its own, so that Ctrl-C reaches only us: we stop the parts in order.

    Call this from the main thread: the kernel takes the end of the calling thread for our death.
    """
    account = launch.account
    ids = (str(account.uid), str(account.gid)) if account else ("-", "-")
    # A server needs no Python path, and an isolated interpreter starts fastest.
    options = ["-P"] if launch.module else ["-I", "-S"]
    return subprocess.Popen(
        [
            sys.executable,
            *options,
            str(LAUNCHER),
            str(os.getpid()),
            str(int(launch.death_signal)),
            *ids,
            "module" if launch.module else "exec",
            launch.program,
            *launch.arguments,
        ],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=CHECKOUT if launch.module else "/",
        env=dict(launch.environment),
        start_new_session=True,
    )


def server_environment() -> dict[str, str]:
    """The environment of a server program: none of our secrets, nobody's language."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def stop(process: subprocess.Popen[bytes], signals: tuple[tuple[int, float], ...]) -> None:
    """Ask, then insist. Afterwards the process, and all of its group, is gone."""
    for signal_number, seconds in signals:
        if process.poll() is not None:
            break
        process.send_signal(signal_number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    kill_group(process.pid)
    process.wait()


def kill_group(pid: int) -> None:
    """Kill what is left of a child's process group, such as the workers of a killed web server."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


@contextlib.contextmanager
def running(service: Service, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run one service, without a supervisor, for as long as the block lasts."""
    service.prepare()
    with log.open("wb") as output:
        process = spawn(service.launch(), output.fileno())
    try:
        await_ready(service, process, log)
        service.settle()
        yield process
    finally:
        stop(process, service.stop_signals)


def await_ready(service: Service, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + service.patience
    while not service.is_ready(process.pid):
        if process.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text(errors="replace").splitlines()
            raise DidNotStart(did_not_start(service.name, process.poll(), lines))
        time.sleep(0.01)


def did_not_start(name: str, code: int | None, lines: list[str]) -> str:
    how = "was not ready in time" if code is None else f"ended while starting ({ending(code)})"
    said = "\n".join(f"  {line}" for line in lines[-8:])
    return f"The {name} {how}." + (f" It said:\n{said}" if said else "")


def ending(code: int) -> str:
    """`exit code 1`, or `SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def end_former(program: str, directory: Path, signals: tuple[tuple[int, float], ...]) -> None:
    """Wait until no `program` works in `directory` any more, helping with signals.

    After a kill -9 of its supervisor a server may still be shutting down; two on the same files
    would ruin them. The caller holds the lock of the data directory, so these can't be in use.
    """
    for signal_number, seconds in (*signals, (signal.SIGKILL, 10.0)):
        former = _working_in(program, directory)
        for pid in former:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_number)
        deadline = time.monotonic() + seconds
        while former and time.monotonic() < deadline:
            time.sleep(0.02)
            former = _working_in(program, directory)
        if not former:
            return
    raise DidNotStart(
        f"A former {program} still works in {directory} and can't be ended; "
        "restart the machine, or end it by hand."
    )


def _working_in(program: str, directory: Path) -> list[int]:
    """The processes by that name whose working directory it is. (Without /proc: none are seen.)"""
    found = []
    real = os.path.realpath(directory)
    for place in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (place / "cwd").readlink() == Path(real):
                names = (place / "stat").read_text()
                # pid (name) state …: a zombie has ended and only waits for its parent.
                name, state = names[names.index("(") + 1 :].rsplit(") ", 1)
                if name == program and state[0] not in "ZX":
                    found.append(int(place.name))
    return found
