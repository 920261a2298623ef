"""kill -9 of a writer at any moment: what it was told is committed is there, and nothing forked."""

import base64
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

WRITER = """
import hashlib, sys
from datetime import datetime, timedelta, timezone
from uuid import UUID
import django
django.setup()
from django.db import transaction
from federation.errors import UnknownLog
from federation.transparency import log
from federation.transparency.audit import verify_log

log_id, rounds = UUID(sys.argv[1]), float(sys.argv[2])
try:
    print(verify_log(log_id).size, flush=True)
except UnknownLog:
    print(log.open_log(log_id, f"alder.example/{log_id}").size, flush=True)
while rounds > 0:
    with transaction.atomic():
        head = log.lock(log_id)
        entries = [hashlib.sha256(b"%d" % (head.size + i)).digest() for i in range(97)]
        first = head.first_date_added(datetime.now(timezone.utc))
        made = log.append(head, entries, first + timedelta(microseconds=96))
    print(made.size, flush=True)
    rounds -= 1
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


def write(node: dict[str, str], log_id: UUID, *, killed_after: float | None) -> list[int]:
    """The size that the writer found to be sound, then those it was told are committed."""
    rounds = "0" if killed_after is None else "inf"
    command = [sys.executable, "-c", WRITER, str(log_id), rounds]
    with subprocess.Popen(command, env=node, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline()]
        if killed_after is not None:
            told.append(writer.stdout.readline())
            time.sleep(killed_after)
            writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
    return [int(line) for line in told if line.endswith("\n")]


@pytest.mark.journey
def test_a_log_survives_the_death_of_its_writers(node: dict[str, str]) -> None:
    log_id, committed = uuid4(), 0
    for _ in range(5):
        sound, *told = write(node, log_id, killed_after=random.uniform(0.05, 0.4))
        assert sound >= committed
        assert sound % 97 == 0
        committed = told[-1]
    assert write(node, log_id, killed_after=None)[0] >= committed
