"""SVG and tables as markup. Whatever comes in as a plain string is escaped here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

Attribute = str | float | None
_CASED = {"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}

#: Sizes are in units of the viewBox: 13 of 480 is readable on a phone.
FONT = 13


@dataclass(frozen=True, slots=True)
class Words:
    """What a chart says of itself. `key` makes its ids, once on a page."""

    key: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a chart; the first cell of a row heads it."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def element(name: str, *children: str, **attributes: Attribute) -> SafeString:
    """An element; `class_` is class, `_` is -, None is left out."""
    written = "".join(
        f' {_attribute(key)}="{conditional_escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = joined(children)
    return SafeString(f"<{name}{written}>{inner}</{name}>")


def joined(parts: Iterable[str]) -> SafeString:
    return SafeString("".join(conditional_escape(part) for part in parts))


def text(x: float, y: float, said: str, **attributes: Attribute) -> SafeString:
    shown: dict[str, Attribute] = {"class_": "label", "font_size": FONT, **attributes}
    return element("text", said, x=x, y=y, **shown)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> SafeString:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: Sequence[tuple[float, float]], class_: str, width: float = 2) -> SafeString:
    """An open line through points."""
    drawn = "M" + "L".join(f"{_value(x)} {_value(y)}" for x, y in points)
    return element("path", d=drawn, class_=class_, fill="none", stroke_width=width)


def figure(
    words: Words,
    size: tuple[float, float],
    shapes: Iterable[str],
    table: Table,
    *,
    role: str = "img",
    kind: str = "chart",
) -> SafeString:
    """The chart with title, description and table. `role` is group where shapes are links."""
    title, description = f"{words.key}-title", f"{words.key}-desc"
    drawn = element(
        "svg",
        element("title", words.title, id=title),
        element("desc", words.description, id=description),
        *shapes,
        viewbox=f"0 0 {_value(size[0])} {_value(size[1])}",
        role=role,
        aria_labelledby=f"{title} {description}",
    )
    caption = element("figcaption", words.title)
    # What is wider than a phone is scrolled there, by keys too.
    shown = element("div", drawn, class_="drawing", tabindex=0 if "wide" in kind else None)
    return element("figure", shown, caption, _disclosed(table, words), class_=kind)


def local_time(when: datetime) -> datetime:
    """In the reader's zone; as it is at the ends of the calendar, where no zone reaches."""
    try:
        return timezone.localtime(when)
    except OverflowError:
        return when


def moment(when: datetime) -> SafeString:
    """A time in the reader's zone, with UTC on hover."""
    told = when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    shown = local_time(when).strftime("%-d %b %Y %H:%M")
    return element("time", shown, datetime=when.astimezone(UTC).isoformat(), title=told)


def day(when: datetime) -> str:
    return local_time(when).strftime("%-d %b %Y")


def shortened(said: str, length: int) -> str:
    return said if len(said) <= length else said[: length - 1].rstrip() + "…"


def middled(said: str, length: int) -> str:
    """Both ends of what is too long: where names differ is mostly there."""
    if len(said) <= length:
        return said
    end = length // 2
    return said[: length - end - 1].rstrip() + "…" + said[-end:].lstrip()


def counted(number: float) -> str:
    """With thousands apart, and a fraction only where there is one."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.2f}".rstrip("0")


def _disclosed(table: Table, words: Words) -> SafeString:
    head = element("tr", *(element("th", each, scope="col") for each in table.head))
    rows = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(
                element("td", each, data_label=name)
                for name, each in zip(table.head[1:], row[1:], strict=True)
            ),
        )
        for row in table.rows
    ]
    drawn = element(
        "table",
        element("caption", words.title, class_="visually-hidden"),
        element("thead", head),
        element("tbody", *rows),
        class_="table",
    )
    held = element("div", drawn, class_="table-wrap")
    return element("details", element("summary", "As a table"), held)


def _attribute(key: str) -> str:
    return _CASED.get(key, key.rstrip("_").replace("_", "-"))


def _value(value: str | float | None) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
