"""How far a feed is behind, over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log10

from django.utils.safestring import SafeString

from indicators.web.charts.markup import Table, Words, element, figure, moment, path
from indicators.web.charts.scales import Frame, days, levels

_MARKS = ((1, "1 s"), (60, "1 min"), (3_600, "1 h"), (86_400, "1 day"), (604_800, "1 week"))
_ROWS = 24
# Points that are nearer than that are one to the eye.
_APART = 2


@dataclass(frozen=True, slots=True)
class Delay:
    """Between publication there and arrival here, in seconds; None: the feed did not answer."""

    at: datetime
    seconds: float | None


def lag(series: Sequence[Delay], *, key: str = "lag", title: str = "Feed lag") -> SafeString:
    """From old to new, on a logarithmic scale: seconds and days are both of interest."""
    if not series:
        words = Words(key, title, "Nothing was pulled yet.")
        return figure(words, (480, 40), [], Table(("When", "Behind"), []))
    longest = max((each.seconds or 1 for each in series), default=1)
    marks = [mark for mark in _MARKS if mark[0] <= max(longest * 2, 60)]
    frame = Frame(series[0].at, series[-1].at, top=_height(max(longest, marks[-1][0])), left=62)
    shapes = [
        *levels(frame, [(_height(seconds), said) for seconds, said in marks]),
        *_runs(series, frame),
        *days(frame),
    ]
    rows = [(moment(each.at), behind(each.seconds)) for each in series[-_ROWS:]]
    words = Words(key, title, _described(series))
    return figure(words, frame.size, shapes, Table(("When", "Behind"), rows))


def behind(seconds: float | None) -> str:
    """A delay in words."""
    if seconds is None:
        return "no answer"
    for length, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def _height(seconds: float) -> float:
    return log10(1 + max(seconds, 0))


def _runs(series: Sequence[Delay], frame: Frame) -> list[SafeString]:
    """Lines of what arrived, broken where the feed did not answer."""
    runs: list[list[tuple[float, float]]] = [[]]
    failed = []
    for each in series:
        if each.seconds is None:
            failed.append(frame.x(each.at))
            runs.append([])
        else:
            _put(runs[-1], frame.x(each.at), frame.y(_height(each.seconds)))
    base = frame.height - frame.below
    lines = [path(run, "s1") for run in runs if len(run) > 1]
    alone = [
        element("circle", cx=run[0][0], cy=run[0][1], r=2.5, class_="c1")
        for run in runs
        if len(run) == 1
    ]
    missed = [
        element("rect", x=x - 1.5, y=base - 12, width=3, height=12, class_="c4") for x in failed
    ]
    return [*lines, *alone, *missed]


def _put(run: list[tuple[float, float]], x: float, y: float) -> None:
    """A point; where one is already, the longer of the two delays."""
    if run and x - run[-1][0] < _APART:
        x, y = run[-1][0], min(y, run[-1][1])
        run.pop()
    run.append((x, y))


def _described(series: Sequence[Delay]) -> str:
    arrived = [each.seconds for each in series if each.seconds is not None]
    missed = len(series) - len(arrived)
    said = f"Last: {behind(series[-1].seconds)}."
    if arrived:
        said += f" Between {behind(min(arrived))} and {behind(max(arrived))} behind."
    return said + (f" {missed} times without an answer." if missed else "")
