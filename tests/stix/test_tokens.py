"""Which tokens a pattern looks for."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.canonical import canonical
from indicators.stix.tokens import tokens_of
from tests.objects import indicator

KEY_ID = bytes([1, 2, 3, 4, 5])


def token(number: int) -> bytes:
    return KEY_ID + number.to_bytes(16, "big")


def text(number: int) -> str:
    key_id = base64.b32encode(KEY_ID).decode().lower()
    output = base64.urlsafe_b64encode(number.to_bytes(16, "big")).decode().rstrip("=")
    return f"psi1.{key_id}.{output}"


def of(pattern: object, **changes: Any) -> list[bytes]:
    return tokens_of(canonical(indicator("a", pattern=pattern, **changes)))


ONE, TWO, THREE = text(1), text(2), text(3)


def test_the_tokens_of_a_set_come_in_its_order() -> None:
    assert of(f"[identifier-token:value IN ('{TWO}', '{ONE}', '{THREE}')]") == [
        token(2),
        token(1),
        token(3),
    ]


def test_a_set_of_500_tokens_is_read() -> None:
    listed = ", ".join(f"'{text(n)}'" for n in range(500))
    assert of(f"[identifier-token:value IN ({listed})]") == [token(n) for n in range(500)]


def test_a_repeated_token_counts_once() -> None:
    assert of(f"[identifier-token:value IN ('{ONE}', '{ONE}')]") == [token(1)]


@pytest.mark.parametrize(
    "pattern",
    [
        f"[identifier-token:value = '{ONE}']",
        f"[identifier-token:value == '{ONE}']",
        f"[identifier-token:'value' = '{ONE}']",
        f"[ identifier-token : value/* here */IN('{ONE}')]",
        f"[domain-name:value = 'a.example' OR identifier-token:value = '{ONE}']",
        f"[identifier-token:kind = 'email' AND identifier-token:value = '{ONE}']",
        f"([identifier-token:value = '{ONE}'] FOLLOWEDBY [file:size > 1]) WITHIN 5 SECONDS",
        f"[identifier-token:value IN ('x', '{ONE}') AND file:name IN ('{TWO}')]",
    ],
)
def test_a_compared_token_is_found_in_any_form_of_pattern(pattern: str) -> None:
    assert of(pattern) == [token(1)]


@pytest.mark.parametrize(
    "pattern",
    [
        f"[identifier-token:value != '{ONE}']",
        f"[identifier-token:value NOT IN ('{ONE}')]",
        f"[identifier-token:value NOT = '{ONE}']",
        f"[identifier-token:value > '{ONE}']",
        f"[identifier-token:value LIKE '{ONE}']",
        f"[identifier-token:id = '{ONE}']",
        f"[x-identifier-token:value = '{ONE}']",
        f"[file:name = '{ONE}' OR identifier-token:kind = 'email']",
        "[file:name = 'identifier-token:value = \\'" + ONE + "\\'']",
        f"[EXISTS identifier-token:value AND file:name = '{ONE}']",
        "[identifier-token:value IN ()]",
        "[identifier-token:value = 'someone']",
        f"[identifier-token:value = '{ONE[:-1]}B']",
        f"[identifier-token:value = '{ONE.upper()}']",
        f"[identifier-token:value = '{ONE}",
        "[identifier-token:value",
        "identifier-token",
        7,
        None,
    ],
)
def test_what_is_not_looked_for_is_no_token(pattern: object) -> None:
    assert of(pattern) == []


def test_another_pattern_language_has_no_tokens() -> None:
    pattern = f"[identifier-token:value IN ('{ONE}')]"
    assert of(pattern, pattern_type="sigma") == []


def test_another_object_has_no_tokens() -> None:
    assert tokens_of(canonical({"type": "note", "content": "identifier-token"})) == []


@given(st.text(max_size=60))
def test_any_pattern_is_read_without_fault(more: str) -> None:
    assert of(f"[identifier-token:value = {more}") is not None
