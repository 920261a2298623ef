"""The embedded default: a whole node on one machine, without configuration and without Django."""

from pathlib import Path
from urllib.parse import quote

from indicators.local import secrets
from indicators.local.borrow import borrow_for_command, borrowed_database
from indicators.local.places import default_data_dir, run_directory

__all__ = [
    "borrow_for_command",
    "borrowed_database",
    "broker_url",
    "database_url",
    "default_data_dir",
    "secrets",
]


def database_url(data_dir: Path | None = None) -> str:
    """The embedded database: `postgresql://retort@%2Ftmp%2Fretort-…/retort` (a socket)."""
    run = quote(str(run_directory(data_dir or default_data_dir())), safe="")
    return f"postgresql://retort@{run}/retort"


def broker_url(data_dir: Path | None = None) -> str:
    """The embedded broker, as Celery writes it: `redis+socket:///tmp/retort-…/valkey.sock`."""
    return f"redis+socket://{run_directory(data_dir or default_data_dir())}/valkey.sock"
