"""What one version of an object says that another doesn't, field by field. Pure.

Lists are compared by what is in them, whatever the order; the tokens of a pattern by their number,
as nobody reads tokens.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indicators.catalog.counts import SIGNS
from indicators.catalog.labels import label_of
from indicators.detections.drafts.telling import is_count
from indicators.stix.tokens import tokens_in

Content = Mapping[str, Any]

#: Of longer texts only so much is shown; the raw object has the rest.
MOST_CHARACTERS = 2_000
# Every version has another one of these: they say nothing about the object.
_OF_THE_VERSION = frozenset({"modified", "origin-signature"})
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: its place (`label` for people), and its text before and after; None: no field."""

    path: tuple[str, ...]
    before: str | None
    after: str | None

    @property
    def kind(self) -> str:
        """added, removed or changed."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def label(self) -> str:
        return " · ".join(label_of(each) for each in self.path)


def differences(old: Content | None, new: Content) -> list[Difference]:
    """What changed from one version of an object to another, in the order of field names.

    `old` None: everything is new. Times and signatures of the versions themselves don't count.
    """
    return list(_between((), old or {}, new))


def _between(path: tuple[str, ...], old: Content, new: Content) -> Iterator[Difference]:
    for name in sorted(old.keys() | new.keys()):
        here = path if name == "extensions" else (*path, label_of(name, plain=True))
        if here and here[-1] in _OF_THE_VERSION:
            continue
        before, after = old.get(name, _MISSING), new.get(name, _MISSING)
        if before != after:
            yield from _field(here, before, after)


def _field(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Difference]:
    sides = [each for each in (before, after) if each is not _MISSING]
    if all(isinstance(each, Mapping) and not is_count(each) for each in sides):
        yield from _between(path, *({} if each is _MISSING else each for each in (before, after)))
    elif all(isinstance(each, list) for each in sides):
        yield from _lists(path, *([] if each is _MISSING else each for each in (before, after)))
    elif path[-1] == "pattern" and (change := _tokens(path, before, after)):
        yield change
    else:
        yield Difference(path, _text(before), _text(after))


def _lists(path: tuple[str, ...], before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """What left a list and what joined it; one that is only in another order has not changed."""
    was, now = [_worded(each) for each in before], [_worded(each) for each in after]
    known, kept = set(was), set(now)
    gone = [each for each in was if each not in kept]
    come = [each for each in now if each not in known]
    if gone or come:
        yield Difference(path, _joined(gone), _joined(come))


def _tokens(path: tuple[str, ...], before: Any, after: Any) -> Difference | None:
    """Patterns over tokens, as the number of tokens on each side and how many of them are new."""
    was, now = (
        set(tokens_in(each)) if isinstance(each, str) else set() for each in (before, after)
    )
    if not was and not now:
        return None
    told = f"{len(now):,} tokens, {len(now - was):,} of them new" if now else None
    left = f"{len(was):,} tokens, {len(was - now):,} of them gone" if was else None
    return Difference(path, left, told)


def _joined(texts: Sequence[str]) -> str | None:
    return _cut(", ".join(texts)) if texts else None


def _text(value: Any) -> str | None:
    return None if value is _MISSING else _cut(_worded(value))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "…"


def _worded(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case Mapping() if is_count(value):
            return f"{SIGNS.get(value.get('qualifier', ''), '')}{_worded(value['value'])}"
        case Mapping():
            parts = (f"{label_of(name)}: {_worded(each)}" for name, each in sorted(value.items()))
            return "; ".join(parts)
        case list():
            return ", ".join(_worded(each) for each in value)
    return str(value)
