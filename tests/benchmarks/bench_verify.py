"""Verification of the whole node: the log by itself, every stored body, and the command."""

from time import perf_counter

from tests.benchmarks.figures import Figure
from tests.benchmarks.place import Place

TARGET_ENTRIES, TARGET_SECONDS = 1_000_000, 10.0


def run(place: Place) -> list[Figure]:
    from federation.transparency.audit import verify_log
    from indicators.models import Collection
    from indicators.store.custody import check_custody

    collection = Collection.objects.get(pk=place.feed.collection)
    began = perf_counter()
    report = verify_log(collection.pk)
    logged = perf_counter()
    check_custody(collection, report.size)
    held = perf_counter()
    place.node.run("verify", place.feed.collection)
    ended = perf_counter()
    share = report.size / TARGET_ENTRIES
    return [
        Figure(
            f"verify a log of {report.size:,} entries",
            logged - began,
            "s",
            at_most=round(TARGET_SECONDS * share, 1),
        ),
        Figure("verify, every stored body against its entry", held - logged, "s"),
        Figure("verify, the command (both)", ended - held, "s"),
    ]
