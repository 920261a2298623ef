"""What happened when: a lane for each kind, bars for what lasted, dots for what did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString

from indicators.web.charts.markup import Table, Words, element, figure, joined, line, moment, text
from indicators.web.charts.scales import Frame, days, moved

_LANE, _DOT = 30, 5
_NOTHING = Table(("When", "What", "Kind"), [])


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` names its lane; `until` is set for what lasted; `note` says more on hover."""

    at: datetime
    title: str
    kind: str
    until: datetime | None = None
    note: str = ""
    url: str = ""


def timeline(
    events: Sequence[Event], *, key: str = "timeline", title: str = "Timeline"
) -> SafeString:
    """The events on one axis of time; lanes in the order in which kinds first come."""
    if not events:
        return figure(Words(key, title, "No time is stated."), (480, 40), [], _NOTHING)
    lanes = list(dict.fromkeys(each.kind for each in events))
    frame = _frame(events, len(lanes))
    shapes = [*_lanes(lanes, frame), *days(frame)]
    shapes += [_mark(each, lanes.index(each.kind), frame) for each in events]
    rows = [(_when(each), each.title, each.kind) for each in sorted(events, key=_order)]
    words = Words(key, title, _described(events))
    table = Table(_NOTHING.head, rows)
    return figure(words, frame.size, shapes, table, role="group", kind="chart wide")


def _frame(events: Sequence[Event], lanes: int) -> Frame:
    first = min(each.at for each in events)
    last = max(each.until or each.at for each in events)
    room = max((last - first) * 0.02, timedelta(hours=1))
    height = 14.0 + lanes * _LANE + 28
    return Frame(moved(first, -room), moved(last, room), top=1, width=720, height=height, left=112)


def _lanes(lanes: Sequence[str], frame: Frame) -> list[SafeString]:
    shapes = []
    for number, name in enumerate(lanes):
        y = _middle(number, frame)
        shapes.append(line(frame.left, y, frame.width - frame.right, y, "grid-line"))
        shapes.append(text(frame.left - 8, y + 4, name, text_anchor="end"))
    return shapes


def _mark(each: Event, lane: int, frame: Frame) -> SafeString:
    x, y, series = frame.x(each.at), _middle(lane, frame), f"c{lane % 6 + 1}"
    if each.until is None:
        shape = element("circle", _hover(each), cx=x, cy=y, r=_DOT, class_=series)
    else:
        shape = element(
            "rect",
            _hover(each),
            x=x,
            y=y - _DOT,
            width=max(frame.x(each.until) - x, 2.0),
            height=2 * _DOT,
            rx=_DOT,
            class_=series,
        )
    return element("a", shape, href=each.url, aria_label=each.title) if each.url else shape


def _hover(each: Event) -> SafeString:
    return element("title", f"{each.title} ({each.note})" if each.note else each.title)


def _middle(lane: int, frame: Frame) -> float:
    return frame.above + lane * _LANE + _LANE / 2


def _when(each: Event) -> SafeString:
    if each.until is None:
        return moment(each.at)
    return joined([moment(each.at), " to ", moment(each.until)])


def _order(each: Event) -> tuple[datetime, str]:
    return each.at, each.title


def _described(events: Sequence[Event]) -> str:
    ordered = sorted(events, key=_order)
    said = f"{len(events)} events" if len(events) > 1 else "One event"
    return f"{said}; the first: {ordered[0].title}; the last: {ordered[-1].title}."
