"""Icons of 24 by 24, drawn with one stroke width; they carry no meaning that words don't."""

from django.utils.safestring import SafeString, mark_safe

_PATHS = {
    "arrow": "M5 12h14M13 6l6 6-6 6",
    "bell": "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
    "check": "M5 13l5 5L20 7",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l4 2",
    "cross": "M6 6l12 12M18 6L6 18",
    "download": "M12 4v11M7 11l5 5 5-5M4 20h16",
    "edit": "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
    "external": "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
    "eye": "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    "info": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v6M12 7v1",
    "key": "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12l9-9M16 7l3 3",
    "link": "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1"
    "M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
    "menu": "M4 6h16M4 12h16M4 18h16",
    "plus": "M12 5v14M5 12h14",
    "refresh": "M20 12a8 8 0 1 1-2.5-5.8M20 3v5h-5",
    "search": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
    "shield": "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z",
    "trash": "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
    "upload": "M12 16V5M7 9l5-5 5 5M4 20h16",
    "user": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c0-5 4-7 8-7s8 2 8 7",
    "warning": "M12 4L2 20h20zM12 10v5M12 17v1",
}


def icon(name: str) -> SafeString:
    """The icon as SVG, hidden from screen readers; KeyError for one that nobody drew."""
    return mark_safe(  # noqa: S308 - from the table above alone
        '<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"'
        f' focusable="false"><path d="{_PATHS[name]}"/></svg>'
    )
