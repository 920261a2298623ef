"""What an administrator types about peers, and what is answered."""

import json
from io import StringIO
from typing import Any

from django.core.management import call_command

from tests.peer_simulator import SimulatedNode


def run(*words: str) -> Any:
    """A command's rows."""
    out = StringIO()
    call_command(*words, "--json", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def said(*words: str) -> str:
    """A command's table."""
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    return out.getvalue()


def add(node: SimulatedNode, *more: str) -> dict[str, Any]:
    [row] = run("peer", "add", node.base_url, "--allow-private", *more)
    return dict(row)


def confirm(node: SimulatedNode) -> None:
    run("peer", "confirm", "Birch", add(node)["fingerprint"])
