"""Pages of 1,000 objects, uncompressed, against the plain view.

Rounds of plain, kept and direct pages take turns, so that whatever else the machine does falls on
all of them. Two clients at once, each on a connection of its own.
"""

import statistics
from collections.abc import Sequence
from itertools import islice

import orjson

from tests.benchmarks.client import Client, Door, added_last, crowd, expect, repeat, walk
from tests.benchmarks.figures import Figure
from tests.benchmarks.place import PLAIN_OBJECTS, Place

ROWS = 1000
CLIENTS = 2
ROUNDS = 7
SECONDS = 2.0
MOST_PAGES = PLAIN_OBJECTS // ROWS - 1


def run(place: Place) -> list[Figure]:
    ways: dict[str, tuple[Door, list[str]]] = {
        "plain": (place.plain_door, _plain_pages(place)),
        "kept": (place.door(), _kept_pages(place.door())),
        "direct": (place.door(), _direct_pages(place.door(), "added_after={}")),
        "limit": (place.door(), _direct_pages(place.door(), "limit=999&added_after={}")),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    with crowd(CLIENTS) as together:
        for _ in range(ROUNDS):
            for name, (door, queries) in ways.items():
                jobs = [(door, _turned(queries, n), SECONDS) for n in range(CLIENTS)]
                rates[name].append(sum(together(repeat, jobs)))
    return [
        Figure("page of 1,000, plain view", statistics.median(rates["plain"]), "pages/s"),
        *_against_plain("kept page (by next)", rates["kept"], rates["plain"]),
        *_against_plain("direct page (added_after)", rates["direct"], rates["plain"]),
        *_against_plain("direct page (limit=999)", rates["limit"], rates["plain"]),
    ]


def _against_plain(name: str, rates: list[float], plain: list[float]) -> list[Figure]:
    ratio = statistics.median(r / p for r, p in zip(rates, plain, strict=True))
    return [
        Figure(f"page of 1,000, {name}", statistics.median(rates), "pages/s"),
        Figure(f"page of 1,000, {name} ÷ plain", ratio, "×", at_least=0.7),
    ]


def _turned(queries: Sequence[str], client: int) -> list[str]:
    """Each client begins elsewhere, so that none warms up the other's pages."""
    start = client * len(queries) // CLIENTS
    return [*queries[start:], *queries[:start]]


def _plain_pages(place: Place) -> list[str]:
    return [f"{after}/" for after in range(0, min(place.objects, PLAIN_OBJECTS) - ROWS, ROWS)]


def _kept_pages(door: Door) -> list[str]:
    """The queries of a walk from the start; walking makes the pages."""
    client = Client(door)
    followed = (orjson.loads(body).get("next") for body in walk(client))
    queries = ["", *(f"?next={next}" for next in islice(followed, MOST_PAGES) if next)]
    client.close()
    # The last page of a feed isn't full, and isn't kept.
    return queries[:-1]


def _direct_pages(door: Door, form: str) -> list[str]:
    client = Client(door)
    queries, moment = [], "2000-01-01T00:00:00Z"
    while len(queries) < MOST_PAGES:
        query = f"?{form.format(moment)}"
        answer = expect(client.get(query))
        if not answer.body.startswith(b'{"more":true'):
            break
        queries.append(query)
        moment = added_last(answer)
    client.close()
    return queries
