"""A line the size of a word: how something went, without axes."""

from collections.abc import Sequence

from django.utils.safestring import SafeString

from indicators.web.charts.markup import counted, element, path

_WIDTH, _HEIGHT, _EDGE = 120, 28, 3


def spark(values: Sequence[float], *, label: str) -> SafeString:
    """The values from old to new; `label` says what they are, and is read with the last of them.

    Put it beside the number that it illustrates: it has no table of its own.
    """
    highest = max(values, default=0) or 1
    step = (_WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    points = [
        (_EDGE + number * step, _HEIGHT - _EDGE - max(value, 0) / highest * (_HEIGHT - 2 * _EDGE))
        for number, value in enumerate(values)
    ]
    shapes = [path(points, "s1")] if len(points) > 1 else []
    if points:
        shapes.append(element("circle", cx=points[-1][0], cy=points[-1][1], r=2.5, class_="c1"))
    return element(
        "svg",
        element("title", _told(values, label)),
        *shapes,
        class_="spark",
        viewbox=f"0 0 {_WIDTH} {_HEIGHT}",
        width=_WIDTH,
        height=_HEIGHT,
        role="img",
        aria_label=_told(values, label),
    )


def _told(values: Sequence[float], label: str) -> str:
    if not values:
        return f"{label}: nothing yet"
    lowest, highest = counted(min(values)), counted(max(values))
    return f"{label}: {counted(values[-1])} last, from {lowest} to {highest}"
