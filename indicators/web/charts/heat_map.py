"""Values of rows by columns, as shades."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from django.utils.safestring import SafeString

from indicators.web.charts.markup import (
    Table,
    Words,
    counted,
    element,
    figure,
    middled,
    shortened,
    text,
)

_CELL, _ROW, _NAMES, _HEADS = 34, 26, 190, 118
_SHADES = 5
# A narrower one would be drawn larger than its words need.
_LEAST = 600


@dataclass(frozen=True, slots=True)
class Label:
    """`text` is drawn; `whole` is said on hover and in the table, where there is more to say."""

    text: str
    url: str = ""
    whole: str = ""

    def __str__(self) -> str:
        return self.whole or self.text


def heat_map(
    rows: Sequence[Label],
    columns: Sequence[Label],
    values: Sequence[Sequence[float | None]],
    *,
    key: str,
    title: str,
    description: str = "",
    unit: str = "",
) -> SafeString:
    """`values[row][column]`; None: nothing is said; below 0: it is said, but not how much."""
    highest = max((value for row in values for value in row if value is not None), default=0)
    shapes = [_head(number, each) for number, each in enumerate(columns)]
    for number, (name, row) in enumerate(zip(rows, values, strict=True)):
        shapes.append(_name(number, name))
        shapes += [
            _cell(number, at, str(name), str(columns[at]), value, highest, unit)
            for at, value in enumerate(row)
        ]
    size = (max(_NAMES + _CELL * len(columns) + 96, _LEAST), _HEADS + _ROW * len(rows) + 4)
    table = Table(
        ("Name", *map(str, columns)),
        [
            (str(name), *(_told(value, unit) for value in row))
            for name, row in zip(rows, values, strict=True)
        ],
    )
    words = Words(key, title, description or f"{len(rows)} rows by {len(columns)} columns.")
    return figure(words, size, shapes, table, role="group", kind="chart wide")


def _head(number: int, each: Label) -> SafeString:
    x = _NAMES + number * _CELL + _CELL / 2
    turned = f"rotate(-45 {x:.1f} {_HEADS - 8})"
    name = text(x, _HEADS - 8, shortened(each.text, 20), transform=turned)
    return element("a", name, href=each.url) if each.url else name


def _name(number: int, each: Label) -> SafeString:
    shown = middled(each.text, 26)
    name = text(_NAMES - 8, _HEADS + number * _ROW + 17, shown, text_anchor="end")
    whole = element("g", element("title", str(each)), name)
    return element("a", whole, href=each.url) if each.url else whole


def _cell(
    row: int, column: int, name: str, head: str, value: float | None, highest: float, unit: str
) -> SafeString:
    return element(
        "rect",
        element("title", f"{name}, {head}: {_told(value, unit)}"),
        x=_NAMES + column * _CELL + 1,
        y=_HEADS + row * _ROW + 1,
        width=_CELL - 2,
        height=_ROW - 2,
        rx=3,
        class_=f"heat-{_shade(value, highest)}",
    )


def _shade(value: float | None, highest: float) -> int:
    """0 for nothing; 5 for the largest, one less for each half of an order of magnitude below."""
    if not value:
        return 0
    if value < 0:
        return 1
    return max(1, _SHADES - floor(2 * log10(highest / value)))


def _told(value: float | None, unit: str) -> str:
    if value is None:
        return "not stated"
    if value < 0:
        return "stated without a number"
    return f"{counted(value)} {unit}".strip()
