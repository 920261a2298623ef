"""The README's commands, run as they stand there on a started node."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from indicators.local.places import CHECKOUT
from tests.database import place_for_data
from tests.journeys.ingest_client import await_that
from tests.journeys.node import Node, running_node

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
PYTHON = ".venv/bin/python manage.py "

pytestmark = [
    pytest.mark.journey,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def block(name: str) -> str:
    """The fenced block under the comment of that name."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"README.md has no block {name}"
    return found[1]


def run(node: Node, name: str, **words: str) -> str:
    """Run each line of a block on the node; what they printed."""
    printed = ""
    for line in block(name).splitlines():
        assert line.startswith(PYTHON)
        for old, new in {"http://127.0.0.1:8000": node.base_url, **words}.items():
            line = line.replace(old, new)
        printed += node.run(*shlex.split(line.removeprefix(PYTHON))).stdout
    return printed


@pytest.fixture(scope="module")
def published() -> Iterator[tuple[Node, str, str]]:
    """A node after the README's publishing commands: (node, API key, what was printed)."""
    with place_for_data("retort-readme-") as data_dir, running_node(data_dir) as node:
        printed = run(node, "publish")
        key = re.search(r"retort_\S+", printed)
        assert key
        yield node, key[0], printed


def test_people_come_by_the_link_that_it_shows(published: tuple[Node, str, str]) -> None:
    node, _, _ = published
    printed = run(node, "people")
    [link] = re.findall(r"/invitation/[A-Za-z0-9_/-]+", printed)
    assert "Welcome" in requests.get(node.base_url + link, timeout=20).text


@pytest.fixture(scope="module")
def detected(published: tuple[Node, str, str], tmp_path_factory: Any) -> tuple[Node, str, Path]:
    """The README's detector, with its key and its detections."""
    node, _, _ = published
    target = tmp_path_factory.mktemp("readme") / "detections.ndjson"
    printed = run(node, "detector", **{"detections.ndjson": str(target)})
    key = re.search(r"retort_\S+", printed)
    assert key
    return node, key[0], target


def test_the_ingest_client_is_taken_at_its_word(detected: tuple[Node, str, Path]) -> None:
    node, key, detections = detected
    script = detections.with_name("send.py")
    script.write_text(block("send"), encoding="utf-8")
    sent = subprocess.run(
        [sys.executable, str(script), node.base_url, key],
        stdin=detections.open("rb"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'accepted': 1" in sent.stdout
    await_that(lambda: entries(node, "labs") > 0, lambda: "nothing was published", node)


def entries(node: Node, alias: str) -> int:
    listed = json.loads(node.run("collection", "list", "--json").stdout)
    return next(int(each["entries"]) for each in listed if each["alias"] == alias)


def test_the_ingest_client_is_the_one_that_is_tested() -> None:
    client = CHECKOUT / "tests" / "ingest" / "example_client.py"
    assert block("send") == client.read_text(encoding="utf-8")


def test_the_client_reads_atlas_and_the_reports(published: tuple[Node, str, str]) -> None:
    node, key, _ = published
    code = block("client").replace("http://127.0.0.1:8000", node.base_url).replace("KEY", key)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    titles = {each.get("name") for each in names["objects"]}
    assert {"Extract AI Model", "Hydra cluster: commercial proxy network (class)"} <= titles


def test_a_reader_and_the_node_find_the_log_sound(published: tuple[Node, str, str]) -> None:
    node, key, printed = published
    vkey = re.search(r"\S+\+[0-9a-f]{8}\+\S+", printed)
    assert vkey
    checked = run(node, "verify", VKEY=vkey[0], KEY=key)
    assert checked.count("Sound.") == 2


def test_the_test_command_is_the_one_that_ci_runs() -> None:
    assert block("test").strip() in (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_demo_is_the_one_that_is_tested() -> None:
    """`test_demo` runs it: one command, and nothing else to do first."""
    assert block("demo").strip() == f"{PYTHON}up --demo"


def test_the_run_command_starts_this_very_program() -> None:
    """What `up` does is what every journey starts; the installation is the one of the tests."""
    start = block("run").strip().replace("requirements.lock", "requirements-dev.lock")
    assert start.replace("manage.py up", "-m pytest") == block("test").strip()


@pytest.fixture(scope="module")
def birch() -> Iterator[Node]:
    """A second node, of another organization, with something to share."""
    named = {"NODE_NAME": "Birch"}
    with (
        place_for_data("retort-readme-birch-") as data_dir,
        running_node(data_dir, environment=named) as node,
    ):
        node.run("collection", "create", "Shared", "--alias", "shared", "--audience", "members")
        atlas = CHECKOUT / "tests" / "vectors" / "stix" / "public-reports.json"
        node.run("import", str(atlas), "--collection", "shared")
        yield node


def test_a_peer_is_added_and_pulled(
    detected: tuple[Node, str, Path], birch: Node, tmp_path: Path
) -> None:
    node, _, _ = detected
    [own] = [each for each in rows(node, "member", "list") if each["self"]]
    birch.run("member", "add", "Alder", "--identity", own["identity"])
    birch.run("collection", "grant", "shared", "Alder", "--read")
    [credential] = rows(birch, "credential", "create", "Alder", "alder-node")
    key = tmp_path / "birch.key"
    key.write_text(credential["key"])
    words = {
        "http://127.0.0.1:8001": birch.base_url,
        "birch.key": str(key),
        "FINGERPRINT": rows(birch, "key", "fingerprint")[0]["fingerprint"],
    }
    run(node, "peer", **words)
    pulled = "From Birch: Shared"
    await_that(lambda: size_of(node, pulled) > 0, lambda: "nothing was pulled", node)


def rows(node: Node, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(node.run(*words, "--json").stdout)
    return found


def size_of(node: Node, title: str) -> int:
    found = [each for each in rows(node, "collection", "list") if each["title"] == title]
    return sum(int(each["entries"]) for each in found)
