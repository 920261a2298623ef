"""The client of the README, run as it stands there."""

import ast
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from indicators.models import Detection
from tests.ingest.conftest import Service, at_door, finding

CLIENT = Path(__file__).with_name("example_client.py")


@pytest.fixture
def alder(transactional_db: None) -> Service:
    return at_door("Alder", "hydra-finder", "ingest")


def run(url: str, key: str, file: Path) -> subprocess.CompletedProcess[str]:
    with file.open("rb") as findings:
        return subprocess.run(
            [sys.executable, str(CLIENT), url, key],
            stdin=findings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def findings(tmp_path: Path) -> Path:
    """A file of 1,200 findings and a line that is none."""
    file = tmp_path / "findings.ndjson"
    lines = [orjson.dumps(finding(f"f-{n}")) for n in range(1200)]
    file.write_bytes(b"\n".join([*lines, b"{}", b""]))
    return file


def test_it_sends_a_file_and_says_what_became_of_it(
    live_server: Any, alder: Service, findings: Path
) -> None:
    ran = run(live_server.url, alder.key, findings)
    assert ran.stderr == ""
    told = [ast.literal_eval(line) for line in ran.stdout.splitlines()]
    assert [(each["accepted"], each["rejected"]) for each in told] == [(1000, 0), (200, 1)]
    assert Detection.objects.count() == 1200


def test_sent_again_it_gets_the_same_answers(
    live_server: Any, alder: Service, findings: Path
) -> None:
    first = run(live_server.url, alder.key, findings)
    assert run(live_server.url, alder.key, findings).stdout == first.stdout
    assert Detection.objects.count() == 1200


def test_it_waits_when_it_is_told_to(
    live_server: Any, alder: Service, findings: Path, settings: Any
) -> None:
    settings.INGEST_LINES_PER_MINUTE = 1100
    started = time.monotonic()
    run(live_server.url, alder.key, findings)
    assert time.monotonic() - started > 5
    assert Detection.objects.count() == 1200


def test_it_says_why_it_was_refused(live_server: Any, alder: Service, findings: Path) -> None:
    ran = run(live_server.url, "retort_wrong", findings)
    assert ran.returncode == 1
    assert ran.stderr == "401: This credential is not known here.\n"
