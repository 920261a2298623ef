"""medallion 3.0.0, the TAXII server that OASIS publishes as an example, as a process beside a node.

It has an environment of its own (`.venv-medallion`, or the one that RETORT_MEDALLION names), since
it pins other versions than ours. Its store is memory: what it holds ends with it.
"""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from taxii2client.v21 import Collection

from indicators.local.places import CHECKOUT
from tests.journeys.node import free_port

HOME = Path(os.environ.get("RETORT_MEDALLION", str(CHECKOUT / ".venv-medallion")))
PYTHON = HOME / "bin" / "python"
MISSING = (
    f"medallion is not installed in {HOME.name}: python3 -m venv .venv-medallion &&"
    " .venv-medallion/bin/pip install medallion==3.0.0, or name its environment in RETORT_MEDALLION"
)
USER, PASSWORD = "retort", "for one test"
COLLECTION = "365fed99-08fa-fdcd-a1b3-fb247eb41d01"
PAGE = 100
TAXII = "application/taxii+json;version=2.1"


@dataclass
class Medallion:
    """A started server; `url` is its discovery, `collection` the URL of its one collection."""

    process: subprocess.Popen[bytes]
    base_url: str

    @property
    def url(self) -> str:
        return f"{self.base_url}/taxii2/"

    @property
    def collection(self) -> str:
        return f"{self.base_url}/trustgroup1/collections/{COLLECTION}/"

    def post(self, objects: Sequence[dict[str, Any]]) -> None:
        """All of them in one request, so that medallion gives all of them one date."""
        with Collection(self.collection, user=USER, password=PASSWORD) as there:
            status = there.add_objects({"objects": list(objects)})
        assert status.success_count == len(objects)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@contextlib.contextmanager
def running_medallion(directory: Path) -> Iterator[Medallion]:
    port = free_port()
    config = directory / "medallion.json"
    config.write_text(json.dumps(_config(directory, f"http://127.0.0.1:{port}")))
    with (directory / "medallion.log").open("wb") as log:
        process = subprocess.Popen(
            [str(PYTHON), "-m", "medallion.scripts.run", "--port", str(port), str(config)],
            stdout=log,
            stderr=log,
        )
    server = Medallion(process, f"http://127.0.0.1:{port}")
    try:
        _await_served(server, directory / "medallion.log")
        yield server
    finally:
        server.stop()


def _await_served(server: Medallion, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            answer = requests.get(
                server.url, auth=(USER, PASSWORD), headers={"Accept": TAXII}, timeout=5
            )
            assert answer.status_code == 200, answer.text
            return
        time.sleep(0.1)
    raise AssertionError(f"medallion did not start:\n{log.read_text()}")


def _config(directory: Path, base_url: str) -> dict[str, Any]:
    data = directory / "data.json"
    data.write_text(json.dumps(_data(base_url)))
    backend = {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": str(data),
    }
    return {"users": {USER: PASSWORD}, "taxii": {"max_page_size": PAGE}, "backend": backend}


def _data(base_url: str) -> dict[str, Any]:
    root = f"{base_url}/trustgroup1/"
    collection = {
        "id": COLLECTION,
        "title": "Public reports",
        "can_read": True,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
        "manifest": [],
        "objects": [],
    }
    information = {"title": "A trust group", "versions": [TAXII], "max_content_length": 9_765_625}
    return {
        "/discovery": {"title": "A plain server", "default": root, "api_roots": [root]},
        "trustgroup1": {"information": information, "status": [], "collections": [collection]},
    }
