"""Tokens of what was found: each made once, whoever works on it and whenever it stops."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection

from federation.errors import KeyHolderUnavailable
from federation.models import TokenKey
from federation.pseudonyms import epochs
from federation.pseudonyms.fingerprint import bands, minhash
from federation.pseudonyms.keyholder import OwnKeyHolder, tokenize
from federation.pseudonyms.normalize import KINDS, Normalized
from indicators.detections.finding import Finding
from indicators.detections.identifiers import allowlist
from indicators.detections.identifiers import pseudonymize as module
from indicators.detections.identifiers.pseudonymize import pseudonymize
from indicators.models import Account, Cluster, DetectedToken, Detection, Stage
from tests.detections.intake import Intake, account, finding
from tests.store.plans import explained

pytestmark = pytest.mark.django_db

FIVE = {
    "email": "ana@example.org",
    "phone": "+12025550123",
    "ip": "192.0.2.7",
    "payment_instrument": "PAR-0001",
    "device": "dev-1",
}


def found(intake: Intake, *findings: Finding) -> list[int]:
    """Post findings; the ids of their detections."""
    uuids = [result.id for result in intake.post(*findings)]
    rows = dict(Detection.objects.filter(uuid__in=uuids).values_list("uuid", "pk"))
    return [rows[uuid] for uuid in uuids if uuid is not None]


def stages() -> dict[tuple[str, int], str]:
    return {(d.uid, d.revision): d.stage for d in Detection.objects.all()}


def kinds(detection: int) -> list[str]:
    numbers = DetectedToken.objects.filter(detection_id=detection).values_list("kind", flat=True)
    return sorted(KINDS[number] for number in numbers)


def token_of(kind: str, value: str) -> bytes:
    [[token]] = tokenize(OwnKeyHolder(), [Normalized(kind, value)], datetime.now(UTC))
    return token


def test_an_accounts_identifiers_become_tokens_of_every_kind(intake: Intake) -> None:
    [detection] = found(intake, finding(accounts=[account("a", **FIVE)]))
    pseudonymize([detection])
    assert kinds(detection) == [
        "device", "email", "email-canonical", "ipv4", "ipv4-24", "payment-instrument", "phone",
    ]  # fmt: skip


def test_a_stored_token_is_the_key_holders(intake: Intake) -> None:
    pseudonymize(found(intake, finding(accounts=[account("a", device="dev-1")])))
    assert bytes(DetectedToken.objects.get().token) == token_of("device", "dev-1")


def test_a_tokenized_detection_moves_on(intake: Intake) -> None:
    pseudonymize(found(intake, finding()))
    assert stages() == {("f-1", 1): Stage.TOKENIZED}


def test_its_cluster_is_due_a_draft(intake: Intake) -> None:
    due = pseudonymize(found(intake, finding()))
    cluster = Cluster.objects.get()
    assert due == [cluster.pk]
    assert cluster.draft_due
    assert cluster.due_since is not None


def test_a_cluster_that_is_due_stays_due_since_then(intake: Intake) -> None:
    same = {"key": "cluster-1"}
    pseudonymize(found(intake, finding("f-1", cluster=same)))
    since = Cluster.objects.get().due_since
    pseudonymize(found(intake, finding("f-2", cluster=same)))
    assert Cluster.objects.get().due_since == since


def test_a_detection_without_accounts_moves_on_as_well(intake: Intake) -> None:
    assert len(pseudonymize(found(intake, finding(accounts=[])))) == 1
    assert stages() == {("f-1", 1): Stage.TOKENIZED}


def test_an_account_without_identifiers_holds_nothing_up(intake: Intake) -> None:
    pseudonymize(found(intake, finding(accounts=[account("a")])))
    assert stages() == {("f-1", 1): Stage.TOKENIZED}


def test_prompt_fingerprints_become_tokens_of_their_bands(intake: Intake) -> None:
    import base64

    made = minhash("Write a rubric for {task} and grade each of the answers")
    told = [{"minhash": base64.b64encode(made).decode()}]
    [detection] = found(intake, finding(accounts=[], prompt_fingerprints=told))
    pseudonymize([detection])
    stored = set(DetectedToken.objects.values_list("token", flat=True))
    assert {bytes(token) for token in stored} == {
        token_of("prompt-band", band) for band in bands(made)
    }


def test_running_again_changes_nothing(intake: Intake) -> None:
    detections = found(intake, finding(accounts=[account("a", **FIVE)]))
    pseudonymize(detections)
    before = set(DetectedToken.objects.values_list("pk", flat=True))
    assert pseudonymize(detections) == []
    assert set(DetectedToken.objects.values_list("pk", flat=True)) == before


def test_a_second_worker_on_the_same_accounts_stores_nothing(intake: Intake) -> None:
    detections = found(intake, finding(accounts=[account("a", **FIVE)]))
    real = module.make_tokens

    def meanwhile(*args: Any) -> Any:
        tokens = real(*args)
        with mock.patch.object(module, "make_tokens", real):
            pseudonymize(detections)
        return tokens

    with mock.patch.object(module, "make_tokens", meanwhile):
        assert pseudonymize(detections) == []
    assert DetectedToken.objects.count() == 7


def test_a_detection_shared_among_workers_moves_on_with_the_last(intake: Intake) -> None:
    accounts = [account(f"a{n}", device=f"dev-{n}") for n in range(4)]
    detections = found(intake, finding(accounts=accounts))
    assert pseudonymize(detections, 2, 3) == []
    assert DetectedToken.objects.count() == 2
    assert len(pseudonymize(detections, 0, 1)) == 1
    assert DetectedToken.objects.count() == 4


def test_the_first_share_takes_the_fingerprints(intake: Intake) -> None:
    told = [{"minhash": "A" * 683 + "="}]
    [detection] = found(intake, finding(prompt_fingerprints=told))
    pseudonymize([detection], 0, 0)
    assert "prompt-band" in kinds(detection)


class FailingHolder(OwnKeyHolder):
    """Answers a few batches, then is down."""

    def __init__(self, answers: int) -> None:
        self.answers = answers

    def outputs(self, key: epochs.EpochKey, inputs: Sequence[bytes]) -> list[bytes]:
        if self.answers == 0:
            raise KeyHolderUnavailable("The key-holder is down.", 5)
        self.answers -= 1
        return super().outputs(key, inputs)


@pytest.fixture
def holder_that_fails(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingHolder]:
    holder = FailingHolder(1)
    monkeypatch.setattr(module, "CHUNK", 1)
    monkeypatch.setattr(module, "configured_key_holder", lambda: holder)
    return holder


def test_what_was_made_before_a_key_holder_failed_is_kept(
    intake: Intake, holder_that_fails: FailingHolder
) -> None:
    accounts = [account(f"a{n}", device=f"dev-{n}") for n in range(3)]
    detections = found(intake, finding(accounts=accounts))
    with pytest.raises(KeyHolderUnavailable):
        pseudonymize(detections)
    assert Account.objects.filter(tokenized_at=None).count() == 2
    assert stages() == {("f-1", 1): Stage.RECEIVED}


def test_a_later_call_goes_on_where_it_stopped(
    intake: Intake, holder_that_fails: FailingHolder
) -> None:
    accounts = [account(f"a{n}", device=f"dev-{n}") for n in range(3)]
    detections = found(intake, finding(accounts=accounts))
    with pytest.raises(KeyHolderUnavailable):
        pseudonymize(detections)
    holder_that_fails.answers = 2
    pseudonymize(detections)
    assert stages() == {("f-1", 1): Stage.TOKENIZED}
    assert holder_that_fails.answers == 0


def test_an_account_on_the_allow_list_has_no_tokens(intake: Intake) -> None:
    allowlist.add("email-domain", "vendor.example", reason="A vendor", actor="ana")
    vendor = account("a", **{**FIVE, "email": "eval@vendor.example"})
    [detection] = found(intake, finding(accounts=[vendor, account("b", device="dev-2")]))
    pseudonymize([detection])
    assert kinds(detection) == ["device"]
    assert bytes(DetectedToken.objects.get().token) == token_of("device", "dev-2")


def test_a_detection_of_allowed_accounts_alone_is_withheld(intake: Intake) -> None:
    allowlist.add("device", "dev-1", reason="A vendor", actor="ana")
    assert pseudonymize(found(intake, finding(accounts=[account("a", device="dev-1")]))) == []
    withheld = Detection.objects.get()
    assert withheld.stage == Stage.WITHHELD
    assert "allow list" in withheld.reason


def test_a_detection_whose_accounts_say_nothing_is_not_withheld(intake: Intake) -> None:
    allowlist.add("device", "dev-1", reason="A vendor", actor="ana")
    accounts = [account("a", device="dev-1"), account("b")]
    pseudonymize(found(intake, finding(accounts=accounts)))
    assert stages() == {("f-1", 1): Stage.TOKENIZED}


def test_an_identifier_that_is_refused_by_now_is_left_out(intake: Intake) -> None:
    with mock.patch("indicators.detections.identifiers.intake.unusable_identifiers", lambda _: ()):
        accounts = [account("a", email="nobody", device="dev-1")]
        [detection] = found(intake, finding(accounts=accounts))
    pseudonymize([detection])
    assert kinds(detection) == ["device"]


def test_a_superseded_revision_keeps_its_tokens_until_the_new_one_has_its_own(
    intake: Intake,
) -> None:
    [old] = found(intake, finding())
    pseudonymize([old])
    found(intake, finding(revision=2))
    assert kinds(old) == ["email", "email-canonical"]


def test_then_its_accounts_and_tokens_go(intake: Intake) -> None:
    [old] = found(intake, finding())
    pseudonymize([old])
    [new] = found(intake, finding(revision=2))
    pseudonymize([new])
    assert kinds(old) == []
    assert set(Account.objects.values_list("detection_id", flat=True)) == {new}


def test_a_superseded_revision_is_not_tokenized_any_more(intake: Intake) -> None:
    [old, _] = found(intake, finding(), finding(revision=2))
    assert pseudonymize([old]) == []
    assert kinds(old) == []


def test_a_closing_revision_takes_the_tokens_away(intake: Intake) -> None:
    [old] = found(intake, finding())
    pseudonymize([old])
    due = pseudonymize(found(intake, finding(revision=2, status="closed")))
    assert len(due) == 1
    assert not DetectedToken.objects.exists()


def test_a_revision_that_moves_to_another_cluster_makes_both_due(intake: Intake) -> None:
    pseudonymize(found(intake, finding()))
    Cluster.objects.update(draft_due=False)
    moved = finding(revision=2, cluster={"key": "elsewhere"})
    assert len(pseudonymize(found(intake, moved))) == 2
    assert Cluster.objects.filter(draft_due=True).count() == 2


def test_in_an_overlap_both_keys_make_tokens(intake: Intake) -> None:
    now = datetime.now(UTC)
    epochs.rotate_epochs(now - timedelta(days=1))
    epochs.begin_epoch(["device"], now)
    pseudonymize(found(intake, finding(accounts=[account("a", device="dev-1")])))
    assert TokenKey.objects.filter(kind="device").count() == 2
    assert DetectedToken.objects.count() == 2


def test_rows_are_found_by_index(intake: Intake) -> None:
    detections = found(intake, *(finding(f"f-{n}") for n in range(300)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE indicators_detection, indicators_cluster, indicators_account")
    with explained() as plans:
        pseudonymize(detections[:1])
    assert not plans.scanned & {
        "indicators_detection", "indicators_cluster", "indicators_account",
    }  # fmt: skip


def test_log_lines_hold_counts_alone(
    intake: Intake, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    pseudonymize(found(intake, finding(accounts=[account("ref-secret", **FIVE)])))
    logged = caplog.text + "".join(capsys.readouterr())
    assert "tokenized" in logged
    for planted in ("ref-secret", *FIVE.values()):
        assert planted not in logged
