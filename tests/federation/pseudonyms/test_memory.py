"""What a key-holder's process knows after it evaluated: neither input nor token."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from federation.pseudonyms.voprf import Blinding, key_id, token_input, token_text

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/mem")

PLANTED = b"planted-zq-"
NAMES = [f"planted-zq-{number}" for number in range(10)]
MARKER = "marker-of-a-question"


@pytest.fixture
def process(journey_database: str) -> Iterator[Any]:
    """Ask it by lines."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.federation.pseudonyms.keyholder_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "DATABASE_URL": journey_database},
    ) as running:

        def ask(line: str) -> str:
            assert running.stdin and running.stdout
            running.stdin.write(line + "\n")
            running.stdin.flush()
            return running.stdout.readline()

        yield ask
        assert running.stdin
        running.stdin.close()


def test_the_memory_of_a_key_holder_holds_neither_input_nor_token(
    process: Any, tmp_path: Path
) -> None:
    [key] = [each for each in json.loads(process("keys"))["keys"] if each["kind"] == "email"]
    public_key = base64.b64decode(key["public_key"])
    inputs = [token_input("email", f"{name}@alder.example") for name in NAMES]
    blinding = Blinding(inputs)
    elements = [base64.b64encode(each).decode() for each in blinding.elements]
    answer = json.loads(process(json.dumps({"kind": "email", "epoch": 1, "elements": elements})))
    outputs = blinding.finalize(
        [base64.b64decode(each) for each in answer["elements"]],
        base64.b64decode(answer["proof"]),
        public_key,
    )
    process(json.dumps({"kind": MARKER, "epoch": 1, "elements": elements}))

    process(f"dump {tmp_path / 'memory'}")
    memory = (tmp_path / "memory").read_bytes()

    assert MARKER.encode() in memory  # the search does find what a request brought
    tokens = [token_text(key_id(public_key), output) for output in outputs]
    secrets = [PLANTED, *outputs, *(text.rpartition(".")[2].encode() for text in tokens)]
    assert [secret for secret in secrets if secret in memory] == []
