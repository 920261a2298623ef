"""A started `up --demo`: four process trees below one."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from indicators.local.places import CHECKOUT
from indicators.management.demonstration.cast import CAST
from indicators.management.demonstration.desk import PASSWORD
from tests.database import remove_data
from tests.journeys.node import free_port

EVERY_ROLE = ("analyst", "reviewer", "administrator")
PATIENCE = 300.0
STARTED = re.compile(r"started in ([0-9.]+) s")


@dataclass
class Demo:
    """`log` is what it printed."""

    root: Path
    process: subprocess.Popen[bytes]
    log: Path
    began: float = field(default_factory=time.monotonic)

    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def await_started(self) -> float:
        """Until it says what to open; the seconds that it took."""
        self.await_that(lambda: STARTED.search(self.printed()) is not None, "it had started")
        return time.monotonic() - self.began

    def door(self) -> tuple[str, str]:
        """Where Alder's pages are, and the password that everybody has there."""
        stage = json.loads((self.root / "demo" / "stage.json").read_text())
        return f"http://127.0.0.1:{stage['port']}", str(stage["password"])

    def add_with_every_role(self, name: str, password: str) -> None:
        """Somebody who may open every page at Alder."""
        roles = [word for role in EVERY_ROLE for word in ("--role", role)]
        from_there = ("--password-from", PASSWORD)
        subprocess.run(
            [self.root / "demo" / "at-alder", "person", "add", name, *roles, *from_there],
            check=True,
            capture_output=True,
            env={**_environment(), PASSWORD: password},
        )

    def await_that(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"It ended or was too slow before {what}:\n{self.printed()}")
            time.sleep(0.2)

    def rows(self, slug: str, *words: str) -> list[dict[str, Any]]:
        """What a command at one of the nodes shows, through the door that was made for people."""
        door = self.root / "demo" / f"at-{slug}"
        told = subprocess.run(
            [door, *words, "--json"], capture_output=True, text=True, check=True, env=_environment()
        )
        return list(json.loads(told.stdout))

    def family(self) -> list[psutil.Process]:
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def interrupt(self) -> int:
        """Ctrl-C; the exit code. Whatever does not end by that is killed."""
        family = self.family()
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self.process.wait()
            raise AssertionError(f"It did not stop:\n{self.printed()}") from None


@contextlib.contextmanager
def running_demo(root: Path, port: int | None) -> Iterator[Demo]:
    """Whatever happens in the block, nothing of it runs afterwards."""
    log = root.parent / f"demo-{time.monotonic_ns()}.log"
    where = [] if port is None else ["--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--demo", "--data", str(root), *where],
            cwd=CHECKOUT,
            env=_environment(),
            stdout=output,
            stderr=output,
            # Where the tests run in the background, Ctrl-C is ignored by what they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    demo = Demo(root, process, log)
    try:
        yield demo
    finally:
        if process.poll() is None:
            demo.interrupt()


def forget_demo(root: Path) -> None:
    for who in CAST:
        remove_data(root / "demo" / who.slug)


def four_free_ports() -> int:
    """The first of four ports in a row that nobody uses."""
    while True:
        first = free_port()
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for port in range(first, first + len(CAST)):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


def _environment() -> dict[str, str]:
    ours = {"DATABASE_URL", "BROKER_URL", "RETORT_DATA", "DJANGO_SETTINGS_MODULE"}
    return {name: value for name, value in os.environ.items() if name not in ours}
