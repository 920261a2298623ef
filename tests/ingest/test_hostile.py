"""Hostile bodies: precise errors in bounded time and memory."""

import gzip
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import pytest
from django.db import OperationalError, connection
from django.test import Client

from indicators.models import Detection
from tests.ingest.conftest import NDJSON, ROOT, Service, content, finding

PROBLEM = "application/problem+json"


@contextmanager
def within(seconds: float, megabytes: float) -> Iterator[None]:
    tracemalloc.start()
    started = time.monotonic()
    try:
        yield
        taken, peak = time.monotonic() - started, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert taken < seconds
    assert peak < megabytes * (1 << 20)


def test_a_bomb_gets_413(alder: Service) -> None:
    bomb = gzip.compress(b"0" * (256 << 20), 1)
    with within(seconds=5, megabytes=20):
        response = alder.send(bomb, Content_Encoding="gzip")
    assert response.status_code == 413


def test_ten_thousand_bad_lines_get_an_error_each(alder: Service) -> None:
    with within(seconds=30, megabytes=60):
        answer = content(alder.send(*[b'{"uid": 1}'] * 10_000))
    assert answer["rejected"] == 10_000


def test_more_lines_than_allowed_are_refused_from_there_on(alder: Service) -> None:
    job = content(alder.send(*[b"{}"] * 10_001))["job"]
    last = content(alder.get(f"jobs/{job}"))["results"][-1]
    assert last["line"] == 10_001
    assert "10,000 lines" in last["errors"][0]["message"]


def test_a_line_of_all_the_body_is_read(alder: Service) -> None:
    line = orjson.dumps(finding(title="x" * (15 << 20)))
    with within(seconds=20, megabytes=300):
        answer = content(alder.send(line))
    assert answer["results"][0]["errors"][0]["pointer"] == "/title"


@pytest.mark.parametrize(
    "line",
    [
        b'{"uid": "a", "uid": "b", "cluster": {"key": "c"}}',
        b'{"uid": NaN}',
        b'{"uid": 1e999}',
        b'{"uid": "\\ud800"}',
        b"[" * 100_000,
        b'{"uid": ' + b"9" * 100_000 + b"}",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"\x00",
        b"null",
        b"[]",
        b'"' + b"x" * 1000,
    ],
)
def test_a_bad_line_fails_alone(alder: Service, line: bytes) -> None:
    answer = content(alder.send(finding("f-1"), line, finding("f-2")))
    assert [each["status"] for each in answer["results"]] == ["accepted", "rejected", "accepted"]


@pytest.mark.parametrize("path", ["lookup", "feedback"])
@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b'{"uid": "a", "uid": "b"}',
        b'{"identifiers": [NaN]}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"uid": "\\ud800"}',
    ],
)
def test_a_question_that_is_no_json_gets_400(alder: Service, path: str, body: bytes) -> None:
    response = alder.post(path, body, "application/json")
    assert (response.status_code, response.headers["Content-Type"]) == (400, PROBLEM)


@pytest.mark.parametrize("path", ["lookup", "feedback"])
@pytest.mark.parametrize("body", [b"1", b"[]", b"null", b"{}", b'{"x": 1}'])
def test_a_question_of_another_form_gets_422(alder: Service, path: str, body: bytes) -> None:
    response = alder.post(path, body, "application/json")
    assert response.status_code == 422
    assert content(response)["errors"]


def test_no_identifier_comes_back_in_an_error(alder: Service) -> None:
    question = {"identifiers": [{"kind": "jane.doe@example.org", "value": "jane.doe@example.org"}]}
    assert b"jane.doe" not in alder.ask("lookup", question).content


@pytest.mark.parametrize("path", ["detections", "lookup", "feedback"])
def test_a_bomb_is_refused_at_every_door(alder: Service, path: str) -> None:
    kind = NDJSON if path == "detections" else "application/json"
    bomb = gzip.compress(b" " * (64 << 20), 1)
    assert alder.post(path, bomb, kind, Content_Encoding="gzip").status_code == 413


def test_a_database_that_is_down_gets_503(alder: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "ensure_connection", refuse)
        response = alder.send(finding())
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0


def test_an_unforeseen_fault_says_nothing_of_its_content(
    alder: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("jane.doe@example.org")

    monkeypatch.setattr("indicators.ingest.views.pipeline.contribute", fail)
    response = alder.send(finding())
    assert response.status_code == 500
    assert b"jane" not in response.content
    assert "jane" not in "".join(capsys.readouterr())


def test_nothing_is_stored_of_a_body_that_fails_midway(alder: Service) -> None:
    lines = b"\n".join(orjson.dumps(finding(f"f-{n}")) for n in range(1000))
    cut = gzip.compress(lines)[:-20]
    assert alder.send(cut, Content_Encoding="gzip").status_code == 400
    assert not Detection.objects.exists()


@pytest.mark.parametrize("path", ["nothing", "jobs/x", "detections/", "%00", "jobs/%F0%9F%92%A9"])
def test_an_unknown_path_is_a_problem(db: None, path: str) -> None:
    response = Client(SERVER_NAME="localhost").get(ROOT + path)
    assert (response.status_code, response.headers["Content-Type"]) == (404, PROBLEM)
