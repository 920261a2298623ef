"""Who stands behind a claim is counted by origin, and only by what it saw itself."""

from hypothesis import given
from hypothesis import strategies as st

from indicators.reconcile.corroboration import Standing, corroborating, echoed, standing_of

STANDINGS = st.sampled_from(Standing)
CLAIMS = st.lists(st.tuples(st.sampled_from(["Birch", "Cedar", "Forum"]), STANDINGS))


def test_an_origin_counts_once_however_often_it_is_heard() -> None:
    claims = [("Birch", Standing.FIRST_PARTY)] * 10 + [("Cedar", Standing.FIRST_PARTY)]
    assert corroborating(claims) == ("Birch", "Cedar")


def test_derived_claims_and_echoes_add_nobody() -> None:
    assert corroborating([("Birch", Standing.DERIVED), ("Cedar", Standing.ECHO)]) == ()


@given(claims=CLAIMS, more=CLAIMS)
def test_what_is_not_first_party_never_changes_the_count(
    claims: list[tuple[str, Standing]], more: list[tuple[str, Standing]]
) -> None:
    idle = [claim for claim in more if not claim[1].weight]
    assert corroborating([*idle, *claims]) == corroborating(claims)


def test_an_echo_is_one_whatever_it_says_of_its_basis() -> None:
    assert standing_of(is_first_party=True, is_echo=True) is Standing.ECHO


def test_repeating_what_others_said_is_an_echo_of_them() -> None:
    before = {1: {"Birch"}, 2: {"Birch", "Cedar"}}
    assert echoed("Mallory", [1, 2], before) == {"Birch", "Cedar"}


def test_a_token_that_nobody_said_before_makes_it_a_claim() -> None:
    assert echoed("Cedar", [1, 2], {1: {"Birch"}}) == set()


def test_repeating_oneself_is_no_echo() -> None:
    assert echoed("Birch", [1], {1: {"Birch"}}) == set()
