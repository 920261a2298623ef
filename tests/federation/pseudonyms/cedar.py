"""Cedar: a key-holder over real HTTP, honest until a test makes it lie or fail."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from federation.canonical import digest
from federation.keys import SigningKey, Verifier
from federation.pseudonyms.answers import Evaluated, KeyList, KeyLog, ListedKey, Question
from federation.pseudonyms.epochs import record
from federation.pseudonyms.voprf import Evaluator
from federation.transparency import checkpoint, merkle
from federation.transparency.checkpoint import Checkpoint

ORIGIN = "cedar.example/keys"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

Reply = tuple[int, dict[str, str], bytes]


class Cedar:
    """`keys` can be changed, `alter` gets every honest answer and returns what is sent."""

    def __init__(self) -> None:
        self.url = ""
        self.signing = SigningKey.from_seed(b"\7" * 32)
        self.evaluators: dict[tuple[str, int], Evaluator] = {}
        self.keys: list[ListedKey] = []
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.alter: Callable[[str, Reply], Reply] = lambda door, reply: reply
        for kind in ("email", "phone"):
            self.begin(kind, 1, NOW)

    def begin(self, kind: str, epoch: int, at: datetime, seed: bytes = b"\3" * 32) -> None:
        evaluator = Evaluator.from_seed(seed, f"{kind} {epoch}".encode())
        self.evaluators[kind, epoch] = evaluator
        ends = at + timedelta(days=90)
        dropped = ends + timedelta(days=14)
        self.keys.append(ListedKey(kind, epoch, evaluator.public_key, at, ends, dropped))

    def answer(self, path: str, body: bytes) -> Reply:
        door = path.rpartition("/")[2]
        content: Any = self.list_keys() if door == "keys" else self.evaluate(body)
        return self.alter(door, (200, {}, msgspec.json.encode(content)))

    def list_keys(self) -> KeyList:
        tree = merkle.CompactRange()
        records = [
            record("default", key.kind, key.epoch, key.public_key, key.not_before)
            for key in self.keys
        ]
        tree.extend(merkle.leaf_hashes([digest(each) for each in records]))
        note = checkpoint.sign(Checkpoint(ORIGIN, len(records), tree.root()), self.signing)
        verifier = Verifier(ORIGIN, self.signing.public_key)
        return KeyList("default", KeyLog(ORIGIN, verifier.vkey, note.decode()), list(self.keys))

    def evaluate(self, body: bytes) -> Evaluated:
        question = msgspec.json.decode(body, type=Question)
        return Evaluated(
            *self.evaluators[question.kind, question.epoch].evaluate(question.elements)
        )


@contextmanager
def running() -> Iterator[Cedar]:
    """Cedar, listening on a free port of 127.0.0.1."""
    cedar = Cedar()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            cedar.asked.append((self.path, dict(self.headers), body))
            status, headers, content = cedar.answer(self.path, body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    cedar.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield cedar
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
