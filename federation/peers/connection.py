"""The one way by which this node asks a peer: bounded in time and size, strict in what it reads.

taxii2-client speaks TAXII through it (`Connection` is its connection); logs, descriptors and signed
requests take the same way. No redirect is followed, no proxy or .netrc of the environment counts,
and a credential goes to the peer's own addresses only.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from taxii2client.common import _HTTPConnection
from urllib3.exceptions import HTTPError

from federation import node_keys
from federation.canonical import JSON, MAX_DEPTH, MalformedJSON, parse
from federation.errors import AddressRefused, PeerMisbehaved, PeerUnavailable
from federation.keys import SigningKey
from federation.models import NodeKey
from federation.peers import statuses
from federation.peers.addresses import RETRY_AFTER, PinnedAdapter, origin_of
from federation.peers.inflating import CODINGS, inflate
from federation.requests import sign_request

MOST_BYTES = 64 << 20
MOST_SMALL_BYTES = 1 << 20
CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
ANSWER_SECONDS, SMALL_ANSWER_SECONDS = 60.0, 20.0
_USER_AGENT = "retort"
_ENVELOPE_LEVELS = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read to its end and inflated."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class _Session(requests.Session):
    """Without even a look at where a redirect leads: requests would read its body, inflated."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Connection(_HTTPConnection):  # type: ignore[misc]  # it has no types
    """To one peer. `homes`: URLs at which it lives; nothing is asked anywhere else.

    `credential`: this node's user and key there. `seconds`: for an answer, from first to last byte.
    `last`: the newest answer, for what taxii2-client does not pass on.
    """

    def __init__(
        self,
        homes: Collection[str],
        *,
        credential: tuple[str, str] | None = None,
        allow_private: bool = False,
        seconds: float = ANSWER_SECONDS,
        verify: bool | str = True,
    ) -> None:
        super().__init__(user_agent=_USER_AGENT, version="2.1")
        self.session = _Session()
        self.session.verify = verify
        self._homes = {origin_of(home) for home in homes}
        self._credential = credential
        self._seconds = seconds
        self._adapter = PinnedAdapter(allow_private)
        self.last: Answer | None = None
        self.session.trust_env = False  # no proxy and no .netrc of the environment
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, self._adapter)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(
        self, url: str, headers: Mapping[str, str] | None = None, params: Any = None
    ) -> dict[str, JSON]:
        """A TAXII resource, as taxii2-client asks for it: a JSON object."""
        merged = self._merge_headers(headers)
        merged.setdefault("Accept", statuses.TAXII)
        answer = self._ask("GET", url, merged, params=params)
        statuses.check(url, answer.status, answer.headers, answer.content)
        media = answer.headers.get("Content-Type", "")
        if not self.valid_content_type(media, merged["Accept"]):
            raise PeerMisbehaved(f"{url} answers with {media[:100]!r}, not with TAXII 2.1.")
        return _json_object(url, answer.content)

    def post(
        self, url: str, headers: Mapping[str, str] | None = None, params: Any = None, **body: Any
    ) -> dict[str, JSON]:
        """A TAXII POST of `data` or `json`; what it answers."""
        answer = self._ask("POST", url, self._merge_headers(headers), params=params, **body)
        statuses.check(url, answer.status, answer.headers, answer.content)
        return _json_object(url, answer.content)

    def delete(
        self, url: str, headers: Mapping[str, str] | None = None, params: Any = None, **body: Any
    ) -> None:
        """A TAXII DELETE."""
        answer = self._ask("DELETE", url, self._merge_headers(headers), params=params, **body)
        statuses.check(url, answer.status, answer.headers, answer.content)

    def read(self, url: str, accept: str, *, most: int = MOST_SMALL_BYTES) -> bytes:
        """What is at a URL: a checkpoint, a tile, a descriptor."""
        answer = self._ask("GET", url, self._merge_headers({"Accept": accept}), most=most)
        statuses.check(url, answer.status, answer.headers, answer.content)
        return answer.content

    def read_json(self, url: str) -> dict[str, JSON]:
        """The strict JSON object at a URL."""
        return _json_object(url, self.read(url, statuses.JSON))

    def send_signed(
        self,
        method: str,
        url: str,
        body: bytes,
        media: str = statuses.JSON,
        *,
        key: SigningKey | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of what the peer answers to a request that this node signs (RFC 9421).

        No credential goes with it. Raises for what waiting may cure, and for redirects. `key`: the
        request key, for a thread that has no database.
        """
        key = key or node_keys.current_key(NodeKey.Purpose.REQUEST)
        headers = self._merge_headers({"Accept": "*/*", "Content-Type": media})
        headers.update(sign_request(method, url, body, key, datetime.now(UTC)))
        answer = self._ask(
            method, url, headers, data=body or None, most=MOST_SMALL_BYTES, credential=False
        )
        statuses.check_passing(url, answer.status, answer.headers)
        return answer.status, answer.content

    def tell(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer to a POST of JSON with these headers; no credential goes along.

        Whatever the status is: a redirect is not followed. Raises AddressRefused, PeerUnavailable,
        PeerMisbehaved for an answer without end.
        """
        merged = self._merge_headers({"Accept": "*/*", "Content-Type": statuses.JSON})
        merged.update(headers)
        answer = self._ask("POST", url, merged, data=body, most=MOST_SMALL_BYTES, credential=False)
        return answer.status

    def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        most: int = MOST_BYTES,
        credential: bool = True,
        **parts: Any,
    ) -> Answer:
        if origin_of(url) not in self._homes:
            raise AddressRefused(
                f"{url[:200]!r} is not where the peer lives; add it as a peer of its own, or give "
                "the peer's new URL."
            )
        asked: dict[str, Any] = {
            "headers": {**headers, "Accept-Encoding": CODINGS},
            "auth": self._credential if credential else None,
            "timeout": (CONNECT_SECONDS, READ_SECONDS),
            "allow_redirects": False,
            "stream": True,
        }
        seconds = min(self._seconds, SMALL_ANSWER_SECONDS if most < MOST_BYTES else ANSWER_SECONDS)
        with (
            self._deadline(url, seconds),
            self.session.request(method, url, **asked, **parts) as response,
        ):
            content = _content(url, response, most)
        self.last = Answer(response.status_code, response.headers, content)
        return self.last

    @contextmanager
    def _deadline(self, url: str, seconds: float) -> Iterator[None]:
        """All must be over in time; what fails on the way is PeerUnavailable."""
        ends_at = time.monotonic() + seconds
        timer = threading.Timer(seconds, self._adapter.abort)
        timer.daemon = True
        timer.start()
        failure: Exception | None = None
        try:
            yield
        except (requests.RequestException, HTTPError, OSError) as error:
            failure = error
        finally:
            timer.cancel()
        # Looked at in any case: a connection that is shut down reads like an answer that ended.
        if time.monotonic() >= ends_at:
            raise PeerUnavailable(
                f"{url} takes more than {seconds:.0f} s to answer.", RETRY_AFTER
            ) from failure
        if failure is not None:
            raise PeerUnavailable(
                f"{url} can't be reached ({_innermost(failure)}); the work waits.", RETRY_AFTER
            ) from failure


def _content(url: str, response: requests.Response, most: int) -> bytes:
    """The whole body, inflated, if it has no more than `most` bytes."""
    content = bytearray()
    for step in inflate(_reader(response), response.headers.get("Content-Encoding", "")):
        content += step
        if len(content) > most:
            raise PeerMisbehaved(f"{url} answers with more than {most} bytes.")
    return bytes(content)


def _reader(response: requests.Response) -> Callable[[int], bytes]:
    """What has come so far, without waiting until so many bytes are there."""
    raw = response.raw
    return lambda count: bytes(raw.read1(count, decode_content=False))


def _json_object(url: str, content: bytes) -> dict[str, JSON]:
    try:
        value = parse(content, max_bytes=MOST_BYTES, max_depth=MAX_DEPTH + _ENVELOPE_LEVELS)
    except MalformedJSON as error:
        raise PeerMisbehaved(f"{url} does not answer in strict JSON: {error}") from error
    if not isinstance(value, dict):
        raise PeerMisbehaved(f"{url} does not answer with a JSON object.")
    return value


def _innermost(error: BaseException) -> str:
    """The name of what went wrong first: the layers above repeat it at length."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}"[:200]
