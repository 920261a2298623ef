"""The embedded broker: Valkey on a socket, with its tasks on disk."""

import signal
import socket
from pathlib import Path

from indicators.local.places import (
    make_data_dir,
    make_run_directory,
    make_server_directory,
    run_directory,
    server_account,
    server_directory,
)
from indicators.local.programs import valkey_program
from indicators.local.service import Launch, end_former, server_environment


class Valkey:
    """One broker in a data directory."""

    name = "broker"
    tier = 1
    stop_signals = ((signal.SIGTERM, 15.0),)
    patience = 60.0

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.run = run_directory(data_dir)
        self.socket = self.run / "valkey.sock"
        self.account = server_account()

    def prepare(self) -> None:
        make_data_dir(self.data_dir)
        make_run_directory(self.data_dir)
        end_former(
            "valkey-server", make_server_directory(self.data_dir, "valkey"), self.stop_signals
        )
        self.socket.unlink(missing_ok=True)

    def launch(self) -> Launch:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(server_directory(self.data_dir, "valkey")),
            "daemonize": "no",
            "loglevel": "warning",
            # Every write reaches the kernel before it is acknowledged, so a kill -9 loses nothing.
            # A power cut may lose a second of tasks: those are named in PostgreSQL, too.
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            # A queue must refuse what it can't keep, not forget what it had.
            "maxmemory-policy": "noeviction",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return Launch(
            program=str(valkey_program(self.account)),
            arguments=tuple(options),
            account=self.account,
            environment=server_environment(),
        )

    def is_ready(self, pid: int) -> bool:
        """Whether it answers PING with PONG: while it loads its tasks from disk it says LOADING."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def settle(self) -> None:
        """Nothing: a broker's queues make themselves."""
