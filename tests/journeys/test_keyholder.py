"""Two labs have their tokens from Forum: equal identifiers meet, and Forum learns none of them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from federation.pseudonyms.voprf import parse_token
from tests.database import Server, place_for_data
from tests.journeys.ingest_client import (
    Detector,
    account,
    all_tokens,
    answers,
    await_that,
    finding,
    open_detector,
)
from tests.journeys.node import Node, running_node, start_node
from tests.journeys.search import files, rows

pytestmark = pytest.mark.journey

SHARED = [account(number, "shared") for number in range(20)]


class Federation:
    """Forum, and the labs that ask it for tokens."""

    def __init__(self, stack: ExitStack, server: Server, template: str) -> None:
        self.stack, self.server, self.template = stack, server, template
        self.forum_database, self.forum_data = self._place("forum")
        self.forum = self._start(self.forum_data, self.forum_database)
        self.alder = self._lab("Alder")
        self.birch = self._lab("Birch")

    def _place(self, name: str) -> tuple[str, Path]:
        url = self.stack.enter_context(self.server.copy(self.template))
        return url, self.stack.enter_context(place_for_data(f"retort-{name}-"))

    def _start(self, data_dir: Path, database_url: str, **environment: str) -> Node:
        running = running_node(data_dir, database_url=database_url, environment=environment)
        return self.stack.enter_context(running)

    def _lab(self, name: str) -> Detector:
        """A node whose credential at Forum has the public key of its requests."""
        database_url, data_dir = self._place(name.lower())
        known = {"DATABASE_URL": database_url, "RETORT_DATA": str(data_dir)}
        requests_key = self._requests_key(known)
        _, made = answers(
            self.forum,
            ["member", "add", name],
            ["credential", "create", name, f"{name}-tokens", "--scope", "tokens",
             "--public-key", requests_key],
        )  # fmt: skip
        asks = {
            "KEYHOLDER_URL": self.forum.base_url,
            "KEYHOLDER_USER": made["name"],
            "KEYHOLDER_KEY": made["key"],
        }
        node = self._start(data_dir, database_url, **asks)
        return open_detector(node, f"{name.lower()}-watch")

    def _requests_key(self, known: dict[str, str]) -> str:
        node = replace(self.forum, environment={**self.forum.environment, **known})
        listed = json.loads(node.run("key", "list", "--json").stdout)
        return next(str(each["public_key"]) for each in listed if each["purpose"] == "request")


@pytest.fixture(scope="module")
def federation(database_server: Server, template_database: str) -> Iterator[Federation]:
    with ExitStack() as stack:
        yield Federation(stack, database_server, template_database)


@pytest.fixture(scope="module")
def tokens(federation: Federation) -> dict[str, set[str]]:
    """What each lab's feed shows of the same accounts."""
    shown = {}
    for name, lab in (("alder", federation.alder), ("birch", federation.birch)):
        shown[name] = set(all_tokens(lab.contribute(finding("f", f"{name}-cluster", SHARED))))
    return shown


def test_equal_identifiers_have_equal_tokens_at_two_nodes(tokens: dict[str, set[str]]) -> None:
    assert tokens["alder"] == tokens["birch"]
    assert len(tokens["alder"]) == 3 * len(SHARED)


def test_the_key_holders_memory_holds_no_token(
    federation: Federation, tokens: dict[str, set[str]]
) -> None:
    some = sorted(tokens["alder"])[::6]
    values = [parse_token(token)[5:] for token in some]
    texts = [token.encode() for token in some]
    raw = [each["value"].encode() for one in SHARED[::4] for each in one["identifiers"]]
    searched = 0
    for process in federation.forum.family():
        content = memory(process)
        searched += len(content)
        for value in (*values, *texts, *raw):
            assert value not in content, process.name()
    assert searched > 50_000_000


def test_the_key_holder_writes_down_no_token(
    federation: Federation, tokens: dict[str, set[str]]
) -> None:
    needles = [parse_token(token)[5:] for token in tokens["alder"]]
    needles += [token.encode() for token in tokens["alder"]]
    needles += [each["value"].encode() for one in SHARED for each in one["identifiers"]]
    written = dict(rows(federation.forum_database))
    written |= dict(files(federation.forum.log))
    assert any(b"email" in content for content in written.values())
    for place, content in written.items():
        for needle in needles:
            assert needle not in content, place


def test_a_key_holder_that_is_down_delays_and_loses_nothing(federation: Federation) -> None:
    alder, forum = federation.alder, federation.forum
    port = forum.port
    forum.stop()
    late = [account(number, "late") for number in range(5)]
    job = alder.send_all([finding("late", "alder-late", late)])
    await_that(lambda: "can't be reached" in waiting(alder), lambda: waiting(alder), alder.node)
    assert alder.stages([job]) == {"received": 1}
    again = start_node(federation.forum_data, database_url=federation.forum_database, port=port)
    federation.stack.callback(again.stop)
    again.await_served()
    assert alder.await_published([job]) == {"published": 1}


def waiting(lab: Detector) -> str:
    return lab.node.run("waiting", "list").stdout


def memory(process: psutil.Process) -> bytes:
    """All that a process has written in its memory."""
    found = []
    with (
        Path(f"/proc/{process.pid}/maps").open() as maps,
        Path(f"/proc/{process.pid}/mem").open("rb", 0) as content,
    ):
        for line in maps:
            span, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            start, end = (int(each, 16) for each in span.split("-"))
            try:
                content.seek(start)
                found.append(content.read(end - start))
            except (OSError, ValueError, OverflowError):
                continue
    return b"".join(found)
