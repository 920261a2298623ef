"""kill -9 of a writer at any moment: what it was told is committed is there, and nothing forked."""

import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

WRITER = """
import hashlib, sys
from datetime import datetime, timedelta, timezone
from uuid import UUID
import django
django.setup()
from django.db import transaction
from federation.transparency import log

log_id = UUID(sys.argv[1])
while True:
    with transaction.atomic():
        head = log.lock(log_id)
        entries = [hashlib.sha256(b"%d" % (head.size + i)).digest() for i in range(97)]
        first = head.first_date_added(datetime.now(timezone.utc))
        made = log.append(head, entries, first + timedelta(microseconds=96))
    print(made.size, flush=True)
"""

READER = """
import json, sys
from uuid import UUID
import django
django.setup()
from federation.transparency import log
from federation.transparency.audit import verify_log

log_id = UUID(sys.argv[1])
if len(sys.argv) > 2:
    log.open_log(log_id, sys.argv[2])
print(json.dumps({"size": verify_log(log_id).size, "note": log.checkpoint(log_id).decode()}))
"""


@pytest.fixture
def node(journey_database: str, tmp_path: Path) -> dict[str, str]:
    """The environment of one node's processes."""
    return {
        **os.environ,
        "DATABASE_URL": journey_database,
        "KEY_ENCRYPTION_KEY": base64.b64encode(bytes(range(32))).decode(),
        "RETORT_DATA": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


def read(node: dict[str, str], log_id: UUID, *origin: str) -> Any:
    command = [sys.executable, "-c", READER, str(log_id), *origin]
    return json.loads(subprocess.run(command, env=node, check=True, capture_output=True).stdout)


def write_until_killed(node: dict[str, str], log_id: UUID, seconds: float) -> int:
    """The last size that the writer was told is committed, or 0."""
    command = [sys.executable, "-c", WRITER, str(log_id)]
    with subprocess.Popen(command, env=node, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline()]
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
    return max(int(line) for line in told if line.endswith("\n"))


@pytest.mark.journey
def test_a_log_survives_the_death_of_its_writers(node: dict[str, str]) -> None:
    log_id = uuid4()
    seen = read(node, log_id, f"alder.example/{log_id}")
    for _ in range(6):
        told = write_until_killed(node, log_id, random.uniform(0.05, 0.4))
        now = read(node, log_id)
        assert now["size"] >= told > seen["size"]
        assert now["size"] % 97 == 0
        seen = now
