"""A key-holder elsewhere, asked over HTTP: it sees blinded elements and counts them, nothing else.

Whatever it answers is verified before it is used: public keys against what was pinned when they
were first seen and against its log, evaluations by their proofs.
"""

import base64
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
import requests
from django.conf import settings
from django.db import transaction

from federation import canonical, node_keys
from federation.errors import (
    BatchRefused,
    EvaluationRefused,
    FederationError,
    KeyHolderLied,
    KeyHolderUnavailable,
    MalformedElement,
    MalformedKey,
    QuotaExceeded,
)
from federation.keys import Verifier
from federation.models import NodeKey, PinnedTokenKey
from federation.pseudonyms.answers import Evaluated, KeyList, ListedKey
from federation.pseudonyms.epochs import CLOCK_SKEW, EpochKey, record
from federation.pseudonyms.normalize import KINDS
from federation.pseudonyms.voprf import Blinding
from federation.requests import sign_request
from federation.transparency.replay import Replay

KEYS_KEPT_SECONDS = 3600
MAX_ANSWER_BYTES = 1024 * 1024
CONNECT_SECONDS, READ_SECONDS, ANSWER_SECONDS = 5.0, 30.0, 60.0
RETRY_AFTER, MOST_RETRY_AFTER = 30, 86_400

_JSON = "application/json"
T = TypeVar("T", bound=msgspec.Struct)


class RemoteKeyHolder:
    """Another node's key-holder doors, with this node's credential and request key."""

    def __init__(self, url: str, user: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.auth = (user, key)
        self._session.trust_env = False  # no proxy and no .netrc of the environment
        self._asked_at: float | None = None

    def close(self) -> None:
        """Let go of its connections."""
        self._session.close()

    def keys(self, kind: str, now: datetime) -> list[EpochKey]:
        """The pinned keys valid now, after asking again if the last answer is an hour old.

        While the key-holder can't be reached, those that are pinned go on to count.
        """
        if self._asked_at is None or time.monotonic() - self._asked_at > KEYS_KEPT_SECONDS:
            try:
                self.refresh()
            except KeyHolderUnavailable:
                if found := self._pinned(kind, now):
                    return found
                raise
        if found := self._pinned(kind, now):
            return found
        self._asked_at = None
        raise KeyHolderUnavailable(
            f"The key-holder {self.url} has no valid key of kind {kind}; its operator must begin "
            "an epoch.",
            RETRY_AFTER,
        )

    def refresh(self) -> None:
        """Ask for all keys, check them against log and pins, and pin the new ones.

        Raises KeyHolderLied, and then pins nothing; KeyHolderUnavailable.
        """
        answer = self._ask("GET", "keys", b"", KeyList)
        _check_group(self.url, answer.group)
        _check_log(self.url, answer)
        pin(self.url, answer.keys)
        self._asked_at = time.monotonic()

    def outputs(self, key: EpochKey, inputs: Sequence[bytes]) -> list[bytes]:
        """Blind, have evaluated, verify the proof, finalize: 16 bytes for each of 1 to 1,000."""
        blinding = Blinding(inputs)
        elements = [base64.b64encode(each).decode() for each in blinding.elements]
        question = {"elements": elements, "epoch": key.epoch, "kind": key.kind}
        answer = self._ask("POST", "evaluate", msgspec.json.encode(question), Evaluated)
        try:
            return blinding.finalize(answer.elements, answer.proof, key.public_key)
        except (BatchRefused, EvaluationRefused, MalformedElement, MalformedKey) as error:
            raise KeyHolderLied(f"The key-holder {self.url} is not believed: {error}") from error

    def _pinned(self, kind: str, now: datetime) -> list[EpochKey]:
        # On one_pinned_key_a_kind_and_epoch. A listed key has begun at its holder, whose clock may
        # be ahead of ours.
        begun = now + CLOCK_SKEW
        rows = PinnedTokenKey.objects.filter(
            holder=self.url, kind=kind, not_before__lte=begun, dropped_at__gt=now
        )
        return [_public(row) for row in rows.order_by("epoch")]

    def _ask(self, method: str, door: str, body: bytes, kind: type[T]) -> T:
        url = f"{self.url}/keyholder/v1/{door}"
        try:
            content = self._send(method, url, body)
        except KeyHolderUnavailable:
            self._asked_at = None  # an epoch may have ended: ask for the keys before the next batch
            raise
        try:
            parsed = canonical.parse(content, max_bytes=MAX_ANSWER_BYTES)
            return msgspec.convert(parsed, kind)
        except (FederationError, msgspec.ValidationError) as error:
            # A broken proxy answers like this too: waiting may help, so it is not called a lie.
            raise KeyHolderUnavailable(
                f"The answer of {url} can't be read as the protocol's. Is it a key-holder?",
                RETRY_AFTER,
            ) from error

    def _send(self, method: str, url: str, body: bytes) -> bytes:
        headers = {"Accept": _JSON} | ({"Content-Type": _JSON} if body else {})
        key = node_keys.current_key(NodeKey.Purpose.REQUEST)
        headers |= sign_request(method, url, body, key, datetime.now(UTC))
        try:
            with self._session.request(
                method,
                url,
                data=body or None,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                _check_status(url, response)
                return _read(url, response.iter_content(65_536))
        except (requests.RequestException, OSError) as error:
            raise KeyHolderUnavailable(
                f"{url} can't be reached ({type(error).__name__}); the work waits.", RETRY_AFTER
            ) from error


def pin(holder: str, listed: Iterable[ListedKey]) -> None:
    """Remember public keys as first seen, and when they end; all of them or none.

    Raises KeyHolderLied if a key differs from what was seen before, or is gone: members who were
    given different keys would have different tokens, and one given to a single member marks it.
    """
    shown = {(each.kind, each.epoch): each for each in listed if each.kind in KINDS}
    with transaction.atomic():
        new = [
            PinnedTokenKey(holder=holder, **msgspec.structs.asdict(each)) for each in shown.values()
        ]
        # Of two processes that ask at once one pins; then both compare with that.
        PinnedTokenKey.objects.bulk_create(new, ignore_conflicts=True)
        pinned = PinnedTokenKey.objects.filter(holder=holder)
        moved = [row for row in pinned if _has_moved(row, shown.get((row.kind, row.epoch)))]
        PinnedTokenKey.objects.bulk_update(moved, ["not_after", "dropped_at"])


def pinned_keys(holder: str) -> list[EpochKey]:
    """Every key of a key-holder that was ever seen, by kind and epoch."""
    rows = PinnedTokenKey.objects.filter(holder=holder.rstrip("/"))
    return [_public(row) for row in rows.order_by("kind", "epoch")]


def _public(row: PinnedTokenKey) -> EpochKey:
    return EpochKey(
        row.kind, row.epoch, bytes(row.public_key), row.not_before, row.not_after, row.dropped_at
    )


def _has_moved(row: PinnedTokenKey, shown: ListedKey | None) -> bool:
    """Whether the key ends at another time than was known, which the row then knows."""
    as_pinned = bytes(row.public_key), row.not_before
    if shown is None or as_pinned != (shown.public_key, shown.not_before):
        raise KeyHolderLied(
            f"The key-holder {row.holder} shows another key, or none, for {row.kind}, epoch "
            f"{row.epoch}, than was pinned on {row.seen_at:%Y-%m-%d}. Ask its operator; nothing "
            "is sent until they agree."
        )
    known = row.not_after, row.dropped_at
    row.not_after, row.dropped_at = shown.not_after, shown.dropped_at
    return known != (shown.not_after, shown.dropped_at)


def _check_group(holder: str, group: str) -> None:
    if group != settings.TOKEN_GROUP:
        raise KeyHolderUnavailable(
            f"The key-holder {holder} serves another group than {settings.TOKEN_GROUP!r}, so no "
            "token would ever match; set TOKEN_GROUP to its group's name.",
            RETRY_AFTER,
        )


def _check_log(holder: str, answer: KeyList) -> None:
    """The listed keys must be all the entries of the signed log, in order."""
    try:
        verifier = Verifier.parse(answer.log.vkey)
        replay = Replay(answer.log.origin, verifier)
        replay.extend(
            record(answer.group, key.kind, key.epoch, key.public_key, key.not_before)
            for key in answer.keys
        )
        replay.conclude(answer.log.checkpoint.encode())
    except FederationError as error:
        raise KeyHolderLied(
            f"The keys that {holder} lists are not those of its log: {error}"
        ) from error


def _check_status(url: str, response: Any) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 429:
        raise QuotaExceeded(
            f"{url} evaluates no more of this kind for this node today.", _retry_after(response)
        )
    if status in (401, 403):
        raise KeyHolderUnavailable(
            f"{url} does not accept this node's credential ({status}); check KEYHOLDER_USER and "
            "KEYHOLDER_KEY, and the request key that its operator registered.",
            _retry_after(response),
        )
    raise KeyHolderUnavailable(f"{url} answered {status}; the work waits.", _retry_after(response))


def _retry_after(response: Any) -> int:
    text = response.headers.get("Retry-After", "")
    seconds = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else RETRY_AFTER
    return min(max(seconds, 1), MOST_RETRY_AFTER)


def _read(url: str, chunks: Iterable[bytes]) -> bytes:
    """The whole answer, if it is small and quick enough."""
    content, ends_at = bytearray(), time.monotonic() + ANSWER_SECONDS
    for chunk in chunks:
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise KeyHolderUnavailable(
                f"{url} answers more than {MAX_ANSWER_BYTES} bytes.", RETRY_AFTER
            )
        if time.monotonic() > ends_at:
            raise KeyHolderUnavailable(
                f"{url} takes more than {ANSWER_SECONDS:.0f} s to answer.", RETRY_AFTER
            )
    return bytes(content)
