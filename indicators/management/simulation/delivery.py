"""Lines into a node's ingest door, in batches that it takes."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import requests
from isal import igzip

STATUSES = ("accepted", "duplicate", "rejected")
_PATH = "/ingest/v1/detections"
_TIMEOUT = (10, 300)
# Below the door's own limits (10,000 lines, 16 MiB), so that it never has to refuse.
_MOST_LINES = 5_000
_MOST_BYTES = 8 << 20
_ATTEMPTS = 8
# Too much at once, and a node or its database that restarts.
_PASSING = (429, 502, 503)


class DeliveryFailed(Exception):
    """The node did not take a batch; the message names the URL and the answer."""


@dataclass(slots=True)
class Delivery:
    """A detector's connection. `counts` are lines by what became of them."""

    url: str
    key: str
    wait: Callable[[float], None] = time.sleep
    counts: Counter[str] = field(default_factory=Counter)
    _session: requests.Session = field(default_factory=requests.Session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()

    def send(self, lines: Iterable[bytes]) -> Iterator[int]:
        """How many lines each batch had, as it is taken; raises DeliveryFailed."""
        for batch in batches(lines):
            body = b"".join(batch)
            self.counts.update(self._post(body))
            yield len(batch)

    def _post(self, body: bytes) -> dict[str, int]:
        """A batch is sent under its own digest, so that one that was taken isn't taken again."""
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": "gzip",
            "Idempotency-Key": sha256(body).hexdigest(),
        }
        packed, failure = igzip.compress(body, 1), ""
        for attempt in range(_ATTEMPTS):
            try:
                response = self._session.post(
                    self.url, data=packed, headers=headers, timeout=_TIMEOUT, allow_redirects=False
                )
            except requests.RequestException as error:
                failure, pause = f"{self.url} does not answer: {error}", 2.0**attempt
            else:
                if response.status_code in (200, 202):
                    return _counts(response)
                failure = f"{self.url} answers {response.status_code}: {response.text[:500]}"
                if response.status_code not in _PASSING:
                    break
                pause = _retry_after(response)
            self.wait(min(pause, 60.0))
        raise DeliveryFailed(failure)


def door_of(address: str) -> str:
    """The ingest door of a node; an address with a path is taken to be one already."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=_PATH)) if parts.path in ("", "/") else address


def batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == _MOST_LINES or size + len(line) > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield batch


def _retry_after(response: requests.Response) -> float:
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isdigit() else 5.0


def _counts(response: requests.Response) -> dict[str, int]:
    try:
        answer = response.json()
        return {status: int(answer[status]) for status in STATUSES}
    except (ValueError, KeyError, TypeError) as error:
        raise DeliveryFailed(f"{response.url} does not answer as an ingest door does.") from error
