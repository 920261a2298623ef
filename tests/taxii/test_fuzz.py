"""Hypothesis at the door: whatever the query, header, path or body, an ordinary answer."""

import json
import string
from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journeys.feed import indicators
from tests.taxii.conftest import ROOT, TAXII, Door

quickly = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NAMES = st.sampled_from(
    [
        "limit",
        "next",
        "added_after",
        *(f"match[{x}]" for x in ("id", "type", "version", "spec_version")),
    ]
)
SENSIBLE = st.sampled_from(
    ["1", "0", "last", "all", "first", "2.1", "indicator", "2026-11-01T00:00:00Z", ",", "", "-1"]
)
VALUES = SENSIBLE | st.text(max_size=40) | st.lists(SENSIBLE, max_size=5).map(",".join)


def must_be_ordinary(
    client: Client, method: str, path: str, body: bytes = b"", **headers: str
) -> None:
    response = client.generic(method, path, body, TAXII, headers=headers)
    assert response.status_code < 500, response.content
    if response.status_code != 304:
        assert response.headers["Content-Type"] == TAXII


@quickly
@given(
    query=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    path=st.sampled_from(["objects/", "manifest/", f"objects/{indicators(1)[0]['id']}/", ""]),
)
def test_any_query(birch: Door, query: list[tuple[str, str]], path: str) -> None:
    text = "&".join(f"{quote(name)}={quote(value)}" for name, value in query)
    must_be_ordinary(birch.client, "GET", f"{birch.path}{path}?{text}")


@quickly
@given(raw=st.text(string.printable, max_size=60))
def test_any_raw_query_string(birch: Door, raw: str) -> None:
    must_be_ordinary(birch.client, "GET", f"{birch.path}objects/?{quote(raw, safe='%&=;+,[]')}")


@quickly
@given(rest=st.text(max_size=60))
def test_any_path(birch: Door, rest: str) -> None:
    must_be_ordinary(birch.client, "GET", f"{ROOT}{quote(rest, safe='/')}")


@quickly
@given(
    name=st.sampled_from(["Accept", "Accept-Encoding", "If-None-Match", "Authorization"]),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
)
def test_any_header(birch: Door, name: str, value: str) -> None:
    must_be_ordinary(birch.client, "GET", f"{birch.path}objects/", **{name: value})


@quickly
@given(body=st.binary(max_size=200))
def test_any_body(birch: Door, body: bytes) -> None:
    must_be_ordinary(birch.client, "POST", f"{birch.path}objects/", body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("field", sorted(indicators(1)[0]))
@settings(parent=quickly, max_examples=30)
@given(value=JSON)
def test_any_value_in_any_property_of_an_object(birch: Door, field: str, value: object) -> None:
    envelope = {"objects": [{**indicators(1)[0], field: value}]}
    response = birch.post(json.dumps(envelope).encode())
    assert response.status_code in (202, 422)
