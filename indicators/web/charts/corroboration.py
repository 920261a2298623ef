"""How many organizations had seen something themselves, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from indicators.web.charts.markup import Table, Words, element, figure, moment, path
from indicators.web.charts.scales import Frame, days, levels, rounded


@dataclass(frozen=True, slots=True)
class Seen:
    """An organization's word; only its first one adds to the count."""

    at: datetime
    organization: str
    how: str


def corroboration(
    points: Sequence[Seen], until: datetime, *, key: str = "corroboration"
) -> SafeString:
    """Steps: each organization once, at its first word."""
    first = _first(points)
    title = "Corroboration over time"
    table = Table(
        ("Organization", "How", "Since"),
        [(each.organization, each.how, moment(each.at)) for each in first],
    )
    if not first:
        words = Words(key, title, "Nobody has said so yet.")
        return figure(words, (480, 40), [], table)
    top, step = rounded(len(first))
    step = max(step, 1)
    frame = Frame(first[0].at, max(until, first[-1].at), top=max(top, 1), height=180)
    numbers = [(step * n, f"{step * n:.0f}") for n in range(int(frame.top / step) + 1)]
    steps = _steps(first, frame)
    shapes = [*levels(frame, numbers), path(steps, "s1"), *_dots(first, frame), *days(frame)]
    return figure(Words(key, title, _described(first)), frame.size, shapes, table)


def _first(points: Sequence[Seen]) -> list[Seen]:
    known: dict[str, Seen] = {}
    for each in sorted(points, key=lambda seen: (seen.at, seen.organization)):
        known.setdefault(each.organization, each)
    return list(known.values())


def _steps(first: Sequence[Seen], frame: Frame) -> list[tuple[float, float]]:
    points = []
    for number, each in enumerate(first):
        points.append((frame.x(each.at), frame.y(number)))
        points.append((frame.x(each.at), frame.y(number + 1)))
    return [*points, (frame.x(frame.last), frame.y(len(first)))]


def _dots(first: Sequence[Seen], frame: Frame) -> list[SafeString]:
    return [
        element(
            "circle",
            element("title", f"{each.organization}: {each.how}"),
            cx=frame.x(each.at),
            cy=frame.y(number + 1),
            r=4,
            class_="c1",
        )
        for number, each in enumerate(first)
    ]


def _described(first: Sequence[Seen]) -> str:
    names = ", ".join(each.organization for each in first)
    whom = "organization" if len(first) == 1 else "organizations"
    return f"{len(first)} {whom} so far, in order: {names}."
