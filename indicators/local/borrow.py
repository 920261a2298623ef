"""The embedded database for a single command: the running node's, or one just for the command."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from indicators.local.errors import DidNotStart, InUse, LocalError, NeverStarted
from indicators.local.lock import COMMAND, NODE, held, holder
from indicators.local.places import default_data_dir
from indicators.local.postgres import Postgres
from indicators.local.service import running

#: Commands that need no database, or (`up`, `doctor`) see to it themselves.
WITHOUT_DATABASE = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "doctor",
        "findstatic",
        "help",
        "makemessages",
        "makemigrations",
        "simulate",
        "startapp",
        "startproject",
        "up",
        "version",
    }
)
#: Commands that may be the first ever to run on a data directory.
FIRST = frozenset({"migrate"})
#: Commands with `--data DIR`. The settings are read before Django reads the command line.
WITH_DATA_OPTION = frozenset({"up", "doctor"})


@contextlib.contextmanager
def borrow_for_command(argv: Sequence[str]) -> Iterator[None]:
    """Wrap `execute_from_command_line(argv)`: the command finds a database, if it needs one.

    With DATABASE_URL set nothing is started. Ends the program with exit code 1, and a sentence on
    standard error, when the database can't be had.
    """
    command = argv[1] if len(argv) > 1 else "help"
    if command in WITH_DATA_OPTION:
        _adopt_data_option(argv[2:])
    with contextlib.ExitStack() as stack:
        if _needs_database(command, argv):
            try:
                create = command in FIRST
                stack.enter_context(borrowed_database(default_data_dir(), create=create))
            except LocalError as error:
                print(f"{command}: {error}", file=sys.stderr)  # noqa: T201 - Django isn't up yet
                raise SystemExit(1) from error
        yield


@contextlib.contextmanager
def borrowed_database(data_dir: Path, *, create: bool = False) -> Iterator[None]:
    """The embedded database of `data_dir` is up while the block runs.

    If a node runs there, its database is used. If not, the database is started, and stopped at the
    end; a second command waits until the first has finished. Raises NeverStarted if there is no
    database yet (unless `create`), or another LocalError if it doesn't start.
    """
    postgres = Postgres(data_dir)
    if not create and not postgres.exists():
        raise NeverStarted(
            f"There is no node in {data_dir} yet; run `python manage.py up` first, or name "
            "another directory with RETORT_DATA, or a server with DATABASE_URL."
        )
    with contextlib.ExitStack() as stack:
        if not _joined(stack, postgres):
            stack.enter_context(running(postgres, data_dir / "database.log"))
        yield


def _joined(stack: contextlib.ExitStack, postgres: Postgres) -> bool:
    """True: a node runs, and its database answers. False: the data directory is now ours."""
    told = False
    while True:
        try:
            stack.enter_context(held(postgres.data_dir, COMMAND))
        except InUse:
            who = holder(postgres.data_dir)
            if who is not None and who.kind == NODE:
                _await_node(postgres)
                return True
            if who is not None and not told:
                told = True
                print(  # noqa: T201 - Django isn't up yet
                    f"Waiting for another command (process {who.pid}) to finish.", file=sys.stderr
                )
            time.sleep(0.1)
        else:
            return False


def _await_node(postgres: Postgres) -> None:
    """A node that has just been started needs a moment until its database answers."""
    deadline = time.monotonic() + 30
    while not postgres.is_running():
        if time.monotonic() > deadline:
            raise DidNotStart(
                f"A node runs on {postgres.data_dir}, but its database does not answer; "
                "see what `up` says, or restart it."
            )
        time.sleep(0.05)


def is_server_named(variable: str) -> bool:
    """Whether DATABASE_URL or BROKER_URL names a server, so that no embedded one is started."""
    return bool(os.environ.get(variable) or os.environ.get(f"{variable}_FILE"))


def _needs_database(command: str, argv: Sequence[str]) -> bool:
    if is_server_named("DATABASE_URL"):
        return False
    asks_only = command.startswith("-") or not {"-h", "--help"}.isdisjoint(argv[2:])
    return not asks_only and command not in WITHOUT_DATABASE


def _adopt_data_option(arguments: Sequence[str]) -> None:
    for position, argument in enumerate(arguments):
        if argument == "--data" and position + 1 < len(arguments):
            os.environ["RETORT_DATA"] = str(Path(arguments[position + 1]).absolute())
        elif argument.startswith("--data="):
            os.environ["RETORT_DATA"] = str(Path(argument.removeprefix("--data=")).absolute())
