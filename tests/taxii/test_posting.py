"""POST: object by object, with reasons; bad input in bounded time and memory."""

from typing import Any
from uuid import UUID

import orjson
import pytest

from indicators import pipeline
from indicators.pipeline import receiving
from tests.journeys.feed import indicators
from tests.taxii.conftest import ROOT, Door, at_door, content


def test_good_objects_are_stored_although_others_fail(birch: Door) -> None:
    good, bad = indicators(2)
    del bad["pattern"]
    status = content(birch.post([bad, good]))
    assert (status["success_count"], status["failure_count"]) == (1, 1)
    assert content(birch.get())["objects"] == [good]


def test_a_failure_carries_id_version_and_a_reason_with_its_place(birch: Door) -> None:
    (bad,) = indicators(1)
    bad["confidence"] = 101
    (failure,) = content(birch.post([bad]))["failures"]
    assert failure["id"] == bad["id"]
    assert failure["version"] == bad["modified"]
    assert "/confidence" in failure["message"]


def test_an_exact_duplicate_is_a_success_and_stored_once(birch: Door) -> None:
    (sent,) = indicators(1)
    birch.posted(sent)
    assert birch.posted(sent)["success_count"] == 1
    assert len(content(birch.get("manifest/"))["objects"]) == 1


def test_another_content_under_the_same_version_fails_with_the_cure(birch: Door) -> None:
    (sent,) = indicators(1)
    birch.posted(sent)
    (failure,) = content(birch.post([{**sent, "name": "Other"}]))["failures"]
    assert "later modified" in failure["message"]
    assert content(birch.get())["objects"] == [sent]


def test_somebody_elses_object_fails_alone(birch: Door) -> None:
    other = at_door(birch.collection, "Dogwood", can_read=True, can_write=True)
    theirs, own = indicators(2)
    birch.posted(theirs)
    status = content(other.post([{**theirs, "modified": "2026-11-09T00:00:00.000Z"}, own]))
    assert [each["id"] for each in status["failures"]] == [theirs["id"]]
    assert [each["id"] for each in status["successes"]] == [own["id"]]


def test_nobody_publishes_in_another_members_name(birch: Door, cedar: Door) -> None:
    (sent,) = indicators(1)
    status = content(birch.post([{**sent, "created_by_ref": cedar.member.identity_id}]))
    assert "Cedar" in status["failures"][0]["message"]


def test_a_marking_stricter_than_the_audience_fails(birch: Door) -> None:
    (sent,) = indicators(1)
    sent["object_marking_refs"] = ["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]
    status = content(birch.post([sent]))
    assert "TLP:RED" in status["failures"][0]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b'{"objects": {}}',
        b'{"objects": 1}',
        b'{"objects": [], "objects": []}',
        b"\xff\xfe",
        b'{"objects": [NaN]}',
        b'{"objects": [{"type": "indicator", "type": "indicator"}]}',
        b'{"objects": [' + b"[" * 100_000,
        b'{"objects": [{"a": "\\ud800"}]}',
        b'{"objects": [1' + b"0" * 100_000 + b"]}",
        b"\xef\xbb\xbf{}",
    ],
)
def test_an_unreadable_body_gets_422(birch: Door, body: bytes) -> None:
    response = birch.post(body)
    assert response.status_code == 422
    assert content(response)["description"]


def test_things_that_are_no_objects_fail_one_by_one(birch: Door) -> None:
    (good,) = indicators(1)
    status = content(birch.post([1, None, "x", [], {}, {"type": "indicator"}, good]))
    assert (status["total_count"], status["failure_count"]) == (7, 6)


def test_a_body_over_the_limit_gets_413(birch: Door, settings: Any) -> None:
    settings.MAX_CONTENT_LENGTH = 2000
    assert birch.post(b" " * 2001).status_code == 413
    assert birch.post(b"{" + b" " * 1999).status_code == 422


def test_the_limit_that_is_published_is_the_one_that_holds(birch: Door, settings: Any) -> None:
    assert content(birch.get(ROOT))["max_content_length"] == settings.MAX_CONTENT_LENGTH


@pytest.fixture
def sent_tasks(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """What is handed to the workers instead of a broker."""
    sent: list[UUID] = []
    monkeypatch.setattr(receiving, "hand_over", lambda _, status: sent.append(UUID(status)))
    return sent


def test_a_large_post_is_finished_by_a_worker(
    birch: Door,
    sent_tasks: list[UUID],
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.POST_AT_ONCE = 3
    objects = [*indicators(4), {"type": "nonsense"}]
    with django_capture_on_commit_callbacks(execute=True):
        status = content(birch.post(objects))
    counts = (status["status"], status["pending_count"], status["failure_count"])
    assert counts == ("pending", 4, 1)
    assert len(status["pendings"]) == 4
    pipeline.finish_post(sent_tasks[0])
    finished = content(birch.get(f"{ROOT}status/{status['id']}/"))
    assert (finished["status"], finished["success_count"]) == ("complete", 4)
    assert "pendings" not in finished


def test_a_pending_post_survives_the_death_of_its_worker(
    birch: Door, sent_tasks: list[UUID], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.POST_AT_ONCE = 3
    monkeypatch.setattr(receiving, "BATCH", 2)
    status = content(birch.post(indicators(5)))
    admit, calls = receiving.admit_posted, []

    def dies_the_second_time(*args: Any, **facts: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return admit(*args, **facts)

    monkeypatch.setattr(receiving, "admit_posted", dies_the_second_time)
    with pytest.raises(KeyboardInterrupt):
        pipeline.finish_post(UUID(status["id"]))
    half = content(birch.get(f"{ROOT}status/{status['id']}/"))
    assert (half["success_count"], half["pending_count"]) == (2, 3)
    pipeline.finish_post(UUID(status["id"]))
    whole = content(birch.get(f"{ROOT}status/{status['id']}/"))
    assert (whole["status"], whole["success_count"]) == ("complete", 5)
    assert len(content(birch.get())["objects"]) == 5


def test_a_bundle_is_taken_as_an_envelope(birch: Door) -> None:
    (sent,) = indicators(1)
    bundle = {"type": "bundle", "id": f"bundle--{sent['id'][11:]}", "objects": [sent]}
    assert content(birch.post(orjson.dumps(bundle)))["success_count"] == 1
