"""`python manage.py up`: a whole node on this machine, with one command."""

import sys
import time
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from federation.transparency.log import ensure_log_key
from indicators.local.borrow import is_server_named
from indicators.local.console import Console
from indicators.local.errors import InUse, LocalError
from indicators.local.lock import NODE, held
from indicators.local.parts import (
    PortTaken,
    courier,
    refuse_taken_port,
    scheduler,
    web,
    worker,
)
from indicators.local.places import CHECKOUT
from indicators.local.postgres import Postgres
from indicators.local.service import Service
from indicators.local.supervisor import StopAsked, Supervisor
from indicators.local.valkey import Valkey
from indicators.management.demonstration.running import run as demonstrate
from indicators.models import Role
from indicators.pipeline import people

LOOPBACK = "127.0.0.1"
EXIT_FAILED, EXIT_IN_USE, EXIT_PORT_TAKEN = 1, 3, 4


@dataclass(frozen=True, slots=True)
class Administrator:
    """The first administrator. The password is stored nowhere but as a hash."""

    name: str
    password: str


class Command(BaseCommand):
    help = (
        "Run a node: database, broker, web, worker, courier and scheduler, until Ctrl-C. The first "
        "start creates the node's keys and an administrator. Exit codes: 0 stopped as asked, "
        "1 failed, 3 the data directory is in use, 4 the port is taken."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=LOOPBACK, help="address to serve on")
        parser.add_argument("--port", type=int, help="port to serve on (8000)")
        parser.add_argument(
            "--data",
            type=Path,
            metavar="DIR",
            help="where the node keeps its files (default: RETORT_DATA, or .retort here)",
        )

        parser.add_argument(
            "--quiet",
            action="store_true",
            help="say only what goes wrong, and make no administrator (`person add` does)",
        )
        parser.add_argument(
            "--small",
            action="store_true",
            help="one process for pages and one for tasks, where several nodes share a machine",
        )
        parser.add_argument(
            "--demo",
            action="store_true",
            help="four organizations that exchange, at four ports from --port on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(sys.stdout, quiet=options["quiet"])
        if options["demo"] and options["host"] != LOOPBACK:
            raise CommandError("The demonstration is for this machine alone; leave --host out.")
        try:
            if options["demo"]:
                with held(settings.DATA / "demo", NODE):
                    demonstrate(console, settings.DATA / "demo", options["port"])
                return
            port = options["port"] or 8000
            refuse_taken_port(options["host"], port)
            with held(settings.DATA, NODE):
                run(console, settings.DATA, options["host"], port, small=options["small"])
        except InUse as error:
            raise CommandError(str(error), returncode=EXIT_IN_USE) from error
        except PortTaken as error:
            raise CommandError(str(error), returncode=EXIT_PORT_TAKEN) from error
        except LocalError as error:
            raise CommandError(str(error), returncode=EXIT_FAILED) from error


def run(console: Console, data_dir: Path, host: str, port: int, *, small: bool) -> None:
    """Start everything, say where it is, watch over it, stop everything."""
    began = time.monotonic()
    with Supervisor(console) as supervisor:
        try:
            supervisor.start(*embedded_servers(data_dir))
            administrator = make_ready(with_administrator=not console.is_quiet)
            supervisor.refuse_if_asked_to_stop()
            pages = web(data_dir, host, port, 1) if small else web(data_dir, host, port)
            supervisor.start(pages)
            welcome(console, f"http://{_in_url(host)}:{port}", administrator, began)
            tasks = worker(data_dir, 1) if small else worker(data_dir)
            supervisor.start(tasks, courier(data_dir), scheduler(data_dir))
            supervisor.watch()
        except StopAsked:
            pass
        console.say("retort", "stopping")
    console.say("retort", "stopped")


def embedded_servers(data_dir: Path) -> list[Service]:
    """The servers in whose place no setting names another."""
    servers: list[Service] = []
    if not is_server_named("DATABASE_URL"):
        servers.append(Postgres(data_dir))
    if not is_server_named("BROKER_URL"):
        servers.append(Valkey(data_dir))
    return servers


def make_ready(*, with_administrator: bool) -> Administrator | None:
    """Migrate, and create what a node needs. Any part of it may have been done before."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
    ensure_log_key()
    administrator = first_administrator() if with_administrator else None
    connections.close_all()
    return administrator


def first_administrator() -> Administrator | None:
    """Create somebody who may do everything, if nobody administers yet."""
    if people.is_administered():
        return None
    added = people.add_person("admin", Role, by="up")
    return Administrator(added.user.get_username(), added.password)


def welcome(console: Console, url: str, administrator: Administrator | None, began: float) -> None:
    seconds = time.monotonic() - began
    lines = [f"Retort runs at {url}/ (started in {seconds:.1f} s); Ctrl-C stops it."]
    if administrator:
        manage = _in_another_terminal()
        lines += [
            "",
            "This is its first start: keys were made, and an administrator.",
            f"  sign in at  {url}/account/sign-in/",
            f"  name        {administrator.name}",
            f"  password    {administrator.password}   (for once: you choose your own there)",
            "",
            "Next, in another terminal (a collection, STIX bundles for it, a check):",
            f'  {manage} collection create "Public knowledge" --alias public --audience public',
            f"  {manage} import FILE --collection public",
            f"  {manage} doctor",
        ]
    for line in lines:
        console.say("retort", line)


def _in_another_terminal() -> str:
    """How to run a command on this node, as it has to be typed in this directory."""
    data = "" if settings.DATA == CHECKOUT / ".retort" else f"RETORT_DATA={settings.DATA} "
    python = Path(sys.executable)
    here = Path.cwd()
    return f"{data}{python.relative_to(here) if python.is_relative_to(here) else python} manage.py"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
