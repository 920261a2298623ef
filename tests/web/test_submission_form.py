"""What is typed of a campaign and can't be: said where it was typed, and how it is put right."""

from typing import Any

import pytest
from django.http import QueryDict

from indicators.web.forms.claims import CLAIMS, ClaimForms
from indicators.web.forms.submissions import SubmissionForm
from indicators.web.forms.typed import initial_claims

pytestmark = pytest.mark.django_db

IMPOSSIBLE = {
    "before all time": "0001-01-01T00:00+14:00, 24, 312, 61240",
    "of no length": "2026-02-27T00:00, 0, 312, 61240",
    "of endless length": "2026-02-27T00:00, inf, 312, 61240",
    "of nobody": "2026-02-27T00:00, 24, 0, 61240",
    "of more than can be counted": f"2026-02-27T00:00, 24, 312, {10**40}",
}


def errors_of(**typed: str) -> Any:
    return SubmissionForm(typed).errors


@pytest.mark.parametrize("window", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_window_that_cannot_be_is_said_by_its_line(window: str) -> None:
    [error] = errors_of(windows=f"2026-02-27T00:00, 24, 312, 61240\n{window}")["windows"]
    assert error.startswith("Line 2: write start, hours, accounts, requests")


def test_a_model_with_too_long_a_name_is_said_by_its_line() -> None:
    [error] = errors_of(model_targets="Alder\nAlder, " + "x" * 101)["model_targets"]
    assert error == "Line 2: a name has at most 100 characters; shorten it."


def test_a_claim_is_read_on_the_web() -> None:
    typed = {f"{CLAIMS}-TOTAL_FORMS": "1", f"{CLAIMS}-INITIAL_FORMS": "0"}
    typed[f"{CLAIMS}-0-address"] = "ftp://birch.example/report"
    [claim] = ClaimForms(typed, prefix=CLAIMS).forms
    assert claim.errors["address"] == ["Write an address that begins with https:// or http://."]


def test_claims_are_shown_whatever_their_number_is_said_to_be() -> None:
    typed = QueryDict(mutable=True)
    typed.update({f"{CLAIMS}-TOTAL_FORMS": "9" * 5_000, f"{CLAIMS}-0-organization": "Example"})
    [claim] = initial_claims(typed)
    assert claim["organization"] == "Example"
