"""Horizontal bars, each with its name and number."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from indicators.web.charts.markup import (
    FONT,
    Table,
    Words,
    counted,
    element,
    figure,
    shortened,
    text,
)

_WIDTH, _ROW, _NAMES, _NUMBERS = 480, 26, 168, 88


@dataclass(frozen=True, slots=True)
class Bar:
    """`said` is the value in words, else its digits; `series` 1 to 6 is its colour."""

    label: str
    value: float
    said: str = ""
    url: str = ""
    series: int = 1


def bars(items: Sequence[Bar], *, key: str, title: str, description: str = "") -> SafeString:
    """The bars in the order given, on one scale from 0."""
    highest = max((each.value for each in items), default=0) or 1
    shapes = [_bar(number, each, highest) for number, each in enumerate(items)]
    words = Words(key, title, description or _described(items))
    table = Table(("What", "How many"), [(each.label, _said(each)) for each in items])
    role = "group" if any(each.url for each in items) else "img"
    return figure(words, (_WIDTH, _ROW * max(len(items), 1)), shapes, table, role=role)


def _bar(number: int, each: Bar, highest: float) -> SafeString:
    top = number * _ROW
    middle = top + _ROW / 2 + FONT / 3
    length = each.value / highest * (_WIDTH - _NAMES - _NUMBERS)
    name = text(_NAMES - 8, middle, shortened(each.label, 24), text_anchor="end")
    return element(
        "g",
        element("title", f"{each.label}: {_said(each)}"),
        element("a", name, href=each.url) if each.url else name,
        element(
            "rect",
            x=_NAMES,
            y=top + 5,
            width=max(length, 1.0),
            height=_ROW - 10,
            rx=2,
            class_=f"c{each.series}",
        ),
        text(_NAMES + max(length, 1.0) + 6, middle, _said(each)),
    )


def _said(each: Bar) -> str:
    return each.said or counted(each.value)


def _described(items: Sequence[Bar]) -> str:
    if not items:
        return "Nothing yet."
    largest = max(items, key=lambda each: each.value)
    return f"{len(items)} bars; the longest is {largest.label} with {_said(largest)}."
