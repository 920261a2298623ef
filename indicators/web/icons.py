"""Icons of 24 by 24, drawn with one stroke width; they carry no meaning that words don't."""

from django.utils.safestring import SafeString, mark_safe

_PATHS = {
    "bell": "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
    "download": "M12 4v11M7 11l5 5 5-5M4 20h16",
    "key": "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12l9-9M16 7l3 3",
    "plus": "M12 5v14M5 12h14",
    "refresh": "M20 12a8 8 0 1 1-2.5-5.8M20 3v5h-5",
    "search": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
    "user": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c0-5 4-7 8-7s8 2 8 7",
}


def icon(name: str) -> SafeString:
    """The icon as SVG, hidden from screen readers; KeyError for one that nobody drew."""
    return mark_safe(  # noqa: S308 - from the table above alone
        '<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"'
        f' focusable="false"><path d="{_PATHS[name]}"/></svg>'
    )
