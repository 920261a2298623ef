"""What a page costs at the end of the feed, and with every filter, against the first page.

Like is compared with like: the first page that is made for its reader, the first kept page, the
first manifest. One client; the requests take turns; medians.
"""

import statistics
from collections.abc import Mapping
from time import perf_counter

import orjson

from tests.benchmarks.client import Client, Door, expect, walk
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import TYPES
from tests.benchmarks.place import Place

TURNS = 25
LONG_AGO = "added_after=2000-01-01T00:00:00Z"


def run(place: Place) -> list[Figure]:
    marks = _Marks(place)
    milliseconds = _timed(place, {"first": LONG_AGO, **marks.queries()})
    kept = _timed(place, {"first": "", "last": marks.last_kept})
    manifest = _timed(
        place,
        {"first": LONG_AGO, "last": f"added_after={marks.near_end}", "type": "match[type]=rare"},
        "manifest",
    )
    first = milliseconds.pop("first")
    return [
        Figure("page cost, first page (direct)", first, "ms"),
        Figure("page cost, first kept page", kept["first"], "ms"),
        Figure("page cost, first page of the manifest", manifest["first"], "ms"),
        Figure("page cost, last kept page ÷ first", kept["last"] / kept["first"], "×", at_most=1.2),
        Figure(
            "page cost, last manifest ÷ first",
            manifest["last"] / manifest["first"],
            "×",
            at_most=1.2,
        ),
        *(
            Figure(
                f"page cost, {name} ÷ first",
                value / first,
                "×",
                at_most=1.2 if name == "last" else 3,
            )
            for name, value in milliseconds.items()
        ),
    ]


class _Marks:
    """Moments, ids and versions near the start, in the middle and near the end of the feed."""

    def __init__(self, place: Place) -> None:
        from indicators.models import Entry

        entries = Entry.objects.filter(collection_id=place.feed.collection).order_by("seq")
        size = entries.order_by("-seq").first().seq + 1
        self.middle = _moment(entries.get(seq=size // 2).date_added)
        self.near_end = _moment(entries.filter(seq__lt=size - 1000).last().date_added)
        ends = [entries.get(seq=n) for n in (5, size // 2, size - 5)]
        self.ids = [entry.stix_id for entry in ends]
        self.versions = [_moment(entry.version) for entry in ends]
        spread = range(7, size, max(1, size // 100))
        self.hundred = ",".join(
            entries.filter(seq__in=spread).values_list("stix_id", flat=True)[:100]
        )
        self.last_kept = self._walk(place.door())

    @staticmethod
    def _walk(door: Door) -> str:
        client = Client(door, "zstd")
        queries = [orjson.loads(body).get("next") for body in walk(client, coding="zstd")]
        client.close()
        return f"next={queries[-3]}" if len(queries) > 2 else ""

    def queries(self) -> dict[str, str]:
        late = f"added_after={self.near_end}"
        filters = {
            **{f"type {name}": f"match[type]={kind}" for name, kind in TYPES.items()},
            "type unknown": "match[type]=malware",
            "types all": f"match[type]={','.join(TYPES.values())}",
            "version all": "match[version]=all",
            "version first": "match[version]=first",
            "version first,last": "match[version]=first,last",
            "version value": f"match[version]={self.versions[1]}",
            "type common, version all": "match[type]=indicator&match[version]=all",
            "type rare, version all": "match[type]=campaign&match[version]=all",
            "type common, version value": "match[type]=indicator"
            f"&match[version]={self.versions[2]}",
            "spec_version": "match[spec_version]=2.1",
        }
        ids = {
            "id first": f"match[id]={self.ids[0]}",
            "id last": f"match[id]={self.ids[2]}",
            "id last, version all": f"match[id]={self.ids[2]}&match[version]=all",
            "ids 100": f"match[id]={self.hundred}",
            "ids 100, version all, type": f"match[id]={self.hundred}&match[version]=all"
            "&match[type]=indicator",
        }
        return {
            "last": late,
            "middle": f"added_after={self.middle}",
            **ids,
            **{name: f"{query}&{LONG_AGO}" for name, query in filters.items()},
            **{
                f"{name}, from middle": f"{q}&added_after={self.middle}"
                for name, q in filters.items()
            },
            **{f"{name}, near end": f"{query}&{late}" for name, query in filters.items()},
        }


def _timed(place: Place, queries: Mapping[str, str], kind: str = "objects") -> dict[str, float]:
    """Median milliseconds of each query."""
    client = Client(place.door(kind))
    times: dict[str, list[float]] = {name: [] for name in queries}
    for turn in range(TURNS + 2):
        for name, query in queries.items():
            began = perf_counter()
            expect(client.get(f"?{query}"))
            if turn >= 2:
                times[name].append(1e3 * (perf_counter() - began))
    client.close()
    return {name: statistics.median(found) for name, found in times.items()}


def _moment(when) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
