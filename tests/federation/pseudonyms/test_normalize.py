"""norm/1 by its published vectors, and what holds for any value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import NotNormalizable
from federation.pseudonyms.keccak import keccak_256
from federation.pseudonyms.normalize import INPUT_KINDS, KINDS, normalize
from tests.federation.vectors import read_vectors

NORM = read_vectors("norm-1.json")
REFUSED = [case for case in NORM["refused"] if len(case["value"].strip()) > 3]

SPELLINGS = st.one_of(
    st.text(max_size=60),
    st.emails(),
    st.ip_addresses().map(str),
    st.from_regex(r"\A[A-Za-z0-9.@ßİſΣ-]{1,40}\Z"),
    st.text(max_size=20).map(lambda local: f"{local}@alder.example"),
    st.text(max_size=20).map(lambda label: f"{label}.example"),
)


@pytest.mark.parametrize("case", NORM["accepted"], ids=lambda case: ascii(case["value"])[:30])
def test_a_published_value_has_its_published_form(case: dict[str, Any]) -> None:
    found = normalize(case["kind"], case["value"], region=case.get("region"))
    assert [{"kind": each.kind, "value": each.value} for each in found] == case["normalized"]


@pytest.mark.parametrize("case", NORM["refused"], ids=lambda case: case["why"])
def test_a_published_value_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(NotNormalizable):
        normalize(case["kind"], case["value"])


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["why"])
def test_a_refusal_never_says_the_value(case: dict[str, Any]) -> None:
    with pytest.raises(NotNormalizable) as refusal:
        normalize(case["kind"], case["value"])
    assert case["value"].strip() not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_card_number_is_refused_with_what_to_send_instead() -> None:
    with pytest.raises(NotNormalizable, match="network token's reference or the PAR"):
        normalize("payment-instrument", "4111 1111 1111 1111")


def test_a_national_phone_number_is_refused_with_what_is_missing() -> None:
    with pytest.raises(NotNormalizable, match="name its region"):
        normalize("phone", "030 123456")


def test_vectors_show_every_kind_that_comes_from_an_identifier() -> None:
    shown = {each["kind"] for case in NORM["accepted"] for each in case["normalized"]}
    assert shown == set(KINDS) - {"prompt-band"}


@given(st.sampled_from(INPUT_KINDS), SPELLINGS)
def test_a_normal_form_is_its_own_normal_form(kind: str, value: str) -> None:
    if kind == "ip":
        return  # an IPv6 prefix is not an address
    try:
        found = normalize(kind, value)
    except NotNormalizable:
        return
    assert normalize(kind, found[0].value)[0] == found[0]


@given(st.sampled_from(INPUT_KINDS), SPELLINGS, st.sampled_from([None, "US", "XX"]))
def test_any_text_is_normalized_or_refused(kind: str, value: str, region: str | None) -> None:
    try:
        found = normalize(kind, value, region=region)
    except NotNormalizable:
        return
    assert {each.kind for each in found} <= set(KINDS)


@given(
    st.text(alphabet="anAN.+-_", min_size=1, max_size=20), st.sampled_from(["gmail.com", "pm.me"])
)
def test_a_canonical_email_is_the_same_for_every_spelling_it_stands_for(
    local: str, domain: str
) -> None:
    plain = normalize("email", f"ana@{domain}")[1]
    tagged = normalize("email", f"a.n.a+{local}@{domain}")[1]
    assert plain == tagged


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (
            b"transfer(address,uint256)",
            "a9059cbb2ab09eb219583f4a59a5d0623ade346d962bcd4e46b11da047c9049b",
        ),
    ],
)
def test_keccak_is_the_one_of_ethereum(message: bytes, digest: str) -> None:
    assert keccak_256(message).hex() == digest
