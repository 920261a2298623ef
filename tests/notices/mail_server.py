"""A mail server on this machine, which takes, refuses or keeps silent."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class MailServer:
    """`taken`: to whom mail went; `refused`: to whom it takes none; `is_silent`: says nothing."""

    port: int = 0
    taken: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    is_silent: bool = False
    connections: int = 0
    ends: threading.Event = field(default_factory=threading.Event)


@contextmanager
def mail_server(settings: Any, **more: Any) -> Iterator[MailServer]:
    """One that the node's settings name."""
    told = MailServer(**more)

    class Hear(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            told.connections += 1
            if told.is_silent:
                told.ends.wait(60)
                return
            self.say("220 mail.example")
            while line := self.rfile.readline().decode().strip():
                self.say(self.answer(line))

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def answer(self, line: str) -> str:
            verb, to = line[:4].upper(), line.partition("<")[2].partition(">")[0]
            if verb == "RCPT":
                if to in told.refused:
                    return "550 no such mailbox"
                told.taken.append(to)
            if verb == "DATA":
                self.say("354 go on")
                while self.rfile.readline() != b".\r\n":
                    """It is not read."""
            return "250 ok"

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hear) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.port = server.server_address[1]
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", told.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        try:
            yield told
        finally:
            told.ends.set()
            server.shutdown()
