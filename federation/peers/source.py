"""A peer's collection, read over the network: pages of its feed, and what its log says of them.

taxii2-client asks, through our connection. Everything comes back as it was served: what it is worth
is for `verification` and `replaying` to say.
"""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
from taxii2client.exceptions import TAXIIServiceException
from taxii2client.v21 import ApiRoot, Collection, Server

from federation.canonical import JSON
from federation.errors import BeyondTree, PeerMisbehaved
from federation.models import Peer
from federation.peers.connection import Connection
from federation.peers.registry import open_credential
from federation.transparency import tiles
from federation.transparency.tiles import WIDTH, TilePath, width_at

WELL_KNOWN = "/.well-known/retort.json"
MOST_ENTRIES = 8192
MOST_PROOF = 128
"""Twice what a consistency proof between any two sizes below 2**63 has."""
_MOST_WITHDRAWN_PAGES = 100
_COLLECTION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ServedPage:
    """A page as it was served. `added_last` is None where the server does not say when; else it is
    what `added_after` may be once the page is stored. `next` is the server's word for what follows.
    """

    content: bytes
    added_first: datetime | None
    added_last: datetime | None
    more: bool
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """A collection that a peer offers."""

    id: str
    title: str
    description: str
    url: str
    can_read: bool
    can_write: bool


def connect(peer: Peer, *urls: str, **limits: Any) -> Connection:
    """A connection to where the peer lives: its base URL and those that were agreed beside it."""
    homes = [url for url in (peer.base_url, *urls) if url]
    return Connection(
        homes, credential=open_credential(peer), allow_private=peer.allow_private, **limits
    )


@contextmanager
def open_source(peer: Peer, url: str) -> Iterator["Source"]:
    """The collection at `url` (its own TAXII URL) for as long as the block lasts."""
    with connect(peer, url) as connection:
        yield Source(connection, url, None if peer.is_plain else _log_url(peer, url))


def _log_url(peer: Peer, url: str) -> str | None:
    """A node's log stands beside its TAXII server, under the collection's id."""
    collection = _last_segment(url)
    if not _COLLECTION.fullmatch(collection):
        return None
    return f"{(peer.base_url or url).removesuffix(WELL_KNOWN).rstrip('/')}/logs/{collection}"


def _last_segment(url: str) -> str:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]


class Source:
    """One collection of a peer. Every call asks the network: none belongs in a transaction."""

    def __init__(self, connection: Connection, url: str, log_url: str | None) -> None:
        self._connection = connection
        self._log_url = log_url
        # What the resource says of itself is known; a feed that may not be read answers 403.
        known = {"id": _last_segment(url), "title": url, "can_read": True, "can_write": False}
        self._collection = Collection(url, conn=connection, collection_info=known)

    def page(
        self, added_after: datetime | None, limit: int, *, next: str | None = None
    ) -> ServedPage:
        """Every version of what was added after a moment, oldest first; `next` goes on from there.

        Raises PeerUnavailable, PeerMisbehaved, AddressRefused, as everything here does.
        """
        query = {"added_after": added_after, "limit": limit, "next": next, "version": "all"}
        envelope = self._ask(self._collection.get_objects, query)
        answer = self._connection.last
        assert answer is not None  # noqa: S101 - the client has just asked
        more, following = _continuation(envelope)
        if more and not envelope.get("objects"):
            raise PeerMisbehaved("The page says that there is more, and has no objects.")
        first, last = _dates(answer.headers)
        if last is None and envelope.get("objects"):
            first, last = self._dates_of_manifest(query)
        if self._log_url is None and more and last is not None:
            # A plain server may give one moment to many objects: those of the last one come again,
            # and are known, rather than getting lost when `next` is.
            last -= _TICK
        return ServedPage(answer.content, first, last, more, following)

    def checkpoint(self) -> bytes:
        """The log's newest signed note."""
        return self._connection.read(f"{self._log()}/checkpoint", "text/plain")

    def entries(self, start: int, stop: int, size: int) -> list[bytes]:
        """Entries start to stop - 1 of the log, which has `size`; at most 8,192 at once."""
        if not 0 <= start <= stop <= size or stop - start > MOST_ENTRIES:
            raise BeyondTree(f"Entries {start} to {stop} of {size} can't be asked for at once.")
        found: list[bytes] = []
        for index in range(start // WIDTH, -(-stop // WIDTH) if stop > start else 0):
            found += self._bundle(index, width_at(0, index, size))
        offset = start - start // WIDTH * WIDTH
        return found[offset : offset + stop - start]

    def _bundle(self, index: int, width: int) -> list[bytes]:
        path = TilePath(0, index, width, entries=True).path()
        content = self._connection.read(f"{self._log()}/tile/{path}", "application/octet-stream")
        return tiles.decode_bundle(content, width)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The log's proof that `new` entries begin with `old`; unverified."""
        if old in (0, new):
            return []
        url = f"{self._log()}/proof/consistency?from={old}&to={new}"
        answer = self._connection.read_json(url)
        proof = answer.get("proof")
        if (answer.get("from"), answer.get("to")) != (old, new) or not isinstance(proof, list):
            raise PeerMisbehaved(f"{url} does not answer with that proof.")
        if len(proof) > MOST_PROOF:
            raise PeerMisbehaved(f"{url} answers with {len(proof)} hashes; no proof has as many.")
        return [_hash(url, each) for each in proof]

    def withdrawn(self, start: int, stop: int | None = None) -> set[int]:
        """The entries from `start` on (and before `stop`) that the peer says it has withdrawn."""
        found: set[int] = set()
        for _ in range(_MOST_WITHDRAWN_PAGES):
            page, more = self._withdrawn_page(start)
            found.update(page)
            if not more or (stop is not None and page[-1] >= stop):
                break
            start = page[-1] + 1
        return found if stop is None else {index for index in found if index < stop}

    def _withdrawn_page(self, start: int) -> tuple[list[int], bool]:
        url = f"{self._log()}/withdrawn?from={start}"
        answer = self._connection.read_json(url)
        listed, more = answer.get("withdrawn"), answer.get("more") is True
        if not isinstance(listed, list):
            raise PeerMisbehaved(f"{url} does not answer with a list, withdrawn.")
        indexes = [each for each in listed if isinstance(each, int) and not isinstance(each, bool)]
        is_rising = all(a < b for a, b in pairwise(indexes))
        if len(indexes) != len(listed) or not is_rising or (indexes and indexes[0] < start):
            raise PeerMisbehaved(f"{url} answers with something else than rising indexes.")
        if more and not indexes:
            raise PeerMisbehaved(f"{url} says that there is more, and has none.")
        return indexes, more

    def _dates_of_manifest(self, query: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
        """When a page's objects were added, from a server whose pages don't say it."""
        records = self._ask(self._collection.get_manifest, query).get("objects")
        listed = records if isinstance(records, list) else []
        dates = [_date(each.get("date_added")) for each in listed if isinstance(each, dict)]
        known = [each for each in dates if each is not None]
        if not known or len(known) != len(listed):
            return None, None
        return min(known), max(known)

    def _ask(self, ask: Any, query: dict[str, Any]) -> dict[str, Any]:
        with _blaming_the_peer():
            answer: dict[str, Any] = ask(**query)
            return answer

    def _log(self) -> str:
        if self._log_url is None:
            raise PeerMisbehaved("A plain TAXII server has no log; nothing can be asked of it.")
        return self._log_url


def collections(peer: Peer) -> list[Offered]:
    """What a peer's TAXII server offers this node, under every API root at its address."""
    url = discovery_url(peer)
    with connect(peer, url) as connection, _blaming_the_peer():
        server = Server(url, conn=connection)
        roots = [ApiRoot(root.url, conn=connection) for root in server.api_roots]
        found = [each for root in roots for each in root.collections]
        return [_offered(each) for each in found]


def _offered(each: Any) -> Offered:
    words = str(each.id), str(each.title)[:200], str(each.description or "")[:2000], str(each.url)
    if any("\0" in word for word in words):
        raise PeerMisbehaved("A collection is described with a NUL, which no table keeps.")
    return Offered(*words, bool(each.can_read), bool(each.can_write))


def discovery_url(peer: Peer) -> str:
    """Where a peer's TAXII server begins: as its accepted descriptor says, else its own URL."""
    if peer.is_plain or peer.descriptor is None:
        return peer.base_url
    taxii: str = orjson.loads(bytes(peer.descriptor))["taxii"]
    return urljoin(peer.base_url, taxii)


@contextmanager
def _blaming_the_peer() -> Iterator[None]:
    """taxii2-client trusts the shapes that it reads: what it stumbles over, the peer has served."""
    try:
        yield
    except (TAXIIServiceException, AttributeError, KeyError, TypeError, ValueError) as error:
        raise PeerMisbehaved(f"The answer is not what TAXII 2.1 says: {error!r:.200}") from error


def _continuation(envelope: dict[str, Any]) -> tuple[bool, str | None]:
    more, following = envelope.get("more", False), envelope.get("next")
    if not isinstance(more, bool) or not (following is None or isinstance(following, str)):
        raise PeerMisbehaved("more and next of a TAXII envelope are a boolean and a string.")
    return more, following if more else None


def _dates(headers: Any) -> tuple[datetime | None, datetime | None]:
    """X-TAXII-Date-Added-First and -Last (TAXII 2.1 §3.4)."""
    return _date(headers.get("X-TAXII-Date-Added-First")), _date(
        headers.get("X-TAXII-Date-Added-Last")
    )


def _date(text: JSON) -> datetime | None:
    if text is None:
        return None
    if isinstance(text, str) and _STAMP.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # a day that no calendar has: refused below
    raise PeerMisbehaved(f"{text!r:.80} is not when an object was added, as TAXII writes it.")


def _hash(url: str, text: JSON) -> bytes:
    try:
        if isinstance(text, str):
            return base64.b64decode(text, validate=True)
    except ValueError:
        pass  # refused below
    raise PeerMisbehaved(f"{url} answers with a hash that is not base64.")
