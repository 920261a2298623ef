"""Each chart once, with words of one's choice in it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.utils.safestring import SafeString

from indicators.web.charts import (
    Bar,
    Curve,
    Delay,
    Edge,
    Event,
    Label,
    Node,
    Seen,
    bars,
    corroboration,
    decay,
    graph,
    heat_map,
    lag,
    spark,
    timeline,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Picture = Callable[..., SafeString]


def _spark(words: str = "Matches") -> SafeString:
    return spark([1, 5, 2.5, 8], label=words)


def _bars(words: str = "reasoning") -> SafeString:
    return bars([Bar(words, 5, url="/a/"), Bar("coding", 2)], key="bars", title="Capabilities")


def _decay(words: str = "decay") -> SafeString:
    return decay(Curve(80, NOW, 90, 2, 20, NOW + 80 * DAY), NOW + 10 * DAY, key=words)


def _lag(words: str = "Feed lag") -> SafeString:
    return lag([Delay(NOW + n * DAY, n * 100.0) for n in range(20)], title=words)


def _corroboration(words: str = "Birch") -> SafeString:
    seen = [Seen(NOW, words, "indicator"), Seen(NOW + DAY, "Cedar", "sighting")]
    return corroboration(seen, NOW + 3 * DAY)


def _timeline(words: str = "Activity") -> SafeString:
    events = [Event(NOW, words, words, until=NOW + DAY), Event(NOW, "Claimed", "Claims", url="/")]
    return timeline(events)


def _heat_map(words: str = "coding") -> SafeString:
    columns = [Label(words, "/c/"), Label("reasoning")]
    return heat_map([Label(words, "/r/")], columns, [[3.0, None]], key="heat", title="Heat")


def _graph(words: str = "Birch's") -> SafeString:
    nodes = [Node("a", words, words, 0, url="/a/"), Node("b", words, "Network", 1, "own")]
    return graph(nodes, [Edge("a", "b", words)], key="graph", title="Graph")


PICTURES: dict[str, Picture] = {
    "spark": _spark,
    "bars": _bars,
    "decay": _decay,
    "lag": _lag,
    "corroboration": _corroboration,
    "timeline": _timeline,
    "heat map": _heat_map,
    "graph": _graph,
}
