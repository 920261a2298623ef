"""Which objects may go: by marking, recipient, and whose word it is."""

from typing import Any

import pytest

from indicators.referrals.choosing import Candidate, Terms, reason_against
from indicators.stix import Tlp

GREEN, AMBER, RED = Tlp.GREEN.rank, Tlp.AMBER.rank, Tlp.RED.rank
BIRCH = "identity--birch"


def candidate(**changes: Any) -> Candidate:
    given = {
        "stix_id": "campaign--1",
        "type": "campaign",
        "tlp": GREEN,
        "originator": BIRCH,
        "originator_name": "Birch",
        "is_own": False,
        **changes,
    }
    return Candidate(**given)


def against(max_tlp: int = AMBER, permitted: tuple[str, ...] = (), **changes: Any) -> str:
    return reason_against(candidate(**changes), Terms("Authority", max_tlp, permitted))


@pytest.mark.parametrize("tlp", [None, Tlp.CLEAR.rank, GREEN])
def test_what_others_marked_green_or_freer_may_go(tlp: int | None) -> None:
    assert against(tlp=tlp) == ""


def test_what_is_not_marked_goes_as_green() -> None:
    assert "unmarked is stricter" in against(max_tlp=Tlp.CLEAR.rank, tlp=None)


def test_nothing_stricter_than_the_recipient_may_get_goes() -> None:
    assert "stricter than what Authority may get" in against(max_tlp=GREEN, tlp=AMBER, is_own=True)


def test_what_others_marked_amber_does_not_go() -> None:
    assert "has not permitted" in against(tlp=AMBER)


def test_what_others_marked_amber_goes_with_their_permission() -> None:
    assert against(tlp=AMBER, permitted=(BIRCH,)) == ""


def test_a_permission_of_one_is_no_permission_of_another() -> None:
    assert against(tlp=AMBER, permitted=("identity--cedar",))


def test_our_own_amber_may_go() -> None:
    assert against(tlp=AMBER, is_own=True) == ""


def test_nobody_passes_on_the_red_of_others() -> None:
    assert "TLP:RED of others" in against(max_tlp=RED, tlp=RED, permitted=(BIRCH,))


def test_what_was_taken_back_does_not_go() -> None:
    assert "took it back" in against(is_revoked=True)


def test_what_was_erased_does_not_go() -> None:
    assert "erased" in against(is_erased=True)


def test_what_looks_like_it_holds_an_identifier_does_not_go() -> None:
    assert "e-mail" in against(identifiers="looks like an e-mail address")
