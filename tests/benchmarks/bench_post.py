"""POSTs of 1,000 objects by two clients at once: validated, logged, and readable when answered.

The envelopes are written beforehand. Into one collection, whose log puts the writers in a queue,
and into one each.
"""

from time import perf_counter

from tests.benchmarks.client import Client, Door, crowd, expect
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import ENVELOPE, Author
from tests.benchmarks.place import Meter, Place

CLIENTS = 2
POSTS = 20


def run(place: Place) -> list[Figure]:
    mine, other = place.another_collection("Posted"), place.another_collection("Posted, too")
    figures = []
    with crowd(CLIENTS) as together:
        together(post, [(place.door(collection=mine), 90 + n, 2) for n in range(CLIENTS)])
        for name, collections, target, seed in (
            ("into one collection", [mine, mine], 8000, 100),
            ("into a collection each", [mine, other], None, 200),
        ):
            jobs = [(place.door(collection=c), seed + n, POSTS) for n, c in enumerate(collections)]
            meter = Meter(place.node)
            spans = together(post, jobs)
            spent = meter.read()
            elapsed = max(end for _, end in spans) - min(start for start, _ in spans)
            count = CLIENTS * POSTS * ENVELOPE
            figures += [
                Figure(f"POST of 1,000, {name}", count / elapsed, "objects/s", target),
                Figure(
                    f"POST of 1,000, {name}, CPU of the node",
                    1e6 * spent["node"] / count,
                    "µs an object",
                ),
            ]
    _all_readable(place, mine)
    return figures


def post(door: Door, seed: int, posts: int) -> tuple[float, float]:
    """When the first of the POSTs was sent, and the last answered as complete."""
    envelopes = list(Author(seed).envelopes(posts))
    client = Client(door)
    began = perf_counter()
    for body in envelopes:
        answer = expect(client.post(body), 202)
        if b'"status":"complete"' not in answer.body or b'"success_count":1000' not in answer.body:
            raise RuntimeError(answer.body[:1000].decode())
    ended = perf_counter()
    client.close()
    return began, ended


def _all_readable(place: Place, collection: str) -> None:
    """What was answered as stored is on the pages: every version of every object."""
    expected = (2 * CLIENTS + CLIENTS * POSTS + POSTS) * ENVELOPE
    from tests.benchmarks.client import walk

    client = Client(place.door(collection=collection), "zstd")
    pages = walk(client, "match[version]=all", coding="zstd")
    found = sum(body.count(b'"spec_version":"2.1"') for body in pages)
    client.close()
    if found != expected:
        raise RuntimeError(f"{found} objects of {expected} are readable.")
