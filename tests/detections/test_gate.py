"""The last look at what leaves."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.detections.drafts.drafting import Content, draft
from indicators.detections.drafts.gate import GateFinding, check, looks_like, sentence
from tests.detections.clusters import drafted, only, part, published, state, terms, token
from tests.objects import indicator

CONTENTS = list(published(drafted(part("email", 3), part("prompt-band", 16))).values())


def described(text: str) -> Content:
    """A campaign on which an analyst wrote."""
    return {**only(drafted(), "campaign"), "description": text}


def findings(text: str, *raw: str, names: tuple[str, ...] = ()) -> list[GateFinding]:
    return check([described(text)], raw, names)


# --- What passes ---


def test_a_draft_passes() -> None:
    assert check(CONTENTS, [], []) == []


@pytest.mark.parametrize(
    "raw",
    [
        "indicator",
        "identifier-token",
        "account network",
        "email",
        "Tokens of kind email",
        "alleged",
        "psi1",
        "2026-03-01",
        "norm/1",
        "30",
    ],
)
def test_an_identifier_that_is_a_word_of_the_schema_stops_nothing(raw: str) -> None:
    assert check(CONTENTS, [raw], []) == []


def test_an_identifier_within_a_token_stops_nothing() -> None:
    assert check(CONTENTS, [token("email/1/0")[-10:]], []) == []


def test_an_identifier_within_an_id_stops_nothing() -> None:
    assert check(CONTENTS, [CONTENTS[0]["id"][-12:]], []) == []


def test_a_persons_name_that_is_a_word_of_ours_stops_nothing() -> None:
    assert check(CONTENTS, [], ["Campaign", "Part"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "More than 28,800,000 exchanges on 2026-02-26, at 10:30:45.",
        "Seen as campaign--8d25410f-3b58-45b1-b2d5-ba9aa241f093 since 2026-02-26T06:30:00.000Z.",
        "Half the traffic moved to leaf-4-1-20251101 within 24 h.",
        "Version 4.5.1 of a C++ client; std::vector.",
        "Anti-distillation-measures-were-circumvented-by-resellers",
        "Ratios of 0.93 and 1:20 between 00:15 and 00:45.",
    ],
)
def test_plain_prose_looks_like_nothing(text: str) -> None:
    assert looks_like(text) is None


# --- What looks like an identifier ---


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("e-mail", "Mail ana@example.org about it."),
        ("e-mail", "Mail ana[at]example[dot]org."),
        ("e-mail", "Mail ana\u200b@example.org."),
        ("e-mail", "Mail ａｎａ＠example.org."),  # full width
        ("e-mail", "Mail ана@пример.рф."),
        ("e-mail", "Mail root@localhost."),
        ("IP", "From 203.0.113.7."),
        ("IP", "From 203.0.113[.]7, mostly."),
        ("IP", "From 203.0.113.0/24."),
        ("IP", "From 2001:db8::1."),
        ("IP", "From [2001:DB8:0:0:8:800:200C:417A]."),
        ("IP", "From ::ffff:203.0.113.7"),
        ("telephone", "Call +1 555 010 0123."),
        ("telephone", "Call +49 (30) 901820."),
        ("telephone", "Call 0049-30-901820-11."),
        ("telephone", "Call (555) 010-0123."),
        ("telephone", "Call 5550100123"),
        ("telephone", "Call tel-030-20251101."),
        ("card", "Paid with 4111 1111 1111 1111."),
        ("card", "Paid with 4111-1111-1111-1111."),
        ("card", "Paid with 378282246310005."),
        ("API key", "Used sk-ant-api03-abcdefghijklmnop."),
        ("API key", "Used AKIAIOSFODNN7EXAMPLE."),
        ("API key", "Used ghp_abcdefghijklmnopqrstuvwxyz0123."),
        ("API key", "Used 9Xk2LmQ7rTbVw3ZpYs8NdHf4."),
        ("API key", "Used 0123456789abcdef0123456789abcdef."),
        ("API key", "Used eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.c2lnbmF0dXJl"),
    ],
)
def test_what_looks_like_an_identifier_is_found(what: str, text: str) -> None:
    found = [each.what for each in findings(text)]
    assert len(found) == 1
    assert what in found[0]


def test_the_place_is_named() -> None:
    (found,) = findings("Mail ana@example.org.")
    assert (found.object_id, found.pointer) == (described("")["id"], "/description")


def test_an_index_is_part_of_the_place() -> None:
    (found,) = check([{**described(""), "aliases": ["Hydra", "ana@example.org"]}], [], [])
    assert found.pointer == "/aliases/1"


def test_a_place_within_an_extension_is_named() -> None:
    campaign = described("")
    (extension,) = campaign["extensions"]
    campaign["extensions"][extension]["model_targets"] = [{"provider": "ana@example.org"}]
    (found,) = check([campaign], [], [])
    assert found.pointer == f"/extensions/{extension}/model_targets/0/provider"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "ana@example.org"},
        {"labels": ["ana@example.org"]},
        {"pattern": "[email-addr:value = 'ana@example.org']"},
        {"created_by_ref": "ana@example.org"},
        {"external_references": [{"source_name": "s", "url": "https://ana@example.org/"}]},
        {"x_ana@example.org": True},
    ],
    ids=["name", "label", "pattern", "reference", "url", "key"],
)
def test_every_shared_text_is_looked_at(changes: dict[str, Any]) -> None:
    assert check([indicator(1, **changes)], [], [])


def test_a_pattern_is_passed_for_its_tokens_only() -> None:
    stowaway = f"[identifier-token:value IN ('{token(1)}', 'ana@example.org')]"
    assert check([indicator(1, pattern=stowaway)], [], [])


# --- The detection's own identifiers and names ---


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("device-7f3a91", "Seen on device-7f3a91."),
        ("device-7f3a91", "Seen on DEVICE_7F3A91."),
        ("device-7f3a91", "Seen on de vice 7f3a91."),
        ("Ökonomie Verlag GmbH", "Resold by ökonomie-verlag gmbh."),
        ("bc1qw508d6qejxtdg4", "Paid from bc1qw508d6qejxtdg4."),
        ("sha1", "Resold by SHA1."),
        ("10.0.0.1", "Through host-10-0-0-1."),
        ("relay.example", "Through relay [.] example."),
        ("20250514", "Known as 20250514 since."),
    ],
)
def test_an_identifier_of_the_detection_is_found(raw: str, text: str) -> None:
    assert "contains an identifier of the detection" in [each.what for each in findings(text, raw)]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("4", "Leaf 4 large"),
        ("2025", "Since 2025."),
        ("202505", "Leaf 20250514"),
        ("-", "A - b"),
        ("1.1.1.1", "Leaf 4.1"),
    ],
)
def test_a_small_number_is_not_taken_for_an_identifier(raw: str, text: str) -> None:
    assert findings(text, raw) == []


@pytest.mark.parametrize("text", ["Ana Birch wrote.", "BIRCH, Ana", "ana_birch", "Ana K. Birch"])
def test_a_persons_name_is_found(text: str) -> None:
    (found,) = findings(text, names=("Ana Birch",))
    assert found.what == "contains a person's name from the detection"


def test_half_a_name_names_nobody() -> None:
    assert findings("Birch, the lab, was told.", names=("Ana Birch",)) == []


@settings(deadline=None)  # the machine may be busy
@given(
    raw=st.text(st.characters(categories=["L", "N"], max_codepoint=0x17F), min_size=6, max_size=30),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_whatever_stands_around_an_identifier_it_is_found(
    raw: str, before: str, after: str
) -> None:
    if not raw.isdecimal():
        assert findings(f"{before} {raw} {after}", raw)


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=200))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert looks_like(text) is None or isinstance(looks_like(text), str)


# --- What it says, and how long it takes ---


def test_a_finding_never_repeats_what_it_found() -> None:
    found = findings("Mail ana@example.org and Ana Birch.", "ana@example.org", names=("Ana Birch",))
    assert len(found) == 3
    assert "ana" not in sentence(found).lower().replace("analyst", "")


@pytest.mark.parametrize(
    "changes",
    [{"x_ana@example.org": {"x": "ana@example.org"}}, {"id": "ana@example.org"}],
    ids=["key", "id"],
)
def test_a_place_never_repeats_what_was_found(changes: dict[str, Any]) -> None:
    found = check([indicator(1, **changes)], ["ana@example.org"], [])
    assert found
    assert "ana" not in sentence(found)


def test_many_findings_are_counted_in_the_sentence() -> None:
    campaign = {**described(""), "aliases": [f"ana{each}@example.org" for each in range(9)]}
    assert "and 4 more" in sentence(check([campaign], [], []))


def test_the_largest_cluster_is_looked_at_in_a_second() -> None:
    parts = [part("email", 500, number=number) for number in range(1, 251)]
    contents = [content for _, content in draft(state(None, *parts), terms(), {}).objects]
    raw = [f"user{number}.{number * 7919}@mail.example" for number in range(125_000)]
    started = time.process_time()
    assert check([*contents, described("A note, " * 50)], raw, ["Ana Birch"]) == []
    assert time.process_time() - started < 3  # 0.3 s; the limit is for slower machines


@pytest.mark.parametrize(
    "text",
    [
        "1 " * 50_000,
        "(1" * 50_000,
        "a:" * 50_000,
        "1." * 50_000,
        "+" * 100_000,
        "a-" * 50_000,
        "-eyJ" * 25_000,
    ],
    ids=["digits", "brackets", "colons", "dots", "plus", "hyphens", "keys"],
)
def test_hostile_texts_take_no_longer_than_others(text: str) -> None:
    started = time.process_time()
    looks_like(text)
    assert time.process_time() - started < 2
