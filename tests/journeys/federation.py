"""Four started nodes that know each other, with a recording proxy before each of them.

    with exchange(server, template) as federation:
        alder = federation["Alder"]
        alder.report("f-1", accounts)
        federation["Birch"].await_rows("match", "list")

They are introduced by the commands of `up --demo`, and reach each other through the proxies only.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indicators.management.demonstration.cast import CAST, WITH_CUSTOMERS, Organization
from indicators.management.demonstration.desk import Desk
from indicators.management.demonstration.introductions import (
    EXCHANGE,
    FINDINGS,
    detector,
    introduce,
)
from indicators.management.demonstration.stage import Stage
from tests.database import Server, remove_data
from tests.journeys.feed import Feed
from tests.journeys.ingest_client import Detector, finding
from tests.journeys.node import Node, end, free_port, start_node
from tests.journeys.wire import Wire, recorded

PASSWORD = "correct-horse-battery"
PATIENCE = 60.0


@dataclass
class Member:
    """An organization's node with its wire, a desk, and its detector (the hub has none)."""

    who: Organization
    node: Node
    wire: Wire
    desk: Desk
    database_url: str
    detector: Detector | None = None

    @property
    def name(self) -> str:
        return self.who.name

    def report(
        self, uid: str, cluster: str, accounts: Iterable[dict[str, Any]], **more: Any
    ) -> str:
        """The detector's finding; the id of its job."""
        assert self.detector is not None
        return self.detector.send_all([finding(uid, cluster, accounts, **more)])

    def rows(self, *words: str) -> list[dict[str, Any]]:
        return self.desk.rows(*words)

    def await_rows(
        self,
        *words: str,
        until: Callable[[list[dict[str, Any]]], bool] = bool,
        patience: float = PATIENCE,
    ) -> list[dict[str, Any]]:
        """What a command shows once it shows what is wanted."""
        deadline = time.monotonic() + patience
        while not until(found := self.rows(*words)):
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"After {patience:.0f} s `{' '.join(words)}` of {self.name} shows {found}\n"
                    f"{self.told()}"
                )
            time.sleep(0.1)
        return found

    def told(self) -> str:
        """What a person would look at."""
        shown = [self.desk.say(*words) for words in (("peer", "list"), ("waiting", "list"))]
        lines = [line for line in self.node.printed().splitlines() if "retort.access" not in line]
        return "\n".join([*shown, *lines[-30:]])


@dataclass
class Federation:
    """The four, by name."""

    stage: Stage
    stack: ExitStack
    server: Server
    template: str
    members: dict[str, Member] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Member:
        return self.members[name]

    def told(self, who: Organization) -> dict[str, str]:
        """What a node is told; decisions can be taken back for two seconds, not for thirty."""
        return self.stage.told(who) | {"ANSWER_HOLD": "2"}

    def content(self) -> dict[str, bytes]:
        """Everything that crossed each wire."""
        return {name: member.wire.content() for name, member in self.members.items()}

    def start_again(self, name: str) -> None:
        """A node that was stopped, at its old place."""
        member = self.members[name]
        node = member.node
        member.node = start_node(
            node.data_dir,
            database_url=member.database_url,
            port=node.port,
            environment=self.told(member.who),
        )
        self.stack.callback(end, member.node)
        member.node.await_served()
        if member.detector is not None:
            member.detector.node = member.node


@contextlib.contextmanager
def exchange(server: Server, template: str) -> Iterator[Federation]:
    """Four nodes, introduced; stopped at the end."""
    with ExitStack() as stack:
        root = Path(tempfile.mkdtemp(prefix="retort-exchange-"))
        root.chmod(0o711)
        stack.callback(shutil.rmtree, root)
        ports = {who.name: free_port() for who in CAST}
        wires = {name: stack.enter_context(recorded(port)) for name, port in ports.items()}
        stage = Stage(
            root=root,
            base_urls={name: wire.url for name, wire in wires.items()},
            first_day=datetime.now(UTC),
            password=PASSWORD,
        )
        for who in CAST:
            stack.callback(remove_data, stage.data_dir(who))
        federation = Federation(stage, stack, server, template)
        nodes = {who.name: _start(federation, who, ports[who.name]) for who in CAST}
        for node, _ in nodes.values():
            node.await_served()
        for who in CAST:
            node, database_url = nodes[who.name]
            desk = stack.enter_context(Desk(who.name, _at_desk(node), PASSWORD))
            federation.members[who.name] = Member(who, node, wires[who.name], desk, database_url)
        introduce(stage, {name: each.desk for name, each in federation.members.items()})
        for who in WITH_CUSTOMERS:
            member = federation[who.name]
            member.detector = _detector(stage, member)
        stack.callback(_ask_all_to_stop, federation)
        yield federation


def _ask_all_to_stop(federation: Federation) -> None:
    """At once; each is awaited afterwards."""
    for member in federation.members.values():
        if member.node.process.poll() is None:
            member.node.process.terminate()


def _start(federation: Federation, who: Organization, port: int) -> tuple[Node, str]:
    database_url = federation.stack.enter_context(federation.server.copy(federation.template))
    node = start_node(
        federation.stage.data_dir(who),
        database_url=database_url,
        port=port,
        environment=federation.told(who),
    )
    federation.stack.callback(end, node)
    return node, database_url


def _at_desk(node: Node) -> dict[str, str]:
    return node.environment | {"LOG_LEVEL": "warning"}


def _detector(stage: Stage, member: Member) -> Detector:
    """The one that the introductions registered, and a reader of its own node's feed."""
    who = member.who
    reader = f"reader-of-{who.slug}"
    member.rows("member", "add", reader)
    member.rows("collection", "grant", FINDINGS, reader, "--read")
    [made] = member.rows("credential", "create", reader, reader)
    [collection] = [row for row in member.rows("collection", "list") if row["alias"] == FINDINGS]
    feed = Feed(member.node, collection["id"], reader, made["key"], collection["vkey"])
    key = stage.key_file(detector(who), who).read_text().strip()
    return Detector(member.node, detector(who), key, feed)


def reader_of_the_hub(federation: Federation) -> Feed:
    """Somebody who reads what the hub relays, with nothing but a TAXII client."""
    forum = federation["Forum"]
    forum.rows("member", "add", "plain reader")
    forum.rows("collection", "grant", EXCHANGE, "plain reader", "--read")
    [made] = forum.rows("credential", "create", "plain reader", "plain-reader")
    [collection] = [row for row in forum.rows("collection", "list") if row["alias"] == EXCHANGE]
    return Feed(forum.node, collection["id"], "plain-reader", made["key"], collection["vkey"])
