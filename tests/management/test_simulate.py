"""The command `simulate`: where its lines go, and what a node that refuses them is told."""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from indicators.local.places import CHECKOUT
from indicators.management.simulation.campaigns import lines
from indicators.management.simulation.delivery import Delivery, DeliveryFailed, batches, door_of
from indicators.management.simulation.plan import Plan

TAKEN = {"job": "1", "accepted": 1, "duplicate": 0, "rejected": 0}


@dataclass
class Door:
    """An ingest door that gives the answers it is told to give, and keeps what it was sent."""

    url: str
    answers: list[tuple[int, dict[str, object]]]
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def door() -> Iterator[Door]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            opened.requests.append((dict(self.headers), body))
            status, answer = opened.answers.pop(0)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Retry-After", "7")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        opened = Door(f"http://127.0.0.1:{server.server_port}", [])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield opened
        server.shutdown()
        thread.join()


def deliver(door: Door, waits: list[float] | None = None) -> Delivery:
    waited = waits if waits is not None else []
    delivery = Delivery(door.url, "secret", wait=waited.append)
    with delivery:
        assert list(delivery.send([b'{"uid":"1"}\n'])) == [1]
    return delivery


def test_lines_go_to_standard_output(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    call_command("simulate", seed=5, accounts=3)
    assert capsysbinary.readouterr().out == b"".join(lines(Plan(seed=5, accounts=3)))


def test_lines_go_to_a_file(tmp_path: Path) -> None:
    call_command("simulate", accounts=3, campaigns=2, output=tmp_path / "lines.ndjson")
    plan = Plan(accounts=3, campaigns=2)
    assert (tmp_path / "lines.ndjson").read_bytes() == b"".join(lines(plan))


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("simulate", output=tmp_path / "missing" / "lines.ndjson")


def test_no_node_is_needed(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "simulate", "--accounts", "1"]
    environment = {"RETORT_DATA": str(tmp_path / "nowhere"), "PATH": "/usr/bin:/bin"}
    told = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, check=True)
    assert told.stdout == b"".join(lines(Plan(accounts=1)))


def test_fewer_interactions_than_days_are_refused() -> None:
    with pytest.raises(CommandError, match="at least one a day"):
        call_command("simulate", interactions=3)


def test_sending_needs_a_key() -> None:
    with pytest.raises(CommandError, match="--key"):
        call_command("simulate", post="http://127.0.0.1:1")


def test_a_nodes_address_is_enough() -> None:
    assert door_of("https://alder.example") == "https://alder.example/ingest/v1/detections"
    assert door_of("https://alder.example/other/door") == "https://alder.example/other/door"


def test_a_batch_stays_below_what_a_door_takes() -> None:
    small = list(batches(b"x\n" for _ in range(12_000)))
    assert [len(batch) for batch in small] == [5000, 5000, 2000]
    large = list(batches(b"x" * (5 << 20) for _ in range(3)))
    assert [len(batch) for batch in large] == [1, 1, 1]


def test_the_node_is_sent_the_same_bytes(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    door.answers = [(200, TAKEN)]
    call_command("simulate", accounts=3, post=door.url, key="secret")
    ((headers, body),) = door.requests
    assert gzip.decompress(body) == b"".join(lines(Plan(accounts=3)))
    assert headers["Authorization"] == "Bearer secret"
    assert "1 accepted, 0 duplicate, 0 rejected" in capsys.readouterr().out


def test_rejected_lines_make_the_command_fail(door: Door) -> None:
    door.answers = [(200, TAKEN | {"accepted": 0, "rejected": 1})]
    with pytest.raises(CommandError, match="rejected"):
        call_command("simulate", accounts=3, post=door.url, key="secret")


def test_a_batch_is_sent_again_under_the_same_key_when_the_node_asks_for_patience(
    door: Door,
) -> None:
    door.answers, waits = [(503, {}), (429, {}), (202, TAKEN)], list[float]()
    assert deliver(door, waits).counts["accepted"] == 1
    assert waits == [7.0, 7.0]
    assert len({headers["Idempotency-Key"] for headers, _ in door.requests}) == 1


def test_a_refusal_ends_the_delivery_with_the_nodes_words(door: Door) -> None:
    door.answers = [(403, {"detail": "This credential speaks for no detector."})]
    with pytest.raises(DeliveryFailed, match="speaks for no detector"):
        deliver(door)
    assert len(door.requests) == 1


def test_an_answer_that_is_none_of_a_door_is_refused(door: Door) -> None:
    door.answers = [(200, {"hello": "world"})]
    with pytest.raises(DeliveryFailed, match="as an ingest door does"):
        deliver(door)


def test_a_node_that_is_away_is_tried_again_and_again() -> None:
    waits: list[float] = []
    with (
        Delivery("http://127.0.0.1:9", "secret", wait=waits.append) as delivery,
        pytest.raises(DeliveryFailed, match="does not answer"),
    ):
        list(delivery.send([b"{}\n"]))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
