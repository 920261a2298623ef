"""The ingest door of a real node: what only a real HTTP server shows."""

import gzip
import json
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.database import place_for_data
from tests.ingest.conftest import NDJSON, ROOT, finding
from tests.journeys.node import Node, running_node

pytestmark = pytest.mark.journey

_SETUP = """
from indicators import access
from indicators.models import Detector, Member
lab = Member.objects.create(name="Alder", identity_id="identity--" + "%s")
detector = Detector.objects.create(name="hydra-finder")
print("key", access.make_credential(lab, "finder", scopes=["ingest"], detector=detector)[1])
"""
_IDENTITY = "4c61b7fa-f586-42d0-b9aa-280451c36211"


@dataclass
class Sender:
    """Alder's detector service and the node that it sends to."""

    node: Node
    key: str

    def post(self, body: Any, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        authorized = {"Authorization": f"Bearer {self.key}", "Content-Type": NDJSON}
        url = f"{self.node.base_url}{ROOT}detections"
        return requests.post(url, data=body, headers=authorized | named, timeout=60)

    def connect(self, *lines: str) -> socket.socket:
        """A connection on which the head of a POST was sent."""
        first = (
            f"POST {ROOT}detections HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            f"Authorization: Bearer {self.key}",
            f"Content-Type: {NDJSON}",
        )
        made = socket.create_connection(("127.0.0.1", self.node.port), timeout=30)
        made.sendall("\r\n".join([*first, *lines, "", ""]).encode())
        return made


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with place_for_data("retort-ingest-") as data_dir, running_node(data_dir) as node:
        printed = node.run("shell", "-c", _SETUP % _IDENTITY).stdout
        found = re.search(r"^key (\S+)$", printed, re.MULTILINE)
        assert found, printed
        yield Sender(node, found[1])


def stored(sender: Sender, line: dict[str, Any]) -> bool:
    """Whether the line was stored before (and it is now)."""
    return bool(sender.post(json.dumps(line).encode()).json()["duplicate"])


def test_a_chunked_body_is_read_whole(sender: Sender) -> None:
    lines = (json.dumps(finding(f"chunk-{n}")).encode() + b"\n" for n in range(50))
    assert sender.post(lines).json()["accepted"] == 50


def test_an_endless_body_gets_413(sender: Sender) -> None:
    assert sender.post(b" " * (1 << 20) for _ in range(17)).status_code == 413


def test_a_bomb_gets_413_at_once(sender: Sender) -> None:
    bomb = gzip.compress(b"0" * (512 << 20), 1)
    started = time.monotonic()
    assert sender.post(bomb, Content_Encoding="gzip").status_code == 413
    assert time.monotonic() - started < 10


def test_of_a_body_that_breaks_off_nothing_is_stored(sender: Sender) -> None:
    line = finding("broken-off")
    with sender.connect("Content-Length: 10000") as connection:
        connection.sendall(json.dumps(line).encode() + b"\n")
        connection.shutdown(socket.SHUT_WR)
        assert b" 400 " in connection.recv(4096).split(b"\r\n")[0]
    assert not stored(sender, line)


def test_bodies_that_trickle_keep_nobody_waiting(sender: Sender) -> None:
    slow = [sender.connect("Content-Length: 10000") for _ in range(20)]
    try:
        for connection in slow:
            connection.sendall(b"{")
        started = time.monotonic()
        assert sender.post(json.dumps(finding("quick")).encode()).status_code == 200
        assert time.monotonic() - started < 10
    finally:
        for connection in slow:
            connection.close()


def test_the_pages_and_all_that_they_load_are_served(sender: Sender) -> None:
    base = sender.node.base_url
    page = requests.get(f"{base}{ROOT}docs/", timeout=20)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) >= 4
    for each in loaded:
        assert requests.get(base + each, timeout=20).status_code == 200, each
