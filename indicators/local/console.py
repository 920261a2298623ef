"""What the supervisor prints: one line at a time, each with the name of the part that said it."""

import os
from typing import TextIO

_COLOURS = {
    "database": 34,
    "broker": 35,
    "web": 32,
    "worker": 36,
    "courier": 36,
    "scheduler": 33,
    "retort": 1,
}
_ALARM = 31
_WIDTH = max(map(len, _COLOURS))


class Console:
    """Prefixed lines; coloured on a terminal, unless NO_COLOR is set.

    A quiet one leaves out what the supervisor itself says, but for alarms.
    """

    def __init__(self, out: TextIO, *, quiet: bool = False) -> None:
        self._out = out
        self.is_quiet = quiet
        self._coloured = out.isatty() and "NO_COLOR" not in os.environ

    def say(self, part: str, line: str, *, alarm: bool = False) -> None:
        if self.is_quiet and part == "retort" and not alarm:
            return
        prefix = self._painted(f"{part:<{_WIDTH}}", _COLOURS.get(part, 0))
        text = self._painted(line, _ALARM) if alarm else line
        self.print(f"{prefix} │ {text}" if line else prefix)

    def print(self, text: str) -> None:
        """A line without a prefix. A reader that has gone away must not stop the node."""
        try:
            self._out.write(f"{text}\n")
            self._out.flush()
        except (BrokenPipeError, UnicodeEncodeError):
            self._coloured = False

    def _painted(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured and colour else text
