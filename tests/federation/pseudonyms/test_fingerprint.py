"""minhash/1 by its published vectors, and what a fingerprint must and must not notice."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import NotNormalizable
from federation.pseudonyms.fingerprint import BANDS, MINHASH_BYTES, bands, minhash
from tests.federation.vectors import read_vectors

CASES = read_vectors("tokens/minhash-1.json")
TEMPLATE = (
    "You are an expert in {subject}. Think step by step, show all of your reasoning, and then "
    "answer the question below: {question}. Give your answer as a list of numbered steps."
)


def similarity(one: str, two: str) -> float:
    first, second = (struct.unpack(">128I", minhash(each)) for each in (one, two))
    return sum(a == b for a, b in zip(first, second, strict=True)) / 128


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_a_published_template_has_its_published_fingerprint(case: dict[str, str]) -> None:
    assert minhash(case["template"]).hex() == case["minhash"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_a_published_fingerprint_has_its_published_first_band(case: dict[str, str]) -> None:
    assert bands(bytes.fromhex(case["minhash"]))[0] == case["first_band"]


@pytest.mark.parametrize(
    "other",
    [
        TEMPLATE.upper(),
        TEMPLATE.replace(" ", "\n\t"),
        TEMPLATE.replace(",", " ;"),
        TEMPLATE.replace("{subject}", "{{ domain }}"),
        TEMPLATE.replace("{subject}", "{}"),
    ],
    ids=["case", "spacing", "punctuation", "double braces", "name of a slot"],
)
def test_a_fingerprint_does_not_notice(other: str) -> None:
    assert minhash(other) == minhash(TEMPLATE)


def test_a_changed_word_changes_a_part_of_the_fingerprint() -> None:
    assert 0.5 < similarity(TEMPLATE, TEMPLATE.replace("numbered", "labelled")) < 1


def test_other_words_have_nothing_in_common() -> None:
    assert similarity(TEMPLATE, "Translate the following text into French without notes") < 0.1


def test_words_without_spaces_between_them_are_compared_too() -> None:
    one = "请一步一步地思考并给出你的完整推理过程然后回答下面的问题"
    assert 0.4 < similarity(one, one.replace("完整", "详细")) < 1


def test_neighbouring_bands_of_equal_numbers_differ_by_their_place() -> None:
    assert len(set(bands(bytes(MINHASH_BYTES)))) == BANDS


@pytest.mark.parametrize("template", ["", "  \n", "?!…"])
def test_a_template_without_words_is_refused(template: str) -> None:
    with pytest.raises(NotNormalizable, match="no words"):
        minhash(template)


@pytest.mark.parametrize("length", [0, 511, 513])
def test_a_fingerprint_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(NotNormalizable, match="512 bytes"):
        bands(bytes(length))


@given(st.text(max_size=200))
def test_any_text_has_a_fingerprint_or_no_words(template: str) -> None:
    try:
        assert len(minhash(template)) == MINHASH_BYTES
    except NotNormalizable:
        assert not any(each.isalnum() for each in template)
