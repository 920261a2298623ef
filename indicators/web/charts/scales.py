"""From values to places: a plot's frame, round numbers, days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, log10

from django.utils.safestring import SafeString

from indicators.web.charts.markup import line, local_time, text

_STEPS = (1, 2, 2.5, 5, 10)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a plot lies in its viewBox; values from 0 to `top`, times from `first` to `last`."""

    first: datetime
    last: datetime
    top: float
    width: float = 480
    height: float = 200
    left: float = 48
    right: float = 16
    above: float = 14
    below: float = 28

    def x(self, at: datetime) -> float:
        whole = (self.last - self.first) / timedelta(seconds=1)
        share = (at - self.first) / timedelta(seconds=1) / whole if whole else 0.5
        return self.left + min(max(share, 0), 1) * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        share = value / self.top if self.top else 0
        return self.height - self.below - share * (self.height - self.above - self.below)

    @property
    def size(self) -> tuple[float, float]:
        return self.width, self.height


def moved(at: datetime, span: timedelta) -> datetime:
    """A time later or earlier, no further than the calendar goes: others state what they like."""
    try:
        return at + span
    except OverflowError:
        bound = datetime.max if span > timedelta() else datetime.min
        return bound.replace(tzinfo=at.tzinfo)


def rounded(highest: float, parts: int = 4) -> tuple[float, float]:
    """The top of an axis that holds `highest`, and the step between its numbers."""
    if highest <= 0:
        return 1.0, 1.0
    rough = highest / parts
    power = 10.0 ** floor(log10(rough))
    step = next(power * each for each in _STEPS if power * each >= rough)
    return step * ceil(highest / step), step


def levels(frame: Frame, values: Sequence[tuple[float, str]]) -> list[SafeString]:
    """Horizontal lines with their words at the left."""
    shapes = []
    for value, said in values:
        y = frame.y(value)
        shapes.append(line(frame.left, y, frame.width - frame.right, y, "grid-line"))
        shapes.append(text(frame.left - 6, y + 4, said, text_anchor="end"))
    return shapes


def days(frame: Frame, parts: int = 3) -> list[SafeString]:
    """The time axis: evenly apart, the first and the last at the ends."""
    base = frame.height - frame.below
    shapes = [line(frame.left, base, frame.width - frame.right, base, "axis")]
    for number in range(parts + 1):
        at = frame.first + (frame.last - frame.first) * number / parts
        x = frame.x(at)
        anchor = {0: "start", parts: "end"}.get(number, "middle")
        shapes.append(line(x, base, x, base + 4, "axis"))
        shapes.append(text(x, base + 20, said(at, frame), text_anchor=anchor))
    return shapes


def said(at: datetime, frame: Frame) -> str:
    """A time as short as the span allows."""
    span, local = frame.last - frame.first, local_time(at)
    if span < _DAY / 96:
        return local.strftime("%H:%M:%S")
    if span < 2 * _DAY:
        return local.strftime("%H:%M")
    return local.strftime("%-d %b" if span < 300 * _DAY else "%b %Y")
