"""The demonstration from start to stop: four process trees, and campaigns that flow."""

import http.client
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from indicators.local.console import Console
from indicators.local.parts import refuse_taken_port
from indicators.local.places import CHECKOUT
from indicators.local.service import Launch
from indicators.local.supervisor import StopAsked, Supervisor
from indicators.management.demonstration import flow
from indicators.management.demonstration.cast import CAST, Organization
from indicators.management.demonstration.databases import make_databases
from indicators.management.demonstration.desk import Desk
from indicators.management.demonstration.introductions import introduce
from indicators.management.demonstration.stage import Stage, open_stage
from indicators.management.demonstration.welcome import lines as welcome

_PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Program:
    """One of ours as a process tree of its own."""

    name: str
    module: str
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    url: str = ""
    tier: int = 2
    patience: float = _PATIENCE
    # A node needs a while, as it stops its own parts in order.
    stop_signals: tuple[tuple[int, float], ...] = ((signal.SIGTERM, 60.0),)

    def prepare(self) -> None:
        """Nothing: a node sees to its own files."""

    def launch(self) -> Launch:
        return Launch(self.module, self.arguments, module=True, environment=self.environment)

    def is_ready(self, pid: int) -> bool:
        return not self.url or _is_served(self.url)

    def settle(self) -> None:
        """Nothing."""


def run(console: Console, root: Path, port: int | None) -> None:
    """Start everything, let the nodes get to know each other, tell the story, stop everything."""
    began = time.monotonic()
    stage = open_stage(root, port)
    for who in CAST:
        refuse_taken_port(*_address(stage.url(who)))
    with Supervisor(console) as supervisor:
        try:
            if stage.is_introduced:
                start_nodes(supervisor, stage)
            else:
                console.say("retort", "the first start makes four nodes, in half a minute")
                start_first(supervisor, stage)
            flow.tell_opening(stage)
            for line in welcome(stage, time.monotonic() - began):
                console.say("retort", line)
            supervisor.start(campaigns(stage))
            supervisor.watch()
        except StopAsked:
            pass
        console.say("retort", "stopping")
    console.say("retort", "stopped")


def start_first(supervisor: Supervisor, stage: Stage) -> None:
    """With a desk at every node: what it takes to start them is done while a database is made."""
    with ThreadPoolExecutor(1) as beside, ExitStack() as stack:
        desks = {who.name: stack.enter_context(_desk(stage, who)) for who in CAST}
        make_databases(supervisor, stage)
        start_nodes(supervisor, stage)
        work = beside.submit(introduce, stage, desks)
        # A stop that is asked for closes the desks, which ends the work.
        supervisor.watch(until=work.done)
        supervisor.refuse_if_asked_to_stop()
        work.result()
    stage.note_introduced()


def start_nodes(supervisor: Supervisor, stage: Stage) -> None:
    supervisor.start(*(node(stage, who) for who in CAST))


def node(stage: Stage, who: Organization) -> Program:
    """`manage.py up` of one organization."""
    host, port = _address(stage.url(who))
    options = ("--host", host, "--port", str(port), "--data", str(stage.data_dir(who)))
    return Program(
        name=who.slug,
        module="manage",
        arguments=("up", "--quiet", "--small", *options),
        environment=_with_path(stage.environment(who)),
        url=stage.url(who),
    )


def campaigns(stage: Stage) -> Program:
    return Program(
        name="campaigns",
        module=__package__,
        arguments=(str(stage.root),),
        environment=_with_path(
            stage.environment(CAST[0]) | {"DJANGO_SETTINGS_MODULE": "indicators.config.settings"}
        ),
        # It is the first to stop: nodes that go away are no news then.
        tier=3,
        stop_signals=((signal.SIGTERM, 5.0),),
    )


def _desk(stage: Stage, who: Organization) -> Desk:
    return Desk(who.name, stage.environment(who), stage.password)


def _with_path(environment: dict[str, str]) -> dict[str, str]:
    path = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return environment | {"PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80


def _is_served(url: str) -> bool:
    connection = http.client.HTTPConnection(*_address(url), timeout=5)
    try:
        connection.request("GET", "/healthz/live")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
