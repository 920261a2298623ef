"""A feed and its log as a simulated node shows them: they agree until a test changes one."""

import base64
import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import uuid4

from federation.keys import SigningKey, Verifier
from federation.transparency import checkpoint as checkpoints
from federation.transparency import merkle
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.tiles import WIDTH, TilePath, encode_bundle
from tests.objects import START

TAXII = "application/taxii+json;version=2.1"
JSON = "application/json"
_STEP = timedelta(milliseconds=1)


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes out. `stalls`: seconds of silence in the middle of the body."""

    body: bytes = b""
    status: int = 200
    media: str = TAXII
    headers: Mapping[str, str] = field(default_factory=dict)
    stalls: float = 0


NOT_FOUND = Reply(b"{}", 404)


@dataclass(frozen=True, slots=True)
class Row:
    """What the feed serves: canonical bytes, and when it says that they were added."""

    body: bytes
    date_added: datetime


@lru_cache(maxsize=4)
def _tree(entries: tuple[bytes, ...]) -> tuple[list[bytes], bytes]:
    """Leaves and root: a pull asks for the same ones again and again."""
    leaves = merkle.leaf_hashes(entries)
    tree = merkle.CompactRange()
    tree.extend(leaves)
    return leaves, tree.root()


class SimulatedFeed:
    """A collection and its log. They agree for as long as nobody changes one of the two."""

    def __init__(self, host: str, **facts: Any) -> None:
        self.id = uuid4()
        self.origin = f"{host}/{self.id}"
        self.key = SigningKey.generate()
        self.title = facts.pop("title", "Shared")
        self.described = {"audience": "members", "signatures": "required", **facts}
        self.rows: list[Row] = []
        self.entries: list[bytes] = []
        self.withdrawn: set[int] = set()
        #: What added_after is taken for, whatever was asked: an old page again.
        self.replays_from: datetime | None = None

    @property
    def vkey(self) -> str:
        return Verifier(self.origin, self.key.public_key).vkey

    def publish(self, *bodies: bytes) -> None:
        """Log and serve, in this order of things."""
        for body in bodies:
            self.rows.append(Row(body, START + len(self.entries) * _STEP))
            self.entries.append(sha256(body).digest())

    def checkpoint(self, size: int | None = None) -> bytes:
        entries = tuple(self.entries[:size])
        _, root = _tree(entries)
        return checkpoints.sign(Checkpoint(self.origin, len(entries), root), self.key)

    def consistency(self, old: int, new: int) -> list[bytes]:
        leaves, _ = _tree(tuple(self.entries))
        return merkle.consistency_proof(
            old,
            new,
            lambda nodes: [
                merkle.subtree_hash(leaves[n.position << n.level : (n.position + 1) << n.level])
                for n in nodes
            ],
        )

    def page(self, query: Mapping[str, str]) -> Reply:
        """Objects behind added_after, or behind the position that `next` is."""
        rows, limit = self.rows, int(query.get("limit", 1000))
        start = int(query.get("next", 0))
        if (after := self._added_after(query)) is not None and not start:
            start = bisect_right(rows, after, key=lambda row: row.date_added)
        shown = rows[start : start + limit]
        more = start + limit < len(rows)
        envelope = b'{"more":true,"next":"%d",' % (start + limit) if more else b"{"
        body = envelope + b'"objects":[' + b",".join(row.body for row in shown) + b"]}"
        dates = [timestamp(row.date_added) for row in shown]
        named = ("X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last")
        headers = dict(zip(named, (dates[0], dates[-1]), strict=True)) if dates else {}
        return Reply(body if shown else b"{}", headers=headers)

    def _added_after(self, query: Mapping[str, str]) -> datetime | None:
        if self.replays_from is not None:
            return self.replays_from
        asked = query.get("added_after")
        return None if asked is None else datetime.fromisoformat(asked)

    def log_answer(self, path: str, query: Mapping[str, str]) -> Reply:
        """What is below /logs/<id>/."""
        match path.split("/", 1):
            case ["checkpoint"]:
                return Reply(self.checkpoint(), media="text/plain; charset=utf-8")
            case ["tile", tile]:
                return self._bundle(TilePath.parse(tile))
            case ["proof", "consistency"]:
                old, new = int(query["from"]), int(query["to"])
                proof = [base64.b64encode(each).decode() for each in self.consistency(old, new)]
                return json_reply({"from": old, "to": new, "proof": proof})
            case ["withdrawn"]:
                start = int(query.get("from", 0))
                gone = sorted(index for index in self.withdrawn if index >= start)
                return json_reply({"withdrawn": gone, "more": False})
        return NOT_FOUND

    def _bundle(self, wanted: TilePath) -> Reply:
        first = wanted.index * WIDTH
        entries = self.entries[first : first + wanted.width]
        if not wanted.entries or len(entries) != wanted.width:
            return NOT_FOUND
        return Reply(encode_bundle(entries), media="application/octet-stream")


def json_reply(content: Mapping[str, Any]) -> Reply:
    return Reply(json.dumps(content).encode(), media=JSON)
