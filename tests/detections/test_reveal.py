"""Whoever reads a raw identifier is in the audit log."""

import pytest

from indicators.detections.errors import NotHeld
from indicators.detections.identifiers.reveal import reveal
from indicators.models import Account, AuditEvent, Detection
from tests.detections.intake import Intake, account, finding

pytestmark = pytest.mark.django_db

SECRET = "ana.secret@example.org"


@pytest.fixture
def accounts(intake: Intake) -> list[int]:
    seen = [account("acct-a", email=SECRET), account("acct-b", device="dev-1")]
    told = {"prompt_fingerprints": [{"minhash": "A" * 683 + "="}]}
    intake.post(finding(accounts=seen, **told))
    return list(Account.objects.filter(number__gte=0).order_by("pk").values_list("pk", flat=True))


def test_accounts_are_revealed_as_the_detector_sent_them(accounts: list[int]) -> None:
    first, second = reveal(accounts, "ana")
    assert (first.ref, first.identifiers[0].value) == ("acct-a", SECRET)
    assert second.ref == "acct-b"


def test_a_reveal_is_recorded_with_who_what_why_and_how_many(accounts: list[int]) -> None:
    reveal(accounts, "ana", "abuse case 7")
    event = AuditEvent.objects.get()
    assert (event.actor, event.act) == ("ana", "reveal")
    assert event.subject == f"detection/{Detection.objects.get().uuid}"
    assert event.detail == {"accounts": 2, "reason": "abuse case 7"}


def test_the_record_does_not_hold_what_was_seen(accounts: list[int]) -> None:
    reveal(accounts, "ana")
    assert SECRET not in str(AuditEvent.objects.values())


@pytest.mark.django_db(transaction=True)
def test_nothing_is_revealed_if_it_cannot_be_recorded(
    accounts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(Exception):
        pass

    def fail(*_: object, **__: object) -> None:
        raise Full

    monkeypatch.setattr("indicators.detections.audit.record", fail)
    with pytest.raises(Full):
        reveal(accounts, "ana")


@pytest.mark.django_db(transaction=True)
def test_a_reveal_is_no_part_of_another_transaction(accounts: list[int]) -> None:
    from django.db import transaction

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        reveal(accounts, "ana")


def test_fingerprints_are_not_an_account_to_reveal(accounts: list[int]) -> None:
    fingerprints = Account.objects.get(number=-1).pk
    with pytest.raises(NotHeld):
        reveal([fingerprints], "ana")


def test_destroyed_accounts_are_not_revealed(accounts: list[int]) -> None:
    Account.objects.all().delete()
    with pytest.raises(NotHeld, match="not any more"):
        reveal(accounts, "ana")
