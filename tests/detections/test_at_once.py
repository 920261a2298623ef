"""Several detectors' POSTs, workers and keepers at work at the same time, on real connections."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from indicators.detections.finding import Finding
from indicators.detections.identifiers.pseudonymize import pseudonymize
from indicators.detections.identifiers.sealing import open_sealer, reencrypt, rotate_data_key
from indicators.detections.retention import destroy_expired
from indicators.models import Account, Cluster, DataKey, DetectedToken, Detection, KeyPurpose, Stage
from tests.detections.intake import Intake, account, finding
from tests.store.witness import together

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 40


def devices(count: int, *, cluster: str = "") -> list[Finding]:
    """Findings with three devices each; in clusters of their own, or in one."""
    return [
        finding(
            f"f-{n}",
            cluster={"key": cluster or f"cluster-{n}"},
            accounts=[account(f"a{n}-{d}", device=f"dev-{n}-{d}") for d in range(3)],
        )
        for n in range(count)
    ]


def ids() -> list[int]:
    return list(Detection.objects.order_by("pk").values_list("pk", flat=True))


def posting(intake: Intake, findings: list[Finding]) -> Callable[[], dict[str, int]]:
    """A POST, and how many lines of it became what."""

    def post() -> dict[str, int]:
        return dict(Counter(result.status.value for result in intake.post(*findings)))

    return post


def test_of_equal_posts_at_once_one_is_accepted(intake: Intake) -> None:
    findings = devices(COUNT)
    counts = together(posting(intake, findings), posting(intake, findings[::-1]))
    assert sorted(counts, key=str) == [{"accepted": COUNT}, {"duplicate": COUNT}]
    assert Detection.objects.count() == COUNT


def test_posts_at_once_about_one_cluster_share_it(intake: Intake) -> None:
    findings = devices(COUNT, cluster="one")
    counts = together(*[posting(intake, findings[start::4]) for start in range(4)])
    assert Cluster.objects.count() == 1
    assert counts == [{"accepted": COUNT // 4}] * 4


def test_workers_at_once_make_each_token_once(intake: Intake) -> None:
    intake.post(*devices(COUNT, cluster="one"))
    detections = ids()
    due = together(*[lambda: pseudonymize(detections)] * 3)
    assert DetectedToken.objects.count() == 3 * COUNT
    assert [Cluster.objects.get().pk] in due


def test_shares_of_one_detection_finish_it_once(intake: Intake) -> None:
    accounts = [account(f"a{n}", device=f"dev-{n}") for n in range(90)]
    intake.post(finding(accounts=accounts))
    detections = ids()

    def share(first: int) -> Callable[[], list[int]]:
        return lambda: pseudonymize(detections, first, first + 29)

    due = together(share(0), share(30), share(60))
    assert Detection.objects.get().stage == Stage.TOKENIZED
    assert DetectedToken.objects.count() == 90
    assert sorted(map(len, due)) == [0, 0, 1]


def test_no_token_outlives_a_revision_that_was_superseded_meanwhile(intake: Intake) -> None:
    intake.post(*devices(COUNT))
    old = ids()
    revisions = [finding(f"f-{n}", 2, accounts=[]) for n in range(COUNT)]

    def supersede() -> None:
        intake.post(*revisions)
        pseudonymize([number for number in ids() if number not in old])

    together(lambda: pseudonymize(old), supersede)
    pseudonymize(ids())
    assert not DetectedToken.objects.exists()
    assert not Account.objects.exists()


def test_no_token_outlives_what_was_destroyed_meanwhile(intake: Intake) -> None:
    intake.post(*devices(COUNT))
    detections = ids()
    Detection.objects.update(expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    together(
        lambda: pseudonymize(detections),
        lambda: destroy_expired(datetime.now(UTC), COUNT),
    )
    assert not DetectedToken.objects.exists()


def test_nothing_is_lost_to_a_rotation_of_keys_meanwhile(intake: Intake) -> None:
    intake.post(*devices(COUNT))

    def rotate() -> None:
        rotate_data_key()
        while reencrypt(25):
            pass

    together(rotate, posting(intake, devices(2 * COUNT)), rotate)
    while reencrypt():
        pass
    pseudonymize(ids())
    assert DetectedToken.objects.count() == 6 * COUNT
    assert DataKey.objects.get(purpose=KeyPurpose.IDENTIFIERS).pk == open_sealer().current
