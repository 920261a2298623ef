"""Search: words and filters in any combination, a page at a time."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from indicators.catalog import searching, words
from indicators.catalog.question import Query
from indicators.catalog.searching import START, Found, Place, search
from indicators.detections.drafts.objects import EXTENSIONS
from indicators.models import CatalogRow, Collection, Member
from tests.catalog.conftest import Add
from tests.objects import TLP_AMBER, id_of, indicator, malware

pytestmark = pytest.mark.django_db

TOKEN = "psi1.aaaaaaaa." + "B" * 21 + "A"


def names(found: Found) -> list[str]:
    return [row.name for row in found.rows]


def tokens(key: str, **changes: Any) -> dict[str, Any]:
    told = {
        "extension_type": "property-extension",
        "match_semantics": "exact",
        "kinds": ["email"],
    }
    return indicator(
        key,
        pattern=f"[identifier-token:value IN ('{TOKEN}')]",
        extensions={EXTENSIONS["token-indicator"]: told},
        **changes,
    )


@pytest.fixture
def some(add: Add, birch: Member, inbox: Collection) -> None:
    add(
        indicator("a", name="Relay network", description="Resold access", confidence=80),
        malware("m", name="Proxy kit", object_marking_refs=[TLP_AMBER]),
        indicator("b", name="Old network", revoked=True, confidence=20),
    )
    add(tokens("t", name="Tokens of Birch"), by=birch, into=inbox)


QUESTIONS: dict[str, tuple[Query, set[str]]] = {
    "everything": (Query(), {"Relay network", "Proxy kit", "Old network", "Tokens of Birch"}),
    "a word": (Query(text="network"), {"Relay network", "Old network"}),
    "words must all be there": (Query(text="network resold"), {"Relay network"}),
    "whatever the case": (Query(text="RESOLD"), {"Relay network"}),
    "the description": (Query(text="resold"), {"Relay network"}),
    "the beginning of the last word": (Query(text="netw"), {"Relay network", "Old network"}),
    "a word must not be there": (Query(text="network -old"), {"Relay network"}),
    "only what must not be there": (
        Query(text="-network"),
        {"Proxy kit", "Tokens of Birch"},
    ),
    "nothing has it": (Query(text="nowhere"), set()),
    "marks only": (
        Query(text="?!"),
        {"Relay network", "Proxy kit", "Old network", "Tokens of Birch"},
    ),
    "a type": (Query(types=("malware",)), {"Proxy kit"}),
    "types": (Query(types=("malware", "campaign")), {"Proxy kit"}),
    "a marking": (Query(tlps=(2,)), {"Proxy kit"}),
    "unmarked": (Query(tlps=(None,), types=("malware",)), set()),
    "a kind": (Query(kinds=("email",)), {"Tokens of Birch"}),
    "a term": (Query(terms=("exact",)), {"Tokens of Birch"}),
    "our own": (Query(whose="own"), {"Relay network", "Proxy kit", "Old network"}),
    "of peers": (Query(whose="peers"), {"Tokens of Birch"}),
    "revoked": (Query(standings=("revoked",)), {"Old network"}),
    "live or revoked": (
        Query(standings=("live", "revoked"), types=("indicator",)),
        {"Relay network", "Old network", "Tokens of Birch"},
    ),
    "sure enough": (Query(confidence=(50, 100)), {"Relay network"}),
    "exactly so sure": (Query(confidence=(20, 20)), {"Old network"}),
    "unsigned": (Query(signed=False, whose="peers"), {"Tokens of Birch"}),
    "signed": (Query(signed=True), set()),
    "from a day on": (
        Query(since=date(2026, 3, 1), types=("malware",)),
        {"Proxy kit"},
    ),
    "later than all": (Query(since=date(2026, 3, 2)), set()),
    "until a day": (Query(until=date(2026, 3, 1), text="proxy"), {"Proxy kit"}),
    "no day": (Query(since=date(2026, 3, 2), until=date(2026, 3, 1)), set()),
    "an id": (Query(text=id_of("malware", "m")), {"Proxy kit"}),
    "an id that a filter excludes": (
        Query(text=id_of("malware", "m"), types=("indicator",)),
        set(),
    ),
    "a token": (Query(text=TOKEN), {"Tokens of Birch"}),
    "quotes and backslashes": (Query(types=("it's \\ odd",)), set()),
}


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(("query", "expected"), QUESTIONS.values(), ids=QUESTIONS)
def test_what_is_asked_for_is_found(query: Query, expected: set[str]) -> None:
    found = search(query)
    assert (set(names(found)), found.total) == (expected, len(expected))


@pytest.fixture
def twelve(add: Add) -> None:
    add(*(indicator(n, name=f"network {n}") for n in range(12)))


def walk(query: Query, step: Callable[[Found], Place | None], place: Place) -> list[str]:
    walked, at = [], place
    while True:
        found = search(query, at, limit=5)
        walked.append(names(found))
        following = step(found)
        if following is None:
            return [name for page in walked for name in page]
        at = following


WAYS = {
    "counted": (10_000, Query(text="network")),
    "by buckets": (3, Query(text="network")),
    "by buckets, with a filter": (3, Query(text="netw", types=("indicator",))),
    "all": (3, Query()),
}


@pytest.mark.usefixtures("twelve")
@pytest.mark.parametrize(("most", "query"), WAYS.values(), ids=WAYS)
def test_pages_follow_each_other_to_the_end(
    most: int, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST", most)
    walked = walk(query, lambda found: found.older, START)
    newest_first = CatalogRow.objects.order_by("-number").values_list("name", flat=True)
    assert walked == list(newest_first)


@pytest.mark.usefixtures("twelve")
@pytest.mark.parametrize(("most", "query"), WAYS.values(), ids=WAYS)
def test_the_way_back_leads_to_the_newest(
    most: int, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST", most)
    first = search(query, limit=5)
    assert first.older is not None
    second = search(query, first.older, limit=5)
    assert second.newer is not None
    assert names(search(query, second.newer, limit=5)) == names(first)


@pytest.mark.usefixtures("twelve")
def test_of_very_many_only_more_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST", 10)
    found = search(Query(text="network"))
    assert (found.total, found.more) == (10, True)


@pytest.mark.usefixtures("twelve")
def test_buckets_that_hold_nothing_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST", 1)
    monkeypatch.setattr(searching, "bucket_of", lambda number: number // 2 if number else 0)
    assert search(Query(text="nowhere")).rows == []


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that reach the rows: very many match, and two rows share a bucket."""
    seen: list[str] = []
    read = searching._Reader.numbers

    def seeing(reader: Any, statement: str, parameters: dict[str, Any]) -> list[int]:
        seen.append(str(parameters))
        return read(reader, statement, parameters)

    monkeypatch.setattr(searching._Reader, "numbers", seeing)
    monkeypatch.setattr(searching, "MOST", 3)
    monkeypatch.setattr(words, "BUCKET_BITS", 1)
    return seen


def test_the_beginning_of_a_word_is_not_looked_for_where_a_filter_has_nothing(
    add: Add, asked: list[str]
) -> None:
    add(*(malware(n, name=f"network {n}") for n in range(5)))
    add(*(indicator(n, name=f"network {n}") for n in range(30)))
    assert len(search(Query(text="netw", types=("malware",))).rows) == 5
    counted, walked = 2, 2
    assert sum("'netw':*" in each for each in asked) <= counted + walked


SLOWLY = """
WITH slept AS MATERIALIZED (SELECT pg_sleep(0.04)) SELECT found.* FROM slept, ({}) found
"""


@pytest.mark.usefixtures("asked")
def test_all_that_a_search_reads_shares_its_time(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    add(*(indicator(n, name=f"network {n}") for n in range(12)))
    monkeypatch.setattr(searching, "_HURRIED", 100)
    monkeypatch.setattr(searching, "_SOME", SLOWLY.format(searching._SOME))
    assert search(Query(text="network")).whole_words


def test_a_search_that_takes_too_long_looks_for_whole_words(
    add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(indicator("a", name="network"))
    whole = searching._numbers

    def slow(reader: Any, asked: tuple[str, ...], *rest: Any) -> Any:
        if ":*" in "".join(asked):
            reader.numbers("SELECT pg_sleep(5)", {})
        return whole(reader, asked, *rest)

    monkeypatch.setattr(searching, "_numbers", slow)
    found = search(Query(text="network"))
    assert (names(found), found.whole_words) == (["network"], True)


def test_a_search_that_never_ends_is_refused(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_LONGEST", 50)
    monkeypatch.setattr(searching, "_ALL", "SELECT pg_sleep(5) LIMIT %(most)s")
    with pytest.raises(searching.SearchTooBroad, match="Add a filter"):
        search(Query(types=("indicator",)))
