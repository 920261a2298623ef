"""How commands name what peers have, and read what is brought for them."""

import sys
from collections.abc import Sequence
from pathlib import Path

from django.core.management.base import CommandError

from federation.models import Peer, Subscription
from federation.peers.source import Offered


def collection_offered(offered: Sequence[Offered], named: str) -> Offered:
    """The one of that id or title."""
    found = [each for each in offered if named in (each.id, each.title)]
    if len(found) != 1:
        raise CommandError(
            f"{len(found)} collections that the peer offers here are called {named!r}; `peer"
            " subscribe NAME` lists them by id."
        )
    return found[0]


def subscriptions_named(peer: Peer, named: str | None) -> list[Subscription]:
    """What is pulled of a peer: all of it, or the collection of that title, URL or id."""
    found = peer.subscriptions.order_by("title")
    if named is None:
        return list(found)
    chosen = [each for each in found if named in (each.title, each.url) or f"/{named}/" in each.url]
    if not chosen:
        raise CommandError(f"{named!r} of {peer.name} is not pulled; `peer show` lists what is.")
    return chosen


def read_key(given: str) -> str:
    """An API key from a file, or from standard input for "-": never from the command line."""
    try:
        key = sys.stdin.read() if given == "-" else Path(given).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"The key can't be read: {error}.") from error
    if not key.strip():
        raise CommandError("The key is empty; its operator creates one: credential create.")
    return key.strip()


def read_file(path: Path) -> bytes:
    """A descriptor that was brought by hand; canonical JSON ends without a newline."""
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise CommandError(f"The descriptor can't be read: {error}.") from error
