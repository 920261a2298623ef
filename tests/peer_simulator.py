"""A node's outside from another hand: honest unless told otherwise, and then it is Mallory.

with serving(SimulatedNode("Mallory")) as mallory:
    feed = mallory.open_feed()
    feed.publish(mallory.organization.sign(indicator()))
    feed.rows[0] = ...          # what is served
    feed.entries[0] = ...       # what is logged
    mallory.answer_with("/objects/", Reply(status=302, headers={"Location": "http://169.254…"}))

A real HTTP server in a thread. What it says comes from the pure half of `federation` (hashes,
notes, signatures) and from the protocol's description; the descriptor is written by hand, as
another team would.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from federation.canonical import canonical
from federation.keys import SigningKey, thumbprint
from federation.signing import sign_all
from tests.objects import START, identity
from tests.peer_feed import (
    JSON,
    NOT_FOUND,
    TAXII,
    Reply,
    Row,
    SimulatedFeed,
    json_reply,
    timestamp,
)

__all__ = [
    "JSON",
    "TAXII",
    "Organization",
    "Reply",
    "Row",
    "SimulatedFeed",
    "SimulatedNode",
    "serving",
]


class Organization:
    """Who signs: an identity, its object key and its request key."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.identity_id = f"identity--{uuid4()}"
        self.object_key = SigningKey.generate()
        self.request_key = SigningKey.generate()

    def sign(self, value: Mapping[str, Any], **changes: Any) -> bytes:
        """An object as this organization publishes it, its own by default."""
        authored = {"created_by_ref": self.identity_id, **value, **changes}
        return sign_all([canonical(authored)], self.object_key)[0]

    def identity(self) -> dict[str, Any]:
        value = identity(self.identity_id, name=self.name, identity_class="organization")
        signed: dict[str, Any] = json.loads(sign_all([canonical(value)], self.object_key)[0])
        return signed


class SimulatedNode:
    """An organization, its feeds, and every path at which another node looks for something."""

    def __init__(self, name: str) -> None:
        self.organization = Organization(name)
        self.feeds: dict[UUID, SimulatedFeed] = {}
        self.base_url = ""
        self.issued = START
        #: Object keys of before, as the descriptor shows them, and what it adds to today's.
        self._retired: list[dict[str, Any]] = []
        self._handed_on: dict[str, Any] = {"since": {}}
        self.asked: list[str] = []
        self._misanswers: dict[str, Reply] = {}
        self._garbles: dict[str, Callable[[bytes], bytes]] = {}
        self._server: ThreadingHTTPServer | None = None
        self._closing = threading.Event()

    @classmethod
    def of(cls, organization: Organization) -> "SimulatedNode":
        """The node of an organization that nobody asks: its description is all there is of it."""
        node = cls(organization.name)
        node.organization, node.base_url = organization, "https://retort.example"
        return node

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    def open_feed(self, **facts: Any) -> SimulatedFeed:
        feed = SimulatedFeed(self.host, **facts)
        self.feeds[feed.id] = feed
        return feed

    def url(self, feed: SimulatedFeed) -> str:
        return f"{self.base_url}/taxii2/root/collections/{feed.id}/"

    def answer_with(self, part: str, reply: Reply) -> None:
        """From now on this is the answer at every path with `part` in it."""
        self._misanswers[part] = reply

    def garble(self, part: str, change: Callable[[bytes], bytes]) -> None:
        """From now on every body at a path with `part` in it goes out changed."""
        self._garbles[part] = change

    def behave(self) -> None:
        self._misanswers.clear()
        self._garbles.clear()

    def rotate(self) -> None:
        """A new object key, which the old one endorses from where the logs are now."""
        organization, old = self.organization, self.organization.object_key
        since = {feed.origin: len(feed.entries) for feed in self.feeds.values()}
        self._retired.append({**self._object_key(), "until": since})
        new, kid = SigningKey.generate(), thumbprint(old.public_key)
        lines = (organization.identity_id, "object", kid, thumbprint(new.public_key))
        said = "\n".join(("retort/key-endorsement/1", *lines, canonical(since).decode(), ""))
        endorsement = _base64url(old.sign(said.encode())).decode()
        self._handed_on = {"since": since, "endorsed_by": kid, "endorsement": endorsement}
        organization.object_key = new
        self.issued += timedelta(days=1)

    def _object_key(self) -> dict[str, Any]:
        return {**_described_key(self.organization.object_key, "object"), **self._handed_on}

    def descriptor(self) -> bytes:
        """The node's description of itself, signed by its object key."""
        organization = self.organization
        document: dict[str, Any] = {
            "format": "retort-node/1",
            "issued": timestamp(self.issued),
            "identity": organization.identity(),
            "keys": [
                *self._retired,
                self._object_key(),
                {**_described_key(organization.request_key, "request"), "since": {}},
            ],
            "taxii": f"{self.base_url}/taxii2/",
            "federation": f"{self.base_url}/federation/v1/",
            "logs": [
                {"collection": str(f.id), "origin": f.origin, "vkey": f.vkey, **f.described}
                for f in self.feeds.values()
            ],
        }
        key = organization.object_key
        header = {"alg": "Ed25519", "kid": thumbprint(key.public_key), "typ": "retort-node+jws"}
        protected = _base64url(canonical(header))
        signature = key.sign(protected + b"." + _base64url(canonical(document)))
        document["jws"] = (protected + b".." + _base64url(signature)).decode()
        return canonical(document)

    def reply(self, method: str, path: str, query: Mapping[str, str]) -> Reply:
        self.asked.append(f"{method} {path}")
        for part, wrong in self._misanswers.items():
            if part in path:
                return wrong
        reply = self._honest_reply(path, query)
        for part, change in self._garbles.items():
            if part in path:
                reply = replace(reply, body=change(reply.body))
        return reply

    def _honest_reply(self, path: str, query: Mapping[str, str]) -> Reply:
        match path.strip("/").split("/", 4):
            case [".well-known", "retort.json"]:
                return Reply(self.descriptor(), media=JSON)
            case ["taxii2"]:
                return _taxii({"title": self.organization.name, "api_roots": [self._root]})
            case ["taxii2", "root"]:
                versions = {"versions": [TAXII], "max_content_length": 10 << 20}
                return _taxii({"title": self.organization.name, **versions})
            case ["taxii2", "root", "collections"]:
                return _taxii({"collections": [_resource(f) for f in self.feeds.values()]})
            case ["taxii2", "root", "collections", feed_id, *below] if self._feed(feed_id):
                feed = self.feeds[UUID(feed_id)]
                return feed.page(query) if below == ["objects"] else _taxii(_resource(feed))
            case ["logs", feed_id, *below] if self._feed(feed_id):
                return self.feeds[UUID(feed_id)].log_answer("/".join(below), query)
            case ["federation", "v1", "wake" | "receipt"]:
                return json_reply({})
        return NOT_FOUND

    @property
    def _root(self) -> str:
        return f"{self.base_url}/taxii2/root/"

    def _feed(self, feed_id: str) -> bool:
        return any(str(known) == feed_id for known in self.feeds)

    def start(self) -> None:
        """Listen on a loopback port; the thread ends with `stop`."""
        node, closing = self, self._closing

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                _send(self, node.reply(self.command, parts.path, query), closing)

            do_POST = do_GET  # noqa: N815 - the name that http.server looks for

            def log_message(self, *_: object) -> None:
                """Tests print what they need."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._closing.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


@contextmanager
def serving(node: SimulatedNode) -> Iterator[SimulatedNode]:
    node.start()
    try:
        yield node
    finally:
        node.stop()


def _send(handler: BaseHTTPRequestHandler, reply: Reply, closing: threading.Event) -> None:
    try:
        handler.send_response(reply.status)
        headers = {"Content-Type": reply.media, "Content-Length": str(len(reply.body))}
        for name, value in {**headers, **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        half = len(reply.body) // 2 if reply.stalls else 0
        handler.wfile.write(reply.body[:half])
        closing.wait(reply.stalls)
        handler.wfile.write(reply.body[half:])
    except OSError:
        handler.close_connection = True  # whoever asked has hung up


def _described_key(key: SigningKey, use: str) -> dict[str, Any]:
    x = _base64url(key.public_key).decode()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": thumbprint(key.public_key)}
    return {**jwk, "use": use, "created": timestamp(START)}


def _resource(feed: SimulatedFeed) -> dict[str, Any]:
    may = {"can_read": True, "can_write": False}
    return {"id": str(feed.id), "title": feed.title, **may, "media_types": [TAXII]}


def _taxii(content: Mapping[str, Any]) -> Reply:
    return Reply(json.dumps(content).encode())


def _base64url(source: bytes) -> bytes:
    return base64.urlsafe_b64encode(source).rstrip(b"=")
