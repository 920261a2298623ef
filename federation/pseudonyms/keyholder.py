"""Who evaluates: this node itself, or another one that never sees what it evaluates.

`tokenize` makes tokens in batches with either. Call it outside transactions: it may use the
network, and a key-holder that fails or lies raises, so that the work is delayed and never wrong.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from django.conf import settings

from federation.pseudonyms import epochs
from federation.pseudonyms.epochs import EpochKey
from federation.pseudonyms.normalize import Normalized
from federation.pseudonyms.remote import RemoteKeyHolder
from federation.pseudonyms.voprf import MAX_BATCH, token_input


class KeyHolder(Protocol):
    """Makes verified outputs of inputs. Several holders of one shared key could stand behind it."""

    def keys(self, kind: str, now: datetime) -> list[EpochKey]:
        """The keys valid now, oldest first: one, or two in an overlap."""

    def outputs(self, key: EpochKey, inputs: Sequence[bytes]) -> list[bytes]:
        """16 bytes for each of 1 to 1,000 inputs, proven to be of this key."""


class OwnKeyHolder:
    """This node's own keys, evaluated directly.

    Not metered: a quota bounds what one member may guess with another's key, and who holds the key
    needs no quota to guess.
    """

    def keys(self, kind: str, now: datetime) -> list[EpochKey]:
        """The keys valid now; the first ones are made on first use."""
        return epochs.valid_keys(kind, now)

    def outputs(self, key: EpochKey, inputs: Sequence[bytes]) -> list[bytes]:
        """Raises UnknownTokenKey once the epoch has been dropped, KeyNotOpened."""
        # `keys` decided by the caller's clock; what counts here is that the seed still exists.
        _, evaluator = epochs.open_evaluator(key.kind, key.epoch, key.not_before)
        return evaluator.outputs(inputs)


def configured_key_holder() -> KeyHolder:
    """The key-holder of the settings: KEYHOLDER_URL, or this node."""
    if not settings.KEYHOLDER_URL:
        return OwnKeyHolder()
    return _remote(settings.KEYHOLDER_URL, settings.KEYHOLDER_USER, settings.KEYHOLDER_KEY)


@lru_cache(maxsize=4)
def _remote(url: str, user: str, key: str) -> RemoteKeyHolder:
    """One for each process, since it keeps connections."""
    return RemoteKeyHolder(url, user, key)


def tokenize(holder: KeyHolder, wanted: Sequence[Normalized], now: datetime) -> list[list[bytes]]:
    """For each value its tokens (21 bytes), one under every key valid now, oldest key first.

    Each distinct value is evaluated once. Raises KeyHolderUnavailable, QuotaExceeded and
    KeyHolderLied, and then has made nothing.
    """
    by_kind: dict[str, dict[str, list[bytes]]] = {}
    for each in wanted:
        by_kind.setdefault(each.kind, {})[each.value] = []
    for kind, tokens in by_kind.items():
        for key in holder.keys(kind, now):
            _add_tokens(holder, key, tokens)
    return [list(by_kind[each.kind][each.value]) for each in wanted]


def _add_tokens(holder: KeyHolder, key: EpochKey, tokens: dict[str, list[bytes]]) -> None:
    prefix = key.key_id
    for values in _batches(list(tokens)):
        inputs = [token_input(key.kind, value) for value in values]
        for value, output in zip(values, holder.outputs(key, inputs), strict=True):
            tokens[value].append(prefix + output)


def _batches(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), MAX_BATCH):
        yield values[start : start + MAX_BATCH]
