"""What goes after its days, with its key, or with an allow list; and that nothing else does."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F

from federation.models import TokenKey
from federation.pseudonyms import epochs
from indicators.detections.drafts import seating
from indicators.detections.identifiers import allowlist
from indicators.detections.identifiers.pseudonymize import pseudonymize
from indicators.detections.retention import (
    destroy_expired,
    drop_old_tokens,
    retokenize,
    withhold_allowed,
)
from indicators.models import (
    Account,
    AuditEvent,
    Cluster,
    DetectedToken,
    Detection,
    Part,
    Seat,
    Stage,
)
from indicators.store.sql import open_cursor
from tests.detections.intake import NOW, Intake, account, finding
from tests.store.plans import explained

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=180)


def tokenized(intake: Intake, *numbers: int) -> None:
    """Findings with a device each, published."""
    intake.post(*(finding(f"f-{n}", accounts=[account("a", device=f"dev-{n}")]) for n in numbers))
    pseudonymize(list(Detection.objects.values_list("pk", flat=True)))
    Detection.objects.update(stage=Stage.PUBLISHED)
    Cluster.objects.update(draft_due=False, due_since=None)


def seated(intake: Intake, *numbers: int) -> None:
    """The same, their tokens in the parts of their clusters."""
    tokenized(intake, *numbers)
    Detection.objects.update(stage=Stage.TOKENIZED)
    with open_cursor() as cursor:
        seating.seat(cursor, list(Cluster.objects.values_list("pk", flat=True)))
    Detection.objects.update(stage=Stage.PUBLISHED)
    Part.objects.update(published_version=F("version"))


def changed_parts() -> list[int]:
    """Token counts of the parts that the feed doesn't show as they are."""
    changed = Part.objects.filter(version__gt=F("published_version"))
    return list(changed.values_list("token_count", flat=True))


def new_epoch() -> datetime:
    """Another epoch begins now, and the first one's overlap with it."""
    now = datetime.now(UTC)
    epochs.begin_epoch(["device"], now)
    return now


def test_after_its_days_everything_personal_of_a_detection_is_gone(intake: Intake) -> None:
    tokenized(intake, 1)
    assert destroy_expired(LATER) == 1
    assert not Account.objects.exists()
    assert not DetectedToken.objects.exists()
    left = Detection.objects.get()
    assert (left.sealed, left.data_key_id) == (None, None)


def test_a_day_before_nothing_is_gone(intake: Intake) -> None:
    tokenized(intake, 1)
    assert destroy_expired(LATER - timedelta(days=1)) == 0
    assert Account.objects.exists()


def test_what_was_published_stays_published(intake: Intake) -> None:
    tokenized(intake, 1)
    destroy_expired(LATER)
    assert Detection.objects.get().stage == Stage.PUBLISHED


def test_what_had_no_tokens_by_then_is_withheld_with_a_reason(intake: Intake) -> None:
    intake.post(finding())
    destroy_expired(LATER)
    left = Detection.objects.get()
    assert left.stage == Stage.WITHHELD
    assert "destroyed" in left.reason


def test_destruction_goes_in_batches(intake: Intake) -> None:
    intake.post(*(finding(f"f-{n}") for n in range(5)))
    assert [destroy_expired(LATER, 2) for _ in range(4)] == [2, 2, 1, 0]


def test_destruction_is_audited_by_count(intake: Intake) -> None:
    intake.post(*(finding(f"f-{n}") for n in range(5)))
    destroy_expired(LATER)
    event = AuditEvent.objects.get()
    assert (event.actor, event.act) == ("retention", "destroy")
    assert event.detail == {"detections": 5, "accounts": 5}


def test_expired_detections_are_found_by_index(intake: Intake) -> None:
    intake.post(*(finding(f"f-{n}") for n in range(500)))
    Detection.objects.filter(uid__gt="f-10").update(expires_at=LATER + timedelta(days=1))
    with open_cursor() as cursor:
        cursor.execute("ANALYZE indicators_detection")
    with explained() as plans:
        destroy_expired(LATER, 1)
    assert "detections_by_expiry" in plans.indexes


def test_in_an_overlap_accounts_get_tokens_under_the_new_key(intake: Intake) -> None:
    tokenized(intake, 1)
    now = new_epoch()
    assert retokenize(now) is not None
    assert DetectedToken.objects.count() == 2


def test_retokenizing_again_changes_nothing(intake: Intake) -> None:
    tokenized(intake, 1)
    now = new_epoch()
    retokenize(now)
    assert retokenize(now + timedelta(minutes=1)) is None
    assert DetectedToken.objects.count() == 2


def test_what_was_retokenized_is_due_a_draft_again(intake: Intake) -> None:
    tokenized(intake, 1)
    retokenize(new_epoch())
    assert Cluster.objects.get().draft_due
    assert Detection.objects.get().stage == Stage.TOKENIZED


def test_retokenizing_goes_on_where_it_stopped(intake: Intake) -> None:
    tokenized(intake, 1, 2, 3)
    now, after, calls = new_epoch(), 0, 0
    while (went := retokenize(now, after, 2)) is not None:
        after, calls = went, calls + 1
    assert calls == 2
    assert DetectedToken.objects.count() == 6


def test_what_is_withheld_keeps_up_but_stays_withheld(intake: Intake) -> None:
    tokenized(intake, 1)
    Detection.objects.update(stage=Stage.WITHHELD)
    retokenize(new_epoch())
    assert DetectedToken.objects.count() == 2
    assert Detection.objects.get().stage == Stage.WITHHELD


def test_that_nothing_is_to_retokenize_costs_no_scan(intake: Intake) -> None:
    tokenized(intake, *range(300))
    with open_cursor() as cursor:
        cursor.execute("ANALYZE indicators_account")
    with explained() as plans:
        assert retokenize(datetime.now(UTC)) is None
    assert "accounts_by_age_of_tokens" in plans.indexes
    assert "indicators_account" not in plans.scanned


def test_tokens_of_a_dropped_key_go(intake: Intake) -> None:
    tokenized(intake, 1, 2)
    retokenize(new_epoch())
    dropped = TokenKey.objects.get(kind="device", epoch=1).dropped_at
    assert [drop_old_tokens(dropped, 1) for _ in range(3)] == [1, 1, 0]
    assert DetectedToken.objects.count() == 2


def test_indicators_under_a_dropped_key_are_to_be_revoked(intake: Intake) -> None:
    seated(intake, 1)
    drop_old_tokens(TokenKey.objects.get(kind="device", epoch=1).dropped_at)
    assert changed_parts() == [0]


def test_tokens_of_keys_in_use_stay(intake: Intake) -> None:
    tokenized(intake, 1)
    retokenize(new_epoch())
    assert drop_old_tokens(datetime.now(UTC)) == 0


def test_an_account_that_comes_on_an_allow_list_loses_its_tokens(intake: Intake) -> None:
    tokenized(intake, 1, 2)
    allowlist.add("device", "dev-1", reason="A vendor", actor="ana")
    withhold_allowed(datetime.now(UTC))
    left = DetectedToken.objects.get()
    assert Detection.objects.get(pk=left.detection_id).uid == "f-2"


def test_its_cluster_alone_is_due_a_draft(intake: Intake) -> None:
    tokenized(intake, 1, 2)
    allowlist.add("device", "dev-1", reason="A vendor", actor="ana")
    withhold_allowed(datetime.now(UTC))
    due = Cluster.objects.get(draft_due=True)
    assert Detection.objects.get(uid="f-1").cluster_id == due.pk


def test_its_indicator_is_to_lose_the_token(intake: Intake) -> None:
    seated(intake, 1, 2)
    allowlist.add("device", "dev-1", reason="A vendor", actor="ana")
    withhold_allowed(datetime.now(UTC))
    assert Seat.objects.count() == 1
    assert changed_parts() == [0]


def test_nothing_changes_for_who_is_on_no_allow_list(intake: Intake) -> None:
    seated(intake, 1)
    allowlist.add("device", "dev-9", reason="A vendor", actor="ana")
    withhold_allowed(datetime.now(UTC))
    assert changed_parts() == []
    assert not Cluster.objects.filter(draft_due=True).exists()
