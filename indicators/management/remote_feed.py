"""A reader's check of somebody's collection, over HTTP: replay the feed, compare with the log.

What anybody with read access can run, against any Retort node, with the log's key (vkey) that its
operator gave out: nothing that the server says is believed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from federation.canonical import canonical, digest, parse
from federation.keys import Verifier
from federation.transparency import checkpoint, tiles
from federation.transparency.replay import Match, Replay

_TAXII = "application/taxii+json;version=2.1"
_TIMEOUT = (10, 60)
_MOST_BYTES = 64 << 20


class RemoteFailed(Exception):
    """The server did not answer as a node does; the message names the URL."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What replay found: every entry of the checkpoint accounted for."""

    origin: str
    size: int
    root: bytes
    match: Match


@dataclass(frozen=True, slots=True)
class RemoteFeed:
    """A collection by its TAXII URL, read with an API key."""

    url: str
    authorization: tuple[str, str] | None
    bearer: str | None = None

    def verify(self, verifier: Verifier, seen: Callable[[int], None]) -> Verified:
        """Replay everything; raises FederationError or RemoteFailed."""
        digests = bytearray()
        for bodies in self._pages():
            digests += b"".join(digest(canonical(body)) for body in bodies)
            seen(len(bodies))
        # Signed after the feed was read: it covers at least what we saw.
        log_url = self._log_url()
        note = self._read(f"{log_url}/checkpoint", "text/plain").content
        head = checkpoint.verify(note, verifier.name, verifier)
        replay = Replay(verifier.name, verifier)
        feed = (bytes(digests[at : at + 32]) for at in range(0, len(digests), 32))
        match = replay.match(self._entries(log_url, head.size), feed)
        replay.conclude(note)
        return Verified(head.origin, head.size, head.root, match)

    def _pages(self) -> Iterator[list[Any]]:
        parameters = {"match[version]": "all"}
        while True:
            response = self._read(f"{self._collection_url}objects/", _TAXII, parameters)
            page = parse(response.content, max_bytes=_MOST_BYTES)
            if not isinstance(page, dict):
                raise RemoteFailed(f"{response.url} is not a TAXII envelope.")
            objects = page.get("objects", [])
            yield objects if isinstance(objects, list) else []
            following = page.get("next")
            if not page.get("more") or not isinstance(following, str):
                return
            parameters["next"] = following

    def _entries(self, log_url: str, size: int) -> Iterator[bytes]:
        for index in range(-(-size // tiles.WIDTH)):
            width = tiles.width_at(0, index, size)
            path = tiles.TilePath(0, index, width, entries=True).path()
            bundle = self._read(f"{log_url}/tile/{path}", "*/*").content
            yield from tiles.decode_bundle(bundle, width)

    @property
    def _collection_url(self) -> str:
        return self.url.rstrip("/") + "/"

    def _log_url(self) -> str:
        """Beside the TAXII server, under the collection's id (its URL may end in an alias)."""
        response = self._read(self._collection_url, _TAXII)
        shown = parse(response.content, max_bytes=_MOST_BYTES)
        collection = shown.get("id") if isinstance(shown, dict) else None
        if not isinstance(collection, str) or "/" in collection:
            raise RemoteFailed(f"{response.url} is not a TAXII collection.")
        parts = urlsplit(self._collection_url)
        before = parts.path.partition("/taxii2/")[0]
        return urlunsplit(parts._replace(path=f"{before}/logs/{collection}", query="", fragment=""))

    def _read(
        self, url: str, accept: str, parameters: dict[str, str] | None = None
    ) -> requests.Response:
        headers = {"Accept": accept}
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        try:
            response = requests.get(
                url,
                params=parameters,
                headers=headers,
                auth=self.authorization,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise RemoteFailed(f"{url} does not answer: {error}") from error
        if response.status_code != 200:
            raise RemoteFailed(f"{url} answers {response.status_code}: {response.text[:300]}")
        return response
