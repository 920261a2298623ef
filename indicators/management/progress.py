"""Progress of long work: count, rate and time left, on a terminal only."""

import sys
import time
from typing import TextIO


class Progress:
    """Call `step` as the work goes on; `total` (in the same unit) makes an estimate possible."""

    def __init__(self, unit: str, total: int | None = None, stream: TextIO | None = None) -> None:
        self._unit, self._total = unit, total
        self._stream = stream or sys.stderr
        self._began = self._shown = time.monotonic()
        self.done = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def step(self, count: int, position: int | None = None) -> None:
        """`count` more are done; `position` is how far that is on the way to `total`."""
        self.done += count
        now = time.monotonic()
        if self._stream.isatty() and now - self._shown >= 0.2:
            self._shown = now
            self._stream.write(f"\r{self.line(position)}\x1b[K")
            self._stream.flush()

    def finish(self) -> None:
        if self._stream.isatty():
            self._stream.write("\r\x1b[K")

    def line(self, position: int | None) -> str:
        rate = self.done / max(self.seconds, 1e-6)
        line = f"{self.done:,} {self._unit}, {rate:,.0f}/s"
        if self._total and position:
            left = self.seconds * (self._total - position) / position
            line += f", {100 * position // self._total} %, {left:,.0f} s left"
        return line
