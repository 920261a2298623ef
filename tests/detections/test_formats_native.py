"""Native findings: line by line, strict, and equal when they mean the same."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from indicators.detections.formats import LIMITS, Limits
from tests.detections.reading import (
    NATIVE,
    account,
    faults,
    finding,
    found,
    ndjson,
    pointers,
    read,
    read_one,
)


def fault_of(**changes: Any) -> tuple[str, str]:
    (fault,) = faults(read_one(NATIVE, ndjson(finding(**changes))))
    return fault


def source_of(value: dict[str, Any] | str) -> bytes:
    body = value.encode() if isinstance(value, str) else ndjson(value)
    line = read_one(NATIVE, body)
    assert line.errors == ()
    return line.digest_source


# --- Lines ---


def test_each_line_is_a_finding() -> None:
    lines = read(NATIVE, ndjson(finding(uid="one"), finding(uid="two")))
    assert [found(line).uid for line in lines] == ["one", "two"]


def test_lines_are_numbered_from_one_with_blank_ones_counted() -> None:
    body = b"\n" + ndjson(finding()) + b" \t\r\n\n" + ndjson(finding())
    assert [line.number for line in read(NATIVE, body)] == [2, 5]


def test_the_last_line_needs_no_line_feed() -> None:
    assert found(read_one(NATIVE, ndjson(finding()).rstrip(b"\n"))).uid == "hydra-1"


def test_a_carriage_return_before_the_line_feed_is_no_part_of_the_line() -> None:
    body = ndjson(finding(), finding(uid="two")).replace(b"\n", b"\r\n")
    assert all(line.finding for line in read(NATIVE, body))


def test_a_body_without_lines_has_no_findings() -> None:
    assert read(NATIVE, [b"", b"\n", b""]) == []


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_chunks_may_end_anywhere(size: int) -> None:
    body = ndjson(finding(title="één"), finding(uid="two"))
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    assert read(NATIVE, chunks) == read(NATIVE, body)


def test_a_bad_line_does_not_fail_the_others() -> None:
    lines = read(NATIVE, ndjson(finding()) + b"{\n" + ndjson(finding(uid="three")))
    assert [bool(line.finding) for line in lines] == [True, False, True]


def test_ten_thousand_bad_lines_are_ten_thousand_errors() -> None:
    lines = read(NATIVE, b"[1\n" * LIMITS.lines)
    assert len([line for line in lines if line.errors]) == LIMITS.lines


def test_lines_beyond_the_limit_are_one_error() -> None:
    lines = read(NATIVE, ndjson(*[finding()] * 5), Limits(lines=3))
    assert [line.number for line in lines if line.errors] == [4]
    assert len(lines) == 4


def test_a_line_that_is_too_long_is_one_error_and_the_rest_goes_on() -> None:
    body = ndjson(finding(), finding(title="x" * 100), finding())
    lines = read(NATIVE, body, Limits(line_bytes=100))
    assert [bool(line.finding) for line in lines] == [True, False, True]
    assert "where 100 are allowed" in lines[1].errors[0].message


def test_a_body_that_is_too_long_ends_in_one_error() -> None:
    body = ndjson(*[finding()] * 10)
    lines = read(NATIVE, [body[:100], body[100:]], Limits(body_bytes=len(body) - 1))
    assert [bool(line.finding) for line in lines] == [True] * 9 + [False]


def test_nothing_is_read_beyond_the_limit() -> None:
    def endless() -> Iterator[bytes]:
        yield b"x" * 60
        yield b"x" * 60
        raise AssertionError("read on")

    assert len(read(NATIVE, endless(), Limits(body_bytes=100))) == 1


def test_a_line_of_many_chunks_is_joined_once() -> None:
    body = ndjson(finding(description="x" * 3000))
    assert found(read(NATIVE, (body[at : at + 1] for at in range(len(body))))[0])


# --- Strict JSON ---


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ('{"uid":"é"}'.encode("latin-1"), "not valid UTF-8"),
        (b'{"uid":"a"\x00}', "not JSON"),
        (b'{"uid":NaN}', "NaN"),
        (b'{"revision":1e999}', "2^53"),
        (b'{"uid":"\\ud800"}', "surrogate"),
        (b"[" * 33 + b"]" * 33, "more than 32 levels"),
        (b'{"uid":"a","uid":"b"}', "twice"),
        (b"hello", "not JSON"),
    ],
)
def test_what_json_readers_disagree_about_is_refused(body: bytes, sentence: str) -> None:
    ((_, message),) = faults(read_one(NATIVE, body))
    assert sentence in message


def test_a_body_in_utf_16_is_one_error() -> None:
    body = ndjson(finding(), finding()).decode().encode("utf-16")
    assert faults(read_one(NATIVE, body)) == [("", "The body is UTF-16 or UTF-32; send UTF-8.")]


# --- Shape ---


@pytest.mark.parametrize(
    ("changes", "pointer", "message"),
    [
        ({"uid": None}, "/uid", "uid must be a string, not null."),
        ({"uid": ""}, "/uid", "uid must have at least 1 characters."),
        ({"cluster": {}}, "/cluster/key", "The field key is missing; add it."),
        ({"status": "ended"}, "/status", "status must be one of closed, open."),
        ({"confidence": 101}, "/confidence", "confidence must be at most 100."),
        (
            {"confidence": 50.5},
            "/confidence",
            "confidence must be a whole number or null, not a number with a fraction or exponent.",
        ),
        ({"revision": True}, "/revision", "revision must be a whole number, not true or false."),
        ({"accounts": {}}, "/accounts", "accounts must be a list, not an object."),
        ({"accounts": [7]}, "/accounts/0", "accounts[0] must be an object, not a whole number."),
        (
            {"capability_targets": ["Coding"]},
            "/capability_targets/0",
            "capability_targets[0] must be a term: lowercase letters, digits and hyphens.",
        ),
        (
            {"capability_targets": ["coding\n"]},
            "/capability_targets/0",
            "capability_targets[0] must be a term: lowercase letters, digits and hyphens.",
        ),
        (
            {"detected_at": "yesterday"},
            "/detected_at",
            "detected_at must be an RFC 3339 time with its offset from UTC, "
            "such as 2026-06-25T00:00:00Z.",
        ),
        (
            {"detected_at": "2026-06-25T00:00:00"},
            "/detected_at",
            "detected_at must be an RFC 3339 time with its offset from UTC, "
            "such as 2026-06-25T00:00:00Z.",
        ),
        (
            {"confidance": 80},
            "/confidance",
            "The schema has no field confidance here; leave it out or correct its name.",
        ),
        (
            {
                "accounts": [
                    {"ref": "a", "identifiers": [{"kind": "e-mail", "value": "a@b.example"}]}
                ]
            },
            "/accounts/0/identifiers/0/kind",
            "kind must be one of device, domain, email, ip, organisation, payment-instrument, "
            "phone, wallet.",
        ),
    ],
)
def test_a_fault_of_shape_says_where_and_what_to_do(
    changes: dict[str, Any], pointer: str, message: str
) -> None:
    assert fault_of(**changes) == (pointer, message)


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt_text": "Think step by step"},
        {"Prompt-Text": "Think step by step"},
        {"messages": []},
        {"cluster": {"key": "a", "prompts": ["x"]}},
        {"windows": [{"completion": "x"}]},
        {"accounts": [{"ref": "a", "conversation": {}}]},
    ],
)
def test_raw_prompts_are_refused_wherever_they_are(changes: dict[str, Any]) -> None:
    _, message = fault_of(**changes)
    assert message.startswith("Raw prompts and completions are refused, always")


# --- Meaning ---


def window(start: str, seconds: int = 3600) -> dict[str, Any]:
    return {"start": start, "seconds": seconds, "account_count": 1, "request_count": 1}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"closed_because": "resolved"}, "/closed_because"),
        (
            {
                "cluster": {
                    "key": "a",
                    "first_seen": "2026-06-25T00:00:00Z",
                    "last_seen": "2026-06-24T00:00:00Z",
                }
            },
            "/cluster/last_seen",
        ),
        (
            {
                "accounts": [
                    account("a"),
                    {
                        **account("b"),
                        "first_seen": "2026-06-25T00:00:00Z",
                        "last_seen": "2026-06-25T00:00:00+01:00",
                    },
                ]
            },
            "/accounts/1/last_seen",
        ),
        ({"accounts": [account("a"), account("b"), account("a")]}, "/accounts/2/ref"),
        (
            {"windows": [window("2026-06-25T00:00:00Z"), window("2026-06-24T00:00:00Z")]},
            "/windows/1/start",
        ),
        ({"windows": [window("2026-06-25T00:00:00Z")] * 2}, "/windows/1"),
        ({"detected_at": "1999-12-31T00:00:00Z"}, "/detected_at"),
        ({"detected_at": "0001-01-01T00:00:00+14:00"}, "/detected_at"),
        ({"windows": [window("9999-12-31T23:59:59Z")]}, "/windows/0/start"),
        ({"uid": "a\0b"}, "/uid"),
        ({"accounts": [account("a", "x\0")]}, "/accounts/0/identifiers/0/value"),
    ],
)
def test_a_finding_that_makes_no_sense_is_refused_where_it_makes_none(
    changes: dict[str, Any], pointer: str
) -> None:
    assert fault_of(**changes)[0] == pointer


def test_faults_of_meaning_are_reported_together() -> None:
    line = read_one(
        NATIVE,
        ndjson(finding(closed_because="resolved", accounts=[account("a"), account("a")])),
    )
    assert pointers(line) == ["/closed_because", "/accounts/1/ref"]


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert found(read_one(NATIVE, ndjson(finding(title="\\u0000")))).title == "\\u0000"


def test_windows_of_different_length_may_start_together() -> None:
    start = "2026-06-25T00:00:00Z"
    body = ndjson(finding(windows=[window(start, 3600), window(start, 86400)]))
    assert len(found(read_one(NATIVE, body)).windows) == 2


def test_a_closed_finding_needs_no_accounts() -> None:
    body = ndjson(finding(status="closed", closed_because="false-positive", revision=2))
    assert found(read_one(NATIVE, body)).closed_because == "false-positive"


# --- Equal meaning, equal source ---


def test_the_order_of_keys_and_white_space_mean_nothing() -> None:
    shuffled = '{ "cluster": {"key":"graph-1"},\t"uid" : "hydra\\u002d1" }'
    assert source_of(shuffled) == source_of(finding())


def test_a_default_that_is_spelt_out_means_nothing() -> None:
    spelt = finding(
        revision=1, status="open", title=None, windows=[], sharing={"tlp": None}, accounts=[]
    )
    assert source_of(spelt) == source_of(finding())


def test_an_offset_from_utc_means_the_same_time() -> None:
    utc = finding(detected_at="2026-06-25T00:00:00Z")
    assert source_of(finding(detected_at="2026-06-25T05:30:00.000+05:30")) == source_of(utc)


def test_times_are_utc_everywhere() -> None:
    body = ndjson(
        finding(
            accounts=[{"ref": "a", "first_seen": "2026-06-25T02:00:00+02:00"}],
            windows=[window("2026-06-25T02:00:00+02:00")],
        )
    )
    read_back = found(read_one(NATIVE, body))
    assert read_back.accounts[0].first_seen == read_back.windows[0].start
    assert str(read_back.accounts[0].first_seen) == "2026-06-25 00:00:00+00:00"


def test_one_and_one_point_zero_are_the_same_ratio() -> None:
    one = '{"uid":"a","cluster":{"key":"k"},"expected_false_positive_rate":%s}'
    assert source_of(one % "1") == source_of(one % "1.0")


@pytest.mark.parametrize(
    "changes",
    [{"revision": 2}, {"uid": "other"}, {"accounts": [account("a")]}, {"sharing": {"tlp": "red"}}],
)
def test_another_meaning_is_another_source(changes: dict[str, Any]) -> None:
    assert source_of(finding(**changes)) != source_of(finding())


def test_what_was_read_is_read_again_from_its_source() -> None:
    line = read_one(NATIVE, ndjson(finding(accounts=[account("a", "dv-1")], confidence=80)))
    again = read_one(NATIVE, line.digest_source)
    assert again.finding == line.finding
    assert json.loads(again.digest_source) == json.loads(line.digest_source)
