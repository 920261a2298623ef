"""What a pinned node may change by describing itself anew, and what it may not. Pure.

Trust is given once, by a person who compares a fingerprint. From then on each change must follow
from what is pinned; whatever does not is refused as a whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from federation.errors import NotPinned
from federation.peers.described import DescribedLog, Descriptor, Key


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """A key as it was accepted; see `described.Key`."""

    use: str
    kid: str
    since: Mapping[str, int]
    until: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class PinnedLog:
    """A log as it was accepted."""

    collection: UUID
    origin: str
    vkey: str
    signatures_required: bool
    audience: str


@dataclass(frozen=True, slots=True)
class Pinned:
    """What is held of a node. `body`: the description that was accepted last, or none."""

    identity_id: str
    issued: datetime | None
    body: bytes
    keys: tuple[PinnedKey, ...]
    logs: tuple[PinnedLog, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a description changes. A log that it no longer names stays pinned as it was."""

    descriptor: Descriptor
    new_keys: tuple[Key, ...]
    ended_keys: tuple[Key, ...]
    new_logs: tuple[DescribedLog, ...]
    changed_logs: tuple[DescribedLog, ...]


def accept_confirmed(pinned: Pinned, described: Descriptor) -> Accepted:
    """What changes, if a person has confirmed the fingerprint: for the first time, or anew.

    Keys need no endorsement then; a log still has one key for ever. Raises NotPinned.
    """
    held = {key.kid: key for key in pinned.keys}
    return Accepted(
        described,
        tuple(key for key in described.keys if key.kid not in held),
        tuple(_ended(held, described)),
        *_logs(pinned.logs, described.logs),
    )


def accept(pinned: Pinned, described: Descriptor) -> Accepted:
    """What changes, if the node that was pinned says so.

    1. It is the same identity, and not an older description than the last.
    2. Every pinned key is there as it was; one that had no end may have got one.
    3. Every other key descends from a pinned one of its use, endorsement by endorsement
       (`descriptor.read` verified each): so the key that signed the description does, too.
    4. No pinned log has another key or collection.

    Raises NotPinned; then nothing of the description counts.
    """
    _check_identity(pinned, described)
    keys = {key.kid: key for key in described.keys}
    for held in pinned.keys:
        _check_key(held, keys.get(held.kid))
    new_keys = tuple(_new_keys(pinned, described))
    return Accepted(
        described,
        new_keys,
        tuple(_ended({held.kid: held for held in pinned.keys}, described)),
        *_logs(pinned.logs, described.logs),
    )


def _check_identity(pinned: Pinned, described: Descriptor) -> None:
    if described.identity_id != pinned.identity_id:
        raise NotPinned(
            f"The node describes itself as {described.identity_id}; {pinned.identity_id} is"
            " pinned. Is it the right URL? Another organization is added as another peer."
        )
    # A node of several machines may show one description under two times.
    is_older = pinned.issued is not None and described.issued < pinned.issued
    if is_older and described.body != pinned.body:
        raise NotPinned(
            f"The descriptor was issued at {described.issued.isoformat()}, before the one that is"
            f" pinned ({pinned.issued}): an old one is being shown again."
        )


def _check_key(held: PinnedKey, shown: Key | None) -> None:
    if shown is None or shown.use != held.use:
        raise NotPinned(
            f"The pinned {held.use} key {held.kid} is missing; a node goes on to list the keys"
            " that it replaced. Ask its operator, and compare fingerprints again."
        )
    if shown.since != held.since or held.until not in (None, shown.until):
        raise NotPinned(
            f"The pinned {held.use} key {held.kid} begins or ends elsewhere than it did; what"
            " it signed there would change hands. Ask the node's operator."
        )


def _new_keys(pinned: Pinned, described: Descriptor) -> Iterator[Key]:
    by_kid = {key.kid: key for key in described.keys}
    held = {key.kid for key in pinned.keys}
    for key in described.keys:
        if key.kid in held:
            continue
        if not held & set(_before(key, by_kid)):
            raise NotPinned(
                f"No pinned key endorsed the {key.use} key {key.kid}. If the node lost its keys,"
                " its operator tells you the new fingerprint; then confirm the peer again."
            )
        yield key


def _ended(held: Mapping[str, PinnedKey], described: Descriptor) -> Iterator[Key]:
    """Keys that had no end and now have one."""
    for key in described.keys:
        if key.until is not None and key.kid in held and held[key.kid].until is None:
            yield key


def _before(key: Key, by_kid: Mapping[str, Key]) -> Iterator[str]:
    """The keys that vouch for this one, the nearest first; `descriptor.read` saw that they end."""
    while key.endorsed_by:
        key = by_kid[key.endorsed_by]
        yield key.kid


def _logs(
    pinned: Iterable[PinnedLog], shown: Iterable[DescribedLog]
) -> tuple[tuple[DescribedLog, ...], tuple[DescribedLog, ...]]:
    """The logs that are new, and those that say something else of signatures or audience."""
    held = {log.origin: log for log in pinned}
    new = []
    changed = []
    for log in shown:
        before = held.get(log.origin)
        if before is None:
            new.append(log)
            continue
        if (before.vkey, before.collection) != (log.vkey, log.collection):
            raise NotPinned(
                f"The log {log.origin} has another key or collection than was pinned; a log has"
                " one key for ever. Ask the node's operator."
            )
        said = (log.signatures_required, log.audience)
        if (before.signatures_required, before.audience) != said:
            changed.append(log)
    return tuple(new), tuple(changed)
