"""Filters and paging: to the letter, lossless, and immutable where pages are full."""

import gzip
from typing import Any

import pytest
import zstandard
from django.http import HttpResponse

from tests.journeys.feed import indicators
from tests.taxii.conftest import Door, content


def ids(response: HttpResponse) -> list[str]:
    return [each["id"] for each in content(response).get("objects", [])]


def versions_of(sent: dict[str, Any], *days: int) -> list[dict[str, Any]]:
    return [{**sent, "modified": f"2026-11-{day:02}T00:00:00.000Z"} for day in days]


MALFORMED = [
    "limit=0",
    "limit=-1",
    "limit=ten",
    "limit=",
    "limit=1&limit=2",
    "limit=١",
    "limit=1e3",
    "added_after=yesterday",
    "added_after=2026-01-01",
    "added_after=2026-13-01T00:00:00Z",
    "added_after=2026-02-30T00:00:00.000Z",
    "added_after=2026-01-01T00:00:00.000+00:00",
    "added_after=2026-01-01T00:00:00Z&added_after=2026-01-01T00:00:00Z",
    "added_after=0000-01-01T00:00:00Z",
    "match[version]=newest",
    "match[version]=all,last",
    "match[version]=",
    "match[version]=2026-01-01",
    "match[type]=Indicator!",
    "match[type]=",
    "match[type]=indicator&match[type]=campaign",
    "match[id]=indicator",
    "match[id]=indicator--not-a-uuid",
    "match[id]=indicator--%00",
    "match[spec_version]=latest",
    "next=abc",
    "next=",
    "next=AAAA%00",
    "next=" + "A" * 4000,
    "match[type]=" + ",".join(f"t{n}" for n in range(101)),
]


@pytest.mark.parametrize("query", MALFORMED)
def test_a_malformed_or_doubled_parameter_gets_400(birch: Door, query: str) -> None:
    for path in ("objects/", "manifest/"):
        assert birch.get(f"{birch.path}{path}?{query}").status_code == 400


@pytest.mark.parametrize("query", ["match[colour]=red", "colour=red", "match=x", "match[]=x"])
def test_unknown_parameters_are_ignored(birch: Door, query: str) -> None:
    (sent,) = indicators(1)
    birch.posted(sent)
    assert ids(birch.get(f"{birch.path}objects/?{query}")) == [sent["id"]]


def test_limit_is_never_exceeded_and_more_comes_with_next(birch: Door) -> None:
    birch.posted(*indicators(5))
    page = content(birch.get(limit=2))
    assert len(page["objects"]) == 2
    assert page["more"] is True
    assert page["next"]


def test_our_cap_applies_without_a_limit(birch: Door, settings: Any) -> None:
    settings.PAGE_SIZE = 3
    birch.posted(*indicators(5))
    assert [len(ids(birch.get())), len(ids(birch.get(limit=100)))] == [3, 3]


@pytest.mark.parametrize("path", ["objects/", "manifest/"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_next_leads_through_everything_once_in_one_order(
    birch: Door, path: str, limit: int
) -> None:
    sent = indicators(7)
    birch.posted(*sent)
    seen, parameters = [], {"limit": limit}
    while True:
        page = content(birch.get(path, **parameters))
        seen += [each["id"] for each in page["objects"]]
        if not page.get("more"):
            break
        parameters["next"] = page["next"]
    assert seen == [each["id"] for each in sent]


def test_added_after_is_strict_and_leads_through_everything(birch: Door) -> None:
    sent = indicators(5)
    birch.posted(*sent)
    seen, since = [], {}
    while found := ids(response := birch.get(limit=2, **since)):
        seen += found
        since = {"added_after": response.headers["X-TAXII-Date-Added-Last"]}
    assert seen == [each["id"] for each in sent]


def test_dates_of_the_headers_are_those_of_the_manifest(birch: Door) -> None:
    birch.posted(*indicators(3))
    records = content(birch.get("manifest/"))["objects"]
    for path in ("objects/", "manifest/"):
        headers = birch.get(path).headers
        assert headers["X-TAXII-Date-Added-First"] == records[0]["date_added"]
        assert headers["X-TAXII-Date-Added-Last"] == records[-1]["date_added"]


def test_dates_added_are_unique_and_increasing(birch: Door) -> None:
    birch.posted(*indicators(50))
    birch.posted(*indicators(50))
    dates = [each["date_added"] for each in content(birch.get("manifest/"))["objects"]]
    assert dates == sorted(set(dates))


def test_an_empty_page_is_an_empty_envelope_without_dates(birch: Door) -> None:
    response = birch.get()
    assert response.content == b"{}"
    assert "X-TAXII-Date-Added-First" not in response.headers


def test_a_cursor_of_another_query_or_collection_gets_400(birch: Door) -> None:
    birch.posted(*indicators(3))
    cursor = content(birch.get(limit=1))["next"]
    assert birch.get(limit=1, next=cursor).status_code == 200
    assert birch.get(limit=1, next=cursor, match_type="indicator").status_code == 400
    assert birch.get("manifest/", limit=1, next=cursor).status_code == 400
    assert birch.get(limit=1, next=cursor[:-2] + "AA").status_code == 400


def test_a_client_may_change_the_limit_while_it_pages(birch: Door) -> None:
    birch.posted(*indicators(3))
    cursor = content(birch.get(limit=1))["next"]
    assert len(ids(birch.get(limit=2, next=cursor))) == 2


def test_matching_ids_and_types_is_or_between_commas_and_and_between_fields(birch: Door) -> None:
    one, two, three = indicators(3)
    birch.posted(one, two, three)
    wanted = f"{one['id']},{three['id']}"
    assert ids(birch.get(match_id=wanted)) == [one["id"], three["id"]]
    assert ids(birch.get(match_id=wanted, match_type="campaign,indicator")) == ids(
        birch.get(match_id=wanted)
    )
    assert ids(birch.get(match_id=wanted, match_type="campaign")) == []


def test_match_version_selects_as_taxii_says(birch: Door) -> None:
    (sent,) = indicators(1)
    first, middle, last = versions_of(sent, 1, 2, 3)
    birch.posted(middle, last, first)
    path = f"objects/{sent['id']}/"

    def selected(version: str) -> list[str]:
        objects = content(birch.get(path, match_version=version)).get("objects", [])
        return [each["modified"][8:10] for each in objects]

    assert content(birch.get(path))["objects"] == [last]
    assert selected("first") == ["01"]
    assert selected("last") == ["03"]
    assert selected("first,last") == ["03", "01"]
    assert selected("all") == ["02", "03", "01"]
    assert selected("2026-11-02T00:00:00Z") == ["02"]
    assert selected("2026-11-02T00:00:00.000000Z,last") == ["02", "03"]
    assert selected("2026-11-09T00:00:00Z") == []


def test_a_known_id_without_a_match_is_an_empty_envelope(birch: Door) -> None:
    (sent,) = indicators(1)
    birch.posted(sent)
    response = birch.get(f"objects/{sent['id']}/", match_spec_version="2.0")
    assert (response.status_code, response.content) == (200, b"{}")


def test_an_unknown_id_gets_404(birch: Door) -> None:
    assert birch.get(f"objects/{indicators(1)[0]['id']}/").status_code == 404


def test_versions_are_listed_in_order_of_addition_with_microseconds(birch: Door) -> None:
    (sent,) = indicators(1)
    birch.posted(*versions_of(sent, 2, 1))
    response = birch.get(f"objects/{sent['id']}/versions/")
    assert content(response)["versions"] == [
        "2026-11-02T00:00:00.000000Z",
        "2026-11-01T00:00:00.000000Z",
    ]
    assert "X-TAXII-Date-Added-Last" in response.headers


@pytest.mark.parametrize("path", ["objects/", "manifest/"])
def test_spec_version_2_1_is_everything_and_2_0_nothing(birch: Door, path: str) -> None:
    birch.posted(*indicators(2))
    assert len(ids(birch.get(path, match_spec_version="2.0,2.1"))) == 2
    assert ids(birch.get(path, match_spec_version="2.0")) == []


def test_objects_are_served_as_they_were_sent(birch: Door) -> None:
    (sent,) = indicators(1)
    sent |= {"modified": "2026-11-01T00:00:00.000001Z", "confidence": 0, "revoked": False}
    birch.posted(sent)
    assert content(birch.get())["objects"] == [sent]


@pytest.fixture
def full(birch: Door, settings: Any) -> Door:
    """Four objects on pages of two: one full page and one that can still grow."""
    settings.PAGE_SIZE = 2
    birch.posted(*indicators(4))
    return birch


def test_a_full_page_is_the_same_bytes_every_time(full: Door) -> None:
    made, kept = full.get(), full.get()
    assert made.content == kept.content
    assert made.headers["ETag"] == kept.headers["ETag"]


def test_a_full_page_is_kept_compressed_and_means_the_same_in_every_coding(full: Door) -> None:
    plain = full.get().content
    path = f"{full.path}objects/"
    zstd = full.client.get(path, headers={"Accept-Encoding": "gzip, zstd"})
    gzipped = full.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert zstd.headers["Content-Encoding"] == "zstd"
    assert zstandard.decompress(zstd.content) == plain
    assert gzip.decompress(gzipped.content) == plain
    assert len({r.headers["ETag"] for r in (zstd, gzipped, full.get())}) == 3


def test_a_full_page_that_the_client_has_gets_304(full: Door) -> None:
    path = f"{full.path}objects/"
    tag = full.get().headers["ETag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = full.client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
    assert full.client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_superseded_object_leaves_the_page_that_was_kept(full: Door) -> None:
    before = content(full.get())["objects"]
    revised = {**before[0], "modified": "2026-11-05T00:00:00.000Z"}
    full.posted(revised)
    seen, parameters = [], {}
    while True:
        page = content(full.get(**parameters))
        seen += page["objects"]
        if not page.get("more"):
            break
        parameters = {"next": page["next"]}
    assert seen[0] == before[1]
    assert seen[-1] == revised
    assert len(seen) == 4


def test_a_deleted_object_leaves_the_page_that_was_kept(full: Door) -> None:
    gone = content(full.get(match_version="all"))["objects"][0]["id"]
    full.delete(gone)
    assert gone not in ids(full.get(match_version="all"))


@pytest.mark.parametrize("coding", ["gzip", "zstd", "identity"])
def test_other_pages_are_compressed_on_request(birch: Door, coding: str) -> None:
    birch.posted(*indicators(20))
    path = f"{birch.path}objects/?limit=10"
    response = birch.client.get(path, headers={"Accept-Encoding": coding})
    assert response.headers.get("Content-Encoding", "identity") == coding
