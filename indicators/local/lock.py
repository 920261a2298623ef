"""One node or command at a time works on a data directory's servers."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from indicators.local.errors import InUse
from indicators.local.places import make_data_dir

NODE = "node"
COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a data directory: a node (`up`), or a command that borrows the database."""

    pid: int
    kind: str


@contextlib.contextmanager
def held(data_dir: Path, kind: str) -> Iterator[None]:
    """Hold the data directory. The kernel lets go of the lock when we die, however we die.

    Raises InUse, naming the holder.
    """
    make_data_dir(data_dir)
    with (data_dir / "lock").open("a+") as file:
        # A look at the lock, by holder(), takes it for an instant: hence more than one attempt.
        for attempt in range(5):
            if _taken(file):
                break
            if attempt == 4 or holder(data_dir) is not None:
                raise InUse(_in_use(data_dir))
            time.sleep(0.05)
        file.seek(0)
        file.truncate()
        json.dump({"pid": os.getpid(), "kind": kind}, file)
        file.flush()
        yield


def holder(data_dir: Path) -> Holder | None:
    """Who holds the data directory now, if anybody."""
    try:
        file = (data_dir / "lock").open("r+")
    except FileNotFoundError:
        return None
    with file:
        for _ in range(50):
            if _taken(file):
                return None
            # A new holder writes its name an instant after it got the lock: until then, the file
            # is empty or names a former holder, which is dead.
            with contextlib.suppress(ValueError, KeyError):
                file.seek(0)
                found = json.load(file)
                if _is_alive(found["pid"]):
                    return Holder(found["pid"], found["kind"])
            time.sleep(0.02)
    return Holder(0, COMMAND)


def _taken(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _in_use(data_dir: Path) -> str:
    who = holder(data_dir)
    if who is None:
        return f"The data directory {data_dir} was in use a moment ago; try again."
    if who.kind == NODE:
        return (
            f"A node already runs on {data_dir} (process {who.pid}); "
            "stop it, or choose another directory with --data DIR."
        )
    return (
        f"A command is working on {data_dir} (process {who.pid}); "
        "start the node when it has finished."
    )
