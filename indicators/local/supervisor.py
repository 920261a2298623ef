"""Runs the parts of a node as child processes: starts, watches, restarts and stops them, in order.

One thread only. It has to be the main one: the kernel takes the end of the thread that started a
child for the end of the supervisor (see launch.py), and signals arrive there.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from indicators.local.console import Console
from indicators.local.errors import DidNotStart
from indicators.local.service import Service, did_not_start, ending, kill_group, spawn

#: A part that ends by itself again and again waits longer each time, but a node that once ran never
#: gives up: a full disk is emptied, a server comes back, and nobody has to start it by hand.
LONGEST_WAIT = 5.0
SHORTLY = 60.0

#: What the parts say at every start and stop, at a level that can't be turned off without losing
#: what matters.
CHATTER = {
    "database": ("LOG:  ", "the database system is"),
    "broker": ("Memory overcommit must be enabled", "Received SIGTERM", "ready to exit, bye"),
    "web": ("Python threads, which seems quite high",),
    "worker": ("worker: Warm shutdown",),
    "courier": ("worker: Warm shutdown",),
}


class StopAsked(Exception):
    """SIGINT or SIGTERM arrived."""


@dataclass(slots=True)
class Part:
    """A service and its present process."""

    service: Service
    process: subprocess.Popen[bytes]
    output: int
    partial: bytes = b""
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=8))
    ends: deque[float] = field(default_factory=deque)
    due: float | None = None  # when to start it again
    settled: bool = False


@dataclass(slots=True)
class Ending:
    """A part that is being stopped: the signals still to come, and when the next is due."""

    part: Part
    signals: Iterator[tuple[int, float]]
    asked: int
    deadline: float = 0.0


class Supervisor:
    """Use as a context manager: leaving it stops every part."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._parts: list[Part] = []
        self._selector = selectors.DefaultSelector()
        self._asked = 0

    def __enter__(self) -> "Supervisor":
        self._wake, waking = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(waking, False)
        # Wakes select() at every signal, so that nothing has to be polled.
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *services: Service) -> None:
        """Start these side by side and wait until all are ready.

        Raises DidNotStart with what the part said, or StopAsked.
        """
        started = [self._launch(service) for service in services]
        for part in started:
            deadline = time.monotonic() + part.service.patience
            while not part.service.is_ready(part.process.pid):
                if part.process.poll() is not None or time.monotonic() > deadline:
                    self._turn(0)
                    raise DidNotStart(
                        did_not_start(part.service.name, part.process.poll(), [*part.recent])
                    )
                self._turn(0.02)
                self.refuse_if_asked_to_stop()
            part.service.settle()
            part.settled = True

    def refuse_if_asked_to_stop(self) -> None:
        if self._asked:
            raise StopAsked

    def watch(self, until: Callable[[], bool] | None = None) -> None:
        """Until a stop is asked for (or `until` is true, which is asked ten times a second): pass
        on what the parts say, and restart those that end.
        """
        while not self._asked and not (until and until()):
            self._turn(min(0.1 if until else 5.0, self._time_to_next_start()))
            for part in self._parts:
                self._see_to(part)

    def stop(self) -> None:
        """Our own parts together, then the broker, then the database: nothing loses its servers.

        Each further Ctrl-C goes on to the next, harsher signal at once.
        """
        for tier in sorted({part.service.tier for part in self._parts}, reverse=True):
            endings = [
                Ending(part, iter(part.service.stop_signals), self._asked)
                for part in self._parts
                if part.service.tier == tier and part.due is None
            ]
            while endings := [ending for ending in endings if not self._has_ended(ending)]:
                self._turn(0.1)
        for part in self._parts:
            self._forget_output(part)
        self._parts.clear()

    def _launch(self, service: Service) -> Part:
        service.prepare()
        part = Part(service, *self._spawn(service))
        self._parts.append(part)
        self._selector.register(part.output, selectors.EVENT_READ, part)
        return part

    def _spawn(self, service: Service) -> tuple[subprocess.Popen[bytes], int]:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        try:
            return spawn(service.launch(), writing), reading
        finally:
            os.close(writing)

    def _see_to(self, part: Part) -> None:
        now = time.monotonic()
        if part.due is not None:
            if now >= part.due:
                self._start_again(part)
        elif part.process.poll() is not None:
            self._note_end(part, now)
        elif not part.settled and part.service.is_ready(part.process.pid):
            part.service.settle()
            part.settled = True

    def _note_end(self, part: Part, now: float) -> None:
        kill_group(part.process.pid)
        self._turn(0)
        part.due = now + self._wait_before_start(part, now)
        how = ending(part.process.returncode)
        again = f"it is started again in {part.due - now:.1f} s"
        self._console.say(part.service.name, f"ended ({how}); {again}", alarm=True)

    @staticmethod
    def _wait_before_start(part: Part, now: float) -> float:
        """Whoever was killed from outside starts at once; who ends by itself may do so again."""
        if part.process.returncode == -signal.SIGKILL:
            return 0.2
        part.ends.append(now)
        while part.ends[0] < now - SHORTLY:
            part.ends.popleft()
        return min(LONGEST_WAIT, 0.1 * 2.0 ** len(part.ends))

    def _start_again(self, part: Part) -> None:
        self._forget_output(part)
        part.service.prepare()
        part.process, part.output = self._spawn(part.service)
        self._selector.register(part.output, selectors.EVENT_READ, part)
        part.due, part.settled, part.partial = None, False, b""

    def _time_to_next_start(self) -> float:
        waits = [part.due - time.monotonic() for part in self._parts if part.due is not None]
        unsettled = [0.05 for part in self._parts if not part.settled]
        return max(0.0, min([5.0, *waits, *unsettled]))

    def _has_ended(self, end: "Ending") -> bool:
        process = end.part.process
        if process.poll() is not None:
            kill_group(process.pid)
            self._turn(0)
            return True
        if time.monotonic() >= end.deadline or self._asked > end.asked:
            number, seconds = next(end.signals, (signal.SIGKILL, 5.0))
            if end.deadline:
                name = signal.Signals(number).name
                self._console.say(end.part.service.name, f"is slow to stop: {name}", alarm=True)
            end.deadline, end.asked = time.monotonic() + seconds, self._asked
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
        return False

    def _turn(self, seconds: float) -> None:
        """Wait for output or a signal, at most so long; print what came."""
        for key, _ in self._selector.select(seconds):
            part: Part | None = key.data
            if part is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 4096)
            else:
                self._print_output(part)

    def _print_output(self, part: Part) -> None:
        try:
            said = os.read(part.output, 65536)
        except BlockingIOError:
            return
        if not said:
            self._forget_output(part)
            return
        *lines, part.partial = (part.partial + said).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            part.recent.append(text)
            if not _is_chatter(part.service.name, text):
                self._console.say(part.service.name, text)

    def _forget_output(self, part: Part) -> None:
        if part.output >= 0:
            self._selector.unregister(part.output)
            os.close(part.output)
            part.output = -1

    def _on_stop(self, *_: object) -> None:
        self._asked += 1


def _is_chatter(part: str, line: str) -> bool:
    return not line.strip() or any(words in line for words in CHATTER.get(part, ()))
