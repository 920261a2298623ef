"""The allow list, as a person fills it: one identifier a line, its kind said or recognized."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from federation.errors import FederationError
from indicators.detections.errors import DetectionError
from indicators.detections.identifiers import allowlist
from indicators.models import Allowed

MOST_LINES = 5_000
PAGE = 100
#: In this order: what is an address of one kind is never one of a later kind.
_RECOGNIZED = ("ip", allowlist.NETWORK, "email", "wallet", "domain")


class Unreadable(DetectionError):
    """Lines that are no identifiers; each message names its line, and nothing of what it holds."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = list(faults)


def allow(text: str, kind: str, *, reason: str, region: str | None, actor: str) -> tuple[int, int]:
    """Put every line on the list, or none; how many were new, and how many lines there were.

    A line is a value, or `kind, value`. `kind` "" recognizes what can be recognized. Raises
    Unreadable.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    filled = [(number, line) for number, line in lines if line]
    if len(filled) > MOST_LINES:
        raise Unreadable([f"These are {len(filled)} lines; at most {MOST_LINES} at once."])
    named, faults = [], []
    for number, line in filled:
        try:
            each = _named(line, kind)
            allowlist.check(*each, region)
            named.append(each)
        except (FederationError, Unreadable) as refusal:
            faults.append(f"Line {number}: {refusal}")
    if faults:
        raise Unreadable(faults[:20])
    return allowlist.add_all(named, reason=reason, actor=actor, region=region), len(named)


def entries(before: tuple[datetime, UUID] | None = None) -> tuple[list[Allowed], bool]:
    """A page of the list, the newest first, from behind an entry on; whether there is more."""
    found = Allowed.objects.order_by("-added_at", "-pk")
    if before is not None:
        at, entry = before
        found = found.filter(Q(added_at__lt=at) | Q(added_at=at, pk__lt=entry))
    rows = list(found[: PAGE + 1])
    return rows[:PAGE], len(rows) > PAGE


def _named(line: str, kind: str) -> tuple[str, str]:
    first, comma, rest = line.partition(",")
    if comma and first.strip() in allowlist.KINDS:
        return first.strip(), rest.strip()
    return (kind, line) if kind else recognized(line)


def recognized(value: str) -> tuple[str, str]:
    """(kind, value), where the kind can be told by the form alone. Raises Unreadable."""
    if value.startswith("@"):
        return allowlist.EMAIL_DOMAIN, value[1:]
    if value.startswith("+"):
        return "phone", value
    for kind in _RECOGNIZED:
        with suppress(FederationError):
            allowlist.check(kind, value)
            return kind, value
    raise Unreadable(["Its kind can't be told by its form; write it as: kind, value."])
