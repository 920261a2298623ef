"""What age leaves of an indicator's confidence (extension token-indicator)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString

from indicators.stix.decay import remaining
from indicators.web.charts.markup import (
    Table,
    Words,
    day,
    element,
    figure,
    line,
    moment,
    path,
    text,
)
from indicators.web.charts.scales import Frame, days, levels, moved

_PARTS = 48
_ROWS = 8
_LEVELS = [(float(each), str(each)) for each in (0, 25, 50, 75, 100)]


@dataclass(frozen=True, slots=True)
class Curve:
    """`confidence` (0 to 100) ages from `since`; below `revoke_score` it counts as ended.

    Without `lifetime_days` it stays until `valid_until`, if there is one.
    """

    confidence: int
    since: datetime
    lifetime_days: float | None = None
    speed: float = 1
    revoke_score: int = 0
    valid_until: datetime | None = None

    def at(self, when: datetime) -> float:
        """Confidence at a time; 0 once it is no longer valid."""
        if self.valid_until is not None and when > self.valid_until:
            return 0.0
        return self.confidence * remaining(when - self.since, self.lifetime_days, self.speed)


def decay(curve: Curve, now: datetime, *, key: str = "decay") -> SafeString:
    """Confidence from the newest version on, with now and the score at which it ends."""
    last = _end(curve, now)
    frame = Frame(curve.since, max(last, moved(curve.since, timedelta(days=1))), top=100)
    times = [frame.first + (frame.last - frame.first) * n / _PARTS for n in range(_PARTS + 1)]
    points = [(frame.x(at), frame.y(curve.at(at))) for at in times]
    floor = frame.height - frame.below
    area = [(points[0][0], floor), *points, (points[-1][0], floor)]
    shapes = [
        *levels(frame, _LEVELS),
        element("polygon", points=_listed(area), class_="c1", fill_opacity=0.15),
        path(points, "s1"),
        *_ending(curve, frame),
        *_today(curve, frame, now),
        *days(frame),
    ]
    words = Words(key, "How its confidence fades", _described(curve, now))
    shown = times[:: _PARTS // _ROWS]
    table = Table(("When", "Confidence"), [(moment(at), f"{curve.at(at):.0f}") for at in shown])
    return figure(words, frame.size, shapes, table)


def _end(curve: Curve, now: datetime) -> datetime:
    ends = [moved(now, timedelta(days=7))]
    if curve.valid_until is not None:
        ends.append(curve.valid_until)
    if curve.lifetime_days is not None and curve.lifetime_days < 36_500:
        ends.append(moved(curve.since, timedelta(days=curve.lifetime_days)))
    return max(ends[1:], default=ends[0])


def _ending(curve: Curve, frame: Frame) -> list[SafeString]:
    if not curve.revoke_score:
        return []
    y = frame.y(curve.revoke_score)
    right = frame.width - frame.right
    return [
        element("line", x1=frame.left, y1=y, x2=right, y2=y, class_="s4", stroke_dasharray="4 4"),
        text(right, y - 4, f"ends at {curve.revoke_score}", text_anchor="end"),
    ]


def _today(curve: Curve, frame: Frame, now: datetime) -> list[SafeString]:
    if not frame.first <= now <= frame.last:
        return []
    x, y = frame.x(now), frame.y(curve.at(now))
    anchor, apart = ("end", -6) if x > frame.width / 2 else ("start", 6)
    return [
        line(x, frame.above, x, frame.height - frame.below, "axis"),
        element("circle", cx=x, cy=y, r=4, class_="c1"),
        text(x + apart, frame.above + 10, f"now: {curve.at(now):.0f}", text_anchor=anchor),
    ]


def _described(curve: Curve, now: datetime) -> str:
    said = f"Stated as {curve.confidence} of 100 on {day(curve.since)}; {curve.at(now):.0f} now."
    if curve.lifetime_days is not None:
        said += f" Nothing is left after {curve.lifetime_days:g} days."
    if curve.valid_until is not None:
        said += f" Valid until {day(curve.valid_until)}."
    return said


def _listed(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
